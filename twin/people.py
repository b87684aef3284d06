"""People at stations: how long each order line takes them.

A line takes a lognormal time around a mean, plus a fixed time for every unit beyond the first.
One random stream per station, so that a change at one station leaves the others' draws alone.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Ints, StationJobs

PURPOSE = 0x5E41CE
"""Key of the service-time streams among all streams of a seed."""


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
    """One person per station, working the lines of their jobs in the order given."""

    def __init__(self, n_stations: int, seed: int, times: ServiceTimes | None = None) -> None:
        self._times = times or ServiceTimes()
        self._rngs = [
            np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE, station])))
            for station in range(n_stations)
        ]
        sigma2 = float(np.log1p(self._times.cv**2))
        self._mu = float(np.log(self._times.line_s)) - sigma2 / 2
        self._sigma = sigma2**0.5
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
            end = start + self._draw_s(station, abs(quantity))
            self._busy_until[station] = end
            self._n_accepted += 1
            heapq.heappush(self._due, (end, self._n_accepted, station, job, line))

    def _draw_s(self, station: int, n_units: int) -> float:
        line_s = float(self._rngs[station].lognormal(self._mu, self._sigma))
        return line_s + self._times.unit_s * (min(n_units, self._times.most_units) - 1)

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
