"""What stations are asked, and what they tell.

JOB and ACK records become messages; terminals and finished lines become records. Refused scans and
whether anybody can work at a station are no matter of the courier's: they are kept here, by the
same rules. A refusal is told once, and acknowledged by the commands that follow its report.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from fleet_control.backend import StationEvent, StationNews, no_station_news
from fleet_control.link.messages import LOST_S
from hw_bridge.labels import Labels
from hw_bridge.stations.messages import (
    Ack,
    Job,
    Jobs,
    Lines,
    RefusalKind,
    Refusals,
    Terminal,
)
from hw_bridge.vda5050.base import MessageError, decode

_EVENTS = {
    RefusalKind.WRONG_POD: StationEvent.WRONG_POD,
    RefusalKind.WRONG_SKU: StationEvent.WRONG_SKU,
}
_MAX_INT = (1 << 31) - 1
_UNKNOWN = -1
TerminalRow = tuple[int, int, int, int]
LineRow = tuple[int, int, int, int, int, float]


class StationError(ValueError):
    """A message of a station that cannot be meant; the text says why."""


class _Desk:
    """received: refusals heard. handed_out: those told. noted: those acknowledged. is_ready, told:
    whether anybody can work there, now and as told; None not known."""

    def __init__(self, now_s: float) -> None:
        self.received = self.handed_out = self.noted = 0
        self.is_ready: bool | None = None
        self.told: bool | None = None
        self.heard_s = now_s
        self.terminal: Terminal | None = None


class Stations:
    """now_s: of the first look at them; from then on they are waited for."""

    def __init__(self, n_stations: int, labels: Labels, now_s: float) -> None:
        self._labels = labels
        self._desks = [_Desk(now_s) for _ in range(n_stations)]
        self._news: list[tuple[int, int, int, int]] = []

    def terminal_of(self, station: int) -> Terminal | None:
        """The newest word of the terminal itself."""
        return self._desks[station].terminal

    def jobs(self, rows: list[Any]) -> bytes:
        """Message for JOB records of one station."""
        jobs = tuple(
            Job(
                number=int(row["number"]), job=int(row["job"]), line=int(row["line"]),
                quantity=int(row["quantity"]),
                pod=self._labels.pod(int(row["pod"])) if row["pod"] >= 0 else "",
                sku=self._labels.sku(int(row["sku"])) if row["sku"] >= 0 else "",
                order=self._labels.order(int(row["job"]), int(row["line"])),
            )
            for row in rows
        )  # fmt: skip
        return msgspec.json.encode(Jobs(jobs=jobs))

    def ack(self, station: int, n_lines: int) -> bytes:
        """Message for an ACK record. n_lines: -1 while the controller knows of none."""
        noted = self._desks[station].noted
        return msgspec.json.encode(Ack(lines=max(n_lines, 0), refusals=noted))

    def hear_terminal(self, station: int, epoch: int, payload: bytes, now_s: float) -> TerminalRow:
        """The TERMINAL record. Raises StationError, as the others do."""
        message = _decode(Terminal, payload)
        _check_numbers(message.jobs, message.lines, message.refusals)
        desk = self._desks[station]
        desk.terminal, desk.heard_s = message, now_s
        desk.is_ready = message.is_manned and not message.fault
        return station, epoch, message.jobs, message.lines

    def hear_lines(self, station: int, epoch: int, payload: bytes) -> list[LineRow]:
        """LINE records."""
        rows = []
        for line in _decode(Lines, payload).lines:
            _check_numbers(line.number, line.job, line.line)
            if not 0.0 <= line.ago_s < np.inf:
                raise StationError(f"line {line.number} was finished {line.ago_s} s ago")
            rows.append((station, epoch, line.number, line.job, line.line, line.ago_s))
        return rows

    def hear_refusals(self, station: int, payload: bytes) -> None:
        """All that no Ack covers yet, so none is missing before the first."""
        refusals = _decode(Refusals, payload).refusals
        for refusal in refusals:
            _check_numbers(refusal.number, refusal.job, refusal.line)
        desk = self._desks[station]
        for refusal in refusals:
            if refusal.number > desk.received:
                desk.received = refusal.number
                event = _EVENTS[refusal.kind]
                self._news.append((station, event, refusal.job, refusal.line))

    def note_down(self) -> bool:
        """Commands have come: what was handed out before is noted down for good. True where that
        is to be told."""
        is_news = False
        for desk in self._desks:
            is_news |= desk.noted != desk.handed_out
            desk.noted = desk.handed_out
        return is_news

    def hand_out(self, now_s: float) -> StationNews:
        """What is new since the last time."""
        news, self._news = self._news, []
        for station, desk in enumerate(self._desks):
            desk.handed_out = desk.received
            if now_s - desk.heard_s > LOST_S:
                desk.is_ready = False
            if desk.is_ready is not None and desk.is_ready != desk.told:
                desk.told = desk.is_ready
                event = StationEvent.READY if desk.is_ready else StationEvent.NOT_READY
                news.append((station, event, _UNKNOWN, _UNKNOWN))
        if not news:
            return no_station_news()
        stations, events, jobs, lines = zip(*news, strict=True)
        return StationNews(
            np.array(stations, dtype=np.int32), np.array(events, dtype=np.int8),
            np.array(jobs, dtype=np.int32), np.array(lines, dtype=np.int32),
        )  # fmt: skip


def _decode(kind: Any, payload: bytes) -> Any:
    try:
        return decode(kind, payload)
    except MessageError as error:
        raise StationError(str(error)) from None


def _check_numbers(*numbers: int) -> None:
    for number in numbers:
        if not 0 <= number <= _MAX_INT:
            raise StationError(f"the number {number} is out of range")
