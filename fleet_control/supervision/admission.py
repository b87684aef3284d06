"""Units that appear on the floor, where nobody expects them, and units that are taken off.

A unit that stands on a free cell is welcome. One on a cell that another holds, or that has moved
by no order of ours, is not: nobody comes near, who holds cells there is asked to stand, and an
operator has to look. VDA 5050 has no answer to this (its issue 624), and nobody can promise that
the other stops in time, since its base is released; so units should be switched on in service cells
only.
"""

from __future__ import annotations

import numpy as np

from fleet_control.backend import Reports, Request
from fleet_control.events import EventKind
from fleet_control.supervision.books import Books
from fleet_control.supervision.roster import PAUSED_FOR_NEWCOMER


class Admission:
    """Who is on the floor. Cells around those not admitted are in `closures.newcomers`."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._seen: dict[int, tuple[int, int, int]] = {}

    def greet(self, reports: Reports) -> None:
        """Units say that they stand somewhere: cell, heading and the pod they carry."""
        rows = reports.arrivals
        for unit, *seen in zip(
            rows.units.tolist(), rows.cells.tolist(), rows.headings.tolist(),
            rows.carried_pods.tolist(), strict=True,
        ):  # fmt: skip
            cell, heading, pod = seen
            self._books.cut()
            self._seen[unit] = cell, heading, pod
            executor = self._books.executor
            if not executor.is_present[unit] and executor.owners[cell] < 0:
                self._welcome(unit, cell, heading, pod)
            elif self._books.closures.newcomers.get(unit, (-1,))[0] != cell:
                self._keep_away(unit, cell)

    def admit(self, unit: int, cell: int, heading: int, pod: int) -> None:
        """The unit holds its cell from now on and may be given work. Cut before."""
        books = self._books
        books.executor.admit(unit, cell, heading, pod >= 0)
        books.roster.admitted(unit, books.now_s)
        books.driving.come_back(unit, pod >= 0)
        books.closures.units.pop(unit, None)
        books.closures.newcomers.pop(unit, None)
        self._seen.pop(unit, None)
        self._pause_near_newcomers()

    def _welcome(self, unit: int, cell: int, heading: int, pod: int) -> None:
        self.admit(unit, cell, heading, pod)
        self._books.roster.ask(unit, Request.ADMIT)
        self._books.note(EventKind.ADMITTED, unit, cell=cell)

    def stand_up(self, unit: int) -> None:
        """The unit stands where it says and has no step left: what it held is free. Cut before."""
        self._books.cut()
        self._books.driving.forget(unit)
        self._books.executor.remove(unit)

    def admit_by_hand(self, unit: int) -> bool:
        """An operator has looked: the unit stands where it says and nowhere else. False where it
        has not said anything, or the cell is still held by another."""
        books = self._books
        if unit not in self._seen:
            return False
        cell, heading, pod = self._seen[unit]
        if books.executor.owners[cell] not in (-1, unit):
            return False
        self._clear(unit)
        self._welcome(unit, cell, heading, pod)
        return True

    def take_off(self, unit: int) -> None:
        """An operator has looked: the unit is not where it was any more, its cells are free.

        One that has said since that it stands elsewhere is back already: it is not forgotten, but
        welcome when it says so again."""
        is_back = unit in self._seen
        if self._clear(unit) and not is_back:
            self._books.roster.ask(unit, Request.REMOVE)

    def _clear(self, unit: int) -> bool:
        """Free what the unit holds; False for one that is not in the books."""
        books = self._books
        books.cut()
        books.closures.newcomers.pop(unit, None)
        self._pause_near_newcomers()
        if not books.executor.is_present[unit]:
            return False
        books.note(EventKind.REMOVED, unit)
        books.driving.suspend(unit)
        books.driving.give_back(unit)
        books.driving.forget(unit)
        books.executor.remove(unit)
        books.closures.units.pop(unit, None)
        books.roster.removed(unit)
        self._seen.pop(unit, None)
        return True

    def _keep_away(self, unit: int, cell: int) -> None:
        books = self._books
        near = np.flatnonzero(books.closures.around([cell], 1)).tolist()
        books.closures.newcomers[unit] = (cell, *near)
        books.roster.refuse(unit)
        self._pause_near_newcomers()
        holder = float(books.executor.owners[cell])
        books.note(EventKind.NOT_ADMITTED, unit, cell=cell, value=holder)

    def _pause_near_newcomers(self) -> None:
        books = self._books
        near = sorted({cell for cells in books.closures.newcomers.values() for cell in cells})
        holders = set(books.executor.owners[near].tolist())
        for unit in np.flatnonzero(books.executor.is_present).tolist():
            books.roster.want_pause(unit, PAUSED_FOR_NEWCOMER, unit in holders)
