"""The walls of a floor as few boxes: what units cannot drive on, and the edge around the floor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layouts import CellKind, Layout
from twin.physics.space import Wall

EDGE_M = 0.5
"""Thickness of the wall around the floor."""


def walls_of(layout: Layout) -> Iterator[Wall]:
    """Boxes that cover every cell of obstacles and people, set back by the floor's wall gap, and
    four along its edges."""
    solid = np.isin(layout.kinds, (CellKind.OBSTACLE, CellKind.HUMAN))
    grid = solid.reshape(layout.n_rows, layout.n_cols).copy()
    for row, col, n_rows, n_cols in _blocks(grid):
        yield _wall(layout, row, col, n_rows, n_cols)
    yield from _edges(layout)


def _blocks(grid: np.ndarray) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, height and width of rectangles that cover all true cells, each of them once."""
    grid = grid.copy()
    for row, col in zip(*np.nonzero(grid), strict=True):
        if not grid[row, col]:
            continue
        n_cols = 1
        while col + n_cols < grid.shape[1] and grid[row, col + n_cols]:
            n_cols += 1
        n_rows = 1
        while row + n_rows < grid.shape[0] and grid[row + n_rows, col : col + n_cols].all():
            n_rows += 1
        grid[row : row + n_rows, col : col + n_cols] = False
        yield int(row), int(col), n_rows, n_cols


def _wall(layout: Layout, row: int, col: int, n_rows: int, n_cols: int) -> Wall:
    cell_m, gap_m = layout.cell_size_m, layout.wall_gap_m
    centre = (col + n_cols / 2) * cell_m, (layout.n_rows - row - n_rows / 2) * cell_m
    return Wall(centre, (n_cols * cell_m / 2 - gap_m, n_rows * cell_m / 2 - gap_m))


def _edges(layout: Layout) -> Iterator[Wall]:
    width_m, height_m = layout.n_cols * layout.cell_size_m, layout.n_rows * layout.cell_size_m
    gap_m, half = layout.wall_gap_m, EDGE_M / 2
    for x_m in (-gap_m - half, width_m + gap_m + half):
        yield Wall((x_m, height_m / 2), (half, height_m / 2 + EDGE_M))
    for y_m in (-gap_m - half, height_m + gap_m + half):
        yield Wall((width_m / 2, y_m), (width_m / 2 + EDGE_M, half))
