"""A run folder read back: its scenario and figures as flat tables, its floor and its events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet_control.events import Columns
from gridfleet.event_reading import read_events
from gridfleet.run_folder import EVENTS, KPIS, SCENARIO, RunFolderError, is_run
from gridfleet.typed_files import read_table
from layouts import Layout, LayoutError, load

Flat = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class RunRead:
    """scenario, figures: values by dotted key, stations by their names. layout: None where the file
    of the floor is gone or was changed so that it cannot be read. events: None without a log."""

    folder: Path
    scenario: Flat
    figures: Flat
    layout: Layout | None
    events: Columns | None

    @property
    def floor(self) -> str:
        """Name or file of the floor."""
        return str(self.scenario.get("layout", ""))


def read_run(folder: Path) -> RunRead:
    """Raises RunFolderError for a folder that is no run or holds a part of one, and for files that
    cannot be read."""
    if not is_run(folder):
        what = "does not exist" if not folder.exists() else f"is no run: there is no {SCENARIO}"
        raise RunFolderError(f"{folder} {what}; name the result folder of gridfleet simulate")
    if not (folder / KPIS).is_file():
        raise RunFolderError(
            f"{folder} has no {KPIS}: its run failed or is not finished; run it again: gridfleet "
            f"simulate --scenario {folder} --out {folder}"
        )
    scenario = dict(flat(read_table(folder / SCENARIO, RunFolderError)))
    log = folder / EVENTS
    return RunRead(
        folder,
        scenario,
        _figures(folder / KPIS),
        _floor(str(scenario.get("layout", ""))),
        read_events(log) if log.is_file() else None,
    )


def flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Values by dotted key. Rows of a list that have a name, as stations have, go by that."""
    for key, value in table.items():
        if isinstance(value, list) and value and all(_is_named(row) for row in value):
            value = {row["name"]: {k: v for k, v in row.items() if k != "name"} for row in value}
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _is_named(row: object) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("name"), str)


def _figures(path: Path) -> Flat:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}; run it again") from None
    if not isinstance(table, dict):
        raise RunFolderError(f"{path}: no figures in it; run it again")
    return dict(flat(table))


def _floor(name: str) -> Layout | None:
    try:
        return load(name)
    except LayoutError:
        return None
