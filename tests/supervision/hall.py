"""A controller on an open floor with units out of step, work that keeps accounts, and a messenger
that a test may bribe."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace

import numpy as np

from fleet_control.accounting.causes import FloorView
from fleet_control.allocation import nearest
from fleet_control.backend import (
    Commands,
    Condition,
    Conditions,
    Reports,
    StationJobs,
    no_station_jobs,
)
from fleet_control.controller import Controller, ControllerOptions
from fleet_control.events import EventKind, EventLog
from fleet_control.instant import Chaos, InstantBackend
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.operations import Operation, OperationKind
from fleet_control.supervision.status import FleetStatus, status_of
from fleet_control.supervision.stops import StopOptions
from fleet_control.work.work import Deed, Errand, OpenTasks, Work
from layouts import CellKind, Layout, open_layout

CYCLE_S = 0.2


def hall(n_rows: int = 6, n_cols: int = 8, chargers: tuple[int, ...] = ()) -> Layout:
    kinds = np.full(n_rows * n_cols, CellKind.FLOOR, dtype=np.int8)
    kinds[list(chargers)] = CellKind.CHARGER
    return open_layout("hall", kinds.reshape(n_rows, n_cols))


class Rides:
    """Work: pods are carried from where they stand to somewhere else, perhaps over a place where
    people are at them until `let_go`. Every deed is checked to be the next of its task.

    done: task -> how often it ended. returned: how often each was given back.
    """

    def __init__(self, rides: list[tuple[int, int]], spare: list[int], service: int = -1) -> None:
        self._rides, self._spare, self._service = rides, spare, service
        self._open = list(range(len(rides)))
        self._goals = {task: goal for task, (_, goal) in enumerate(rides)}
        self._running: dict[int, int] = {}
        self._next: dict[int, Deed | None] = {}
        self._errands: list[tuple[int, Errand]] = []
        self.done: Counter[int] = Counter()
        self.returned: Counter[int] = Counter()
        self.begun: list[tuple[int, int]] = []

    def advance(self, now_s: float, reports: Reports) -> None:
        pass

    def open_tasks(self) -> OpenTasks:
        cells = [self._rides[task][0] for task in self._open]
        return OpenTasks(np.array(self._open, np.int32), np.array(cells, np.int32))

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        assert unit not in self._running
        self._open.remove(task)
        self._running[unit] = task
        self.begun.append((task, unit))
        self._send(unit, self._rides[task][0], Deed.LIFT)

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        assert n_cells >= 0
        task, deed = self._running[unit], self._next[unit]
        assert deed is not None, f"unit {unit} has no errand"
        self._next[unit] = None
        if deed is Deed.LOWER:
            self.done[task] += 1
            del self._running[unit]
        elif deed is Deed.LIFT and self._service >= 0:
            self._send(unit, self._service, Deed.SERVICE)
        elif deed is Deed.LIFT:
            self._send(unit, self._goals[task], Deed.LOWER)

    def let_go(self, unit: int) -> None:
        """People have finished."""
        self._send(unit, self._goals[self._running[unit]], Deed.LOWER)

    def follow_on(self, unit: int, now_s: float) -> Errand | None:
        return None

    def give_back(self, unit: int, now_s: float) -> bool:
        if self._next.get(unit) is not Deed.LIFT:
            return False
        task = self._running.pop(unit)
        self._next[unit] = None
        self._errands = [row for row in self._errands if row[0] != unit]
        self._open.append(task)
        self.returned[task] += 1
        return True

    def redirect(
        self, unit: int, is_closed: np.ndarray, now_s: float, n_before: int = -1
    ) -> Errand | None:
        others = [cell for cell in self._spare if not is_closed[cell]]
        if self._next.get(unit) is not Deed.LOWER or not others:
            return None
        task = self._running[unit]
        self._spare.remove(others[0])
        self._spare.append(self._goals[task])
        self._goals[task] = others[0]
        self._errands = [row for row in self._errands if row[0] != unit]
        return Errand(others[0], Deed.LOWER, is_laden=True)

    def take_errands(self) -> list[tuple[int, Errand]]:
        errands, self._errands = self._errands, []
        return errands

    def take_station_jobs(self) -> StationJobs:
        return no_station_jobs()

    open_station_jobs = take_station_jobs

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        pass

    def look(self, now_s: float, floor: FloorView) -> None:
        pass

    def task_of(self, unit: int) -> int:
        return self._running.get(unit, -1)

    def _send(self, unit: int, cell: int, deed: Deed) -> None:
        self._next[unit] = deed
        self._errands.append((unit, Errand(cell, deed, is_laden=deed is not Deed.LIFT)))


class Steps(Chaos):
    """Every step lasts longer than a control cycle, so that each fault is seen by itself."""

    def delays_s(self) -> tuple[float, float]:
        takes_s = 1.5 * CYCLE_S + float(self.rng.exponential(self.step_s))
        return takes_s, takes_s * float(self.rng.uniform(0.5, 1.5))


class Hall:
    """is_mute: units whose conditions do not come through. low: units with low batteries. asked:
    (time, unit, request) of all requests. released: (unit, cell, speed) of all releases."""

    def __init__(
        self, work: Work, cells: list[int], layout: Layout, pods: list[int] | None = None,
        seed: int = 0, stops: StopOptions | None = None, log: EventLog | None = None,
        step_s: float = 0.3,
    ) -> None:  # fmt: skip
        n_units = len(cells)
        self.layout, self.work = layout, work
        self.log = EventLog() if log is None else log
        self.backend = InstantBackend(
            layout, np.array(cells, np.int32), np.zeros(n_units, np.int8),
            np.array(pods or [], np.int32), chaos=Steps(np.random.default_rng(seed), step_s),
        )  # fmt: skip
        grid = grid_of(layout)
        self.planner = planner_named("pibt", grid, n_units, PlannerOptions(seed=seed))
        options = ControllerOptions(stops=stops or StopOptions())
        self.controller = Controller(
            grid, self.backend.connect(), self.planner, work, nearest, options, self.log
        )
        self.now_s, self.n_units = 0.0, n_units
        self.is_mute: set[int] = set()
        self.low: set[int] = set()
        self._told = np.zeros(n_units, np.int8)
        self.asked: list[tuple[float, int, int]] = []
        self.released: list[tuple[int, int, float]] = []

    def cycle(self, *operations: Operation) -> None:
        self.now_s += CYCLE_S
        reports = self._change(self.backend.advance(self.now_s))
        commands = self.controller.step(reports, operations)
        self._note(commands)
        self.backend.send(commands)
        self._check()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / CYCLE_S)):
            self.cycle()

    def until(self, condition, within_s: float = 120.0) -> None:
        end_s = self.now_s + within_s
        while not condition():
            assert self.now_s < end_s, f"has not come about in {within_s:g} s"
            self.cycle()

    def ask(self, kind: OperationKind, **what: object) -> None:
        self.cycle(Operation(kind, **what))

    def _change(self, reports: Reports) -> Reports:
        """Conditions as units have them now, but for those that are mute."""
        flags = self.backend._flags()
        for unit in self.low:
            flags[unit] |= Condition.LOW_BATTERY
        for unit in self.is_mute:
            flags[unit] = self._told[unit]
        rows = np.flatnonzero(flags != self._told).astype(np.int32)
        self._told = flags
        sessions = np.zeros(len(rows), np.int32)
        return replace(reports, conditions=Conditions(rows, flags[rows], sessions))

    def _note(self, commands: Commands) -> None:
        requests, releases = commands.requests, commands.releases
        rows = zip(requests.units.tolist(), requests.kinds.tolist(), strict=True)
        self.asked += [(self.now_s, unit, kind) for unit, kind in rows]
        speeds = releases.speeds_m_s
        limits = [np.inf] * len(releases.units) if speeds is None else speeds.tolist()
        self.released += zip(releases.units.tolist(), releases.cells.tolist(), limits, strict=True)

    def _check(self) -> None:
        """Bodies lie within what their units hold; nobody holds a cell of another."""
        owners = self.controller.executor.owners
        for unit in range(self.n_units):
            for cell in self.backend.cells_under(unit):
                assert owners[cell] == unit, f"unit {unit} is on cell {cell} of {owners[cell]}"

    @property
    def status(self) -> FleetStatus:
        return status_of(self.controller.supervisor)

    @property
    def cells(self) -> list[int]:
        return [self.controller.executor.cell_now(unit) for unit in range(self.n_units)]

    def happened(self, kind: EventKind, unit: int = -1) -> int:
        events = self.log.columns()
        is_it = (events["kind"] == kind) & ((events["unit"] == unit) | (unit < 0))
        return int(is_it.sum())


def rides_in(
    layout: Layout, n_rides: int, n_units: int, seed: int, service: int = -1
) -> tuple[Rides, list[int], list[int]]:
    """Rides at random, where units start, and where pods stand."""
    rng = np.random.default_rng(seed)
    free = np.setdiff1d(np.flatnonzero(layout.driveable), [service])
    cells = deque(rng.permutation(free).tolist())
    pairs = [(cells.popleft(), cells.popleft()) for _ in range(n_rides)]
    starts = [cells.popleft() for _ in range(n_units)]
    spare = [cells.popleft() for _ in range(min(3, len(cells)))]
    return Rides(pairs, spare, service), starts, [pod for pod, _ in pairs]
