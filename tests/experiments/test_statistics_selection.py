"""Nelson and Matejcik's procedure: its constant against tables, its promise by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from gridfleet.experiments.statistics import n_to_select, paired_interval, select
from gridfleet.experiments.statistics.selection import equicoordinate_t


@pytest.mark.parametrize(
    ("dimensions", "degrees", "confidence", "published"),
    [
        (1, 10, 0.95, 1.81), (2, 10, 0.95, 2.15), (3, 10, 0.95, 2.34), (4, 10, 0.95, 2.47),
        (2, 20, 0.95, 2.03), (4, 20, 0.95, 2.30), (9, 20, 0.95, 2.60), (2, 5, 0.95, 2.44),
        (1, 20, 0.99, 2.53), (3, 20, 0.99, 2.97),
    ],
)  # fmt: skip
def test_the_constant_is_that_of_dunnetts_tables(
    dimensions: int, degrees: int, confidence: float, published: float
) -> None:
    """Dunnett (1955), tables 1a and 1b, one-sided."""
    assert equicoordinate_t(dimensions, degrees, confidence) == pytest.approx(published, abs=0.0051)


def test_the_constant_is_that_of_the_multivariate_t() -> None:
    shape = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    g = equicoordinate_t(3, 12, 0.9)
    found = stats.multivariate_t(shape=shape, df=12, seed=1).cdf(np.full(3, g), maxpts=200_000)
    assert found == pytest.approx(0.9, abs=1e-3)
    assert equicoordinate_t(1, 7, 0.9) == pytest.approx(stats.t.ppf(0.9, 7), abs=1e-7)


def test_two_variants_are_a_one_sided_paired_test() -> None:
    a, b = [5.0, 7.0, 6.0, 9.0], [6.0, 7.0, 8.0, 8.0]
    spread = np.std(np.subtract(b, a), ddof=1)
    selection = select([a, b], 4, 0.975)
    interval = paired_interval(a, b, 0.95)
    assert selection.zone == pytest.approx(interval.half_width)
    assert selection.best == 1
    assert n_to_select([a, b], 0.5, 0.975) == math.ceil((3.182446 * spread / 0.5) ** 2)


def test_by_hand() -> None:
    """Means of rows are 2, 4 and 9, of columns 5 and 5."""
    values = np.array([[1.0, 3.0], [4.0, 4.0], [10.0, 8.0]])
    # What is left by rows and columns is +-1 in two rows: four squares of 1, with 2 * 1 degrees.
    spread = math.sqrt(2 * 4 / 2)
    g = equicoordinate_t(2, 2, 0.95)
    selection = select(values, 2)
    assert selection.best == 2
    assert selection.zone == pytest.approx(g * spread / math.sqrt(2))
    assert [i.mean for i in selection.against_best] == pytest.approx([-7.0, -5.0, 5.0])
    assert [i.high for i in selection.against_best] == pytest.approx(
        [max(0.0, lead + selection.zone) for lead in (-7.0, -5.0, 5.0)]
    )
    assert n_to_select(values, 1.0) == math.ceil((g * spread) ** 2)
    assert n_to_select(values, 1.0, most=7) == 7
    assert n_to_select(values, 1e9) == 2


def test_the_best_by_a_zone_is_selected_as_often_as_promised() -> None:
    """Slippage: all others alike, and worse by just the zone. Common noise changes nothing."""
    rng, n0, zone, n_experiments, k = np.random.default_rng(9), 8, 1.0, 1000, 4
    correct, sizes = 0, []
    for _ in range(n_experiments):
        values = rng.normal(0.0, 3.0, 150) + rng.normal(0.0, 2.0, (k, 150))
        values[0] += zone
        n = n_to_select(values[:, :n0], zone, 0.9, most=150)
        correct += select(values[:, :n], n0, 0.9).best == 0
        sizes.append(n)
    assert correct / n_experiments >= 0.9 - 0.02
    assert 20 < np.mean(sizes) < 60


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: select([[1.0, 2.0]], 2), "two of two at least"),
        (lambda: select([[1.0], [2.0]], 2), "two of two at least"),
        (lambda: select([[1.0, 2.0], [2.0, math.nan]], 2), "not all values are finite"),
        (lambda: select([[1.0, 2.0], [2.0, 3.0]], 3), "a pilot of 3"),
        (lambda: n_to_select([[1.0, 2.0], [2.0, 3.0]], 0.0), "no width"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()
