"""Lanes made from the floor: neighbouring rows and columns prefer opposite directions.

Driving against the lane costs extra. In an aisle one cell wide it is ruled out: two units that meet
there head-on would have to back out one behind the other, and one such meeting is how a crowded
floor begins to jam. An aisle stays open both ways where a way in or out would be lost, as in a dead
end. Alternating lanes were the largest single gain measured on crowded floors, and ruling out
head-on meetings in aisles the next (benchmarks/run_speed.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from layouts import CellKind, Heading, Layout

AGAINST_COST = 8
"""Extra cost of one cell against the lane; a cell with it costs 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """costs: int32[n_cells, 4], extra cost of each move. closed: bool[n_cells, 4], moves against
    the lane of an aisle, which nobody makes."""

    costs: NDArray[np.int32]
    closed: NDArray[np.bool_]


def lanes_of(layout: Layout, parked: Sequence[int] = (), against: int = AGAINST_COST) -> Lanes:
    """Lanes along alternating corridor rows and columns.

    A row or column is a corridor where a laden unit can drive along at least half of it without a
    break; corridors are numbered in order, so that lanes alternate however wide the blocks between
    them are. Which way the first row and the first column lead is what closes most of the aisles
    without a cut: at a corner that two lanes lead into, one has to stay open both ways. A floor of
    scattered obstacles has no lanes: there they cost more than they bring.
    parked: cells of units that stay; they count as obstacles.
    """
    open_cells = np.isin(layout.kinds, [CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING])
    open_cells[list(parked)] = False
    # Stations and storage are no way through: what they lead to hangs on the open cells.
    beside = _between(open_cells, layout.neighbours)
    aisles = _along_aisles(open_cells, beside)
    best: tuple[int, NDArray[np.bool_], NDArray[np.bool_]] | None = None
    for turned in ((0, 0), (0, 1), (1, 0), (1, 1)):
        is_against = (beside >= 0) & _against_lanes(open_cells, layout.n_cols, *turned)
        closed = _without_cuts(beside, is_against & aisles)
        n_reopened = int((is_against & aisles & ~closed).sum())
        if best is None or n_reopened < best[0]:
            best = n_reopened, is_against, closed
    assert best is not None
    return Lanes(np.where(best[1], against, 0).astype(np.int32), best[2])


def _between(cells: NDArray[np.bool_], beside: NDArray[np.int32]) -> NDArray[np.int32]:
    """The moves from one of the cells to another: int32[n_cells, 4], -1 for all others."""
    return np.where((beside >= 0) & cells[:, None] & cells[beside], beside, -1)


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

    The first corridor row leads west if `first_row` is 0, else east; the first column north if
    `first_col` is 0, else south.
    """
    floor = open_cells.reshape(-1, n_cols)
    is_against = np.zeros((*floor.shape, 4), dtype=bool)
    rows = [row for row, cells in enumerate(floor) if is_corridor(cells)]
    cols = [col for col, cells in enumerate(floor.T) if is_corridor(cells)]
    for index, row in enumerate(rows, start=first_row):
        is_against[row, :, Heading.WEST if index % 2 else Heading.EAST] = True
    for index, col in enumerate(cols, start=first_col):
        is_against[:, col, Heading.NORTH if index % 2 else Heading.SOUTH] = True
    is_against[~floor] = False
    return is_against.reshape(-1, 4)


def _along_aisles(open_cells: NDArray[np.bool_], beside: NDArray[np.int32]) -> NDArray[np.bool_]:
    """bool[n_cells, 4], moves from or to a cell with nothing open on either side of the move."""
    is_way = beside >= 0
    narrow = np.empty_like(is_way)
    for heading in Heading:
        left, right = (heading + 1) % 4, (heading + 3) % 4
        narrow[:, heading] = open_cells & ~is_way[:, left] & ~is_way[:, right]
    return is_way & (narrow | narrow[beside, np.arange(4)])


def _without_cuts(beside: NDArray[np.int32], closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The closed moves without those that would cut off a way.

    A closed move is harmless if its two cells still have ways to and fro. The others are opened
    again, until none is left: then there is a way round for every closed move, and so for all that
    could be reached before.
    """
    closed = closed.copy()
    while True:
        parts = _parts(np.where(closed, -1, beside))
        cut = closed & (parts[:, None] != parts[beside])
        if not cut.any():
            return closed
        closed &= ~cut


def _parts(beside: NDArray[np.int32]) -> NDArray[np.int32]:
    """int32[n_cells], which cells have ways to and fro (strongly connected components)."""
    rows, headings = np.nonzero(beside >= 0)
    cols = beside[rows, headings]
    graph = csr_matrix((np.ones(len(rows), dtype=np.int8), (rows, cols)), shape=(len(beside),) * 2)
    _, labels = connected_components(graph, directed=True, connection="strong")
    return np.asarray(labels, dtype=np.int32)
