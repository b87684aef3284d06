"""The agent of a station's terminal: jobs in order and once, scans, lines told until noted down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_bridge.stations.memory import FileMemory, TerminalMemoryError, TransientMemory
from hw_bridge.stations.messages import Ack, Job, Jobs, Lines, RefusalKind, Refusals, Terminal
from hw_bridge.stations.terminal import Scan, TerminalAgent
from hw_bridge.wire.frames import Link, Topic

encode = msgspec.json.encode


class Desk:
    """A terminal, and what a controller and a person do with it."""

    def __init__(self, memory=None) -> None:
        self.memory = memory or TransientMemory()
        self.agent = TerminalAgent(self.memory, 0.0)
        self.now_s = 0.0

    def jobs(self, *jobs: Job, epoch: int = 1, session: int = 0) -> None:
        self.hear(Topic.JOB, encode(Jobs(jobs=jobs)), epoch, session)

    def ack(self, lines: int, refusals: int = 0, epoch: int = 1) -> None:
        self.hear(Topic.ACK, encode(Ack(lines=lines, refusals=refusals)), epoch)

    def hear(self, topic: Topic, payload: bytes, epoch: int, session: int = 0) -> None:
        self.agent.hear(topic, Link(seq=1, epoch=epoch, session=session), payload, self.now_s)

    def told(self, seconds: float = 0.0) -> dict[Topic, object]:
        self.now_s += seconds
        kinds = {Topic.TERMINAL: Terminal, Topic.LINE: Lines, Topic.REFUSAL: Refusals}
        return {
            m.topic: msgspec.json.decode(m.payload, type=kinds[m.topic])
            for m in self.agent.tick(self.now_s)
        }

    def again(self) -> None:
        """Switched off and on."""
        self.agent = TerminalAgent(self.memory, self.now_s)


def job(number: int, line: int | None = None, **more: object) -> Job:
    return Job(number=number, job=7, line=number if line is None else line, quantity=1, **more)


def open_lines(desk: Desk) -> list[int]:
    return [job.line for job in desk.agent.open_lines()]


def test_jobs_are_taken_in_order_and_once() -> None:
    desk = Desk()
    desk.jobs(job(2), job(3))  # the first one was lost
    assert open_lines(desk) == []
    desk.jobs(job(1), job(2))
    desk.jobs(job(1), job(2), job(3))
    assert open_lines(desk) == [1, 2, 3]
    assert desk.told()[Topic.TERMINAL].jobs == 3


def test_a_line_is_told_until_it_is_noted_down() -> None:
    desk = Desk()
    desk.jobs(job(1), job(2))
    desk.told()
    desk.now_s = 5.0
    desk.agent.finish(4.0)
    lines = desk.told()[Topic.LINE].lines
    assert [(line.number, line.line, line.ago_s) for line in lines] == [(1, 1, 1.0)]
    assert Topic.LINE not in desk.told(0.1)
    assert len(desk.told(0.5)[Topic.LINE].lines) == 1
    desk.ack(1)
    told = desk.told(0.5)
    assert Topic.LINE not in told
    assert told[Topic.TERMINAL].lines == 1


def test_a_later_controller_asks_again_and_gets_every_line_once() -> None:
    desk = Desk()
    desk.jobs(job(1), job(2))
    desk.agent.finish(0.0)
    desk.jobs(job(1, line=1), job(2, line=2), job(3, line=3), epoch=2)
    assert open_lines(desk) == [2, 3]
    assert [line.line for line in desk.told()[Topic.LINE].lines] == [1]
    desk.ack(1, epoch=2)
    desk.agent.finish(1.0)
    desk.jobs(job(4, line=1), epoch=2)  # asked for anew after all: it is done anew
    assert open_lines(desk) == [3, 1]


def test_a_replaced_controller_and_another_life_are_not_heard() -> None:
    desk = Desk()
    desk.hear(Topic.HELLO, b"", epoch=2)
    desk.jobs(job(1), epoch=1)
    desk.jobs(job(1), epoch=2, session=5)
    assert open_lines(desk) == []
    assert desk.agent.n_refused_frames == 2
    desk.jobs(job(1), epoch=2, session=1)
    assert open_lines(desk) == [1]


def test_wrong_scans_are_refused_and_told_until_they_are_noted() -> None:
    desk = Desk()
    desk.jobs(job(1, pod="P00001", sku="A"))
    assert desk.agent.wants is Scan.POD
    assert not desk.agent.scan("P00002", 1.0)
    with pytest.raises(ValueError, match="no line is ready"):
        desk.agent.finish(1.0)
    assert desk.agent.scan("P00001", 2.0)
    assert not desk.agent.scan("B", 3.0)
    assert desk.agent.scan("A", 4.0)
    assert desk.agent.wants is Scan.NOTHING
    desk.now_s = 5.0
    told = desk.told()
    rows = [(r.number, r.kind, r.wanted, r.scanned, r.ago_s) for r in told[Topic.REFUSAL].refusals]
    assert rows == [
        (1, RefusalKind.WRONG_POD, "P00001", "P00002", 4.0),
        (2, RefusalKind.WRONG_SKU, "A", "B", 2.0),
    ]
    assert told[Topic.TERMINAL].refusals == 2
    desk.ack(0, refusals=1)
    assert [r.number for r in desk.told(0.5)[Topic.REFUSAL].refusals] == [2]
    desk.agent.finish(6.0)
    assert open_lines(desk) == []


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    desk = Desk(FileMemory(tmp_path / "S1.json"))
    desk.jobs(job(1), job(2, pod="P1"), job(3))
    desk.agent.finish(0.0)
    desk.agent.scan("P2", 0.0)
    desk.again()
    assert desk.agent.session == 2
    assert open_lines(desk) == [2, 3]
    told = desk.told()
    assert [line.line for line in told[Topic.LINE].lines] == [1]
    assert [refusal.scanned for refusal in told[Topic.REFUSAL].refusals] == ["P2"]
    desk.jobs(job(1), job(2, pod="P1"), job(3), job(4))
    assert open_lines(desk) == [2, 3, 4]


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "S1.json").write_text("[1, 2]")
    with pytest.raises(TerminalMemoryError, match="no record of a terminal"):
        TerminalAgent(FileMemory(tmp_path / "S1.json"), 0.0)


def test_faults_and_absence_are_told_at_once() -> None:
    desk = Desk()
    desk.told()
    desk.agent.set_fault("printer")
    assert desk.told(0.1)[Topic.TERMINAL].fault == "printer"
    desk.agent.set_fault("")
    desk.agent.set_manned(False)
    assert not desk.told(0.1)[Topic.TERMINAL].is_manned


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"jobs":[{"number":"1"}]}', b"\xff\xfe"])
def test_what_makes_no_sense_is_counted(payload: bytes) -> None:
    desk = Desk()
    desk.hear(Topic.JOB, payload, epoch=1)
    desk.hear(Topic.ACK, payload, epoch=1)
    assert desk.agent.n_refused_frames == 2
    assert open_lines(desk) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["job", "lost", "finish", "ack", "again", "new"]), max_size=60))
def test_every_line_is_done_once_and_told_once(events: list[str]) -> None:
    """Whatever is lost, and whoever is switched off: a controller that sends again what is not
    echoed, and asks again for what it has not noted down, gets every line once."""
    desk = Desk()
    epoch, n_asked = 1, 0
    asked: list[int] = []  # lines of this epoch, in the order of their numbers
    noted: list[int] = []
    done: list[int] = []
    n_lines = 0
    for event in events:
        if event in ("job", "lost"):
            n_asked += 1
            asked.append(n_asked)
            if event == "job":
                desk.jobs(*[job(n + 1, line) for n, line in enumerate(asked)], epoch=epoch)
        elif event == "finish" and desk.agent.open_lines():
            done.append(desk.agent.finish(desk.now_s).line)
        elif event == "ack":
            told = desk.told(1.0)
            for line in told[Topic.LINE].lines if Topic.LINE in told else ():
                if line.number == n_lines + 1:
                    n_lines += 1
                    noted.append(line.line)
            desk.ack(n_lines, epoch=epoch)
        elif event == "again":
            desk.again()
        elif event == "new":
            epoch += 1
            asked = [line for line in range(1, n_asked + 1) if line not in noted]
            desk.jobs(*[job(n + 1, line) for n, line in enumerate(asked)], epoch=epoch)
    assert len(set(done)) == len(done)
    assert noted == done[: len(noted)]
