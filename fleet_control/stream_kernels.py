"""The check of releases against the streams that they continue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

DRIVE, LOWER = 0, 2


@kernel
def first_bad_row(
    units: NDArray[np.int32], steps: NDArray[np.int32], cells: NDArray[np.int32],
    acts: NDArray[np.int8], last_steps: NDArray[np.int32], last_cells: NDArray[np.int32],
    n_rows: int, n_cols: int,
) -> int:  # fmt: skip
    """The first row that does not continue its unit's stream, or -1.

    last_steps, last_cells: int32[n_units], the end of each stream before these rows.
    """
    for row in range(units.size):
        unit, cell = units[row], cells[row]
        if unit < 0 or unit >= last_steps.size:
            return row
        before, here = last_steps[unit], last_cells[unit]
        if row > 0 and units[row - 1] == unit:
            before, here = steps[row - 1], cells[row - 1]
        if steps[row] != before + 1 or cell < 0 or cell >= n_rows * n_cols:
            return row
        if acts[row] == DRIVE:
            rows_apart = abs(cell // n_cols - here // n_cols)
            if rows_apart + abs(cell % n_cols - here % n_cols) != 1:
                return row
        elif acts[row] < DRIVE or acts[row] > LOWER or cell != here:
            return row
    return -1
