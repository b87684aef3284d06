"""Units whose battery is low: no new task, and to a charger as soon as they have none."""

from __future__ import annotations

import numpy as np

from fleet_control.supervision.books import Books

LOOK_S = 5.0


class Charging:
    """Sends units to the nearest charger that nobody stands on or is bound for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._looked_s = -np.inf

    def advance(self) -> None:
        """Now and then: who has to charge and is free."""
        books = self._books
        if books.now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = books.now_s
        is_due = books.roster.low_battery() & books.roster.is_ready & books.driving.is_free
        for unit in np.flatnonzero(is_due & ~books.driving.is_driving).tolist():
            cell = self._nearest_charger(unit)
            if cell >= 0 and cell != books.executor.end_cells[unit]:
                books.driving.step_aside(unit, cell)

    def _nearest_charger(self, unit: int) -> int:
        """A charger that is free, or the one that the unit stands on; -1 for none."""
        books, executor = self._books, self._books.executor
        here = int(executor.end_cells[unit])
        chargers = books.grid.chargers
        if here in chargers:
            return here
        bound_for = set(books.driving.goals.tolist())
        free = [
            cell for cell in chargers
            if executor.owners[cell] < 0 and cell not in bound_for and not executor.is_closed[cell]
        ]  # fmt: skip
        costs = [(books.driving.cost_to(unit, cell), cell) for cell in free]
        return min((pair for pair in costs if np.isfinite(pair[0])), default=(0.0, -1))[1]
