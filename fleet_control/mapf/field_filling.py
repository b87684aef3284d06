"""Filling of distance fields in several threads, each with scratch of its own.

No field depends on another, so that the outcome is the same with any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.field_kernels import fill_dear_field, fill_field
from fleet_control.processors import in_threads, usable_processors

MOST_THREADS = 4
FEWEST_A_THREAD = 4
"""Fields; less is not worth a thread's start."""
MOST_CHEAP = 127
"""Cost up to which every distance has a bucket of its own room; beyond, that is too much memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A field to fill. values: uint16[4 * n]; goal: rank of its cell; zone: station of that cell or
    -1; through: bool[n]."""

    values: NDArray[np.uint16]
    goal: int
    zone: int
    through: NDArray[np.bool_]


class FieldFiller:
    """Fills fields over moves of given costs. costs: int32[4 * n], of the move that leads to each
    state; is_move: bool[4 * n], whether one ever does. zones: int16[n].

    is_cheap: whether every cost is small, and none is 0.
    """

    def __init__(
        self, costs: NDArray[np.int32], is_move: NDArray[np.bool_], zones: NDArray[np.int16],
        turn_cost: int,
    ) -> None:  # fmt: skip
        self._costs, self._zones, self._turn_cost = costs, zones, turn_cost
        given = np.append(costs[is_move], turn_cost)
        dearest = int(given.max())
        self.is_cheap = int(given.min()) > 0 and dearest <= MOST_CHEAP
        self._cheap_costs = np.minimum(costs, MOST_CHEAP).astype(np.uint8)
        n_threads = min(usable_processors(), MOST_THREADS)
        self._scratch = [_Scratch(len(zones), dearest) for _ in range(n_threads)]

    def fill(self, wanted: list[Wanted], back: NDArray[np.int32]) -> None:
        """All of these. back: int32[4 * n], state from which driving leads to each state or -1."""
        n_threads = max(min(len(self._scratch), len(wanted) // FEWEST_A_THREAD), 1)
        shares = [(wanted[first::n_threads], back, first) for first in range(n_threads)]
        in_threads(n_threads, self._fill_some, shares)

    def _fill_some(self, wanted: list[Wanted], back: NDArray[np.int32], thread: int) -> None:
        scratch = self._scratch[thread]
        for one in wanted:
            if self.is_cheap:
                fill_field(
                    one.values, one.goal, one.zone, back, self._cheap_costs, one.through,
                    self._zones, self._turn_cost, scratch.lengths, scratch.buckets,
                )  # fmt: skip
            else:
                fill_dear_field(
                    one.values, one.goal, one.zone, back, self._costs, one.through, self._zones,
                    self._turn_cost, scratch.heads, scratch.pool,
                )  # fmt: skip


class _Scratch:
    """Of one thread, for either kernel; memory that is not touched costs nothing."""

    def __init__(self, n: int, dearest: int) -> None:
        n_buckets = 1 << dearest.bit_length()
        self.lengths = np.empty(n_buckets, dtype=np.int64)
        self.buckets = np.empty((n_buckets if dearest <= MOST_CHEAP else 0, 4 * n), dtype=np.uint32)
        self.heads = np.empty(n_buckets, dtype=np.int32)
        self.pool = np.empty((12 * n + 4, 2), dtype=np.int32)
