"""Cells, headings and metres: the only place that converts between them.

cell     flat int id = row * n_cols + col; row 0 is the northern edge of the drawing
heading  0 east, 1 north, 2 west, 3 south; north is row - 1
world    metres, x east, y north, origin at the south-west corner of the floor
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Heading(IntEnum):
    """Direction of travel on the grid."""

    EAST = 0
    NORTH = 1
    WEST = 2
    SOUTH = 3


ROW_STEP = (0, -1, 0, 1)
"""Change of row for one cell along each heading."""
COL_STEP = (1, 0, -1, 0)
"""Change of column for one cell along each heading."""


def opposite(heading: int) -> int:
    """The heading that points back."""
    return (heading + 2) % 4


def yaw_rad(heading: int) -> float:
    """Yaw of a heading in the world frame, counter-clockwise from east."""
    return heading * np.pi / 2


def neighbour_table(n_rows: int, n_cols: int) -> NDArray[np.int32]:
    """Cell next to each cell along each heading, -1 beyond the edge. Shape (n_cells, 4), int32."""
    rows, cols = np.divmod(np.arange(n_rows * n_cols), n_cols)
    table = np.full((n_rows * n_cols, 4), -1, dtype=np.int32)
    for heading in Heading:
        r, c = rows + ROW_STEP[heading], cols + COL_STEP[heading]
        inside = (r >= 0) & (r < n_rows) & (c >= 0) & (c < n_cols)
        table[inside, heading] = (r * n_cols + c)[inside]
    return table


def previous_table(ahead: NDArray[np.int32]) -> NDArray[np.int32]:
    """Inverse of a neighbour table: int32[n_cells, 4], the cell from which each heading leads here,
    or -1."""
    previous = np.full_like(ahead, -1)
    for heading in Heading:
        tails = np.flatnonzero(ahead[:, heading] >= 0)
        previous[ahead[tails, heading], heading] = tails
    return previous


def cell_centres_m(n_rows: int, n_cols: int, cell_size_m: float) -> NDArray[np.float64]:
    """World coordinates of every cell centre. Shape (n_cells, 2): x, y in metres."""
    rows, cols = np.divmod(np.arange(n_rows * n_cols), n_cols)
    x = (cols + 0.5) * cell_size_m
    y = (n_rows - rows - 0.5) * cell_size_m
    return np.column_stack([x, y])


def cell_at(x_m: float, y_m: float, n_rows: int, n_cols: int, cell_size_m: float) -> int:
    """The cell that a point lies in; of a point off the floor, the nearest one."""
    col = min(max(int(x_m // cell_size_m), 0), n_cols - 1)
    row = min(max(n_rows - 1 - int(y_m // cell_size_m), 0), n_rows - 1)
    return row * n_cols + col


def cells_at(
    points_m: NDArray[np.float64], n_rows: int, n_cols: int, cell_size_m: float
) -> NDArray[np.int64]:
    """`cell_at` for many points. points_m: float64[n, 2 or more], x and y first. int64[n]."""
    cols = np.clip(points_m[:, 0] // cell_size_m, 0, n_cols - 1).astype(np.int64)
    rows = n_rows - 1 - np.clip(points_m[:, 1] // cell_size_m, 0, n_rows - 1).astype(np.int64)
    return rows * n_cols + cols
