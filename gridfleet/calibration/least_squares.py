"""Least squares for positive figures, robust against samples that do not belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SOFT = 3.0
"""Standard errors from which on a sample counts less than by its square."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """values, errors: float64[k], figures and their standard errors."""

    values: Array
    errors: Array


def solve(residuals: Callable[[Array], Array], start: Array, lower: Array) -> Solution:
    """The figures, all of them above `lower`, for which the residuals, in standard errors of each
    sample, are least (scipy, trust region reflective, soft L1 loss).

    Standard errors are those of the linearised problem, widened where residuals are larger than the
    samples' own errors explain.
    """
    from scipy.optimize import least_squares

    found = least_squares(
        residuals, start, bounds=(lower, np.full_like(start, np.inf)), x_scale=np.abs(start) + 1e-3,
        loss="soft_l1", f_scale=SOFT,
    )  # fmt: skip
    n_spare = len(found.fun) - len(start)
    scale = max(1.0, 2.0 * float(found.cost) / n_spare) if n_spare > 0 else 1.0
    slopes = np.asarray(found.jac, dtype=np.float64)
    covariance = np.linalg.pinv(slopes.T @ slopes) * scale
    return Solution(np.asarray(found.x), np.sqrt(np.maximum(np.diag(covariance), 0.0)))
