"""Which way lanes run: the rule that lanes are made by, and what of a floor is one-way already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import Heading, neighbour_table, opposite
from layouts.layout import CellKind, Layout

NO_LANE, CROSSING = -1, 4


def lane_direction(index: int, *, is_row: bool) -> Heading:
    """Which way the lane of that number runs: neighbours alternate, from the north-west corner."""
    if is_row:
        return Heading.EAST if index % 2 else Heading.WEST
    return Heading.SOUTH if index % 2 else Heading.NORTH


def closed_moves(layout: Layout) -> NDArray[np.bool_]:
    """bool[n_cells, 4]: moves between driveable cells that the floor forbids."""
    beside, driveable = neighbour_table(layout.n_rows, layout.n_cols), layout.driveable
    return (beside >= 0) & driveable[:, None] & driveable[beside] & ~layout.exits


def one_way_moves(layout: Layout) -> NDArray[np.bool_]:
    """bool[n_cells, 4]: the unit may leave the cell along the heading, and not come back so."""
    return one_way(layout.neighbours)


def one_way(neighbours: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The same of any table of moves. neighbours: int32[n_cells, 4], -1 for none."""
    is_move = neighbours >= 0
    moves = np.zeros_like(is_move)
    for heading in Heading:
        cells = np.flatnonzero(is_move[:, heading])
        moves[cells, heading] = ~is_move[neighbours[cells, heading], opposite(heading)]
    return moves


def lane_headings(layout: Layout) -> NDArray[np.int8]:
    """int8[n_cells]: along which heading a one-way lane leads over a floor cell.

    NO_LANE: none does. CROSSING: the cell may not be left towards two or more sides and still has
    several ways, as where lanes cross. What the rules of queues close makes no lane, nor does a
    cell become one that only may not be left into the mouth of a lane.
    """
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    closed, n_exits = closed_moves(layout), layout.exits.sum(axis=1)
    is_single = (n_exits == 1) & closed.any(axis=1)
    for heading in Heading:
        heads = beside[:, heading]
        is_mouth = (n_exits[heads] == 1) & layout.exits[heads, opposite(heading)]
        is_ruled = np.isin(layout.kinds[heads], (CellKind.QUEUE, CellKind.STATION))
        closed[:, heading] &= ~(is_mouth | is_ruled)
    lanes = np.full(layout.n_cells, NO_LANE, dtype=np.int8)
    n_closed = closed.sum(axis=1)
    lanes[n_closed == 1] = (closed.argmax(axis=1)[n_closed == 1] + 2) % 4
    lanes[n_closed > 1] = CROSSING
    lanes[is_single] = layout.exits.argmax(axis=1)[is_single]
    lanes[layout.kinds != CellKind.FLOOR] = NO_LANE
    return lanes
