"""Reading a journal that may be damaged: every row is checked, and told apart from a sound one."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from fleet_control.journal.errors import DamageError
from fleet_control.journal.records import Kind, Record, Snapshot, chained, checksum_of

Row = tuple[int, int, int, bytes, bytes]
_TYPES = [int, int, int, bytes, bytes]


def read_rows(path: Path, db: sqlite3.Connection, after: int, anchor: bytes) -> Iterator[Row]:
    """Rows of `records` behind number `after`, in order, each checked against the one before.

    anchor: checksum of record `after`. Raises DamageError at the first row that is missing, cannot
    be read, or is not as it was written.
    """
    expected = after + 1
    rows = _behind(path, db, after)
    while (row := _next(path, rows, expected)) is not None:
        number, kind, cycle, stored, checksum = row
        if number != expected:
            raise DamageError(f"{path}: record {expected} is missing")
        if checksum != chained(anchor, number, kind, cycle, stored):
            raise DamageError(f"{path}: record {number} is damaged")
        yield row
        anchor, expected = checksum, expected + 1


def _behind(path: Path, db: sqlite3.Connection, after: int) -> sqlite3.Cursor:
    try:
        return db.execute("select * from records where number > ? order by number", (after,))
    except sqlite3.Error as error:
        raise DamageError(f"{path}: record {after + 1} cannot be read: {error}") from None


def _next(path: Path, rows: sqlite3.Cursor, number: int) -> Row | None:
    try:
        row = rows.fetchone()
    except (sqlite3.Error, OverflowError) as error:
        raise DamageError(f"{path}: record {number} cannot be read: {error}") from None
    if row is not None and [type(entry) for entry in row] != _TYPES:
        raise DamageError(f"{path}: record {number} is damaged")
    return row  # type: ignore[no-any-return]


def record_of(row: Row) -> Record:
    """The record of a row that was checked."""
    number, kind, cycle, stored, checksum = row
    return Record(number, Kind(kind), cycle, zlib.decompress(stored), checksum)


def read_snapshots(path: Path, db: sqlite3.Connection) -> Iterator[Snapshot | DamageError]:
    """The kept snapshots, newest first; in place of a damaged one, what is wrong with it."""
    try:
        cycles = [c for (c,) in db.execute("select cycle from snapshots order by cycle desc")]
    except (sqlite3.Error, OverflowError) as error:
        yield DamageError(f"{path}: the snapshots cannot be read: {error}")
        return
    for cycle in cycles:
        yield _snapshot(path, db, cycle)


def _snapshot(path: Path, db: sqlite3.Connection, cycle: int) -> Snapshot | DamageError:
    where = f"{path}: the snapshot of cycle {cycle}"
    try:
        row = db.execute("select * from snapshots where cycle = ?", (cycle,)).fetchone()
        if row is None or checksum_of(*row[:-1]) != row[-1]:
            return DamageError(f"{where} is damaged")
        mind, world = (zlib.decompress(part) for part in row[4:6])
    except (sqlite3.Error, OverflowError) as error:
        return DamageError(f"{where} cannot be read: {error}")
    return Snapshot(row[0], row[1], row[2], row[3], mind, world)


def read_events(path: Path, db: sqlite3.Connection, until_cycle: int) -> list[tuple[int, bytes]]:
    """The event log up to the snapshot of that cycle, in the pieces that it was kept in, with the
    cycle of each. Raises DamageError where one of them is not as it was written."""
    try:
        rows = db.execute(
            "select * from events where cycle <= ? order by cycle", (until_cycle,)
        ).fetchall()
    except (sqlite3.Error, OverflowError) as error:
        raise DamageError(f"{path}: the event log cannot be read: {error}") from None
    for cycle, packed, checksum in rows:
        if checksum_of(cycle, packed) != checksum:
            raise DamageError(f"{path}: the event log up to cycle {cycle} is damaged")
    return [(cycle, zlib.decompress(packed)) for cycle, packed, _ in rows]
