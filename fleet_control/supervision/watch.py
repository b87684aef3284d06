"""Looks at the whole floor every few seconds: who waits for whom, who wanders, what is cut off.

It decides nothing. What it finds is told, in the event log, the status of the fleet and the notes
of a run. Only an order of visits that can never be kept ends the run, since that must not be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.driving import AT_STATION, QUEUEING
from fleet_control.errors import InvariantError
from fleet_control.events import EventKind
from fleet_control.execution.waits import Waits, WaitWatch, broken_waits
from fleet_control.execution.wandering import Wanderer, WanderingWatch
from fleet_control.mapf.reach import CutOff, FloorReach
from fleet_control.supervision.books import Books
from fleet_control.supervision.roll_call import RollCall
from fleet_control.supervision.roster import UnitStatus

LOOK_S = 5.0
RARELY_S = 60.0
"""Wandering takes minutes to show, and that the order of visits is sound is sure without a look."""
GAP_S = 60.0
"""What is cut off, open and cut off again within that time counts as one spell."""
WORTH_S = 60.0
"""Shorter spells are in the event log alone."""
STOPPED_AFTER_S = 5.0
"""A unit that has steps to do and has done none for so long is shown as stopped."""

_PLACES = {AT_STATION: "at its station", QUEUEING: "waits for a place at its station"}


@dataclass(slots=True)
class Spell:
    """A time in which something could not be reached: seconds, and what it was as the spell
    began."""

    began_s: float
    until_s: float
    cut_off: CutOff

    @property
    def lasted_s(self) -> float:
        return self.until_s - self.began_s


class Watch:
    """What is wrong with the floor as a whole.

    cut_off: what cannot be reached now. spells: that were worth telling, and recent ones; see
    `told_spells`.
    """

    def __init__(self, books: Books, reach: FloorReach | None, roll_call: RollCall) -> None:
        self._books, self._reach, self._roll_call = books, reach, roll_call
        n_units, now_s = len(books.executor.done), books.now_s
        self._waits = WaitWatch(n_units, now_s)
        self._wandering = WanderingWatch(n_units, now_s)
        self._looked_s = self._looked_closely_s = now_s
        self._was_closed = books.executor.is_closed.copy()
        self.cut_off = CutOff()
        self.spells: list[Spell] = []

    def look(self) -> bool:
        """Every few seconds; whether it looked. Raises InvariantError for a unit that can never go
        on."""
        books = self._books
        if books.now_s < self._looked_s + LOOK_S:
            return False
        self._looked_s = books.now_s
        self._waits.note(books.now_s, books.executor)
        if books.now_s >= self._looked_closely_s + RARELY_S:
            self._looked_closely_s = books.now_s
            self._check_order()
            self._note_wandering()
        self._see_what_is_cut_off()
        return True

    # What there is to tell

    def waits(self, after_s: float = 10.0) -> Waits:
        """Who waits for whom now, and why the last of each chain stands."""
        books = self._books
        ends = books.executor.end_cells, books.executor.end_headings
        wants = books.planner.next_cells(*ends)
        return self._waits.report(books.now_s, books.executor, wants, self._reasons(), after_s)

    def wanderers(self) -> list[Wanderer]:
        """Units that drive and get nowhere."""
        return self._wandering.wanderers()

    def told_spells(self) -> list[Spell]:
        """Spells that lasted long enough to be told, in the order of beginning."""
        return [spell for spell in self.spells if spell.lasted_s >= WORTH_S]

    def status(self, unit: int) -> UnitStatus:
        """How the unit is, in one word."""
        roster = self._books.roster
        if self._roll_call.is_awaited[unit]:
            return UnitStatus.AWAITED
        if not (self._books.executor.is_present[unit] or roster.is_waiting_admission[unit]):
            return UnitStatus.ABSENT
        return self._books.roster.status(unit, self._books.now_s, STOPPED_AFTER_S)

    def _reasons(self) -> dict[int, str]:
        driving, reasons = self._books.driving, {}
        stranded = set(driving.stranded())
        for unit in self._books.working_units().tolist():
            status = self.status(unit)
            if status is not UnitStatus.WORKING:
                reasons[unit] = str(status)
            elif unit in stranded:
                reasons[unit] = "has no way to where it has to go"
            elif driving.states[unit] in _PLACES:
                reasons[unit] = _PLACES[int(driving.states[unit])]
        return reasons

    # Looking

    def _check_order(self) -> None:
        broken = broken_waits(self._books.executor)
        if broken.rings:
            raise InvariantError(f"units {broken.rings[0]} wait for each other in a ring")
        if broken.lost:
            raise InvariantError(f"unit {broken.lost[0]} waits for a cell that nobody has to leave")

    def _note_wandering(self) -> None:
        """Of units with work alone: others are pushed about, and that is all right."""
        driving, executor = self._books.driving, self._books.executor
        has_work = ~driving.is_free
        has_work[driving.parking.units] = False
        goals = np.where(has_work, driving.goals, np.int32(-1))
        ways = self._books.planner.ways_left(executor.end_cells, executor.end_headings)
        self._wandering.note(
            self._books.now_s, executor.driven, goals, ways, driving.n_finished
        )  # fmt: skip

    def _see_what_is_cut_off(self) -> None:
        closed = self._books.executor.is_closed
        if self._reach is None or not (self.spells or closed.any() or self._was_closed.any()):
            return
        if not np.array_equal(closed, self._was_closed):
            self._was_closed = closed.copy()
            self._tell(self._reach, closed)
        self._keep_spells()

    def _tell(self, reach: FloorReach, closed: NDArray[np.bool_]) -> None:
        before, self.cut_off = self.cut_off, reach.cut_off_by(closed)
        if self.cut_off.missed == before.missed:
            return
        n_missed = self.cut_off.n_missed
        first = self.cut_off.blocked[0] if n_missed else -1
        self._books.note(EventKind.CUT_OFF, cell=first, value=float(n_missed))

    def _keep_spells(self) -> None:
        """The present spell lasts on; of those that are over the short ones are dropped."""
        now_s, cut_off = self._books.now_s, self.cut_off
        self.spells = [
            spell for spell in self.spells
            if spell.lasted_s >= WORTH_S or spell.until_s >= now_s - GAP_S
        ]  # fmt: skip
        if cut_off.is_harmless:
            return
        for spell in reversed(self.spells):
            if spell.cut_off.missed == cut_off.missed and spell.until_s >= now_s - GAP_S:
                spell.until_s = now_s
                return
        self.spells.append(Spell(now_s, now_s, cut_off))
