"""Units that cannot go on: asked to give up their steps, led around, and taken back when they can.

A unit that stops is first only waited for. After a while it is asked to give up its steps, so that
it holds no more than it covers; its cells count as blocked, its task goes to others unless it
carries something. It is back when it makes progress or is well again. Nothing is freed because time
has passed: a unit that does not answer keeps all that was released to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleet_control.backend import FaultCode, Reports, Request
from fleet_control.events import EventKind
from fleet_control.supervision.books import Books

WATCH_S = 1.0
FORGET_S = 600.0
"""A unit that was not led around for so long has the usual patience again."""


@dataclass(frozen=True, slots=True)
class StopOptions:
    """block_after_s: a unit that has made no progress for so long is led around; more than any
    single step takes. try_after_s: one that has no step left and does not complain is tried again
    after so long, and so is a cell in which a unit saw something. lift_tries: tries of a lift in a
    row. rest_s: a unit whose lift failed so often gets no task for so long.

    The first two were measured: docs/decisions/0006-stops.md."""

    block_after_s: float = 5.0
    try_after_s: float = 30.0
    lift_tries: int = 3
    rest_s: float = 120.0


class Stops:
    """Watches for units that have stopped. Units led around are the keys of `closures.units`.

    A unit that is slow looks like one that has stopped. Whoever goes on by itself is given twice as
    long the next time, so that a slow one is soon left alone.
    """

    def __init__(self, books: Books, options: StopOptions) -> None:
        self._books, self._options = books, options
        n_units = len(books.roster.flags)
        self._rest_until_s = np.full(n_units, -np.inf)
        self._tries = np.zeros(n_units, dtype=np.int32)
        self._patience_s = np.full(n_units, options.block_after_s)
        self._around_s = np.full(n_units, -np.inf)
        self._done_then = np.zeros(n_units, dtype=np.int32)
        self._try_s = np.full(n_units, -np.inf)
        self._tried_steps = np.full(n_units, -1, dtype=np.int32)
        self._retry_s: dict[int, float] = {}
        self._stranded: set[int] = set()
        self._watched_s = -np.inf

    def is_resting(self) -> np.ndarray:
        """bool[n_units], units that get no task for now."""
        return np.asarray(self._rest_until_s > self._books.now_s)

    def take_in(self, reports: Reports, is_new: np.ndarray) -> None:
        """Faults that units report. is_new: bool[k], rows with another fault than before; one that
        is told again with other news of its unit has not happened again."""
        executor = self._books.executor
        for row in np.flatnonzero((reports.faults != 0) & is_new).tolist():
            unit, fault = int(reports.units[row]), int(reports.faults[row])
            if executor.is_present[unit]:
                self._books.note(EventKind.FAULT, unit, value=float(fault))
                if fault == FaultCode.LIFT_FAILED:
                    self._lift_failed(unit)
                elif fault == FaultCode.PATH_BLOCKED:
                    self._path_blocked(unit)

    def retract(self, reports: Reports) -> None:
        """Units have given up steps, and hold what they still cover."""
        books, rows = self._books, reports.retractions
        if not len(rows.units):
            return
        books.cut()
        for unit, kept in zip(rows.units.tolist(), rows.kept.tolist(), strict=True):
            if books.executor.is_present[unit]:
                books.executor.retract(unit, kept)
                books.roster.cancelled(unit)
                books.note(EventKind.GAVE_UP, unit, value=float(kept))
                books.driving.drop_act(unit)
                if unit in books.closures.units:
                    books.driving.give_back(unit)

    def watch(self) -> None:
        """Once in a while: who has stopped, who is back, what may be tried again."""
        now_s = self._books.now_s
        if now_s < self._watched_s + WATCH_S:
            return
        self._watched_s = now_s
        if self._books.closures.expire(now_s):
            self._books.is_changed = True
        for unit in [unit for unit, due_s in self._retry_s.items() if due_s <= now_s]:
            del self._retry_s[unit]
            self._books.roster.ask(unit, Request.RETRY)
        for unit in list(self._books.closures.units):
            self._take_back(unit)
        for unit in np.flatnonzero(self._stopped()).tolist():
            if unit not in self._books.closures.units:
                self._lead_around(unit)
        self._note_stranded()

    def _note_stranded(self) -> None:
        """An errand that has begun since cells were closed may lead to one of them: then all goals
        are looked at again, once for each unit that is without a way."""
        driving, stranded = self._books.driving, set[int]()
        if self._books.executor.is_closed.any():
            stranded = {unit for unit in driving.stranded() if driving.errand_of(unit) is not None}
        if stranded - self._stranded:
            self._books.is_changed = True
        self._stranded = stranded

    def _stopped(self) -> np.ndarray:
        """bool[n_units], units without progress for too long, unless all are asked to stand."""
        books = self._books
        self._patience_s[books.now_s >= self._around_s + FORGET_S] = self._options.block_after_s
        waited_s = books.now_s - books.roster.progress_s
        return books.executor.is_present & (waited_s >= self._patience_s)

    def _lead_around(self, unit: int) -> None:
        books, options = self._books, self._options
        books.cut()
        books.closures.units[unit] = ()
        # One that complains says itself when it is well; of one that does not, only a try tells.
        is_silent = books.roster.is_ready[unit]
        self._try_s[unit] = books.now_s + options.try_after_s if is_silent else -np.inf
        self._done_then[unit] = books.executor.done[unit]
        self._around_s[unit] = books.now_s
        books.note(
            EventKind.STOPPED, unit, value=books.now_s - float(books.roster.progress_s[unit])
        )
        if books.executor.done[unit] < books.executor.released[unit]:
            books.roster.cancel(unit)
        books.driving.suspend(unit)
        books.driving.give_back(unit)

    def _take_back(self, unit: int) -> None:
        books, roster = self._books, self._books.roster
        if not roster.is_ready[unit] or not self._can_go_on(unit):
            return
        if self._has_moved(unit):
            most_s = max(self._options.block_after_s, self._options.try_after_s)
            self._patience_s[unit] = min(2.0 * self._patience_s[unit], most_s)
        books.cut()
        del books.closures.units[unit]
        roster.progress_s[unit] = books.now_s
        books.driving.resume(unit)
        books.note(EventKind.GOES_ON, unit)

    def _can_go_on(self, unit: int) -> bool:
        """Whether it has moved since, or has nothing left to do and is to be tried."""
        executor = self._books.executor
        has_open = executor.done[unit] < executor.released[unit]
        is_due = not has_open and self._books.now_s >= self._try_s[unit]
        return bool(is_due) or self._has_moved(unit)

    def _has_moved(self, unit: int) -> bool:
        return bool(self._books.executor.done[unit] != self._done_then[unit])

    def _lift_failed(self, unit: int) -> None:
        books, options = self._books, self._options
        step = books.executor.done[unit] + 1
        if step != self._tried_steps[unit]:  # the lift before worked in the end
            self._tries[unit], self._tried_steps[unit] = 0, step
        self._tries[unit] += 1
        if self._tries[unit] % options.lift_tries:
            books.roster.ask(unit, Request.RETRY)
            return
        if books.driving.is_laden[unit]:  # nobody else can set its pod down
            self._retry_s[unit] = books.now_s + options.try_after_s
            return
        self._rest_until_s[unit] = books.now_s + options.rest_s
        books.roster.cancel(unit)
        self._lead_around(unit)

    def _path_blocked(self, unit: int) -> None:
        """Something lies in the way: nobody drives there for a while, and the unit turns off."""
        books, executor = self._books, self._books.executor
        if executor.done[unit] < executor.released[unit]:
            cell = executor.cell_of(unit, int(executor.done[unit]) + 1)
            books.closures.seen[cell] = books.now_s + self._options.try_after_s
            books.roster.cancel(unit)
            books.is_changed = True
            books.note(EventKind.CELL_BLOCKED, unit, cell=cell)
