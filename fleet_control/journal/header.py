"""The head of a journal: what the run is, written once when it begins."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fleet_control.journal.codec import Schema
from fleet_control.journal.errors import DamageError
from fleet_control.journal.records import checksum_of


@dataclass(frozen=True, slots=True)
class Header:
    """scenario: TOML text. files: name -> fingerprint of what the scenario names but does not hold,
    such as the floor. version, code: of the program, and a fingerprint of its source. schema: types
    and fields of the records. cycle_s: seconds of a control cycle. live: JSON text about the fleet
    of a live run; "" for a simulated one."""

    scenario: str
    files: dict[str, str]
    version: str
    code: str
    schema: Schema
    cycle_s: float
    live: str = ""


def write_header(db: sqlite3.Connection, header: Header) -> None:
    rows = [
        ("code", header.code),
        ("cycle_s", json.dumps(header.cycle_s)),
        ("files", json.dumps(header.files, sort_keys=True)),
        ("scenario", header.scenario),
        ("schema", json.dumps(header.schema)),
        ("version", header.version),
    ]
    if header.live:
        rows = sorted([*rows, ("live", header.live)])
    db.executemany("insert into header values (?, ?)", rows)
    db.execute("insert into header values ('~', ?)", (_sum(rows),))


def read_header(path: Path, db: sqlite3.Connection) -> Header:
    """Raises DamageError where the head is not as it was written."""
    cure = "without it the run cannot be known"
    try:
        rows = db.execute("select key, value from header order by key").fetchall()
    except sqlite3.Error as error:
        raise DamageError(f"{path}: the head cannot be read: {error}; {cure}") from None
    if not rows or rows[-1] != ("~", _sum(rows[:-1])):
        raise DamageError(f"{path}: the head is damaged; {cure}")
    values = dict(rows)
    schema = [(name, list(names)) for name, names in json.loads(values["schema"])]
    return Header(
        scenario=values["scenario"], files=json.loads(values["files"]), version=values["version"],
        code=values["code"], schema=schema, cycle_s=json.loads(values["cycle_s"]),
        live=values.get("live", ""),
    )  # fmt: skip


def _sum(rows: list[tuple[str, str]]) -> str:
    return checksum_of(*(text for row in rows for text in row)).hex()
