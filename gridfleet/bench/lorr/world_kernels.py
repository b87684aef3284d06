"""How a joint action changes the world (2023, 2024): all units act at once, or all of them wait.

A unit may enter the cell that another leaves in the same step, and units may rotate along a ring;
two may not end on one cell nor change places.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD, WAIT

VALID, NO_ACTION, BLOCKED, VERTEX, EDGE = 0, 1, 2, 3, 4


@kernel
def apply_actions(
    cells: NDArray[np.int32], headings: NDArray[np.int8], actions: NDArray[np.int8],
    neighbours: NDArray[np.int32], at_now: NDArray[np.int32], at_next: NDArray[np.int32],
    after: NDArray[np.int32], fault: NDArray[np.int32],
) -> None:  # fmt: skip
    """Move and turn every unit in place if the joint action is valid, and nobody otherwise.

    actions: int8[n_units]. neighbours: int32[n_cells, 4], -1 where there is no free cell. at_now,
    at_next: int32[n_cells], all -1 before and after. after: int32[n_units], scratch. fault:
    int32[3], filled with (kind, unit, other unit or -1).
    """
    n_units = cells.size
    fault[0] = VALID
    fault[1] = -1
    fault[2] = -1
    for unit in range(n_units):
        after[unit] = cells[unit]
        if actions[unit] < 0 or actions[unit] > WAIT:
            fault[0] = NO_ACTION
            fault[1] = unit
            return
        if actions[unit] == FORWARD:
            after[unit] = neighbours[cells[unit], headings[unit]]
            if after[unit] < 0:
                fault[0] = BLOCKED
                fault[1] = unit
                return
    for unit in range(n_units):
        at_now[cells[unit]] = unit
    for unit in range(n_units):
        other = at_next[after[unit]]
        kind = VERTEX
        if other < 0:
            at_next[after[unit]] = unit
            other = at_now[after[unit]]
            kind = EDGE
            if other == unit or (other >= 0 and after[other] != cells[unit]):
                other = -1
        if other >= 0:
            fault[0] = kind
            fault[1] = min(unit, other)
            fault[2] = max(unit, other)
            break
    for unit in range(n_units):
        at_now[cells[unit]] = -1
        at_next[after[unit]] = -1
    if fault[0] != VALID:
        return
    for unit in range(n_units):
        cells[unit] = after[unit]
        if actions[unit] == CLOCKWISE:
            headings[unit] = (headings[unit] + 3) & 3
        elif actions[unit] == COUNTER_CLOCKWISE:
            headings[unit] = (headings[unit] + 1) & 3
