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
    field: NDArray[np.uint16],
    goal: int,
    previous: NDArray[np.int32],
    surcharges: NDArray[np.int32],
    through: NDArray[np.bool_],
    zones: NDArray[np.int16],
    compact: NDArray[np.int32],
    cell_cost: int,
    turn_cost: int,
    heads: NDArray[np.int32],
    pool_next: NDArray[np.int32],
    pool_state: NDArray[np.int32],
) -> None:
    """Fill field[4 * compact[cell] + heading] with the cost to reach `goal` with any heading.

    Cells that are not `through` are passed only inside the goal's own zone; elsewhere they get a
    distance (a unit may start there) but no path leads over them. heads: int32[n_buckets], with
    n_buckets a power of two above the dearest edge. pool_*: int32, at least 12 * n_compact + 4.
    """
    field[:] = 65535
    heads[:] = -1
    mask = heads.size - 1
    n_pool = 0
    goal_zone = zones[goal]
    for heading in range(4):
        field[4 * compact[goal] + heading] = 0
        pool_state[n_pool] = 4 * goal + heading
        pool_next[n_pool] = heads[0]
        heads[0] = n_pool
        n_pool += 1
    distance = 0
    n_empty = 0
    while n_empty <= mask:
        bucket = distance & mask
        if heads[bucket] < 0:
            n_empty += 1
            distance += 1
            continue
        n_empty = 0
        entry = heads[bucket]
        heads[bucket] = pool_next[entry]
        state = pool_state[entry]
        cell = state >> 2
        heading = state & 3
        base = 4 * compact[cell]
        if field[base + heading] != min(distance, FAR):
            continue
        value = min(distance + turn_cost, FAR)
        for turned in ((heading + 1) & 3, (heading + 3) & 3):
            if value < field[base + turned]:
                field[base + turned] = value
                pool_state[n_pool] = 4 * cell + turned
                spot = (distance + turn_cost) & mask
                pool_next[n_pool] = heads[spot]
                heads[spot] = n_pool
                n_pool += 1
        if not (through[cell] or cell == goal or (goal_zone >= 0 and zones[cell] == goal_zone)):
            continue
        behind = previous[cell, heading]
        if behind < 0:
            continue
        cost = cell_cost + surcharges[behind, heading]
        value = min(distance + cost, FAR)
        spot_state = 4 * compact[behind] + heading
        if value < field[spot_state]:
            field[spot_state] = value
            pool_state[n_pool] = 4 * behind + heading
            spot = (distance + cost) & mask
            pool_next[n_pool] = heads[spot]
            heads[spot] = n_pool
            n_pool += 1
