"""Whole microseconds: shares add up to one, decimals to the whole, for any parts."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from fleet_control.accounting.ticks import TICKS_PER_S, seconds, shares, split, ticks


def test_the_nearest_tick() -> None:
    assert [ticks(time_s) for time_s in (0.0, 0.2, 3 * 0.2, 1e-7, 36000.0)] == [
        0, 200_000, 600_000, 0, 36_000_000_000,
    ]  # fmt: skip
    assert seconds(np.array([1, TICKS_PER_S])).tolist() == [1e-6, 1.0]


@pytest.mark.parametrize("seed", range(50))
def test_shares_and_seconds_add_up_as_they_are_written(seed: int) -> None:
    rng = np.random.default_rng(seed)
    booked = rng.integers(0, 10 ** int(rng.integers(1, 13)), int(rng.integers(1, 14)))
    booked[0] += 1
    parts = split(booked, tuple(f"part {i}" for i in range(len(booked)))).values()
    assert sum(Decimal(repr(part["share"])) for part in parts) == 1, f"seed {seed}"
    written = sum(Decimal(repr(part["seconds"])) for part in parts)
    assert written == Decimal(int(booked.sum())) / TICKS_PER_S, f"seed {seed}"
    exact = booked / booked.sum()
    assert np.abs(np.array(shares(booked)) - exact).max() < 1e-5, f"seed {seed}"


def test_equal_remainders_go_to_the_first() -> None:
    assert shares(np.array([1, 1, 1]), 10) == [0.4, 0.3, 0.3]
    assert shares(np.zeros(3, dtype=np.int64)) == [0.0, 0.0, 0.0]
