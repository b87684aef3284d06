"""Stations at which nobody can work, or to which no unit gets: work for them is not begun.

Without this, units would fetch pods for a station that cannot be served until all of them stand
under one. What is under way to it goes on, and waits.
"""

from __future__ import annotations

import numpy as np

from fleet_control.backend import StationEvent, StationNews
from fleet_control.events import EventKind
from fleet_control.mapf.reach import FloorReach
from fleet_control.supervision.books import Books
from fleet_control.work.work import Work

_SCANS = (StationEvent.WRONG_POD, StationEvent.WRONG_SKU)


class Stations:
    """not_ready: stations that say that nobody can work there, or are not heard of. cut_off: those
    that units cannot get to, whatever is in the way, but for a unit that stands there for a while.
    n_refused: scans that were refused so far."""

    def __init__(self, books: Books, work: Work, reach: FloorReach | None) -> None:
        self._books, self._work, self._reach = books, work, reach
        self._shut = np.zeros_like(books.closures.is_blocked)
        self.not_ready: set[int] = set()
        self.cut_off: frozenset[int] = frozenset()
        self.n_refused = 0

    @property
    def closed(self) -> frozenset[int]:
        return self.cut_off.union(self.not_ready)

    def take_in(self, news: StationNews) -> None:
        """What stations tell beside finished lines."""
        before = self.closed
        rows = zip(
            news.stations.tolist(), news.events.tolist(), news.jobs.tolist(), news.lines.tolist(),
            strict=True,
        )  # fmt: skip
        for station, event, _, line in rows:
            if event in _SCANS:
                self.n_refused += 1
                self._note(EventKind.SCAN_REFUSED, station, line, float(event))
            elif event == StationEvent.READY:
                self.not_ready.discard(station)
                self._note(EventKind.STATION_READY, station)
            else:
                self.not_ready.add(station)
                self._note(EventKind.STATION_NOT_READY, station)
        self._tell_work(before)

    def look(self) -> None:
        """Which stations no unit gets to and away from."""
        if self._reach is None or not (self.cut_off or self._books.executor.is_closed.any()):
            return
        shut = self._books.closures.lasting()
        if np.array_equal(shut, self._shut):
            return
        self._shut, before = shut, self.closed
        self.cut_off = frozenset(self._reach.cut_off_by(shut).station_numbers)
        self._tell_work(before)

    def _tell_work(self, before: frozenset[int]) -> None:
        if self.closed != before:
            self._work.close_stations(self.closed, self._books.now_s)

    def _note(self, kind: EventKind, station: int, line: int = -1, value: float = 0.0) -> None:
        self._books.log.add(self._books.now_s, kind, station=station, line=line, value=value)
