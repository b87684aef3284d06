"""The file itself: what is committed stays, what is damaged is found, one writer at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fleet_control.journal import DamageError, Header, HeldError, Journal, JournalError, Kind
from fleet_control.journal.lock import JournalLock
from fleet_control.journal.records import Snapshot
from fleet_control.journal.recovery import newest_sound
from fleet_control.journal.salvage import salvage

HEADER = Header('layout = "teaching"\n', {"floor": "f"}, "1", "c", [("A", ["b"])], 0.2)
Rows = list[tuple[int, Kind, int, bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def filled(path: Path, n_cycles: int, snapshots: tuple[int, ...] = ()) -> Rows:
    """A journal of so many cycles, closed; what is in it."""
    rng = np.random.default_rng(n_cycles)
    rows: Rows = []
    with Journal.create(path, HEADER, "noon", "NORMAL") as journal:
        for cycle in range(n_cycles):
            if cycle in snapshots:
                mind = rng.bytes(9000)
                journal.take_snapshot(
                    Snapshot(cycle, journal.last_number, journal.anchor, cycle, mind, b"w"), b"e"
                )
            for kind in (Kind.INPUT, Kind.DECISION):
                data = rng.bytes(int(rng.integers(0, 400)))
                journal.append(kind, cycle, data)
                rows.append((journal.last_number, kind, cycle, data))
            journal.commit()
    return rows


def read(path: Path) -> tuple[Rows, str]:
    """Sound records from the beginning, and what is wrong behind them."""
    rows: Rows = []
    with Journal.read(path) as journal:
        try:
            for record in journal.records():
                rows.append((record.number, record.kind, record.cycle, record.data))
        except DamageError as error:
            return rows, str(error)
    return rows, ""


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked process; its exit code, negative for a signal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
    child.join(60)
    assert child.exitcode is not None
    return child.exitcode


def test_what_was_written_is_read(path: Path) -> None:
    rows = filled(path, 40)
    assert read(path) == (rows, "")
    with Journal.read(path) as journal:
        assert journal.header() == HEADER
        assert not journal.is_finished()


def test_writing_goes_on_where_it_ended(path: Path) -> None:
    rows = filled(path, 3)
    with Journal.open(path, "1", "one") as journal:
        assert journal.epoch == 2
        journal.append(Kind.FINISHED, 3, b"")
        journal.commit()
    assert read(path) == ([*rows, (7, Kind.FINISHED, 3, b"")], "")
    with Journal.open(path, "1", "two") as journal:
        assert journal.epoch == 3
        assert journal.is_finished()


def test_what_was_not_committed_is_not_there(path: Path) -> None:
    rows = filled(path, 3)
    with Journal.open(path, "1", "one") as journal:
        journal.append(Kind.INPUT, 3, b"never sent")
    assert read(path) == (rows, "")


def test_a_kill_leaves_whole_commits(path: Path) -> None:
    def work() -> None:
        journal = Journal.create(path, HEADER, "noon", "NORMAL")
        for cycle in range(100):
            journal.append(Kind.INPUT, cycle, b"i")
            journal.append(Kind.DECISION, cycle, b"d")
            if cycle == 60:
                os.kill(os.getpid(), signal.SIGKILL)
            journal.commit()

    assert in_child(work) == -signal.SIGKILL
    rows, damage = read(path)
    assert (len(rows), damage) == (120, "")
    Journal.open(path, "1", "after").close()  # the lock died with its holder


def test_a_kill_while_it_is_made_leaves_no_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    for place in ("fleet_control.journal.store.write_header", "pathlib.Path.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(place, die)
            assert in_child(lambda: Journal.create(path, HEADER, "noon")) == -signal.SIGKILL
        assert not path.exists()
    with Journal.create(path, HEADER, "one") as journal:
        assert journal.epoch == 1


def test_what_is_left_of_a_deleted_journal_does_no_harm(path: Path) -> None:
    journal = Journal.create(path, HEADER, "noon")
    journal.append(Kind.INPUT, 0, b"old")
    journal.commit()
    log = path.with_name(path.name + "-wal").read_bytes()
    journal.close()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    with Journal.create(path, HEADER, "noon") as journal:
        assert list(journal.records()) == []


def test_only_the_last_two_snapshots_are_kept(path: Path) -> None:
    filled(path, 50, (10, 20, 30, 40))
    with Journal.read(path) as journal:
        found = list(journal.snapshots())
        assert [s.cycle for s in found if isinstance(s, Snapshot)] == [40, 30]
        assert [cycle for cycle, _ in journal.events(40)] == [10, 20, 30, 40]
        sound = newest_sound(journal)
    assert (sound.snapshot, sound.n_tail, sound.damage) == (found[0], 20, ())


def test_forgetting_leaves_records(path: Path) -> None:
    rows = filled(path, 50, (10, 20, 30))
    with Journal.open(path, "1", "x") as journal:
        journal.forget_after(20)
        assert [s.cycle for s in journal.snapshots() if isinstance(s, Snapshot)] == [20]
    assert read(path) == (rows, "")


def test_a_long_log_is_copied_though_somebody_reads(path: Path) -> None:
    data = np.random.default_rng(0).bytes(1 << 20)
    with Journal.create(path, HEADER, "noon", "NORMAL") as journal:
        with Journal.read(path) as reader:
            records = reader.records()
            for cycle in range(20):
                journal.append(Kind.INPUT, cycle, data)
                journal.commit()
                journal.tidy()
            assert sum(1 for _ in records) == 20
        assert path.stat().st_size > 16 << 20


# Who may write


def test_a_second_controller_is_told_who_holds_the_journal(path: Path) -> None:
    filled(path, 2)
    before = path.read_bytes()
    with Journal.open(path, "1", "2026-01-02 03:04:05"):
        for try_it in (
            lambda: Journal.open(path, "1", "later"),
            lambda: JournalLock(path, "later"),
        ):
            with pytest.raises(HeldError, match=rf"process {os.getpid()}, since 2026-01-02 03"):
                try_it()
    assert path.read_bytes()[:1000] == before[:1000]
    assert [name.name for name in path.parent.iterdir()] == [path.name]


def test_another_process_is_told_too(path: Path) -> None:
    def work() -> None:
        try:
            Journal.open(path, "1", "later")
        except HeldError:
            os._exit(7)

    with Journal.create(path, HEADER, "noon"):
        assert in_child(work) == 7


# What is no journal


def write_text(path: Path) -> None:
    path.write_text("dear diary\n" * 400)


def write_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("create table t (a)")
    db.close()


def write_other_format(path: Path) -> None:
    filled(path, 2)
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 9")
    db.close()


def write_nothing(path: Path) -> None:
    path.touch()


def write_folder(path: Path) -> None:
    path.mkdir()


def write_head_only(path: Path) -> None:
    filled(path, 9)
    path.write_bytes(path.read_bytes()[:700])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "there is no such journal"),
        (write_nothing, "is empty: no run has begun in it"),
        (write_folder, "is a folder; name the journal file"),
        (write_text, "is no journal; name a file that `simulate --journal` has made"),
        (write_database, "is no journal"),
        (write_other_format, "is a journal of format 9, and this version reads 1"),
        (write_head_only, "damaged|cannot be"),
    ],
)
def test_what_is_no_journal_is_named(
    path: Path, write: Callable[[Path], None], message: str
) -> None:
    write(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (Journal.read, lambda path: Journal.open(path, "1", "x")):
        with pytest.raises(JournalError, match=message):
            use(path).header()
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("write", [write_text, write_database, write_folder])
def test_nothing_is_overwritten(path: Path, write: Callable[[Path], None]) -> None:
    write(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(JournalError):
        Journal.create(path, HEADER, "noon")
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_journal_is_not_begun_twice(path: Path) -> None:
    rows = filled(path, 2)
    with pytest.raises(JournalError, match="is a journal already; go on with it by `gridfleet"):
        Journal.create(path, HEADER, "noon")
    assert read(path) == (rows, "")


def test_an_empty_file_may_become_a_journal(path: Path) -> None:
    path.touch()
    assert filled(path, 1)


def test_a_folder_that_is_not_there(path: Path) -> None:
    with pytest.raises(JournalError, match="there is no folder"):
        Journal.create(path / "deeper", HEADER, "noon")


# Damage


def overwritten(path: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    page = int(rng.integers(1, len(data) // 4096))
    data[page * 4096 : (page + 1) * 4096] = rng.bytes(4096)
    path.write_bytes(data)


def one_byte(path: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    data[int(rng.integers(4096, len(data)))] ^= int(rng.integers(1, 256))
    path.write_bytes(data)


def cut(path: Path, rng: np.random.Generator) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(rng.integers(4096, len(data)))])


def zeroed(path: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    page = int(rng.integers(1, len(data) // 4096))
    data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [overwritten, one_byte, cut, zeroed])
def test_damage_is_never_taken_for_a_record(
    tmp_path: Path, harm: Callable[[Path, np.random.Generator], None]
) -> None:
    for seed in range(12):
        path = tmp_path / f"{seed}.journal"
        rows = filled(path, 200, (50, 100, 150))
        harm(path, np.random.default_rng(seed))
        try:
            found, damage = read(path)
        except JournalError:
            continue
        assert found == rows[: len(found)], f"seed {seed}"
        assert damage or found == rows, f"seed {seed}"


@pytest.mark.parametrize("harm", [overwritten, one_byte, cut, zeroed])
def test_the_sound_part_is_saved_and_the_damaged_file_kept(
    tmp_path: Path, harm: Callable[[Path, np.random.Generator], None]
) -> None:
    n_saved = 0
    for seed in range(12):
        path = tmp_path / f"{seed}.journal"
        rows = filled(path, 200, (50, 100, 150))
        harm(path, np.random.default_rng(seed))
        harmed = path.read_bytes()
        try:
            with Journal.read(path) as journal:
                assert journal.header() == HEADER
                sound = newest_sound(journal)
        except JournalError:
            assert path.read_bytes() == harmed
            continue
        if not sound.damage:
            continue
        n_saved += 1
        kept = salvage(path, sound)
        assert kept.read_bytes() == harmed, f"seed {seed}"
        check_saved(path, rows, seed)
    assert n_saved >= 2, "the seeds try nothing"


def check_saved(path: Path, rows: Rows, seed: int) -> None:
    """What was saved is sound, goes on, and its epoch is new."""
    with Journal.read(path) as journal:
        again = newest_sound(journal)
    assert not again.damage, f"seed {seed}"
    with Journal.open(path, "1", "after") as journal:
        assert journal.epoch >= 2
        found = [
            (r.number, r.kind, r.cycle, r.data) for r in journal.records(again.after, again.anchor)
        ]
        assert found == rows[again.after : again.after + len(found)], f"seed {seed}"
        journal.append(Kind.FINISHED, 1, b"")
        journal.commit()


def test_a_lost_record_is_noticed(path: Path) -> None:
    rows = filled(path, 10)
    with changed(path) as db:
        db.execute("delete from records where number = 8")
    assert read(path) == (rows[:7], f"{path}: record 8 is missing")


def test_a_swapped_record_is_noticed(path: Path) -> None:
    rows = filled(path, 10)
    with changed(path) as db:
        db.execute("update records set data = (select data from records where number = 3), "
                   "kind = 1, cycle = 1 where number = 5")  # fmt: skip
    found, damage = read(path)
    assert (found, damage) == (rows[:4], f"{path}: record 5 is damaged")


def test_a_changed_head_is_noticed(path: Path) -> None:
    filled(path, 1)
    with changed(path) as db:
        db.execute("update header set value = 'layout = \"demo\"' where key = 'scenario'")
    with Journal.read(path) as journal, pytest.raises(DamageError, match="the head is damaged"):
        journal.header()


@contextmanager
def changed(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        yield db
    finally:
        db.close()
