"""Holds tasks back while the floor is congested, so that a jam dissolves instead of growing.

Traffic on a crowded floor is metastable: it flows for hours, then units knot up at a crossing,
every new task drives one more into the knot, and it never comes loose. Here the share of driving
units that make no headway closes a valve for new tasks, and a smaller share opens it again
(hysteresis). Tasks under way go on.

Some waiting does not count: that in the queue of a station, which is by design; that for a station
that is closed, which no holding back of tasks would end; and that of units on their way to lift a
pod. These drive under pods, where a unit that waits for a place at its station may stand for
minutes, in the way of one or two others but not of the aisles.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import Cause, FloorView
from fleet_control.backend import Ints, Reports, StationJobs, empty_ints
from fleet_control.operations import NewOrders
from fleet_control.work.work import Deed, Errand, OpenTasks, Work

_NO_TASKS = OpenTasks(empty_ints(), empty_ints())
_CHECK_S = 1.0


@dataclass(frozen=True, slots=True)
class _HeldBack:
    """A FloorView while tasks are held back."""

    floor: FloorView

    def stands_in(self, unit: int, station: int) -> bool:
        return self.floor.stands_in(unit, station)

    def is_stopped(self, unit: int) -> bool:
        return self.floor.is_stopped(unit)

    def is_shut(self, station: int) -> bool:
        return self.floor.is_shut(station)

    def tasks_wait(self) -> Cause:
        return Cause.CONGESTION


class Valve:
    """A Work that passes everything on, but offers tasks only while traffic flows.

    stuck_s: a unit on an errand that has reported nothing for so long makes no headway; longer than
    turning and lifting a pod take. close_share, open_share: of the units on errands. spare: stuck
    units that never count: on a small floor one is a large share. Measured on the ready floors
    `demo` and `large` with more units than they carry: throughput was up to three times that
    without a valve; with twice these figures knots grew too far before it closed.

    is_closed: whether tasks are held back now. closed_s: seconds of that so far.
    """

    def __init__(
        self, work: Work, n_units: int, stuck_s: float = 6.0, close_share: float = 0.06,
        open_share: float = 0.03, spare: int = 1,
    ) -> None:  # fmt: skip
        self._work = work
        self._is_driving = np.zeros(n_units, dtype=bool)
        self._news_s = np.zeros(n_units)
        self._stuck_s, self._spare = stuck_s, spare
        self._close_share, self._open_share = close_share, open_share
        self._now_s = self._checked_s = self.closed_s = 0.0
        self._cells_now: Callable[[], Ints] | None = None
        self._is_queue = np.empty(0, dtype=bool)
        self._zones = np.empty(0, dtype=np.int16)
        self._goals = np.zeros(n_units, dtype=np.int32)
        self._closed: Set[int] = frozenset()
        self.is_closed = False
        self.begin, self.follow_on, self.task_of = work.begin, work.follow_on, work.task_of
        self.note_way = work.note_way

    def watch(self, cells_now: Callable[[], Ints], zones: NDArray[np.int16]) -> None:
        """cells_now: int32[n_units], where units are. zones: int16[n_cells], station of each cell
        to wait on, -1 elsewhere."""
        self._cells_now, self._zones, self._is_queue = cells_now, zones, zones >= 0

    def advance(self, now_s: float, reports: Reports) -> None:
        self._news_s[reports.units] = now_s
        self.closed_s += self.is_closed * (now_s - self._now_s)
        self._now_s = now_s
        if now_s >= self._checked_s + _CHECK_S:
            self._checked_s = now_s
            self._check()
        self._work.advance(now_s, reports)

    def _check(self) -> None:
        is_stuck = self._is_driving & (self._news_s < self._now_s - self._stuck_s)
        if self._cells_now is not None:
            is_stuck &= ~self._is_queue[self._cells_now()]
        if self._closed:
            is_stuck &= ~np.isin(self._zones[self._goals], list(self._closed))
        share = self._open_share if self.is_closed else self._close_share
        self.is_closed = int(is_stuck.sum()) > max(self._spare, share * self._is_driving.sum())

    def open_tasks(self) -> OpenTasks:
        """Those of the work, or none while the valve is closed."""
        return _NO_TASKS if self.is_closed else self._work.open_tasks()

    def look(self, now_s: float, floor: FloorView) -> None:
        self._work.look(now_s, _HeldBack(floor) if self.is_closed else floor)

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        self._is_driving[unit] = False
        self._work.errand_done(unit, now_s, n_cells)

    def give_back(self, unit: int, now_s: float) -> bool:
        """A unit that cannot go on is no sign of a jam, whether it keeps its task or not; it counts
        again from its next errand."""
        self._is_driving[unit] = False
        return self._work.give_back(unit, now_s)

    def redirect(
        self, unit: int, is_closed: NDArray[np.bool_], now_s: float, n_before: int = -1
    ) -> Errand | None:
        errand = self._work.redirect(unit, is_closed, now_s, n_before)
        if errand is not None:
            self._set_out(unit, errand)
        return errand

    def take_errands(self) -> list[tuple[int, Errand]]:
        errands = self._work.take_errands()
        for unit, errand in errands:
            self._set_out(unit, errand)
        return errands

    def _set_out(self, unit: int, errand: Errand) -> None:
        self._is_driving[unit] = errand.deed is not Deed.LIFT
        self._news_s[unit] = self._now_s
        self._goals[unit] = errand.cell

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        self._closed = frozenset(closed)
        self._work.close_stations(closed, now_s)

    def unit_of(self, task: int) -> int | None:
        return self._work.unit_of(task)

    def cancel_task(self, task: int, now_s: float) -> str:
        return self._work.cancel_task(task, now_s)

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        return self._work.add_orders(new, now_s)

    def cancel_order(self, order: int, now_s: float) -> str:
        return self._work.cancel_order(order, now_s)

    def take_station_jobs(self) -> StationJobs:
        return self._work.take_station_jobs()

    def open_station_jobs(self) -> StationJobs:
        return self._work.open_station_jobs()
