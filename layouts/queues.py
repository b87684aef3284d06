"""Station queues: which cells belong to which station, and the one-way lane they make."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import Heading
from layouts.layout import CellKind, Layout, Station


def queue_of(floor: Layout, station_cell: int) -> tuple[int, ...]:
    """Queue cells from the front to the back: the chain that begins beside the service cell."""
    chain: list[int] = []
    here = station_cell
    while True:
        beside = floor.neighbours[here]
        following = [
            int(cell)
            for cell in beside[beside >= 0]
            if floor.kinds[cell] == CellKind.QUEUE and int(cell) not in chain
        ]
        if not following:
            return tuple(chain)
        here = following[0]
        chain.append(here)


def restrict_exits(
    floor: Layout, exits: NDArray[np.bool_], stations: tuple[Station, ...]
) -> NDArray[np.bool_]:
    """Make every queue a one-way lane: in at the back, on towards the person, out beside it.

    bool[n_cells, 4]. A service cell with a queue is entered from the front of the queue only and
    never left into it.
    """
    exits = exits.copy()
    for station in stations:
        if not station.queue:
            continue
        lane = [*reversed(station.queue), station.cell]
        for heading in Heading:
            beside = floor.neighbours[:, heading]
            exits[np.isin(beside, lane[1:]), heading] = False
            exits[lane[:-1], heading] = False
            if beside[station.cell] in station.queue:
                exits[station.cell, heading] = False
        for here, there in pairwise(lane):
            exits[here, int(np.flatnonzero(floor.neighbours[here] == there)[0])] = True
    return exits
