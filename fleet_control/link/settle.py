"""What follows from a state that says more than progress: who reboots, gives up, turns up.

Cells are freed on the unit's word alone, and only on such words as no message still on its way can
make untrue. The rules are those of the release protocol (docs/decisions), and each says here what
goes wrong without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fleet_control.errors import InvariantError
from fleet_control.link.books import (
    DEAD,
    NEVER_S,
    PLACED,
    STRAY,
    TO_RENEW,
    UNHEARD,
    UNPLACED,
    Books,
)
from fleet_control.link.messages import RING
from fleet_control.link.places import step_at

CANCEL_LATER = -1
State = Any
"""A STATE record."""


class Settler:
    """The courier's judgement on single units.

    retractions: (unit, last step kept) that are still to be reported. is_greeting: units that
    answer now are believed, for the controller has not said yet what it knows of them.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self.retractions: list[tuple[int, int]] = []
        self.is_greeting = True

    def settle(self, unit: int, state: State) -> None:
        """Take in a state that is not mere progress."""
        book = self._books.units[unit]
        if state["session"] != book["session"]:
            self._meet_session(book, int(state["session"]))
        if book["stage"] == UNHEARD or (self.is_greeting and book["stage"] != PLACED):
            self._first_answer(unit, state)
        elif book["stage"] != PLACED:
            self._place(unit, state)
        elif self._is_elsewhere(unit, state):
            self._lose(unit)
        else:
            self._follow(unit, state)

    def _is_elsewhere(self, unit: int, state: State) -> bool:
        """Whether none of the steps of its order can have brought the unit to where it says it is:
        somebody has carried it there, or it errs."""
        book = self._books.units[unit]
        if state["order"] == 0 or state["order"] != book["order"] or state["cell"] < 0:
            return False
        return bool(state["done"] > book["released"]) or self._is_off(unit, state)

    def _is_off(self, unit: int, state: State) -> bool:
        """Whether it says that it is on another cell than that of the step which it has done. Who
        does not know where it is still knows its steps, and is at the one that it has done."""
        cell = self._books.cells[unit, state["done"] % RING]
        return bool(state["cell"] >= 0 and cell not in (state["cell"], -1))

    def _lose(self, unit: int) -> None:
        """Nobody knows where the unit is. It gets no more steps, and is asked to give up those that
        it has; its cells stay its own until somebody has looked."""
        book = self._books.units[unit]
        book["stage"] = STRAY
        book["cancel"], book["instant_s"] = book["order"], NEVER_S

    def _meet_session(self, book: Any, session: int) -> None:
        """A unit that was switched on again has forgotten its steps, and takes no order that was
        meant for the session before: so none of those in flight can move it any more."""
        is_first = book["session"] < 0
        book["session"] = session
        if is_first:
            return
        book["order"] = book["before"] = book["retry"] = 0
        book["is_dead"], book["is_echoed"] = 1, 0
        if book["stage"] != UNHEARD:
            book["stage"] = UNPLACED

    def _first_answer(self, unit: int, state: State) -> None:
        """The first word of a unit to this controller."""
        book = self._books.units[unit]
        if book["is_restored"]:
            self.adopt(unit, state)
        elif not self.is_greeting:
            book["stage"] = STRAY
        elif state["order"] == 0:
            # One that was switched on again may be at any step: the controller has to say. And one
            # between two cells stands at none.
            is_at_0 = state["cell"] >= 0 and state["next"] < 0 and state["session"] <= 1
            self._begin_at(unit, int(state["cell"]) if is_at_0 else -1)
            book["stage"] = PLACED if is_at_0 else UNPLACED if state["cell"] < 0 else STRAY
        else:
            self._believe(unit, state)

    def _begin_at(self, unit: int, cell: int) -> None:
        """Its steps begin where it stands, if it knows."""
        book = self._books.units[unit]
        for name in ("done", "cleared", "released", "base", "told_done", "told_cleared"):
            book[name] = 0
        book["order"] = book["before"] = book["cancel"] = book["ahead_step"] = 0
        book["is_dead"], book["is_echoed"] = 1, 0
        self._books.cells[unit] = -1
        self._books.cells[unit, 0] = cell
        self._books.acts[unit, 0] = 0

    def _believe(self, unit: int, state: State) -> None:
        """A unit under way says how far it is and how far it may go."""
        book, done = self._books.units[unit], int(state["done"])
        book["done"] = book["told_done"] = done
        book["cleared"] = book["told_cleared"] = state["cleared"]
        book["released"] = book["base"] = state["base"]
        book["order"], book["is_dead"], book["is_echoed"] = state["order"], 0, 1
        book["stage"] = PLACED
        self._books.cells[unit] = -1
        self._books.cells[unit, done % RING] = state["cell"]
        if state["base"] > done:
            self._books.cells[unit, (done + 1) % RING] = state["next"]

    def adopt(self, unit: int, state: State) -> None:
        """Bring together what the controller says it released, from step `cleared` of the book to
        `released`, with what the unit says."""
        books, book = self._books, self._books.units[unit]
        if state["order"] == 0:
            book["stage"], book["told_done"] = UNPLACED, -1
            self._place(unit, state)
            return
        done, base, first = int(state["done"]), int(state["base"]), int(book["cleared"])
        # A unit may have left the cell of the step it has done, and not reached the next centre.
        if not (first - 1 <= done <= base <= book["released"]):
            raise InvariantError(
                f"unit {unit} has done step {done} and may do step {base}, but the controller "
                f"knows steps {first} to {book['released']} of it; its journal is not the last one"
            )
        book["done"], book["base"], book["order"] = done, base, state["order"]
        book["cleared"] = max(first, int(state["cleared"]))
        book["is_dead"], book["is_echoed"], book["stage"] = 0, 1, PLACED
        book["is_new"] = book["released"] > base
        if self._is_off(unit, state):
            self._lose(unit)
            return
        if state["cell"] >= 0:
            books.cells[unit, done % RING] = state["cell"]
        if book["cancel"] == CANCEL_LATER:
            self.begin_cancel(unit)
        self._follow(unit, state)

    def _place(self, unit: int, state: State) -> None:
        """Find the place of a unit that remembers no steps among those it may have done."""
        books, book = self._books, self._books.units[unit]
        if state["order"] != 0 or state["cell"] < 0:
            return
        done = int(book["done"])
        slots = np.arange(done, book["released"] + 1) % RING
        further = step_at(
            books.cells[unit, slots], books.acts[unit, slots], int(state["cell"]),
            int(state["next"]), bool(state["load"] >= 0), int(book["laden"]),
            is_past_first=bool(book["cleared"] > done),
        )  # fmt: skip
        if further < 0:
            book["stage"] = STRAY
            return
        book["done"] = book["base"] = done + further
        books.cells[unit, book["done"] % RING] = state["cell"]
        book["cleared"] = max(book["cleared"], book["done"])
        book["laden"] = state["load"] >= 0
        book["stage"] = PLACED
        # It holds exactly what it covers: both cells if it stands between two.
        self._retract(unit, done + further + int(state["next"] >= 0))

    def _follow(self, unit: int, state: State) -> None:
        """A unit in its place: progress, orders taken, orders given up."""
        book = self._books.units[unit]
        # Numbers of any other order than these two are not those of the steps in the books.
        if state["order"] != 0 and state["order"] in (book["order"], book["before"]):
            book["done"] = max(book["done"], state["done"])
            book["cleared"] = max(book["cleared"], state["cleared"])
            book["laden"] = state["load"] >= 0
        if book["order"] > 0 and state["order"] == book["order"]:
            book["is_echoed"], book["is_anew"] = 1, 0
            book["base"] = max(book["base"], state["base"])
        elif not (book["is_dead"] or book["is_echoed"]) and book["done"] > book["stand"]:
            book["is_dead"] = TO_RENEW  # it finished its open step, where the order does not begin
        given_up = book["cancel"] if book["cancel"] > 0 else book["order"] * (not book["is_dead"])
        # The tombstone says that the order can never be taken any more, even if it comes later.
        if given_up and state["tombstone"] >= given_up:
            kept = _kept(book, state, int(given_up))
            if kept >= 0:
                self._retract(unit, kept)

    def begin_cancel(self, unit: int) -> None:
        """Ask the unit to give its order up; where it has none, there is nothing to wait for."""
        book = self._books.units[unit]
        if book["stage"] != PLACED:
            book["cancel"] = CANCEL_LATER
        elif book["is_dead"] == DEAD:
            # What has been released since was never sent.
            self._retract(unit, max(int(book["done"]), int(book["base"])))
        else:
            book["cancel"], book["instant_s"] = book["order"], NEVER_S

    def admit(self, unit: int, cell: int) -> None:
        """The stray unit's steps begin at this cell, where it stood when that was told."""
        book, state = self._books.units[unit], self._books.latest[unit]
        self._begin_at(unit, cell)
        book["laden"] = state["load"] >= 0
        book["is_anew"] = 1
        is_there = state["cell"] == cell and state["next"] < 0
        book["stage"] = PLACED if is_there else STRAY

    def remove(self, unit: int) -> None:
        """The unit is off the floor. What it said before counts no more: it is heard again in its
        next session, when it has forgotten all that was sent to it."""
        book = self._books.units[unit]
        self._begin_at(unit, -1)
        book["wish"] = book["retry"] = book["is_restored"] = 0
        book["heard_session"] += 1
        book["seq"] = 0
        if book["stage"] != UNHEARD:
            book["stage"] = STRAY

    def _retract(self, unit: int, kept: int) -> None:
        book = self._books.units[unit]
        book["released"] = book["base"] = kept
        book["is_dead"], book["is_new"] = 1, 0
        book["cancel"] = book["ahead_step"] = 0
        self.retractions.append((unit, kept))


def _kept(book: Any, state: State, given_up: int) -> int:
    """Last step that a unit keeps which says that it has given up an order; -1 not known yet."""
    if state["order"] >= given_up:
        return int(state["base"]) if state["stands"] else -1
    # The order never came, only the cancelling did. What the unit covers it covers nevertheless.
    if state["order"] == 0:
        return int(book["done"]) + int(state["next"] >= 0)
    at_rest = state["stands"] or state["done"] == state["base"]
    return int(state["base"]) if at_rest else -1
