"""Lengths of ways between any two cells, exact on small floors and estimated on large ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.assignment.assignment_kernels import add_leg_costs, way_cost
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid

LARGEST_EXACT = 2000
"""Cells of a floor whose ways are all worked out: 4 * 2 * 4000**2 bytes."""


class Ways:
    """Ways in actions (cells and quarter turns) for a grid that does not change.

    compact: int32[n_cells]. table: uint16[n_compact, 4 * n_compact], or without rows.
    """

    def __init__(self, grid: Grid) -> None:
        self.n_cols, self.compact, self.n_cells = grid.n_cols, grid.compact, grid.n_cells
        n_rows = grid.n_compact if grid.n_compact <= LARGEST_EXACT else 0
        self.table = np.zeros((n_rows, 4 * grid.n_compact), dtype=np.uint16)
        if n_rows:
            fields = DistanceFields(grid, 1, memory_mb=1.0, turn_cost=CELL_COST)
            for cell in np.flatnonzero(grid.compact >= 0).tolist():
                slot = fields.hold(cell, EMPTY)
                self.table[grid.compact[cell]] = fields.values[slot] // CELL_COST
                fields.let_go(slot)

    @property
    def is_exact(self) -> bool:
        return len(self.table) > 0

    def cost(self, cell: int, heading: int, goal: int) -> int:
        """Actions from a cell and heading (-1: the best one) to a goal."""
        return int(way_cost(cell, heading, goal, self.n_cols, self.compact, self.table))

    def lengths(self, offsets: NDArray[np.int64], errands: NDArray[np.int32]) -> NDArray[np.int32]:
        """int32[n_tasks], actions from the first errand of each task to its last one."""
        lengths = np.zeros(len(offsets) - 1, dtype=np.int32)
        add_leg_costs(offsets, errands, self.n_cols, self.compact, self.table, lengths)
        return lengths
