"""The motion controllers of all units, one control tick at a time: from where each is believed to
be to what its wheels and lift are told.

A unit does the same steps as in the kinematic engine (twin.floor.step_kernels) and asks for the
same speeds, but along a run and in a turn it measures how far it has come. On a run the cross-track
error e and the heading error p are fed back as

    rate = -(2 z k |v| + k0) p - k^2 v e

which near the line is a damped oscillator over the distance driven (Samson 1993, chained form,
linearised), with k in 1/m and damping z.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from twin.floor.monitor_kernels import rebin
from twin.floor.step_kernels import (
    ACCEL,
    ACTING,
    CELL_M,
    DECEL,
    DRIVING,
    FAULT_LIFT_FAILED,
    FAULT_PATH_BLOCKED,
    HALF_LENGTH,
    HALF_POD,
    HALF_WIDTH,
    IDLE,
    LIFT,
    LIFT_S,
    LOWER_S,
    POD_TURNS,
    RING_MASK,
    SPEED_LIMIT,
    TURN_ACCEL,
    TURN_RATE_LIMIT,
    TURNING,
    Units,
    approach,
    exchange,
    halt,
    lengthen_run,
    pass_centres,
    wake,
)

SPEED, RATE, HEIGHT = 0, 1, 2
"""Columns of `commands`: m/s, rad/s, and metres that the plate is to be raised."""
X, Y, YAW = 0, 1, 2
"""Columns of `believed`."""
STIFFNESS, DAMPING, HEADING_GAIN = 3.0, 0.9, 2.5
"""k in 1/m, z, and k0 in 1/s."""
MAX_STEER = 1.2
"""rad/s, most that a correction may turn a unit that drives."""
NEAR_M, NEAR_RAD = 0.002, 0.004
"""A unit has arrived, or turned, that near to where it should."""
SLOW_M_S, SLOW_RAD_S = 0.03, 0.08
"""And when it is no faster."""
BACK_GAIN = 4.0
"""1/s, how fast a unit that is off its centre comes back."""
MAX_BACK_M_S = 0.1
"""While it turns."""
STALL_M_S, STALL_SHARE, STALL_S = 0.1, 0.1, 1.0
"""A unit that should be faster than that, makes less than this share of its way, and for so long,
has something in its way."""
NEAR_LIFT_M = 0.001
NEAR_POD_M = 0.06
"""More than a unit drives in a tick, and what a pod that stands a little askew reaches out."""
LIFT_PATIENCE_S = 2.0
"""How much longer than it should a lift may take."""


@kernel
def _wrap(angle: float) -> float:
    """The same angle within half a turn of 0."""
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)


@kernel
def _stalls(
    unit: Any, index: int, progress_m: float, dt: float, stalled: NDArray[np.int32]
) -> bool:
    """Whether the unit has pushed in vain for too long; it stands then, with a fault."""
    in_vain = unit.speed > STALL_M_S and progress_m < STALL_SHARE * unit.speed * dt
    stalled[index] = stalled[index] + 1 if in_vain else 0
    if stalled[index] * dt < STALL_S:
        return False
    stalled[index] = 0
    unit.fault = FAULT_PATH_BLOCKED
    unit.factor = 0.0
    unit.speed = 0.0
    return True


@kernel
def _drive(
    unit: Any, index: int, dt: float, limits: NDArray[np.float64], sizes: NDArray[np.float64],
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
    centres: NDArray[np.float64], solid: NDArray[np.uint8], n_cols: int,
    believed: NDArray[np.float64], commands: NDArray[np.float64], stalled: NDArray[np.int32],
) -> None:  # fmt: skip
    """Follow the straight run, longer whenever more of it has been released."""
    load = 1 if unit.carried >= 0 else 0
    lengthen_run(unit, index, cells, acts, speeds, solid, n_cols)
    origin = cells[index, unit.first & RING_MASK]
    yaw = unit.heading * 0.5 * math.pi
    east, north = math.cos(yaw), math.sin(yaw)
    dx = believed[index, X] - centres[origin, 0]
    dy = believed[index, Y] - centres[origin, 1]
    along, aside = dx * east + dy * north, dy * east - dx * north
    length = (unit.last - unit.first) * sizes[CELL_M]
    left = length - along
    if _stalls(unit, index, along - unit.along, dt, stalled):
        return
    limit = min(limits[load, SPEED_LIMIT] * unit.factor, unit.run_limit)
    speed = approach(unit.speed, limit, limits[load, ACCEL], limits[load, DECEL], left, dt)
    arrives = abs(left) < NEAR_M and unit.speed < SLOW_M_S
    if arrives:
        speed = 0.0
        unit.mode = IDLE
    unit.speed = max(speed, 0.0)
    # Beyond the end of the run is not past its last centre: the unit comes back.
    pass_centres(unit, index, min(max(along, 0.0), length - 1e-9), arrives, speeds, sizes)
    if arrives:
        return
    if left < -NEAR_M and unit.factor > 0.0:
        speed = max(BACK_GAIN * left, -0.2)
    askew = _wrap(believed[index, YAW] - yaw)
    rate = -(2.0 * DAMPING * STIFFNESS * abs(speed) + HEADING_GAIN) * askew
    rate -= STIFFNESS * STIFFNESS * speed * aside
    commands[index, SPEED] = speed
    if speed != 0.0:
        commands[index, RATE] = min(max(rate, -MAX_STEER), MAX_STEER)


@kernel
def _turn(
    unit: Any, index: int, dt: float, limits: NDArray[np.float64], cells: NDArray[np.int32],
    centres: NDArray[np.float64], believed: NDArray[np.float64], commands: NDArray[np.float64],
) -> None:  # fmt: skip
    """Turn in place until the heading is reached.

    Wheels slip a little under a heavy pod, always the same way: a unit that turned over and over
    would leave its cell. It drives back along the heading that it has while it turns, which in a
    quarter turn points along both axes."""
    load = 1 if unit.carried >= 0 else 0
    accel = limits[load, TURN_ACCEL]
    off = _wrap(unit.heading * 0.5 * math.pi - believed[index, YAW])
    # Of the two ways round, the one that the turn was begun with.
    left = off + 2.0 * math.pi * math.floor((unit.turn_left - off) / (2.0 * math.pi) + 0.5)
    if abs(left) < NEAR_RAD and unit.turn_rate < SLOW_RAD_S:
        unit.mode = IDLE
        unit.turn_left = 0.0
        unit.turn_rate = 0.0
        return
    limit = limits[load, TURN_RATE_LIMIT] * unit.factor
    rate = approach(unit.turn_rate, limit, accel, accel, abs(left), dt)
    unit.turn_left = left
    unit.turn_rate = rate
    commands[index, RATE] = rate if left > 0.0 else -rate
    here = cells[index, unit.done & RING_MASK]
    yaw = believed[index, YAW]
    back = (centres[here, 0] - believed[index, X]) * math.cos(yaw)
    back += (centres[here, 1] - believed[index, Y]) * math.sin(yaw)
    commands[index, SPEED] = min(max(BACK_GAIN * back, -MAX_BACK_M_S), MAX_BACK_M_S)


@kernel
def _act(
    unit: Any, index: int, dt: float, lift_m: float, sizes: NDArray[np.float64],
    cells: NDArray[np.int32], acts: NDArray[np.int8], pod_at: NDArray[np.int32],
    heights: NDArray[np.float64], loads: NDArray[np.int32], commands: NDArray[np.float64],
) -> bool:  # fmt: skip
    """Raise or sink the plate until it is where it should be. True where it does not get there."""
    unit.timer -= dt * unit.factor
    is_lift = acts[index, (unit.done + 1) & RING_MASK] == LIFT
    whole_s = sizes[LIFT_S] if is_lift else sizes[LOWER_S]
    share = 0.0 if whole_s <= 0.0 else min(max(unit.timer / whole_s, 0.0), 1.0)
    commands[index, HEIGHT] = lift_m * ((1.0 - share) if is_lift else share)
    if unit.timer > 1e-9:
        return False
    is_there = loads[index] < 0 or abs(heights[index] - commands[index, HEIGHT]) < NEAR_LIFT_M
    if not is_there and unit.timer > -LIFT_PATIENCE_S:
        return False
    if is_there:
        exchange(unit, index, cells, acts, pod_at)
    else:
        halt(unit, FAULT_LIFT_FAILED)
    return not is_there


@kernel
def steer(
    dt: float, limits: NDArray[np.float64], sizes: NDArray[np.float64], lift_m: float,
    n_cols: int, units: Units, cells: NDArray[np.int32], acts: NDArray[np.int8],
    speeds: NDArray[np.float32], centres: NDArray[np.float64], pod_at: NDArray[np.int32],
    solid: NDArray[np.uint8], believed: NDArray[np.float64], heights: NDArray[np.float64],
    loads: NDArray[np.int32], commands: NDArray[np.float64], overloaded: NDArray[np.uint8],
    stalled: NDArray[np.int32],
) -> None:  # fmt: skip
    """One control tick of dt seconds for all units: note what has been done, and what to do now.

    limits, sizes, units, cells, acts, speeds, centres, pod_at, solid: as of
    `twin.kinematic.kernels.run_ticks`; the sizes may have a margin. believed: float64[n_units, 3],
    x, y, yaw as the units know them. heights: float64[n_units], metres that each plate is raised.
    loads: int32[n_units], pod that rests on the plate, or -1. commands: float64[n_units, 3], filled
    with speed, turn rate and height of the plate. overloaded: uint8[n_units], set to 1 where a lift
    did not get where it should. stalled: int32[n_units], ticks for which each has pushed in vain.
    """
    for index in range(units.size):
        unit = units[index]
        commands[index, SPEED] = 0.0
        commands[index, RATE] = 0.0
        commands[index, HEIGHT] = lift_m if unit.carried >= 0 else 0.0
        if unit.mode == ACTING:
            commands[index, HEIGHT] = heights[index]
        if not wake(unit, index, cells, acts, speeds, sizes, solid, n_cols):
            continue
        if unit.mode == DRIVING:
            _drive(
                unit, index, dt, limits, sizes, cells, acts, speeds, centres, solid, n_cols,
                believed, commands, stalled,
            )  # fmt: skip
        elif unit.mode == TURNING:
            _turn(unit, index, dt, limits, cells, centres, believed, commands)
        elif unit.mode == ACTING and _act(
            unit, index, dt, lift_m, sizes, cells, acts, pod_at, heights, loads, commands
        ):
            overloaded[index] = 1


@kernel
def find_near_pods(
    units: Units, sizes: NDArray[np.float64], pod_at: NDArray[np.int32],
    pod_poses: NDArray[np.float64], loads: NDArray[np.int32], n_rows: int, n_cols: int,
    only_laden: bool, world_of: NDArray[np.int32], is_near: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Standing pods that a unit could touch within a tick, whichever way it turns.

    sizes: as of `twin.kinematic.kernels.run_ticks`, without margin. pod_poses: float64[n_pods, 3].
    loads: as of `steer`; a pod that rests on a plate does not stand. only_laden: whether units
    without a load count for nothing. world_of: int32[n_units]. is_near: uint8[n_worlds, n_pods],
    filled, for the units of each world. Units that do nothing touch nothing by themselves."""
    is_near[:] = 0
    cell_m, half_pod = sizes[CELL_M], sizes[HALF_POD]
    diagonal = math.sqrt(sizes[HALF_LENGTH] ** 2 + sizes[HALF_WIDTH] ** 2)
    pod_reach = half_pod if sizes[POD_TURNS] == 0.0 else half_pod * math.sqrt(2.0)
    for index in range(units.size):
        unit = units[index]
        if (unit.awake == 0 and unit.speed == 0.0) or (only_laden and loads[index] < 0):
            continue
        near = is_near[world_of[index]]
        reach = max(diagonal, pod_reach) if loads[index] >= 0 else diagonal
        reach += half_pod + NEAR_POD_M
        col0 = math.floor(unit.x / cell_m)
        row0 = n_rows - 1 - math.floor(unit.y / cell_m)
        for row in range(max(row0 - 1, 0), min(row0 + 2, n_rows)):
            for col in range(max(col0 - 1, 0), min(col0 + 2, n_cols)):
                pod = pod_at[row * n_cols + col]
                if (
                    pod >= 0
                    and abs(pod_poses[pod, X] - unit.x) < reach
                    and abs(pod_poses[pod, Y] - unit.y) < reach
                ):
                    near[pod] = 1
    for index in range(units.size):
        if loads[index] >= 0:
            is_near[:, loads[index]] = 0


@kernel
def follow_bodies(
    units: Units, state: NDArray[np.float64], bin_m: float, n_bin_cols: int,
    heads: NDArray[np.int32],
) -> None:  # fmt: skip
    """Units are where their bodies are, and in the lists of the squares there.

    state: float64[n_units, N_COLUMNS] of twin.physics.space. Arguments else as of
    `twin.floor.monitor_kernels.rebin`."""
    for index in range(units.size):
        unit = units[index]
        unit.x = state[index, X]
        unit.y = state[index, Y]
        unit.yaw = state[index, YAW]
        if unit.square >= 0:
            rebin(units, index, bin_m, n_bin_cols, heads)
