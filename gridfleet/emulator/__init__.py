"""Drive units and stations that are not there: the real agents on a simulated floor.

The agents are those that run on real units (hw_bridge.agent, hw_bridge.stations), each with a
socket and a key of its own; their motors and people are simulated. To a controller nothing tells
them from real ones.
"""
