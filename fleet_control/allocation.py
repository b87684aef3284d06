"""Which free unit takes which open task: one interface, two rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Costs = NDArray[np.float64]
Pairs = list[tuple[int, int]]
Allocation = Callable[[Costs], Pairs]
"""costs: float64[n_tasks, n_units], tasks most urgent first, inf where a unit cannot reach. Returns
(task row, unit column) pairs, each row and column at most once."""

_IMPOSSIBLE = 1e9


def nearest(costs: Costs) -> Pairs:
    """Each task in turn takes the nearest unit still free."""
    left = costs.copy()
    pairs: Pairs = []
    for task in range(min(left.shape)):
        unit = int(left[task].argmin())
        if np.isfinite(left[task, unit]):
            pairs.append((task, unit))
            left[:, unit] = np.inf
    return pairs


def optimal(costs: Costs) -> Pairs:
    """Least total distance over the most urgent tasks that have a unit (Hungarian method)."""
    considered = np.where(np.isfinite(costs), costs, _IMPOSSIBLE)[: costs.shape[1]]
    tasks, units = linear_sum_assignment(considered)
    pairs = zip(tasks.tolist(), units.tolist(), strict=True)
    return [(task, unit) for task, unit in pairs if considered[task, unit] < _IMPOSSIBLE]


ALLOCATIONS: dict[str, Allocation] = {"nearest": nearest, "optimal": optimal}
