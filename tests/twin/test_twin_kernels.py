"""Small kernels of the twin against slow twins: lists of units by square, the speed to choose."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.floor.monitor_kernels import rebin
from twin.floor.state import UNIT
from twin.floor.step_kernels import approach


def lists(units: np.ndarray, heads: np.ndarray) -> list[list[int]]:
    """The linked list of every square, with its back links checked."""
    found = []
    for head in heads.tolist():
        members, before = [], -1
        while head >= 0:
            assert units["before"][head] == before
            members.append(head)
            before, head = head, int(units["after"][head])
        found.append(members)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_every_unit_is_in_the_list_of_its_square(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_units, n_bin_cols, bin_m = 30, 6, 2.5
    units = np.zeros(n_units, dtype=UNIT)
    for name in ("square", "after", "before"):
        units[name] = -1
    heads = np.full(6 * n_bin_cols, -1, dtype=np.int32)
    for unit in [*range(n_units), *rng.integers(0, n_units, 300).tolist()]:
        units["x"][unit], units["y"][unit] = rng.uniform(0.0, 9.0, 2)
        rebin(units, unit, bin_m, n_bin_cols, heads)
    expected: list[list[int]] = [[] for _ in heads]
    for unit in range(n_units):
        row, col = (int(units[axis][unit] // bin_m) + 1 for axis in ("y", "x"))
        expected[row * n_bin_cols + col].append(unit)
    assert [sorted(members) for members in lists(units, heads)] == expected, f"seed {seed}"


def test_the_speed_is_the_highest_that_still_stops_in_time() -> None:
    """Against a search: of many speeds the highest one from which braking needs no more than is
    left after this tick, with the speed changing linearly within the tick."""
    rng = np.random.default_rng(4)
    for case in range(400):
        accel, decel, limit = rng.uniform([0.3, 0.3, 0.5], [2.0, 2.0, 2.5])
        dt = float(rng.choice([0.02, 0.04, 0.1]))
        speed = float(rng.uniform(0.0, limit))
        left = speed**2 / (2 * decel) + float(rng.choice([0.0, rng.exponential(0.5)]))
        speeds = np.linspace(0.0, min(speed + accel * dt, limit), 4001)
        needed = (speed + speeds) / 2 * dt + speeds**2 / (2 * decel)
        fitting = speeds[needed <= left + 1e-12]
        best = float(fitting[-1]) if len(fitting) else 0.0
        found = approach(speed, limit, accel, decel, left, dt)
        assert found == pytest.approx(best, abs=2 * limit / 4000), f"case {case}"
        assert found >= max(speed - decel * dt, 0.0) - 1e-9, f"case {case}: brakes too hard"
        assert math.isfinite(found)


def test_a_limit_below_the_speed_is_reached_by_braking() -> None:
    """Whatever the limit falls to, the speed falls by what the brakes can do in a tick, no more."""
    rng = np.random.default_rng(6)
    for case in range(300):
        accel, decel, speed = rng.uniform([0.3, 0.3, 0.5], [2.0, 2.0, 2.5])
        limit, dt = float(speed * rng.uniform(0.0, 1.0)), 0.04
        found = approach(speed, limit, accel, decel, 100.0, dt)
        assert found == pytest.approx(max(limit, speed - decel * dt)), f"case {case}"
