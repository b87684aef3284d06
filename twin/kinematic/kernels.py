"""One fixed tick after another: motion of all units, then the collision monitor.

Motion: straight runs over all released cells of one direction without stopping, in-place turns at
cell centres, braking so as to stop exactly on a centre. The largest speed v from which a unit can
still stop within d after one more tick is a * (sqrt(dt^2 + 2 d / a) - dt).
Monitor: oriented rectangles made from pose and load alone (separating axis theorem, Gottschalk
1996); it knows nothing of cells released or planned.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import inlined, kernel

RING = 64
"""Released steps a unit can remember (a power of two); more than any controller releases ahead."""
RING_MASK = RING - 1
IDLE, DRIVING, TURNING, ACTING = 0, 1, 2, 3
DRIVE, LIFT, LOWER = 0, 1, 2
FAULT_NO_POD, FAULT_POD_IN_THE_WAY = 1, 2
HIT_OBSTACLE, HIT_POD = -1, -2
X, Y, YAW, SPEED, TURN_RATE, ALONG, TURN_LEFT, TIMER = 0, 1, 2, 3, 4, 5, 6, 7
"""Columns of `motion`."""


@inlined
def _approach(speed: float, limit: float, accel: float, decel: float, left: float, dt: float) -> float:
    """Speed for the next tick: as fast as allowed and still able to stop within `left`."""
    brake = decel * (math.sqrt(dt * dt + 2.0 * left / decel) - dt)
    return min(speed + accel * dt, limit, brake)


@inlined
def _heading_to(here: int, there: int) -> int:
    delta = there - here
    if delta == 1:
        return 0
    if delta == -1:
        return 2
    return 1 if delta < 0 else 3


@inlined
def _next_step(
    unit: int, mode: NDArray[np.int8], done: NDArray[np.int32], released: NDArray[np.int32],
    headings: NDArray[np.int8], first: NDArray[np.int32], last: NDArray[np.int32],
    cells: NDArray[np.int32], acts: NDArray[np.int8], motion: NDArray[np.float64],
    lift_s: float, lower_s: float,
) -> None:  # fmt: skip
    """Begin the next released step of a unit that stands at a cell centre."""
    if done[unit] >= released[unit]:
        mode[unit] = IDLE
        return
    step = done[unit] + 1
    act = acts[unit, step & RING_MASK]
    if act == LIFT or act == LOWER:
        mode[unit] = ACTING
        motion[unit, TIMER] = lift_s if act == LIFT else lower_s
        return
    heading = _heading_to(cells[unit, done[unit] & RING_MASK], cells[unit, step & RING_MASK])
    if heading != headings[unit]:
        quarters = (heading - headings[unit]) & 3
        if quarters == 3:
            quarters = -1
        mode[unit] = TURNING
        motion[unit, TURN_LEFT] = quarters * math.pi / 2
        motion[unit, TURN_RATE] = 0.0
        headings[unit] = heading
        return
    mode[unit] = DRIVING
    motion[unit, ALONG] = 0.0
    first[unit] = done[unit]
    last[unit] = step


@inlined
def _drive(
    unit: int, dt: float, limits: NDArray[np.float64], half_length: float, cell_m: float,
    mode: NDArray[np.int8], done: NDArray[np.int32], cleared: NDArray[np.int32],
    released: NDArray[np.int32], headings: NDArray[np.int8], first: NDArray[np.int32],
    last: NDArray[np.int32], cells: NDArray[np.int32], acts: NDArray[np.int8],
    motion: NDArray[np.float64], centres: NDArray[np.float64],
) -> None:  # fmt: skip
    """Move along the straight run, longer whenever more of it has been released."""
    heading = headings[unit]
    while last[unit] < released[unit]:
        slot = (last[unit] + 1) & RING_MASK
        if acts[unit, slot] != DRIVE:
            break
        if _heading_to(cells[unit, last[unit] & RING_MASK], cells[unit, slot]) != heading:
            break
        last[unit] += 1
    along = motion[unit, ALONG]
    left = (last[unit] - first[unit]) * cell_m - along
    speed = _approach(motion[unit, SPEED], limits[0], limits[1], limits[2], left, dt)
    along += speed * dt
    arrives = left - speed * dt < 1e-7
    if arrives:
        along = (last[unit] - first[unit]) * cell_m
    # Count the run from the last centre passed: its ring entry is never overwritten.
    passed = np.int32(math.floor(along / cell_m + 1e-12))
    first[unit] += passed
    along = 0.0 if arrives else max(along - passed * cell_m, 0.0)
    done[unit] = first[unit]
    left_behind = first[unit] + np.int32(math.floor((along - half_length) / cell_m + 0.5))
    cleared[unit] = max(cleared[unit], left_behind)
    if arrives:
        speed = 0.0
        mode[unit] = IDLE
    origin = cells[unit, first[unit] & RING_MASK]
    motion[unit, SPEED] = speed
    motion[unit, ALONG] = along
    x, y = centres[origin, 0], centres[origin, 1]
    if heading == 0:
        x += along
    elif heading == 1:
        y += along
    elif heading == 2:
        x -= along
    else:
        y -= along
    motion[unit, X] = x
    motion[unit, Y] = y


@inlined
def _turn(
    unit: int, dt: float, limits: NDArray[np.float64], mode: NDArray[np.int8],
    headings: NDArray[np.int8], motion: NDArray[np.float64],
) -> None:  # fmt: skip
    """Turn in place; the lift plate counter-rotates, so a carried pod keeps its orientation."""
    left = motion[unit, TURN_LEFT]
    rate = _approach(motion[unit, TURN_RATE], limits[3], limits[4], limits[4], abs(left), dt)
    if abs(left) - rate * dt < 1e-7:
        mode[unit] = IDLE
        motion[unit, YAW] = headings[unit] * math.pi / 2
        motion[unit, TURN_LEFT] = 0.0
        motion[unit, TURN_RATE] = 0.0
        return
    turned = rate * dt if left > 0 else -rate * dt
    motion[unit, YAW] += turned
    motion[unit, TURN_LEFT] = left - turned
    motion[unit, TURN_RATE] = rate


@inlined
def _act(
    unit: int, dt: float, mode: NDArray[np.int8], done: NDArray[np.int32],
    cells: NDArray[np.int32], acts: NDArray[np.int8], motion: NDArray[np.float64],
    carried: NDArray[np.int32], pod_at: NDArray[np.int32], faults: NDArray[np.int8],
) -> None:  # fmt: skip
    """Lift or set down when the time for it is over; what cannot be done is a fault."""
    motion[unit, TIMER] -= dt
    if motion[unit, TIMER] > 1e-9:
        return
    slot = (done[unit] + 1) & RING_MASK
    cell = cells[unit, slot]
    mode[unit] = IDLE
    if acts[unit, slot] == LIFT:
        if pod_at[cell] < 0:
            faults[unit] = FAULT_NO_POD
            return
        if carried[unit] >= 0:
            faults[unit] = FAULT_POD_IN_THE_WAY
            return
        carried[unit] = pod_at[cell]
        pod_at[cell] = -1
    else:
        if pod_at[cell] >= 0 or carried[unit] < 0:
            faults[unit] = FAULT_POD_IN_THE_WAY if pod_at[cell] >= 0 else FAULT_NO_POD
            return
        pod_at[cell] = carried[unit]
        carried[unit] = -1
    done[unit] += 1


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
def _bodies_touch(
    a: int, b: int, motion: NDArray[np.float64], carried: NDArray[np.int32], half_l: float,
    half_w: float, half_pod: float,
) -> bool:  # fmt: skip
    """Whether units or the pods they carry touch. Bodies of a unit: its chassis and its pod.

    Chassis touch chassis and pods touch pods; a chassis passes below a raised pod in height but
    shares its floor space, so those count as well.
    """
    ax, ay, ayaw = motion[a, X], motion[a, Y], motion[a, YAW]
    bx, by, byaw = motion[b, X], motion[b, Y], motion[b, YAW]
    if _rectangles_touch(ax, ay, ayaw, half_l, half_w, bx, by, byaw, half_l, half_w):
        return True
    a_pod, b_pod = carried[a] >= 0, carried[b] >= 0
    if a_pod and _rectangles_touch(ax, ay, 0.0, half_pod, half_pod, bx, by, byaw, half_l, half_w):
        return True
    if b_pod and _rectangles_touch(ax, ay, ayaw, half_l, half_w, bx, by, 0.0, half_pod, half_pod):
        return True
    return (
        a_pod
        and b_pod
        and _rectangles_touch(ax, ay, 0.0, half_pod, half_pod, bx, by, 0.0, half_pod, half_pod)
    )


@kernel
def _note_contact(
    unit: int, other: int, tick: int, partners: NDArray[np.int64], ticks: NDArray[np.int64],
    rows: NDArray[np.int64], n_contacts: int,
) -> int:  # fmt: skip
    """Record the beginning of a contact; one that goes on is not a new one."""
    is_new = not (partners[unit] == other and ticks[unit] >= tick - 1)
    partners[unit] = other
    ticks[unit] = tick
    if not is_new:
        return n_contacts
    if n_contacts < rows.shape[0]:
        rows[n_contacts, 0] = tick
        rows[n_contacts, 1] = unit
        rows[n_contacts, 2] = other
    return n_contacts + 1


@inlined
def _rebin(
    unit: int, motion: NDArray[np.float64], bin_m: float, n_bin_cols: int,
    bins: NDArray[np.int32], heads: NDArray[np.int32], after: NDArray[np.int32],
    before: NDArray[np.int32],
) -> None:  # fmt: skip
    """Keep the unit in the list of the square of floor that its centre is in."""
    square = (np.int32(motion[unit, Y] / bin_m) + 1) * n_bin_cols + np.int32(
        motion[unit, X] / bin_m
    ) + 1
    old = bins[unit]
    if square == old:
        return
    if old >= 0:
        if before[unit] >= 0:
            after[before[unit]] = after[unit]
        else:
            heads[old] = after[unit]
        if after[unit] >= 0:
            before[after[unit]] = before[unit]
    bins[unit] = square
    after[unit] = heads[square]
    before[unit] = -1
    if heads[square] >= 0:
        before[heads[square]] = unit
    heads[square] = unit


@inlined
def _hits_standing(
    unit: int, motion: NDArray[np.float64], carried: NDArray[np.int32], solid: NDArray[np.uint8],
    pod_at: NDArray[np.int32], n_rows: int, n_cols: int, cell_m: float, half_l: float,
    half_w: float, half_pod: float,
) -> int:  # fmt: skip
    """HIT_OBSTACLE or HIT_POD where the unit touches a solid cell or (laden) a standing pod."""
    x, y, yaw = motion[unit, X], motion[unit, Y], motion[unit, YAW]
    laden = carried[unit] >= 0
    col0 = np.int32(math.floor(x / cell_m))
    row0 = n_rows - 1 - np.int32(math.floor(y / cell_m))
    half_cell = 0.5 * cell_m
    reach = math.sqrt(half_l * half_l + half_w * half_w)
    if laden:
        reach = max(reach, half_pod)
    # Only cells that the body can reach from where it is; beside a lane that is none.
    east = x - (col0 + 0.5) * cell_m
    north = y - (n_rows - row0 - 0.5) * cell_m
    first_row = row0 - 1 if north + reach > half_cell else row0
    last_row = row0 + 1 if north - reach < -half_cell else row0
    first_col = col0 - 1 if east - reach < -half_cell else col0
    last_col = col0 + 1 if east + reach > half_cell else col0
    hit = 0
    for row in range(first_row, last_row + 1):
        for col in range(first_col, last_col + 1):
            outside = row < 0 or col < 0 or row >= n_rows or col >= n_cols
            cell = -1 if outside else row * n_cols + col
            blocked = outside or solid[cell] != 0
            if not blocked and not (laden and pod_at[cell] >= 0):
                continue
            cx = (col + 0.5) * cell_m
            cy = (n_rows - row - 0.5) * cell_m
            gap_x, gap_y = abs(cx - x), abs(cy - y)
            if blocked:
                if laden and gap_x < half_cell + half_pod and gap_y < half_cell + half_pod:
                    hit = HIT_OBSTACLE
                if gap_x < half_cell + reach and gap_y < half_cell + reach:
                    if _rectangles_touch(
                        x, y, yaw, half_l, half_w, cx, cy, 0.0, half_cell, half_cell
                    ):
                        hit = HIT_OBSTACLE
            elif gap_x < 2 * half_pod and gap_y < 2 * half_pod and hit == 0:
                hit = HIT_POD
    return hit


@inlined
def _watch(
    tick: int, mode: NDArray[np.int8], motion: NDArray[np.float64], carried: NDArray[np.int32],
    solid: NDArray[np.uint8], pod_at: NDArray[np.int32], n_rows: int, n_cols: int,
    cell_m: float, half_l: float, half_w: float, half_pod: float, bin_m: float,
    n_bin_cols: int, bins: NDArray[np.int32], heads: NDArray[np.int32],
    after: NDArray[np.int32], before: NDArray[np.int32], partners: NDArray[np.int64],
    contact_ticks: NDArray[np.int64], rows: NDArray[np.int64], n_contacts: int,
) -> int:  # fmt: skip
    """The collision monitor: every unit that moves against everything near it."""
    reach = 2.0 * max(half_pod * math.sqrt(2.0), math.sqrt(half_l * half_l + half_w * half_w))
    reach2 = reach * reach
    for unit in range(mode.size):
        if mode[unit] == IDLE:
            continue
        hit = _hits_standing(
            unit, motion, carried, solid, pod_at, n_rows, n_cols, cell_m, half_l, half_w,
            half_pod,
        )  # fmt: skip
        if hit != 0:
            n_contacts = _note_contact(
                unit, hit, tick, partners, contact_ticks, rows, n_contacts
            )
        x, y = motion[unit, X], motion[unit, Y]
        first_row = np.int32((y - reach) / bin_m + 1.0)
        last_row = np.int32((y + reach) / bin_m + 1.0)
        first_col = np.int32((x - reach) / bin_m + 1.0)
        last_col = np.int32((x + reach) / bin_m + 1.0)
        for row in range(first_row, last_row + 1):
            for col in range(first_col, last_col + 1):
                other = heads[row * n_bin_cols + col]
                while other >= 0:
                    if other != unit and not (other < unit and mode[other] != IDLE):
                        dx, dy = motion[other, X] - x, motion[other, Y] - y
                        if dx * dx + dy * dy < reach2 and _bodies_touch(
                            unit, other, motion, carried, half_l, half_w, half_pod
                        ):
                            n_contacts = _note_contact(
                                unit, other, tick, partners, contact_ticks, rows, n_contacts
                            )
                    other = after[other]
    return n_contacts


@kernel
def run_ticks(
    first_tick: int, n_ticks: int, dt: float, limits: NDArray[np.float64], half_l: float,
    half_w: float, half_pod: float, lift_s: float, lower_s: float, cell_m: float,
    n_rows: int, n_cols: int, mode: NDArray[np.int8], done: NDArray[np.int32],
    cleared: NDArray[np.int32], released: NDArray[np.int32], headings: NDArray[np.int8],
    first: NDArray[np.int32], last: NDArray[np.int32], cells: NDArray[np.int32],
    acts: NDArray[np.int8], motion: NDArray[np.float64], centres: NDArray[np.float64],
    carried: NDArray[np.int32], pod_at: NDArray[np.int32], faults: NDArray[np.int8],
    solid: NDArray[np.uint8], bin_m: float, n_bin_cols: int, bins: NDArray[np.int32],
    heads: NDArray[np.int32], after: NDArray[np.int32], before: NDArray[np.int32],
    partners: NDArray[np.int64], contact_ticks: NDArray[np.int64], rows: NDArray[np.int64],
) -> int:  # fmt: skip
    """Advance the world by n_ticks of dt seconds. Returns how many contacts began.

    limits: float64[2, 5], speed, accel, decel, turn rate, turn accel of empty and laden units.
    motion: float64[n_units, 8], columns X .. TIMER. rows: int64[k, 3], (tick, unit, other) of the
    first k contacts; other is a unit, HIT_OBSTACLE or HIT_POD.
    """
    n_contacts = 0
    for tick in range(first_tick, first_tick + n_ticks):
        for unit in range(mode.size):
            if faults[unit] != 0:
                continue
            if mode[unit] == IDLE:
                if done[unit] >= released[unit]:
                    continue
                _next_step(
                    unit, mode, done, released, headings, first, last, cells, acts, motion,
                    lift_s, lower_s,
                )  # fmt: skip
            load = 1 if carried[unit] >= 0 else 0
            if mode[unit] == DRIVING:
                half = half_pod if load == 1 and half_pod > half_l else half_l
                _drive(
                    unit, dt, limits[load], half, cell_m, mode, done, cleared, released,
                    headings, first, last, cells, acts, motion, centres,
                )  # fmt: skip
                _rebin(unit, motion, bin_m, n_bin_cols, bins, heads, after, before)
            elif mode[unit] == TURNING:
                _turn(unit, dt, limits[load], mode, headings, motion)
            elif mode[unit] == ACTING:
                _act(unit, dt, mode, done, cells, acts, motion, carried, pod_at, faults)
                if mode[unit] == IDLE and faults[unit] == 0:
                    cleared[unit] = done[unit]
        n_contacts = _watch(
            tick, mode, motion, carried, solid, pod_at, n_rows, n_cols, cell_m, half_l, half_w,
            half_pod, bin_m, n_bin_cols, bins, heads, after, before, partners, contact_ticks,
            rows, n_contacts,
        )  # fmt: skip
    return n_contacts
