"""Parcels of a sortation floor: when they arrive where, and which chute they are bound for.

Parcels arrive as a Poisson process at every induct station and are bound for a uniformly random
chute. Each station has one stream for arrivals and one for destinations, so that a change at one
leaves the others alone.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from fleet_control.backend import Ints
from fleet_control.errors import FleetError
from layouts import Layout, StationKind

ARRIVALS, DESTINATIONS = 0xA441E5, 0xDE5715
"""Keys of the two kinds of streams among all streams of a seed."""
_BLOCK = 64


class SortationError(FleetError, ValueError):
    """A floor or a rate that cannot sort."""


class ParcelStream:
    """Times and chutes of the parcels of one induct station, drawn in blocks."""

    def __init__(self, seed: int, station: int, mean_gap_s: float, chutes: Ints) -> None:
        self._times, self._picks = (
            np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key, station])))
            for key in (ARRIVALS, DESTINATIONS)
        )
        self._mean_gap_s, self._chutes = mean_gap_s, chutes
        self._ahead: deque[tuple[float, int]] = deque()
        self._last_s = 0.0

    def next(self) -> tuple[float, int]:
        """Arrival in seconds since the start, and chute, of the next parcel."""
        if not self._ahead:
            times = self._last_s + np.cumsum(self._times.exponential(self._mean_gap_s, _BLOCK))
            chutes = self._chutes[self._picks.integers(len(self._chutes), size=_BLOCK)]
            self._ahead.extend(zip(times.tolist(), chutes.tolist(), strict=True))
            self._last_s = float(times[-1])
        return self._ahead.popleft()


def stations_of(layout: Layout) -> tuple[list[int], Ints]:
    """Indices of the induct and of the eject stations."""
    kinds = [station.kind for station in layout.stations]
    inducts = [i for i, kind in enumerate(kinds) if kind is StationKind.INDUCT]
    chutes = [i for i, kind in enumerate(kinds) if kind is StationKind.EJECT]
    return inducts, np.array(chutes, dtype=np.int32)


def check(
    inducts: list[int], chutes: Ints, rate: float, per_chute: int | None, per_induct: int | None
) -> None:
    """Raise SortationError for what can never sort a parcel."""
    if not inducts or not len(chutes):
        raise SortationError(
            f"sortation needs induct and eject stations; the layout has {len(inducts)} and "
            f"{len(chutes)}"
        )
    if not 0 < rate < np.inf:
        raise SortationError(f"parcels_per_hour is {rate}; it must be above 0 and finite")
    for name, units in (("units_per_chute", per_chute), ("units_per_induct", per_induct)):
        if units is not None and units < 1:
            raise SortationError(f"{name} is {units}; it must be 1 or more")
