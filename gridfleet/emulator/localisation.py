"""Where units believe to be: markers at the cell centres, and odometry from one to the next.

Wheels slip, so that the error grows with the way since the last marker that was read, in a
direction of its own on each stretch. A unit that misses several markers in a row no longer knows
where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PURPOSE = 0x0D0
"""Key of this random stream among all streams of a seed."""


@dataclass(frozen=True, slots=True)
class Odometry:
    """drift: standard deviation of the error for a metre, along each axis, in metres (assumed: two
    per cent). missed: share of markers that are not read; lost_after: so many in a row, and the
    unit has lost its place; it finds it again after search_s."""

    drift: float = 0.02
    missed: float = 0.0
    lost_after: int = 3
    search_s: float = 20.0


class Localisation:
    """errors_m: float64[n_units, 2], of the position at the last centre passed. slopes:
    float64[n_units, 2], what it grows by for a metre."""

    def __init__(self, n_units: int, odometry: Odometry, seed: int) -> None:
        self._odometry = odometry
        stream = np.random.SeedSequence([seed, PURPOSE])
        self._rng = np.random.Generator(np.random.PCG64(stream))
        self.errors_m, self.slopes = np.zeros((n_units, 2)), np.zeros((n_units, 2))
        self._misses = np.zeros(n_units, dtype=np.int8)
        self._places_m = np.full((n_units, 2), np.nan)
        self._done = np.zeros(n_units, dtype=np.int32)
        self._found_s: dict[int, float] = {}

    def follow(self, done: NDArray[np.int32], places_m: NDArray[np.float64]) -> None:
        """Units that have reached another centre since the last call read its marker, or miss it.

        done: int32[n_units], steps done. places_m: float64[n_units, 2], that centre."""
        passed = np.flatnonzero(done != self._done)
        if not len(passed):
            return
        self._done = done.copy()
        ways_m = np.nan_to_num(np.abs(places_m[passed] - self._places_m[passed]).sum(axis=1))
        self._places_m[passed] = places_m[passed]
        is_missed = self._rng.random(len(passed)) < self._odometry.missed
        missed, read = passed[is_missed], passed[~is_missed]
        self.errors_m[missed] += self.slopes[missed] * ways_m[is_missed, None]
        self._misses[missed] += 1
        self.errors_m[read], self._misses[read] = 0.0, 0
        self.slopes[passed] = self._rng.normal(scale=self._odometry.drift, size=(len(passed), 2))

    def drift_m(self, unit: int, along_m: float) -> tuple[float, float]:
        """How far the unit is wrong, so many metres beyond the centre passed last."""
        errors, slopes = self.errors_m, self.slopes
        return (
            errors.item(unit, 0) + slopes.item(unit, 0) * along_m,
            errors.item(unit, 1) + slopes.item(unit, 1) * along_m,
        )

    def changes(self, now_s: float) -> list[tuple[int, bool]]:
        """(unit, whether it knows where it is) of units that have lost their place or found it."""
        lost = np.flatnonzero(self._misses >= self._odometry.lost_after).tolist()
        for unit in lost:
            self._misses[unit] = 0
            self._found_s[unit] = now_s + self._odometry.search_s
        found = [unit for unit, found_s in self._found_s.items() if found_s <= now_s]
        for unit in found:
            self.forget(unit)
        return [(unit, False) for unit in lost] + [(unit, True) for unit in found]

    def forget(self, unit: int) -> None:
        """The unit has looked for a marker where it stands, and found one."""
        self.errors_m[unit], self.slopes[unit], self._misses[unit] = 0.0, 0.0, 0
        self._found_s.pop(unit, None)
