"""One-shot path finding: all units from their starts to their goals once, and the better the longer
it may take. For resets, parking, evacuation and the benchmarks of the field.

problem.py reads what is asked into arrays, solver.py divides the budget, search.py finds a first
solution and proves what can be proved (LaCAM*), refiner.py shortens it (large neighbourhood
search), check.py looks at the result independently.
"""
