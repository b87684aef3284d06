"""Samples as functions here take them: float64, one value for each replication."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_sample(values: ArrayLike, least: int = 1) -> NDArray[np.float64]:
    """The values as a float64 array of one dimension.

    Raises ValueError for fewer than `least`, for more than one dimension, and for nan or infinity.
    """
    sample = np.ascontiguousarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"a sample has one dimension, not {sample.ndim}")
    if len(sample) < least:
        raise ValueError(f"{len(sample)} values are too few; at least {least} are needed")
    if not np.isfinite(sample).all():
        raise ValueError(f"value {np.flatnonzero(~np.isfinite(sample))[0]} is not a finite number")
    return sample


def as_pairs(
    a: ArrayLike, b: ArrayLike, least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both samples, value i of each from the same seed. Raises ValueError as `as_sample` does, and
    for different lengths."""
    first, second = as_sample(a, least), as_sample(b, least)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} replications do not make pairs")
    return first, second


def check_share(name: str, share: float) -> None:
    """Raises ValueError for what is not between 0 and 1, such as a confidence given as 95."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"{name} is {share:g}; it lies between 0 and 1, as 0.95 does")
