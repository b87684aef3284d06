"""Units without work that stand in the queue of a station: nobody could push them out of the way.

A queue is driven through by those alone whose goal is its station. A unit that was put down there,
or has given its task back there, drives on as far as there is a way out, and then makes way like
any other without work.
"""

from __future__ import annotations

import numpy as np

from fleet_control.supervision.books import Books

LOOK_S = 5.0


class Clearing:
    """Sends such units on to where the queue can be left."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._looked_s = -np.inf

    def advance(self) -> None:
        """Now and then: who stands in a queue and has nothing to do there."""
        books, driving = self._books, self._books.driving
        if books.now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = books.now_s
        is_idle = books.executor.is_present & books.roster.is_ready
        is_idle &= driving.is_free & ~driving.is_driving
        is_idle &= books.grid.zones[books.executor.end_cells] >= 0
        for unit in np.flatnonzero(is_idle).tolist():
            cell = self._way_out(unit)
            if cell >= 0:
                driving.step_aside(unit, cell)

    def _way_out(self, unit: int) -> int:
        """The nearest cell of the queue or station from which others could push the unit out; -1
        where it stands on one already, or none can be reached."""
        books, grid = self._books, self._books.grid
        here = int(books.executor.end_cells[unit])
        if self._leads_out(here):
            return -1
        zone = np.flatnonzero(grid.zones == grid.zones[here]).tolist()
        outs = [cell for cell in zone if self._leads_out(cell)]
        costs = [(books.driving.cost_to(unit, cell), cell) for cell in outs]
        return min((pair for pair in costs if np.isfinite(pair[0])), default=(0.0, -1))[1]

    def _leads_out(self, cell: int) -> bool:
        ahead = self._books.grid.neighbours[cell]
        return bool(self._books.grid.through[0, ahead[ahead >= 0]].any())
