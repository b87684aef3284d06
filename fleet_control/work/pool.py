"""Tasks that wait for a unit, the oldest first: what the controller is offered."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Generic, Protocol, TypeVar

import numpy as np

from fleet_control.backend import empty_ints
from fleet_control.errors import FleetError
from fleet_control.work.work import OpenTasks

_NO_TASKS = OpenTasks(empty_ints(), empty_ints())


class TaskError(FleetError, ValueError):
    """A task or unit that is not in the state the call needs."""


class Numbered(Protocol):
    """number: ascending with age. cell: where the task's first errand goes. station: where it goes
    then."""

    number: int
    cell: int
    station: int


AnyTask = TypeVar("AnyTask", bound=Numbered)


class TaskPool(Generic[AnyTask]):
    """Open tasks by number. One that comes back has its old place: age is urgency."""

    def __init__(self) -> None:
        self._open: dict[int, AnyTask] = {}
        self._n_at: dict[int, int] = {}
        self._offer: OpenTasks | None = _NO_TASKS

    def add(self, task: AnyTask) -> None:
        """The task waits for a unit, for the first time or again."""
        is_newest = not self._open or task.number > next(reversed(self._open))
        self._open[task.number] = task
        if not is_newest:
            self._open = dict(sorted(self._open.items()))
        self._n_at[task.station] = self.n_at(task.station) + 1
        self._offer = None

    def take(self, number: int) -> AnyTask:
        """The open task of that number, which is open no more."""
        task = self._open.pop(number, None)
        if task is None:
            raise TaskError(f"task {number} is not open: it was begun before or never offered")
        self._n_at[task.station] -= 1
        self._offer = None
        return task

    def n_at(self, station: int) -> int:
        """How many of them are for the station."""
        return self._n_at.get(station, 0)

    def find(self, number: int) -> AnyTask | None:
        """The open task of that number, None where there is none."""
        return self._open.get(number)

    def all(self) -> list[AnyTask]:
        """All of them, the oldest first."""
        return list(self._open.values())

    def offer(self, closed: Set[int] = frozenset()) -> OpenTasks:
        """All of them but those of closed stations, the oldest first."""
        if closed:
            return _offer([task for task in self._open.values() if task.station not in closed])
        if self._offer is None:
            self._offer = _offer(self.all())
        return self._offer


def _offer(tasks: Sequence[Numbered]) -> OpenTasks:
    numbers = [task.number for task in tasks]
    cells = [task.cell for task in tasks]
    return OpenTasks(np.array(numbers, dtype=np.int32), np.array(cells, dtype=np.int32))
