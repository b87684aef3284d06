"""Units that stand for a long while by no fault, and others that wait for them to move.

A unit that waits under its pod for a slot at a station stands for as long as the station is
blocked. Planners take who stands for one that will soon be gone, and wait; so after a while its
cell is closed to the others, who then find a way round.
"""

from __future__ import annotations

import numpy as np

from fleet_control.supervision.books import Books

LOOK_S = 5.0
WAIT_S = 20.0
"""A unit that has waited so long in front of one that stands is led around it."""


class Standing:
    """Keeps `closures.standing`: unit that others are led around -> its cell."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._looked_s = -np.inf
        n_units = len(books.roster.flags)
        self._committed = np.zeros(n_units, dtype=np.int32)
        self._since_s = np.full(n_units, books.now_s)

    def advance(self) -> None:
        """Once in a while: who waits for somebody that stands, and who stands no more."""
        books, standing = self._books, self._books.closures.standing
        for unit in [unit for unit in standing if not self._stands(unit)]:
            del standing[unit]
            books.is_changed = True
        if books.now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = books.now_s
        waiting = self._waiting()
        if not len(waiting) or not books.executor.is_closed.any():
            return
        ends, headings = books.executor.end_cells, books.executor.end_headings
        wanted = books.planner.next_cells(ends, headings)[waiting]
        unit_at = {int(ends[unit]): unit for unit in books.working_units().tolist()}
        for cell in np.unique(wanted[wanted >= 0]).tolist():
            unit = unit_at.get(cell, -1)
            if unit >= 0 and self._stands(unit):
                standing[unit] = cell
                books.is_changed = True

    def _waiting(self) -> np.ndarray:
        """int[k], units under way that have not come further for WAIT_S."""
        books, executor = self._books, self._books.executor
        has_moved = executor.committed != self._committed
        self._committed[:] = executor.committed
        has_moved |= ~books.driving.is_driving | books.driving.is_pinned | ~executor.is_present
        self._since_s[has_moved] = books.now_s
        return np.flatnonzero(books.now_s - self._since_s >= WAIT_S)

    def _stands(self, unit: int) -> bool:
        driving = self._books.driving
        is_here = self._books.executor.is_present[unit]
        return bool(is_here and driving.is_pinned[unit] and not driving.is_driving[unit])
