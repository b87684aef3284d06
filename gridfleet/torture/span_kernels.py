"""Cells of a span of steps for all units at once, out of rings of steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel


@kernel
def unroll(
    first: NDArray[np.int32], last: NDArray[np.int32], rings: NDArray[np.int32],
    out_units: NDArray[np.int32], out_cells: NDArray[np.int32],
) -> int:  # fmt: skip
    """Write unit and cell of the steps first to last of each unit; returns the number of rows.

    first, last: int32[n_units], none where last < first. rings: int32[n_units, ring], cell of step
    s in column s % ring. out_units, out_cells: int32[n_units * ring].
    """
    n_out = 0
    for unit in range(first.size):
        for step in range(first[unit], last[unit] + 1):
            out_units[n_out] = unit
            out_cells[n_out] = rings[unit, step % rings.shape[1]]
            n_out += 1
    return n_out
