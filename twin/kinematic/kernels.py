"""Fixed ticks of exact kinematics: motion of all units, then the collision monitor.

Motion: straight runs over all released cells of one direction without stopping, in-place turns at
cell centres, braking so as to stop exactly on a centre. Speed changes linearly within a tick of
length dt, so a run differs from the ideal trapezoidal profile by no more than the rounding to
ticks, which make each leg half a tick longer on average.

Units that were measured are to take as long as they did. Their runs and turns end with the tick
that is nearest, what is left over is kept for the next one, and they stand for some time at the end
of each, if they need to settle, before they have done it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel, part_of_kernels
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
    rests,
    wake,
)

AS_SET = -1.0
STANDS = 1e-7
"""Metres or radians that are none."""


@kernel
def _is_over(
    unit: Any, settle_s: float, left: float, before: float, after: float, dt: float
) -> bool:
    """Whether a run or turn of a measured unit is over with this tick: that tick whose end is the
    nearest to the moment at which it would be. left: to go at the tick's beginning. before, after:
    speeds at its beginning and end; from the last braking, 2 left / speed is the time to stand."""
    rest_s = unit.timer if unit.timer <= 0.5 * dt else 0.0  # of the leg before
    left_after = left - 0.5 * (before + after) * dt
    if left_after >= STANDS:
        if after <= 0.0:
            return False
        more_s = settle_s + rest_s + 2.0 * left_after / after
        if more_s > 0.5 * dt:
            return False
    elif before > 0.0:
        more_s = settle_s + rest_s - (dt - min(2.0 * left / before, dt))
    else:
        more_s = unit.timer - dt
    unit.timer = more_s
    return more_s <= 0.5 * dt


@part_of_kernels
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
    stands = left - way < STANDS
    arrives = stands
    if settle_s != AS_SET:
        arrives = _is_over(unit, settle_s, left, unit.speed, speed, dt)
    if stands:
        speed = 0.0
        along = unit.along + left - 1e-9  # not past the last centre, unless it has arrived
    if arrives:
        speed = 0.0
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
    stands = abs(left) - angle < STANDS
    is_over = stands
    if settle_s != AS_SET:
        is_over = _is_over(unit, settle_s, abs(left), unit.turn_rate, rate, dt)
    if is_over:
        unit.mode = IDLE
    if stands or is_over:
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
    or HIT_POD), and x, y of the unit. settle_s: how long units that were measured stand at the end
    of each run and turn; AS_SET for units that move exactly as they are set to.
    """
    n_contacts = 0
    for tick in range(first_tick, first_tick + n_ticks):
        for index in range(units.size):
            unit = units[index]
            if rests(unit):
                unit.awake = 0
                continue
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
