"""Runs by the rules of 2023 and 2024: one step after the other, and who thinks too long waits.

Every full budget that passes before a team has answered costs a step in which everybody waits; then
the late answer is carried out. In those steps tasks are looked at in 2023 and are not in 2024.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.given_tasks import GivenTasks
from gridfleet.bench.lorr.problem import LeagueProblem
from gridfleet.bench.lorr.record import LATE, Record
from gridfleet.bench.lorr.task_pool import TaskPool
from gridfleet.bench.lorr.team import Team
from gridfleet.bench.lorr.world import World

Schedule = NDArray[np.int32]
Clock = Callable[[], float]
"""Seconds that go on."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How long to run. step_ms: budget of a step, 0 for no clock."""

    n_steps: int
    step_ms: float = 1000.0

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise BenchError(f"a run of {self.n_steps} steps is none; give 1 or more")
        if not 0.0 <= self.step_ms < float("inf"):
            raise BenchError(
                f"a budget of {self.step_ms:g} ms a step; give more than 0, or 0 for no clock"
            )

    def n_late(self, seconds: float) -> int:
        """Full budgets in that time."""
        return int(seconds * 1000.0 // self.step_ms) if self.step_ms > 0.0 else 0


class Watcher(Protocol):
    """Who looks at a run: shows where it is, and may stop it."""

    def show(self, step: int, n_finished: int, n_timeouts: int) -> None: ...

    def is_stopped(self) -> bool: ...


def run_steps(
    record: Record, team: Team, rules: Rules, watcher: Watcher, clock: Clock = time.perf_counter
) -> None:
    """Fill the record by the rules of its problem's edition, 2023 or 2024."""
    problem = record.problem
    game = GivenGame(problem, record) if problem.edition == 2023 else PoolGame(problem, record)
    world = World(problem.floor, problem.starts)
    while record.n_steps < rules.n_steps and not watcher.is_stopped():
        began = clock()
        actions, schedule = game.ask(team, world)
        seconds = clock() - began
        record.calls_s.append(seconds)
        for _ in range(min(rules.n_late(seconds), rules.n_steps - record.n_steps)):
            _wait_late(record)
            game.pass_late(world, record.n_steps)
        if record.n_steps < rules.n_steps:
            _move(record, world, actions)
            game.take(schedule, world, record.n_steps)
        watcher.show(record.n_steps, game.n_finished, record.n_timeouts)
    game.close()


def _wait_late(record: Record) -> None:
    waits = np.full(record.problem.n_units, LATE, dtype=np.int8)
    record.actual.append(waits)
    record.planned.append(waits)
    record.n_timeouts += 1


def _move(record: Record, world: World, actions: NDArray[np.int8]) -> None:
    done, fault = world.move(actions)
    if fault is not None:
        text, unit, other = fault
        record.errors.append((unit, other, record.n_steps + 1, text))
    record.planned.append(actions.copy())
    record.actual.append(done.copy())


class GivenGame:
    """2023: the rules say who goes where."""

    def __init__(self, problem: LeagueProblem, record: Record) -> None:
        self._tasks, self._record = GivenTasks(problem), record

    @property
    def n_finished(self) -> int:
        return self._tasks.n_finished

    def ask(self, team: Team, world: World) -> tuple[NDArray[np.int8], Schedule | None]:
        team.head_for(self._tasks.goals)
        return team.act(world.cells, world.headings), None

    def pass_late(self, world: World, step: int) -> None:
        self._tasks.check(world.cells, step)

    def take(self, _schedule: Schedule | None, world: World, step: int) -> None:
        self._tasks.check(world.cells, step)

    def close(self) -> None:
        self._record.tasks = self._tasks.assigned
        self._record.events = [(step, unit, task, 1) for step, unit, task in self._tasks.events]
        self._record.n_finished = self._tasks.n_finished


class PoolGame:
    """2024: the team chooses from a pool."""

    def __init__(self, problem: LeagueProblem, record: Record) -> None:
        self._pool, self._record = TaskPool(problem), record

    @property
    def n_finished(self) -> int:
        return self._pool.n_finished

    def ask(self, team: Team, world: World) -> tuple[NDArray[np.int8], Schedule | None]:
        pool = self._pool
        schedule = team.schedule(pool, world.cells, world.headings, pool.is_opened())
        goals = np.full(len(schedule), -1, dtype=np.int32)
        has = schedule >= 0
        goals[has] = pool.next_cells(schedule[has])
        team.head_for(goals)
        return team.act(world.cells, world.headings), schedule

    def pass_late(self, world: World, step: int) -> None:
        """Tasks are not looked at."""

    def take(self, schedule: Schedule | None, world: World, step: int) -> None:
        assert schedule is not None
        record, pool = self._record, self._pool
        fault = pool.take(schedule)
        if fault is not None:
            record.n_schedule_errors += 1
            task, unit, other, text = fault
            record.schedule_errors.append((task, unit, other, step, text))
        note_schedules(record, step - 1, schedule, pool)
        pool.check(world.cells, step)
        pool.reveal(step)

    def close(self) -> None:
        close_pool(self._record, self._pool)


def note_schedules(record: Record, step: int, schedule: Schedule, pool: TaskPool) -> None:
    """Log what the team wanted and what holds from this step on."""
    record.actual_schedule.note(step, pool.schedule)
    if schedule.shape == pool.schedule.shape:
        record.planner_schedule.note(step, schedule)


def close_pool(record: Record, pool: TaskPool) -> None:
    ids = np.arange(len(pool), dtype=np.int32)
    record.tasks = [
        (task, index, step, -1)
        for task, index, step in zip(
            ids.tolist(), pool.source(ids).tolist(), pool.revealed_at, strict=True
        )
    ]
    record.events = pool.events
    record.n_finished = pool.n_finished
