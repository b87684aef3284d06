"""Tasks of 2024 and 2026: a pool of open ones, and a schedule that a scheduler changes each time.

So many tasks are open at any time as the problem says; they come from the file in order, which
begins again when it is over. A task whose first errand is done ("opened") stays with its unit;
others may be swapped or dropped at will. One errand at most is done a unit and step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.lorr.cell_lists import Tasks
from gridfleet.bench.lorr.problem import LeagueProblem

ScheduleFault = tuple[int, int, int, str]
"""Task, unit, other unit or -1, text."""


class TaskPool:
    """Tasks by id, in the order in which they were revealed.

    schedule: int32[n_units], id of the task of each unit, -1 for none. revealed_at: step of each.
    events: (step, unit, id, errands done).
    """

    def __init__(self, problem: LeagueProblem) -> None:
        self.tasks: Tasks = problem.tasks
        self._n_open = problem.n_open
        self.schedule = np.full(problem.n_units, -1, dtype=np.int32)
        self.revealed_at: list[int] = []
        self.events: list[tuple[int, int, int, int]] = []
        self.n_finished = 0
        self._is_open = np.zeros(2 * self._n_open, dtype=bool)
        self._n_done = np.zeros(2 * self._n_open, dtype=np.int32)
        self._open_count = 0
        self.reveal(0)

    def __len__(self) -> int:
        return len(self.revealed_at)

    def source(self, task: NDArray[np.int32]) -> NDArray[np.int32]:
        """Place in the file of tasks of these ids."""
        return np.asarray(task % len(self.tasks), dtype=np.int32)

    def errands_done(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        done: NDArray[np.int32] = self._n_done[ids]
        return done

    def next_cells(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """int32[n], cell of the next errand of open tasks."""
        places = self.tasks.offsets[self.source(ids)] + self._n_done[ids]
        cells: NDArray[np.int32] = self.tasks.cells[places]
        return cells

    def are_open(self, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool[n], False for ids that there are not yet, too."""
        is_known = (ids >= 0) & (ids < len(self))
        return np.asarray(is_known & self._is_open[np.where(is_known, ids, 0)])

    def unopened(self) -> NDArray[np.int32]:
        """int32[n], ids of open tasks of which nothing is done, ascending."""
        n = len(self)
        return np.flatnonzero(self._is_open[:n] & (self._n_done[:n] == 0)).astype(np.int32)

    def is_opened(self) -> NDArray[np.bool_]:
        """bool[n_units], whether the task of each unit must stay with it."""
        return np.asarray((self.schedule >= 0) & (self._n_done[self.schedule] > 0))

    def reveal(self, step: int) -> None:
        """Open as many tasks as there may be."""
        n_new = self._n_open - self._open_count
        first, last = len(self), len(self) + n_new
        if last > len(self._is_open):
            self._is_open = np.concatenate([self._is_open, np.zeros(last, dtype=bool)])
            self._n_done = np.concatenate([self._n_done, np.zeros(last, dtype=np.int32)])
        self._is_open[first:last] = True
        self._open_count += n_new
        self.revealed_at += [step] * n_new

    def take(self, schedule: NDArray[np.int32]) -> ScheduleFault | None:
        """Rule of 2024: the schedule as a whole from now on, or what is wrong with it: then the
        one before holds."""
        fault = self._fault_in(schedule)
        if fault is None:
            self.schedule = schedule.astype(np.int32)
        return fault

    def repair(self, schedule: NDArray[np.int32]) -> list[ScheduleFault]:
        """Rule of 2026: wrong entries become -1, and units keep tasks that they have opened."""
        faults: list[ScheduleFault] = []
        if schedule.shape != self.schedule.shape:
            return [(-1, -1, -1, _wrong_size(schedule, self.schedule))]
        kept, is_open = self.is_opened(), self.are_open(schedule)
        taken = np.where(kept, self.schedule, -1).astype(np.int32)
        owners = {int(task): int(unit) for unit, task in enumerate(taken) if task >= 0}
        for unit, task in enumerate(schedule.tolist()):
            if kept[unit]:
                if task != self.schedule[unit]:
                    faults.append((int(self.schedule[unit]), unit, -1, "task is opened and stays"))
            elif task in owners:
                faults.append((task, unit, owners[task], "task is given to two units"))
            elif task >= 0 and not is_open[unit]:
                faults.append((task, unit, -1, "task is not open"))
            elif task >= 0:
                taken[unit] = task
                owners[task] = unit
        self.schedule = taken
        return faults

    def _fault_in(self, schedule: NDArray[np.int32]) -> ScheduleFault | None:
        if schedule.shape != self.schedule.shape:
            return -1, -1, -1, _wrong_size(schedule, self.schedule)
        units = np.flatnonzero(schedule >= 0)
        ids = schedule[units]
        is_open = self.are_open(ids)
        if not is_open.all():
            row = int(np.flatnonzero(~is_open)[0])
            return int(ids[row]), int(units[row]), -1, "task is not open"
        order = np.argsort(ids, kind="stable")
        twice = np.flatnonzero(ids[order][1:] == ids[order][:-1])
        if len(twice):
            one, other = order[twice[0]], order[twice[0] + 1]
            return int(ids[one]), int(units[one]), int(units[other]), "task is given to two units"
        lost = np.flatnonzero(self.is_opened() & (schedule != self.schedule))
        if len(lost):
            unit = int(lost[0])
            return int(self.schedule[unit]), unit, -1, "task is opened and stays"
        return None

    def check(self, cells: NDArray[np.int32], step: int) -> None:
        """Note errands of units that stand on them after this step; finished tasks are gone."""
        units = np.flatnonzero(self.schedule >= 0)
        units = units[self.next_cells(self.schedule[units]) == cells[units]]
        for unit in units.tolist():
            task = int(self.schedule[unit])
            self._n_done[task] += 1
            self.events.append((step, unit, task, int(self._n_done[task])))
            if self._n_done[task] == len(self.tasks.errands(task % len(self.tasks))):
                self._is_open[task] = False
                self._open_count -= 1
                self.n_finished += 1
                self.schedule[unit] = -1


def _wrong_size(schedule: NDArray[np.int32], right: NDArray[np.int32]) -> str:
    return f"schedule has {schedule.size} entries for {right.size} units"
