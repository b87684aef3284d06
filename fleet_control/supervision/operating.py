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
from fleet_control.supervision.roll_call import RollCall
from fleet_control.supervision.roster import PAUSED_ALONE, PAUSED_WITH_ALL
from fleet_control.work.work import Work


class Operating:
    """is_all_paused: everyone was asked to stand. refusals: of what was asked in this cycle, one by
    one, why it could not be done; "" for what was."""

    def __init__(self, books: Books, admission: Admission, roll_call: RollCall, work: Work) -> None:
        self._books, self._admission, self._work = books, admission, work
        self._roll_call = roll_call
        self.is_all_paused = False
        self.refusals: list[str] = []

    def operate(self, operations: Sequence[Operation]) -> None:
        """Do what is asked, in that order."""
        if operations or self.refusals:
            self.refusals = [self._operate(asked) for asked in operations]

    def _operate(self, asked: Operation) -> str:
        unit, books = asked.unit, self._books
        books.note(EventKind.OPERATION, unit, value=float(_CODES[asked.kind]))
        match asked.kind:
            case OperationKind.PAUSE | OperationKind.RESUME:
                is_wanted = asked.kind is OperationKind.PAUSE
                books.roster.want_pause(unit, PAUSED_ALONE, is_wanted)
            case OperationKind.PAUSE_ALL | OperationKind.RESUME_ALL:
                self._pause_all(asked.kind is OperationKind.PAUSE_ALL)
            case OperationKind.DRAIN | OperationKind.UNDRAIN:
                books.driving.is_draining = asked.kind is OperationKind.DRAIN
            case OperationKind.REMOVE:
                self._admission.take_off(unit)
            case OperationKind.ADMIT:
                if not self._admission.admit_by_hand(unit):
                    return self._why_not_admitted(unit)
            case OperationKind.LEAVE_OUT:
                if not self._roll_call.leave_out(unit):
                    return (
                        f"unit {unit} is known to stand on the floor, or to be off it; where it is "
                        "gone since, remove it"
                    )
            case OperationKind.ADD_ORDERS | OperationKind.CANCEL_TASK | OperationKind.CANCEL_ORDER:
                return self._change_work(asked)
            case _:
                self._close(asked)
        return ""

    def _why_not_admitted(self, unit: int) -> str:
        if self._books.executor.is_present[unit]:
            return f"unit {unit} is on the floor already"
        return (
            f"unit {unit} has not said where it stands, or another unit holds that cell: look at "
            "both, and remove the one that is gone"
        )

    def _change_work(self, asked: Operation) -> str:
        now_s = self._books.now_s
        if asked.kind is OperationKind.CANCEL_TASK:
            self._books.cut()
            return self._books.driving.cancel_task(asked.task)
        if asked.kind is OperationKind.CANCEL_ORDER:
            return self._work.cancel_order(asked.order, now_s)
        assert asked.orders is not None
        return self._work.add_orders(asked.orders, now_s)

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
            here = queue.popleft()
            for heading, cell in enumerate(grid.neighbours[here].tolist()):
                if cell < 0 or cell in seen or executor.bars[here, heading]:
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
