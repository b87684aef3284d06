"""Carries out plans of steps in a world of ticks and delays (2026)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD
from gridfleet.bench.lorr.executor_kernels import (
    append_plan,
    cut_to_window,
    next_commands,
    pop_finished,
)
from layouts import Layout


class Executor:
    """What is staged for each unit, and the order of visits to every cell.

    ends, end_headings: where staged actions lead to; plans begin there.
    """

    def __init__(self, floor: Layout, starts: NDArray[np.int32], window: int) -> None:
        n_units, room = len(starts), 2 * window + 2
        self._neighbours, self._window = floor.neighbours, window
        self.ends, self.end_headings = starts.copy(), np.zeros(n_units, dtype=np.int8)
        self._staged = np.zeros((n_units, room), dtype=np.int8)
        self._tickets = np.zeros((n_units, room), dtype=np.int32)
        self._lengths = np.zeros(n_units, dtype=np.int32)
        self._served = np.zeros(floor.n_cells, dtype=np.int32)
        self._issued = np.bincount(starts, minlength=floor.n_cells).astype(np.int32)
        self._at_now = np.full(floor.n_cells, -1, dtype=np.int32)
        self._verdicts = np.zeros(n_units, dtype=np.int8)
        self._stack = np.zeros(n_units, dtype=np.int32)
        self._flags = np.zeros(n_units, dtype=bool)

    def take(
        self, plan: NDArray[np.int8], cells: NDArray[np.int32], headings: NDArray[np.int8]
    ) -> None:
        """Stage a plan made from the ends, int8[n_actions, n_units]; cells, headings: where units
        are now. What lies beyond the window is dropped, to be planned again."""
        append_plan(
            plan, self.ends, self.end_headings, self._neighbours, self._staged, self._tickets,
            self._lengths, self._issued,
        )  # fmt: skip
        self.ends, self.end_headings = cells.copy(), headings.copy()
        cut_to_window(
            self._window, self.ends, self.end_headings, self._neighbours, self._staged,
            self._tickets, self._lengths, self._issued, self._served, self._stack, self._flags,
        )  # fmt: skip

    def commands(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], is_delayed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        """int8[n_units], what each unit does in this tick; waits of those that may not go on."""
        commands = np.empty(len(cells), dtype=np.int8)
        next_commands(
            cells, headings, is_delayed, self._neighbours, self._staged, self._tickets,
            self._lengths, self._served, self._at_now, self._verdicts, self._stack, commands,
        )  # fmt: skip
        return commands

    def note(
        self, before: NDArray[np.int32], cells: NDArray[np.int32], is_over: NDArray[np.bool_]
    ) -> None:
        """Take in a tick: cells before and after it, and whose actions are finished."""
        pop_finished(
            before, cells, is_over, self._staged, self._tickets, self._lengths, self._served
        )

    def walk(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8]
    ) -> Iterator[NDArray[np.int32]]:
        """Cells after one, two, ... staged actions from where units are now."""
        cells, headings = cells.copy(), headings.copy()
        for at in range(int(self._lengths.max(initial=0))):
            action = np.where(at < self._lengths, self._staged[:, at], -1)
            goes = action == FORWARD
            cells[goes] = self._neighbours[cells[goes], headings[goes]]
            turns = (action == COUNTER_CLOCKWISE).astype(np.int8) - (action == CLOCKWISE)
            headings = ((headings + turns) & 3).astype(np.int8)
            yield cells
