"""Which of several variants is the best: Nelson and Matejcik's procedure.

All variants run with the same seeds. The best is selected with the probability asked for wherever
it is better than the next by an indifference zone, and intervals of each against the best of the
others (multiple comparisons with the best) hold with it. Nelson & Matejcik, Management Science 41
(1995) 1935-1945, procedure NM; as steps in Goldsman & Nelson, Handbook of Simulation (1998),
section 8.4. The procedure takes covariances as spherical: all differences vary alike; it is robust
where they do not quite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from gridfleet.experiments.statistics.intervals import Interval
from gridfleet.experiments.statistics.samples import check_share


@dataclass(frozen=True, slots=True)
class Selection:
    """best: row of the variant with the largest mean. zone: the difference that the comparisons
    resolve. against_best: for every variant its mean less the best of the others'; an interval that
    ends at 0 shows that it is not the best (high 0), or that it is (low 0)."""

    best: int
    zone: float
    against_best: tuple[Interval, ...]


def n_to_select(
    pilot: ArrayLike, zone: float, confidence: float = 0.95, most: int | None = None
) -> int:
    """Replications of each variant, the pilot's included: N = max(n0, ceil((g S / zone)^2)).

    pilot: (variants, n0). zone: smaller differences do not matter. most: a budget. Raises
    ValueError for fewer than two of either, and for a zone that is not positive.
    """
    rows = _as_rows(pilot)
    if not zone > 0.0:
        raise ValueError(f"an indifference zone of {zone:g} has no width; give more than 0")
    n0 = int(rows.shape[1])
    wanted = (_constant(rows.shape[0], n0, confidence) * _spread(rows) / zone) ** 2
    if most is not None:
        wanted = min(wanted, float(most))
    return max(n0, math.ceil(wanted - 1e-9))


def select(values: ArrayLike, n0: int, confidence: float = 0.95) -> Selection:
    """The variant with the largest mean, and each against the best of the others.

    values: (variants, N), those of the pilot first; larger is better, so negate what is better
    small. n0: as many of each were the pilot, whose spread and no other counts. The zone is what N
    resolves, g S / sqrt(N), at most the one N was made for unless a budget cut it. Raises
    ValueError as `n_to_select` does.
    """
    rows = _as_rows(values)
    n = rows.shape[1]
    if not 2 <= n0 <= n:
        raise ValueError(f"a pilot of {n0} does not go with {n} replications")
    zone = _constant(rows.shape[0], n0, confidence) * _spread(rows[:, :n0]) / math.sqrt(n)
    means = rows.mean(axis=1)
    leads = [float(means[i] - np.delete(means, i).max()) for i in range(len(means))]
    return Selection(int(means.argmax()), zone, tuple(_against(lead, zone, n) for lead in leads))


def _against(lead: float, zone: float, n: int) -> Interval:
    """[-(lead - zone)^-, (lead + zone)^+], constrained as of Hsu (1984)."""
    return Interval.between(lead, min(lead - zone, 0.0), max(lead + zone, 0.0), n)


def _as_rows(values: ArrayLike) -> NDArray[np.float64]:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise ValueError(f"rows of variants are wanted, two of two at least, not {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("not all values are finite numbers")
    return rows


def _spread(rows: NDArray[np.float64]) -> float:
    """S: standard deviation of a difference under sphericity, from all variants together."""
    k, n = rows.shape
    rest = rows - rows.mean(axis=1, keepdims=True) - rows.mean(axis=0) + rows.mean()
    return math.sqrt(2.0 * float((rest**2).sum()) / ((k - 1) * (n - 1)))


def _constant(k: int, n0: int, confidence: float) -> float:
    return equicoordinate_t(k - 1, (k - 1) * (n0 - 1), confidence)


@lru_cache(maxsize=256)
def equicoordinate_t(dimensions: int, degrees: int, confidence: float) -> float:
    """What all of several t, correlated 1/2 with each other, stay below with that confidence.

    The one-sided point of Dunnett (Journal of the American Statistical Association 50 (1955), table
    1). With Z_j = (X_j - X_0) / sqrt(2) and u the spread, the probability of all Z_j <= g u is the
    mean of Phi(sqrt(2) g u + X_0)^dimensions; Gauss-Legendre over u, Gauss-Hermite over X_0.
    """
    check_share("confidence", confidence)
    spread = stats.chi(degrees, scale=1.0 / math.sqrt(degrees))
    low, high = spread.ppf(1e-15), spread.isf(1e-15)
    nodes, weights = special.roots_legendre(128)
    spreads = low + (high - low) * (nodes + 1.0) / 2.0
    points, masses = special.roots_hermitenorm(96)
    mass = np.outer(weights * spread.pdf(spreads), masses)
    mass /= mass.sum()

    def excess(g: float) -> float:
        inner = special.ndtr(math.sqrt(2.0) * g * spreads[:, None] + points[None, :])
        return float((mass * inner**dimensions).sum()) - confidence

    return float(optimize.brentq(excess, -10.0, 1000.0, xtol=1e-10))
