"""Stations as the work sees them: how many units may come, and what their time is spent on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layouts import Station

PICKING, STARVED, BLOCKED, NO_WORK = range(4)
"""Columns of station times."""


class SlotGate:
    """Lets no more units set out for a station than fit on its queue and service cell.

    A unit without a slot waits where it is, first come, first served: in storage it is in nobody's
    way, on an aisle in front of a full queue it is in everybody's.
    """

    def __init__(self, n_slots: Sequence[int]) -> None:
        self.n_slots = list(n_slots)
        self.n_departed = [0] * len(self.n_slots)
        self._waiting: list[deque[int]] = [deque() for _ in self.n_slots]

    def has_room(self, station: int) -> bool:
        return self.n_departed[station] < self.n_slots[station]

    def request(self, station: int, unit: int) -> bool:
        """Whether the unit may set out now; if not, `release` will name it when it may."""
        if self.has_room(station):
            self.n_departed[station] += 1
            return True
        self._waiting[station].append(unit)
        return False

    def put_off(self, station: int, unit: int) -> None:
        """A unit that cannot go on lets those behind it go first, if it waits for a slot."""
        if unit in self._waiting[station]:
            self._waiting[station].remove(unit)
            self._waiting[station].append(unit)

    def release(self, station: int) -> int:
        """A unit is finished at the station; returns the unit that may set out now, or -1."""
        self.n_departed[station] -= 1
        if not self._waiting[station]:
            return -1
        self.n_departed[station] += 1
        return self._waiting[station].popleft()


class StationClock:
    """Books every instant of every station on exactly one state.

    picking   a job is in progress
    no_work   no job, and no line is open at the station
    blocked   no job, lines are open, and a unit bound for the station is overdue: it set out at
              least its Manhattan driving time ago. It is being changed over from the pod before,
              stuck in the queue, or held up on the way
    starved   no job, lines are open, and nothing could have been here yet

    Overdue times are known when a unit sets out, so an interval is split exactly and a call is
    needed only when jobs or lines change. Times of one station must not go back.
    """

    def __init__(self, n_stations: int, start_s: float = 0.0) -> None:
        self._times_s = [[0.0] * 4 for _ in range(n_stations)]
        self._since_s = [start_s] * n_stations
        self._is_busy = [False] * n_stations
        self._n_lines = [0] * n_stations
        self._due_s: list[dict[int, float]] = [{} for _ in range(n_stations)]

    def set_busy(self, station: int, is_busy: bool, now_s: float) -> None:
        """A job begins or ends."""
        self._book(station, now_s)
        self._is_busy[station] = is_busy

    def add_lines(self, station: int, n_lines: int, now_s: float) -> None:
        """So many more lines are open at the station; fewer if negative."""
        self._book(station, now_s)
        self._n_lines[station] += n_lines

    def expect(self, station: int, unit: int, due_s: float) -> None:
        """The unit sets out now and would be here at `due_s` if nothing hindered it."""
        self._due_s[station][unit] = due_s

    def leave(self, station: int, unit: int, now_s: float) -> None:
        """The unit is finished here."""
        self._book(station, now_s)
        del self._due_s[station][unit]

    def times_s(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 4], seconds picking, starved, blocked and without work until now."""
        rows = [list(row) for row in self._times_s]
        for station, row in enumerate(rows):
            self._add(row, station, now_s)
        return np.array(rows).reshape(len(rows), 4)

    def _book(self, station: int, now_s: float) -> None:
        self._add(self._times_s[station], station, now_s)
        self._since_s[station] = max(now_s, self._since_s[station])

    def _add(self, row: list[float], station: int, now_s: float) -> None:
        since_s = self._since_s[station]
        if now_s <= since_s:
            return
        if self._is_busy[station]:
            row[PICKING] += now_s - since_s
        elif not self._n_lines[station]:
            row[NO_WORK] += now_s - since_s
        else:
            due_s = min(self._due_s[station].values(), default=now_s)
            overdue_s = min(max(due_s, since_s), now_s)
            row[STARVED] += overdue_s - since_s
            row[BLOCKED] += now_s - overdue_s


def count_slots(stations: Sequence[Station]) -> list[int]:
    """Units that fit at each station: one on the service cell and one on every queue cell."""
    return [1 + len(station.queue) for station in stations]
