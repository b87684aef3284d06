"""Lifelong planning of actions: priority inheritance over operations of several steps (EPIBT).

Most urgent is who has the shortest way left, so that what is nearly done is done first; who has
been on its way for long gains a little on others. So that nobody waits forever, of those that have
come no nearer to their goal for a while one is escorted (epibt_escort.py), and a few more are drawn
by lot to be the most urgent for some steps, and firm: they make way for nobody. Few, since on a
crowded floor most are stuck at any time and hold each other up if all are urgent.

With `improvements` the plan is made better in what is left of the step (epibt_improve.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import FORWARD
from fleet_control.mapf.epibt_ahead import Outlook
from fleet_control.mapf.epibt_escort import Escort
from fleet_control.mapf.epibt_improve import Improver
from fleet_control.mapf.epibt_kernels import choose_operations, clear_table
from fleet_control.mapf.goals import GoalKeeper
from fleet_control.mapf.grid import UNREACHABLE, Grid
from fleet_control.mapf.operations import TURNED, operations_of
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.mapf.scene import Scene

MAX_VISITS = 30
"""How often a unit may be asked to choose anew in one step."""
PATIENCE, EPOCH = 30, 30
"""Steps without progress after which a unit is stuck, and steps between two draws."""
FIRM_SHARE, MOST_FIRM = 0.05, 3
"""Largest share of all units that is drawn, and largest number: they hold up all about them. Twenty
of 400 to 720 units do 7 to 20 % less on crowded floors, and nobody waits any shorter for it."""
STEPS_PER_COST = 4
"""A unit that has been on its way for so many steps longer is as urgent as one that is nearer by a
cost of one. On a crowded floor those with far to go would else be pushed about without end."""
FIRST = 1 << 40
LAST = 1 << 45
"""Key of units with nowhere to go and of those that have been at their goal: all others are more
urgent, and of these who has been pushed from it longest ago."""


class EpibtPlanner(GoalKeeper):
    """Implements `ActionPlanner`. All arrays are allocated once; a step allocates a few of n_units.

    What a unit means to do after the step is kept as long as it is where that step led.
    """

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        super().__init__(grid, n_units, options)
        self._operations = table = operations_of(options.depth)
        n, depth = table.actions.shape
        self._chosen = np.zeros(n_units, dtype=np.int32)
        self._expected_cells = np.full(n_units, -1, dtype=np.int32)
        self._expected_headings = np.zeros(n_units, dtype=np.int8)
        self._driven_headings = np.zeros(n_units, dtype=np.int8)
        self._outlook = Outlook(table, n_units)
        self._used = np.full((grid.n_cells, depth + 1), -1, dtype=np.int32)
        self._of_operations = np.zeros(n, dtype=np.int64)
        self._of_units = np.zeros((5, n_units), dtype=np.int32)
        self._on_stack = np.zeros(n_units, dtype=bool)
        self._flees = np.zeros(n_units, dtype=bool)
        self._escort = Escort(grid.n_cells, options.turn_cost)
        self._improver = Improver(grid, n_units, options)

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        grid, table = self._grid, self._operations
        self._step += 1
        if self.fields.has_due:
            self._refresh_fields(cells, headings)
        aims = self._aims(cells, headings)
        scene = Scene(cells, headings, aims, self._slots, self._loads, grid, self.fields.values)
        self._escort.choose(self._step, scene, self._since, self._last_progress, self._rng)
        ahead = self._outlook
        ahead.fill(scene)
        ranks, visits, stack, cursors, before = self._of_units
        order = self._order(cells, headings, aims)
        is_free = (cells == self._expected_cells) & (headings == self._expected_headings) & ~fixed
        n_firm = int((self._bonus > 0).sum())
        escorted = self._escort.unit
        if escorted >= 0:
            order = np.concatenate([[escorted], order[order != escorted]])
            n_firm += int(self._bonus[escorted] == 0)
        choose_operations(
            order, cells, fixed, is_free, ahead.reach, table.nodes, ahead.ranked, ahead.counts,
            ahead.costs, MAX_VISITS, n_firm, int(self._rng.integers(1 << 30)),
            self._options.allow_cycles, escorted >= 0, self._escort.flight, self._of_operations,
            self._flees, self._used, self._chosen, ranks, visits, stack, cursors, before,
            self._on_stack,
        )  # fmt: skip
        if self._options.improvements > 0:
            self._improver.improve(
                fixed | (cells < 0) | (ranks < n_firm) | self._flees, ranks, ahead.reach, table,
                ahead.ranked, ahead.counts, ahead.costs, self._used, self._chosen,
            )  # fmt: skip
        clear_table(cells, self._chosen, ahead.reach, table.nodes, self._used)
        actions: NDArray[np.int8] = table.actions[self._chosen, 0]
        ends = ahead.reach[np.arange(len(cells)), table.nodes[self._chosen, 1]]
        self._expected_cells = np.where(cells >= 0, ends, -1).astype(np.int32)
        self._expected_headings = (headings + TURNED[actions]) & 3
        self._chosen = table.shifted[self._chosen]
        return actions

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        is_turned = (cells == self._expected_cells) & (headings == self._driven_headings)
        actions = self.act(cells, np.where(is_turned, self._expected_headings, headings), fixed)
        self._driven_headings = np.where(actions == FORWARD, self._expected_headings, headings)
        return self._expected_cells.copy()

    def _order(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], aims: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """The units, most urgent first."""
        has_way = (aims >= 0) & (cells >= 0)
        is_there = ~has_way | (cells == aims)
        self._since[is_there] = self._step
        distances = self._distances(cells, headings)
        is_nearer = has_way & (distances < self._best)
        self._best[is_nearer] = distances[is_nearer]
        self._last_progress[is_nearer] = self._step
        is_done = ~has_way | (self._best == 0)
        if self._step % EPOCH == 0:
            self._draw_firm(~is_done & (self._step - self._last_progress >= PATIENCE))
        self._bonus[is_done] = 0
        back_at_last = LAST - np.minimum(self._step - self._since, LAST // 2)
        ages = (self._step - self._since) // STEPS_PER_COST
        keys = np.where(is_done, back_at_last, distances - self._bonus - ages)
        return np.argsort(keys, kind="stable")

    def _draw_firm(self, is_stuck: NDArray[np.bool_]) -> None:
        """Draw those of the stuck that are most urgent until the next time."""
        n_firm = max(1, min(int(FIRM_SHARE * len(is_stuck)), MOST_FIRM))
        firm = self._rng.permutation(np.flatnonzero(is_stuck))[:n_firm]
        self._bonus[:] = 0
        self._bonus[firm] = FIRST - UNREACHABLE * np.arange(len(firm))
