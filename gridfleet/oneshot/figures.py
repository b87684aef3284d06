"""What paths cost, in the measures of the field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def path_figures(
    cells: NDArray[np.int32], goals: NDArray[np.int32], shortest: NDArray[np.int64]
) -> dict[str, Any]:
    """Figures of int32[n_steps + 1, n_agents] that end at the goals.

    makespan: steps until the last agent is there for good. sum_of_costs: of all agents, steps until
    they are. sum_of_loss: steps that are not spent waiting at the goal. shortest: int64[n_agents],
    steps of each agent alone; lower_bound is their sum and that of the other two sums too.
    """
    is_away = cells != goals
    arrivals = np.where(is_away.any(axis=0), len(cells) - np.argmax(is_away[::-1], axis=0), 0)
    waits = ~is_away[:-1] & ~is_away[1:]
    bound, longest = int(shortest.sum()), int(shortest.max())
    soc, loss = int(arrivals.sum()), int((~waits).sum())
    makespan = int(arrivals.max())
    return {
        "makespan": makespan,
        "sum_of_costs": soc,
        "sum_of_loss": loss,
        "lower_bound": bound,
        "makespan_lower_bound": longest,
        "makespan_ratio": _ratio(makespan, longest),
        "sum_of_costs_ratio": _ratio(soc, bound),
        "sum_of_loss_ratio": _ratio(loss, bound),
    }


def _ratio(value: int, bound: int) -> float:
    return round(value / bound, 4) if bound else 1.0
