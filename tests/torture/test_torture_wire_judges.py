"""What judges a case over the wire, shown by hand what it has to see."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from fleet_control.events import EventKind, EventLog
from gridfleet.emulator.truth import Truth, TruthHead
from gridfleet.run_folder import write_events
from gridfleet.torture.wire.accounts import read_accounts
from gridfleet.torture.wire.eyes import Eyes
from gridfleet.torture.wire.ledger import Ledger
from gridfleet.torture.wire.truth_log import TruthLog, read_truth
from hw_bridge.chaos.fate import Way
from hw_bridge.stations.messages import Job, Jobs, Line, Lines
from layouts import CellKind, open_layout
from twin.unit_model import DEFAULT_UNIT

N_ROWS, N_COLS = 3, 4


def truth(time_s: float, *units: tuple[float, float, int], contacts: int = 0) -> Truth:
    """Units at x, y, carrying that pod."""
    poses = np.array([(x, y, 0.0) for x, y, _ in units], dtype=np.float32)
    carried = np.array([pod for _, _, pod in units], dtype=np.int32)
    head = TruthHead(number=1, time_s=time_s, n_units=len(units), contacts=contacts)
    return Truth(head, poses, carried)


def eyes() -> Eyes:
    kinds = np.full((N_ROWS, N_COLS), CellKind.FLOOR, dtype=np.int8)
    return Eyes(open_layout("small", kinds), DEFAULT_UNIT, 2, np.array([5], dtype=np.int32))


def kinds_seen(*truths: Truth) -> list[str]:
    one = eyes()
    for each in truths:
        one.look(each)
    return [violation.kind for violation in one.violations]


def test_nothing_is_seen_where_nothing_is_wrong() -> None:
    before, after = (-1, -1), (-1, 0)
    seen = [
        truth(0.0, (0.5, 0.5, before[0]), (1.5, 1.5, before[1])),
        truth(0.1, (0.9, 0.5, after[0]), (1.5, 1.5, after[1])),
    ]
    assert kinds_seen(*seen) == []


@pytest.mark.parametrize(
    "wrong",
    [
        truth(0.1, (0.5, 0.5, -1), (0.9, 0.5, -1)),
        truth(0.1, (0.2, 0.5, -1), (3.5, 0.5, -1)),
        truth(0.1, (0.5, 0.5, -1), (3.5, 0.5, -1), contacts=1),
    ],
)
def test_bodies_that_touch_are_seen(wrong: Truth) -> None:
    assert kinds_seen(wrong) == ["overlap"]


def test_a_pod_that_is_carried_into_another_is_seen() -> None:
    kinds = np.full((N_ROWS, N_COLS), CellKind.FLOOR, dtype=np.int8)
    one = Eyes(open_layout("s", kinds), DEFAULT_UNIT, 1, np.array([4, 5], dtype=np.int32))
    one.look(truth(0.0, (0.5, 1.5, -1)))
    one.look(truth(0.1, (0.5, 1.5, 0)))
    assert one.violations == []
    one.look(truth(0.2, (0.9, 1.5, 0)))
    assert "carries a pod into pod 1" in str(one.violations[0])


def test_a_pod_stands_where_it_was_set_down() -> None:
    one = eyes()
    one.look(truth(0.0, (1.5, 1.5, -1), (3.5, 0.5, -1)))
    one.look(truth(0.1, (1.5, 1.5, 0), (3.5, 0.5, -1)))
    one.look(truth(0.2, (2.5, 1.5, 0), (3.5, 0.5, -1)))
    assert one.still_s == np.inf
    one.look(truth(0.3, (2.5, 1.5, -1), (3.5, 0.5, -1)))
    one.look(truth(0.4, (2.5, 1.5, -1), (3.5, 0.5, -1)))
    assert one.violations == []
    assert one.still_s == pytest.approx(0.3)


def test_truth_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = TruthLog(tmp_path / "truth.bin")
    said = [truth(time_s, (0.5, 0.5, -1), (1.5, time_s, 0)) for time_s in (0.0, 0.5)]
    for one in said:
        log.note(one)
    log.close()
    with (tmp_path / "truth.bin").open("ab") as file:
        file.write(b"\x40\x00\x00\x00cut off")
    for one, other in zip(said, read_truth(tmp_path / "truth.bin"), strict=True):
        assert one.head == other.head
        assert np.array_equal(one.poses, other.poses)
        assert np.array_equal(one.carried, other.carried)


def ledger(*finished: tuple[int, int, int], wanted: dict[int, int] | None = None) -> Ledger:
    """finished: (number, job, line) at station S1, of jobs for 2 units each."""
    one = Ledger(wanted or {0: 4, 1: 2})
    jobs = tuple(Job(number=job + 1, job=job, line=line, quantity=2) for _, job, line in finished)
    lines = tuple(Line(number=n, job=job, line=line, ago_s=0.0) for n, job, line in finished)
    one.tap("S1", Way.DOWN, [b"job", b"", msgspec.json.encode(Jobs(jobs=jobs))])
    for _ in range(2):  # said until it is acknowledged
        one.tap("S1", Way.UP, [b"line", b"", msgspec.json.encode(Lines(lines=lines))])
    one.take(1.0)
    return one


def test_every_line_once_is_right() -> None:
    one = ledger((1, 0, 0), (2, 1, 0), (3, 2, 1))
    assert (one.open, one.doubled, one.violations) == ([], [], [])


def test_what_is_not_done_is_open() -> None:
    assert ledger((1, 0, 0)).open == [0, 1]


@pytest.mark.parametrize(
    ("finished", "what"),
    [
        ([(1, 0, 0), (2, 0, 0)], "line 0 was finished 2 times for job 0"),
        ([(1, 0, 1), (2, 1, 1)], "line 1: 4 units were handled, of 2 wanted"),
        ([(1, 0, 7)], "line 7: 2 units were handled, of 0 wanted"),
    ],
)
def test_what_is_done_twice_is_doubled(finished: list[tuple[int, int, int]], what: str) -> None:
    assert what in ledger(*finished).doubled


def test_one_number_is_one_line() -> None:
    one = ledger((1, 0, 0))
    other = Lines(lines=(Line(number=1, job=1, line=1, ago_s=0.0),))
    one.tap("S1", Way.UP, [b"line", b"", msgspec.json.encode(other)])
    one.take(2.0)
    assert [violation.kind for violation in one.violations] == ["goods"]


def test_what_the_controller_says_is_held_against_what_was_seen(tmp_path: Path) -> None:
    log = EventLog()
    log.add(1.0, EventKind.TASK_OPENED, task=0)
    log.add(2.0, EventKind.LINE_DONE, line=0)
    log.add(2.0, EventKind.LINE_DONE, line=1)
    write_events(tmp_path, log.columns())
    accounts = read_accounts(tmp_path)
    seen = ledger((1, 0, 0), (2, 1, 0), wanted={0: 4, 1: 2, 2: 2})
    assert accounts.lost(seen, is_over=False) == ["line 1 is lost, though told to be done"]
    assert accounts.lost(seen, is_over=True) == [
        "line 1 is lost, though told to be done",
        "line 2 was done, and the controller does not know",
        "task 0 never ended",
    ]
    assert read_accounts(tmp_path / "nowhere").lost(seen, is_over=True) == [
        "the controller has left no events"
    ]
