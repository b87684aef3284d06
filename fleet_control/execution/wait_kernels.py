"""Who waits for whom to leave a cell, read off the tickets, and where each chain of waits ends.

A unit waits where the ticket of its next step has not come up. Whose ticket is up there has to
leave first: it holds the cell, or comes to it before. Whether that one can leave as it is or waits
itself depends on how far it has been released, so every wait says whether the chain goes on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

DRIVE = 0
FREE = -1
"""Waits for nobody."""
RING = -2
"""Root of units whose chain of waits runs in a ring."""
LOST = -3
"""Waits for a ticket that no unit has: nobody will ever leave."""
_OPEN, _ON_PATH = -4, -5


@kernel
def find_waits(
    cleared: NDArray[np.int32], released: NDArray[np.int32], committed: NDArray[np.int32],
    cells: NDArray[np.int32], tickets: NDArray[np.int32], acts: NDArray[np.int8],
    is_present: NDArray[np.bool_], serving: NDArray[np.int32], first: NDArray[np.int32],
    last: NDArray[np.int32], waits_for: NDArray[np.int32], goes_on: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Fill waits_for (unit, FREE or LOST) and goes_on for every unit.

    goes_on: whether the unit waited for has not been released any step that leads out of the cell,
    so that it must be released more before it can leave. A unit that comes back to a cell which its
    own rear has yet to leave waits for nobody. first, last: int32[n_cells], scratch; first all -1
    before and after.
    """
    mask = cells.shape[1] - 1
    for unit in range(released.size):
        if is_present[unit]:
            for step in range(cleared[unit], committed[unit] + 1):
                cell = cells[unit, step & mask]
                if tickets[unit, step & mask] == serving[cell]:
                    first[cell] = unit
                    last[cell] = step
    for unit in range(released.size):
        waits_for[unit] = FREE
        goes_on[unit] = False
        step = released[unit] + 1
        slot = step & mask
        if not is_present[unit] or step > committed[unit] or acts[unit, slot] != DRIVE:
            continue
        cell = cells[unit, slot]
        other = first[cell]
        if tickets[unit, slot] == serving[cell] or other == unit:
            continue
        if other < 0:
            waits_for[unit] = LOST
        else:
            waits_for[unit] = other
            goes_on[unit] = released[other] <= last[cell]
    for unit in range(released.size):
        if is_present[unit]:
            for step in range(cleared[unit], committed[unit] + 1):
                first[cells[unit, step & mask]] = -1


@kernel
def find_roots(
    waits_for: NDArray[np.int32], goes_on: NDArray[np.bool_], roots: NDArray[np.int32],
    path: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill roots[n_units]: the unit at the end of each chain of waits, FREE for a unit that waits
    for nobody, LOST as in waits_for, RING where the chain has no end.

    path: int32[n_units], scratch.
    """
    for unit in range(waits_for.size):
        roots[unit] = _OPEN if waits_for[unit] >= 0 else waits_for[unit]
    for start in range(waits_for.size):
        if roots[start] != _OPEN:
            continue
        n_path = 0
        unit = start
        while True:
            roots[unit] = _ON_PATH
            path[n_path] = unit
            n_path += 1
            other = waits_for[unit]
            root = other
            if not goes_on[unit] or roots[other] == FREE:
                break
            if roots[other] != _OPEN:
                root = RING if roots[other] == _ON_PATH else roots[other]
                break
            unit = other
        for index in range(n_path):
            roots[path[index]] = root
