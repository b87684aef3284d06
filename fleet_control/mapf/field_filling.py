"""Filling of distance fields in several threads, each with scratch of its own.

No field depends on another, so that the outcome is the same with any number of threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.field_kernels import fill_field, fill_two_cost_field

MOST_THREADS = 4
FEWEST_A_THREAD = 4
"""Fields; less is not worth a thread's start."""


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

    has_two_costs: whether moves cost what a quarter turn does, or all others another, higher cost.
    """

    def __init__(
        self, costs: NDArray[np.int32], is_move: NDArray[np.bool_], zones: NDArray[np.int16],
        turn_cost: int,
    ) -> None:  # fmt: skip
        self._costs, self._zones, self._turn_cost = costs, zones, turn_cost
        dear = np.unique(costs[is_move & (costs != turn_cost)])
        self._is_dear = is_move & (costs != turn_cost)
        self._dear_cost = int(dear[0]) if len(dear) else turn_cost
        self.has_two_costs = len(dear) <= 1 and 0 < turn_cost <= self._dear_cost
        dearest = max(turn_cost, int(costs.max(initial=0)))
        n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        n_threads = min(n_cores, MOST_THREADS)
        self._scratch = [_Scratch(len(zones), dearest) for _ in range(n_threads)]

    def fill(self, wanted: list[Wanted], back: NDArray[np.int32]) -> None:
        """All of these. back: int32[4 * n], state from which driving leads to each state or -1."""
        n_threads = max(min(len(self._scratch), len(wanted) // FEWEST_A_THREAD), 1)
        if n_threads == 1:
            self._fill_some(wanted, back, 0)
            return
        with ThreadPoolExecutor(n_threads) as pool:
            shares = [wanted[first::n_threads] for first in range(n_threads)]
            for done in [
                pool.submit(self._fill_some, share, back, thread)
                for thread, share in enumerate(shares)
            ]:
                done.result()

    def _fill_some(self, wanted: list[Wanted], back: NDArray[np.int32], thread: int) -> None:
        scratch = self._scratch[thread]
        for one in wanted:
            if self.has_two_costs:
                fill_two_cost_field(
                    one.values, one.goal, one.zone, back, self._is_dear, one.through, self._zones,
                    self._turn_cost, self._dear_cost, scratch.queue, scratch.dear_queue,
                )  # fmt: skip
            else:
                fill_field(
                    one.values, one.goal, one.zone, back, self._costs, one.through, self._zones,
                    self._turn_cost, scratch.heads, scratch.pool,
                )  # fmt: skip


class _Scratch:
    """Of one thread, for either kernel; memory that is not touched costs nothing."""

    def __init__(self, n: int, dearest: int) -> None:
        self.queue = np.empty(12 * n + 5, dtype=np.int64)
        self.dear_queue = np.empty(12 * n + 5, dtype=np.int64)
        self.heads = np.empty(1 << dearest.bit_length(), dtype=np.int32)
        self.pool = np.empty((12 * n + 4, 2), dtype=np.int32)
