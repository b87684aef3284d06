"""The world of 2026: units as squares that take several ticks for each action."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.lorr.problem import LeagueProblem
from gridfleet.bench.lorr.tick_kernels import move_tick

WALL = -2


class TickWorld:
    """cells: int32[n_units], where each unit is until it has wholly reached the next. headings:
    int8[n_units]. counts: int32[n_units], ticks done of the action in progress."""

    def __init__(self, problem: LeagueProblem) -> None:
        floor, n_units = problem.floor, problem.n_units
        self.cells, self.headings = problem.starts.copy(), np.zeros(n_units, dtype=np.int8)
        self.counts = np.zeros(n_units, dtype=np.int32)
        self._acting = np.full(n_units, -1, dtype=np.int8)
        self._neighbours, self._n_cols = floor.neighbours, floor.n_cols
        self._counter, self._size = problem.counter, problem.size
        self._heads = np.full(floor.n_cells, -1, dtype=np.int32)
        self._links = np.zeros(n_units, dtype=np.int32)
        self._state = np.zeros(n_units, dtype=np.int8)
        self._goes = np.zeros(n_units, dtype=bool)
        self._stack = np.zeros(n_units, dtype=np.int32)

    def move(self, actions: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """What each unit really did, int8[n_units], and the unit that made it wait instead, int32
        [n_units]: -1 nobody, WALL no free cell ahead."""
        done = np.empty(len(actions), dtype=np.int8)
        hit = np.empty(len(actions), dtype=np.int32)
        move_tick(
            self.cells, self.headings, self.counts, self._acting, actions, self._neighbours,
            self._counter, self._size, self._n_cols, self._heads, self._links, self._state,
            self._goes, self._stack, done, hit,
        )  # fmt: skip
        return done, hit
