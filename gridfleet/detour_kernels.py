"""Least cells from many departures to one goal, by breadth-first search backwards from the goal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel


@kernel
def least_cells(
    goals: NDArray[np.int32], firsts: NDArray[np.int64], departures: NDArray[np.int32],
    previous: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    least: NDArray[np.int32], distances: NDArray[np.int32], queue: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill least[i] with the fewest cells from departures[i] to its goal, -1 where there is no way.

    Departures of goals[g] are rows firsts[g] to firsts[g + 1]. previous: int32[n_cells, 4], cells
    from which a move leads here. through: bool[n_cells]; any other cell is passed only inside the
    goal's own zone, but a way may begin on it. distances, queue: int32[n_cells], scratch. A search
    ends when all departures of its goal are found, or nothing is left to search.
    """
    for g in range(goals.size):
        distances[:] = -1
        goal = goals[g]
        zone = zones[goal]
        distances[goal] = 0
        queue[0] = goal
        head = 0
        tail = 1
        for row in range(firsts[g], firsts[g + 1]):
            while distances[departures[row]] < 0 and head < tail:
                cell = queue[head]
                head += 1
                if not (through[cell] or cell == goal or (zone >= 0 and zones[cell] == zone)):
                    continue
                for heading in range(4):
                    before = previous[cell, heading]
                    if before >= 0 and distances[before] < 0:
                        distances[before] = distances[cell] + 1
                        queue[tail] = before
                        tail += 1
            least[row] = distances[departures[row]]
