"""Where bodies are and what they touch, by clipping polygons (Sutherland and Hodgman 1974).

A chassis is an oriented rectangle, a carried pod a square that stays parallel to the floor's edges,
for the plate turns against the unit, or else one that turns with it. Two bodies overlap, or a body
is in a cell, where the polygon that is left of one after clipping by every edge of the other has an
area.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

HALF_LENGTH, HALF_WIDTH, HALF_POD, CELL_M, POD_TURNS, WALL_GAP_M, RIM_M = 0, 1, 2, 3, 4, 5, 6
"""Entries of `sizes`, in metres."""
LEAST_M2 = 1e-6
"""Less than this in common is rounding."""
OVERLAP, HITS_POD, OUT_OF_BOUNDS, NOT_HELD = 0, 1, 2, 3
HELD_TWICE, NOT_OWNED, MAY_ENTER, POD_LOST, POD_DOUBLED = 4, 5, 6, 7, 8
"""Codes of findings."""
Points = NDArray[np.float64]


@kernel
def _corners(x: float, y: float, yaw: float, half_l: float, half_w: float, out: Points) -> None:
    """The corners of a rectangle, counter-clockwise, into out[0:4]."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    lx, ly, wx, wy = half_l * cos, half_l * sin, -half_w * sin, half_w * cos
    out[0, 0], out[0, 1] = x + lx + wx, y + ly + wy
    out[1, 0], out[1, 1] = x - lx + wx, y - ly + wy
    out[2, 0], out[2, 1] = x - lx - wx, y - ly - wy
    out[3, 0], out[3, 1] = x + lx - wx, y + ly - wy


@kernel
def _clip_edge(
    ax: float, ay: float, bx: float, by: float, n: int, shape: Points, out: Points
) -> int:
    """What of the first n corners of `shape` lies left of the line from a to b, into `out`."""
    n_out = 0
    before = n - 1
    side_before = (bx - ax) * (shape[before, 1] - ay) - (by - ay) * (shape[before, 0] - ax)
    for here in range(n):
        side = (bx - ax) * (shape[here, 1] - ay) - (by - ay) * (shape[here, 0] - ax)
        if (side < 0.0) != (side_before < 0.0):
            share = side_before / (side_before - side)
            for axis in range(2):
                way = shape[here, axis] - shape[before, axis]
                out[n_out, axis] = shape[before, axis] + share * way
            n_out += 1
        if side >= 0.0:
            out[n_out, 0], out[n_out, 1] = shape[here, 0], shape[here, 1]
            n_out += 1
        before, side_before = here, side
    return n_out


@kernel
def common_m2(a: Points, b: Points, work: Points) -> float:
    """Area that two rectangles have in common. a, b: corners, counter-clockwise, in the first four
    rows. work: float64[2, 16, 2], scratch."""
    n = 4
    for corner in range(4):
        work[0, corner, 0], work[0, corner, 1] = a[corner, 0], a[corner, 1]
    now = 0
    for corner in range(4):
        end = (corner + 1) & 3
        n = _clip_edge(
            b[corner, 0], b[corner, 1], b[end, 0], b[end, 1], n, work[now], work[1 - now]
        )
        now = 1 - now
        if n == 0:
            return 0.0
    twice = 0.0
    for here in range(n):
        after = here + 1 if here + 1 < n else 0
        twice += work[now, here, 0] * work[now, after, 1]
        twice -= work[now, after, 0] * work[now, here, 1]
    return 0.5 * abs(twice)


@kernel
def _note(code: int, unit: int, other: int, rows: NDArray[np.int32], n_rows: int) -> int:
    """One finding more, while there is room."""
    if n_rows < rows.shape[0]:
        rows[n_rows, 0], rows[n_rows, 1], rows[n_rows, 2] = code, unit, other
        return n_rows + 1
    return n_rows


@kernel
def _check_holdings(
    owners: NDArray[np.int32], held_units: NDArray[np.int32], held_cells: NDArray[np.int32],
    may_units: NDArray[np.int32], may_cells: NDArray[np.int32], holder: NDArray[np.int32],
    rows: NDArray[np.int32], n_found: int,
) -> int:  # fmt: skip
    """Held sets are disjoint and agree with the table of owners; what may be entered is held."""
    for cell in range(holder.size):
        holder[cell] = -1
    for row in range(held_units.size):
        unit, cell = held_units[row], held_cells[row]
        if holder[cell] >= 0 and holder[cell] != unit:
            n_found = _note(HELD_TWICE, unit, cell, rows, n_found)
        if owners[cell] != unit:
            n_found = _note(NOT_OWNED, unit, cell, rows, n_found)
        holder[cell] = unit
    for row in range(may_units.size):
        if holder[may_cells[row]] != may_units[row]:
            n_found = _note(MAY_ENTER, may_units[row], may_cells[row], rows, n_found)
    return n_found


@kernel
def _check_pods(
    carried: NDArray[np.int32], pod_at: NDArray[np.int32], seen: NDArray[np.int32],
    rows: NDArray[np.int32], n_found: int,
) -> int:  # fmt: skip
    """Every pod is in one place. seen: int32[n_pods], scratch."""
    for pod in range(seen.size):
        seen[pod] = 0
    for unit in range(carried.size):
        if carried[unit] >= 0:
            seen[carried[unit]] += 1
    for cell in range(pod_at.size):
        if pod_at[cell] >= 0:
            seen[pod_at[cell]] += 1
    for pod in range(seen.size):
        if seen[pod] != 1:
            code = POD_LOST if seen[pod] == 0 else POD_DOUBLED
            n_found = _note(code, pod, seen[pod], rows, n_found)
    return n_found


@kernel
def _turns_beside(
    unit: int, row: int, col: int, n_rows: int, n_cols: int, rims: NDArray[np.int32]
) -> bool:
    """Whether the unit holds the rim of the cell: it may turn on one of those beside it."""
    cell = row * n_cols + col
    return bool(
        (col + 1 < n_cols and rims[cell + 1] == unit)
        or (col > 0 and rims[cell - 1] == unit)
        or (row > 0 and rims[cell - n_cols] == unit)
        or (row + 1 < n_rows and rims[cell + n_cols] == unit)
    )


@kernel
def _check_cells(
    unit: int, body: Points, is_pod: bool, is_expected: bool, n_rows: int, n_cols: int,
    sizes: NDArray[np.float64], solid: NDArray[np.uint8], pod_at: NDArray[np.int32],
    holder: NDArray[np.int32], rims: NDArray[np.int32], square: Points, work: Points,
    rows: NDArray[np.int32], n_found: int,
) -> int:  # fmt: skip
    """The cells under a body are floor and held by its unit, and no other pod stands in its way."""
    west = min(body[0, 0], body[1, 0], body[2, 0], body[3, 0])
    east = max(body[0, 0], body[1, 0], body[2, 0], body[3, 0])
    south = min(body[0, 1], body[1, 1], body[2, 1], body[3, 1])
    north = max(body[0, 1], body[1, 1], body[2, 1], body[3, 1])
    cell_m, half_pod = sizes[CELL_M], sizes[HALF_POD]
    half = 0.5 * cell_m
    half_solid, half_core = half - sizes[WALL_GAP_M], half - sizes[RIM_M]
    for up in range(math.floor(south / cell_m), math.floor(north / cell_m) + 1):
        for col in range(math.floor(west / cell_m), math.floor(east / cell_m) + 1):
            x, y = (col + 0.5) * cell_m, (up + 0.5) * cell_m
            _corners(x, y, 0.0, half, half, square)
            if common_m2(body, square, work) < LEAST_M2:
                continue
            row = n_rows - 1 - up
            cell = row * n_cols + col
            if row < 0 or row >= n_rows or col < 0 or col >= n_cols or solid[cell] != 0:
                _corners(x, y, 0.0, half_solid, half_solid, square)
                if common_m2(body, square, work) >= LEAST_M2:
                    n_found = _note(OUT_OF_BOUNDS, unit, -1, rows, n_found)
                continue
            if is_expected and holder[cell] != unit:
                _corners(x, y, 0.0, half_core, half_core, square)
                is_in_core = common_m2(body, square, work) >= LEAST_M2
                if is_in_core or not _turns_beside(unit, row, col, n_rows, n_cols, rims):
                    n_found = _note(NOT_HELD, unit, cell, rows, n_found)
            if is_pod and pod_at[cell] >= 0:
                _corners(x, y, 0.0, half_pod, half_pod, square)
                if common_m2(body, square, work) >= LEAST_M2:
                    n_found = _note(HITS_POD, unit, pod_at[cell], rows, n_found)
    return n_found


@kernel
def _place_bodies(
    poses: Points, carried: NDArray[np.int32], sizes: NDArray[np.float64], bodies: Points
) -> None:
    """Corners of all chassis, and of all pods or, without one, of nothing."""
    for unit in range(poses.shape[0]):
        x, y, yaw = poses[unit, 0], poses[unit, 1], poses[unit, 2]
        _corners(x, y, yaw, sizes[HALF_LENGTH], sizes[HALF_WIDTH], bodies[unit, 0])
        if carried[unit] >= 0:
            pod_yaw = yaw if sizes[POD_TURNS] != 0.0 else 0.0
            _corners(x, y, pod_yaw, sizes[HALF_POD], sizes[HALF_POD], bodies[unit, 1])


@kernel
def _overlap(
    unit: int, other: int, carried: NDArray[np.int32], bodies: Points, work: Points
) -> bool:
    """Whether chassis or pods of two units have ground in common."""
    for part in range(2):
        for far in range(2):
            if (part == 1 and carried[unit] < 0) or (far == 1 and carried[other] < 0):
                continue
            if common_m2(bodies[unit, part], bodies[other, far], work) >= LEAST_M2:
                return True
    return False


@kernel
def find_faults(
    poses: Points, carried: NDArray[np.int32], is_there: NDArray[np.bool_],
    is_expected: NDArray[np.bool_], pod_at: NDArray[np.int32], owners: NDArray[np.int32],
    held_units: NDArray[np.int32], held_cells: NDArray[np.int32], may_units: NDArray[np.int32],
    may_cells: NDArray[np.int32], rims: NDArray[np.int32], solid: NDArray[np.uint8], n_rows: int,
    n_cols: int, sizes: NDArray[np.float64], holder: NDArray[np.int32], seen: NDArray[np.int32],
    bodies: Points, work: Points, rows: NDArray[np.int32],
) -> int:  # fmt: skip
    """Everything that is wrong at one moment. Returns how many rows of `rows` are filled.

    See gridfleet.torture.oracle.Scene for the first eleven. solid: uint8[n_cells], where no unit
    may be. sizes: float64[7]. holder: int32[n_cells], seen: int32[n_pods], bodies:
    float64[n_units, 2, 4, 2], work: float64[3, 16, 2]: scratch. rows: int32[k, 3], (code, unit,
    cell, unit or pod).
    """
    n_found = _check_holdings(owners, held_units, held_cells, may_units, may_cells, holder, rows, 0)
    n_found = _check_pods(carried, pod_at, seen, rows, n_found)
    _place_bodies(poses, carried, sizes, bodies)
    square, scratch = work[2], work[:2]
    reach = 2.0 * math.sqrt(2.0) * max(sizes[HALF_LENGTH], sizes[HALF_WIDTH], sizes[HALF_POD])
    for unit in range(poses.shape[0]):
        if not is_there[unit]:
            continue
        for part in range(1 + (carried[unit] >= 0)):
            n_found = _check_cells(
                unit, bodies[unit, part], part == 1, is_expected[unit], n_rows, n_cols,
                sizes, solid, pod_at, holder, rims, square, scratch, rows, n_found,
            )  # fmt: skip
        for other in range(unit):
            dx, dy = poses[other, 0] - poses[unit, 0], poses[other, 1] - poses[unit, 1]
            is_near = is_there[other] and dx * dx + dy * dy < reach * reach
            if is_near and _overlap(unit, other, carried, bodies, scratch):
                n_found = _note(OVERLAP, unit, other, rows, n_found)
    return n_found
