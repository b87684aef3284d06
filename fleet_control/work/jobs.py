"""Jobs for people: what is to be done with a pod that has been presented, line by line."""

from __future__ import annotations

import numpy as np

from fleet_control.backend import Reports, StationJobs, no_station_jobs
from fleet_control.work.intake import Intake
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import WaitingLines
from fleet_control.work.stations import StationClock
from fleet_control.work.tasks import Task, TaskError

_NO_JOBS = no_station_jobs()


class JobBoard:
    """Hands out a job per presented pod and books the lines that people report.

    A job holds all that its pod can do at its station when it is made; stock changes when a line is
    reported, not before.
    """

    def __init__(
        self, inventory: Inventory, waiting: WaitingLines, intake: Intake, clock: StationClock
    ) -> None:
        self._inventory, self._waiting = inventory, waiting
        self._intake, self._clock = intake, clock
        self._in_jobs: dict[int, Task] = {}
        self._rows: list[tuple[int, int, int, int]] = []
        self._n_jobs = 0

    def begin(self, task: Task, now_s: float) -> bool:
        """Hand people all that the task's pod can do now; False if there is nothing."""
        for line, units in task.parts + self._waiting.take(task.station, task.pod):
            task.in_job[line] = task.in_job.get(line, 0) + units
        task.parts = []
        if not task.in_job:
            return False
        for line, units in sorted(task.in_job.items()):
            self._rows.append((task.station, self._n_jobs, line, units))
        self._in_jobs[self._n_jobs] = task
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
            task = self._in_jobs.get(job)
            if task is None or line not in task.in_job:
                raise TaskError(f"line {line} of job {job} is reported done but is with nobody")
            self._book(task, line, time_s)
            if not task.in_job:
                del self._in_jobs[job]
                self._clock.set_busy(task.station, False, time_s)
                done.append(task)
        return done

    def take_rows(self) -> StationJobs:
        """Jobs not handed out yet."""
        if not self._rows:
            return _NO_JOBS
        columns = np.array(self._rows, dtype=np.int32).T
        self._rows = []
        return StationJobs(*(np.ascontiguousarray(column) for column in columns))

    def _book(self, task: Task, line: int, time_s: float) -> None:
        units, sku = task.in_job.pop(line), self._intake.sku_of(line)
        if units > 0:
            self._inventory.pick(task.pod, sku, units)
        else:
            self._waiting.put_in(task.pod, sku, -units)
        task.n_handled += 1
        self._intake.part_done(line, abs(units), task.pod, time_s)
