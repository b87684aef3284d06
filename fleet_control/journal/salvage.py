"""A sound journal out of a damaged one; the damaged file is kept beside it, untouched."""

from __future__ import annotations

import os
import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path

from fleet_control.journal import reading
from fleet_control.journal.database import TABLES, told
from fleet_control.journal.errors import DamageError, JournalError
from fleet_control.journal.header import write_header
from fleet_control.journal.records import FIRST_ANCHOR, checksum_of
from fleet_control.journal.recovery import Sound
from fleet_control.journal.store import ABOVE_ALL, Journal

_PARTS = ("", "-wal", "-shm")


def salvage(path: Path, sound: Sound) -> Path:
    """Replace the journal by one of all that is sound in it; returns where the damaged one is now.

    Records up to the first damaged one are kept, and those behind the snapshot that the run goes on
    from. The caller holds the lock.
    """
    new, kept = path.with_name(f".{path.name}.sound"), _free_name(path)
    with suppress(FileNotFoundError):
        new.unlink()
    with Journal.read(path) as damaged:
        header, source = damaged.header(), damaged.raw()
        db = sqlite3.connect(new, isolation_level=None)
        try:
            with told(new, "cannot be written"):
                db.execute("begin")
                for statement in TABLES:
                    db.execute(statement)
                write_header(db, header)
                _copy_openings(source, db)
                _copy_records(path, source, db, sound)
                _copy_snapshot(db, sound)
                db.execute("commit")
        finally:
            db.close()
    _exchange(path, new, kept)
    return kept


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name


def _copy_openings(source: sqlite3.Connection, db: sqlite3.Connection) -> None:
    """Epochs must never come again: units would follow a controller that is gone."""
    try:
        rows = source.execute("select * from openings").fetchall()
    except sqlite3.Error:
        rows = [(ABOVE_ALL, 0, "earlier openings cannot be read", "")]
    db.executemany("insert into openings values (?, ?, ?, ?)", rows)


def _copy_records(
    path: Path, source: sqlite3.Connection, db: sqlite3.Connection, sound: Sound
) -> None:
    last = 0
    for after, anchor in ((0, FIRST_ANCHOR), (sound.after, sound.anchor)):
        if after < last:
            continue
        with suppress(DamageError):
            for row in reading.read_rows(path, source, after, anchor):
                db.execute("insert into records values (?, ?, ?, ?, ?)", row)
                last = row[0]


def _copy_snapshot(db: sqlite3.Connection, sound: Sound) -> None:
    found = sound.snapshot
    if found is None:
        return
    mind, world = zlib.compress(found.mind, 1), zlib.compress(found.world, 1)
    row = (found.cycle, found.number, found.anchor, found.n_events, mind, world)
    db.execute("insert into snapshots values (?, ?, ?, ?, ?, ?, ?)", (*row, checksum_of(*row)))
    for cycle, piece in sound.events:
        event_row = (cycle, zlib.compress(piece, 1))
        db.execute("insert into events values (?, ?, ?)", (*event_row, checksum_of(*event_row)))


def _exchange(path: Path, new: Path, kept: Path) -> None:
    try:
        for part in _PARTS:
            with suppress(FileNotFoundError):
                os.replace(f"{path}{part}", f"{kept}{part}")
        os.replace(new, path)
    except OSError as error:
        raise JournalError(
            f"{path}: the damaged journal cannot be put aside: {error.strerror}; its sound part is "
            f"in {new}"
        ) from None
