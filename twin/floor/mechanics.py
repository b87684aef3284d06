"""What befalls single units: where they can stop, what a reboot leaves of them, what they cover.

All of it happens rarely, so these are plain functions on one UNIT record each. cells: int32[RING],
the unit's ring of step cells. decel_m_s2, cell_m: what it brakes with now, and the floor.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.floor.monitor_kernels import NOBODY
from twin.floor.step_kernels import (
    ACTING,
    DRIVING,
    FAULT_NO_POD,
    FAULT_PATH_BLOCKED,
    IDLE,
    RING,
    TURNING,
)

_ROUNDING = 1e-9
"""Cells: a unit that brakes so as to stop on a centre reaches it, whatever the last digit says."""


def is_between(unit: Any) -> bool:
    """Whether it is on its way from one centre to the next: then the next step is open. Turning
    for it counts where turns reach beyond the cell: nobody may think that it is over."""
    if unit["mode"] == TURNING and unit["keeps_turn"]:
        return bool(unit["done"] < unit["released"])
    return bool(unit["mode"] == DRIVING and unit["along"] > 0.0)


def is_standing(unit: Any) -> bool:
    """Whether nothing of it moves, and nothing would in the next tick for what it is at now."""
    if unit["speed"] != 0.0 or unit["turn_rate"] != 0.0:
        return False
    return bool(unit["mode"] == IDLE or unit["factor"] == 0.0)


def has_step_fault(unit: Any) -> bool:
    """Whether its fault is one of the next step, not of the unit."""
    return bool(FAULT_NO_POD <= unit["fault"] <= FAULT_PATH_BLOCKED)


def cells_to_stop(unit: Any, decel_m_s2: float, cell_m: float) -> float:
    """Where it stands if it brakes now, in cells beyond the centre it passed last (step done)."""
    return float((unit["along"] + unit["speed"] ** 2 / (2.0 * decel_m_s2)) / cell_m)


def stop_short(unit: Any, decel_m_s2: float, cell_m: float) -> int:
    """End its steps at the first centre where it can stop; returns that step.

    A lift or lowering that has begun is finished, so that its pod is up or down."""
    done = int(unit["done"])
    kept = done
    if unit["mode"] == DRIVING:
        # A run never goes on beyond what it can brake for, so this is within it.
        stop = math.ceil(cells_to_stop(unit, decel_m_s2, cell_m) - _ROUNDING)
        kept = min(done + stop, int(unit["last"]))
        unit["last"] = kept
        if kept == done and unit["speed"] == 0.0:
            unit["mode"] = IDLE
    elif unit["mode"] == ACTING or is_between(unit):  # in the second case it is turning
        kept = done + 1
    unit["released"] = kept
    unit["outlook_step"] = 0
    return kept


def forget(unit: Any) -> int:
    """Stand at once and have no steps but the one to the next centre, if between two; returns it.

    A lift or lowering that has begun is undone."""
    unit["speed"] = unit["turn_rate"] = 0.0
    kept = int(unit["done"])
    if is_between(unit):
        kept += 1
        unit["last"] = kept
    elif unit["mode"] in (DRIVING, ACTING):
        unit["mode"] = IDLE
    unit["released"] = kept
    unit["outlook_step"] = 0
    return kept


def cells_under(unit: Any, cells: NDArray[np.int32]) -> list[int]:
    """Cells that chassis and pod lie within, in the order of driving."""
    return _cells_of(unit, int(unit["done"]) + is_between(unit), cells)


def cells_claimed(unit: Any, cells: NDArray[np.int32]) -> list[int]:
    """Those, and all up to where its straight run ends: it no longer looks there."""
    if unit["mode"] != DRIVING:
        return cells_under(unit, cells)
    return _cells_of(unit, int(unit["last"]), cells)


def _cells_of(unit: Any, last: int, cells: NDArray[np.int32]) -> list[int]:
    return [int(cells[step % RING]) for step in range(int(unit["cleared"]), last + 1)]


def take_off(unit: Any) -> None:
    """Nothing of it is on the floor: no motion, no steps, no contact that could go on."""
    unit["mode"], unit["released"], unit["contact_tick"] = IDLE, unit["done"], NOBODY


def put_on(unit: Any, x_m: float, y_m: float, heading: int) -> None:
    """It stands there, with its steps to be counted from 0."""
    unit["x"], unit["y"] = x_m, y_m
    unit["heading"], unit["yaw"] = heading, heading * (math.pi / 2)
    unit["along"] = unit["turn_left"] = 0.0
    for name in ("done", "cleared", "released", "first", "last", "outlook_step", "fails"):
        unit[name] = 0


def restart(unit: Any) -> int:
    """A record from an earlier life of the floor, as after switching the unit off and on: steps are
    counted from 0, and it has no fault. Returns the last step left: 1 between two centres."""
    forget(unit)
    done = int(unit["done"])
    open_steps = int(unit["released"]) - done
    unit["cleared"] = max(0, int(unit["cleared"]) - done)
    unit["released"] = unit["last"] = open_steps
    for name in ("done", "first", "fault", "fails"):
        unit[name] = 0
    unit["factor"], unit["run_limit"] = 1.0, math.inf
    unit["contact_tick"] = NOBODY
    for name in ("square", "after", "before"):
        unit[name] = -1
    return open_steps
