"""Time as whole microseconds, so that parts add up to the whole to the last digit.

Sums of seconds in floating point depend on their order; sums of integers do not. An account that is
kept in ticks telescopes: what was booked until now is now minus the start, whatever came between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TICKS_PER_S = 1_000_000


def ticks(time_s: float) -> int:
    """The nearest tick."""
    return round(time_s * TICKS_PER_S)


def seconds(booked: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ticks as seconds, of any shape."""
    return booked / TICKS_PER_S


def shares(booked: NDArray[np.int64], n_parts: int = 100_000) -> list[float]:
    """Shares of the whole in steps of 1 / n_parts, which add up to one exactly.

    booked: int64[k], not negative. Each share is rounded down, and the steps that are left go to
    the largest remainders (Hamilton's method), to the first of equal ones. Zeros without a whole.
    """
    total = int(booked.sum())
    if not total:
        return [0.0] * len(booked)
    parts = [int(ticks) * n_parts for ticks in booked]
    steps = [part // total for part in parts]
    left = n_parts - sum(steps)
    for row in sorted(range(len(parts)), key=lambda row: -(parts[row] % total))[:left]:
        steps[row] += 1
    return [step / n_parts for step in steps]


def split(booked: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """name -> `seconds` with six decimals and `share`. The decimals add up to the whole exactly."""
    parts = zip(names, seconds(booked).tolist(), shares(booked), strict=True)
    return {name: {"seconds": s, "share": share} for name, s, share in parts}
