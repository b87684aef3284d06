"""The simplest fleet there is: every unit drives its own row to and fro, whatever befalls it."""

from __future__ import annotations

import numpy as np

from fleet_control.backend import (
    Commands,
    Condition,
    Releases,
    Request,
    Requests,
    no_station_jobs,
)
from fleet_control.operations import Operation, OperationKind
from layouts import CellKind, Layout, open_layout
from twin.faults import FaultInjector, FaultSchedule, FaultTargets
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.people import People

CYCLE_S = 0.2
AHEAD = 4


def hall(n_rows: int, n_cols: int) -> Layout:
    return open_layout("hall", np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8))


class NotedLink:
    """A link that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple] = []

    def set_noise(self, noise: Noise, unit: int = -1) -> None:
        self.told.append((unit, noise))

    def set_down(self, is_down: bool, unit: int = -1) -> None:
        self.told.append((unit, is_down))


class Shuttles:
    """Units 0.. in rows 0, 2, 4, ...; the rows between are free. Also the books of the injector.

    operations: all that were handed out, with their times.
    """

    def __init__(self, schedule: FaultSchedule, n_units: int = 3, n_cols: int = 12) -> None:
        self.layout = hall(2 * n_units, n_cols)
        cells = np.arange(n_units, dtype=np.int32) * 2 * n_cols
        headings = np.zeros(n_units, dtype=np.int8)
        pods = cells + 5
        self.twin = KinematicTwin(self.layout, cells, headings, pods, People(0, 0))
        self.twin.connect()
        self.link = NotedLink()
        self.targets = FaultTargets(self.twin, self.twin.agents, self.link, self)
        self.injector = FaultInjector(schedule, self.targets, self.layout)
        self.paths = [[int(cell)] for cell in cells]
        self.done = [0] * n_units
        self.faults = [0] * n_units
        self.flags = [0] * n_units
        self.present = [True] * n_units
        self.operations: list[tuple[float, Operation]] = []
        self.n_cols, self.now_s, self.n_driven = n_cols, 0.0, 0

    def is_held(self, cell: int) -> bool:
        return any(cell in path[-AHEAD - 1 :] for path in self.paths)

    def is_admitted(self, unit: int) -> bool:
        return self.present[unit]

    def run(self, until_s: float) -> Shuttles:
        while self.now_s < until_s:
            self.cycle()
        return self

    def cycle(self) -> None:
        self.now_s = round(self.now_s + CYCLE_S, 6)
        reports = self.twin.advance(self.now_s)
        self.injector.act(self.now_s)
        requests = []
        for unit, done, fault in zip(
            reports.units.tolist(), reports.done.tolist(), reports.faults.tolist(), strict=True
        ):
            self.n_driven += max(done - self.done[unit], 0)
            self.done[unit], self.faults[unit] = done, fault
        rows = reports.conditions
        for unit, flags in zip(rows.units.tolist(), rows.flags.tolist(), strict=True):
            self.flags[unit] = flags
        rows = reports.retractions
        for unit, kept in zip(rows.units.tolist(), rows.kept.tolist(), strict=True):
            del self.paths[unit][kept + 1 :]
        for operation in self.injector.due_operations(self.now_s):
            self.operations.append((self.now_s, operation))
            if operation.kind is OperationKind.REMOVE:
                self.present[operation.unit] = False
                self.paths[operation.unit] = []
        rows = reports.arrivals
        for unit, cell in zip(rows.units.tolist(), rows.cells.tolist(), strict=True):
            self.paths[unit], self.done[unit], self.present[unit] = [cell], 0, True
            self.faults[unit] = 0
            requests.append((unit, Request.ADMIT))
        self.send(requests)

    def send(self, requests: list[tuple[int, Request]]) -> None:
        rows = [row for unit in range(len(self.paths)) for row in self.steps(unit)]
        units, steps, cells = (np.array([row[i] for row in rows], dtype=np.int32) for i in range(3))
        asked = Requests(
            np.array([unit for unit, _ in requests], dtype=np.int32),
            np.array([kind for _, kind in requests], dtype=np.int8),
        )
        releases = Releases(units, steps, cells, np.zeros(len(units), dtype=np.int8))
        self.twin.send(Commands(releases, no_station_jobs(), requests=asked))

    def steps(self, unit: int) -> list[tuple[int, int, int]]:
        path = self.paths[unit]
        busy = self.flags[unit] & ~Condition.LOW_BATTERY or self.faults[unit]
        if not self.present[unit] or busy:
            return []
        found = []
        while len(path) - 1 - self.done[unit] < AHEAD:
            here, last = path[-1], path[-2] if len(path) > 1 else -1
            ahead = here + 1 if here - last in (1, here + 1) or last < 0 else here - 1
            if ahead // self.n_cols != here // self.n_cols or ahead < 0:
                ahead = 2 * here - ahead
            path.append(ahead)
            found.append((unit, len(path) - 1, ahead))
        return found
