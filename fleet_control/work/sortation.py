"""Sortation: parcels arrive at induct stations, units carry each to the chute it is bound for.

A task is one ride: to an induct station, where the oldest parcel is put on (a job of one line); to
its chute, where it is dropped (another); and last an errand on the spot, which sends the unit off
empty and free.

No more rides are open or on their way to an induct station than have room there. A loaded unit
leaves it only when its chute has room, which counts units on the way, so that the floor in front of
a popular chute does not fill up. A unit that cannot go on gives its ride back as long as it is on
its way to a parcel. Left out: parcels that differ, and chutes that are full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import FloorView
from fleet_control.accounting.station_clock import StationClock
from fleet_control.backend import Reports, StationJobs
from fleet_control.events import EventKind, EventLog
from fleet_control.operations import NewOrders
from fleet_control.work.jobs import JobRow, station_jobs
from fleet_control.work.parcels import ParcelStream, SortationError, check, stations_of
from fleet_control.work.pool import TaskError
from fleet_control.work.rides import Ride, RideBoard
from fleet_control.work.stations import SlotGate, count_slots
from fleet_control.work.work import Deed, Errand, OpenTasks
from layouts import Layout

__all__ = ["SortationError", "SortationWork"]

_NO_ORDERS = "the floor sorts parcels as they come; it takes no orders"
UNITS_DRIVING = 3
"""Loaded units that may be on their way to a chute beyond those that fit there."""
SPEED_M_S = 1.5
"""Tells when a unit on its way is overdue (StationClock)."""


class SortationWork:
    """The Work of a sortation floor.

    layout: with INDUCT and EJECT stations. n_units: units are 0 to n_units - 1. parcels_per_hour:
    of the whole floor, spread evenly over its induct stations. keep_waiting: 0, or parcels that
    wait at each of them at all times instead. units_per_chute: loaded units on the way to one chute
    or at it; None: one at the chute, one per queue cell, three on their way.
    units_per_induct: units on the way to one induct station or at it; None: one at the station, one
    per queue cell. More suits stations without a queue, where one unit at a time starves people.

    A parcel is an order of one line; both carry its number. tasks_done, orders_done, lines_done,
    units_done: counts so far. Time starts at 0.
    """

    def __init__(
        self, layout: Layout, n_units: int, parcels_per_hour: float, seed: int, log: EventLog,
        units_per_chute: int | None = None, units_per_induct: int | None = None,
        keep_waiting: int = 0,
    ) -> None:  # fmt: skip
        inducts, chutes = stations_of(layout)
        check(inducts, chutes, parcels_per_hour, units_per_chute, units_per_induct, keep_waiting)
        self._layout, self._log = layout, log
        self._cells = [station.cell for station in layout.stations]
        self._parcels = ParcelStream(seed, parcels_per_hour, inducts, chutes, keep_waiting)
        n_slots = count_slots(layout.stations)
        room = [units_per_induct or n for n in n_slots]
        self._rides = RideBoard(inducts, self._cells, room)
        per_chute = [units_per_chute or n + UNITS_DRIVING for n in n_slots]
        self._gate = SlotGate(per_chute)
        self._clock = StationClock(len(self._cells))
        self._placed_s: list[float] = []
        self._chute_of: list[int] = []
        self._waiting: dict[int, deque[int]] = {s: deque() for s in inducts}
        self._running: list[Ride | None] = [None] * n_units
        self._last_cells = [-1] * n_units
        self._in_jobs: dict[int, Ride] = {}
        self._n_jobs = self._n_handed_out = 0
        self._errands: list[tuple[int, Errand]] = []
        self._job_rows: list[JobRow] = []
        self.tasks_done = self.orders_done = self.lines_done = self.units_done = 0

    # What the controller calls

    def advance(self, now_s: float, reports: Reports) -> None:
        """Take in parcels put on and dropped, and parcels that have arrived."""
        if len(reports.lines):
            rows = zip(
                reports.line_jobs.tolist(), reports.lines.tolist(), reports.line_times_s.tolist(),
                strict=True,
            )  # fmt: skip
            for job, parcel, time_s in rows:
                ride = self._ride_for(job, parcel)
                if ride is not None:
                    self._job_done(ride, time_s, now_s)
        self._take_in_parcels(now_s)

    def open_tasks(self) -> OpenTasks:
        return self._rides.offer()

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        """The unit goes for a parcel. Raises TaskError for a unit that has a task."""
        if self._running[unit] is not None:
            raise TaskError(f"unit {unit} has task {self.task_of(unit)} and cannot begin {task}")
        ride = self._rides.take(task)
        ride.unit, ride.began_s = unit, now_s
        self._running[unit] = ride
        if cell >= 0:
            self._last_cells[unit] = cell
        self._note(now_s, EventKind.TASK_ASSIGNED, ride)
        self._send(ride, ride.station, is_laden=False, now_s=now_s)

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        """The unit has arrived at the station, or is empty and free."""
        ride = self._running[unit]
        if ride is None:
            raise TaskError(f"unit {unit} has no task, so none of its errands can be over")
        self._last_cells[unit] = ride.cell
        self._note(now_s, EventKind.ERRAND_DONE, ride, value=float(n_cells))
        if ride.deed is Deed.PASS:
            self._finish(ride, now_s)
            return
        if ride.parcel < 0:
            ride.parcel = self._waiting[ride.station].popleft()
            self._rides.load(ride.station)
            self._log.add(now_s, EventKind.ORDER_ASSIGNED, order=ride.parcel, station=ride.station)
            self._take_in_parcels(now_s)
        self._begin_job(ride, now_s)

    def look(self, now_s: float, floor: FloorView) -> None:
        self._clock.look(now_s, floor, self._rides.why_none)

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        ride = self._running[unit]
        if ride is not None and ride.deed is Deed.SERVICE:
            due_s = now_s + n_cells * self._layout.cell_size_m / SPEED_M_S
            self._clock.expect_anew(ride.station, unit, due_s, now_s)

    def follow_on(self, unit: int, now_s: float) -> Errand | None:
        """Never: units stop at every station."""
        return None

    def give_back(self, unit: int, now_s: float) -> bool:
        ride = self._running[unit]
        if ride is None:
            return False
        if ride.parcel >= 0:
            self._gate.put_off(self._chute_of[ride.parcel], unit)
            return False
        self._note(now_s, EventKind.TASK_RETURNED, ride)
        self._clock.leave(ride.station, unit, now_s)
        self._running[unit] = None
        self._last_cells[unit] = -1
        self._errands = [(other, errand) for other, errand in self._errands if other != unit]
        self._rides.put_back(ride)
        return True

    def redirect(
        self, unit: int, is_closed: NDArray[np.bool_], now_s: float, n_before: int = -1
    ) -> Errand | None:
        """None: a parcel is at one station and bound for one chute."""
        return None

    def take_errands(self) -> list[tuple[int, Errand]]:
        errands, self._errands = self._errands, []
        return errands

    def take_station_jobs(self) -> StationJobs:
        rows, self._job_rows = self._job_rows, []
        self._n_handed_out = self._n_jobs
        return station_jobs(rows)

    def open_station_jobs(self) -> StationJobs:
        handed_out = (job for job in self._in_jobs if job < self._n_handed_out)
        return station_jobs([self._job_row(job) for job in handed_out])

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        """No unit sets out for a closed induct station. A parcel that is on a unit is bound for its
        chute, closed or not."""
        self._rides.close_stations(closed)
        self._clock.close(closed, now_s)

    def unit_of(self, task: int) -> int | None:
        for ride in self._running:
            if ride is not None and ride.number == task:
                return ride.unit
        return -1 if self._rides.is_open(task) else None

    def cancel_task(self, task: int, now_s: float) -> str:
        """The parcel is there and has to go: its ride is open for another unit, as it is now."""
        return "" if self._rides.is_open(task) else f"ride {task} is not open"

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        return _NO_ORDERS

    def cancel_order(self, order: int, now_s: float) -> str:
        return _NO_ORDERS

    def task_of(self, unit: int) -> int:
        ride = self._running[unit]
        return -1 if ride is None else ride.number

    @property
    def orders_placed(self) -> int:
        """Parcels that have arrived."""
        return len(self._placed_s)

    def station_times(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 4], seconds picking, starved, blocked and without work since 0.
        Picking is putting on and dropping; an induct station with a loaded unit that waits for room
        at its chute is blocked if more parcels wait behind it."""
        return self._clock.times_s(now_s)

    def station_causes_s(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 12], seconds by accounting.causes.Cause since 0."""
        return self._clock.causes_s(now_s)

    def station_causes(self, now_s: float) -> NDArray[np.int64]:
        """int64[n_stations, 12], the same in ticks."""
        return self._clock.causes(now_s)

    # The life of a parcel

    def _take_in_parcels(self, now_s: float) -> None:
        for time_s, station, chute in self._parcels.take(now_s, self._waiting):
            parcel = len(self._placed_s)
            self._placed_s.append(time_s)
            self._chute_of.append(chute)
            self._waiting[station].append(parcel)
            self._log.add(time_s, EventKind.ORDER_PLACED, order=parcel, value=1.0)
            self._clock.add_lines(station, 1, now_s)
            self._open_rides(station, now_s)

    def _open_rides(self, station: int, now_s: float) -> None:
        """A ride for every parcel without one, as far as the station has room for units."""
        n_parcels = len(self._waiting[station])
        while (ride := self._rides.open_one(station, n_parcels)) is not None:
            self._note(now_s, EventKind.TASK_OPENED, ride)

    def _begin_job(self, ride: Ride, now_s: float) -> None:
        self._in_jobs[self._n_jobs] = ride
        self._job_rows.append(self._job_row(self._n_jobs))
        self._n_jobs += 1
        self._clock.set_busy(ride.station, True, now_s)

    def _job_row(self, job: int) -> JobRow:
        """One parcel is put on, or dropped."""
        ride = self._in_jobs[job]
        quantity = 1 if ride.station == self._chute_of[ride.parcel] else -1
        return (ride.station, job, ride.parcel, quantity, -1, -1)

    def _ride_for(self, job: int, parcel: int) -> Ride | None:
        """Whose job was done, and is closed now; None for one that was reported before."""
        ride = self._in_jobs.get(job)
        if not 0 <= job < self._n_handed_out or (ride is not None and ride.parcel != parcel):
            raise TaskError(
                f"parcel {parcel} of job {job} is reported done but was never given to people; the "
                "jobs of a station come from this controller alone"
            )
        return self._in_jobs.pop(job, None)

    def _job_done(self, ride: Ride, time_s: float, now_s: float) -> None:
        self._clock.set_busy(ride.station, False, time_s)
        self._clock.line_done(ride.station, time_s)
        chute = self._chute_of[ride.parcel]
        if ride.station != chute:
            self._clock.add_lines(chute, 1, now_s)
            if self._gate.request(chute, ride.unit):
                self._carry(ride, now_s)
            else:
                self._clock.hold(ride.station, now_s)
        else:
            self._dropped(ride, time_s, now_s)

    def _carry(self, ride: Ride, now_s: float) -> None:
        """From the induct station to the chute, which has room."""
        induct, ride.station = ride.station, self._chute_of[ride.parcel]
        self._clock.leave(induct, ride.unit, now_s)
        self._rides.leave(induct)
        self._send(ride, ride.station, is_laden=True, now_s=now_s)
        self._open_rides(induct, now_s)

    def _dropped(self, ride: Ride, time_s: float, now_s: float) -> None:
        parcel, station = ride.parcel, ride.station
        self.lines_done += 1
        self.units_done += 1
        self.orders_done += 1
        self._log.add(
            time_s, EventKind.LINE_DONE, order=parcel, line=parcel, station=station, value=1.0
        )
        cycle_s = time_s - self._placed_s[parcel]
        self._log.add(time_s, EventKind.ORDER_DONE, order=parcel, station=station, value=cycle_s)
        self._clock.leave(station, ride.unit, now_s)
        ride.deed = Deed.PASS
        self._hand_out(ride, Errand(ride.cell, Deed.PASS), now_s)
        unit = self._gate.release(station)
        waiting = self._running[unit] if unit >= 0 else None
        if waiting is not None:
            self._carry(waiting, now_s)

    def _finish(self, ride: Ride, now_s: float) -> None:
        self._note(now_s, EventKind.TASK_DONE, ride, value=now_s - ride.began_s)
        self._running[ride.unit] = None
        self.tasks_done += 1

    def _send(self, ride: Ride, station: int, *, is_laden: bool, now_s: float) -> None:
        ride.cell = self._cells[station]
        drive_s = self._driving_s(self._last_cells[ride.unit], ride.cell)
        self._clock.expect(station, ride.unit, now_s + drive_s)
        self._hand_out(ride, Errand(ride.cell, Deed.SERVICE, is_laden), now_s)

    def _hand_out(self, ride: Ride, errand: Errand, now_s: float) -> None:
        self._errands.append((ride.unit, errand))
        self._log.add(
            now_s, EventKind.ERRAND_STARTED, unit=ride.unit, task=ride.number, cell=errand.cell,
            station=ride.station, order=ride.parcel if errand.is_laden else -1,
            value=float(self._last_cells[ride.unit]),
        )  # fmt: skip

    def _driving_s(self, start: int, goal: int) -> float:
        """Seconds from cell to cell at full speed; from an unknown start, 0."""
        if start < 0:
            return 0.0
        (row, col), (goal_row, goal_col) = self._layout.row_col(start), self._layout.row_col(goal)
        n_cells = abs(row - goal_row) + abs(col - goal_col)
        return n_cells * self._layout.cell_size_m / SPEED_M_S

    def _note(self, now_s: float, kind: EventKind, ride: Ride, value: float = 0.0) -> None:
        self._log.add(
            now_s, kind, unit=ride.unit, task=ride.number, station=ride.station, cell=ride.cell,
            value=value,
        )  # fmt: skip
