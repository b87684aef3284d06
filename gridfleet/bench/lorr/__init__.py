"""The League of Robot Runners: problems of three editions, their rules, runs and a validator.

Cells are row * n_cols + column, as in the files of the league. Headings are gridfleet's inside (0
east, 1 north, 2 west, 3 south) and the league's (0 east, 1 south, 2 west, 3 north) in files.
Actions mean the same in both: forward, a quarter turn clockwise or counter-clockwise, wait.
"""
