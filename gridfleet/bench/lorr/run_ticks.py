"""Runs by the rules of 2026: ticks go on while the team thinks, and units carry out staged actions.

A team is asked again when the ticks of a budget are over, or later when it needs longer. It plans
from where the staged actions lead to. Only the first answer is waited for, and costs a tick of
waiting for each that it is late beyond its budget.
"""

from __future__ import annotations

import time
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import WAIT
from gridfleet.bench.lorr.delays import DelayModel
from gridfleet.bench.lorr.executor import Executor
from gridfleet.bench.lorr.problem import LeagueProblem
from gridfleet.bench.lorr.record import LATE, Record
from gridfleet.bench.lorr.run import Clock, Rules, Schedule, Watcher, close_pool, note_schedules
from gridfleet.bench.lorr.task_pool import TaskPool
from gridfleet.bench.lorr.team import Team
from gridfleet.bench.lorr.tick_world import WALL, TickWorld
from gridfleet.bench.lorr.world import World

TICK_MS = 100.0
USUAL_BUDGET_MS = 1000.0
"""Between two questions where there is no clock."""


def run_ticks(
    record: Record, team: Team, rules: Rules, watcher: Watcher, clock: Clock = time.perf_counter
) -> None:
    """Fill the record, a row for each tick."""
    game = TickGame(record, rules)
    is_first = True
    while record.n_steps < rules.n_steps and not watcher.is_stopped():
        began = clock()
        schedule, plan = game.ask(team)
        seconds = clock() - began
        record.calls_s.append(seconds)
        taken_ms = seconds * 1000.0 if rules.step_ms > 0.0 else 0.0
        if is_first:
            n_ticks = max(int((taken_ms - game.budget_ms) // TICK_MS), 0)
        else:
            n_ticks = max(game.n_ticks, ceil(taken_ms / TICK_MS))
        for _ in range(min(n_ticks, rules.n_steps - record.n_steps)):
            game.tick(is_late=is_first)
        game.take(schedule, plan)
        is_first = False
        watcher.show(record.n_steps, game.pool.n_finished, record.n_timeouts)
    close_pool(record, game.pool)


def window_of(problem: LeagueProblem, budget_ms: float) -> int:
    """Actions of a plan: what a budget has time for, and one more."""
    return int(budget_ms // (TICK_MS * problem.counter)) + 1


class TickGame:
    """budget_ms, n_ticks: of a question, in time and ticks."""

    def __init__(self, record: Record, rules: Rules) -> None:
        problem: LeagueProblem = record.problem
        self._record, self._problem = record, problem
        self.budget_ms = rules.step_ms or USUAL_BUDGET_MS
        self.n_ticks = max(int(self.budget_ms // TICK_MS), 1)
        self.pool = TaskPool(problem)
        self._wanted: Schedule = self.pool.schedule
        self._world = TickWorld(problem)
        self._delays = DelayModel(problem.delays, problem.n_units)
        self._window = window_of(problem, self.budget_ms)
        self._executor = Executor(problem.floor, problem.starts, self._window)

    def tick(self, is_late: bool) -> None:
        """One tick with what is staged, or of waiting for the team."""
        record, world = self._record, self._world
        is_delayed = self._delays.tick()
        before = world.cells.copy()
        commands = self._executor.commands(world.cells, world.headings, is_delayed)
        done, hit = world.move(commands)
        for unit in np.flatnonzero(hit != -1).tolist():
            other = int(hit[unit])
            text = "moves onto an obstacle" if other == WALL else "collision"
            record.errors.append((unit, max(other, -1), record.n_steps + 1, text))
        self._executor.note(before, world.cells, (done != WAIT) & (world.counts == 0))
        if is_late:
            commands, done = np.full_like(commands, LATE), np.full_like(done, LATE)
            record.n_timeouts += 1
        record.planned.append(commands)
        record.actual.append(done)
        note_schedules(record, record.n_steps - 1, self._wanted, self.pool)
        self.pool.check(world.cells, record.n_steps)
        self.pool.reveal(record.n_steps)

    def take(self, schedule: Schedule, plan: NDArray[np.int8]) -> None:
        """What the team has answered holds from the next tick on. Who has finished its task
        meanwhile has none."""
        record = self._record
        schedule = np.where(self.pool.are_open(schedule), schedule, -1).astype(np.int32)
        self._wanted = schedule
        faults = self.pool.repair(schedule)
        record.n_schedule_errors += len(faults)
        record.schedule_errors += [
            (task, unit, other, record.n_steps, text) for task, unit, other, text in faults
        ]
        self._executor.take(plan, self._world.cells, self._world.headings)

    def ask(self, team: Team) -> tuple[Schedule, NDArray[np.int8]]:
        """The schedule that the team wants, and its plan from the ends of what is staged."""
        pool, executor = self.pool, self._executor
        ahead = _ErrandsAhead(pool, pool.schedule)
        ahead.pass_by(self._world.cells)
        for cells in executor.walk(self._world.cells, self._world.headings):
            ahead.pass_by(cells)
        is_bound = ahead.n_done > 0
        schedule = team.schedule(pool, executor.ends, executor.end_headings, is_bound)
        ahead = _ErrandsAhead(pool, schedule, np.where(is_bound, ahead.n_done, 0))
        world = World(self._problem.floor, executor.ends)
        world.headings[:] = executor.end_headings
        plan = np.empty((self._window, len(schedule)), dtype=np.int8)
        for row in plan:
            team.head_for(ahead.goals())
            row[:], _ = world.move(team.act(world.cells, world.headings))
            ahead.pass_by(world.cells)
        return schedule, plan


class _ErrandsAhead:
    """Errands as they will be done on the way. n_done: int32[n_units], of the task of each unit."""

    def __init__(
        self, pool: TaskPool, schedule: Schedule, n_done: NDArray[np.int32] | None = None
    ) -> None:
        tasks, self._has = pool.tasks, schedule >= 0
        rows = pool.source(np.maximum(schedule, 0))
        self._cells = tasks.cells
        self._starts, self._ends = tasks.offsets[rows], tasks.offsets[rows + 1]
        if n_done is None:
            n_done = np.where(self._has, pool.errands_done(schedule), 0).astype(np.int32)
        self.n_done = n_done.astype(np.int32)

    def goals(self) -> NDArray[np.int32]:
        """int32[n_units], cell of the next errand, -1 for none."""
        at = self._starts + self.n_done
        is_left = self._has & (at < self._ends)
        return np.where(is_left, self._cells[np.where(is_left, at, 0)], -1).astype(np.int32)

    def pass_by(self, cells: NDArray[np.int32]) -> None:
        """Units are on these cells."""
        self.n_done += self.goals() == cells
