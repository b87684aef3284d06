"""Jobs for people: what is to be done with a pod that has been presented, line by line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleet_control.accounting.station_clock import StationClock
from fleet_control.backend import Reports, StationJobs, no_station_jobs
from fleet_control.work.intake import Intake
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import WaitingLines
from fleet_control.work.tasks import Task, TaskError

_NO_JOBS = no_station_jobs()
JobRow = tuple[int, int, int, int, int, int]
"""(station, job, line, units, pod, SKU); -1 for what is not scanned."""


def station_jobs(rows: list[JobRow]) -> StationJobs:
    """The rows as columns."""
    if not rows:
        return _NO_JOBS
    columns = np.array(rows, dtype=np.int32).T
    return StationJobs(*(np.ascontiguousarray(column) for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """task: its `in_job` says what is left. lines: all that people were given."""

    task: Task
    lines: frozenset[int]


class JobBoard:
    """Hands out a job per presented pod and books the lines that people report.

    A job holds all that its pod can do at its station when it is made; stock changes when a line is
    reported, not before. A line that is reported again, or late, is booked once: stations repeat
    what they are not sure has arrived.
    """

    def __init__(
        self, inventory: Inventory, waiting: WaitingLines, intake: Intake, clock: StationClock
    ) -> None:
        self._inventory, self._waiting = inventory, waiting
        self._intake, self._clock = intake, clock
        self._open: dict[int, _Job] = {}
        self._rows: list[JobRow] = []
        self._n_jobs = self._n_handed_out = 0

    def begin(self, task: Task, now_s: float) -> bool:
        """Hand people all that the task's pod can do now; False if there is nothing."""
        for line, units in task.parts + self._waiting.take(task.station, task.pod):
            task.in_job[line] = task.in_job.get(line, 0) + units
        task.parts = []
        if not task.in_job:
            return False
        self._open[self._n_jobs] = _Job(task, frozenset(task.in_job))
        self._rows += self._rows_left(self._n_jobs)
        self._n_jobs += 1
        self._clock.set_busy(task.station, True, now_s)
        return True

    def take_in(self, reports: Reports) -> list[Task]:
        """Book lines that people have finished; returns the tasks whose job is done."""
        done: list[Task] = []
        rows = zip(
            reports.line_jobs.tolist(), reports.lines.tolist(), reports.line_times_s.tolist(),
            strict=True,
        )  # fmt: skip
        for job, line, time_s in rows:
            task = self._task_for(job, line)
            if task is None:
                continue
            self._book(task, line, time_s)
            if not task.in_job:
                del self._open[job]
                self._clock.set_busy(task.station, False, time_s)
                done.append(task)
        return done

    def take_rows(self) -> StationJobs:
        """Jobs not handed out yet."""
        rows, self._rows = self._rows, []
        self._n_handed_out = self._n_jobs
        return station_jobs(rows)

    def open_rows(self) -> StationJobs:
        """What is left of the jobs handed out, in that order."""
        handed_out = (job for job in self._open if job < self._n_handed_out)
        return station_jobs([row for job in handed_out for row in self._rows_left(job)])

    def _rows_left(self, job: int) -> list[JobRow]:
        task, sku_of = self._open[job].task, self._intake.sku_of
        return [
            (task.station, job, line, units, task.pod, sku_of(line))
            for line, units in sorted(task.in_job.items())
        ]

    def pod_of(self, job: int) -> int:
        """The pod of an open job; -1 for others."""
        found = self._open.get(job)
        return -1 if found is None else found.task.pod

    def _task_for(self, job: int, line: int) -> Task | None:
        """Whose line was done; None for a line booked before."""
        found = self._open.get(job)
        if found is None:
            is_known = 0 <= job < self._n_handed_out
        else:
            is_known = job < self._n_handed_out and line in found.lines
        if not is_known:
            raise TaskError(
                f"line {line} of job {job} is reported done but was never given to people; the "
                "jobs of a station come from this controller alone"
            )
        return found.task if found is not None and line in found.task.in_job else None

    def _book(self, task: Task, line: int, time_s: float) -> None:
        units, sku = task.in_job.pop(line), self._intake.sku_of(line)
        if units > 0:
            self._inventory.pick(task.pod, sku, units)
        else:
            self._waiting.put_in(task.pod, sku, -units)
        task.n_handled += 1
        self._intake.part_done(line, abs(units), task.pod, time_s)
