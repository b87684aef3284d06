"""How long a leg takes from stand to stand: the trapezoidal profile, or the triangular one where
the top speed is not reached."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def mean_inverse(accel: float, decel: float) -> float:
    """h = (1 / a + 1 / b) / 2. Times from stand to stand depend on a and b by this alone."""
    return 0.5 / accel + 0.5 / decel


def leg_s(lengths: Array, speed: float, inverse: float) -> Array:
    """float64[n], seconds over the lengths: d / v + h v where the top speed v is reached, which
    takes a length of h v^2; 2 sqrt(h d) where not."""
    top = np.minimum(speed, np.sqrt(lengths / inverse))
    return np.asarray(lengths / top + inverse * top, dtype=np.float64)
