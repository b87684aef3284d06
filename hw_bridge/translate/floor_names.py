"""Cells as nodes: their names and places."""

from __future__ import annotations

import math

import numpy as np

from hw_bridge.vda5050.names import MAP_ID, node_id
from hw_bridge.vda5050.order import AllowedDeviation, NodePosition
from layouts import Layout
from layouts.geometry import cell_at, cell_centres_m

DEVIATION_M = 0.1
"""How far from a cell's centre a unit may come to a stand there."""
NEAR = 0.25
"""A unit nearer to a centre than this share of a cell stands on that cell alone."""


class FloorNames:
    """names: node id of each cell. cells: the other way."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        n_cells = layout.n_rows * layout.n_cols
        self.names = [node_id(cell, layout.n_cols) for cell in range(n_cells)]
        self.cells = {name: cell for cell, name in enumerate(self.names)}
        self._tails = [name.removeprefix("c") for name in self.names]
        self._centres = np.round(
            cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m), 6
        ).tolist()
        self._positions: dict[int, NodePosition] = {}

    def edge(self, from_cell: int, to_cell: int) -> str:
        """As names.edge_id."""
        return f"e{self._tails[from_cell]}{self._tails[to_cell]}"

    def position(self, cell: int) -> NodePosition:
        position = self._positions.get(cell)
        if position is None:
            x, y = self._centres[cell]
            deviation = AllowedDeviation(a=DEVIATION_M, b=DEVIATION_M, theta=0.0)
            position = NodePosition(x=x, y=y, map_id=MAP_ID, allowed_deviation_xy=deviation)
            self._positions[cell] = position
        return position

    def cell_near(self, x_m: float, y_m: float) -> int:
        """The cell that something stands on alone; -1 between cells and off the floor."""
        layout = self._layout
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            return -1
        cell = cell_at(x_m, y_m, layout.n_rows, layout.n_cols, layout.cell_size_m)
        centre_x_m, centre_y_m = self._centres[cell]
        reach_m = NEAR * layout.cell_size_m
        return cell if math.hypot(x_m - centre_x_m, y_m - centre_y_m) <= reach_m else -1

    def cell_between(self, x_m: float, y_m: float, beyond: int) -> int:
        """The other of the two cells that something stands on which also covers `beyond`; -1 where
        that is not next to it."""
        layout = self._layout
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            return -1
        to_x_m, to_y_m = self._centres[beyond]
        off_x_m, off_y_m = x_m - to_x_m, y_m - to_y_m
        if math.hypot(off_x_m, off_y_m) > (1.0 + NEAR) * layout.cell_size_m:
            return -1
        size_m = layout.cell_size_m
        if abs(off_x_m) >= abs(off_y_m):
            off_x_m, off_y_m = math.copysign(size_m, off_x_m), 0.0
        else:
            off_x_m, off_y_m = 0.0, math.copysign(size_m, off_y_m)
        other = cell_at(to_x_m + off_x_m, to_y_m + off_y_m, layout.n_rows, layout.n_cols, size_m)
        return other if other != beyond else -1
