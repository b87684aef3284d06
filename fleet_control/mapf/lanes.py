"""Lanes made from the floor: neighbouring rows and columns prefer opposite directions.

Driving against the lane costs extra; nothing is forbidden. Alternating lanes turn head-on traffic
in narrow aisles into two streams and were the largest single gain measured on crowded floors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts import CellKind, Heading, Layout

AGAINST_COST = 8
"""Extra cost of one cell against the lane; a cell with it costs 2."""


def lane_costs(layout: Layout, against: int = AGAINST_COST) -> NDArray[np.int32]:
    """int32[n_cells, 4] extra cost of each move, by alternating corridor rows and columns.

    A row or column counts as a corridor where two cells in a row can be driven along it by a laden
    unit; corridors are numbered in order, so that lanes alternate however wide the blocks between
    them are. Station queues and service cells keep their own directions.
    """
    shape = layout.n_rows, layout.n_cols
    kinds = layout.kinds.reshape(shape)
    open_cells = np.isin(kinds, [CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING])
    costs = np.zeros((*shape, 4), dtype=np.int32)
    along_rows = open_cells[:, 1:] & open_cells[:, :-1]
    along_cols = open_cells[1:, :] & open_cells[:-1, :]
    row_share = along_rows.sum(axis=1) / max(1, along_rows.sum(axis=1).max(initial=1))
    col_share = along_cols.sum(axis=0) / max(1, along_cols.sum(axis=0).max(initial=1))
    for index, row in enumerate(np.flatnonzero(row_share > CORRIDOR_SHARE)):
        costs[row, :, Heading.WEST if index % 2 else Heading.EAST] = against
    for index, col in enumerate(np.flatnonzero(col_share > CORRIDOR_SHARE)):
        costs[:, col, Heading.NORTH if index % 2 else Heading.SOUTH] = against
    costs[~open_cells] = 0
    return costs.reshape(-1, 4)


CORRIDOR_SHARE = 0.5
"""A row is a corridor when it offers at least half the moves of the row that offers most."""
