"""People at stations whose every line is noted: what they did, not what was told of it."""

from __future__ import annotations

from fleet_control.backend import Ints, StationJobs
from gridfleet.torture.goods import Handling
from layouts import Layout
from twin.kinematic.engine import KinematicTwin
from twin.people import LineReports, People, ServiceTimes


class WatchedPeople(People):
    """Work as all people do; `take_handlings` tells what they have done."""

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
        if len(reports[0]):
            stations, jobs, lines, times_s = (column.tolist() for column in reports)
            self._finished += zip(times_s, stations, jobs, lines, strict=True)
        return reports

    def take_handlings(self, twin: KinematicTwin, loads: Ints) -> list[Handling]:
        """Lines finished since the last call, with the pods that stand at the stations."""
        if not self._finished:
            return []
        pods = self._pods_at_stations(twin, loads)
        finished, self._finished = self._finished, []
        return [
            Handling(time_s, station, job, line, self._quantities[job, line].pop(0), pods[station])
            for time_s, station, job, line in finished
        ]

    def _pods_at_stations(self, twin: KinematicTwin, loads: Ints) -> list[int]:
        carried = zip(twin.poses().tolist(), loads.tolist(), strict=True)
        pod_at = {
            self._layout.cell_at(x, y): pod for (x, y, _), pod in carried if pod >= 0 and x == x
        }
        return [pod_at.get(cell, -1) for cell in self._station_cells]
