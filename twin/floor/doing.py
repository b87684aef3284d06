"""What each unit is doing, seen from outside: for whoever keeps a record of the floor."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from twin.floor.state import UNIT
from twin.floor.step_kernels import ACTING, DRIVING, LIFT, TURNING


class Doing(IntEnum):
    """WAITING: stands with nothing released, or has been done. STOPPED: has a fault, or is held."""

    EMPTY = 0
    """Drives without a pod."""
    LOADED = 1
    """Drives with a pod."""
    TURNING = 2
    LIFTING = 3
    LOWERING = 4
    AT_STATION = 5
    WAITING = 6
    STOPPED = 7


def doings(
    units: NDArray[np.void], acts: NDArray[np.int8], is_at_station: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """uint8[n_units], a Doing each.

    units: UNIT[n_units]. acts: int8[n_units], of the step after the last one done. is_at_station:
    bool[n_units], whether the last centre passed is that of a station."""
    assert units.dtype == UNIT
    mode, is_laden = units["mode"], units["carried"] >= 0
    chosen = [
        (units["fault"] != 0) | (units["factor"] == 0),
        mode == TURNING,
        (mode == ACTING) & (acts == LIFT),
        mode == ACTING,
        (mode == DRIVING) & is_laden,
        mode == DRIVING,
        is_at_station,
    ]
    names = [
        Doing.STOPPED, Doing.TURNING, Doing.LIFTING, Doing.LOWERING, Doing.LOADED, Doing.EMPTY,
        Doing.AT_STATION,
    ]  # fmt: skip
    return np.select(chosen, names, Doing.WAITING).astype(np.uint8)


def lift_shares(
    units: NDArray[np.void], acts: NDArray[np.int8], lift_s: float, lower_s: float
) -> NDArray[np.float64]:
    """float64[n_units], how far up each lift is: 0 down, 1 up. Arguments as of `doings`."""
    is_acting, is_lifting = units["mode"] == ACTING, acts == LIFT
    left = units["timer"] / np.where(is_lifting, max(lift_s, 1e-9), max(lower_s, 1e-9))
    shares = np.where(is_lifting, 1.0 - left, left)
    return np.clip(np.where(is_acting, shares, units["carried"] >= 0), 0.0, 1.0)
