"""What operators ask: pause, resume, drain, areas closed for people, units taken off and admitted.

Closing an area is not a safety function. It keeps units out by plan, and says who is still inside;
protective stops belong to the vehicle and the site (ISO 3691-4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from fleet_control.events import EventKind
from fleet_control.operations import Operation, OperationKind
from fleet_control.supervision.admission import Admission
from fleet_control.supervision.books import Books
from fleet_control.supervision.closures import Area
from fleet_control.supervision.roster import PAUSED_ALONE, PAUSED_WITH_ALL


class Operating:
    """is_all_paused: everyone was asked to stand."""

    def __init__(self, books: Books, admission: Admission) -> None:
        self._books, self._admission = books, admission
        self.is_all_paused = False

    def operate(self, operations: Sequence[Operation]) -> None:
        """Do what is asked, in that order."""
        for asked in operations:
            unit = asked.unit
            self._books.note(EventKind.OPERATION, unit, value=float(_CODES[asked.kind]))
            match asked.kind:
                case OperationKind.PAUSE | OperationKind.RESUME:
                    is_wanted = asked.kind is OperationKind.PAUSE
                    self._books.roster.want_pause(unit, PAUSED_ALONE, is_wanted)
                case OperationKind.PAUSE_ALL | OperationKind.RESUME_ALL:
                    self._pause_all(asked.kind is OperationKind.PAUSE_ALL)
                case OperationKind.DRAIN | OperationKind.UNDRAIN:
                    self._books.driving.is_draining = asked.kind is OperationKind.DRAIN
                case OperationKind.REMOVE:
                    self._admission.take_off(unit)
                case OperationKind.ADMIT:
                    self._admission.admit_by_hand(unit)
                case _:
                    self._close(asked)

    def _pause_all(self, is_wanted: bool) -> None:
        self.is_all_paused = is_wanted
        for unit in self._books.working_units().tolist():
            self._books.roster.want_pause(unit, PAUSED_WITH_ALL, is_wanted)

    def include_newcomers(self) -> None:
        """Who has been admitted since all were asked to stand has to stand too."""
        roster = self._books.roster
        for unit in self._books.working_units().tolist():
            if not roster.wanted_pauses[unit] & PAUSED_WITH_ALL:
                roster.want_pause(unit, PAUSED_WITH_ALL, True)

    def _close(self, asked: Operation) -> None:
        closures, cells, turns = self._books.closures, asked.cells, self._books.executor.turns
        if asked.kind is OperationKind.CLOSE_AREA and turns is not None:
            cells = tuple(turns.beside(np.array(cells)).tolist())  # turns beside reach into it
        match asked.kind:
            case OperationKind.CLOSE_AREA:
                closures.areas[asked.name] = Area(asked.name, cells, asked.speed_m_s, asked.margin)
            case OperationKind.OPEN_AREA:
                closures.areas.pop(asked.name, None)
            case OperationKind.BLOCK:
                closures.said.update(cells)
            case OperationKind.UNBLOCK:
                closures.said.difference_update(cells)
                for cell in cells:
                    closures.seen.pop(cell, None)
        self._books.is_changed = True
        if asked.kind in (OperationKind.CLOSE_AREA, OperationKind.BLOCK):
            self._stop_short(cells)

    def _stop_short(self, cells: Sequence[int]) -> None:
        """Who has been released into these cells and is not there yet gives that up."""
        executor = self._books.executor
        inside = np.zeros(len(executor.owners), dtype=bool)
        inside[list(cells)] = True
        for unit in sorted({int(unit) for unit in executor.owners[inside]} - {-1}):
            if not inside[executor.cell_now(unit)]:
                self._books.roster.cancel(unit)

    def lead_out(self) -> None:
        """Units that stand in a closed area without a way to go on leave it by the nearest cell."""
        books = self._books
        closed = books.closures.is_closed
        if not closed.any():
            return
        ends, taken = books.executor.end_cells, set(books.executor.end_cells.tolist())
        for unit in books.working_units().tolist():
            if not closed[ends[unit]] or books.driving.is_on_the_way_out(unit, closed):
                continue
            cell = self._nearest_outside(int(ends[unit]), bool(books.driving.is_laden[unit]), taken)
            if cell >= 0:
                taken.add(cell)
                books.driving.step_aside(unit, cell)

    def _nearest_outside(self, start: int, is_laden: bool, taken: set[int]) -> int:
        """The first cell outside that the unit can drive to and nobody ends up on, or -1."""
        grid, executor = self._books.grid, self._books.executor
        seen, queue = {start}, deque([start])
        while queue:
            for cell in grid.neighbours[queue.popleft()].tolist():
                if cell < 0 or cell in seen or self._books.closures.is_blocked[cell]:
                    continue
                seen.add(cell)
                if not grid.through[int(is_laden), cell]:
                    continue
                if not executor.is_closed[cell] and cell not in taken:
                    return int(cell)
                queue.append(cell)
        return -1

    def unconfirmed(self) -> list[int]:
        """Units that were asked to stand and have not said that they do."""
        roster = self._books.roster
        return [
            unit for unit in self._books.working_units().tolist()
            if roster.wanted_pauses[unit] and not roster.is_paused(unit)
        ]  # fmt: skip

    def inside(self, name: str) -> list[int]:
        """Units that hold a cell of the area: until there are none it is not empty."""
        owners = self._books.executor.owners[list(self._books.closures.areas[name].cells)]
        return sorted({int(unit) for unit in owners} - {-1})


_CODES = {kind: code for code, kind in enumerate(OperationKind)}
