"""Accounts of station time in work alone, which nobody looks at: exact, and they survive."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sorting_fakes import InstantSorter
from work_fakes import make_case

from fleet_control.accounting.causes import Cause
from fleet_control.accounting.ticks import ticks


@pytest.mark.parametrize("seed", range(10))
def test_work_that_nobody_looks_at_adds_up_too(seed: int) -> None:
    fleet, _ = make_case(seed)
    sorter = InstantSorter(seed, has_failures=True)
    for _ in range(300):
        fleet.cycle()
        sorter.cycle()
    for work, now_s in ((fleet.work, fleet.now_s), (sorter.work, sorter.now_s)):
        causes, states_s = work.station_causes(now_s), work.station_times(now_s)
        assert (causes.sum(axis=1) == ticks(now_s)).all(), f"seed {seed}"
        assert np.array_equal(states_s[:, 0], causes[:, Cause.PICKING] / 1e6), f"seed {seed}"
        again = pickle.loads(pickle.dumps(work))
        assert np.array_equal(again.station_causes(now_s + 1), work.station_causes(now_s + 1))
