"""Lifelong planning by search: every unit has a path through a window of time.

Li et al., "Lifelong multi-agent path finding in large-scale warehouses" (RHCR; AAAI 2021) plan for
all units anew every few steps, for a window, and take no account of others beyond it. Here plans
are kept from step to step: those that do not hold any more are made anew at once, all of them
after a few steps, and in each step some are bettered together (window_kernels.py). So every step
costs about the same.

These are the best paths where there is room to choose. On a crowded floor, or one with dead ends,
plans that look no further than the window get units stuck. Once a unit has come no nearer to its
goal for long, or half of them have not for a while, a planner that leaves nobody stuck has the
floor, until they are on their way again; so it has in a step for which no plan without conflicts is
found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD, WAIT
from fleet_control.mapf.epibt import EpibtPlanner
from fleet_control.mapf.grid import CELL_COST, UNREACHABLE, Grid
from fleet_control.mapf.pibt import PibtPlanner
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.mapf.planner_over import PlannerOver
from fleet_control.mapf.window_kernels import Desk, better_groups, plan_window, shift_plans
from fleet_control.mapf.window_search_kernels import LAST_LABEL, Floor, Labels, Window

WINDOW = 20
"""Steps; more are better and slower. Less than twice as many fit into the keys of the search."""
MOST_AGE = 5
"""Steps after which a plan is made anew, since it ends before the window does."""
UNITS_PER_GROUP, MOST_MEMBERS = 20, 8
"""In each step one group is planned anew for so many units, and its size at most."""
IDLE_ROUNDS = 2
"""So many times as many groups as there are units without a gain are enough."""
DRIVEN_OUT = 4
"""How often a unit is driven out of its plan in one step, on average."""
LATE_AFTER = 16
"""Steps without progress from which on the delay of a unit counts for more with every step: the
least sum of delays alone lets a few wait for long."""
FIRST = 1 << 40
"""Those that must wait are planned for before all others."""
PATIENCE = 300
"""Steps without progress after which a unit is stuck. Among hundreds that drive well some wait for
a hundred: with a third of this many, a floor that the other planner jams was handed to it for one
of them, and stayed jammed (docs/planners.md)."""
JAMMED_SHARE, JAMMED_AFTER = 0.5, 20
"""A floor is jammed once more than this share of those under way have made no progress for so many
steps: half of them in the moment before all stand, at most a sixth on crowded floors that flow."""
STEPS_PER_COST = 4
"""Who has been on its way for so many steps longer goes before one that is nearer by one cost."""
_SCRATCH = ("_used", "_labels", "_desk")


def is_jammed(idle: NDArray[np.int64]) -> bool:
    """Whether windows get the floor no further. idle: int64[k], steps without progress of those
    under way."""
    n_waiting = np.count_nonzero(idle >= JAMMED_AFTER)
    return bool((idle >= PATIENCE).any() or n_waiting > JAMMED_SHARE * len(idle))


class WindowedPlanner(PlannerOver):
    """Implements `ActionPlanner`. All arrays are allocated once; a step allocates a few of n_units.

    Where turning costs nothing units glide to any side, and a turn takes no step.
    """

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        self._glides = options.turn_cost == 0
        safe = PibtPlanner if self._glides else EpibtPlanner
        self._safe: PibtPlanner | EpibtPlanner = safe(grid, n_units, options)
        super().__init__(self._safe)
        self._options = options
        self._n_groups = options.improvements or -(-n_units // UNITS_PER_GROUP)
        self._step = 0
        self._is_void = True
        self._aims = np.full(n_units, -1, dtype=np.int32)
        self._since = np.zeros(n_units, dtype=np.int64)
        self._best = np.full(n_units, UNREACHABLE, dtype=np.int32)
        self._last_progress = np.zeros(n_units, dtype=np.int64)
        self._ages = np.zeros(n_units, dtype=np.int32)
        self._goals = np.full(n_units, -1, dtype=np.int32)
        self._cells = np.full((n_units, WINDOW + 1), -1, dtype=np.int32)
        self._headings = np.zeros((n_units, WINDOW + 1), dtype=np.int8)
        self._driven_headings = np.zeros(n_units, dtype=np.int8)
        self._ends = np.ones(n_units, dtype=np.int32)
        self._costs = np.zeros(n_units, dtype=np.int64)
        self._is_put = np.zeros(n_units, dtype=bool)
        self._is_held = np.zeros(n_units, dtype=bool)
        self._is_delayed = np.zeros(n_units, dtype=bool)
        self._rng = np.array([options.seed], dtype=np.uint64)
        self._set_up_scratch()

    def _set_up_scratch(self) -> None:
        grid, n_times, n_members = self._safe.grid, WINDOW + 1, MOST_MEMBERS
        n_states = grid.n_compact * n_times * (1 if self._options.turn_cost == 0 else 4)
        n_labels = LAST_LABEL + 1
        self._used = np.full((grid.n_cells, n_times), -1, dtype=np.int32)
        cell, heading, at, conflicts, before = np.zeros((5, n_labels), dtype=np.int32)
        cost, heap = np.zeros((2, n_labels), dtype=np.int64)
        self._labels = Labels(
            cell, heading, at, cost, conflicts, before, heap,
            seen=np.zeros(n_states, dtype=np.int32),
            best=np.zeros(n_states, dtype=np.int64),
            path=np.zeros(n_times, dtype=np.int32),
            path_headings=np.zeros(n_times, dtype=np.int8),
            number=np.zeros(2, dtype=np.int32),
        )  # fmt: skip
        self._desk = Desk(
            queue=np.zeros(len(self._cells) + n_members, dtype=np.int32),
            members=np.zeros(n_members, dtype=np.int32),
            kept_cells=np.zeros((n_members, n_times), dtype=np.int32),
            kept_headings=np.zeros((n_members, n_times), dtype=np.int8),
            kept_ends=np.zeros(n_members, dtype=np.int32),
            kept_costs=np.zeros(n_members, dtype=np.int64),
        )

    def __getstate__(self) -> dict[str, object]:
        """For a snapshot: without what the plans say and what is scratch."""
        return {name: value for name, value in vars(self).items() if name not in _SCRATCH}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._set_up_scratch()
        for unit in np.flatnonzero(self._is_put).tolist():
            times = np.arange(self._ends[unit] + 1)
            self._used[self._cells[unit, times], times] = unit

    def set_blocked(self, blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]) -> None:
        super().set_blocked(blocked, *areas)
        self._is_void = True

    def set_costs(self, surcharges: NDArray[np.int32]) -> None:
        super().set_costs(surcharges)
        self._is_void = True

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        if isinstance(self._safe, PibtPlanner):
            raise TypeError("units that glide have no turns to plan; ask for their `step`")
        if not self._plan(cells, headings, fixed):
            return self._safe.act(cells, headings, fixed)
        turns = (self._headings[:, 1] - headings) & 3
        moves = np.where(self._cells[:, 1] != cells, FORWARD, WAIT)
        actions = np.choose(turns, [moves, COUNTER_CLOCKWISE, WAIT, CLOCKWISE])
        return actions.astype(np.int8)

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        seen = headings
        if not self._glides:
            is_turned = (cells == self._cells[:, 1]) & (headings == self._driven_headings)
            seen = np.where(is_turned & ~self._is_void, self._headings[:, 1], headings)
        if not self._plan(cells, seen, fixed):
            return self._safe.step(cells, headings, fixed)
        after = self._cells[:, 1].copy()
        self._driven_headings = np.where(after != cells, self._headings[:, 1], headings)
        return after

    def _plan(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> bool:
        """Whether there is a plan: what it says of time 1 is to be done."""
        self._step += 1
        aims = self._safe.look(cells, headings)
        distances = self._safe.ways_left(cells, headings)
        aims = np.where(distances == UNREACHABLE, -1, aims).astype(np.int32)
        self._track(cells, aims, distances)
        self._last_progress += fixed  # who must wait is not stuck
        idle = self._step - self._last_progress
        is_void, self._is_void = self._is_void, True
        if is_jammed(idle[aims >= 0]):
            return False
        weights = 1 + np.maximum(idle - LATE_AFTER, 0)
        floor, window = self._floor(), self._window(fixed, weights)
        shift_plans(floor, window, cells, headings, aims, is_void, self._ages, self._is_delayed)
        keys = distances - (self._step - self._since) // STEPS_PER_COST - FIRST * fixed
        order = np.argsort(keys, kind="stable")
        is_planned = plan_window(
            floor, window, self._labels, self._desk, order, self._ages, MOST_AGE,
            DRIVEN_OUT * len(cells),
        )  # fmt: skip
        if is_planned:
            self._improve(floor, window)
        self._is_void = not is_planned
        return bool(is_planned)

    def _improve(self, floor: Floor, window: Window) -> None:
        """Plan better for groups: a few always, more as far as that is wanted and pays."""
        is_over = self._options.is_over
        n_left, n_idle = self._n_groups, 0
        n_usual = -(-len(window.goals) // UNITS_PER_GROUP)
        while n_left > 0:
            n = min(n_left, n_usual)
            gained = better_groups(floor, window, self._labels, self._desk, self._rng, n)
            n_left -= n
            n_idle = 0 if gained else n_idle + n
            if n_idle >= IDLE_ROUNDS * len(window.goals) or (is_over is not None and is_over()):
                break

    def _track(
        self, cells: NDArray[np.int32], aims: NDArray[np.int32], distances: NDArray[np.int32]
    ) -> None:
        """Note who has come nearer to its goal, has another one, or has nowhere to go."""
        is_new = aims != self._aims
        self._since[is_new] = self._step
        self._aims = aims
        is_nearer = is_new | (distances < self._best) | (aims < 0) | (cells == aims)
        self._best[is_nearer] = distances[is_nearer]
        self._last_progress[is_nearer] = self._step

    def _floor(self) -> Floor:
        grid = self._safe.grid
        return Floor(
            grid.neighbours, grid.surcharges, grid.through, grid.zones, grid.compact,
            self.fields.values, CELL_COST, self._options.turn_cost, 0 if self._glides else 1,
            self._options.allow_cycles,
        )  # fmt: skip

    def _window(self, fixed: NDArray[np.bool_], weights: NDArray[np.int64]) -> Window:
        return Window(
            self._goals, self._safe.slots, self._safe.loads, fixed, weights, self._cells,
            self._headings, self._ends, self._costs, self._used, self._is_put, self._is_held,
        )  # fmt: skip
