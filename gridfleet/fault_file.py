"""Reads a fault file: what goes wrong in a run, and when (docs/faults.md).

    [[fault]]
    kind = "die"
    unit = 3
    at = "0:10:00"
    where = "mid-edge"
    minutes = 5

All that is wrong with a file comes together, one message a line, each with its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gridfleet.fault_reader import FaultReader
from gridfleet.fault_tables import FaultTable, RandomTable
from gridfleet.typed_files import fill_table, read_table, suggest
from layouts import GridfleetError, Layout
from twin.faults import Fault, FaultSchedule, random_schedule, schedule_of

_TABLES = ("fault", "random")


class FaultFileError(GridfleetError, ValueError):
    """A fault file that cannot be used; the text says what to change, one fault a line."""


def read_faults(
    path: Path, layout: Layout, n_units: int, hours: float, seed: int = 0
) -> FaultSchedule:
    """The schedule of that file for a run of so many hours with units 0 to n_units - 1. seed: of
    the run, so that replications draw random faults of their own.

    Raises FaultFileError with everything that is wrong, a line each."""
    table = read_table(path, FaultFileError)
    reader = FaultReader(layout, n_units, hours)
    wrong = reader.faults
    wrong += [
        f"unknown key {name!r}; {suggest(name, _TABLES)}" for name in table if name not in _TABLES
    ]
    faults = _listed(table.get("fault", []), reader)
    random = _random(table.get("random", {}), wrong)
    if wrong:
        raise FaultFileError("\n".join(f"{path}: {line}" for line in wrong))
    drawn = random_schedule(random.seed + seed, random.rates(), hours, layout, n_units)
    return schedule_of([*faults, *drawn.faults])


def _listed(entries: Any, reader: FaultReader) -> list[Fault]:
    """Entries of [[fault]], named by their number in the file, from 1."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        reader.faults.append("fault is no list of tables; begin each entry with [[fault]]")
        return []
    found = []
    for number, entry in enumerate(entries, start=1):
        name = f"fault {number}"
        table = fill_table(entry, FaultTable, name, reader.faults)
        fault = reader.read(table, name) if table is not None else None
        if fault is not None:
            found.append(fault)
    return found


def _random(entry: Any, wrong: list[str]) -> RandomTable:
    if not isinstance(entry, dict):
        wrong.append(f"random is {entry!r}; it is a table: write [random] and its keys below")
        return RandomTable()
    table = fill_table(entry, RandomTable, "random", wrong)
    if table is None:
        return RandomTable()
    wrong += table.faults()
    return table
