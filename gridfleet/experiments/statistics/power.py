"""What so many pairs could have shown, and how many would show it.

The test is the paired t-test, two-sided; under a true difference its statistic is noncentral t with
noncentrality difference / (s / sqrt(n)) (Cohen, Statistical Power Analysis, 2nd ed., section 2.5).
"""

from __future__ import annotations

import math

from scipy import optimize, stats

from gridfleet.experiments.statistics.intervals import two_sided_t
from gridfleet.experiments.statistics.samples import check_share

FAR = 5.0
"""Noncentrality from which the difference is never seen with the wrong sign (less than once in
three million); scipy gives nan for some such probabilities."""
MOST_PAIRS = 10**9
"""More are not looked for."""


def power(effect: float, spread: float, n: int, confidence: float = 0.95) -> float:
    """Probability that n pairs show a true mean difference of `effect`: that the interval of that
    confidence leaves 0 out. spread: standard deviation of the differences, above 0; n at least 2.
    """
    check_share("confidence", confidence)
    _check(spread, n)
    shift = abs(effect) / spread * math.sqrt(n)
    edge = two_sided_t(confidence, n - 1)
    seen = float(stats.nct.sf(edge, n - 1, shift))
    if shift < FAR:
        seen += float(stats.nct.cdf(-edge, n - 1, shift))
    return min(max(seen, 0.0), 1.0)


def minimum_detectable_effect(
    spread: float, n: int, confidence: float = 0.95, wanted: float = 0.8
) -> float:
    """The least true difference that n pairs show with probability `wanted`; same unit as `spread`,
    the standard deviation of the differences. 0 where they do not vary. Raises ValueError for n
    below 2."""
    check_share("power", wanted)
    if spread == 0.0 and n >= 2:
        return 0.0
    _check(spread, n)
    high = 1.0
    while power(high, 1.0, n, confidence) < wanted:
        high *= 2.0
    root = optimize.brentq(lambda effect: power(effect, 1.0, n, confidence) - wanted, 0.0, high)
    return float(root) * spread


def pairs_needed(
    effect: float, spread: float, confidence: float = 0.95, wanted: float = 0.8
) -> int:
    """The fewest pairs that show a true difference of `effect` with probability `wanted`. Raises
    ValueError for an effect of 0."""
    check_share("power", wanted)
    if effect == 0.0:
        raise ValueError("no number of pairs shows a difference of 0")
    if spread == 0.0:
        return 2
    high = 2
    while power(effect, spread, high, confidence) < wanted and high < MOST_PAIRS:
        high *= 2
    low = max(high // 2, 1)
    while high - low > 1:
        middle = (low + high) // 2
        if power(effect, spread, middle, confidence) >= wanted:
            high = middle
        else:
            low = middle
    return high


def _check(spread: float, n: int) -> None:
    if not spread > 0.0:
        raise ValueError(f"a standard deviation of {spread:g} is not positive")
    if n < 2:
        raise ValueError(f"{n} pairs have no spread; at least 2 are needed")
