"""One fixed tick after another: motion of all units, then the collision monitor.

Motion: straight runs over all released cells of one direction without stopping, in-place turns at
cell centres, braking so as to stop exactly on a centre. Speed changes linearly within a tick of
length dt, so a run differs from the ideal trapezoidal profile by no more than the rounding to
ticks. From speed u a unit may go to v and still stop within d at deceleration b as long as
(u + v) dt / 2 + v^2 / (2 b) <= d.
A unit whose speed limit falls below its speed, down to 0 for one that is to stand, brakes at its
deceleration and stands wherever that is, between two centres too; what it was at goes on later.
Monitor: oriented rectangles made from pose and load alone (separating axis theorem, Gottschalk
1996); it knows nothing of cells released or planned.

Units are records (twin.kinematic.state): handing a record to a small step costs one pointer, where
a dozen arrays would cost more than the step itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

RING = 64
"""Released steps a unit can remember (a power of two); more than any controller releases ahead."""
RING_MASK = RING - 1
IDLE, DRIVING, TURNING, ACTING = 0, 1, 2, 3
DRIVE, LIFT, LOWER = 0, 1, 2
FAULT_NO_POD, FAULT_POD_IN_THE_WAY, FAULT_LIFT_FAILED, FAULT_PATH_BLOCKED = 1, 2, 3, 4
PLACED = 2
"""Value of `solid` for what was put on the floor: units see it; 1 is what the layout has."""
HIT_OBSTACLE, HIT_POD = -1, -2
SPEED_LIMIT, ACCEL, DECEL, TURN_RATE_LIMIT, TURN_ACCEL = 0, 1, 2, 3, 4
"""Columns of `limits`; its rows are empty and laden."""
HALF_LENGTH, HALF_WIDTH, HALF_POD, LIFT_S, LOWER_S, CELL_M, BIN_M = 0, 1, 2, 3, 4, 5, 6
POD_TURNS, WALL_GAP_M = 7, 8
"""Entries of `sizes`."""
N_PARTNERS = 8
"""Contacts of one unit that can be told apart at once; more have no room around it."""
NOBODY = -9
Units = NDArray[np.void]


@kernel
def _approach(
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
def _halt(unit: Any, fault: int) -> None:
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
        _halt(unit, FAULT_PATH_BLOCKED)
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


@kernel
def _lengthen_run(
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
def _drive(
    unit: Any, index: int, dt: float, limits: NDArray[np.float64], sizes: NDArray[np.float64],
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
    centres: NDArray[np.float64], solid: NDArray[np.uint8], n_cols: int,
) -> None:  # fmt: skip
    """Move along the straight run, longer whenever more of it has been released."""
    load = 1 if unit.carried >= 0 else 0
    half_length = sizes[HALF_LENGTH]
    if load == 1:
        half_length = max(half_length, sizes[HALF_POD])
    cell_m = sizes[CELL_M]
    _lengthen_run(unit, index, cells, acts, speeds, solid, n_cols)
    left = (unit.last - unit.first) * cell_m - unit.along
    limit = min(limits[load, SPEED_LIMIT] * unit.factor, unit.run_limit)
    speed = _approach(unit.speed, limit, limits[load, ACCEL], limits[load, DECEL], left, dt)
    way = 0.5 * (unit.speed + speed) * dt
    along = unit.along + way
    arrives = left - way < 1e-7
    # Count the run from the last centre passed: its ring entry is never overwritten.
    passed = unit.last - unit.first if arrives else np.int32(along / cell_m)
    unit.first += passed
    unit.done = unit.first
    along = 0.0 if arrives else max(along - passed * cell_m, 0.0)
    left_behind = unit.first + np.int32(math.floor((along - half_length) / cell_m + 0.5))
    unit.cleared = max(unit.cleared, left_behind)
    if arrives:
        speed = 0.0
        unit.mode = IDLE
    elif passed > 0 and unit.run_limit < math.inf:
        unit.run_limit = _limit_ahead(unit, index, speeds)
    unit.speed = speed
    unit.along = along
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
def _turn(unit: Any, dt: float, limits: NDArray[np.float64]) -> None:
    """Turn in place; where pods do not turn with the unit, the lift plate counter-rotates."""
    load = 1 if unit.carried >= 0 else 0
    accel = limits[load, TURN_ACCEL]
    left = unit.turn_left
    limit = limits[load, TURN_RATE_LIMIT] * unit.factor
    rate = _approach(unit.turn_rate, limit, accel, accel, abs(left), dt)
    angle = 0.5 * (unit.turn_rate + rate) * dt
    if abs(left) - angle < 1e-7:
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
    slot = (unit.done + 1) & RING_MASK
    cell = cells[index, slot]
    unit.mode = IDLE
    if unit.fails > 0:
        unit.fails -= 1
        _halt(unit, FAULT_LIFT_FAILED)
        return
    if acts[index, slot] == LIFT:
        if unit.carried >= 0 or pod_at[cell] < 0:
            _halt(unit, FAULT_POD_IN_THE_WAY if unit.carried >= 0 else FAULT_NO_POD)
            return
        unit.carried = pod_at[cell]
        pod_at[cell] = -1
    else:
        if unit.carried < 0 or pod_at[cell] >= 0:
            _halt(unit, FAULT_NO_POD if unit.carried < 0 else FAULT_POD_IN_THE_WAY)
            return
        pod_at[cell] = unit.carried
        unit.carried = -1
    unit.done += 1
    unit.cleared = unit.done


@kernel
def _rectangles_touch(
    ax: float, ay: float, ayaw: float, al: float, aw: float,
    bx: float, by: float, byaw: float, bl: float, bw: float,
) -> bool:  # fmt: skip
    """Whether two oriented rectangles overlap; al, aw, bl, bw are half lengths and half widths."""
    dx, dy = bx - ax, by - ay
    ca, sa, cb, sb = math.cos(ayaw), math.sin(ayaw), math.cos(byaw), math.sin(byaw)
    c = abs(ca * cb + sa * sb)
    s = abs(ca * sb - sa * cb)
    if abs(dx * ca + dy * sa) >= al + bl * c + bw * s:
        return False
    if abs(-dx * sa + dy * ca) >= aw + bl * s + bw * c:
        return False
    if abs(dx * cb + dy * sb) >= bl + al * c + aw * s:
        return False
    return abs(-dx * sb + dy * cb) < bw + al * s + aw * c


@kernel
def _bodies_touch(a: Any, b: Any, sizes: NDArray[np.float64]) -> bool:
    """Whether two units, or the pods they carry, overlap on the floor.

    A chassis would pass below a raised pod in height; it still counts, since no unit has business
    under a pod that another one carries.
    """
    length, width, pod = sizes[HALF_LENGTH], sizes[HALF_WIDTH], sizes[HALF_POD]
    if _rectangles_touch(a.x, a.y, a.yaw, length, width, b.x, b.y, b.yaw, length, width):
        return True
    a_yaw, b_yaw = 0.0, 0.0  # of pods that keep their orientation
    if sizes[POD_TURNS] != 0.0:
        a_yaw, b_yaw = a.yaw, b.yaw
    if a.carried >= 0 and _rectangles_touch(
        a.x, a.y, a_yaw, pod, pod, b.x, b.y, b.yaw, length, width
    ):
        return True
    if b.carried < 0:
        return False
    if _rectangles_touch(a.x, a.y, a.yaw, length, width, b.x, b.y, b_yaw, pod, pod):
        return True
    return a.carried >= 0 and _rectangles_touch(
        a.x, a.y, a_yaw, pod, pod, b.x, b.y, b_yaw, pod, pod
    )


@kernel
def _touches_square(
    unit: Any, sizes: NDArray[np.float64], x_m: float, y_m: float, half_m: float
) -> bool:
    """Whether the chassis overlaps a square that is parallel to the floor's edges."""
    return _rectangles_touch(
        unit.x, unit.y, unit.yaw, sizes[HALF_LENGTH], sizes[HALF_WIDTH], x_m, y_m, 0.0, half_m,
        half_m,
    )  # fmt: skip


@kernel
def _pod_touches_square(
    unit: Any, sizes: NDArray[np.float64], x_m: float, y_m: float, half_m: float
) -> bool:
    """The same for the carried pod, in the orientation that it has."""
    half_pod = sizes[HALF_POD]
    if sizes[POD_TURNS] == 0.0:
        gap = half_m + half_pod
        return abs(x_m - unit.x) < gap and abs(y_m - unit.y) < gap
    return _rectangles_touch(
        unit.x, unit.y, unit.yaw, half_pod, half_pod, x_m, y_m, 0.0, half_m, half_m
    )


@kernel
def _note_contact(
    unit: Any, index: int, other: int, tick: int, partners: NDArray[np.int64],
    rows: NDArray[np.float64], n_contacts: int,
) -> int:  # fmt: skip
    """Record the beginning of a contact; one that goes on is not a new one.

    A pair of units is kept with the lower one, whichever of them was seen to touch the other.
    """
    unit.contact_tick = tick
    low, high = index, other
    if 0 <= other < index:
        low, high = other, index
    oldest = 0
    for place in range(N_PARTNERS):
        if partners[low, place, 0] == high:
            oldest = place
            break
        if partners[low, place, 1] < partners[low, oldest, 1]:
            oldest = place
    goes_on = partners[low, oldest, 0] == high and partners[low, oldest, 1] >= tick - 1
    partners[low, oldest, 0] = high
    partners[low, oldest, 1] = tick
    if goes_on:
        return n_contacts
    if n_contacts < rows.shape[0]:
        rows[n_contacts, 0] = tick
        rows[n_contacts, 1] = index
        rows[n_contacts, 2] = other
        rows[n_contacts, 3] = unit.x
        rows[n_contacts, 4] = unit.y
    return n_contacts + 1


@kernel
def unlist(units: Units, index: int, heads: NDArray[np.int32]) -> None:
    """Take the unit out of the list of its square: it is not on the floor for the monitor."""
    unit = units[index]
    if unit.square < 0:
        return
    if unit.before >= 0:
        units[unit.before].after = unit.after
    else:
        heads[unit.square] = unit.after
    if unit.after >= 0:
        units[unit.after].before = unit.before
    unit.square = -1


@kernel
def rebin(
    units: Units, index: int, bin_m: float, n_bin_cols: int, heads: NDArray[np.int32]
) -> None:
    """Keep the unit in the list of the square of floor that its centre is in."""
    unit = units[index]
    square = (np.int32(unit.y / bin_m) + 1) * n_bin_cols + np.int32(unit.x / bin_m) + 1
    if square == unit.square:
        return
    unlist(units, index, heads)
    unit.square = square
    unit.after = heads[square]
    unit.before = -1
    if heads[square] >= 0:
        units[heads[square]].before = index
    heads[square] = index


@kernel
def _hits_standing(
    unit: Any, sizes: NDArray[np.float64], solid: NDArray[np.uint8], pod_at: NDArray[np.int32],
    n_rows: int, n_cols: int,
) -> int:  # fmt: skip
    """HIT_OBSTACLE or HIT_POD where the unit touches a solid cell or (laden) a standing pod."""
    cell_m, half_pod = sizes[CELL_M], sizes[HALF_POD]
    half_l, half_w, half_cell = sizes[HALF_LENGTH], sizes[HALF_WIDTH], 0.5 * cell_m
    half_solid = half_cell - sizes[WALL_GAP_M]
    laden = unit.carried >= 0
    reach = math.sqrt(half_l * half_l + half_w * half_w)
    pod_reach = half_pod if sizes[POD_TURNS] == 0.0 else half_pod * math.sqrt(2.0)
    far = max(reach, pod_reach) if laden else reach
    col0 = np.int32(math.floor(unit.x / cell_m))
    row0 = n_rows - 1 - np.int32(math.floor(unit.y / cell_m))
    # Only cells that the body can reach from where it is; beside a lane that is none.
    east = unit.x - (col0 + 0.5) * cell_m
    north = unit.y - (n_rows - row0 - 0.5) * cell_m
    hit = 0
    for row in range(
        row0 - 1 if north + far > half_cell else row0,
        row0 + 2 if north - far < -half_cell else row0 + 1,
    ):
        for col in range(
            col0 - 1 if east - far < -half_cell else col0,
            col0 + 2 if east + far > half_cell else col0 + 1,
        ):
            outside = row < 0 or col < 0 or row >= n_rows or col >= n_cols
            x, y = (col + 0.5) * cell_m, (n_rows - row - 0.5) * cell_m
            gap_x, gap_y = abs(x - unit.x), abs(y - unit.y)
            if outside or solid[row * n_cols + col] != 0:
                if (laden and _pod_touches_square(unit, sizes, x, y, half_solid)) or (
                    gap_x < half_cell + reach
                    and gap_y < half_cell + reach
                    and _touches_square(unit, sizes, x, y, half_solid)
                ):
                    hit = HIT_OBSTACLE
            elif (
                laden
                and pod_at[row * n_cols + col] >= 0
                and hit == 0
                and _pod_touches_square(unit, sizes, x, y, half_pod)
            ):
                hit = HIT_POD
    return hit


@kernel
def _watch_pairs(
    units: Units, index: int, tick: int, sizes: NDArray[np.float64], reach: float,
    n_bin_cols: int, heads: NDArray[np.int32], partners: NDArray[np.int64],
    rows: NDArray[np.float64], n_contacts: int,
) -> int:  # fmt: skip
    """The moving unit against every unit near enough to touch."""
    unit = units[index]
    bin_m = sizes[BIN_M]
    for row in range(
        np.int32((unit.y - reach) / bin_m + 1.0), np.int32((unit.y + reach) / bin_m + 1.0) + 1
    ):
        for col in range(
            np.int32((unit.x - reach) / bin_m + 1.0), np.int32((unit.x + reach) / bin_m + 1.0) + 1
        ):
            other = heads[row * n_bin_cols + col]
            while other >= 0:
                near = units[other]
                dx, dy = near.x - unit.x, near.y - unit.y
                if (
                    dx * dx + dy * dy < reach * reach
                    and other != index
                    and not (other < index and near.awake != 0)
                    and _bodies_touch(unit, near, sizes)
                ):
                    n_contacts = _note_contact(unit, index, other, tick, partners, rows, n_contacts)
                other = near.after
    return n_contacts


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


@kernel
def run_ticks(
    first_tick: int, n_ticks: int, dt: float, limits: NDArray[np.float64],
    sizes: NDArray[np.float64], n_rows: int, n_cols: int, units: Units,
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
    centres: NDArray[np.float64], pod_at: NDArray[np.int32], solid: NDArray[np.uint8],
    n_bin_cols: int, heads: NDArray[np.int32], partners: NDArray[np.int64],
    rows: NDArray[np.float64],
) -> int:  # fmt: skip
    """Advance the world by n_ticks of dt seconds. Returns how many contacts began.

    limits: float64[2, 5] of empty and laden units. sizes: float64[9]. units: UNIT records. cells,
    acts, speeds: [n_units, RING] released steps. solid: uint8[n_cells], 0, 1 or PLACED. partners:
    int64[n_units, N_PARTNERS, 2], latest contacts of each unit: the other party or NOBODY, and the
    tick. rows: float64[k, 5], the first k contacts: tick, unit, other party (a unit, HIT_OBSTACLE
    or HIT_POD), and x, y of the unit.
    """
    n_contacts = 0
    diagonal = math.sqrt(sizes[HALF_LENGTH] ** 2 + sizes[HALF_WIDTH] ** 2)
    reach = 2.0 * max(sizes[HALF_POD] * math.sqrt(2.0), diagonal)
    for tick in range(first_tick, first_tick + n_ticks):
        for index in range(units.size):
            unit = units[index]
            unit.awake = 0
            if unit.factor == 0.0 and unit.speed == 0.0 and unit.turn_rate == 0.0:
                continue
            if unit.mode == IDLE:
                if unit.done >= unit.released and unit.outlook_step != unit.done + 1:
                    continue
                _next_step(unit, index, cells, acts, speeds, sizes, solid, n_cols)
                if unit.mode == IDLE:
                    continue
            unit.awake = 1
            if unit.mode == DRIVING:
                _drive(unit, index, dt, limits, sizes, cells, acts, speeds, centres, solid, n_cols)
                rebin(units, index, sizes[BIN_M], n_bin_cols, heads)
            elif unit.mode == TURNING:
                _turn(unit, dt, limits)
            elif unit.mode == ACTING:
                _act(unit, index, dt, cells, acts, pod_at)
        for index in range(units.size):
            unit = units[index]
            if unit.awake == 0 and unit.contact_tick != tick - 1:
                continue
            hit = _hits_standing(unit, sizes, solid, pod_at, n_rows, n_cols)
            if hit != 0:
                n_contacts = _note_contact(unit, index, hit, tick, partners, rows, n_contacts)
            n_contacts = _watch_pairs(
                units, index, tick, sizes, reach, n_bin_cols, heads, partners, rows, n_contacts
            )
    return n_contacts
