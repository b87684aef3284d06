"""What a sweep makes of tables whose answer is known; nothing is simulated."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from gridfleet.experiments.sweep.best import best_point
from gridfleet.experiments.sweep.design import factorial, latin_hypercube
from gridfleet.experiments.sweep.effects import chance_share, interactions, parameter_effects
from gridfleet.experiments.sweep.parameters import Parameter
from gridfleet.experiments.sweep.table import Table

Floats = NDArray[np.float64]
ROBOTS = Parameter("robots", (20, 30, 40))
RULE = Parameter("work.storage_rule", ("nearest", "home"))
SEEDS = np.array([-7.0, 0.0, 3.0, 4.0])
"""What a seed does to all points alike."""


def full(means: list[float], noise: float = 0.0, seed: int = 0, **more: object) -> Table:
    """A table of all combinations of ROBOTS and RULE."""
    rng = np.random.default_rng(seed)
    values = np.array(means)[:, None] + SEEDS + noise * rng.standard_normal((6, len(SEEDS)))
    parameters = (ROBOTS, RULE)
    return Table(parameters, tuple(factorial(parameters)), values, True, **more)  # type: ignore[arg-type]


def test_effects_that_add_up() -> None:
    table = full([fleet + rule for fleet, rule in product((90, 100, 113), (0, 4))])
    robots, rule = parameter_effects(table)
    assert (robots.key, robots.worst, robots.best) == ("robots", 20, 40)
    assert [level.figure.mean for level in robots.levels] == pytest.approx([92, 102, 115])
    assert [level.effect.mean for level in robots.levels] == pytest.approx([-11, -1, 12])
    assert robots.difference.mean == pytest.approx(23)
    assert robots.percent is not None
    assert robots.percent.mean == pytest.approx(25)
    squares = 2 * (11**2 + 1 + 12**2), 6 * 2**2
    assert robots.share == pytest.approx(squares[0] / sum(squares))
    assert rule.share == pytest.approx(squares[1] / sum(squares))
    assert robots.is_sure
    assert rule.is_sure
    (pair,) = interactions(table)
    assert pair.share == 0.0
    assert not pair.is_sure
    assert chance_share(table) == pytest.approx(0.0, abs=1e-9)


def test_parameters_that_work_only_together() -> None:
    table = full([10, 20, 15, 15, 20, 10], noise=0.1)
    robots, rule = parameter_effects(table)
    assert max(robots.share, rule.share) < 0.01
    (pair,) = interactions(table)
    assert pair.keys == ("robots", "work.storage_rule")
    assert pair.share > 0.99
    assert pair.is_sure
    assert pair.means[0] == pytest.approx((10, 20), abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_the_textbook(seed: int) -> None:
    """Against sums over levels, for any means."""
    means = np.random.default_rng(seed).normal(100.0, 5.0, 6)
    table = full(list(means), noise=1.0, seed=seed)
    grid = table.means.reshape(3, 2)
    all_of_it = ((grid - grid.mean()) ** 2).sum()
    rows, columns = grid.mean(axis=1), grid.mean(axis=0)
    rest = grid - rows[:, None] - columns + grid.mean()
    shares = {effect.key: effect.share for effect in parameter_effects(table)}
    assert shares["robots"] == pytest.approx(2 * ((rows - grid.mean()) ** 2).sum() / all_of_it)
    expected = 3 * ((columns - grid.mean()) ** 2).sum() / all_of_it
    assert shares["work.storage_rule"] == pytest.approx(expected)
    assert interactions(table)[0].share == pytest.approx((rest**2).sum() / all_of_it)


def test_chance_is_rarely_taken_for_an_effect() -> None:
    tables = [full([100.0] * 6, noise=1.0, seed=seed) for seed in range(200)]
    n_found = sum(any(one.is_sure for one in parameter_effects(table)) for table in tables)
    assert n_found <= 20, "5 % of 200 are 10"
    n_best = sum(best_point(table).is_sure for table in tables[:20])
    assert n_best <= 3


def test_a_point_that_failed_does_not_tilt_the_effects() -> None:
    """Where effects add up, the levels' means are those of all points."""
    table = full([fleet + rule for fleet, rule in product((90, 100, 113), (0, 40))])
    holed = Table(table.parameters, table.points[:-1], table.values[:-1], is_factorial=True)
    for effect, whole in zip(parameter_effects(holed), parameter_effects(table), strict=True):
        assert effect.key == whole.key
        assert effect.difference.mean == pytest.approx(whole.difference.mean)


def test_no_differences_at_all() -> None:
    table = full([100.0] * 6)
    assert [effect.share for effect in parameter_effects(table)] == [0.0, 0.0]
    assert not any(effect.is_sure for effect in parameter_effects(table))
    assert interactions(table) == ()
    assert chance_share(table) is None


def latin(of: str, n: int = 40, noise: float = 0.05) -> Table:
    parameters = (
        Parameter("service.line_s", low=2.0, high=10.0),
        Parameter("robots", low=10, high=90, is_whole=True, is_log=True),
        RULE,
    )
    points = tuple(latin_hypercube(parameters, n, 1))
    rng = np.random.default_rng(1)
    means = {
        "hill": [50.0 - (line - 6.0) ** 2 for line, _, _ in points],
        "fleet": [10.0 * np.log(robots) for _, robots, _ in points],
        "rule": [100.0 + 10.0 * (rule == "home") for _, _, rule in points],
    }[of]
    values = np.array(means)[:, None] + SEEDS + noise * rng.standard_normal((len(points), 4))
    return Table(parameters, points, values, is_factorial=False)


@pytest.mark.parametrize(
    ("of", "key", "best"),
    [("hill", "service.line_s", 6.0), ("fleet", "robots", 90), ("rule", RULE.key, "home")],
)
def test_a_latin_hypercube_finds_what_matters(of: str, key: str, best: object) -> None:
    first, *others = parameter_effects(latin(of))
    assert first.key == key
    assert first.best == best
    assert first.is_sure
    assert first.share > 0.98
    assert max(other.share for other in others) < 0.15
    assert not any(other.is_sure for other in others)


def test_a_latin_hypercube_too_small_for_a_fit_is_not_sure() -> None:
    for effect in parameter_effects(latin("hill", n=3)):
        assert not effect.is_sure


def test_the_best_point_and_how_sure_that_is() -> None:
    clear = best_point(full([100, 101, 102, 103, 104, 130], noise=0.5))
    assert (clear.row, clear.is_sure, clear.others) == (5, True, ())
    assert clear.sure_up_to is not None
    assert clear.sure_up_to > 0.99
    close = best_point(full([100, 101, 102, 103, 130.1, 130], noise=0.5))
    assert not close.is_sure
    assert {close.row, *close.others} == {4, 5}
    assert close.sure_up_to is not None
    assert close.sure_up_to < 0.95


def test_points_that_do_exactly_the_same() -> None:
    found = best_point(full([100, 101, 102, 103, 130, 130]))
    assert (found.row, found.is_sure, found.others) == (4, False, (5,))
    assert found.sure_up_to == pytest.approx(1 / 6)


def test_less_may_be_better() -> None:
    table = full([fleet + rule for fleet, rule in product((90, 100, 113), (0, 4))], better=-1)
    robots, _ = parameter_effects(table)
    assert (robots.worst, robots.best) == (40, 20)
    assert robots.difference.mean == pytest.approx(-23)
    assert best_point(table).row == 0


def test_one_seed_has_no_intervals() -> None:
    table = full([100, 101, 102, 103, 104, 130])
    one = Table(table.parameters, table.points, table.values[:, :1], is_factorial=True)
    robots, _ = parameter_effects(one)
    assert robots.p_value is None
    assert not robots.is_sure
    assert robots.levels[0].figure.low is None
    assert best_point(one).sure_up_to is None
