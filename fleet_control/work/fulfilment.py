"""Goods to people: pods are fetched to stations, lines are picked from them, pods are stored again.

    order --rule--> station --lines--> pod --task--> unit: lift, bring, be served, store

A task brings one pod to one station and stores it; if then another station has lines for the pod
and room, the pod may go there before it is stored. A unit that has lifted its pod stays in storage
until the station has a slot for it (stations.SlotGate). When the pod is presented, all that it can
do for lines open at the station is one job; what has come in the meantime is the next.

A unit that cannot go on gives its task back as long as it has not lifted the pod: the task is open
again, and all that is reserved for it stays so. With the pod on its plate it keeps the task.

Everything happens on an event; a cycle without news costs next to nothing. Left out: pods have room
for any return.
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import FloorView
from fleet_control.accounting.station_clock import StationClock
from fleet_control.backend import Reports, StationJobs
from fleet_control.events import EventKind, EventLog
from fleet_control.operations import NewOrders
from fleet_control.work import rules
from fleet_control.work.changes import Changes
from fleet_control.work.intake import Intake
from fleet_control.work.inventory import Inventory
from fleet_control.work.jobs import JobBoard
from fleet_control.work.lines import WaitingLines
from fleet_control.work.options import (
    DEFAULT_OPTIONS,
    FulfilmentError,
    FulfilmentOptions,
    check_fit,
    set_up_desk,
)
from fleet_control.work.order_lines import OrderLines
from fleet_control.work.orders import OrderBook
from fleet_control.work.places import NextPlaces
from fleet_control.work.stations import SlotGate, count_slots
from fleet_control.work.tasks import Task, TaskBoard, TaskError
from fleet_control.work.work import Deed, Errand, OpenTasks
from layouts import Layout

__all__ = ["DEFAULT_OPTIONS", "FulfilmentError", "FulfilmentOptions", "FulfilmentWork"]

LADEN_SPEED_M_S = 1.3
"""Of the drive unit of Wurman et al. 2008, where the options do not say."""
LIFT_S = 3.0
"""Tells when a pod that is fetched is overdue (StationClock)."""


class FulfilmentWork:
    """The Work of a fulfilment floor.

    layout: with stations for the lines there are; WORKSTATION counts as a pick station. orders,
    inventory: of the same SKUs; the inventory belongs to this from here on. n_units: units are 0 to
    n_units - 1. keep_waiting: 0 for orders placed when the book says, or so many that wait for a
    station at all times (intake.Intake). Raises FulfilmentError, and UnknownRuleError for a rule of
    no such name.

    tasks_done, lines_done, units_done, orders_done, lines_short, units_short: counts so far. Time
    starts at 0.
    """

    def __init__(
        self, layout: Layout, orders: OrderBook, inventory: Inventory, n_units: int, log: EventLog,
        options: FulfilmentOptions = DEFAULT_OPTIONS, keep_waiting: int = 0,
    ) -> None:  # fmt: skip
        desk = set_up_desk(layout, options)
        check_fit(desk, orders, inventory, options)
        self._layout, self._inventory, self._log = layout, inventory, log
        self._s_per_cell = layout.cell_size_m / (options.laden_speed_m_s or LADEN_SPEED_M_S)
        n_stations = len(layout.stations)
        self._gate = SlotGate(count_slots(layout.stations))
        self._clock = StationClock(n_stations)
        waiting = WaitingLines(n_stations, inventory)
        self._waiting = waiting
        self._places = NextPlaces(layout, inventory, waiting, self._gate, options)
        self._intake = Intake(
            orders, inventory, waiting, self._clock, n_stations, desk, log, keep_waiting
        )
        pod_rule = rules.find_rule(rules.POD_RULES, options.pod_rule, "pod rule")
        limits = [options.tasks_per_station or 2 * n + 2 for n in self._gate.n_slots]
        self._board = TaskBoard(
            layout, inventory, waiting, pod_rule, limits, self._intake.sku_of, log
        )
        self._running: list[Task | None] = [None] * n_units
        self._last_cells = [-1] * n_units
        self._jobs = JobBoard(inventory, waiting, self._intake, self._clock)
        self._errands: list[tuple[int, Errand]] = []
        self._closed: Set[int] = frozenset()
        self._changes = Changes(
            self._intake, inventory, waiting, self._board, self._running, bool(desk.pick_stations)
        )
        self.tasks_done = 0

    # What the controller calls

    def advance(self, now_s: float, reports: Reports) -> None:
        """Take in finished lines and new orders; then pods whose job is done go on or stay for
        more, and tasks open for what is left."""
        self._intake.place(now_s)
        finished = self._jobs.take_in(reports) if len(reports.lines) else []
        changed = self._intake.hand_out(now_s)
        if changed:
            self._board.lines_added(changed)
        for task in finished:
            if not self._jobs.begin(task, now_s):
                self._leave(task, now_s)
        self._board.open_tasks(now_s)

    def open_tasks(self) -> OpenTasks:
        return self._board.offer()

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        """The unit fetches the task's pod. Raises TaskError for a unit that has a task."""
        if self._running[unit] is not None:
            raise TaskError(f"unit {unit} has task {self.task_of(unit)} and cannot begin {task}")
        begun = self._board.take(task)
        begun.unit, begun.began_s = unit, now_s
        self._running[unit] = begun
        if cell >= 0:
            self._last_cells[unit] = cell
        self._note(now_s, EventKind.TASK_ASSIGNED, begun)
        self._expect_fetched(begun, self._driving_s(self._last_cells[unit], begun.cell), now_s)
        self._send(begun, begun.cell, Deed.LIFT, now_s)

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        """The pod is lifted, presented or stored."""
        task = self._task(unit)
        self._log.add(
            now_s, EventKind.ERRAND_DONE, unit=unit, task=task.number, cell=task.cell,
            value=float(n_cells),
        )  # fmt: skip
        self._last_cells[unit] = task.cell
        if task.deed is Deed.LIFT:
            self._lifted(task, now_s)
        elif task.deed is Deed.SERVICE:
            self._presented(task, now_s)
        else:
            self._stored(task, now_s)

    def look(self, now_s: float, floor: FloorView) -> None:
        self._clock.look(now_s, floor, self._board.why_none)

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        task, drive_s = self._task(unit), n_cells * self._s_per_cell
        if task.deed is Deed.LIFT:
            self._expect_fetched(task, drive_s, now_s)
        elif task.deed is Deed.SERVICE:
            self._clock.expect_anew(task.station, unit, now_s + drive_s, now_s)

    def follow_on(self, unit: int, now_s: float) -> Errand | None:
        """Never: units stop for every deed."""
        return None

    def give_back(self, unit: int, now_s: float) -> bool:
        task = self._running[unit]
        if task is None:
            return False
        if self._inventory.is_carried(task.pod):
            self._gate.put_off(task.station, unit)
            return False
        self._note(now_s, EventKind.TASK_RETURNED, task, cell=task.cell)
        self._clock.leave(task.station, unit, now_s)
        self._running[unit] = None
        self._forget_way(unit)
        self._board.put_back(task)
        return True

    def redirect(
        self, unit: int, is_closed: NDArray[np.bool_], now_s: float, n_before: int = -1
    ) -> Errand | None:
        """Another storage cell to set the pod down on. For a pod that cannot be fetched and a
        station that cannot be reached there is nothing else: the task can be given back, or the
        unit waits, under its pod in storage if it has not set out."""
        task = self._running[unit]
        if task is None or task.deed is not Deed.LOWER:
            return None
        cell = self._places.change_storage(task, is_closed)
        if cell < 0:
            return None
        self._forget_way(unit)
        return self._start(task, cell, Deed.LOWER, now_s)

    def take_errands(self) -> list[tuple[int, Errand]]:
        errands, self._errands = self._errands, []
        return errands

    def take_station_jobs(self) -> StationJobs:
        return self._jobs.take_rows()

    def open_station_jobs(self) -> StationJobs:
        return self._jobs.open_rows()

    def task_of(self, unit: int) -> int:
        task = self._running[unit]
        return -1 if task is None else task.number

    # Orders that come and go while the fleet runs, and stations that open and close

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        self._closed = frozenset(closed)
        self._clock.close(self._closed, now_s)
        self._intake.close_stations(self._closed)
        self._board.close_stations(self._closed, now_s)

    def unit_of(self, task: int) -> int | None:
        for running in self._running:
            if running is not None and running.number == task:
                return running.unit
        return -1 if self._board.find(task) is not None else None

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        return self._changes.add_orders(new, now_s)

    def cancel_task(self, task: int, now_s: float) -> str:
        return self._changes.cancel_task(task, now_s)

    def cancel_order(self, order: int, now_s: float) -> str:
        return self._changes.cancel_order(order, now_s)

    # What runs and reports ask

    def station_times(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 4], seconds picking, starved, blocked and without work since 0."""
        return self._clock.times_s(now_s)

    def station_causes_s(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 12], seconds by accounting.causes.Cause since 0."""
        return self._clock.causes_s(now_s)

    def station_causes(self, now_s: float) -> NDArray[np.int64]:
        """int64[n_stations, 12], the same in ticks."""
        return self._clock.causes(now_s)

    @property
    def order_lines(self) -> OrderLines:
        """All orders as lists."""
        return self._intake.lines

    @property
    def lines_done(self) -> int:
        return self._intake.counters.lines_done

    @property
    def units_done(self) -> int:
        return self._intake.counters.units_done

    @property
    def orders_placed(self) -> int:
        return self._intake.n_placed

    @property
    def ran_out_s(self) -> float:
        """When there were no more orders to keep enough waiting, or inf."""
        return self._intake.ran_out_s

    @property
    def orders_done(self) -> int:
        return self._intake.counters.orders_done

    @property
    def orders_cancelled(self) -> int:
        return self._intake.counters.orders_cancelled

    @property
    def lines_short(self) -> int:
        return self._intake.counters.lines_short

    @property
    def units_short(self) -> int:
        return self._intake.counters.units_short

    @property
    def pod_cells(self) -> NDArray[np.int32]:
        """int32[n_pods], cell of each pod, -1 for one that is carried."""
        return self._inventory.pod_cells

    # The life of a task

    def _task(self, unit: int) -> Task:
        task = self._running[unit]
        if task is None:
            raise TaskError(f"unit {unit} has no task, so none of its errands can be over")
        return task

    def _send(self, task: Task, cell: int, deed: Deed, now_s: float) -> None:
        self._errands.append((task.unit, self._start(task, cell, deed, now_s)))

    def _start(self, task: Task, cell: int, deed: Deed, now_s: float) -> Errand:
        task.cell, task.deed = cell, deed
        self._log.add(
            now_s, EventKind.ERRAND_STARTED, unit=task.unit, task=task.number, cell=cell,
            pod=-1 if deed is Deed.LIFT else task.pod, value=float(self._last_cells[task.unit]),
        )  # fmt: skip
        return Errand(cell, deed, is_laden=deed is not Deed.LIFT)

    def _forget_way(self, unit: int) -> None:
        """The unit's errand is void, and where it has got to is not known here."""
        self._errands = [(other, errand) for other, errand in self._errands if other != unit]
        self._last_cells[unit] = -1

    def _lifted(self, task: Task, now_s: float) -> None:
        self._inventory.lift(task.pod)
        self._log.add(now_s, EventKind.POD_LIFTED, unit=task.unit, pod=task.pod, cell=task.cell)
        if self._gate.request(task.station, task.unit):
            self._depart(task, now_s)

    def _depart(self, task: Task, now_s: float) -> None:
        """From storage to the station, for which the unit has a slot."""
        self._inventory.vacate(task.cell)
        self._bring(task, now_s)

    def _bring(self, task: Task, now_s: float) -> None:
        goal = int(self._places.station_cells[task.station])
        due_s = now_s + self._driving_s(task.cell, goal)
        self._clock.expect_anew(task.station, task.unit, due_s, now_s)
        self._clock.expect(task.station, task.unit, due_s)
        self._send(task, goal, Deed.SERVICE, now_s)

    def _expect_fetched(self, task: Task, fetch_s: float, now_s: float) -> None:
        """The unit is so far from the pod that it is to bring to the station."""
        bring_s = self._driving_s(task.cell, int(self._places.station_cells[task.station]))
        due_s = now_s + fetch_s + LIFT_S + bring_s
        self._clock.expect_anew(task.station, task.unit, due_s, now_s)

    def _driving_s(self, start: int, goal: int) -> float:
        """Seconds from cell to cell at the full speed of a loaded unit; 0 from an unknown start."""
        if start < 0:
            return 0.0
        (row, col), (goal_row, goal_col) = self._layout.row_col(start), self._layout.row_col(goal)
        return (abs(row - goal_row) + abs(col - goal_col)) * self._s_per_cell

    def _presented(self, task: Task, now_s: float) -> None:
        self._note(now_s, EventKind.POD_PRESENTED, task, cell=task.cell)
        task.n_handled = 0
        if not self._jobs.begin(task, now_s):  # all that it was to do has been cancelled
            self._leave(task, now_s)

    def _leave(self, task: Task, now_s: float) -> None:
        """The pod is served and goes to another station or back; its slot goes to the next unit."""
        self._note(now_s, EventKind.POD_SERVED, task, value=float(task.n_handled))
        self._clock.leave(task.station, task.unit, now_s)
        self._board.pod_served(task.station)
        served_at = task.station
        station = self._places.find_onward(task, self._closed)
        if station >= 0:
            self._go_onward(task, station, now_s)
        else:
            self._send(task, self._places.hold_storage(task), Deed.LOWER, now_s)
        unit = self._gate.release(served_at)
        if unit >= 0:
            self._depart(self._task(unit), now_s)

    def _go_onward(self, task: Task, station: int, now_s: float) -> None:
        task.station = station
        task.parts = self._waiting.take(station, task.pod)
        self._board.pod_bound(station)
        self._gate.request(station, task.unit)
        self._bring(task, now_s)

    def _stored(self, task: Task, now_s: float) -> None:
        self._inventory.lower(task.pod, task.cell)
        self._log.add(now_s, EventKind.POD_STORED, unit=task.unit, pod=task.pod, cell=task.cell)
        took_s = now_s - task.began_s
        self._note(now_s, EventKind.TASK_DONE, task, cell=task.cell, value=took_s)
        self._running[task.unit] = None
        self._board.pod_stored(task.pod)
        self.tasks_done += 1

    def _note(
        self, now_s: float, kind: EventKind, task: Task, cell: int = -1, value: float = 0.0
    ) -> None:
        self._log.add(
            now_s, kind, unit=task.unit, task=task.number, pod=task.pod, station=task.station,
            cell=cell, value=value,
        )  # fmt: skip
