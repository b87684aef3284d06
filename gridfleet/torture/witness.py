"""What the oracle is shown: the truth of the twin, and what the controller says of itself.

The only place of the torture that looks into controller and twin; the oracle gets plain arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import StationJobs
from fleet_control.controller import Controller
from gridfleet.torture.goods import Handling
from gridfleet.torture.oracle import Scene, Wait
from layouts import Layout
from twin.kinematic.engine import KinematicTwin
from twin.people import LineReports, People, ServiceTimes

Ints = NDArray[np.int32]


def held_cells(controller: Controller) -> tuple[Ints, Ints]:
    """Units and cells, int32[k] each: cells of the steps that units have not proved left."""
    ex = controller.executor
    width = int((ex.released - ex.cleared).max(initial=0)) + 1
    steps = ex.cleared[:, None] + np.arange(width, dtype=np.int32)
    units, columns = np.nonzero(steps <= ex.released[:, None])
    cells: Ints = ex.cells[units, steps[units, columns] % ex.cells.shape[1]]
    return units.astype(np.int32), cells


def scene_of(twin: KinematicTwin, controller: Controller) -> Scene:
    """The moment after the controller's commands have been sent."""
    everybody = np.ones(len(controller.executor.done), dtype=bool)
    return Scene(
        twin.time_s, twin.poses(), twin.loads(), everybody, everybody, twin.standing_pods(),
        controller.executor.owners, *held_cells(controller), *twin.open_cells(),
    )  # fmt: skip


def waits_of(controller: Controller) -> list[Wait]:
    """Units that have something to drive and are not released it, and who holds their next cell."""
    ex = controller.executor
    waits = []
    for unit in range(len(ex.done)):
        wants = -1
        if ex.released[unit] < ex.committed[unit]:
            wants = int(ex.cells[unit, (ex.released[unit] + 1) % ex.cells.shape[1]])
        goal = int(controller.goals[unit])
        if wants >= 0 or goal >= 0:
            holder = int(ex.owners[wants]) if wants >= 0 else -1
            waits.append(Wait(unit, ex.cell_now(unit), goal, wants, holder))
    return waits


class WatchedPeople(People):
    """People whose every line is noted when it is done: what they did, not what was told of it."""

    def __init__(self, layout: Layout, seed: int, times: ServiceTimes) -> None:
        super().__init__(len(layout.stations), seed, times)
        self._station_cells = [station.cell for station in layout.stations]
        self._layout = layout
        self._quantities: dict[tuple[int, int], list[int]] = {}
        self._finished: list[tuple[float, int, int, int]] = []

    def accept(self, jobs: StationJobs, now_s: float) -> None:
        rows = zip(jobs.jobs.tolist(), jobs.lines.tolist(), jobs.quantities.tolist(), strict=True)
        for job, line, quantity in rows:
            self._quantities.setdefault((job, line), []).append(quantity)
        super().accept(jobs, now_s)

    def finished_until(self, now_s: float) -> LineReports:
        reports = super().finished_until(now_s)
        stations, jobs, lines, times_s = (column.tolist() for column in reports)
        self._finished += zip(times_s, stations, jobs, lines, strict=True)
        return reports

    def take_handlings(self, twin: KinematicTwin) -> list[Handling]:
        """Lines finished since the last call, with the pods that stand at the stations."""
        if not self._finished:
            return []
        pods = self._pods_at_stations(twin)
        handlings = [
            Handling(
                time_s, station, job, line, self._quantities[job, line].pop(0), pods[station]
            )
            for time_s, station, job, line in self._finished
        ]
        self._finished = []
        return handlings

    def _pods_at_stations(self, twin: KinematicTwin) -> list[int]:
        cells = [self._layout.cell_at(x, y) for x, y, _ in twin.poses().tolist()]
        pod_at = dict(zip(cells, twin.loads().tolist(), strict=True))
        return [pod_at.get(cell, -1) for cell in self._station_cells]
