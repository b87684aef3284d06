"""Designs: which points, and that chance draws the same ones again."""

from __future__ import annotations

import pytest

from gridfleet.experiments.sweep.design import factorial, latin_hypercube
from gridfleet.experiments.sweep.parameters import Parameter, read_parameters

RANGES = (
    Parameter("service.line_s", low=2.0, high=8.0),
    Parameter("robots", low=10, high=29, is_whole=True),
    Parameter("demand.zipf", low=0.01, high=1.0, is_log=True),
    Parameter("work.storage_rule", ("nearest", "home")),
)


def test_a_factorial_has_all_combinations() -> None:
    wanted = Parameter("robots", (4, 8, 12)), Parameter("guidance", ("none", "lanes"))
    points = factorial(wanted)
    assert points[:3] == [(4, "none"), (4, "lanes"), (8, "none")]
    assert len(set(points)) == 6


def test_steps_of_a_range() -> None:
    faults: list[str] = []
    robots, zipf = read_parameters(
        {
            "robots": {"from": 10, "to": 20, "steps": 5},
            "demand": {"zipf": {"from": 0.01, "to": 1.0, "steps": 3, "log": True}},
        },
        faults,
    )
    assert not faults
    assert robots.levels == (10, 12, 15, 18, 20)
    assert zipf.levels == (0.01, 0.1, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_every_slice_of_a_latin_hypercube_has_one_sample(seed: int) -> None:
    n = 20
    points = latin_hypercube(RANGES, n, seed)
    assert len(points) == n
    lines, fleets, zipfs, rules = zip(*points, strict=True)
    assert sorted(int((value - 2.0) / 6.0 * n - 1e-3 * (value == 8.0)) for value in lines) == list(
        range(n)
    )
    assert sorted(fleets) == list(range(10, 30))
    assert sum(value < 0.1 for value in zipfs) == n // 2
    assert rules.count("home") == n // 2


def test_the_same_seed_gives_the_same_points() -> None:
    assert latin_hypercube(RANGES, 12, 3) == latin_hypercube(RANGES, 12, 3)
    assert latin_hypercube(RANGES, 12, 3) != latin_hypercube(RANGES, 12, 4)


def test_samples_that_coincide_are_one_point() -> None:
    points = latin_hypercube((Parameter("guidance", ("none", "lanes")),), 10, 0)
    assert sorted(points) == [("lanes",), ("none",)]
