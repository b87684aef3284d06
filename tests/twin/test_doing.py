"""What units are said to be doing, from their records alone."""

from __future__ import annotations

import numpy as np
import pytest

from twin.floor.doing import Doing, doings, lift_shares
from twin.floor.state import UNIT
from twin.floor.step_kernels import ACTING, DRIVE, DRIVING, IDLE, LIFT, LOWER, TURNING

CASES = [
    # mode, act, carried, fault, factor, at a station
    (IDLE, DRIVE, -1, 0, 1.0, False, Doing.WAITING),
    (IDLE, DRIVE, 4, 0, 1.0, True, Doing.AT_STATION),
    (DRIVING, DRIVE, -1, 0, 1.0, True, Doing.EMPTY),
    (DRIVING, DRIVE, 4, 0, 0.3, False, Doing.LOADED),
    (TURNING, DRIVE, 4, 0, 1.0, True, Doing.TURNING),
    (ACTING, LIFT, -1, 0, 1.0, False, Doing.LIFTING),
    (ACTING, LOWER, 4, 0, 1.0, False, Doing.LOWERING),
    (DRIVING, DRIVE, 4, 0, 0.0, False, Doing.STOPPED),
    (IDLE, DRIVE, 4, 3, 0.0, True, Doing.STOPPED),
]


def units_of(**columns: object) -> np.ndarray:
    units = np.zeros(1, dtype=UNIT)
    for name, value in columns.items():
        units[name] = value
    return units


@pytest.mark.parametrize(
    ("mode", "act", "carried", "fault", "factor", "is_at_station", "doing"), CASES
)
def test_each_case(
    mode: int, act: int, carried: int, fault: int, factor: float, is_at_station: bool, doing: Doing
) -> None:
    units = units_of(mode=mode, carried=carried, fault=fault, factor=factor)
    assert doings(units, np.array([act], np.int8), np.array([is_at_station])).tolist() == [doing]


@pytest.mark.parametrize(
    ("mode", "act", "carried", "timer", "share"),
    [
        (IDLE, DRIVE, -1, 0.0, 0.0), (DRIVING, DRIVE, 2, 0.0, 1.0), (ACTING, LIFT, -1, 3.0, 0.25),
        (ACTING, LOWER, 2, 1.5, 0.75), (ACTING, LIFT, -1, 9.0, 0.0),
    ],
)  # fmt: skip
def test_lifts(mode: int, act: int, carried: int, timer: float, share: float) -> None:
    units = units_of(mode=mode, carried=carried, timer=timer)
    assert lift_shares(units, np.array([act], np.int8), 4.0, 2.0).tolist() == [share]
