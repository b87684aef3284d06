"""How many pairs: Stein's rule by hand, power against published tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gridfleet.experiments.statistics import (
    mean_interval,
    minimum_detectable_effect,
    n_pairs,
    pairs_needed,
    power,
    relative_half_width,
    stein_interval,
)

PILOT = [-1.0, 0.0, 1.0, 0.0, 2.0]
"""Mean 0.4, variance 5.2 / 4 = 1.3; t with 4 degrees of freedom is 2.776445."""


def test_stein_by_hand() -> None:
    n = n_pairs(PILOT, 0.5)
    assert n == math.ceil(2.776445**2 * 1.3 / 0.25) == 41
    assert n_pairs(PILOT, 10.0) == 5
    assert n_pairs(PILOT, 0.5, most=20) == 20
    assert n_pairs(PILOT, 0.5, most=3) == 5
    assert n_pairs([1.0, 1.0], 0.1) == 2


def test_the_interval_takes_the_pilots_spread() -> None:
    rest = np.full(36, 0.5)
    interval = stein_interval([*PILOT, *rest], 5)
    assert interval.mean == pytest.approx((2.0 + 18.0) / 41)
    assert interval.half_width == pytest.approx(2.776445 * math.sqrt(1.3 / 41))
    assert interval.half_width <= 0.5
    alone = stein_interval(PILOT, 5)
    assert alone.half_width == pytest.approx(mean_interval(PILOT).half_width)


def test_it_is_as_narrow_as_asked_for() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        pilot, asked = rng.normal(3.0, 2.0, 8), float(rng.uniform(0.2, 3.0))
        n = n_pairs(pilot, asked, 0.9)
        rest = rng.normal(3.0, 2.0, n - 8)
        assert stein_interval([*pilot, *rest], 8, 0.9).half_width <= asked * (1 + 1e-9)


def test_precision_of_the_baseline() -> None:
    assert relative_half_width([190.0, 210.0], 0.01) == pytest.approx(2.0)
    assert relative_half_width([-2.0], 0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_pairs_of_cohens_effects(effect: float, pairs: int) -> None:
    """As of G*Power 3.1 and R's pwr: two-sided, 95 %, power 80 %."""
    assert pairs_needed(effect, 1.0) == pairs
    assert pairs_needed(-10 * effect, 10.0) == pairs
    assert power(effect, 1.0, pairs) >= 0.8 > power(effect, 1.0, pairs - 1)


def test_the_least_effect_has_the_power_asked_for() -> None:
    for n in (2, 3, 10, 100, 5000):
        effect = minimum_detectable_effect(2.0, n, 0.95, 0.8)
        assert power(effect, 2.0, n) == pytest.approx(0.8, abs=1e-6)
    assert minimum_detectable_effect(1.0, 10**6) == pytest.approx(2.8016e-3, rel=1e-3)
    assert minimum_detectable_effect(0.0, 5) == 0.0


def test_power_is_how_often_the_interval_leaves_0_out() -> None:
    rng = np.random.default_rng(8)
    samples = rng.normal(0.7, 1.0, (4000, 12))
    seen = sum(not mean_interval(sample).contains(0.0) for sample in samples) / len(samples)
    assert seen == pytest.approx(power(0.7, 1.0, 12), abs=0.025)
    assert power(0.0, 1.0, 12) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: n_pairs([1.0], 1.0), "at least 2"),
        (lambda: n_pairs(PILOT, 0.0), "a half width of 0 cannot be reached"),
        (lambda: stein_interval(PILOT, 6), "a pilot of 6 does not go with 5 differences"),
        (lambda: stein_interval(PILOT, 1), "a pilot of 1 does not go"),
        (lambda: relative_half_width([1.0, -1.0], 0.1), "is no half width"),
        (lambda: pairs_needed(0.0, 1.0), "no number of pairs"),
        (lambda: power(1.0, 0.0, 5), "is not positive"),
        (lambda: minimum_detectable_effect(1.0, 1), "1 pairs have no spread"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()
