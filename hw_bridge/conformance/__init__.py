"""Protocol tests against a connected unit, whoever made it.

rig.py      a small controller that speaks to one unit
route.py    orders along cells of a floor
cases*.py   the tests
run.py      all of them in turn, with a verdict on each
"""
