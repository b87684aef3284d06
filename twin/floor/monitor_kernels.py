"""The collision monitor: oriented rectangles made from pose and load alone.

Separating axis theorem (Gottschalk 1996). It knows nothing of cells released or planned, nor of
what moves the units.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel, part_of_kernels
from twin.floor.step_kernels import (
    BIN_M,
    CELL_M,
    HALF_LENGTH,
    HALF_POD,
    HALF_WIDTH,
    POD_TURNS,
    WALL_GAP_M,
    Units,
)

HIT_OBSTACLE, HIT_POD = -1, -2
N_PARTNERS = 8
"""Contacts of one unit that can be told apart at once; more have no room around it."""
NOBODY = -9
SURELY_M = 1e-6
"""More than rounding can be wrong by."""


@kernel
def rectangles_touch(
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
    if rectangles_touch(a.x, a.y, a.yaw, length, width, b.x, b.y, b.yaw, length, width):
        return True
    a_yaw, b_yaw = 0.0, 0.0  # of pods that keep their orientation
    if sizes[POD_TURNS] != 0.0:
        a_yaw, b_yaw = a.yaw, b.yaw
    if a.carried >= 0 and rectangles_touch(
        a.x, a.y, a_yaw, pod, pod, b.x, b.y, b.yaw, length, width
    ):
        return True
    if b.carried < 0:
        return False
    if rectangles_touch(a.x, a.y, a.yaw, length, width, b.x, b.y, b_yaw, pod, pod):
        return True
    return a.carried >= 0 and rectangles_touch(a.x, a.y, a_yaw, pod, pod, b.x, b.y, b_yaw, pod, pod)


@kernel
def _touches_square(
    unit: Any, sizes: NDArray[np.float64], x_m: float, y_m: float, half_m: float
) -> bool:
    """Whether the chassis overlaps a square that is parallel to the floor's edges."""
    return rectangles_touch(
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
    return rectangles_touch(
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


@part_of_kernels
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


@part_of_kernels
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
    """The moving unit against every unit near enough to touch: not `reach` apart along an axis of
    the floor, which is as far as any two bodies go together, however they stand."""
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
                    abs(dx) < reach
                    and abs(dy) < reach
                    and other != index
                    and not (other < index and near.awake != 0)
                    and _bodies_touch(unit, near, sizes)
                ):
                    n_contacts = _note_contact(unit, index, other, tick, partners, rows, n_contacts)
                other = near.after
    return n_contacts


@kernel
def watch(
    tick: int, sizes: NDArray[np.float64], n_rows: int, n_cols: int, units: Units,
    pod_at: NDArray[np.int32], solid: NDArray[np.uint8], n_bin_cols: int, heads: NDArray[np.int32],
    partners: NDArray[np.int64], rows: NDArray[np.float64], n_contacts: int,
) -> int:  # fmt: skip
    """Look at every unit that has moved in this tick, or was in contact in the one before.

    Arguments as of `twin.kinematic.kernels.run_ticks`. Returns n_contacts and those that began."""
    diagonal = math.sqrt(sizes[HALF_LENGTH] ** 2 + sizes[HALF_WIDTH] ** 2)
    half_pod = sizes[HALF_POD] if sizes[POD_TURNS] == 0.0 else sizes[HALF_POD] * math.sqrt(2.0)
    reach = 2.0 * max(half_pod, diagonal) + SURELY_M
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
