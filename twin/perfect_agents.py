"""The units' end of the seam where everything said is heard at once: requests and conditions.

An agent is what runs on a drive unit. Over a link that loses, doubles and delays messages agents
have more to do (twin.agents); these here are for a twin whose controller sits beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import (
    Arrivals,
    Condition,
    Conditions,
    FaultCode,
    Request,
    Requests,
    Retractions,
)
from twin.causes import Cause

if TYPE_CHECKING:
    from twin.floor.world import World

ARRIVAL_NEWS_S = 2.0
"""How often a unit says that it waits to be admitted."""


class PerfectAgents:
    """One agent per unit. is_deaf: bool[n_units], hears no releases: off the floor, starting, or
    not admitted. is_busy: whether there is news, or will be once a unit stands or time is over."""

    def __init__(self, twin: World) -> None:
        n_units = len(twin.units)
        self._twin = twin
        self._flags = np.zeros(n_units, dtype=np.int8)
        self._sessions = np.zeros(n_units, dtype=np.int32)
        self._told = np.zeros((2, n_units), dtype=np.int32)  # flags, sessions
        self._factors = np.ones((n_units, len(Cause)))
        self._pausing: list[int] = []
        self._cancelling: list[int] = []
        self._starting: dict[int, float] = {}  # unit: when it knows where it is
        self._arriving: dict[int, float] = {}  # unit: when it says so next
        self.is_deaf, self.n_deaf = np.zeros(n_units, dtype=bool), 0
        self._has_changed = False

    @property
    def is_busy(self) -> bool:
        return bool(
            self._has_changed or self._pausing or self._cancelling or self._starting
            or self._arriving
        )  # fmt: skip

    # ------------------------------------------------------------------ the seam

    def ask(self, requests: Requests) -> None:
        """What a controller asks of units that are on the floor."""
        rows = zip(requests.units.tolist(), requests.kinds.tolist(), strict=True)
        for unit, kind in rows:
            if not self._twin.is_off[unit]:
                self._obey(unit, Request(kind))

    def _obey(self, unit: int, request: Request) -> None:
        if request is Request.PAUSE:
            self._pause(unit)
        elif request is Request.RESUME:
            self._resume(unit)
        elif request is Request.RETRY:
            self._twin.retry(unit)
        elif request is Request.ADMIT:
            self._begin_work(unit)
        elif request is Request.CANCEL and unit not in self._cancelling and not self.is_deaf[unit]:
            self._twin.stop_short(unit)
            self._cancelling.append(unit)

    def _pause(self, unit: int) -> None:
        self._hinder(unit, Cause.ASKED, 0.0)
        if unit not in self._pausing and not self._flags[unit] & Condition.PAUSED:
            self._pausing.append(unit)

    def _resume(self, unit: int) -> None:
        self._hinder(unit, Cause.ASKED, 1.0)
        if unit in self._pausing:
            self._pausing.remove(unit)
        self._set_flag(unit, Condition.PAUSED, False)

    def _begin_work(self, unit: int) -> None:
        if self._arriving.pop(unit, None) is not None:
            self._set_deaf(unit, False)
            self._hinder(unit, Cause.FORGOTTEN, 1.0)
            self._twin.tell_fault_again(unit)

    def connect(self) -> Conditions:
        """A new controller is told of everyone on the floor, so whoever has arrived is welcome."""
        for unit in list(self._arriving):
            self._begin_work(unit)
        self._cancelling.clear()
        self._note_told()
        return self._conditions(np.flatnonzero(self._flags))

    def news(self) -> tuple[Conditions, Retractions, Arrivals]:
        """What there is to tell of conditions, of steps given up, and of units that appear."""
        for unit in [unit for unit in self._pausing if self._twin.is_standing(unit)]:
            self._pausing.remove(unit)
            self._set_flag(unit, Condition.PAUSED, True)
        retractions = self._retractions()
        now = np.stack([self._flags, self._sessions])
        changed = np.flatnonzero((now != self._told).any(axis=0))
        self._note_told()
        return self._conditions(changed), retractions, self._arrivals()

    def _note_told(self) -> None:
        self._told[0], self._told[1] = self._flags, self._sessions
        self._has_changed = False

    def _conditions(self, rows: NDArray[np.intp]) -> Conditions:
        return Conditions(rows.astype(np.int32), self._flags[rows], self._sessions[rows])

    def _retractions(self) -> Retractions:
        given_up = {}
        for unit in [unit for unit in self._cancelling if self._has_stopped(unit)]:
            self._cancelling.remove(unit)
            # Asked again: what it was at may have failed, and a pause may have stopped it earlier.
            given_up[unit] = self._twin.stop_short(unit)
        for unit in [u for u, end_s in self._starting.items() if end_s <= self._twin.time_s]:
            given_up.update(self._end_start(unit))
        columns = np.array(sorted(given_up.items()), dtype=np.int32).reshape(-1, 2).T.copy()
        return Retractions(columns[0], columns[1])

    def _has_stopped(self, unit: int) -> bool:
        record = self._twin.units[unit]
        if not self._twin.is_standing(unit):
            return False
        return bool(record["done"] == record["released"] or record["factor"] == 0.0)

    def _arrivals(self) -> Arrivals:
        units, now_s = self._twin.units, self._twin.time_s
        rows = [unit for unit, next_s in sorted(self._arriving.items()) if next_s <= now_s]
        for unit in rows:
            self._arriving[unit] = now_s + ARRIVAL_NEWS_S
        cells = self._twin.step_cells[rows, 0]
        return Arrivals(
            np.array(rows, dtype=np.int32), cells, units["heading"][rows], units["carried"][rows]
        )

    # ------------------------------------------------------------------ what befalls units

    def _hinder(self, unit: int, cause: Cause, factor: float) -> None:
        self._factors[unit, cause] = factor
        self._twin.set_speed_factor(unit, float(self._factors[unit].min()))

    def _set_flag(self, unit: int, flag: Condition, is_set: bool) -> None:
        flags = int(self._flags[unit])
        self._flags[unit] = flags | flag if is_set else flags & ~flag
        self._has_changed = True

    def _set_deaf(self, unit: int, is_deaf: bool) -> None:
        self.is_deaf[unit] = is_deaf
        self.n_deaf = int(self.is_deaf.sum())

    def set_stopped(self, unit: int, is_stopped: bool) -> None:
        """The unit stands for a reason of its own, and goes on later."""
        self._hinder(unit, Cause.STOP, 0.0 if is_stopped else 1.0)

    def set_slow(self, unit: int, factor: float) -> None:
        """The unit can use this share of its speed; 1 all of it."""
        self._hinder(unit, Cause.SLOW, factor)

    def set_low_battery(self, unit: int, is_low: bool) -> None:
        self._set_flag(unit, Condition.LOW_BATTERY, is_low)

    def lose_place(self, unit: int) -> None:
        """The unit does not know where it is: it stands until `find_place`."""
        self._twin.set_fault(unit, FaultCode.LOST_PLACE)

    def find_place(self, unit: int) -> None:
        self._twin.clear_fault(unit)

    def break_down(self, unit: int) -> None:
        """The unit stands for good, wherever it comes to a stand, until `repair`."""
        self._twin.set_fault(unit, FaultCode.BROKEN)

    def repair(self, unit: int) -> None:
        self._twin.clear_fault(unit)

    def reboot(self, unit: int, start_s: float) -> None:
        """The unit is switched off and on: it forgets its steps, and needs `start_s` seconds until
        it knows where it is."""
        self._twin.forget(unit)
        self._begin_session(unit, start_s)

    def take_off(self, unit: int) -> None:
        """The unit is carried off the floor, with its pod if it has one, and is not heard of."""
        self._twin.take_off(unit)
        self._forget_requests(unit)
        self._starting.pop(unit, None)
        self._arriving.pop(unit, None)
        self._set_deaf(unit, True)
        self._set_flag(unit, Condition.LOST, True)

    def put_on(self, unit: int, cell: int, heading: int, start_s: float = 0.0) -> None:
        """The unit is put down on a cell and switched on; it waits to be admitted."""
        self._twin.put_on(unit, cell, heading)
        self._set_flag(unit, Condition.LOST, False)
        self._begin_session(unit, start_s)
        self._arriving[unit] = self._starting[unit]

    def _begin_session(self, unit: int, start_s: float) -> None:
        self._forget_requests(unit)
        self._sessions[unit] += 1
        self._starting[unit] = self._twin.time_s + start_s
        self._hinder(unit, Cause.FORGOTTEN, 0.0)
        self._set_flag(unit, Condition.STARTING, True)
        self._set_deaf(unit, True)

    def _end_start(self, unit: int) -> dict[int, int]:
        """The unit knows where it is. Returns {unit: last step it has left}, or nothing for one
        that has to be admitted and has no steps."""
        del self._starting[unit]
        self._set_flag(unit, Condition.STARTING, False)
        if unit in self._arriving:
            return {}
        self._set_deaf(unit, False)
        self._hinder(unit, Cause.FORGOTTEN, 1.0)
        return {unit: int(self._twin.units["released"][unit])}

    def _forget_requests(self, unit: int) -> None:
        for asked in (self._pausing, self._cancelling):
            if unit in asked:
                asked.remove(unit)
        self._hinder(unit, Cause.ASKED, 1.0)
        self._set_flag(unit, Condition.PAUSED, False)
