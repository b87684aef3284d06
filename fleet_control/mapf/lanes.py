"""Lanes made from the floor: neighbouring rows and columns prefer opposite directions.

Driving against the lane costs extra; nothing is forbidden. Alternating lanes turn head-on traffic
in narrow aisles into two streams and were the largest single gain measured on crowded floors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layouts import CellKind, Heading, Layout

AGAINST_COST = 8
"""Extra cost of one cell against the lane; a cell with it costs 2."""


def lane_costs(
    layout: Layout, against: int = AGAINST_COST, closed: Sequence[int] = ()
) -> NDArray[np.int32]:
    """int32[n_cells, 4] extra cost of each move, by alternating corridor rows and columns.

    A row or column is a corridor where a laden unit can drive along at least half of it without a
    break; corridors are numbered in order, so that lanes alternate however wide the blocks between
    them are. A floor of scattered obstacles has none: lanes there cost more than they bring. Cells
    in `closed` (parked units) count as obstacles.
    """
    kinds = layout.kinds.reshape(layout.n_rows, layout.n_cols)
    open_cells = np.isin(kinds, [CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING])
    open_cells.reshape(-1)[list(closed)] = False
    costs = np.zeros((*open_cells.shape, 4), dtype=np.int32)
    rows = [row for row, cells in enumerate(open_cells) if is_corridor(cells)]
    cols = [col for col, cells in enumerate(open_cells.T) if is_corridor(cells)]
    for index, row in enumerate(rows):
        costs[row, :, Heading.WEST if index % 2 else Heading.EAST] = against
    for index, col in enumerate(cols):
        costs[:, col, Heading.NORTH if index % 2 else Heading.SOUTH] = against
    costs[~open_cells] = 0
    return costs.reshape(-1, 4)


def is_corridor(cells: NDArray[np.bool_]) -> bool:
    """Whether the longest run of open cells makes up half of the line."""
    longest = run = 0
    for is_open in cells.tolist():
        run = run + 1 if is_open else 0
        longest = max(longest, run)
    return 2 * longest >= len(cells)
