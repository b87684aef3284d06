"""Tasks of fulfilment before a unit has them: which pods are wanted where, most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field

import numpy as np

from fleet_control.accounting.causes import Cause, FloorView
from fleet_control.events import EventKind, EventLog
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import Part, WaitingLines
from fleet_control.work.pool import TaskError, TaskPool
from fleet_control.work.rules import PodChoice, PodRule
from fleet_control.work.work import Deed, OpenTasks
from layouts import Layout

__all__ = ["Task", "TaskBoard", "TaskError"]


@dataclass(slots=True, eq=False)
class Task:
    """One pod, from being wanted at a station to being stored.

    parts: what it is to do at the station and people have not been told. in_job: line -> units that
    people are at now. cell, deed: where the errand in hand leads and what for; at first where the
    pod stands. n_handled: lines handled since the pod was presented.
    """

    number: int
    pod: int
    station: int
    parts: list[Part]
    cell: int
    deed: Deed = Deed.LIFT
    unit: int = -1
    began_s: float = 0.0
    n_handled: int = 0
    in_job: dict[int, int] = field(default_factory=dict)


CLOSED_S = 300.0
"""The tasks of a station that closes are kept for so long, since then they have their turn when it
opens. After that their pods are free for other stations."""
CANCELLED_REST_S = 120.0
"""The pod of a task that somebody has cancelled is not sent for again for so long: whoever did it
had a reason, and what it was to do may be done by another pod."""


class TaskBoard:
    """Opens tasks while stations have lines, free pods to serve them and few enough tasks.

    limits: per station, tasks open or begun and not yet served there. sku_of: by line. Stations are
    looked at only after something changed for them: new lines, a task served, a pod free again.
    Tasks of a closed station are not offered, and given up after a while.
    """

    def __init__(
        self, layout: Layout, inventory: Inventory, waiting: WaitingLines, pod_rule: PodRule,
        limits: list[int], sku_of: Callable[[int], int], log: EventLog,
    ) -> None:  # fmt: skip
        self._station_cells = [station.cell for station in layout.stations]
        self._n_cols = layout.n_cols
        self._inventory, self._waiting, self._log = inventory, waiting, log
        self._pod_rule, self._limits, self._sku_of = pod_rule, limits, sku_of
        self._n_tasks = [0] * len(limits)
        self._is_free = np.ones(inventory.n_pods, dtype=bool)
        self._changed: set[int] = set()
        self._open: TaskPool[Task] = TaskPool()
        self._n_opened = 0
        self._closed: Set[int] = frozenset()
        self._closed_s: dict[int, float] = {}
        self._resting: dict[int, float] = {}

    def lines_added(self, stations: set[int]) -> None:
        self._changed |= stations

    def pod_bound(self, station: int) -> None:
        """A pod in use elsewhere comes to this station next."""
        self._n_tasks[station] += 1

    def pod_served(self, station: int) -> None:
        self._n_tasks[station] -= 1
        self._changed.add(station)

    def pod_stored(self, pod: int) -> None:
        """The pod may be wanted again."""
        self._is_free[pod] = True
        self._changed.update(np.flatnonzero(self._waiting.counts[:, pod]).tolist())

    def open_tasks(self, now_s: float) -> None:
        """Open what can be opened, a task per station in turn, so that none takes all good pods."""
        for pod in [pod for pod, until_s in self._resting.items() if until_s <= now_s]:
            del self._resting[pod]
            self.pod_stored(pod)
        if self._closed_s:
            self._give_up_closed(now_s)
        if not self._changed:
            return
        stations = sorted(self._changed - self._closed)
        self._changed.clear()
        while stations:
            stations = [station for station in stations if self._open_one(station, now_s)]

    def _open_one(self, station: int, now_s: float) -> bool:
        """Whether a task was opened for the station."""
        if self._n_tasks[station] >= self._limits[station] or not self._waiting.n_waiting[station]:
            return False
        lines = self._waiting.counts[station] * self._is_free
        cell, stock = self._station_cells[station], self._inventory
        pod = self._pod_rule(PodChoice(station, cell, self._n_cols, lines, stock.pod_cells, stock))
        if pod < 0:
            return False
        parts = self._waiting.take(station, pod)
        if not parts:
            raise TaskError(
                f"the pod rule chose pod {pod}, which has no lines at station {station}"
            )
        self._is_free[pod] = False
        self._n_tasks[station] += 1
        cell = int(self._inventory.pod_cells[pod])
        self._open.add(Task(self._n_opened, pod, station, parts, cell))
        self._log.add(
            now_s, EventKind.TASK_OPENED, task=self._n_opened, pod=pod, station=station, cell=cell
        )
        self._n_opened += 1
        return True

    def why_none(self, station: int, floor: FloorView) -> Cause:
        """Why no unit comes to the station, which has lines."""
        if self._open.n_at(station):
            return floor.tasks_wait()
        lines = self._waiting.counts[station]
        if not self._waiting.n_waiting[station] or (lines * self._is_free).any():
            return Cause.RELEASE
        return Cause.POD_CONTENTION if lines.any() else Cause.MISSING_STOCK

    def offer(self) -> OpenTasks:
        """Tasks without a unit, oldest first: stations open them in turn, so age is urgency."""
        return self._open.offer(self._closed)

    def take(self, number: int) -> Task:
        """The open task of that number, which is open no more."""
        return self._open.take(number)

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        """From now on these stations are closed, and no others."""
        self._changed |= set(self._closed - closed)
        self._closed_s = {station: self._closed_s.get(station, now_s) for station in closed}
        self._closed = closed

    def _give_up_closed(self, now_s: float) -> None:
        """Tasks of stations that have been closed for long."""
        for task in self._open.all():
            if now_s >= self._closed_s.get(task.station, np.inf) + CLOSED_S:
                self.withdraw(task, now_s)

    def find(self, number: int) -> Task | None:
        """The open task of that number."""
        return self._open.find(number)

    def all_open(self) -> list[Task]:
        """Tasks without a unit, oldest first."""
        return self._open.all()

    def withdraw(self, task: Task, now_s: float, rest_s: float = 0.0) -> None:
        """The open task will not be done: its lines wait for pods again. rest_s: how long the pod
        is not sent for."""
        self._open.take(task.number)
        self._waiting.give_back(task.station, task.pod, task.parts, self._sku_of)
        self._n_tasks[task.station] -= 1
        self._changed.add(task.station)
        if rest_s:
            self._resting[task.pod] = now_s + rest_s
        else:
            self.pod_stored(task.pod)
        self._log.add(
            now_s, EventKind.TASK_CANCELLED, task=task.number, pod=task.pod, station=task.station,
            cell=task.cell,
        )  # fmt: skip

    def put_back(self, task: Task) -> None:
        """Its unit has given the task up before it lifted the pod, which others may fetch now. All
        that was reserved for it stays so."""
        task.unit = -1
        self._open.add(task)
