"""Where a series of outputs has forgotten how it began: MSER-5 and Welch's plot.

MSER deletes as many leading observations as make the rest's mean most precise: it trades what the
warm-up biases against what deleting it costs. MSER-5 does so on means of five observations (White,
Simulation 69 (1997) 323-334; White, Cobb & Spratt, WSC 2000, equation 2). Left out: any claim about
autocorrelation; the statistic is a rule, not an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridfleet.experiments.statistics.samples import as_sample

BATCH = 5
FEWEST = 10 * BATCH
"""Observations below which there is no half to look for a truncation point in."""


@dataclass(frozen=True, slots=True)
class Truncation:
    """n_deleted: leading observations to delete. is_found: False where the series is too short to
    tell, as it still moves towards the middle of it; n_deleted is that middle then. statistics:
    (half of the batches + 1,) float64, MSER with so many batches deleted; least at the point."""

    n_deleted: int
    is_found: bool
    statistics: NDArray[np.float64]


def mser5(series: ArrayLike) -> Truncation:
    """The truncation point of a series of equally spaced observations.

    Points up to the middle are candidates: past it, few batches can look steady by chance (White,
    Cobb & Spratt). A minimum at the middle means that none was found. Observations beyond the last
    full batch are not looked at. Raises ValueError for fewer than 50 observations.
    """
    values = as_sample(series, FEWEST)
    n_batches = len(values) // BATCH
    batches = values[: n_batches * BATCH].reshape(n_batches, BATCH).mean(axis=1)
    statistics = mser(batches)
    deleted = int(statistics.argmin())
    return Truncation(deleted * BATCH, deleted < len(statistics) - 1, statistics)


def mser(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """MSER(d) = sum over i > d of (Y_i - mean of those)^2 / (n - d)^2, for d from 0 to n // 2.

    values: (n,). Sums run from the end over values less their median, so that nothing cancels that
    matters.
    """
    n = len(values)
    centred = values - np.median(values)
    left = n - np.arange(n // 2 + 1)
    sums = np.cumsum(centred[::-1])[::-1][: n // 2 + 1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1][: n // 2 + 1]
    statistics: NDArray[np.float64] = np.maximum(squares - sums**2 / left, 0.0) / left**2.0
    return statistics


def welch(rows: ArrayLike, window: int) -> NDArray[np.float64]:
    """Welch's moving average (1983) of the average over replications, to look at.

    rows: (replications, observations). Value i averages observations i - w to i + w, w being the
    window or, at the beginning, i (Law, section 9.5.1); so there are `window` values less than
    observations. Raises ValueError for a window below 0 or too long for the rows.
    """
    averages = np.atleast_2d(np.asarray(rows, dtype=np.float64)).mean(axis=0)
    n = len(averages)
    if not 0 <= window <= n // 2:
        raise ValueError(f"a window of {window} does not fit {n} observations; at most {n // 2}")
    sums = np.concatenate([[0.0], np.cumsum(averages)])
    middle = np.arange(n - window)
    reach = np.minimum(middle, window)
    smooth: NDArray[np.float64] = sums[middle + reach + 1] - sums[middle - reach]
    smooth /= 2 * reach + 1
    return smooth
