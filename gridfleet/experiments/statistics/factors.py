"""What each factor of an experiment explains: analysis of variance and fits by least squares.

A factor is a matrix of columns, one row for each point: indicators of its levels, or the powers of
a number. A model is the mean and some factors; what a factor explains is the sum of squares by
which the model without it is worse (type II; for all combinations of levels, each as often, the
classical main effects and interactions). Montgomery, Design and Analysis of Experiments, 8th ed.,
sections 5.3 and 10.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
EXACT = 1e-12
"""Of the squares: less is what rounding leaves."""


def indicators(codes: Sequence[int], n_levels: int) -> Floats:
    """float64[n, n_levels - 1]: which level but the first each point has, codes from 0."""
    found: Floats = np.eye(n_levels)[np.asarray(codes)][:, 1:]
    return found


def powers(values: Floats, low: float, high: float) -> Floats:
    """float64[n, 2]: the number and its square, scaled so that low is -1 and high is 1."""
    scaled = (2.0 * values - low - high) / (high - low)
    return np.column_stack([scaled, scaled**2])


def crossed(a: Floats, b: Floats) -> Floats:
    """The interaction of two factors: all products of their columns."""
    pairs = product(range(a.shape[1]), range(b.shape[1]))
    return np.column_stack([a[:, i] * b[:, j] for i, j in pairs])


def model(factors: Sequence[Floats], n: int) -> Floats:
    """float64[n, k]: a column of ones and those of the factors."""
    return np.column_stack([np.ones((n, 1)), *factors])


def residual(columns: Floats, means: Floats) -> tuple[float, int]:
    """Sum of squares that the model leaves of the means of points, and its degrees of freedom."""
    fit, _, rank, _ = np.linalg.lstsq(columns, means, rcond=None)
    return float(((means - columns @ fit) ** 2).sum()), len(means) - int(rank)


def predicted(columns: Floats, values: Floats, at: Floats) -> Floats:
    """float64[m, n_seeds]: the model, fitted for each seed of its own, at other points.

    columns: (n, k); values: (n, n_seeds); at: (m, k).
    """
    found: Floats = at @ np.linalg.pinv(columns) @ values
    return found


def chance(values: Floats) -> tuple[float, int]:
    """Variance that chance gives the mean of a point, and its degrees of freedom.

    values: (n_points, n_seeds). What a seed does to all points alike does not count. nan for one
    seed.
    """
    n, seeds = values.shape
    degrees = (n - 1) * (seeds - 1)
    if degrees == 0:
        return float("nan"), 0
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    return float((rest**2).sum()) / degrees / seeds, degrees


def p_value(squares: float, degrees: int, variance: float, of: int) -> float:
    """How probable as large a sum of squares is where a factor has no effect: the F test.

    degrees: of the factor. variance: of what chance adds, estimated with `of` degrees. nan where
    that is not known.
    """
    if degrees < 1 or of < 1 or not np.isfinite(variance):
        return float("nan")
    if variance <= 0.0:
        return 1.0 if squares <= 0.0 else 0.0
    return float(stats.f.sf(squares / degrees / variance, degrees, of))
