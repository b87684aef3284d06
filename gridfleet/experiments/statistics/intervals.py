"""Confidence intervals of means, of paired differences and ratios, and of shares.

Two variants that ran with the same seeds give pairs; the interval of their difference comes from
the differences alone, so that what both have in common (demand, service, faults) cancels (Law,
Simulation Modeling and Analysis, 5th ed., section 10.2.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gridfleet.experiments.statistics.samples import as_pairs, as_sample, check_share


@dataclass(frozen=True, slots=True)
class Interval:
    """mean: the estimate, from n replications. low, high: infinite where n is too few to tell.
    half_width: half of high - low; the interval need not be symmetric about the estimate."""

    mean: float
    low: float
    high: float
    half_width: float
    n: int

    @classmethod
    def around(cls, mean: float, half_width: float, n: int) -> Interval:
        return cls(mean, mean - half_width, mean + half_width, half_width, n)

    @classmethod
    def between(cls, mean: float, low: float, high: float, n: int) -> Interval:
        return cls(mean, low, high, (high - low) / 2.0, n)

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high

    def times(self, factor: float) -> Interval:
        """The interval in another unit: 100 / m for per cent of a mean m taken as known."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Interval(self.mean * factor, low, high, self.half_width * abs(factor), self.n)


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's interval of the mean (Law, equation 4.12). One value has an infinite interval.

    Raises ValueError for none, for nan, and for a confidence outside 0 to 1.
    """
    check_share("confidence", confidence)
    sample = as_sample(values)
    n = len(sample)
    if n == 1:
        return Interval.around(float(sample[0]), math.inf, n)
    error = float(sample.std(ddof=1)) / math.sqrt(n)
    return Interval.around(float(sample.mean()), two_sided_t(confidence, n - 1) * error, n)


def paired_interval(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """Paired-t interval of the mean of b - a, pair by pair (Law, section 10.2.1).

    Raises ValueError as `mean_interval` does, and for unequal lengths.
    """
    first, second = as_pairs(a, b)
    return mean_interval(second - first, confidence)


def percent_interval(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """How many per cent more b's mean is than a's: Fieller's interval of the ratio of paired means.

    The means' ratio r solves (mean_b - r mean_a)^2 <= t^2 var(b - r a) / n, exact for normal pairs
    (Fieller, Journal of the Royal Statistical Society B 16 (1954), section 3). At r = 1 that is the
    paired-t test: this interval holds 0 % exactly where `paired_interval` holds 0. Infinite where
    a's mean itself cannot be told from 0. Raises ValueError as `paired_interval` does, and where
    a's mean is 0.
    """
    check_share("confidence", confidence)
    first, second = as_pairs(a, b)
    n, mean_a, mean_b = len(first), float(first.mean()), float(second.mean())
    if mean_a == 0.0:
        raise ValueError("the baseline's mean is 0, of which nothing is a percentage")
    more = 100.0 * (mean_b / mean_a - 1.0)
    if n == 1:
        return Interval.around(more, math.inf, n)
    covariance = np.cov(first, second) * two_sided_t(confidence, n - 1) ** 2 / n
    square = mean_a**2 - covariance[0, 0]
    if square <= 0.0:
        return Interval.around(more, math.inf, n)
    middle = (mean_a * mean_b - covariance[0, 1]) / square
    root = math.sqrt(max(middle**2 - (mean_b**2 - covariance[1, 1]) / square, 0.0))
    low, high = (100.0 * (middle + side * root - 1.0) for side in (-1.0, 1.0))
    return Interval.between(more, low, high, n)


def bonferroni(confidence: float, k: int) -> float:
    """The confidence that each of k intervals needs, so that all of them hold together with the one
    given (Law, section 9.7). Raises ValueError for k below 1."""
    check_share("confidence", confidence)
    if k < 1:
        raise ValueError(f"{k} intervals cannot hold together; there must be one at least")
    return 1.0 - (1.0 - confidence) / k


def share_interval(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Interval of a probability of which k of n replications are instances, such as of a jam.

    Clopper & Pearson, Biometrika 26 (1934): covers at least as often as it says for every n; none
    of 20 still leaves up to 17 %. Raises ValueError for k outside 0 to n, and for n below 1.
    """
    check_share("confidence", confidence)
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"{k} of {n} replications is no share")
    error = (1.0 - confidence) / 2.0
    low = stats.beta.ppf(error, k, n - k + 1) if k > 0 else 0.0
    high = stats.beta.isf(error, k + 1, n - k) if k < n else 1.0
    return Interval.between(k / n, float(low), float(high), n)


def two_sided_t(confidence: float, degrees: float) -> float:
    """What Student's t stays within on both sides with that confidence."""
    return float(stats.t.ppf((1.0 + confidence) / 2.0, degrees))
