"""Greedy assignment for throughput, anew each step, with exchanges between units.

Of all pairs of a unit without a begun task and a task that nobody has begun, the cheapest is taken,
then the next of those left, and so on. A pair costs the way to the first errand and a share of the
task's own length: short tasks are worth a small detour, but a full length would leave the long ones
for the end. Only a few tasks near each unit are looked at; units that others leave without one look
again. A unit likes its task of before a little better, so that it does not dither. At last, pairs
of units change tasks where that shortens their ways together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.assignment.assignment_kernels import (
    exchange_tasks,
    list_near_tasks,
    sort_by_block,
    take_cheapest,
)
from fleet_control.assignment.ways import Ways

WAY_WEIGHT = 10
"""A pair costs so many times its way and once the task's length."""
N_NEAR = 8
"""Tasks near a unit that are looked at."""
BLOCK_SIDE = 8
LOYALTY = 3
"""Actions that another task must be nearer before a unit changes."""


class ThroughputAssignment:
    """Holds nothing but memory: the same question has the same answer."""

    def __init__(self, ways: Ways, way_weight: int = WAY_WEIGHT) -> None:
        self._ways, self._weight = ways, way_weight
        n_rows = -(-ways.n_cells // ways.n_cols)
        self._n_block_cols = -(-ways.n_cols // BLOCK_SIDE)
        n_blocks = -(-n_rows // BLOCK_SIDE) * self._n_block_cols
        self._starts = np.zeros(n_blocks + 1, dtype=np.int32)

    def assign(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], is_free: NDArray[np.bool_],
        held: NDArray[np.int32], firsts: NDArray[np.int32], lengths: NDArray[np.int32],
    ) -> NDArray[np.int32]:  # fmt: skip
        """int32[n_units], row of the task of each unit, -1 for none or a unit that is not free.

        cells: int32[n_units], headings: int8[n_units]. is_free: bool[n_units], units that may get
        another task. held: int32[n_units], row of the task that each has until now, or -1. firsts,
        lengths: int32[n_tasks], cell of the first errand, actions from there to the end.
        """
        given = np.full(len(cells), -1, dtype=np.int32)
        is_left = np.ones(len(firsts), dtype=bool)
        units = np.flatnonzero(is_free)
        first_round: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None
        while len(units) and is_left.any():
            costs, tasks = self._near(units, cells, headings, held, firsts, lengths, is_left)
            first_round = first_round or (units, tasks)
            order = np.argsort(costs, axis=None, kind="stable")
            if not take_cheapest(order, units, costs, tasks, given, is_left):
                break
            units = units[given[units] < 0]
        if first_round is not None:
            self._exchange(*first_round, cells, headings, firsts, given)
        return given

    def _near(
        self, units: NDArray[np.int64], cells: NDArray[np.int32], headings: NDArray[np.int8],
        held: NDArray[np.int32], firsts: NDArray[np.int32], lengths: NDArray[np.int32],
        is_left: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
        """Costs and rows of the cheapest tasks of each unit, int32[n, N_NEAR] both."""
        ways = self._ways
        sorted_tasks = np.empty(len(firsts), dtype=np.int32)
        sort_by_block(
            firsts, is_left, ways.n_cols, BLOCK_SIDE, self._n_block_cols, self._starts,
            sorted_tasks,
        )  # fmt: skip
        costs = np.empty((len(units), N_NEAR), dtype=np.int32)
        tasks = np.empty((len(units), N_NEAR), dtype=np.int32)
        list_near_tasks(
            units, cells, headings, held, firsts, lengths, is_left, self._weight,
            self._weight * LOYALTY, ways.n_cols, BLOCK_SIDE, self._n_block_cols, self._starts,
            sorted_tasks, ways.compact, ways.table, costs, tasks,
        )  # fmt: skip
        return costs, tasks

    def _exchange(
        self, units: NDArray[np.int64], near: NDArray[np.int32], cells: NDArray[np.int32],
        headings: NDArray[np.int8], firsts: NDArray[np.int32], given: NDArray[np.int32],
    ) -> None:  # fmt: skip
        owners = np.full(len(firsts), -1, dtype=np.int32)
        has = np.flatnonzero(given >= 0)
        owners[given[has]] = has
        exchange_tasks(
            units, cells, headings, firsts, near, self._ways.n_cols, self._ways.compact,
            self._ways.table, LOYALTY, given, owners,
        )  # fmt: skip
