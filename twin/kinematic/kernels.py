"""Fixed ticks of exact kinematics: motion of all units, then the collision monitor.

Motion: straight runs over all released cells of one direction without stopping, in-place turns at
cell centres, braking so as to stop exactly on a centre. Speed changes linearly within a tick of
length dt, so a run differs from the ideal trapezoidal profile by no more than the rounding to
ticks. A unit that has come to where its run or turn ends may have to settle there, while its timer
runs, before it has done it. That is rounded to a tick, and the rest kept for the next time, so that
such legs are right on average.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from twin.floor.monitor_kernels import rebin, watch
from twin.floor.step_kernels import (
    ACCEL,
    ACTING,
    BIN_M,
    CELL_M,
    DECEL,
    DRIVING,
    IDLE,
    RING_MASK,
    SPEED_LIMIT,
    TURN_ACCEL,
    TURN_RATE_LIMIT,
    TURNING,
    Units,
    approach,
    exchange,
    lengthen_run,
    pass_centres,
    wake,
)


@kernel
def _has_settled(unit: Any, settle_s: float, left: float, speed: float, dt: float) -> bool:
    """Whether a unit that is where its run or turn ends, and stands, has stood there for long
    enough. left, speed: at the tick's beginning; braking evenly takes 2 left / speed, and the rest
    of the tick it settles already."""
    if speed > 0.0:
        rest = unit.timer if unit.timer <= 0.5 * dt else 0.0
        unit.timer = settle_s - (dt - min(2.0 * left / speed, dt)) + rest
    else:
        unit.timer -= dt
    return unit.timer <= 0.5 * dt


@kernel
def _drive(
    unit: Any, index: int, dt: float, limits: NDArray[np.float64], sizes: NDArray[np.float64],
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
    centres: NDArray[np.float64], solid: NDArray[np.uint8], n_cols: int, settle_s: float,
) -> None:  # fmt: skip
    """Move along the straight run, longer whenever more of it has been released."""
    load = 1 if unit.carried >= 0 else 0
    cell_m = sizes[CELL_M]
    lengthen_run(unit, index, cells, acts, speeds, solid, n_cols)
    left = (unit.last - unit.first) * cell_m - unit.along
    limit = min(limits[load, SPEED_LIMIT] * unit.factor, unit.run_limit)
    speed = approach(unit.speed, limit, limits[load, ACCEL], limits[load, DECEL], left, dt)
    way = 0.5 * (unit.speed + speed) * dt
    along = unit.along + way
    arrives = left - way < 1e-7
    if arrives:
        speed = 0.0
        if settle_s > 0.0 and not _has_settled(unit, settle_s, left, unit.speed, dt):
            arrives = False
            along = unit.along + left - 1e-9  # not past the last centre
        else:
            unit.mode = IDLE
    unit.speed = speed
    pass_centres(unit, index, along, arrives, speeds, sizes)
    along = unit.along
    origin = cells[index, unit.first & RING_MASK]
    x, y = centres[origin, 0], centres[origin, 1]
    if unit.heading == 0:
        x += along
    elif unit.heading == 1:
        y += along
    elif unit.heading == 2:
        x -= along
    else:
        y -= along
    unit.x = x
    unit.y = y


@kernel
def _turn(unit: Any, dt: float, limits: NDArray[np.float64], settle_s: float) -> None:
    """Turn in place; where pods do not turn with the unit, the lift plate counter-rotates."""
    load = 1 if unit.carried >= 0 else 0
    accel = limits[load, TURN_ACCEL]
    left = unit.turn_left
    limit = limits[load, TURN_RATE_LIMIT] * unit.factor
    rate = approach(unit.turn_rate, limit, accel, accel, abs(left), dt)
    angle = 0.5 * (unit.turn_rate + rate) * dt
    if abs(left) - angle < 1e-7:
        if settle_s == 0.0 or _has_settled(unit, settle_s, abs(left), unit.turn_rate, dt):
            unit.mode = IDLE
        unit.yaw = unit.heading * math.pi / 2
        unit.turn_left = 0.0
        unit.turn_rate = 0.0
        return
    turned = angle if left > 0 else -angle
    unit.yaw += turned
    unit.turn_left = left - turned
    unit.turn_rate = rate


@kernel
def _act(
    unit: Any, index: int, dt: float, cells: NDArray[np.int32], acts: NDArray[np.int8],
    pod_at: NDArray[np.int32],
) -> None:  # fmt: skip
    """Lift or set down when the time for it is over; what cannot be done is a fault."""
    unit.timer -= dt * unit.factor
    if unit.timer > 1e-9:
        return
    exchange(unit, index, cells, acts, pod_at)


@kernel
def run_ticks(
    first_tick: int, n_ticks: int, dt: float, limits: NDArray[np.float64],
    sizes: NDArray[np.float64], n_rows: int, n_cols: int, units: Units,
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
    centres: NDArray[np.float64], pod_at: NDArray[np.int32], solid: NDArray[np.uint8],
    n_bin_cols: int, heads: NDArray[np.int32], partners: NDArray[np.int64],
    rows: NDArray[np.float64], settle_s: float,
) -> int:  # fmt: skip
    """Advance the world by n_ticks of dt seconds. Returns how many contacts began.

    limits: float64[2, 5] of empty and laden units. sizes: float64[9]. units: UNIT records. cells,
    acts, speeds: [n_units, RING] released steps. solid: uint8[n_cells], 0, 1 or PLACED. partners:
    int64[n_units, N_PARTNERS, 2], latest contacts of each unit: the other party or NOBODY, and the
    tick. rows: float64[k, 5], the first k contacts: tick, unit, other party (a unit, HIT_OBSTACLE
    or HIT_POD), and x, y of the unit. settle_s: how long a unit stands after each run and turn.
    """
    n_contacts = 0
    for tick in range(first_tick, first_tick + n_ticks):
        for index in range(units.size):
            unit = units[index]
            if not wake(unit, index, cells, acts, speeds, sizes, solid, n_cols):
                continue
            if unit.mode == DRIVING:
                _drive(
                    unit, index, dt, limits, sizes, cells, acts, speeds, centres, solid, n_cols,
                    settle_s,
                )  # fmt: skip
                rebin(units, index, sizes[BIN_M], n_bin_cols, heads)
            elif unit.mode == TURNING:
                _turn(unit, dt, limits, settle_s)
            elif unit.mode == ACTING:
                _act(unit, index, dt, cells, acts, pod_at)
        n_contacts = watch(
            tick, sizes, n_rows, n_cols, units, pod_at, solid, n_bin_cols, heads, partners, rows,
            n_contacts,
        )  # fmt: skip
    return n_contacts
