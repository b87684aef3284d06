"""Where everything was in the course of a run: recorded from the twin, read back for pictures.

A table with a row for each unit on the floor at each sample, and a row for each pod whenever it
begins or ends to stand on the floor (docs/poses.md).
"""
