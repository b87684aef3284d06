"""Who has not said yet where it stands. Until it is known of every unit, nobody moves.

A unit that is silent when a fleet is begun may stand anywhere, switched off or on its way to being
heard, and nothing that is known keeps others from driving into it. So everybody is waited for, for
as long as it takes: until a unit is admitted, or stands where it is not admitted and its cell is
closed, or somebody who has looked says that it is not on the floor. From then on it holds its cells
until there is proof (docs/decisions/0007-supervision.md), and it is never waited for again.

All this follows from what was reported and asked, so that a controller that is started again while
it waits goes on waiting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from fleet_control.supervision.books import Books


class RollCall:
    """is_awaited: bool[n_units], units of which nobody knows where they stand. is_over: there are
    none."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.is_awaited: NDArray[np.bool_] = np.ones(len(books.executor.done), dtype=bool)
        self.is_over = False
        self._has_begun = False

    def look(self) -> None:
        """Strike off who has a place by now. Those that remain at the first look are told."""
        if self.is_over:
            return
        executor, roster = self._books.executor, self._books.roster
        self._strike_off(executor.is_present | roster.is_waiting_admission)
        if not self._has_begun:
            self._has_begun = True
            for unit in self.awaited():
                self._books.note(EventKind.AWAITED, unit)

    def leave_out(self, unit: int) -> bool:
        """Somebody has looked: the unit is not on the floor. False for one that is not awaited,
        and has perhaps just said where it stands: its own word counts for more."""
        self.look()
        if not self.is_awaited[unit]:
            return False
        self._strike_off(np.arange(len(self.is_awaited)) == unit)
        return True

    def _strike_off(self, known: NDArray[np.bool_]) -> None:
        struck = np.flatnonzero(self.is_awaited & known)
        self.is_awaited &= ~known
        self.is_over = not self.is_awaited.any()
        if self._has_begun and self.is_over and len(struck):
            self._books.note(EventKind.ALL_PLACED, int(struck[-1]))

    def awaited(self) -> list[int]:
        """Units, ascending."""
        found: list[int] = np.flatnonzero(self.is_awaited).tolist()
        return found
