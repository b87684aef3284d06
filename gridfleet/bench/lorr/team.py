"""Who plays: a planner of actions, and for pools of tasks an assignment.

A goal that is new to the planner costs a distance field. Where there is a clock, those that do not
fit into what planning leaves of the budget wait for the next step; their units go on to where they
were sent before.

Times that it takes are told apart: assignment, goals (which includes distance fields that have to
be made), planning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from fleet_control.assignment.throughput import ThroughputAssignment
from fleet_control.assignment.ways import Ways
from fleet_control.mapf.causal import action_planner_named
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid, grid_of
from fleet_control.mapf.guidance import NONE
from fleet_control.mapf.guiding import guidance_named, steered
from fleet_control.mapf.planner import PlannerOptions
from gridfleet.bench.lorr.problem import LeagueProblem
from gridfleet.bench.lorr.task_pool import TaskPool
from gridfleet.bench.search import Search

N_AT_ONCE = 32
"""Goals between two looks at the clock."""
SPARED = 0.1
"""Share of a budget that is left over."""
SAFETY = 1.5
"""Assignment and planning may take so many times what they took before."""
SEARCH_SHARE = 0.8
"""Of a budget, after which plans are not made any better."""
UNLIMITED = 1 << 60
CHAINS_PER_UNIT = 2
"""That a plan is bettered by in ticks, where units are delayed: on the league's warehouse of long
corridors plans that are searched to the end have units wait half as long again (docs/bench.md)."""


@dataclass(slots=True)
class Times:
    """Seconds of each call."""

    assignment_s: list[float] = field(default_factory=list)
    goals_s: list[float] = field(default_factory=list)
    planning_s: list[float] = field(default_factory=list)


class Team:
    """grid: of the problem's floor, with the guidance. ways: in actions, so without. A team is
    asked with the state of the world each step. budget_s: of an action, infinite for no clock."""

    def __init__(
        self, problem: LeagueProblem, planner: str, seed: int, budget_s: float = inf,
        guidance: str = NONE, search: Search | None = None,
    ) -> None:  # fmt: skip
        search = search or Search()
        has_clock = 0.0 < budget_s < inf
        improvements = search.improvements
        if improvements is None:
            most = CHAINS_PER_UNIT * problem.n_units if problem.edition >= 2026 else UNLIMITED
            improvements = most if has_clock else 0
        costs = guidance_named(guidance, problem.floor)
        self.grid: Grid = grid_of(problem.floor, costs)
        options = PlannerOptions(
            seed,
            allow_cycles=problem.edition < 2026,
            turn_cost=CELL_COST,
            rations_shoves=False,
            depth=search.depth,
            improvements=improvements,
            is_over=self._is_search_over if has_clock else None,
        )
        self._search_s, self._asked_at_s = SEARCH_SHARE * budget_s, inf
        self._planned_s, self._search_at_s = 0.0, inf
        led = action_planner_named(planner, self.grid, problem.n_units, options)
        self._planner = steered(led, guidance, self.grid, problem.n_units)
        self.times = Times()
        self._goals = np.full(problem.n_units, -1, dtype=np.int32)
        self._nobody = np.zeros(problem.n_units, dtype=bool)
        self._budget_s, self._next_unit = budget_s, 0
        self.ways = Ways(grid_of(problem.floor))
        if problem.edition > 2023:
            self._assignment = ThroughputAssignment(self.ways)
            self._lengths = self.ways.lengths(problem.tasks.offsets, problem.tasks.cells)

    def schedule(
        self, pool: TaskPool, cells: NDArray[np.int32], headings: NDArray[np.int8],
        is_bound: NDArray[np.bool_],
    ) -> NDArray[np.int32]:  # fmt: skip
        """int32[n_units], task of each unit. is_bound: bool[n_units], units that keep theirs."""
        began = self._asked_at_s = time.perf_counter()
        bound = pool.schedule[is_bound]
        ids = pool.unopened()
        ids = ids[~np.isin(ids, bound)]
        row_of = np.full(len(pool), -1, dtype=np.int32)
        row_of[ids] = np.arange(len(ids))
        held = np.where(pool.schedule >= 0, row_of[pool.schedule], -1).astype(np.int32)
        sources = pool.source(ids)
        firsts = pool.next_cells(ids)
        rows = self._assignment.assign(
            cells, headings, ~is_bound, held, firsts, self._lengths[sources]
        )
        given = np.where(rows >= 0, ids[rows] if len(ids) else -1, -1)
        schedule = np.where(is_bound, pool.schedule, given).astype(np.int32)
        self.times.assignment_s.append(time.perf_counter() - began)
        return schedule

    def head_for(self, goals: NDArray[np.int32]) -> None:
        """int32[n_units], cell that each unit is to go to from now on, -1 for nowhere."""
        began = time.perf_counter()
        self._asked_at_s = min(self._asked_at_s, began)
        units = np.flatnonzero(goals != self._goals)
        is_over = units[goals[units] < 0]
        for unit in is_over.tolist():
            self._planner.clear_goal(unit, EMPTY)
        self._goals[is_over] = -1
        units = units[goals[units] >= 0]
        units = units[np.argsort((units - self._next_unit) % len(goals))]  # late ones first
        for first in range(0, len(units), N_AT_ONCE):
            some = units[first : first + N_AT_ONCE]
            self._planner.set_goals(some.tolist(), goals[some].tolist(), EMPTY)
            self._goals[some] = goals[some]
            if time.perf_counter() - began > self._time_for_goals():
                self._next_unit = int(some[-1]) + 1
                break
        self.times.goals_s.append(time.perf_counter() - began)

    def _time_for_goals(self) -> float:
        """Seconds that assignment and planning leave, if they take what they took before. The
        search for a better plan takes what is left."""
        taken = sum(self.times.assignment_s[-1:]) + self._planned_s
        return (1.0 - SPARED) * self._budget_s - SAFETY * taken

    def act(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8[n_units], league actions."""
        began = time.perf_counter()
        self._search_at_s = inf
        actions = self._planner.act(cells, headings, self._nobody)
        ended = time.perf_counter()
        self._asked_at_s = inf
        self._planned_s = min(ended, self._search_at_s) - began
        self.times.planning_s.append(ended - began)
        return actions

    def _is_search_over(self) -> bool:
        now = time.perf_counter()
        self._search_at_s = min(self._search_at_s, now)
        return now - self._asked_at_s > self._search_s
