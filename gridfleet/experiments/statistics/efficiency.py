"""What common random numbers save."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from gridfleet.experiments.statistics.samples import as_pairs


def variance_ratio(a: ArrayLike, b: ArrayLike) -> float:
    """Variance of the paired difference over that of an unpaired one: var(b - a) / (var a + var b)
    (Law, section 11.2.1). Below 1 where pairing pays: for the same interval, unpaired replications
    must be as many times more as this goes into 1. nan where neither sample varies. Raises
    ValueError for fewer than two pairs."""
    first, second = as_pairs(a, b, least=2)
    unpaired = float(first.var(ddof=1) + second.var(ddof=1))
    return float((second - first).var(ddof=1)) / unpaired if unpaired > 0.0 else math.nan
