"""Station queues: which cells belong to which station, and the one-way lane they make."""

from __future__ import annotations

from collections.abc import Container
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.geometry import COL_STEP, ROW_STEP, Heading, opposite
from layouts.layout import CellKind, Layout, Station


def queue_of(
    floor: Layout, station_cell: int, taken: Container[int] = frozenset()
) -> tuple[int, ...]:
    """Queue cells from the front to the back: the chain that begins beside the service cell.

    floor: with all directions open. taken: cells that belong to other stations. Raises LayoutError
    where the chain forks.
    """
    chain: list[int] = []
    here = station_cell
    while True:
        following = [
            cell
            for cell in floor.neighbours[here].tolist()
            if cell >= 0
            and floor.kinds[cell] == CellKind.QUEUE
            and cell not in chain
            and cell not in taken
        ]
        if not following:
            return tuple(chain)
        if len(following) > 1:
            places = " or at ".join(floor.place(cell) for cell in following)
            raise LayoutError(
                f"the queue goes on from {floor.place(here)} at {places}; list its cells from "
                "front to back: queue = [[row, col], ...]"
            )
        here = following[0]
        chain.append(here)


def facing_of(floor: Layout, station_cell: int, queue: tuple[int, ...] = ()) -> int:
    """Heading from the service cell to where the person most likely stands.

    A side where no unit can be: people's cells first, then straight on from the queue, then walls
    and edges in the order south, east, west, north. South where units can be on every side.
    """
    order = [Heading.SOUTH, Heading.EAST, Heading.WEST, Heading.NORTH]
    row, col = floor.row_col(station_cell)
    beside = [
        floor.cell(row + ROW_STEP[h], col + COL_STEP[h])
        if 0 <= row + ROW_STEP[h] < floor.n_rows and 0 <= col + COL_STEP[h] < floor.n_cols
        else -1
        for h in Heading
    ]
    closed_kinds = (CellKind.OBSTACLE, CellKind.HUMAN)
    closed = [h for h in order if beside[h] < 0 or floor.kinds[beside[h]] in closed_kinds]
    people = [h for h in closed if beside[h] >= 0 and floor.kinds[beside[h]] == CellKind.HUMAN]
    ahead = opposite(beside.index(queue[0])) if queue and queue[0] in beside else -1
    straight = [h for h in closed if h == ahead]
    return int((people + straight + closed + order)[0])


def restrict_exits(
    floor: Layout, exits: NDArray[np.bool_], stations: tuple[Station, ...]
) -> NDArray[np.bool_]:
    """Make every queue a one-way lane: in at the back, on towards the person, out beside it.

    floor: with all directions open. exits: bool[n_cells, 4]; returned as a copy. A service cell
    with a queue is entered from the front of the queue only and never left into any queue.
    """
    exits = exits.copy()
    beside = floor.neighbours
    lanes = [[*reversed(station.queue), station.cell] for station in stations if station.queue]
    is_inner = np.zeros(floor.n_cells, dtype=bool)
    for lane in lanes:
        is_inner[lane[1:]] = True
    exits[(beside >= 0) & is_inner[beside]] = False
    for lane in lanes:
        exits[lane[:-1]] = False
        service = lane[-1]
        exits[service, floor.kinds[beside[service]] == CellKind.QUEUE] = False
        for here, there in pairwise(lane):
            exits[here, beside[here].tolist().index(there)] = True
    return exits
