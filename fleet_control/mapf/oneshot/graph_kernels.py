"""Distances to goals, and chance, for one-shot search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

UNREACHABLE = 65535


@kernel
def draw(rng: NDArray[np.uint64]) -> int:
    """The next 63 random bits of the stream whose only state is rng[0] (SplitMix64)."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@kernel
def zobrist(agent: int, cell: int) -> np.uint64:
    """A random word for an agent on a cell; the hash of a configuration is their exclusive or."""
    z = (np.uint64(agent) << np.uint64(32)) + np.uint64(cell) + np.uint64(1)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def fill_distances(
    goals: NDArray[np.int32], first: int, last: int, sources: NDArray[np.int32],
    queue: NDArray[np.int32], distances: NDArray[np.uint16],
) -> bool:  # fmt: skip
    """Steps to the goals of agents first..last-1 from every cell, by breadth-first search.

    sources: int32[n_cells, 4], cells from which one step leads here, filled up with -1. queue:
    int32[n_cells]. distances: uint16[n_agents, n_cells], UNREACHABLE where there is no way. False
    where a way is too long for them.
    """
    for agent in range(first, last):
        row = distances[agent]
        row[:] = UNREACHABLE
        row[goals[agent]] = 0
        queue[0] = goals[agent]
        head, tail = 0, 1
        while head < tail:
            cell = queue[head]
            head += 1
            steps = np.int64(row[cell]) + 1
            for k in range(4):
                source = sources[cell, k]
                if source < 0:
                    break
                if row[source] == UNREACHABLE:
                    if steps >= UNREACHABLE:
                        return False
                    row[source] = steps
                    queue[tail] = source
                    tail += 1
    return True
