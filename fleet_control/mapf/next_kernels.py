"""Where each unit would go next if it were alone, read off the distance fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.field_kernels import NO_WAY, may_pass


@kernel
def find_next_cells(
    cells: NDArray[np.int32], headings: NDArray[np.int8], goals: NDArray[np.int32],
    slots: NDArray[np.int32], loads: NDArray[np.int8], neighbours: NDArray[np.int32],
    surcharges: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    compact: NDArray[np.int32], fields: NDArray[np.uint16], turn_cost: int,
    found: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill found[n_units] with the neighbour that the cheapest way leads over, the first of equal
    ones; -1 for a unit that is nowhere (cell -1), has no goal or is there, or has no way."""
    for unit in range(cells.size):
        found[unit] = -1
        here = cells[unit]
        goal = goals[unit]
        if here < 0 or goal < 0 or here == goal:
            continue
        heading = headings[unit]
        if fields[slots[unit], 4 * compact[here] + heading] == NO_WAY:
            continue
        goal_zone = zones[goal]
        best = np.int64(1 << 40)
        for ahead in range(4):
            cell = neighbours[here, ahead]
            if cell < 0:
                continue
            if not may_pass(through[loads[unit], cell], cell, goal, goal_zone, zones):
                continue
            beyond = fields[slots[unit], 4 * compact[cell] + ahead]
            if beyond == NO_WAY:
                continue
            turns = (ahead - heading) & 3
            if turns == 3:
                turns = 1
            cost = np.int64(turns * turn_cost + surcharges[here, ahead]) + np.int64(beyond)
            if cost < best:
                best = cost
                found[unit] = cell
