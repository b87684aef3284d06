"""MSER-5 against a worked example and its definition; Welch's moving average by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gridfleet.experiments.statistics import mser5, welch
from gridfleet.experiments.statistics.warm_up import mser


def test_a_worked_example() -> None:
    """Batch means 9, 1, 3, 1, 3, 1, 3, 1, 3, 1: MSER(0) = 57.6 / 10^2 + ..., least at 1."""
    batches = np.array([9.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0])
    series = np.repeat(batches, 5) + np.tile([-2.0, -1.0, 0.0, 1.0, 2.0], 10)
    point = mser5(series)
    # Ten batches: mean 2.6, squares 122 - 10 * 2.6^2 = 54.4. Nine: mean 17/9, squares 41 - 289/9.
    assert point.statistics[:2] == pytest.approx([54.4 / 100, (41 - 289 / 9) / 81])
    assert (point.n_deleted, point.is_found) == (5, True)
    assert len(point.statistics) == 6


def test_it_is_the_definition() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        values = rng.normal(1e6, 1.0, int(rng.integers(10, 60))).cumsum() * rng.choice([1e-9, 1.0])
        n = len(values)
        expected = [
            sum((values[d:] - values[d:].mean()) ** 2) / (n - d) ** 2 for d in range(n // 2 + 1)
        ]
        assert mser(values) == pytest.approx(expected, rel=1e-6)


def test_a_steady_series_keeps_almost_all_of_it() -> None:
    rng = np.random.default_rng(4)
    deleted = [mser5(rng.normal(10.0, 1.0, 200)).n_deleted for _ in range(200)]
    assert np.median(deleted) <= 20
    assert mser5(np.full(60, 3.0)).n_deleted == 0


def test_a_warm_up_is_deleted() -> None:
    rng = np.random.default_rng(5)
    time = np.arange(300)
    found = [mser5(100 - 60 * np.exp(-time / 10) + rng.normal(0, 3, 300)) for _ in range(100)]
    assert all(point.is_found for point in found)
    deleted = [point.n_deleted for point in found]
    assert min(deleted) >= 20
    assert np.median(deleted) <= 60


def test_a_series_that_never_settles_is_too_short() -> None:
    point = mser5(np.arange(100.0))
    assert (point.n_deleted, point.is_found) == (50, False)


def test_observations_beyond_the_last_batch_are_not_looked_at() -> None:
    series = np.random.default_rng(6).normal(size=104)
    assert mser5(series).n_deleted == mser5(series[:100]).n_deleted
    with pytest.raises(ValueError, match="49 values are too few; at least 50"):
        mser5(series[:49])


def test_welch_by_hand() -> None:
    rows = [[1.0, 2.0, 3.0, 4.0, 5.0, 9.0], [3.0, 2.0, 1.0, 4.0, 5.0, 7.0]]  # mean 2 2 2 4 5 8
    assert welch(rows, 0) == pytest.approx([2, 2, 2, 4, 5, 8])
    assert welch(rows, 1) == pytest.approx([2, 2, 8 / 3, 11 / 3, 17 / 3])
    assert welch(rows, 2) == pytest.approx([2, 2, 3, 21 / 5])
    assert welch(rows[0], 1) == pytest.approx([1, 2, 3, 4, 6])
    with pytest.raises(ValueError, match="a window of 4 does not fit 6 observations"):
        welch(rows, 4)
