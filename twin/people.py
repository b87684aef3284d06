"""People at stations: how long each order line takes them.

A line takes a lognormal time around the mean of its station, plus a fixed time for every unit
beyond the first. How much more or less than the mean it takes is drawn for the line: it is the same
wherever, whenever and after whatever else the line is handled, and for each part of a line that
several pods serve.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Ints, StationJobs
from fleet_control.draws import Normals

PURPOSE = 0x5E41CE
"""Key of the service-time stream among all streams of a seed."""


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """line_s: mean seconds for a line of one unit; cv: coefficient of variation; unit_s: seconds
    for each further unit, up to `most_units` of them (a case is picked as one).

    Defaults: about 600 lines an hour is the planning average of goods-to-person stations
    (ARC Advisory Group 2012), which is 6 s a line.
    """

    line_s: float = 6.0
    cv: float = 0.5
    unit_s: float = 1.0
    most_units: int = 12


LineReports = tuple[Ints, Ints, Ints, NDArray[np.float64]]


class People:
    """One person per station, working the lines of their jobs in the order given.

    times: of all stations, or of each.
    """

    def __init__(
        self, n_stations: int, seed: int, times: ServiceTimes | Sequence[ServiceTimes] | None = None
    ) -> None:
        times = times or ServiceTimes()
        one_each = [times] * n_stations if isinstance(times, ServiceTimes) else list(times)
        if len(one_each) != n_stations:
            raise ValueError(f"{len(one_each)} service times for {n_stations} stations")
        self._times = one_each
        self._draws = Normals(seed, PURPOSE)
        sigmas2 = [float(np.log1p(times.cv**2)) for times in one_each]
        means = zip(one_each, sigmas2, strict=True)
        self._mus = [float(np.log(times.line_s)) - sigma2 / 2 for times, sigma2 in means]
        self._sigmas = [sigma2**0.5 for sigma2 in sigmas2]
        self._busy_until = [0.0] * n_stations
        self._due: list[tuple[float, int, int, int, int]] = []
        self._n_accepted = 0

    def accept(self, jobs: StationJobs, now_s: float) -> None:
        """Queue the lines of new jobs behind what the person is doing."""
        rows = zip(
            jobs.stations.tolist(), jobs.jobs.tolist(), jobs.lines.tolist(),
            jobs.quantities.tolist(), strict=True,
        )  # fmt: skip
        for station, job, line, quantity in rows:
            start = max(self._busy_until[station], now_s)
            end = start + self.service_s(station, line, abs(quantity))
            self._busy_until[station] = end
            self._n_accepted += 1
            heapq.heappush(self._due, (end, self._n_accepted, station, job, line))

    def service_s(self, station: int, line: int, n_units: int) -> float:
        """Seconds that so many units of the line take at the station."""
        times = self._times[station]
        line_s = math.exp(self._mus[station] + self._sigmas[station] * self._draws.of(line))
        return line_s + times.unit_s * (min(n_units, times.most_units) - 1)

    def finished_until(self, now_s: float) -> LineReports:
        """Stations, jobs, lines and times of all lines finished by now and not yet told."""
        rows = []
        while self._due and self._due[0][0] <= now_s:
            rows.append(heapq.heappop(self._due))
        if not rows:
            empty = np.empty(0, dtype=np.int32)
            return empty, empty, empty, np.empty(0)
        times, _, stations, jobs, lines = zip(*rows, strict=True)
        as_ints = [np.array(column, dtype=np.int32) for column in (stations, jobs, lines)]
        return as_ints[0], as_ints[1], as_ints[2], np.array(times)
