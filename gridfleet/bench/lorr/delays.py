"""Delays (2026): units that stand still for some ticks, whatever they are told.

The models are the league's; the numbers are not, since they come from another generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.lorr.problem import Delays


class DelayModel:
    """remaining: int32[n_units], ticks that each unit still stands, this one included."""

    def __init__(self, delays: Delays, n_units: int) -> None:
        self._delays = delays
        self._rng = np.random.Generator(np.random.PCG64(delays.seed))
        self.remaining = np.zeros(n_units, dtype=np.int32)

    def tick(self) -> NDArray[np.bool_]:
        """bool[n_units], who stands still in this tick."""
        self.remaining = np.maximum(self.remaining - 1, 0)
        able = np.flatnonzero(self.remaining == 0)
        hit = able[self._draw(len(able))]
        self.remaining[hit] = self._durations(len(hit))
        return np.asarray(self.remaining > 0)

    def _draw(self, n_able: int) -> NDArray[np.int64]:
        """Rows of units that a delay begins for."""
        delays = self._delays
        if delays.eventModel == "bernoulli":
            return np.flatnonzero(self._rng.random(n_able) < delays.pDelay)
        n_events = int(self._rng.poisson(len(self.remaining) * delays.pDelay))
        return np.sort(self._rng.permutation(n_able)[:n_events])

    def _durations(self, n: int) -> NDArray[np.int32]:
        delays = self._delays
        least, most = delays.minDelay, delays.maxDelay
        if delays.durationModel == "uniform":
            return self._rng.integers(least, most + 1, size=n).astype(np.int32)
        span = most - least
        drawn = self._rng.normal(
            least + span * delays.gaussMeanRatio, span * delays.gaussStdRatio, size=n
        )
        return np.clip(np.rint(drawn), least, most).astype(np.int32)
