"""The account of station time: every microsecond in one of four states, and on one cause."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import Cause, FloorView
from fleet_control.accounting.ticks import seconds, ticks

PICKING, STARVED, BLOCKED, NO_WORK = range(4)
"""Columns of station times."""
USUAL_LINE_S = 30.0
"""What a line takes a station, until one is done anywhere on the floor."""
WhyNoTask = Callable[[int, FloorView], Cause]


class StationClock:
    """Books every instant of every station on exactly one state, and on exactly one Cause.

    picking   a job is in progress
    no_work   no job, and no line is open at the station
    blocked   no job, lines are open, and a unit bound for the station is overdue: it set out at
              least its Manhattan driving time ago. It is being changed over from the pod before,
              stuck in the queue, or held up on the way
    starved   no job, lines are open, and nothing could have been here yet

    Overdue times are known when a unit sets out, so an interval is split exactly and a call is
    needed only when jobs or lines change. Times of one station must not go back.

    Causes are finer. What is expected there is the way over the floor, where it is known, and not
    the Manhattan distance; and units that fetch a pod for the station are expected too. Why they
    are late, and why nobody comes at all, holds from one `look` to the next. A line that stock did
    not cover would have kept the station busy: it owes the station what a line has taken there so
    far on average, waits included, and time without a line is booked on MISSING_STOCK as long as
    any is owed.
    """

    def __init__(self, n_stations: int, start_s: float = 0.0) -> None:
        self._start = self._looked = ticks(start_s)
        self._states = [[0] * 4 for _ in range(n_stations)]
        self._causes = [[0] * len(Cause) for _ in range(n_stations)]
        self._since = [self._start] * n_stations
        self._is_busy = [False] * n_stations
        self._n_lines = [0] * n_stations
        self._n_done = [0] * n_stations
        self._owed = [0] * n_stations
        self._due: list[dict[int, int]] = [{} for _ in range(n_stations)]
        self._expected: list[dict[int, int]] = [{} for _ in range(n_stations)]
        self._late = [Cause.CONGESTION] * n_stations
        self._absent = [Cause.RELEASE] * n_stations
        self._held: set[int] = set()
        self._closed: Set[int] = frozenset()

    def set_busy(self, station: int, is_busy: bool, now_s: float) -> None:
        """A job begins or ends."""
        self._book(station, ticks(now_s))
        self._is_busy[station] = is_busy
        if not is_busy:
            self._late[station] = Cause.CHANGEOVER

    def add_lines(self, station: int, n_lines: int, now_s: float) -> None:
        """So many more lines are open at the station; fewer if negative."""
        self._book(station, ticks(now_s))
        self._n_lines[station] += n_lines

    def line_done(self, station: int, now_s: float) -> None:
        """An open line is done."""
        self.add_lines(station, -1, now_s)
        self._n_done[station] += 1

    def line_short(self, station: int, now_s: float) -> None:
        """A line was to be open at the station, and there is no stock for it."""
        self._book(station, ticks(now_s))
        self._owed[station] += self._usual(station)

    def expect(self, station: int, unit: int, due_s: float) -> None:
        """The unit sets out now and would be here at `due_s` if nothing hindered it."""
        self._due[station][unit] = self._expected[station][unit] = ticks(due_s)

    def expect_anew(self, station: int, unit: int, due_s: float, now_s: float) -> None:
        """More is known of the unit's way, or it has done a part of it; or it goes for a pod now
        and does not set out for the station yet."""
        self._book(station, ticks(now_s))
        self._expected[station][unit] = ticks(due_s)

    def leave(self, station: int, unit: int, now_s: float) -> None:
        """The unit is finished here, or does not come."""
        self._book(station, ticks(now_s))
        self._expected[station].pop(unit, None)
        self._due[station].pop(unit, None)
        self._held.discard(station)

    def hold(self, station: int, now_s: float) -> None:
        """What stands at the station is done there and has no place to go, until it leaves."""
        self._book(station, ticks(now_s))
        self._held.add(station)

    def close(self, closed: Set[int], now_s: float) -> None:
        """These stations are closed from now on, and no others."""
        for station in sorted(self._closed ^ closed):
            self._book(station, ticks(now_s))
        self._closed = frozenset(closed)

    def look(self, now_s: float, floor: FloorView, why_no_task: WhyNoTask) -> None:
        """Find out why stations wait: from now on, or since they began to wait for that reason, if
        that was after the last look. To be called every second or so. why_no_task: of a station
        to which no unit comes."""
        now = ticks(now_s)
        for station, n_lines in enumerate(self._n_lines):
            if n_lines and not self._is_busy[station]:
                self._look_at(station, now, floor, why_no_task)
        self._looked = now

    def _look_at(self, station: int, now: int, floor: FloorView, why_no_task: WhyNoTask) -> None:
        first = min(self._expected[station].values(), default=None)
        if first is None:
            cause, told = why_no_task(station, floor), self._absent
        else:
            cause, told = Cause.CONGESTION, self._late
            if first <= now:
                cause = self._why_late(station, now, floor)
        if cause is not told[station]:
            if max(self._since[station], first or 0) <= self._looked:
                self._book(station, now)
            told[station] = cause

    def _why_late(self, station: int, now: int, floor: FloorView) -> Cause:
        if floor.is_shut(station):
            return Cause.STOPPED
        if any(floor.stands_in(unit, station) for unit in self._due[station]):
            return Cause.CHANGEOVER
        expected = self._expected[station].items()
        is_stopped = all(floor.is_stopped(unit) for unit, due in expected if due <= now)
        return Cause.STOPPED if is_stopped else Cause.CONGESTION

    def times_s(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 4], seconds picking, starved, blocked and without work until now."""
        return seconds(self._until(self._states, now_s, is_state=True))

    def causes_s(self, now_s: float) -> NDArray[np.float64]:
        """float64[n_stations, 12], seconds by Cause until now."""
        return seconds(self.causes(now_s))

    def causes(self, now_s: float) -> NDArray[np.int64]:
        """int64[n_stations, 12], ticks by Cause until now."""
        return self._until(self._causes, now_s, is_state=False)

    def _until(self, booked: list[list[int]], now_s: float, *, is_state: bool) -> NDArray[np.int64]:
        now, rows = ticks(now_s), [list(row) for row in booked]
        for station, row in enumerate(rows):
            if now > self._since[station]:
                (self._add_state if is_state else self._add_cause)(row, station, now)
        return np.array(rows, dtype=np.int64).reshape(len(rows), 4 if is_state else len(Cause))

    def _book(self, station: int, now: int) -> None:
        if now <= self._since[station]:
            return
        self._add_state(self._states[station], station, now)
        self._owed[station] -= self._add_cause(self._causes[station], station, now)
        self._since[station] = now

    def _add_state(self, row: list[int], station: int, now: int) -> None:
        since = self._since[station]
        if self._is_busy[station]:
            row[PICKING] += now - since
        elif not self._n_lines[station]:
            row[NO_WORK] += now - since
        else:
            overdue = _between(since, now, min(self._due[station].values(), default=now))
            row[STARVED] += overdue - since
            row[BLOCKED] += now - overdue

    def _add_cause(self, row: list[int], station: int, now: int) -> int:
        """Returns how much of what is owed to the station was booked."""
        since = self._since[station]
        if self._is_busy[station]:
            row[Cause.PICKING] += now - since
        elif station in self._closed:
            row[Cause.STOPPED] += now - since
        elif not self._n_lines[station]:
            owed = min(self._owed[station], now - since)
            row[Cause.MISSING_STOCK] += owed
            row[Cause.NO_ORDER] += now - since - owed
            return owed
        elif station in self._held:
            row[Cause.NO_ROOM] += now - since
        elif not self._expected[station]:
            row[self._absent[station]] += now - since
        else:
            overdue = _between(since, now, min(self._expected[station].values()))
            row[Cause.TRAVEL] += overdue - since
            row[self._late[station]] += now - overdue
        return 0

    def _usual(self, station: int) -> int:
        """What a line takes, waits included: at this station so far, or on the floor."""
        for stations in ([station], range(len(self._n_done))):
            n_done = sum(self._n_done[s] for s in stations)
            if n_done:
                took = sum(self._since[s] - self._start - self._without_lines(s) for s in stations)
                return took // n_done
        return ticks(USUAL_LINE_S)

    def _without_lines(self, station: int) -> int:
        row = self._causes[station]
        return row[Cause.NO_ORDER] + row[Cause.MISSING_STOCK] + row[Cause.STOPPED]


def _between(least: int, most: int, value: int) -> int:
    return min(max(value, least), most)
