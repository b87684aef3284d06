"""Decides: orders and inventory to tasks, tasks to units, units to paths, paths to releases.

Nothing here reads a wall clock, draws unseeded randomness or knows what executes its releases.
"""
