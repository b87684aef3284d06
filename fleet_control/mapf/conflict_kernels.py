"""Conflicts of a plan, found independently of whatever made it (Stern et al. 2019, section 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel


@kernel
def find_conflicts(
    cells: NDArray[np.int32],
    at_start: NDArray[np.int32],
    at_end: NDArray[np.int32],
    mark: NDArray[np.int32],
    found: NDArray[np.int32],
) -> int:
    """Count vertex, edge and cycle conflicts of a plan and write the first ones to `found`.

    cells: int32[n_steps + 1, n_units], cell of each unit after each step, -1 throughout for one
    that is not on the floor. at_start, at_end:
    int32[n_cells], all -1 before and after. mark: int32[n_units], scratch. found: int32[k, 4] rows
    of (step, kind, unit, other): kind 0 vertex, 1 edge, 2 cycle (unit: lowest of the ring, other:
    the one it follows). A conflict at the start of the plan is a vertex conflict of step 0.
    """
    n_rows, n_units = cells.shape
    n_found = 0
    for unit in range(n_units):
        cell = cells[0, unit]
        if cell < 0:
            continue
        if at_start[cell] >= 0:
            if n_found < found.shape[0]:
                found[n_found, 0] = 0
                found[n_found, 1] = 0
                found[n_found, 2] = at_start[cell]
                found[n_found, 3] = unit
            n_found += 1
        else:
            at_start[cell] = unit
    for unit in range(n_units):
        if cells[0, unit] >= 0:
            at_start[cells[0, unit]] = -1
    for step in range(1, n_rows):
        before = cells[step - 1]
        after = cells[step]
        for unit in range(n_units):
            mark[unit] = -1
            if before[unit] >= 0:
                at_start[before[unit]] = unit
        for unit in range(n_units):
            cell = after[unit]
            if cell < 0:
                continue
            other = at_end[cell]
            kind = -1
            if other >= 0:
                kind = 0
            else:
                at_end[cell] = unit
                other = at_start[cell]
                if (
                    other >= 0
                    and other < unit
                    and after[other] == before[unit]
                    and cell != before[unit]
                ):
                    kind = 1
            if kind >= 0:
                if n_found < found.shape[0]:
                    found[n_found, 0] = step
                    found[n_found, 1] = kind
                    found[n_found, 2] = other
                    found[n_found, 3] = unit
                n_found += 1
        for unit in range(n_units):
            if mark[unit] >= 0 or after[unit] == before[unit]:
                continue
            length = 0
            walker = unit
            while walker >= 0 and mark[walker] < 0 and after[walker] != before[walker]:
                mark[walker] = unit
                length += 1
                walker = at_start[after[walker]]
            if walker == unit and length >= 3:
                if n_found < found.shape[0]:
                    found[n_found, 0] = step
                    found[n_found, 1] = 2
                    found[n_found, 2] = unit
                    found[n_found, 3] = at_start[after[unit]]
                n_found += 1
        for unit in range(n_units):
            if before[unit] >= 0:
                at_start[before[unit]] = -1
                at_end[after[unit]] = -1
    return n_found
