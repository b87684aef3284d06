"""Names and places of cells, and which of them a vehicle covers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hw_bridge.vda5050.names import cell_of, node_id
from layouts.geometry import cell_at
from layouts.layout import Layout


@dataclass(frozen=True, slots=True)
class Place:
    """node: name of the cell. x_m, y_m: its centre."""

    node: str
    x_m: float
    y_m: float

    def distance_m(self, x_m: float, y_m: float) -> float:
        return math.hypot(x_m - self.x_m, y_m - self.y_m)


@dataclass(frozen=True, slots=True)
class Floor:
    """The grid of cells in metres, as the layout has it."""

    n_rows: int
    n_cols: int
    cell_size_m: float

    @staticmethod
    def of(layout: Layout) -> Floor:
        return Floor(layout.n_rows, layout.n_cols, layout.cell_size_m)

    def place(self, cell: int) -> Place:
        row, col = divmod(cell, self.n_cols)
        size = self.cell_size_m
        return Place(
            node_id(cell, self.n_cols), (col + 0.5) * size, (self.n_rows - row - 0.5) * size
        )

    def named(self, node: str) -> Place | None:
        cell = cell_of(node, self.n_rows, self.n_cols)
        return self.place(cell) if cell >= 0 else None

    def covered(
        self, x_m: float, y_m: float, tolerance_m: float
    ) -> tuple[Place, Place | None] | None:
        """The cell whose centre a point is at; or the two that it lies between, the nearer first;
        None for a point that is between four, or off the floor."""
        size = self.cell_size_m
        if not (-tolerance_m <= x_m <= self.n_cols * size + tolerance_m):
            return None
        if not (-tolerance_m <= y_m <= self.n_rows * size + tolerance_m):
            return None
        cell = cell_at(x_m, y_m, self.n_rows, self.n_cols, size)
        near = self.place(cell)
        dx, dy = x_m - near.x_m, y_m - near.y_m
        if math.hypot(dx, dy) <= tolerance_m:
            return near, None
        if min(abs(dx), abs(dy)) > tolerance_m:
            return None
        row, col = divmod(cell, self.n_cols)
        if abs(dx) >= abs(dy):
            col += 1 if dx > 0 else -1
        else:
            row += -1 if dy > 0 else 1
        if not (0 <= row < self.n_rows and 0 <= col < self.n_cols):
            return None
        return near, self.place(row * self.n_cols + col)
