"""Lifelong planning of actions: priority inheritance over operations of several steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.epibt_kernels import choose_operations, look_ahead
from fleet_control.mapf.goals import GoalKeeper
from fleet_control.mapf.grid import CELL_COST, Grid
from fleet_control.mapf.operations import TURNED, operations_of
from fleet_control.mapf.planner import PlannerOptions
MAX_VISITS = 10
"""How often a unit may be asked to choose anew in one step."""


class EpibtPlanner(GoalKeeper):
    """Implements `Planner`, and `act`. All arrays are allocated once."""

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        super().__init__(grid, n_units, options)
        self._operations = table = operations_of(options.depth)
        n, depth = table.actions.shape
        n_nodes = len(table.parents)
        self._chosen = np.zeros(n_units, dtype=np.int32)
        self._expected_cells = np.full(n_units, -1, dtype=np.int32)
        self._expected_headings = np.zeros(n_units, dtype=np.int8)
        self._reach = np.full((n_units, n_nodes), -1, dtype=np.int32)
        self._ranked = np.zeros((n_units, n), dtype=np.int16)
        self._counts = np.zeros(n_units, dtype=np.int32)
        self._node_scratch = np.zeros((3, n_nodes), dtype=np.int64)
        self._key_scratch = np.zeros(n, dtype=np.int64)
        self._used = np.full((grid.n_cells, depth + 1), -1, dtype=np.int32)
        self._unit_scratch = np.zeros((5, n_units), dtype=np.int32)
        self._on_stack = np.zeros(n_units, dtype=bool)

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        grid, table = self._grid, self._operations
        self._step += 1
        if self.fields.has_due:
            self._refresh_fields(cells, headings)
        aims = self._aims(cells, headings)
        look_ahead(
            cells, headings, aims, self._slots, self._loads, grid.neighbours, grid.surcharges,
            grid.through, grid.zones, grid.compact, self.fields.values, table.parents,
            table.actions_to, table.nodes, CELL_COST, self._reach, self._ranked, self._counts,
            *self._node_scratch, self._key_scratch,
        )  # fmt: skip
        order = self._order(cells, headings, aims)
        is_free = (cells == self._expected_cells) & (headings == self._expected_headings) & ~fixed
        choose_operations(
            order, cells, fixed, is_free, self._reach, table.nodes, self._ranked, self._counts,
            MAX_VISITS, self._options.allow_cycles, self._used, self._chosen, *self._unit_scratch,
            self._on_stack,
        )  # fmt: skip
        actions = table.actions[self._chosen, 0]
        self._expected_cells = self._reach[np.arange(len(cells)), table.nodes[self._chosen, 1]]
        self._expected_headings = (headings + TURNED[actions]) & 3
        self._chosen = table.shifted[self._chosen]
        return actions

    def _order(self, cells, headings, aims):
        d = self._distances(cells, headings).astype(np.int64)
        d[aims < 0] = 1 << 30
        age = self._step - self._since
        key = d - (age * AGE).astype(np.int64)
        return np.argsort(key, kind="stable")

AGE = 0.0
