"""How many pairs for an interval as narrow as asked for: Stein's two stages.

Pairs of a pilot say how much differences vary; that alone fixes the number of all, N, and the
interval takes the pilot's standard deviation with its degrees of freedom around the mean of all N.
For normal differences it covers exactly as often as it says, whatever N came out (Stein, Annals of
Mathematical Statistics 16 (1945) 243-258, theorem 1), also where a budget cuts N, since N depends
on the pilot's spread alone, which is independent of the mean. Stopping as soon as the interval
looks narrow does not have that: it stops when the spread happens to look small.

Where a question is to be answered, whether a difference is above a limit or below, the pilot may
answer it alone. That is a decision by the mean, so both looks share the error between them
(`shared_between_looks`): whichever interval is told, it misses the truth no more often than asked.
"""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from gridfleet.experiments.statistics.intervals import Interval, two_sided_t
from gridfleet.experiments.statistics.samples import as_sample, check_share

EARLY_SHARE = 0.2
"""Of the error, for the look at the pilot: a clear answer shows there all the same, and the second
look's interval is hardly wider for it."""


def shared_between_looks(confidence: float) -> tuple[float, float]:
    """Confidence of the interval at the pilot and of that at the end, which both hold with the one
    given (Bonferroni)."""
    check_share("confidence", confidence)
    error = 1.0 - confidence
    return 1.0 - EARLY_SHARE * error, 1.0 - (1.0 - EARLY_SHARE) * error


def n_pairs(
    pilot: ArrayLike, half_width: float, confidence: float = 0.95, most: int | None = None
) -> int:
    """All pairs, the pilot's included, for an interval of at most that half width.

    pilot: (n0,) differences. N = max(n0, ceil((t s / half_width)^2)). most: a budget of pairs, of
    which the pilot may have used more already. Raises ValueError for fewer than two differences and
    for a half width that is not positive.
    """
    check_share("confidence", confidence)
    differences = as_sample(pilot, least=2)
    if not half_width > 0.0:
        raise ValueError(f"a half width of {half_width:g} cannot be reached; give more than 0")
    n0 = len(differences)
    reach = two_sided_t(confidence, n0 - 1) * float(differences.std(ddof=1))
    wanted = (reach / half_width) ** 2
    if most is not None:
        wanted = min(wanted, float(most))
    return max(n0, math.ceil(wanted - 1e-9))


def stein_interval(differences: ArrayLike, n0: int, confidence: float = 0.95) -> Interval:
    """Mean of all differences +- t s / sqrt(N), s and t's degrees of freedom from the first n0.

    differences: (N,), those of the pilot first. Raises ValueError for n0 below two or above N.
    """
    check_share("confidence", confidence)
    sample = as_sample(differences, least=2)
    n = len(sample)
    if not 2 <= n0 <= n:
        raise ValueError(f"a pilot of {n0} does not go with {n} differences")
    spread = float(sample[:n0].std(ddof=1))
    half_width = two_sided_t(confidence, n0 - 1) * spread / math.sqrt(n)
    return Interval.around(float(sample.mean()), half_width, n)


def relative_half_width(baseline: ArrayLike, precision: float) -> float:
    """The half width that is this share of the baseline's mean: 0.01 for 1 %.

    baseline: the pilot's values of the first variant. That its mean is itself an estimate makes N
    depend on it; where replications differ by some per cent, coverage does not suffer measurably
    (benchmarks/experiment_coverage.py). Raises ValueError for a mean of 0 or a precision that is
    not positive.
    """
    mean = float(as_sample(baseline).mean())
    if mean == 0.0 or not precision > 0.0:
        raise ValueError(f"{precision:g} of a baseline of {mean:g} is no half width")
    return abs(mean) * precision
