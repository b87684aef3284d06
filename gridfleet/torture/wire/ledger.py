"""What people at stations really finished, against what was ordered: each line once, to the unit.

Read off the wire: terminals number what was finished and say it until it is acknowledged, so that
whatever the link does, every finished line passes here at least once. Of the controller only the
jobs are taken, for how many units each is.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from gridfleet.torture.oracle import Violation
from hw_bridge.chaos.fate import Way
from hw_bridge.stations.messages import Jobs, Lines
from hw_bridge.wire.frames import Topic

_jobs = msgspec.json.Decoder(Jobs).decode
_lines = msgspec.json.Decoder(Lines).decode
WATCHED = (str(Topic.JOB).encode(), str(Topic.LINE).encode())


@dataclass(frozen=True, slots=True)
class Finished:
    """number: of the station's finished lines, from 1."""

    station: str
    number: int
    job: int
    line: int


class Ledger:
    """wanted: line -> units to take, negative to put in."""

    def __init__(self, wanted: dict[int, int]) -> None:
        self.wanted = wanted
        self._quantity: dict[tuple[int, int], int] = {}
        self._finished: dict[tuple[str, int], Finished] = {}
        self._heard: deque[tuple[str, bytes, bytes]] = deque()
        self.violations: list[Violation] = []

    def tap(self, serial: str, way: Way, frames: list[bytes]) -> None:
        """What passes the proxy; called from its thread."""
        if frames[0] in WATCHED:
            self._heard.append((serial, frames[0], frames[-1]))

    def take(self, now_s: float) -> None:
        """Book what has passed."""
        while self._heard:
            serial, topic, payload = self._heard.popleft()
            if topic == str(Topic.JOB).encode():
                for job in _jobs(payload).jobs:
                    self._quantity[job.job, job.line] = job.quantity
                continue
            for line in _lines(payload).lines:
                self._book(Finished(serial, line.number, line.job, line.line), now_s)

    def _book(self, done: Finished, now_s: float) -> None:
        before = self._finished.setdefault((done.station, done.number), done)
        if before != done:
            what = f"station {done.station}: number {done.number} is of two lines, {before}, {done}"
            self.violations.append(Violation(now_s, "goods", what))

    def handled(self) -> Counter[int]:
        """line -> units that people have handled."""
        units: Counter[int] = Counter()
        for done in self._finished.values():
            units[done.line] += self._quantity.get((done.job, done.line), 0)
        return units

    @property
    def open(self) -> list[int]:
        """Lines that are not all done."""
        handled = self.handled()
        return [line for line, wanted in self.wanted.items() if abs(handled[line]) < abs(wanted)]

    @property
    def doubled(self) -> list[str]:
        """What was done more than once, or too much of."""
        return list(self._say_doubled())

    def _say_doubled(self) -> Iterator[str]:
        times = Counter((done.job, done.line) for done in self._finished.values())
        for (job, line), n_times in sorted(times.items()):
            if n_times > 1:
                yield f"line {line} was finished {n_times} times for job {job}"
        handled = self.handled()
        for line in sorted(handled):
            wanted = self.wanted.get(line, 0)
            if abs(handled[line]) > abs(wanted) or handled[line] * wanted < 0:
                yield f"line {line}: {handled[line]} units were handled, of {wanted} wanted"
