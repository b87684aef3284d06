"""Stations on the bridge: jobs out, finished lines and refused scans in, and who can work."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from backend_rig import Hall

from fleet_control.backend import StationEvent, StationJobs
from hw_bridge.labels import Labels
from hw_bridge.stations.messages import Ack, Jobs
from hw_bridge.transport import Received
from hw_bridge.wire.frames import Link, Topic

LABELS = Labels(sku=lambda sku: f"EAN{sku}", order=lambda job, line: f"order {line}")


class Desk:
    """A terminal's messages, written by hand. seq: of the last one."""

    def __init__(self, hall: Hall, serial: str = "S1") -> None:
        self.hall, self.serial, self.seq = hall, serial, 0
        self.is_silent = False
        self.told: dict[str, Any] = {"jobs": 0, "lines": 0}
        hall.others.append(self.beat)
        self.beat()

    def beat(self) -> None:
        if not self.is_silent:
            self.say("terminal", self.told)

    def say(self, topic: str, body: Any, epoch: int = 7) -> None:
        self.seq += 1
        link = Link(seq=self.seq, session=1, epoch=epoch)
        payload = msgspec.json.encode(body)
        self.hall.wire.inbox.append(Received(self.serial, Topic(topic), link, payload))

    def last(self, topic: Topic, kind: Any) -> Any:
        payloads = [p for s, t, _, p in self.hall.wire.sent if (s, t) == (self.serial, topic)]
        return msgspec.json.decode(payloads[-1], type=kind)


@pytest.fixture
def desk() -> Desk:
    hall = Hall(n_units=1, n_stations=1, options={"labels": LABELS})
    made = Desk(hall)
    hall.backend.connect()
    return made


def jobs(*rows: tuple[int, int, int, int, int, int]) -> StationJobs:
    return StationJobs(*(np.array(column, dtype=np.int32) for column in zip(*rows, strict=True)))


def events(reports: Any) -> list[tuple[int, ...]]:
    news = reports.station_news
    columns = (news.stations, news.events, news.jobs, news.lines)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_jobs_are_sent_until_the_terminal_has_them(desk: Desk) -> None:
    hall = desk.hall
    hall.give(jobs((0, 5, 50, 2, 7, 3), (0, 5, 51, -1, -1, -1)))
    first, second = desk.last(Topic.JOB, Jobs).jobs
    assert (first.number, first.job, first.line, first.quantity) == (1, 5, 50, 2)
    assert (first.pod, first.sku, first.order) == ("P00007", "EAN3", "order 50")
    assert (second.number, second.pod, second.sku) == (2, "", "")
    hall.advance(1.0)
    n_sent = hall.backend.figures.sent[Topic.JOB]
    assert n_sent >= 3
    desk.told = {"jobs": 2, "lines": 0}
    hall.advance(0.4)
    n_sent = hall.backend.figures.sent[Topic.JOB]
    hall.advance(1.0)
    assert hall.backend.figures.sent[Topic.JOB] == n_sent


def test_finished_lines_are_told_once_and_acknowledged_by_what_follows(desk: Desk) -> None:
    hall = desk.hall
    lines = {"lines": [{"number": 1, "job": 5, "line": 50, "agoS": 0.1}]}
    hall.advance(0.4)
    desk.say("line", lines)
    reports = hall.advance(0.2)
    assert reports.lines.tolist() == [50]
    desk.say("line", lines)
    reports = hall.advance(0.6)
    assert not len(reports.lines)
    assert desk.last(Topic.ACK, Ack).lines == 0
    hall.give()
    hall.advance(0.6)
    assert desk.last(Topic.ACK, Ack).lines == 1


def test_refused_scans_are_told_once_and_acknowledged_by_what_follows(desk: Desk) -> None:
    hall = desk.hall
    hall.advance(0.2)
    first = {"number": 1, "kind": "wrong-pod", "job": 5, "line": 50, "wanted": "P1", "scanned": "?"}
    second = {**first, "number": 2, "kind": "wrong-sku"}
    desk.say("refusal", {"refusals": [first]})
    assert events(hall.advance(0.2)) == [(0, StationEvent.WRONG_POD, 5, 50)]
    desk.say("refusal", {"refusals": [first, second]})
    assert events(hall.advance(0.2)) == [(0, StationEvent.WRONG_SKU, 5, 50)]
    hall.advance(0.6)
    assert desk.last(Topic.ACK, Ack).refusals == 0
    hall.give()
    hall.advance(0.6)
    assert desk.last(Topic.ACK, Ack).refusals == 2
    desk.say("refusal", {"refusals": [{**first, "number": 3}]}, epoch=6)  # to another controller
    assert events(hall.advance(0.2)) == []


def test_a_station_is_ready_when_somebody_can_work_there(desk: Desk) -> None:
    hall = desk.hall
    ready, not_ready = (
        (0, event, -1, -1) for event in (StationEvent.READY, StationEvent.NOT_READY)
    )
    assert events(hall.advance(0.4)) == [ready]
    assert events(hall.advance(0.4)) == []
    desk.told["isManned"] = False
    assert events(hall.advance(0.4)) == [not_ready]
    desk.told["isManned"] = True
    assert events(hall.advance(0.4)) == [ready]
    desk.told["fault"] = "the scanner is broken"
    assert events(hall.advance(0.4)) == [not_ready]
    del desk.told["fault"]
    assert events(hall.advance(0.4)) == [ready]
    desk.is_silent = True
    assert events(hall.advance(9.0)) == []
    assert events(hall.advance(2.0)) == [not_ready]
    desk.is_silent = False
    assert events(hall.advance(0.4)) == [ready]


def test_a_station_that_was_never_heard_is_not_ready() -> None:
    hall = Hall(n_units=1, n_stations=2)
    Desk(hall)
    hall.backend.connect()
    seen = [row for _ in range(30) for row in events(hall.advance(0.5))]
    assert seen == [
        (0, StationEvent.READY, -1, -1), (1, StationEvent.NOT_READY, -1, -1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("terminal", {"jobs": -1, "lines": 0}),
        ("terminal", {"jobs": 0}),
        ("terminal", {"jobs": 1 << 40, "lines": 0}),
        ("line", {"lines": [{"number": 1, "job": 1, "line": 1, "agoS": -5.0}]}),
        ("line", {"lines": 3}),
        ("refusal", {"refusals": [{"number": 1, "kind": "wrong-hat", "job": 1, "line": 1}]}),
    ],
)
def test_nonsense_of_a_station_is_refused(desk: Desk, topic: str, body: Any) -> None:
    desk.hall.advance(0.2)
    desk.say(topic, body)
    desk.hall.advance(0.2)
    assert desk.hall.backend.refused() == {"malformed": 1}
