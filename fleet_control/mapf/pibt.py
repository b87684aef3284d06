"""Lifelong PIBT on cells: priority inheritance, turn-aware distances, a way out for stuck units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.goals import GoalKeeper
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.pibt_kernels import N_CANDIDATES, plan_step
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.mapf.priority_kernels import (
    BONUS,
    EPOCH,
    PATIENCE,
    SHOVE_AFTER,
    UNLIMITED,
    track_progress,
)


class PibtPlanner(GoalKeeper):
    """Implements `Planner`. All arrays are allocated once; a step allocates only its sort."""

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        super().__init__(grid, n_units, options)
        self._max_shoves = np.zeros(n_units, dtype=np.int32)
        self._salt = int(self._rng.integers(1 << 40))
        self._at_now = np.full(grid.n_cells, -1, dtype=np.int32)
        self._at_next = np.full(grid.n_cells, -1, dtype=np.int32)
        self._candidates = np.zeros((n_units, N_CANDIDATES), dtype=np.int32)
        self._counts = np.zeros(n_units, dtype=np.int32)
        self._cursors = np.zeros(n_units, dtype=np.int32)
        self._stays = np.zeros(n_units, dtype=np.int32)
        self._stack = np.zeros(n_units + 1, dtype=np.int32)
        self._shoved = np.zeros(n_units + 1, dtype=np.int32)
        self._candidate_keys = np.zeros(N_CANDIDATES, dtype=np.int64)

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        grid, n_units = self._grid, len(cells)
        self._step += 1
        if self.fields.has_due:
            self._refresh_fields(cells, headings)
        aims = self._aims(cells, headings)
        redraw = self._step % EPOCH == 0
        draws = self._rng.integers(BONUS, size=n_units) if redraw else self._bonus
        track_progress(
            cells, headings, aims, self._slots, grid.compact, self.fields.values,
            self._since, self._best, self._last_progress, self._bonus, self._step, redraw,
            draws, PATIENCE, SHOVE_AFTER, self._keys, self._max_shoves,
        )  # fmt: skip
        if not self._options.rations_shoves:
            self._max_shoves[:] = UNLIMITED
        order = np.argsort(self._keys, kind="stable")
        chosen = np.empty(n_units, dtype=np.int32)
        self._salt += n_units
        plan_step(
            order, self._max_shoves, cells, headings, aims, self._slots, self._loads, fixed,
            grid.neighbours, grid.surcharges, grid.through, grid.zones, grid.compact,
            self.fields.values, self._options.turn_cost, self._salt,
            self._options.allow_cycles, self._at_now, self._at_next, chosen,
            self._candidates, self._counts, self._stays, self._cursors, self._stack, self._shoved,
            self._candidate_keys,
        )  # fmt: skip
        return chosen
