"""Intervals against published examples, reference implementations and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from gridfleet.experiments.statistics import (
    Interval,
    bonferroni,
    mean_interval,
    paired_interval,
    percent_interval,
    share_interval,
    variance_ratio,
)

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
"""Hours of sleep gained (Student, Biometrika 6 (1908))."""


def test_students_sleep_data() -> None:
    interval = paired_interval(DRUG_1, DRUG_2)
    assert interval.n == 10
    assert (interval.mean, interval.low, interval.high) == pytest.approx(
        (1.58, 0.7001142, 2.4598858), abs=1e-7
    )
    assert interval.half_width == pytest.approx(interval.high - interval.mean)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_paired_intervals_are_those_of_scipy(confidence: float) -> None:
    rng = np.random.default_rng(1)
    for n in (2, 5, 40):
        a, b = rng.normal(3.0, 2.0, n), rng.normal(4.0, 1.0, n)
        ours = paired_interval(a, b, confidence)
        theirs = stats.ttest_rel(b, a).confidence_interval(confidence)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
        assert mean_interval(b - a, confidence) == ours


def test_one_replication_tells_nothing() -> None:
    assert mean_interval([3.0]) == Interval(3.0, -math.inf, math.inf, math.inf, 1)
    assert percent_interval([2.0], [3.0]).low == -math.inf
    assert percent_interval([2.0], [3.0]).mean == pytest.approx(50.0)


def test_replications_that_are_alike_have_a_point() -> None:
    assert paired_interval([1.0, 2.0, 4.0], [2.0, 3.0, 5.0]) == Interval(1.0, 1.0, 1.0, 0.0, 3)
    assert percent_interval([4.0, 4.0], [5.0, 5.0]) == Interval(25.0, 25.0, 25.0, 0.0, 2)


def test_fiellers_interval_is_where_the_paired_test_finds_no_difference() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        n = int(rng.integers(3, 20))
        common = rng.normal(0.0, 3.0, n)
        a, b = 50.0 + common + rng.normal(0, 1, n), 52.0 + common + rng.normal(0, 2, n)
        interval = percent_interval(a, b)

        def edge(percent: float, a: np.ndarray = a, b: np.ndarray = b) -> float:
            found = mean_interval(b - (1.0 + percent / 100.0) * a)
            return abs(found.mean) - found.half_width

        middle = interval.mean
        assert interval.low == pytest.approx(optimize.brentq(edge, middle - 90.0, middle))
        assert interval.high == pytest.approx(optimize.brentq(edge, middle, middle + 90.0))
        assert interval.contains(0.0) == paired_interval(a, b).contains(0.0)


def test_per_cent_of_a_mean_that_may_be_0_are_anything() -> None:
    interval = percent_interval([-1.0, 0.5, 1.0], [1.0, 2.0, 3.0])
    assert (interval.low, interval.high) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="baseline's mean is 0"):
        percent_interval([-1.0, 1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 20, 0.0, 0.1684335),
        (5, 20, 0.08657147, 0.49104587),
        (20, 20, 0.8315665, 1.0),
        (1, 100, 0.0002531460, 0.0544594),
    ],
)
def test_clopper_and_pearson(k: int, n: int, low: float, high: float) -> None:
    interval = share_interval(k, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-6)
    assert (interval.mean, interval.n) == (k / n, n)
    theirs = stats.binomtest(k, n).proportion_ci(method="exact")
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high))


def test_bonferroni_shares_the_error() -> None:
    assert bonferroni(0.95, 1) == pytest.approx(0.95)
    assert bonferroni(0.95, 5) == pytest.approx(0.99)


def test_pairing_pays_where_both_vary_together() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert variance_ratio(a, a + 1.0) == pytest.approx(0.0)
    assert variance_ratio(a, -a) == pytest.approx(2.0)
    assert math.isnan(variance_ratio([1.0, 1.0], [2.0, 2.0]))


def test_an_interval_in_another_unit() -> None:
    interval = Interval.between(2.0, 1.0, 4.0, 7)
    assert interval.times(-10.0) == Interval(-20.0, -40.0, -10.0, 15.0, 7)
    assert interval.contains(1.0)
    assert not interval.contains(4.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mean_interval([]), "0 values are too few"),
        (lambda: mean_interval([1.0, math.nan]), "value 1 is not a finite number"),
        (lambda: mean_interval([[1.0]]), "one dimension"),
        (lambda: mean_interval([1.0, 2.0], 95), "confidence is 95; it lies between 0 and 1"),
        (lambda: paired_interval([1.0], [1.0, 2.0]), "do not make pairs"),
        (lambda: share_interval(3, 2), "3 of 2 replications is no share"),
        (lambda: bonferroni(0.95, 0), "0 intervals"),
        (lambda: variance_ratio([1.0], [1.0]), "at least 2"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()
