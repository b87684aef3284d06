"""What a unit does next: released steps, straight runs, turns, faults; the same for all engines.

Units are records (twin.floor.state): handing a record to a small step costs one pointer, where a
dozen arrays would cost more than the step itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel, part_of_kernels

RING = 64
"""Released steps a unit can remember (a power of two); more than any controller releases ahead."""
RING_MASK = RING - 1
IDLE, DRIVING, TURNING, ACTING = 0, 1, 2, 3
DRIVE, LIFT, LOWER = 0, 1, 2
FAULT_NO_POD, FAULT_POD_IN_THE_WAY, FAULT_LIFT_FAILED, FAULT_PATH_BLOCKED = 1, 2, 3, 4
PLACED = 2
"""Value of `solid` for what was put on the floor: units see it; 1 is what the layout has."""
SPEED_LIMIT, ACCEL, DECEL, TURN_RATE_LIMIT, TURN_ACCEL = 0, 1, 2, 3, 4
"""Columns of `limits`; its rows are empty and laden."""
HALF_LENGTH, HALF_WIDTH, HALF_POD, LIFT_S, LOWER_S, CELL_M, BIN_M = 0, 1, 2, 3, 4, 5, 6
POD_TURNS, WALL_GAP_M = 7, 8
"""Entries of `sizes`."""
Units = NDArray[np.void]


@part_of_kernels
def approach(
    speed: float, limit: float, accel: float, decel: float, left: float, dt: float
) -> float:
    """Speed at the end of the tick: as fast as allowed and still able to stop within `left`.

    A limit below the present speed is reached by braking."""
    limit = max(limit, speed - decel * dt)
    rest = max(left - 0.5 * speed * dt, 0.0)
    brake = decel * (math.sqrt(0.25 * dt * dt + 2.0 * rest / decel) - 0.5 * dt)
    return min(speed + accel * dt, limit, brake)


@kernel
def _heading_to(here: int, there: int, n_cols: int) -> int:
    delta = there - here
    if delta == n_cols:
        return 3
    if delta == -n_cols:
        return 1
    return 0 if delta > 0 else 2


@kernel
def _turn_to(unit: Any, heading: int) -> None:
    """Begin to turn, the shorter way; nothing to do where the unit faces there already."""
    if heading == unit.heading:
        return
    quarters = (heading - unit.heading) & 3
    if quarters == 3:
        quarters = -1
    unit.mode = TURNING
    unit.turn_left = quarters * math.pi / 2
    unit.turn_rate = 0.0
    unit.heading = heading


@kernel
def halt(unit: Any, fault: int) -> None:
    """What a unit cannot do keeps it where it is."""
    unit.mode = IDLE
    unit.fault = fault
    unit.factor = 0.0


@kernel
def _next_step(
    unit: Any, index: int, cells: NDArray[np.int32], acts: NDArray[np.int8],
    speeds: NDArray[np.float32], sizes: NDArray[np.float64], solid: NDArray[np.uint8], n_cols: int,
) -> None:  # fmt: skip
    """Begin the next released step of a unit that stands at a cell centre.

    If none is released, turn to where the next one will go, where that is known.
    """
    here = cells[index, unit.done & RING_MASK]
    step = unit.done + 1
    if unit.done >= unit.released:
        unit.mode = IDLE
        if unit.outlook_step == step:
            _turn_to(unit, _heading_to(here, unit.outlook_cell, n_cols))
        return
    act = acts[index, step & RING_MASK]
    if act != DRIVE:
        unit.mode = ACTING
        unit.timer = sizes[LIFT_S] if act == LIFT else sizes[LOWER_S]
        return
    there = cells[index, step & RING_MASK]
    if solid[there] == PLACED:
        halt(unit, FAULT_PATH_BLOCKED)
        return
    heading = _heading_to(here, there, n_cols)
    if heading != unit.heading:
        _turn_to(unit, heading)
        return
    unit.mode = DRIVING
    unit.along = 0.0
    unit.first = unit.done
    unit.last = step
    unit.run_limit = speeds[index, step & RING_MASK]


@part_of_kernels
def lengthen_run(
    unit: Any, index: int, cells: NDArray[np.int32], acts: NDArray[np.int8],
    speeds: NDArray[np.float32], solid: NDArray[np.uint8], n_cols: int,
) -> None:  # fmt: skip
    """The straight run goes on over every released cell of the same direction that looks free."""
    while unit.last < unit.released:
        slot = (unit.last + 1) & RING_MASK
        if acts[index, slot] != DRIVE:
            return
        ahead = _heading_to(cells[index, unit.last & RING_MASK], cells[index, slot], n_cols)
        if ahead != unit.heading or solid[cells[index, slot]] == PLACED:
            return
        unit.last += 1
        unit.run_limit = min(unit.run_limit, speeds[index, slot])


@kernel
def _limit_ahead(unit: Any, index: int, speeds: NDArray[np.float32]) -> float:
    """The lowest speed limit of what is left of the run."""
    lowest = speeds[index, unit.last & RING_MASK]
    for step in range(unit.first + 1, unit.last):
        lowest = min(lowest, speeds[index, step & RING_MASK])
    return lowest


@kernel
def rests(unit: Any) -> bool:
    """Whether the unit has nothing to do in this tick: it is held, or stands without a next step.

    Whoever asks first saves the call of `wake`, which costs more than this for all its arrays."""
    if unit.factor == 0.0 and unit.speed == 0.0 and unit.turn_rate == 0.0:
        return True
    return unit.mode == IDLE and unit.done >= unit.released and unit.outlook_step != unit.done + 1


@part_of_kernels
def wake(
    unit: Any, index: int, cells: NDArray[np.int32], acts: NDArray[np.int8],
    speeds: NDArray[np.float32], sizes: NDArray[np.float64], solid: NDArray[np.uint8], n_cols: int,
) -> bool:  # fmt: skip
    """Whether the unit has something to do in this tick; one that stands begins its next step."""
    unit.awake = 0
    if rests(unit):
        return False
    if unit.mode == IDLE:
        _next_step(unit, index, cells, acts, speeds, sizes, solid, n_cols)
        if unit.mode == IDLE:
            return False
    unit.awake = 1
    return True


@part_of_kernels
def pass_centres(
    unit: Any, index: int, along: float, arrives: bool, speeds: NDArray[np.float32],
    sizes: NDArray[np.float64],
) -> None:  # fmt: skip
    """Note which centres of its straight run the unit has passed, and what it has left behind.

    along: metres beyond the last centre passed. The run is counted from the last centre passed
    then: its ring entry is never overwritten."""
    half_length = sizes[HALF_LENGTH]
    if unit.carried >= 0:
        half_length = max(half_length, sizes[HALF_POD])
    cell_m = sizes[CELL_M]
    passed = unit.last - unit.first if arrives else np.int32(along / cell_m)
    unit.first += passed
    unit.done = unit.first
    along = 0.0 if arrives else max(along - passed * cell_m, 0.0)
    left_behind = unit.first + np.int32(math.floor((along - half_length) / cell_m + 0.5))
    unit.cleared = max(unit.cleared, left_behind)
    if not arrives and passed > 0 and unit.run_limit < math.inf:
        unit.run_limit = _limit_ahead(unit, index, speeds)
    unit.along = along


@kernel
def exchange(
    unit: Any, index: int, cells: NDArray[np.int32], acts: NDArray[np.int8],
    pod_at: NDArray[np.int32],
) -> None:  # fmt: skip
    """A lift or lowering is over: take the pod or set it down; what cannot be done is a fault."""
    slot = (unit.done + 1) & RING_MASK
    cell = cells[index, slot]
    unit.mode = IDLE
    if unit.fails > 0:
        unit.fails -= 1
        halt(unit, FAULT_LIFT_FAILED)
        return
    if acts[index, slot] == LIFT:
        if unit.carried >= 0 or pod_at[cell] < 0:
            halt(unit, FAULT_POD_IN_THE_WAY if unit.carried >= 0 else FAULT_NO_POD)
            return
        unit.carried = pod_at[cell]
        pod_at[cell] = -1
    else:
        if unit.carried < 0 or pod_at[cell] >= 0:
            halt(unit, FAULT_NO_POD if unit.carried < 0 else FAULT_POD_IN_THE_WAY)
            return
        pod_at[cell] = unit.carried
        unit.carried = -1
    unit.done += 1
    unit.cleared = unit.done


@kernel
def accept_steps(
    units: Units, rows: NDArray[np.int32], steps: NDArray[np.int32],
    step_cells: NDArray[np.int32], step_acts: NDArray[np.int8],
    step_speeds: NDArray[np.float32], cells: NDArray[np.int32], acts: NDArray[np.int8],
    speeds: NDArray[np.float32],
) -> bool:  # fmt: skip
    """Remember released steps, in ascending order for each unit; False, and nothing remembered,
    if one is further ahead of its unit than the ring is long. rows: unit of each step.
    step_speeds: speed limit of each step; empty where there are none."""
    for row in range(rows.size):
        if steps[row] - units[rows[row]].done > RING_MASK:
            return False
    for row in range(rows.size):
        index, slot = rows[row], steps[row] & RING_MASK
        cells[index, slot] = step_cells[row]
        acts[index, slot] = step_acts[row]
        speeds[index, slot] = step_speeds[row] if step_speeds.size else np.float32(np.inf)
        units[index].released = steps[row]
    return True


@kernel
def collect_news(
    units: Units, told: NDArray[np.int32], out_units: NDArray[np.int32],
    out_done: NDArray[np.int32], out_cleared: NDArray[np.int32], out_faults: NDArray[np.int8],
) -> int:  # fmt: skip
    """Write what has changed of which units, and note it as told. Returns the number of rows.

    told: int32[n_units, 3], done, cleared and fault as told last.
    """
    n_out = 0
    for index in range(units.size):
        unit = units[index]
        if (
            unit.done == told[index, 0]
            and unit.cleared == told[index, 1]
            and unit.fault == told[index, 2]
        ):
            continue
        told[index, 0] = unit.done
        told[index, 1] = unit.cleared
        told[index, 2] = unit.fault
        out_units[n_out] = index
        out_done[n_out] = unit.done
        out_cleared[n_out] = unit.cleared
        out_faults[n_out] = unit.fault
        n_out += 1
    return n_out
