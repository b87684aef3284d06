"""The controller's end of the link: commands become messages, and messages reports.

Whatever happens on the way, what the courier reports is true: the unit's word, for the order and
the session that it is about. Its rules are those of `protocol_model` (tests), checked there over
all losses, doublings, delays and reorderings:

- a message says all that its receiver may do, not one step more: doubled ones do nothing;
- it is sent again until the unit's state echoes it;
- of a unit's states the newest by (session, seq) counts, never one that was overtaken;
- an order belongs to an epoch and a session, and neither an older controller's nor one from before
  the unit was switched on again is taken;
- an order that was given up gets a tombstone at the unit, so that it cannot arrive afterwards, and
  its steps are free when the unit says so, not when it is asked;
- silence proves nothing: it is reported, and everything stays as it is.

Time is what the backend says; nothing compares clocks of two machines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import (
    Arrivals,
    Commands,
    Condition,
    Conditions,
    FleetState,
    Releases,
    Reports,
    Request,
    Requests,
    Retractions,
    no_arrivals,
    no_conditions,
    no_retractions,
)
from fleet_control.errors import InvariantError
from fleet_control.link.books import NEVER_S, PLACED, STRAY, UNHEARD, Books
from fleet_control.link.desks import Desks
from fleet_control.link.kernels import (
    hear_states,
    note_rows,
    write_instants,
    write_news,
    write_orders,
)
from fleet_control.link.messages import (
    EPOCH_BITS,
    HEARTBEAT_S,
    HELLO,
    INSTANT,
    LOST_S,
    ORDER,
    RESEND_S,
    RING,
    STALE_S,
)
from fleet_control.link.restore import anchors_of, pick
from fleet_control.link.settle import Settler
from fleet_control.stream_kernels import first_bad_row
from fleet_control.streams import say_bad_row

ARRIVAL_S = 5.0
"""Stray units are told again after this time, until they are admitted."""
Messages = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Post:
    """Messages that are due now, record arrays of fleet_control.link.messages: valid until the
    courier is asked again."""

    orders: Messages
    instants: Messages
    hellos: Messages
    jobs: Messages
    acks: Messages


class Courier:
    """The books of all units and stations, for one life of a controller.

    epoch: greater than that of any controller before.
    """

    def __init__(self, n_units: int, n_stations: int, n_rows: int, n_cols: int, epoch: int) -> None:
        self.epoch = epoch
        self.books = Books(n_units)
        self._n_rows, self._n_cols = n_rows, n_cols
        self._settler = Settler(self.books)
        self._desks = Desks(n_stations, epoch)
        self._is_restoring = True
        self._n_orders = self._n_instants = 0
        self._arrivals: dict[int, tuple[int, float]] = {}
        self._hellos = np.zeros(n_units, dtype=HELLO)
        self._hellos["unit"] = np.arange(n_units)
        self._hellos["epoch"] = epoch
        self._greeted_s = NEVER_S
        self._orders = np.zeros(n_units, dtype=ORDER)
        self._orders["speeds"] = np.inf
        self._instants = np.zeros(3 * n_units, dtype=INSTANT)
        self._odd = np.empty(n_units, dtype=np.int32)
        self._numbers = np.empty((3, n_units), dtype=np.int32)
        self._faults = np.empty(n_units, dtype=np.int8)
        self._changed = np.empty((2, n_units), dtype=np.int32)
        self._flags = np.empty(n_units, dtype=np.int8)

    def hear(self, now_s: float, states: Messages, terminals: Messages, lines: Messages) -> None:
        """Take in what came over the link."""
        if len(states):
            if len(states) > len(self._odd):
                self._odd = np.empty(2 * len(states), dtype=np.int32)
            books = self.books
            n_odd = hear_states(
                states, now_s, self.epoch, books.units, books.latest, books.cells, self._odd
            )
            for row in self._odd[:n_odd].tolist():
                self._settler.settle(int(states[row]["unit"]), states[row])
        if len(terminals) or len(lines):
            self._desks.hear(now_s, terminals, lines)

    def has_heard_all(self) -> bool:
        """Whether every unit has answered this controller."""
        return bool((self.books.units["heard_session"] >= 0).all())

    def post(self, now_s: float) -> Post:
        """What has to be sent now: news, what is not echoed yet, and heartbeats."""
        books, units = self.books, self.books.units
        n_orders = 0
        if not self._is_restoring:  # else the controller has not said yet what it knows
            n_orders, self._n_orders = write_orders(
                now_s, self.epoch, self._n_orders, RESEND_S, units, books.cells, books.acts,
                books.speeds, self._orders,
            )  # fmt: skip
        n_instants = write_instants(
            now_s, self.epoch, RESEND_S, units, books.latest, self._instants
        )
        hellos = self._hellos[:0]
        if now_s - self._greeted_s >= HEARTBEAT_S - 1e-9:
            self._greeted_s = now_s
            hellos = self._hellos
        jobs, acks = self._desks.post(now_s, is_heartbeat=len(hellos) > 0)
        return Post(self._orders[:n_orders], self._instants[:n_instants], hellos, jobs, acks)

    def take(self, commands: Commands) -> None:
        """Put commands down in the books; `post` sends them. Raises InvariantError, with nothing
        done, for releases that do not continue a unit's stream."""
        releases = commands.releases
        requests = commands.requests
        if len(requests.units):
            for unit in requests.units[requests.kinds == Request.ADMIT].tolist():
                self._admit(unit)
        if len(releases.units):
            self._note(releases)
        elif self._is_restoring:
            self._lose_unexpected()
        self._is_restoring = False
        if len(requests.units):
            self._ask(requests)
        outlook = commands.outlook
        if len(outlook.units):
            units = self.books.units
            units["ahead_step"][outlook.units] = outlook.steps
            units["ahead_cell"][outlook.units] = outlook.cells
            units["is_new"][outlook.units] = 1
        self._desks.take(commands.station_jobs)

    def _note(self, releases: Releases) -> None:
        units = self.books.units
        if self._settler.retractions:
            # Released before the news that the unit had given up what comes before it.
            given_up = [unit for unit, _ in self._settler.retractions]
            releases = pick(releases, ~np.isin(releases.units, given_up))
        restored = np.empty(0, dtype=np.int32)
        if self._is_restoring:
            restored, releases = self._restore(releases)
        elif self._first_bad(releases, units["released"].copy(), self.books.last_cells()) >= 0:
            releases = self._without_repeats(releases)
        self._write_down(releases)
        if not len(restored):
            return
        for unit in restored.tolist():
            if units["stage"][unit] != UNHEARD:
                self._settler.adopt(unit, self.books.latest[unit])
        # A controller that knows steps of some and none of these does not expect them.
        others = self._has_more() & (units["is_restored"] == 0) & (units["stage"] == PLACED)
        units["stage"][others] = STRAY

    def _lose_unexpected(self) -> None:
        """A controller that begins knows no steps: units that have some of another one are told as
        arrivals once they have done them."""
        units = self.books.units
        has_steps = (self.books.latest["order"] > 0) & (units["released"] > 0)
        units["stage"][has_steps & (units["stage"] == PLACED)] = STRAY

    def _first_bad(
        self, releases: Releases, last_steps: NDArray[np.int32], last_cells: NDArray[np.int32]
    ) -> int:
        return first_bad_row(
            releases.units, releases.steps, releases.cells, releases.acts, last_steps, last_cells,
            self._n_rows, self._n_cols,
        )  # fmt: skip

    def _restore(self, releases: Releases) -> tuple[NDArray[np.int32], Releases]:
        """Books that the controller hands over after `connect`: their units, and the rows to note.

        A book is for a unit that remembers steps, has forgotten them, or has not answered. Any
        other stands on step 0, and its rows continue from there."""
        units = self.books.units
        last_steps, last_cells = units["released"].copy(), self.books.last_cells()
        is_anchor = anchors_of(
            releases, last_steps, last_cells, self._n_rows, self._n_cols, units["stage"] == PLACED
        )
        is_anchor[is_anchor] = self._has_more()[releases.units[is_anchor]]
        anchors = np.flatnonzero(is_anchor)
        restored = releases.units[anchors]
        last_steps[restored] = releases.steps[anchors]
        last_cells[restored] = releases.cells[anchors]
        is_repeat = self._repeats(releases) & ~np.isin(releases.units, restored)
        rest = pick(releases, ~is_anchor & ~is_repeat)
        row = self._first_bad(rest, last_steps, last_cells)
        if row >= 0:
            raise InvariantError(say_bad_row(rest, row, last_steps, last_cells))
        for unit, first in zip(restored.tolist(), releases.steps[anchors].tolist(), strict=True):
            self._open_book(unit, first)
        return restored, pick(releases, ~is_repeat)

    def _has_more(self) -> NDArray[np.bool_]:
        """bool[n_units], units that may be at other steps than 0."""
        units, latest = self.books.units, self.books.latest
        has_more: NDArray[np.bool_] = (units["stage"] != PLACED) | (latest["order"] > 0)
        has_more |= units["session"] > 1  # it may have forgotten some
        return has_more

    def _open_book(self, unit: int, first: int) -> None:
        """The unit's book begins with that step: it has been done, or is being finished."""
        book = self.books.units[unit]
        self.books.cells[unit] = -1
        self.books.acts[unit] = 0
        book["done"], book["cleared"], book["released"] = max(first - 1, 0), first, first
        book["is_restored"] = 1

    def _without_repeats(self, releases: Releases) -> Releases:
        """The rows beyond what is in the books; what is repeated must be as it was."""
        books = self.books
        rest = pick(releases, ~self._repeats(releases))
        released, last_cells = books.units["released"].copy(), books.last_cells()
        row = self._first_bad(rest, released, last_cells)
        if row >= 0:
            raise InvariantError(say_bad_row(rest, row, released, last_cells))
        return rest

    def _repeats(self, releases: Releases) -> NDArray[np.bool_]:
        """bool[k], rows that are in the books already."""
        books, steps = self.books, releases.steps
        exists = (releases.units >= 0) & (releases.units < len(books.units))
        units = np.where(exists, releases.units, 0)
        released, slots = books.units["released"][units], steps % RING
        is_repeat: NDArray[np.bool_] = exists & (steps <= released) & (steps > released - RING)
        is_repeat &= books.cells[units, slots] == releases.cells
        is_repeat &= books.acts[units, slots] == releases.acts
        return is_repeat

    def _write_down(self, releases: Releases) -> None:
        books, speeds = self.books, releases.speeds_m_s
        row = note_rows(
            releases.units, releases.steps, releases.cells, releases.acts,
            _NO_SPEEDS if speeds is None else speeds, books.units, books.cells, books.acts,
            books.speeds,
        )  # fmt: skip
        if row >= 0:
            raise InvariantError(
                f"unit {releases.units[row]}: step {releases.steps[row]} is released {RING} or "
                "more ahead of it"
            )

    def _ask(self, requests: Requests) -> None:
        for unit, kind in zip(requests.units.tolist(), requests.kinds.tolist(), strict=True):
            book = self.books.units[unit]
            if kind == Request.CANCEL:
                self._settler.begin_cancel(unit)
            elif kind == Request.REMOVE:
                self._arrivals.pop(unit, None)
                self._settler.remove(unit)
            elif kind == Request.RETRY:
                book["retry"], book["instant_s"] = self._next_instant(), NEVER_S
            elif kind in (Request.PAUSE, Request.RESUME):
                # Numbered, so that of PAUSE and RESUME the later one wins, whichever comes last.
                book["wish"], book["instant_s"] = self._next_instant(), NEVER_S
                book["wish_kind"] = kind

    def _next_instant(self) -> int:
        self._n_instants += 1
        return self.epoch << EPOCH_BITS | self._n_instants

    def _admit(self, unit: int) -> None:
        """Welcome a stray unit on the cell where it was told to stand; others need no welcome."""
        cell, _ = self._arrivals.pop(unit, (-1, NEVER_S))
        if cell < 0 and self._is_restoring:
            cell = int(self.books.latest["cell"][unit])  # as `connect` has told
        if cell >= 0 and self.books.units["stage"][unit] == STRAY:
            self._settler.admit(unit, cell)

    def fleet_state(self, time_s: float, pod_cells: NDArray[np.int32]) -> FleetState:
        """Where everything is, as far as units have answered."""
        self._settler.is_greeting = False
        self._settler.retractions.clear()  # `bases` says so
        units, latest = self.books.units, self.books.latest
        self._write_news(time_s)  # conditions and steps are told here, faults are news again
        units["told_fault"] = 0
        units["told_flags"] &= ~int(Condition.ABSENT)  # the controller may know of it
        has_answered = units["heard_session"] >= 0
        remembers = latest["order"] > 0
        begins = has_answered & ~remembers & (units["session"] <= 1)
        numbers = [
            np.where(remembers, latest[name], np.where(begins, 0, -1)).astype(np.int32)
            for name in ("done", "cleared", "base")
        ]
        done, cleared, bases = numbers if (has_answered & ~begins).any() else (None, None, None)
        # One that has forgotten its steps between two cells covers both, and stands on none.
        cells = np.where(~remembers & (latest["next"] >= 0), -1, latest["cell"]).astype(np.int32)
        flags = units["told_flags"]
        # Of one without a cell too: that it has none does not mean that it is not heard of.
        has_news = (flags != 0) | (units["session"] > 1) | (cells < 0)
        rows = np.flatnonzero(has_news).astype(np.int32)
        return FleetState(
            time_s, cells, latest["heading"].copy(), latest["load"].copy(),
            pod_cells, done, cleared, bases,
            Conditions(rows, flags[rows].copy(), units["session"][rows].copy()),
        )  # fmt: skip

    def news(self, time_s: float) -> Reports:
        """What there is to tell since the last time."""
        n_rows, n_changed, n_stray = self._write_news(time_s)
        units, done, cleared = self._numbers[:, :n_rows].copy()
        return Reports(
            time_s, units, done, cleared, self._faults[:n_rows].copy(), *self._desks.hand_out(),
            self._tell_conditions(n_changed) if n_changed else _NO_CONDITIONS,
            self._tell_retractions() if self._settler.retractions else _NO_RETRACTIONS,
            self._tell_arrivals(time_s) if n_stray else _NO_ARRIVALS,
        )  # fmt: skip

    def _tell_conditions(self, n_rows: int) -> Conditions:
        units, sessions = self._changed[:, :n_rows].copy()
        return Conditions(units, self._flags[:n_rows].copy(), sessions)

    def _tell_retractions(self) -> Retractions:
        table = np.array(self._settler.retractions, dtype=np.int32).T.copy()
        self._settler.retractions.clear()
        return Retractions(table[0], table[1])

    def _write_news(self, time_s: float) -> tuple[int, int, int]:
        return write_news(
            time_s, STALE_S, LOST_S, self.books.units, self.books.latest, self._numbers,
            self._faults, self._changed, self._flags,
        )  # fmt: skip

    def _tell_arrivals(self, time_s: float) -> Arrivals:
        units, latest = self.books.units, self.books.latest
        rows = []
        for unit in np.flatnonzero(units["stage"] == STRAY).tolist():
            state = latest[unit]
            # One between two centres, or with steps to do, stands on no cell alone.
            if state["next"] >= 0 or state["cell"] < 0 or state["done"] != state["base"]:
                continue
            if state["session"] != units["heard_session"][unit]:
                continue  # not heard of since it was taken off
            cell, told_s = self._arrivals.get(unit, (-1, NEVER_S))
            if cell != state["cell"] or time_s - told_s >= ARRIVAL_S:
                self._arrivals[unit] = (int(state["cell"]), time_s)
                rows.append(unit)
        told = np.array(rows, dtype=np.int32)
        return Arrivals(
            told, latest["cell"][told], latest["heading"][told], latest["load"][told]
        )  # fmt: skip


_NO_SPEEDS = np.empty(0, dtype=np.float32)
_NO_CONDITIONS, _NO_RETRACTIONS = no_conditions(), no_retractions()
_NO_ARRIVALS = no_arrivals()
