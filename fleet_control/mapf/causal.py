"""Actions made of the decisions of a planner on cells ("causal" PIBT; Okumura et al. 2019, 2022).

A planner on cells decides where a unit goes next and leaves turning to execution. Here a decided
cell is kept until the unit stands on it: it turns there first, and goes forward only where the
whole chain of units ahead goes in the same step. Meanwhile the planner sees the unit on the decided
cell, fixed, as the controller's execution would have it. So nobody else decides for that cell, and
decisions never make two units change places. Units that wait turn to where they would go next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import act_towards
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.planner import ActionPlanner, Planner, PlannerOptions, planner_named
from fleet_control.mapf.planner_over import PlannerOver


class CausalPlanner(PlannerOver):
    """Implements `ActionPlanner` over a planner on cells whose goals are set as ever."""

    def __init__(self, planner: Planner, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        super().__init__(planner)
        self._neighbours = grid.ways
        self._allow_cycles = options.allow_cycles
        self._decided = np.full(n_units, -1, dtype=np.int32)
        self._seen = np.full(n_units, -1, dtype=np.int32)
        self._at_now = np.full(grid.n_cells, -1, dtype=np.int32)
        self._verdicts = np.zeros(n_units, dtype=np.int8)
        self._stack = np.zeros(n_units, dtype=np.int32)

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        cells = np.ascontiguousarray(cells, dtype=np.int32)
        if ((cells != self._seen) & (cells != self._decided)).any():
            self._decided = cells.copy()  # units were put elsewhere: what was decided is void
        self._seen = cells.copy()
        is_under_way = self._decided != cells
        arriving = headings.copy()
        for heading in range(4):
            arriving[is_under_way & (self._neighbours[cells, heading] == self._decided)] = heading
        self._decided = self._planner.step(self._decided, arriving, fixed | is_under_way)
        wishes = self._planner.next_cells(cells, headings)
        actions = np.empty(len(cells), dtype=np.int8)
        act_towards(
            cells, headings, self._decided, wishes, fixed, self._neighbours, self._allow_cycles,
            self._at_now, self._verdicts, self._stack, actions,
        )  # fmt: skip
        return actions


def action_planner_named(
    name: str, grid: Grid, n_units: int, options: PlannerOptions
) -> ActionPlanner:
    """The planner of that name, made to act where it decides on cells. KeyError as there."""
    planner = planner_named(name, grid, n_units, options)
    if isinstance(planner, ActionPlanner):
        return planner
    return CausalPlanner(planner, grid, n_units, options)
