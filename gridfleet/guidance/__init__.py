"""Guidance that is found by trying: cost fields with a few figures, runs that judge them, search.

Nothing here is imported by a run: what is found is a file that every run can read
(fleet_control/mapf/guiding.py).
"""
