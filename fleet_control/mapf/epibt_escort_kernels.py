"""The way of the escorted unit, and how far others are from where they are out of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.next_kernels import find_next_cells

FAR = 1 << 16
"""Steps to where there is no way."""


@kernel
def trace_way(
    cell: NDArray[np.int32], heading: NDArray[np.int8], goal: NDArray[np.int32],
    slot: NDArray[np.int32], load: NDArray[np.int8], neighbours: NDArray[np.int32],
    surcharges: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    compact: NDArray[np.int32], fields: NDArray[np.uint16], turn_cost: int,
    ahead: NDArray[np.int32], way: NDArray[np.int32], is_on_way: NDArray[np.bool_],
) -> int:  # fmt: skip
    """Cells of the cheapest way of one unit to its goal: their number; all arrays of the unit have
    one entry, and cell and heading end at the goal. way: int32[n_cells], the cells in order, its
    own first. is_on_way: bool[n_cells], set for them."""
    is_on_way[:] = False
    length = 0
    while length < way.size:
        way[length] = cell[0]
        is_on_way[cell[0]] = True
        length += 1
        find_next_cells(
            cell, heading, goal, slot, load, neighbours, surcharges, through, zones, compact,
            fields, turn_cost, ahead,
        )  # fmt: skip
        if ahead[0] < 0:
            break
        for side in range(4):
            if neighbours[cell[0], side] == ahead[0]:
                heading[0] = side
        cell[0] = ahead[0]
    return length


@kernel
def measure_flight(
    here: int, at_now: NDArray[np.int32], previous: NDArray[np.int32], compact: NDArray[np.int32],
    is_on_way: NDArray[np.bool_], flight: NDArray[np.int32], queue: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill flight[n_cells] with the steps from each cell to the nearest empty one off the way, not
    over the cell `here`; FAR where there is none. at_now: int32[n_cells], unit there or -1.
    previous: int32[n_cells, 4], cell from which each heading leads here. queue: scratch."""
    tail = 0
    for cell in range(compact.size):
        flight[cell] = FAR
        if compact[cell] >= 0 and at_now[cell] < 0 and not is_on_way[cell]:
            flight[cell] = 0
            queue[tail] = cell
            tail += 1
    head = 0
    while head < tail:
        cell = queue[head]
        head += 1
        for heading in range(4):
            before = previous[cell, heading]
            if before >= 0 and before != here and flight[before] == FAR:
                flight[before] = flight[cell] + 1
                queue[tail] = before
                tail += 1
