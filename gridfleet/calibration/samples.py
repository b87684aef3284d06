"""Legs as samples of a length: how many, how long they took on average, how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.legs import Legs

MIN_LEGS = 5
"""Fewer say nothing about units."""
OUTLIER = 6.0
"""Standard deviations, by the median of deviations, beyond which a leg was disturbed by something
that no log tells of."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Legs of one length. length: metres or quarter turns. mean_s, error_s: of what they took, and
    its standard error."""

    length: float
    n_legs: int
    mean_s: float
    error_s: float


def samples_of(legs: Legs, kind: int, is_laden: bool | None) -> list[Sample]:
    """Free legs of a kind by ascending length. is_laden: None for both.

    All legs of one length may be rounded to ticks or looks the same way, so that the error of a
    mean is never less than that of the rounding."""
    resolution_s = legs.resolution_s
    rows = (legs.kind == kind) & legs.is_free
    if is_laden is not None:
        rows &= legs.is_laden == is_laden
    lasted_s, lengths = legs.lasted_s[rows], np.round(legs.length[rows], 3)
    found = []
    for length in np.unique(lengths).tolist():
        kept = without_outliers(lasted_s[lengths == length], resolution_s)
        spread_s = float(kept.std(ddof=1)) if len(kept) > 1 else resolution_s
        error_s = float(np.hypot(resolution_s / 12**0.5, spread_s / len(kept) ** 0.5))
        found.append(Sample(length, len(kept), float(kept.mean()), error_s))
    return found


def without_outliers(values: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
    """float64[k], those near the median."""
    middle = np.median(values)
    spread = max(1.4826 * float(np.median(np.abs(values - middle))), resolution)
    kept: NDArray[np.float64] = values[np.abs(values - middle) <= OUTLIER * spread]
    return kept


def n_legs(samples: list[Sample]) -> int:
    return sum(sample.n_legs for sample in samples)
