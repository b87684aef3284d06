"""The SQLite side of the journal: how a file is opened, and how it is known to be a journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet_control.journal.errors import DamageError, JournalError

APPLICATION = 0x67666A31
"""SQLite's application id of a journal: "gfj1"."""
FORMAT = 1
"""Number of the format, kept as SQLite's user version."""
TABLES = (
    f"pragma application_id = {APPLICATION}",
    f"pragma user_version = {FORMAT}",
    "create table header (key text primary key, value text)",
    "create table openings (epoch integer primary key, process integer, since text, version text)",
    "create table records (number integer primary key, kind integer, cycle integer, data blob, "
    "checksum blob)",
    "create table snapshots (cycle integer primary key, number integer, anchor blob, "
    "n_events integer, mind blob, world blob, checksum blob)",
    "create table events (cycle integer primary key, data blob, checksum blob)",
)


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection that writes. synchronous: FULL or NORMAL."""
    with told(path, "cannot be opened"):
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("pragma journal_mode = wal").fetchall()
        db.execute(f"pragma synchronous = {synchronous}")
        db.execute("pragma wal_autocheckpoint = 0")  # Journal.tidy chooses the moment
    return db


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that reads, and leaves no files behind where there is nobody who writes."""
    is_quiet = not path.with_name(path.name + "-wal").exists()
    how = "mode=ro&immutable=1" if is_quiet else "mode=ro"
    with told(path, "cannot be opened"):
        db = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None)
        db.execute("pragma writable_schema = on")  # or SQLite refuses a file that was cut
        return db


def say_cut(path: Path) -> str:
    """What is missing of a file that ends too early; "" for a whole one."""
    if path.with_name(path.name + "-wal").exists():
        return ""  # pages may be there and not in the file
    with path.open("rb") as file:
        head = file.read(32)
    page_bytes, n_pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
    there, whole = path.stat().st_size, (page_bytes if page_bytes > 1 else 1 << 16) * n_pages
    if there >= whole:
        return ""
    return f"{path}: the file has been cut: {there:,} of {whole:,} bytes are there"


@contextmanager
def told(path: Path, what: str) -> Iterator[None]:
    """SQLite's errors as JournalError, with the file and what could not be done."""
    try:
        yield
    except sqlite3.Error as error:
        kind = JournalError if isinstance(error, sqlite3.OperationalError) else DamageError
        raise kind(f"{path}: {what}: {error}") from None


def check_place(path: Path) -> Path:
    """The path, if a journal can be made there. Raises JournalError."""
    if path.is_dir():
        raise JournalError(f"{path} is a folder; name a file for the journal")
    if not path.parent.is_dir():
        raise JournalError(f"{path}: there is no folder {path.parent}; make it first")
    return path


def check_free(path: Path) -> None:
    """Raise JournalError where a new journal cannot be made: something is there already."""
    check_place(path)
    if path.exists() and path.stat().st_size:
        check_is_journal(path)
        raise JournalError(
            f"{path} is a journal already; go on with it by `gridfleet resume {path} --out DIR`, "
            "or name another file"
        )


def check_is_journal(path: Path) -> None:
    """Raise JournalError for a file that is missing, empty, something else or of another format."""
    if not path.exists():
        raise JournalError(f"{path}: there is no such journal; look at the spelling")
    if path.is_dir():
        raise JournalError(f"{path} is a folder; name the journal file")
    if not path.stat().st_size:
        raise JournalError(f"{path} is empty: no run has begun in it")
    not_one = JournalError(f"{path} is no journal; name a file that `simulate --journal` has made")
    try:
        application, number = _marks(path)
    except sqlite3.OperationalError as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        with path.open("rb") as file:
            is_database = file.read(15) == b"SQLite format 3"
        if not is_database:
            raise not_one from None
        raise DamageError(f"{path}: its first page is damaged ({error})") from None
    if application != APPLICATION:
        raise not_one
    if number != FORMAT:
        raise JournalError(
            f"{path} is a journal of format {number}, and this version reads {FORMAT}; use the "
            "version that wrote it"
        )


def _marks(path: Path) -> tuple[int, int]:
    db = connect_to_read(path)
    try:
        return tuple(  # type: ignore[return-value]
            int(db.execute(f"pragma {name}").fetchone()[0])
            for name in ("application_id", "user_version")
        )
    finally:
        db.close()
