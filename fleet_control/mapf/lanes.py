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
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import Guidance, in_steps, without_cuts
from layouts import AISLE_KINDS, Heading, Layout
from layouts.directions import lane_direction
from layouts.geometry import opposite
from layouts.traffic import Traffic

AGAINST_COST = 8
"""Extra cost of one cell against the lane; a cell with it costs 2."""
IN_STEP_AGAINST_COST = 18
"""The same where all units move in step, and a turn takes no longer than a cell."""


def lanes_of(layout: Layout, parked: Sequence[int] = (), against: int = AGAINST_COST) -> Guidance:
    """Lanes along alternating corridor rows and columns, beside the edge costs of the floor.

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
        return is_against, without_cuts(traffic, is_against & aisles)

    is_against, closed = min(
        (led(first_row, first_col) for first_row in (0, 1) for first_col in (0, 1)),
        key=lambda found: np.count_nonzero(found[0] & aisles & ~found[1]),
    )
    costs = in_steps(layout.edge_costs) + np.where(is_against, against, 0)
    return Guidance(costs.astype(np.int32), closed, open_cells)


def soft_lanes_of(layout: Layout, against: int = IN_STEP_AGAINST_COST) -> Guidance:
    """Lanes as costs alone, for units that move in step: there closing aisles costs more than
    head-on meetings do (docs/guidance.md)."""
    lanes = lanes_of(layout, against=against)
    return replace(lanes, closed=np.zeros_like(lanes.closed))


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
