"""Guidance from measured congestion: cells that units wait on cost more, for as long as they do.

What is counted becomes a cost of entering a cell, in proportion to how much of the time somebody on
the way waited there; older counts fade. Then every distance field in use is made anew, so that the
larger floor and fleet are, the more steps lie between two changes; on large floors the costs come
too late to be worth anything. After Zang et al., Online Guidance Graph Optimization (AAAI 2025),
with a rule in place of a policy that is learned. It pays on crowded floors without corridors
(docs/guidance.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import WAIT
from fleet_control.mapf.grid import CELL_COST, Grid
from fleet_control.mapf.planner import ActionPlanner, Planner
from fleet_control.mapf.planner_over import PlannerOver

COST = 2.0
"""Cells that it costs to enter a cell on which somebody waits all the time."""
LEAST_PERIOD = 50
"""Steps between two changes of costs, at the least."""
STATES_A_STEP = 20_000
"""Of distance fields that are made anew: as many as that at the most, on average over steps."""
FADING = 0.7
"""Of counts, from one change to the next."""


class CongestionPlanner(PlannerOver):
    """Implements `Planner` over another, and `ActionPlanner` over one of those, whose costs it sets
    by what that one decides."""

    def __init__(self, planner: Planner, grid: Grid, n_units: int) -> None:
        super().__init__(planner)
        self._base, self._ways = grid.surcharges, grid.ways
        self._goals = np.full(n_units, -1, dtype=np.int32)
        self._waits = np.zeros(grid.n_cells, dtype=np.float64)
        self._n_counted = 0.0
        self._step = 0
        self._period = period_of(grid, n_units)

    def set_goals(self, units: Sequence[int], goals: Sequence[int], load: int) -> None:
        self._goals[units] = goals
        super().set_goals(units, goals, load)

    def clear_goal(self, unit: int, load: int) -> None:
        self._goals[unit] = -1
        super().clear_goal(unit, load)

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        chosen = self._planner.step(cells, headings, fixed)
        self._note(cells, (chosen == cells) & ~fixed)
        return chosen

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        assert isinstance(self._planner, ActionPlanner)
        actions = self._planner.act(cells, headings, fixed)
        self._note(cells, (actions == WAIT) & ~fixed)
        return actions

    def _note(self, cells: NDArray[np.int32], stays: NDArray[np.bool_]) -> None:
        is_waiting = stays & (cells >= 0) & (self._goals >= 0) & (self._goals != cells)
        np.add.at(self._waits, cells[is_waiting], 1.0)
        self._n_counted += 1.0
        self._step += 1
        if self._step % self._period == 0:
            self.set_costs(self._costs())
            self._waits *= FADING
            self._n_counted *= FADING

    def _costs(self) -> NDArray[np.int32]:
        """int32[n_cells, 4], guidance and congestion."""
        extra = np.rint(COST * CELL_COST * self._waits / self._n_counted)
        into = np.where(self._ways >= 0, extra[self._ways], 0.0)
        return (self._base + into).astype(np.int32)


def period_of(grid: Grid, n_units: int) -> int:
    """Steps between two changes of costs."""
    return max(LEAST_PERIOD, -(-4 * grid.n_compact * n_units // STATES_A_STEP))
