"""Units that stop, fail, vanish and come back, people on the floor, and what operators ask."""
