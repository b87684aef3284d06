"""Streams of steps as a backend sees them: what it refuses to execute.

A wrong release is a fault of the controller that no unit should find out by driving. So every
backend passes what it is sent through here first, as a real unit would check its orders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act, Releases
from fleet_control.errors import InvariantError
from fleet_control.stream_kernels import first_bad_row


class Streams:
    """How far each unit's stream has been released.

    cells: int32[n_units], where the units stand (step 0). last_steps: int32[n_units], the latest
    step released; last_cells: int32[n_units], its cell.
    """

    def __init__(self, n_rows: int, n_cols: int, cells: NDArray[np.int32]) -> None:
        self._n_rows, self._n_cols = n_rows, n_cols
        self.last_steps = np.zeros(len(cells), dtype=np.int32)
        self.last_cells = np.array(cells, dtype=np.int32)

    def admit(self, releases: Releases) -> None:
        """Take note of releases, or raise InvariantError and note none of them."""
        if not len(releases.units):
            return
        row = first_bad_row(
            releases.units, releases.steps, releases.cells, releases.acts, self.last_steps,
            self.last_cells, self._n_rows, self._n_cols,
        )  # fmt: skip
        if row >= 0:
            raise InvariantError(say_bad_row(releases, row, self.last_steps, self.last_cells))
        # Rows of a unit ascend, and of repeated indices numpy assigns the last.
        self.last_steps[releases.units] = releases.steps
        self.last_cells[releases.units] = releases.cells

    def cut(self, unit: int, step: int, cell: int) -> None:
        """The stream of the unit ends with that step, on that cell, and goes on from there."""
        self.last_steps[unit], self.last_cells[unit] = step, cell


def say_bad_row(
    releases: Releases, row: int, last_steps: NDArray[np.int32], last_cells: NDArray[np.int32]
) -> str:
    """Why the row cannot be executed, in words. last_steps, last_cells: as of `Streams`."""
    unit, step = int(releases.units[row]), int(releases.steps[row])
    if not 0 <= unit < len(last_steps):
        return f"step {step} is released to unit {unit}, which does not exist"
    before, here = int(last_steps[unit]), int(last_cells[unit])
    if row > 0 and releases.units[row - 1] == unit:
        before, here = int(releases.steps[row - 1]), int(releases.cells[row - 1])
    if step != before + 1:
        return f"unit {unit}: step {step} is released after step {before}"
    act, cell = int(releases.acts[row]), int(releases.cells[row])
    if act not in list(Act):
        return f"unit {unit}, step {step}: {act} is no act"
    if act == Act.DRIVE:
        return f"unit {unit}, step {step}: no drive leads from cell {here} to cell {cell}"
    return f"unit {unit}, step {step}: {Act(act).name} on cell {cell} from cell {here}"
