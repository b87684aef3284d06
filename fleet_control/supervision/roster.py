"""How every unit is: admitted, working, paused, stale, lost, faulted, starting or absent.

Conditions and faults come from the backend, pauses and cancels are asked here until they are
confirmed. Nothing is taken for done because it was asked: a unit is paused when it says so.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Condition, FleetState, Reports, Request, Requests

ASK_AGAIN_S = 5.0
"""A request that is not confirmed is made again after that time; a link resends much sooner, but a
link may also have been made anew in the meantime."""
PAUSED_ALONE, PAUSED_WITH_ALL, PAUSED_FOR_NEWCOMER, PAUSED_TO_HALT = 1, 2, 4, 8
"""Who wants a unit to stand, as bits of `wanted_pauses`."""
_NOT_READY = ~int(Condition.LOW_BATTERY)


class UnitStatus(StrEnum):
    """One word for how a unit is; the first that applies, from the bottom up."""

    WORKING = "working"
    STOPPED = "stopped"
    """Has steps to do and makes no progress, for no reason that it knows."""
    PAUSING = "pausing"
    """Was asked to pause and has not confirmed."""
    PAUSED = "paused"
    STALE = "stale"
    FAULTED = "faulted"
    STARTING = "starting"
    LOST = "lost"
    NOT_ADMITTED = "not admitted"
    ABSENT = "absent"
    AWAITED = "awaited"
    """Nobody knows where it stands, and nobody moves until that is known."""


class Roster:
    """Conditions, faults and requests of n_units units, struct of arrays.

    flags: int8[n_units], Condition. faults: int8[n_units]. sessions: int32[n_units].
    is_ready: bool[n_units], may be released steps. wanted_pauses: int8[n_units], bits of who wants
    it to stand. is_cancelling: bool[n_units], asked to give up its steps and not confirmed.
    is_waiting_admission: bool[n_units], stands where it is not welcome. progress_s:
    float64[n_units], when each last did a step, or had none to do and was well.
    """

    def __init__(self, n_units: int, now_s: float) -> None:
        self.flags = np.full(n_units, Condition.ABSENT, dtype=np.int8)
        self.faults = np.zeros(n_units, dtype=np.int8)
        self.sessions = np.zeros(n_units, dtype=np.int32)
        self.wanted_pauses = np.zeros(n_units, dtype=np.int8)
        self.is_cancelling = np.zeros(n_units, dtype=bool)
        self.is_waiting_admission = np.zeros(n_units, dtype=bool)
        self.progress_s = np.full(n_units, now_s)
        self.is_ready = np.zeros(n_units, dtype=bool)
        self._asked_s = np.full((n_units, len(Request)), -np.inf)
        self._requests: list[tuple[int, Request]] = []
        self._has_wishes = self._is_asking = False

    # What units say

    def take_in(self, reports: Reports) -> bool:
        """Conditions and faults; returns whether any unit's readiness may have changed."""
        rows = reports.conditions
        self.flags[rows.units] = rows.flags
        self.sessions[rows.units] = rows.sessions
        changed = len(rows.units) > 0
        if len(reports.units):
            changed |= bool((self.faults[reports.units] != reports.faults).any())
            self.faults[reports.units] = reports.faults
        if changed:
            self.refresh()
        return changed

    def begin_anew(self, state: FleetState, is_present: NDArray[np.bool_]) -> None:
        """What holds at `connect`. Faults that are still there are news again; a unit that does not
        answer is lost."""
        self.faults[:] = 0
        self.flags[is_present] = 0
        self.flags[is_present & (state.cells < 0)] = Condition.LOST
        rows = state.conditions
        self.flags[rows.units] = rows.flags
        self.sessions[rows.units] = rows.sessions
        self.forget_asking()
        self.refresh()

    def note_progress(
        self, done: NDArray[np.int32], released: NDArray[np.int32], units: NDArray[np.int32],
        now_s: float,
    ) -> None:  # fmt: skip
        """A unit makes progress when it reports, and while it is well and has nothing to do."""
        self.progress_s[units] = now_s
        self.progress_s[(done == released) & self.is_ready] = now_s

    def refresh(self) -> None:
        """Who may be released steps: from conditions, faults and what is asked of each."""
        self.is_ready[:] = (
            ((self.flags & np.int8(_NOT_READY)) == 0)
            & (self.faults == 0)
            & (self.wanted_pauses == 0)
            & ~self.is_cancelling
            & ~self.is_waiting_admission
        )
        is_paused = (self.flags & Condition.PAUSED) != 0
        self._has_wishes = bool(
            self.is_cancelling.any() or ((self.wanted_pauses != 0) != is_paused).any()
        )

    def absent(self) -> NDArray[np.bool_]:
        return np.asarray((self.flags & Condition.ABSENT) != 0)

    def low_battery(self) -> NDArray[np.bool_]:
        return np.asarray((self.flags & Condition.LOW_BATTERY) != 0)

    # What is asked of them

    def want_pause(self, unit: int, why: int, is_wanted: bool) -> None:
        """why: a bit; the unit stands as long as anybody wants it to."""
        if bool(self.wanted_pauses[unit] & why) == is_wanted:
            return
        if is_wanted:
            self.wanted_pauses[unit] |= np.int8(why)
        else:
            self.wanted_pauses[unit] &= np.int8(~why)
        self.refresh()

    def cancel(self, unit: int) -> None:
        """Until a retraction comes the unit gets nothing, and keeps what it has."""
        self.is_cancelling[unit] = True
        self.refresh()

    def cancelled(self, unit: int) -> None:
        self.is_cancelling[unit] = False
        self.refresh()

    def admitted(self, unit: int, now_s: float) -> None:
        """The unit is on the floor and welcome."""
        self.flags[unit] &= np.int8(~int(Condition.ABSENT))
        self.is_waiting_admission[unit] = self.is_cancelling[unit] = False
        self.progress_s[unit] = now_s
        self.refresh()

    def refuse(self, unit: int) -> None:
        """The unit is somewhere where it is not welcome."""
        self.is_waiting_admission[unit] = True
        self.refresh()

    def removed(self, unit: int) -> None:
        """The unit is off the floor; nobody asks it anything."""
        self.flags[unit] = Condition.ABSENT
        self.faults[unit] = 0
        self.wanted_pauses[unit] = 0
        self.is_waiting_admission[unit] = self.is_cancelling[unit] = False
        self.refresh()

    def is_paused(self, unit: int) -> bool:
        """Whether it has said that it stands, as asked."""
        return bool(self.flags[unit] & Condition.PAUSED)

    def ask(self, unit: int, request: Request) -> None:
        """Once, now."""
        self._requests.append((unit, request))

    def requests(self, now_s: float) -> Requests:
        """All that is to be asked now: new wishes, and again what nobody has confirmed."""
        if self._has_wishes or self._is_asking:
            self._repeat_wishes(now_s)
            self._is_asking = self._has_wishes  # once more, to forget when what is confirmed was
        asked, self._requests = self._requests, []
        units = np.array([unit for unit, _ in asked], dtype=np.int32)
        kinds = np.array([request for _, request in asked], dtype=np.int8)
        return Requests(units, kinds)

    def _repeat_wishes(self, now_s: float) -> None:
        is_paused = (self.flags & Condition.PAUSED) != 0
        is_here = ~self.absent()
        wants = {
            Request.CANCEL: self.is_cancelling,
            Request.PAUSE: (self.wanted_pauses != 0) & ~is_paused,
            Request.RESUME: (self.wanted_pauses == 0) & is_paused,
        }
        for request, is_wanted in wants.items():
            is_due = is_wanted & is_here & (now_s - self._asked_s[:, request] >= ASK_AGAIN_S)
            for unit in np.flatnonzero(is_due).tolist():
                self._asked_s[unit, request] = now_s
                self._requests.append((unit, request))
            self._asked_s[~is_wanted, request] = -np.inf

    def forget_asking(self) -> None:
        """What was asked may be lost: ask everything again."""
        self._asked_s[:] = -np.inf

    # In words

    def status(self, unit: int, now_s: float, stopped_after_s: float) -> UnitStatus:
        """How the unit is, in one word."""
        flags = int(self.flags[unit])
        if self.is_waiting_admission[unit]:
            return UnitStatus.NOT_ADMITTED
        for condition, status in (
            (Condition.ABSENT, UnitStatus.ABSENT),
            (Condition.LOST, UnitStatus.LOST),
            (Condition.STARTING, UnitStatus.STARTING),
        ):
            if flags & condition:
                return status
        if self.faults[unit]:
            return UnitStatus.FAULTED
        if flags & Condition.STALE:
            return UnitStatus.STALE
        if flags & Condition.PAUSED:
            return UnitStatus.PAUSED
        if self.wanted_pauses[unit]:
            return UnitStatus.PAUSING
        is_stopped = now_s - self.progress_s[unit] >= stopped_after_s
        return UnitStatus.STOPPED if is_stopped else UnitStatus.WORKING
