"""Lanes made from the floor: neighbouring rows and columns prefer opposite directions.

Driving against the lane costs extra. In an aisle one cell wide it is ruled out: two units that meet
there head-on would have to back out one behind the other, and one such meeting is how a crowded
floor begins to jam. An aisle stays open both ways where a way in or out would be lost, as in a dead
end. Alternating lanes were the largest single gain measured on crowded floors, and ruling out
head-on meetings in aisles the next (benchmarks/run_speed.py). For the same reason aisles are opened
again while the way round them is blocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts import AISLE_KINDS, Heading, Layout
from layouts.directions import lane_direction
from layouts.geometry import opposite
from layouts.traffic import Traffic

AGAINST_COST = 8
"""Extra cost of one cell against the lane; a cell with it costs 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """costs: int32[n_cells, 4], extra cost of each move. closed: bool[n_cells, 4], moves against
    the lane of an aisle, which nobody makes. is_open: bool[n_cells], cells that all may drive
    through, without those where units are parked: ways round closed moves lead over them."""

    costs: NDArray[np.int32]
    closed: NDArray[np.bool_]
    is_open: NDArray[np.bool_]


def lanes_of(layout: Layout, parked: Sequence[int] = (), against: int = AGAINST_COST) -> Lanes:
    """Lanes along alternating corridor rows and columns.

    A row or column is a corridor where a laden unit can drive along at least half of it without a
    break; corridors are numbered in order, so that lanes alternate however wide the blocks between
    them are. Which way the first row and the first column lead is what closes most of the aisles
    without a cut: at a corner that two lanes lead into, one has to stay open both ways. A floor of
    scattered obstacles has no lanes: there they cost more than they bring.
    parked: cells of units that stay; they count as obstacles.
    """
    open_cells = np.isin(layout.kinds, AISLE_KINDS)
    open_cells[list(parked)] = False
    # Stations and storage are no way through: what they lead to hangs on the open cells.
    traffic = Traffic.over(open_cells, layout.neighbours)
    aisles = _along_aisles(traffic.ahead)

    def led(first_row: int, first_col: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        is_against = _against_lanes(open_cells, layout.n_cols, first_row, first_col)
        is_against &= traffic.ahead >= 0
        return is_against, _without_cuts(traffic, is_against & aisles)

    is_against, closed = min(
        (led(first_row, first_col) for first_row in (0, 1) for first_col in (0, 1)),
        key=lambda lanes: np.count_nonzero(lanes[0] & aisles & ~lanes[1]),
    )
    return Lanes(np.where(is_against, against, 0).astype(np.int32), closed, open_cells)


def closed_around(
    lanes: Lanes, ways: NDArray[np.int32], blocked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool[n_cells, 4], the closed moves that stay closed while nobody enters the blocked cells.

    Whatever could be reached past the blocked cells without lanes can be reached with the rest of
    them. Who is on a blocked cell may leave against the lane. ways: int32[n_cells, 4], cell reached
    along each heading or -1, lanes left aside. blocked: bool[n_cells].
    """
    closed = lanes.closed & ~blocked[:, None] & ~blocked[ways]
    return _without_cuts(Traffic.over(lanes.is_open & ~blocked, ways), closed)


def is_corridor(cells: NDArray[np.bool_]) -> bool:
    """Whether the longest run of open cells makes up half of the line."""
    longest = run = 0
    for is_open in cells.tolist():
        run = run + 1 if is_open else 0
        longest = max(longest, run)
    return 2 * longest >= len(cells)


def _against_lanes(
    open_cells: NDArray[np.bool_], n_cols: int, first_row: int, first_col: int
) -> NDArray[np.bool_]:
    """bool[n_cells, 4], moves against the lane of their row or column, from open cells.

    first_row, first_col: numbers of the first corridor row and column (layouts.directions).
    """
    floor = open_cells.reshape(-1, n_cols)
    is_against = np.zeros((*floor.shape, 4), dtype=bool)
    rows = [row for row, cells in enumerate(floor) if is_corridor(cells)]
    cols = [col for col, cells in enumerate(floor.T) if is_corridor(cells)]
    for index, row in enumerate(rows, start=first_row):
        is_against[row, :, opposite(lane_direction(index, is_row=True))] = True
    for index, col in enumerate(cols, start=first_col):
        is_against[:, col, opposite(lane_direction(index, is_row=False))] = True
    is_against[~floor] = False
    return is_against.reshape(-1, 4)


def _along_aisles(ahead: NDArray[np.int32]) -> NDArray[np.bool_]:
    """bool[n_cells, 4], moves from or to a cell with nothing open on either side of the move."""
    is_way = ahead >= 0
    narrow = np.empty_like(is_way)
    for heading in Heading:
        left, right = (heading + 1) % 4, (heading + 3) % 4
        narrow[:, heading] = ~is_way[:, left] & ~is_way[:, right]
    return is_way & (narrow | narrow[ahead, np.arange(4)])


def _without_cuts(traffic: Traffic, closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The closed moves without those that would cut off a way.

    A closed move is harmless if its two cells still have ways to and fro. The others are opened
    again, until none is left: then there is a way round for every closed move, and so for all that
    could be reached before.
    """
    closed = closed.copy()
    while True:
        left = Traffic.over(traffic.is_open, np.where(closed, -1, traffic.ahead))
        pieces = left.pieces(strong=True)
        cut = closed & (pieces[:, None] != pieces[traffic.ahead])
        if not cut.any():
            return closed
        closed &= ~cut
