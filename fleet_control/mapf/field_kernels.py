"""Distance fields by Dial's algorithm (Dial 1969): Dijkstra with circular buckets, no heap.

The search runs backwards from the goal over states (cell, heading). Edges are turning a quarter in
place and driving one cell along the heading.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

FAR = 65534
"""Distances saturate here; 65535 means unreachable."""


@kernel
def fill_field(
    field: NDArray[np.uint16], goal: int, goal_zone: int, back: NDArray[np.int32],
    costs: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    turn_cost: int, heads: NDArray[np.int32], pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill field[4 * cell + heading] with the cost to reach `goal` with any heading.

    Cells are ranks among driveable cells here. back: int32[4 * n], state from which driving along
    the heading leads to this state, or -1; costs: int32[4 * n], cost of that move. Cells that are
    not `through` are passed only inside the goal's own zone; elsewhere they get a distance (a unit
    may start there) but no path leads over them. heads: int32[n_buckets], a power of two above the
    dearest edge. pool: int32[12 * n + 4, 2], linked lists of (state, next entry).
    """
    field[:] = 65535
    heads[:] = -1
    mask = heads.size - 1
    n_pool = 0
    for heading in range(4):
        field[4 * goal + heading] = 0
        pool[n_pool, 0] = 4 * goal + heading
        pool[n_pool, 1] = heads[0]
        heads[0] = n_pool
        n_pool += 1
    distance = 0
    n_empty = 0
    while n_empty <= mask:
        entry = heads[distance & mask]
        if entry < 0:
            n_empty += 1
            distance += 1
            continue
        n_empty = 0
        state = pool[entry, 0]
        heads[distance & mask] = pool[entry, 1]
        if field[state] != min(distance, FAR):
            continue
        value = min(distance + turn_cost, FAR)
        spot = (distance + turn_cost) & mask
        first = state & ~3
        for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
            if value < field[turned]:
                field[turned] = value
                pool[n_pool, 0] = turned
                pool[n_pool, 1] = heads[spot]
                heads[spot] = n_pool
                n_pool += 1
        behind = back[state]
        if behind < 0:
            continue
        cell = state >> 2
        if through[cell] or cell == goal or (goal_zone >= 0 and zones[cell] == goal_zone):
            cost = costs[state]
            value = min(distance + cost, FAR)
            if value < field[behind]:
                field[behind] = value
                spot = (distance + cost) & mask
                pool[n_pool, 0] = behind
                pool[n_pool, 1] = heads[spot]
                heads[spot] = n_pool
                n_pool += 1
