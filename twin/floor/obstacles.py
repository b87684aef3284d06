"""Things that lie on the floor and are in the way: each from the moment when nobody is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError
from twin.floor.mechanics import cells_claimed
from twin.floor.state import UNIT
from twin.floor.step_kernels import PLACED


class Obstacles:
    """What was put on the floor and what is to be.

    solid: uint8[n_cells], as in the kernels; changed here. centres: float64[n_cells, 2], metres.
    cell_m: side of a cell. due: cells where something will lie once units have gone on.
    """

    def __init__(
        self, solid: NDArray[np.uint8], centres: NDArray[np.float64], cell_m: float
    ) -> None:
        self._solid, self._centres = solid, centres
        self._near_m = 1.5 * cell_m
        self.due: list[int] = []

    def place(self, cell: int, units: NDArray[np.void], step_cells: NDArray[np.int32]) -> bool:
        """Returns whether it lies there now; if not, it is due."""
        if not 0 <= cell < len(self._solid) or self._solid[cell] not in (0, PLACED):
            raise FleetError(f"nothing can be put on cell {cell}: no unit drives there")
        if self._put(cell, units, step_cells):
            return True
        if cell not in self.due:
            self.due.append(cell)
        return False

    def settle(self, units: NDArray[np.void], step_cells: NDArray[np.int32]) -> None:
        """Put down what was due, where nobody is any more."""
        self.due = [cell for cell in self.due if not self._put(cell, units, step_cells)]

    def _put(self, cell: int, units: NDArray[np.void], step_cells: NDArray[np.int32]) -> bool:
        assert units.dtype == UNIT
        # A straight run is in the row or in the column of every cell that it touches.
        gaps = [
            abs(units[axis] - place) for axis, place in zip("xy", self._centres[cell], strict=True)
        ]
        in_line = (gaps[0] < self._near_m) | (gaps[1] < self._near_m)
        for unit in np.flatnonzero(in_line & (units["square"] >= 0)).tolist():
            if cell in cells_claimed(units[unit], step_cells[unit]):
                return False
        self._solid[cell] = PLACED
        return True

    def remove(self, cell: int) -> None:
        """The cell is free, or will not be taken."""
        if cell in self.due:
            self.due.remove(cell)
        if self._solid[cell] == PLACED:
            self._solid[cell] = 0

    def lies_on(self, cell: int) -> bool:
        return bool(self._solid[cell] == PLACED)
