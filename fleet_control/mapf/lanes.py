"""Lanes made from the floor: neighbouring rows and columns prefer opposite directions.

Driving against the lane costs extra. Where errands lead from anywhere to anywhere, it is ruled out
in an aisle one cell wide: two units that meet there head-on would have to back out one behind the
other, and one such meeting is how a crowded floor begins to jam. An aisle stays open both ways
where a way in or out would be lost, as in a dead end. Alternating lanes were the largest single
gain measured on such floors, and ruling out head-on meetings in aisles the next
(benchmarks/run_speed.py). For the same reason aisles are opened again while the way round them is
blocked.

Where units serve stations there is more room, and a way round that a lane asks for costs more than
the meeting that it saves: lanes there are half as dear and close nothing
(benchmarks/guidance_floors.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import Guidance, in_steps, without_cuts
from layouts import AISLE_KINDS, Heading, Layout
from layouts.directions import lane_direction, one_way_moves
from layouts.geometry import opposite
from layouts.traffic import Traffic


@dataclass(frozen=True, slots=True)
class LaneRule:
    """against: extra cost of one cell against the lane; a cell with it costs CELL_COST.
    closes_aisles: whether nobody drives against it in an aisle one cell wide."""

    against: int
    closes_aisles: bool


STRICT = LaneRule(against=8, closes_aisles=True)
GENTLE = LaneRule(against=4, closes_aisles=False)


def rule_for(layout: Layout) -> LaneRule:
    """Gentle where units serve stations."""
    return GENTLE if layout.stations else STRICT


def lanes_of(layout: Layout, parked: Sequence[int] = (), rule: LaneRule | None = None) -> Guidance:
    """Lanes along alternating corridor rows and columns, beside the edge costs of the floor.

    A row or column is a corridor where a laden unit can drive along at least half of it without a
    break; corridors are numbered in order, so that lanes alternate however wide the blocks between
    them are. Which way the first row and the first column lead is what closes most of the aisles
    without a cut: at a corner that two lanes lead into, one has to stay open both ways. A corridor
    that the floor itself makes one-way in places leads that way all along. A floor of scattered
    obstacles has no lanes: there they cost more than they bring.

    parked: cells of units that stay; they count as obstacles. rule: that for the floor by default.
    """
    rule = rule_for(layout) if rule is None else rule
    open_cells = np.isin(layout.kinds, AISLE_KINDS)
    open_cells[list(parked)] = False
    # Stations and storage are no way through: what they lead to hangs on the open cells.
    traffic = Traffic.over(open_cells, layout.neighbours)
    aisles = _along_aisles(traffic.ahead)

    streets = one_way_moves(layout) & (traffic.ahead >= 0)

    def led(first_row: int, first_col: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        is_against = against_lanes(open_cells, streets, layout.n_cols, first_row, first_col)
        is_against &= (traffic.ahead >= 0) & ~streets
        return is_against, without_cuts(traffic, is_against & aisles)

    is_against, closed = min(
        (led(first_row, first_col) for first_row in (0, 1) for first_col in (0, 1)),
        key=lambda found: np.count_nonzero(found[0] & aisles & ~found[1]),
    )
    costs = in_steps(layout.edge_costs) + np.where(is_against, rule.against, 0)
    closed &= rule.closes_aisles
    return Guidance(costs.astype(np.int32), closed, open_cells)


def is_corridor(cells: NDArray[np.bool_]) -> bool:
    """Whether the longest run of open cells makes up half of the line."""
    longest = run = 0
    for is_open in cells.tolist():
        run = run + 1 if is_open else 0
        longest = max(longest, run)
    return 2 * longest >= len(cells)


def against_lanes(
    open_cells: NDArray[np.bool_], streets: NDArray[np.bool_], n_cols: int,
    first_row: int = 0, first_col: int = 0,
) -> NDArray[np.bool_]:  # fmt: skip
    """bool[n_cells, 4], moves against the lane of their row or column, from open cells.

    streets: bool[n_cells, 4], moves with no way back. first_row, first_col: numbers of the first
    corridor row and column (layouts.directions).
    """
    floor = open_cells.reshape(-1, n_cols)
    one_way = streets.reshape(*floor.shape, 4)
    is_against = np.zeros((*floor.shape, 4), dtype=bool)
    rows = [row for row, cells in enumerate(floor) if is_corridor(cells)]
    cols = [col for col, cells in enumerate(floor.T) if is_corridor(cells)]
    for index, row in enumerate(rows, start=first_row):
        is_against[row, :, opposite(_heading_of(one_way[row], index, is_row=True))] = True
    for index, col in enumerate(cols, start=first_col):
        is_against[:, col, opposite(_heading_of(one_way[:, col], index, is_row=False))] = True
    is_against[~floor] = False
    return is_against.reshape(-1, 4)


def _heading_of(one_way: NDArray[np.bool_], index: int, *, is_row: bool) -> Heading:
    """Which way the lane of a corridor leads: as most of its one-way moves, else by its number.
    one_way: bool[n, 4]."""
    forth, back = (Heading.EAST, Heading.WEST) if is_row else (Heading.NORTH, Heading.SOUTH)
    more = int(one_way[:, forth].sum()) - int(one_way[:, back].sum())
    if more == 0:
        return lane_direction(index, is_row=is_row)
    return forth if more > 0 else back


def _along_aisles(ahead: NDArray[np.int32]) -> NDArray[np.bool_]:
    """bool[n_cells, 4], moves from or to a cell with nothing open on either side of the move."""
    is_way = ahead >= 0
    narrow = np.empty_like(is_way)
    for heading in Heading:
        left, right = (heading + 1) % 4, (heading + 3) % 4
        narrow[:, heading] = ~is_way[:, left] & ~is_way[:, right]
    return is_way & (narrow | narrow[ahead, np.arange(4)])
