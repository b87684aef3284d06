"""Guidance: what moves cost beyond the cell that they are, and which nobody makes.

It steers traffic apart: units plan along the cheapest way under it, and so does every distance.
`none` is the floor's own edge costs, `lanes` adds lanes made from the floor (lanes.py) by the rule
that suits it, `strict-lanes` and `gentle-lanes` by that rule, `online` adds to lanes what waiting
units make cells cost (congestion.py), and a file says all costs itself (layouts/guidance_files.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts import AISLE_KINDS, Layout
from layouts.traffic import Traffic

CELL_COST = 2
"""Of a cell without guidance, in the small integers that planners count in."""
NONE, LANES, ONLINE = "none", "lanes", "online"
STRICT_LANES, GENTLE_LANES = "strict-lanes", "gentle-lanes"
GUIDANCES = (NONE, LANES, STRICT_LANES, GENTLE_LANES, ONLINE)
"""All else is a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Guidance:
    """costs: int32[n_cells, 4], extra cost of each move, where a cell costs CELL_COST. closed:
    bool[n_cells, 4], moves that nobody makes while there is a way round. is_open: bool[n_cells],
    cells that all may drive through, without those where units are parked: ways round closed moves
    lead over them."""

    costs: NDArray[np.int32]
    closed: NDArray[np.bool_]
    is_open: NDArray[np.bool_]

    @property
    def is_idle(self) -> bool:
        """Whether it changes nothing."""
        return not (self.costs.any() or self.closed.any())


def guidance_of_costs(
    layout: Layout, costs: NDArray[np.float32], parked: Sequence[int] = ()
) -> Guidance:
    """Guidance that says all costs of a floor.

    costs: float32[n_cells, 4], extra cost of each move in cells, `inf` for a closed one; those that
    have no way round while units are parked are open. parked: cells of units that stay.
    """
    is_open = np.isin(layout.kinds, AISLE_KINDS)
    is_open[list(parked)] = False
    closed = np.isinf(costs) & (layout.neighbours >= 0)
    closed = without_cuts(Traffic.over(is_open, layout.neighbours), closed)
    finite = np.where(np.isfinite(costs), costs, 0.0)
    return Guidance(in_steps(finite), closed, is_open)


def in_steps(costs: NDArray[np.floating]) -> NDArray[np.int32]:
    """Costs in cells as planners count them, of any shape."""
    return np.rint(costs.astype(np.float64) * CELL_COST).astype(np.int32)


def closed_around(
    guidance: Guidance, ways: NDArray[np.int32], blocked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool[n_cells, 4], the closed moves that stay closed while nobody enters the blocked cells.

    Whatever could be reached past the blocked cells without guidance can be reached with the rest
    of them. Who is on a blocked cell may leave by a closed move. ways: int32[n_cells, 4], cell
    reached along each heading or -1, guidance left aside. blocked: bool[n_cells].
    """
    closed = guidance.closed & ~blocked[:, None] & ~blocked[ways]
    return without_cuts(Traffic.over(guidance.is_open & ~blocked, ways), closed)


def without_cuts(traffic: Traffic, closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The closed moves without those that would cut off a way. bool[n_cells, 4].

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
