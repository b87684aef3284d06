"""Parcels of a sortation floor: when they arrive where, and which chute they are bound for.

Parcels arrive at the floor as a Poisson process, each at a random induct station and bound for a
random chute, all alike: so those of each station are a Poisson process too. When parcel k arrives
does not depend on how many stations and chutes there are. Where it arrives and is bound for are two
numbers from 0 to 1 of its own, mapped onto those that there are.

Or they do not arrive by the clock, but are there as they are needed, so that some always wait: the
floor is then measured by what it can do (a closed backlog).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized

import numpy as np

from fleet_control.backend import Ints
from fleet_control.draws import Uniforms, stream
from fleet_control.errors import FleetError
from layouts import Layout, StationKind

ARRIVALS, INDUCTS, DESTINATIONS = 0xA441E5, 0x19D0C7, 0xDE5715
"""Keys of the three streams among all streams of a seed."""
Parcel = tuple[float, int, int]
"""(time_s, induct station, chute), both stations by index."""


class SortationError(FleetError, ValueError):
    """A floor or a rate that cannot sort."""


class ParcelStream:
    """The parcels of a floor, each once.

    per_hour: of the whole floor. keep_waiting: 0, or how many parcels wait at each induct station
    at all times, whatever per_hour says.
    """

    def __init__(
        self, seed: int, per_hour: float, inducts: Sequence[int], chutes: Ints,
        keep_waiting: int = 0,
    ) -> None:  # fmt: skip
        self._gaps = stream(seed, ARRIVALS)
        self._from, self._to = Uniforms(seed, INDUCTS), Uniforms(seed, DESTINATIONS)
        self._mean_gap_s, self._keep_waiting = 3600.0 / per_hour, keep_waiting
        self._inducts, self._chutes = list(inducts), chutes.tolist()
        self._n_taken, self._next_s = 0, 0.0
        self._draw_gap()

    def take(self, now_s: float, waiting: Mapping[int, Sized]) -> list[Parcel]:
        """Those that have arrived since the last call, in the order of their times. waiting: the
        parcels that wait at each induct station."""
        if self._keep_waiting:
            short = {s: self._keep_waiting - len(waiting[s]) for s in self._inducts}
            return [self._parcel(now_s, s) for s, n in short.items() for _ in range(n)]
        found = []
        while self._next_s <= now_s:
            station = self._inducts[int(self._from.of(self._n_taken) * len(self._inducts))]
            found.append(self._parcel(self._next_s, station))
            self._draw_gap()
        return found

    def _parcel(self, time_s: float, station: int) -> Parcel:
        chute = self._chutes[int(self._to.of(self._n_taken) * len(self._chutes))]
        self._n_taken += 1
        return time_s, station, chute

    def _draw_gap(self) -> None:
        self._next_s += self._mean_gap_s * float(self._gaps.standard_exponential())


def stations_of(layout: Layout) -> tuple[list[int], Ints]:
    """Indices of the induct and of the eject stations."""
    kinds = [station.kind for station in layout.stations]
    inducts = [i for i, kind in enumerate(kinds) if kind is StationKind.INDUCT]
    chutes = [i for i, kind in enumerate(kinds) if kind is StationKind.EJECT]
    return inducts, np.array(chutes, dtype=np.int32)


def check(
    inducts: list[int], chutes: Ints, rate: float, per_chute: int | None, per_induct: int | None,
    keep_waiting: int = 0,
) -> None:  # fmt: skip
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
    if keep_waiting < 0:
        raise SortationError(f"keep_waiting is {keep_waiting}; it must be 0 or more")
