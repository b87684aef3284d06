"""A live fleet: the controller's loop over real units, its journal, operators, figures and logs.

docs/live.md says how it is used. What decides is the same as in a simulated run (gridfleet.brain);
what executes is any Backend: the bridge, or a twin in tests.
"""
