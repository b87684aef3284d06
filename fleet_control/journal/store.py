"""The journal file: one SQLite database with a write-ahead log, written by one controller.

    header     what the run is; written once
    openings   one row each time a controller took the file, numbered: the epoch
    records    inputs and decisions in the order of happening; never changed, never deleted
    snapshots  the last two; they only save time
    events     rows of the event log up to each snapshot; as the snapshots

Every record carries a checksum over itself and the checksum of the record before, so that a record
that was changed, lost or put elsewhere is found out. A snapshot carries its own, and that of the
last record before it: what follows it can be checked without all that came before.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from fleet_control.journal import database, reading
from fleet_control.journal.database import TABLES, told
from fleet_control.journal.errors import DamageError
from fleet_control.journal.header import Header, read_header, write_header
from fleet_control.journal.lock import JournalLock
from fleet_control.journal.records import (
    FIRST_ANCHOR,
    Kind,
    Record,
    Snapshot,
    chained,
    checksum_of,
)

KEPT_SNAPSHOTS = 2
LONG_LOG_BYTES = 16 << 20
"""Length of the write-ahead log from which `tidy` copies it into the database."""
COMMIT_BYTES = 8192
"""What a commit adds to the log beside its rows: whole pages are logged."""
BUSY_MS = 5000
"""How long to wait for others that read."""
ABOVE_ALL = 1 << 20
"""Epoch that goes on where the earlier ones cannot be read."""
_END = "select number, checksum, kind from records order by number desc limit 1"


class Journal:
    """An open journal; made by `create`, `open` (both to write) or `read`.

    synchronous: FULL waits for the disk at every commit, so that what was sent survives a power
    cut. NORMAL survives the end of the process, however sudden; a power cut may take back the last
    seconds, though never leave half a commit.

    epoch: how often the journal has been opened to be written; 0 for a reader. last_number, anchor:
    number and checksum of the last record.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, lock: JournalLock | None = None) -> None:
        self.path, self._db, self._lock = path, db, lock
        self._is_begun, self._n_logged = False, 0
        self.last_number, self.anchor = 0, FIRST_ANCHOR
        self.epoch = 0

    # Opening and closing

    @classmethod
    def create(
        cls, path: Path, header: Header, since: str, synchronous: str = "FULL", *,
        least_epoch: int = 1,
    ) -> Self:  # fmt: skip
        """A new journal. since: now, in words for others who find it held. Raises JournalError
        where the path is taken, by a journal or anything else."""
        lock = JournalLock(database.check_place(path), since)
        try:
            database.check_free(path)
            _make(path, header)
            db = database.connect(path, synchronous)
            return cls(path, db, lock)._taken(header.version, since, least_epoch)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls, path: Path, version: str, since: str, synchronous: str = "FULL",
        lock: JournalLock | None = None, *, least_epoch: int = 1,
    ) -> Self:  # fmt: skip
        """An existing journal, to go on writing where it ends: a new epoch begins, greater than all
        before. lock: where the caller holds it already."""
        database.check_is_journal(path)
        lock = lock or JournalLock(path, since)
        try:
            journal = cls(path, database.connect(path, synchronous), lock)
            with told(path, "its end cannot be read"):
                number, anchor, _ = journal._db.execute(_END).fetchone() or (0, FIRST_ANCHOR, 0)
            journal.last_number, journal.anchor = number, anchor
            return journal._taken(version, since, least_epoch)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read(cls, path: Path) -> Self:
        """An existing journal to look at, also while another process writes it."""
        database.check_is_journal(path)
        return cls(path, database.connect_to_read(path))

    def _taken(self, version: str, since: str, least_epoch: int) -> Self:
        with told(self.path, "cannot be written"):
            cursor = self._db.execute(
                "insert into openings values "
                "((select max(?, coalesce(max(epoch), 0) + 1) from openings), ?, ?, ?)",
                (least_epoch, os.getpid(), since, version),
            )
        self.epoch = int(cursor.lastrowid or 0)
        return self

    def close(self) -> None:
        """Let go of the file; what was not committed is not in it. May be called again."""
        try:
            if self._is_begun:
                self._db.execute("rollback")
                self._is_begun = False
            self._db.close()
        except sqlite3.Error:
            pass  # what was committed is safe, and nothing else is to be saved
        finally:
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Writing

    def append(self, kind: Kind, cycle: int, data: bytes) -> None:
        """Add a record. With the next `commit` all since the last one are safe, or none of them."""
        stored, number = zlib.compress(data, 1), self.last_number + 1
        checksum = chained(self.anchor, number, kind, cycle, stored)
        with told(self.path, "cannot be written, so nothing more may be sent"):
            if not self._is_begun:
                self._db.execute("begin immediate")
                self._is_begun = True
            row = (number, int(kind), cycle, stored, checksum)
            self._db.execute("insert into records values (?, ?, ?, ?, ?)", row)
        self.last_number, self.anchor = number, checksum
        self._n_logged += len(stored)

    def commit(self) -> None:
        """All that was appended is safe when this returns; only then may anything be sent."""
        if self._is_begun:
            with told(self.path, "cannot be written, so nothing more may be sent"):
                self._db.execute("commit")
            self._is_begun = False
            self._n_logged += COMMIT_BYTES

    def tidy(self) -> None:
        """Copy the write-ahead log into the database once it is long. Takes some milliseconds: to
        be called when no release waits for it. What a reader still needs is left for later."""
        if self._n_logged < LONG_LOG_BYTES:
            return
        self._n_logged = 0
        with told(self.path, "cannot be written"):
            self._db.execute("pragma busy_timeout = 0").fetchall()
            self._db.execute("pragma wal_checkpoint(truncate)").fetchall()
            self._db.execute(f"pragma busy_timeout = {BUSY_MS}").fetchall()

    def take_snapshot(self, snapshot: Snapshot, events: bytes) -> None:
        """Keep a snapshot, and the event log since the one before; drop all but the last two.

        events: the rows between the two, encoded."""
        zipped = [zlib.compress(part, 1) for part in (snapshot.mind, snapshot.world, events)]
        row = (snapshot.cycle, snapshot.number, snapshot.anchor, snapshot.n_events, *zipped[:2])
        event_row = (snapshot.cycle, zipped[2])
        self._n_logged += sum(map(len, zipped))
        self._write_together(
            ("insert or replace into snapshots values (?, ?, ?, ?, ?, ?, ?)",
             (*row, checksum_of(*row))),
            ("insert or replace into events values (?, ?, ?)",
             (*event_row, checksum_of(*event_row))),
            ("delete from snapshots where cycle not in "
             "(select cycle from snapshots order by cycle desc limit ?)", (KEPT_SNAPSHOTS,)),
        )  # fmt: skip

    def forget_after(self, cycle: int) -> None:
        """Drop snapshots and events beyond the snapshot that a run goes on from: they are made
        again. Records stay."""
        self._write_together(
            ("delete from snapshots where cycle > ?", (cycle,)),
            ("delete from events where cycle > ?", (cycle,)),
        )

    def _write_together(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        with told(self.path, "cannot be written"):
            self._db.execute("begin immediate")
            try:
                for statement, values in statements:
                    self._db.execute(statement, values)
                self._db.execute("commit")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    # Reading

    def header(self) -> Header:
        """What the run is. Raises DamageError where that cannot be read."""
        return read_header(self.path, self._db)

    def records(self, after: int = 0, anchor: bytes = FIRST_ANCHOR) -> Iterator[Record]:
        """Records behind number `after`, whose checksum is `anchor`, in order. Raises DamageError
        at the first that is missing or not as it was written."""
        return map(reading.record_of, reading.read_rows(self.path, self._db, after, anchor))

    def snapshots(self) -> Iterator[Snapshot | DamageError]:
        """The kept snapshots, newest first; in place of a damaged one, what is wrong with it."""
        return reading.read_snapshots(self.path, self._db)

    def events(self, until_cycle: int) -> list[tuple[int, bytes]]:
        """The event log up to the snapshot of that cycle, in pieces with the cycle of each. Raises
        DamageError."""
        return reading.read_events(self.path, self._db, until_cycle)

    def is_finished(self) -> bool:
        """Whether the run came to its planned end. Raises DamageError."""
        with told(self.path, "its end cannot be read"):
            row = self._db.execute(_END).fetchone()
        return row is not None and row[2] == Kind.FINISHED

    def raw(self) -> sqlite3.Connection:
        """The database itself, for those that copy from it."""
        return self._db


def _make(path: Path, header: Header) -> None:
    """Beside its place, and moved there whole: a controller that is killed while it makes a journal
    leaves none, rather than a file that no other can go on with."""
    beside = path.with_name(path.name + ".new")
    with told(path, "cannot be written"):
        beside.unlink(missing_ok=True)
        with closing(sqlite3.connect(beside, isolation_level=None)) as db:
            db.execute("begin immediate")
            for statement in TABLES:
                db.execute(statement)
            write_header(db, header)
            db.execute("commit")
        for ending in ("-wal", "-shm"):  # of a journal that was deleted without them
            path.with_name(path.name + ending).unlink(missing_ok=True)
        beside.replace(path)
