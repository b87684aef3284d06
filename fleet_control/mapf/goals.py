"""What every lifelong planner keeps of its units: goals, their fields, progress towards them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import UNREACHABLE, Grid, with_blocked
from fleet_control.mapf.next_kernels import find_next_cells
from fleet_control.mapf.planner import PlannerOptions


class GoalKeeper:
    """All of `Planner` but the step itself."""

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        self._grid = grid
        self._options = options
        self._barred = np.zeros((1, grid.n_cells), dtype=bool)
        self.fields = DistanceFields(grid, n_units, turn_cost=options.turn_cost)
        self._goals = np.full(n_units, -1, dtype=np.int32)
        self._slots = np.zeros(n_units, dtype=np.int32)
        self._loads = np.zeros(n_units, dtype=np.int8)
        self._since = np.zeros(n_units, dtype=np.int64)
        self._best = np.full(n_units, UNREACHABLE, dtype=np.int32)
        self._last_progress = np.zeros(n_units, dtype=np.int64)
        self._bonus = np.zeros(n_units, dtype=np.int64)
        self._keys = np.zeros(n_units, dtype=np.int64)
        self._rng = np.random.Generator(np.random.PCG64(options.seed))
        self._step = 0

    @property
    def grid(self) -> Grid:
        """As it is now, blocked cells and costs counted."""
        return self._grid

    @property
    def slots(self) -> NDArray[np.int32]:
        """int32[n_units], row of `fields.values` of each unit with a goal."""
        return self._slots

    @property
    def loads(self) -> NDArray[np.int8]:
        """int8[n_units], empty (0) or laden (1)."""
        return self._loads

    def look(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        """int32[n_units], where each unit heads for, with all fields up to date; -1 for nowhere."""
        if self.fields.has_due:
            self._refresh_fields(cells, headings)
        return self._aims(cells, headings)

    def set_goal(self, unit: int, goal: int, load: int) -> None:
        self.set_goals([unit], [goal], load)

    def set_goals(self, units: Sequence[int], goals: Sequence[int], load: int) -> None:
        for unit in units:
            self.clear_goal(unit, load)
        slots = self.fields.hold_all(goals, load)
        for unit, goal, slot in zip(units, goals, slots, strict=True):
            self._goals[unit] = goal
            self._slots[unit] = slot
            self._since[unit] = self._step
            self._best[unit] = UNREACHABLE
            self._last_progress[unit] = self._step

    def clear_goal(self, unit: int, load: int) -> None:
        if self._goals[unit] >= 0:
            self.fields.let_go(int(self._slots[unit]))
        self._goals[unit] = -1
        self._loads[unit] = load
        self._bonus[unit] = 0

    def set_blocked(self, blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]) -> None:
        barred = np.stack([blocked, *areas])
        if np.array_equal(barred, self._barred):
            return
        self._barred = barred
        self._grid = with_blocked(self._grid, *barred)
        self.fields.change_moves(self._grid)

    def set_costs(self, surcharges: NDArray[np.int32]) -> None:
        whole = replace(self._grid.unblocked or self._grid, surcharges=surcharges)
        self._grid = with_blocked(whole, *self._barred)
        self.fields.change_costs(self._grid)

    def ways_left(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        is_under_way = (self._goals >= 0) & (cells >= 0)
        ways = np.where(is_under_way, self._distances(cells, headings), UNREACHABLE)
        return ways.astype(np.int32)

    def next_cells(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        grid, found = self._grid, np.empty(len(cells), dtype=np.int32)
        find_next_cells(
            cells, headings, self._goals, self._slots, self._loads, grid.neighbours,
            grid.surcharges, grid.through, grid.zones, grid.compact, self.fields.values,
            self._options.turn_cost, found,
        )  # fmt: skip
        return found

    def _refresh_fields(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> None:
        """Bring the fields of all goals up to date. Who has further to go now than before has not
        fallen behind: what counts as progress moves along."""
        before = self._distances(cells, headings)
        self.fields.refresh()
        longer = np.maximum(self._distances(cells, headings) - before, 0)
        longer[(self._goals < 0) | (cells < 0)] = 0
        self._best = np.minimum(self._best + longer, UNREACHABLE).astype(np.int32)

    def _aims(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        """int32[n_units], the goals, but -1 of units that have no way to theirs: they make way for
        others like units without a goal, and begin again when there is a way."""
        if not self._barred.any():
            return self._goals
        has_goal = (self._goals >= 0) & (cells >= 0)
        is_cut_off = has_goal & (self._distances(cells, headings) == UNREACHABLE)
        self._best[is_cut_off] = UNREACHABLE
        self._last_progress[is_cut_off] = self._step
        self._bonus[is_cut_off] = 0
        return np.where(is_cut_off, -1, self._goals).astype(np.int32)

    def _distances(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        """int32[n_units], of each unit to its goal; without meaning for a unit without a goal or
        one that is not on the floor."""
        states = 4 * self._grid.compact[cells] + headings
        distances: NDArray[np.int32] = self.fields.values[self._slots, states].astype(np.int32)
        return distances
