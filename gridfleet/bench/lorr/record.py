"""What happened in a run under the rules of the league, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import NONE
from gridfleet.bench.lorr.problem import LeagueProblem
from gridfleet.bench.search import Search

LATE = 4
"""Code of a wait that a timeout forces, beside the four actions."""


class ScheduleLog:
    """Changes of a schedule. changes[unit]: (step from which on it holds, task or -1)."""

    def __init__(self, n_units: int) -> None:
        self.changes: list[list[tuple[int, int]]] = [[] for _ in range(n_units)]
        self._last = np.full(n_units, -1, dtype=np.int32)

    def note(self, step: int, schedule: NDArray[np.int32]) -> None:
        for unit in np.flatnonzero(schedule != self._last).tolist():
            self.changes[unit].append((step, int(schedule[unit])))
        self._last = schedule.copy()


@dataclass(slots=True, eq=False)
class Record:
    """actual, planned: int8[n_units] for each step (2026: tick). calls_s: seconds of each call of
    the team. errors: (unit, other unit or -1, step, text). schedule_errors: (task, unit, other unit
    or -1, step, text). tasks: (id, place in the file, step revealed or assigned, unit or -1).
    events: (step, unit, task, errands done). last_step: of the run as asked for.
    """

    problem: LeagueProblem
    planner: str
    seed: int
    step_ms: float
    last_step: int
    guidance: str = NONE
    search: Search = field(default_factory=Search)
    actual: list[NDArray[np.int8]] = field(default_factory=list)
    planned: list[NDArray[np.int8]] = field(default_factory=list)
    calls_s: list[float] = field(default_factory=list)
    planner_why: str = ""
    n_timeouts: int = 0
    errors: list[tuple[int, int, int, str]] = field(default_factory=list)
    schedule_errors: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    n_schedule_errors: int = 0
    tasks: list[tuple[int, int, int, int]] = field(default_factory=list)
    events: list[tuple[int, int, int, int]] = field(default_factory=list)
    n_finished: int = 0
    actual_schedule: ScheduleLog = field(init=False)
    planner_schedule: ScheduleLog = field(init=False)
    bounds: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.actual_schedule = ScheduleLog(self.problem.n_units)
        self.planner_schedule = ScheduleLog(self.problem.n_units)

    @property
    def n_steps(self) -> int:
        """Steps that were run."""
        return len(self.actual)

    @property
    def late_rate(self) -> float:
        """Tasks a step (2026: tick) in the second half of those that were run."""
        half, tasks = self.n_steps // 2, self.problem.tasks
        sizes = {task: len(tasks.errands(index)) for task, index, _, _ in self.tasks}
        n_done = sum(step > half and done == sizes[task] for step, _, task, done in self.events)
        return n_done / max(self.n_steps - half, 1)

    @property
    def is_partial(self) -> bool:
        return self.n_steps < self.last_step
