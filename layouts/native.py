"""The native floor file: TOML with a map that a person draws (docs/layouts.md).

All faults of a file are reported together, with row and column counted from 1.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.queues import queue_of, restrict_exits

LEGEND = {
    ".": "floor",
    "#": "obstacle",
    "P": "storage",
    "S": "station",
    "q": "queue",
    "C": "charger",
    "K": "parking",
    "H": "human",
    ">": "east",
    "<": "west",
    "^": "north",
    "v": "south",
}
"""What each character of a map means where the file has no legend of its own. The four arrows are
floor cells that may only be left along the arrow."""
_ARROWS = {"east": Heading.EAST, "north": Heading.NORTH, "west": Heading.WEST}
_ARROWS["south"] = Heading.SOUTH


class StationTable(msgspec.Struct, forbid_unknown_fields=True):
    """One [[stations]] table; row and col count from 1 and point at a station cell."""

    name: str
    row: int
    col: int
    kind: StationKind = StationKind.PICK
    facing: str = "south"


class FloorFile(msgspec.Struct, forbid_unknown_fields=True):
    """The keys of a floor file."""

    map: str
    format: int = 1
    name: str = ""
    description: str = ""
    cell_size_m: float = 1.0
    recommended_units: int = 0
    legend: dict[str, str] = {}
    stations: list[StationTable] = []


def read_native(path: Path) -> Layout:
    """Read a floor file. Raises LayoutError with every fault found."""
    file = _parse(path)
    rows = file.map.strip("\n").splitlines()
    legend = LEGEND | file.legend
    faults = _map_faults(path, rows, legend)
    if file.format != 1:
        faults.append(f"{path}: format is {file.format}; this version reads format 1")
    if not 0.1 <= file.cell_size_m <= 10:
        faults.append(f"{path}: cell_size_m is {file.cell_size_m}; give metres between 0.1 and 10")
    if faults:
        raise LayoutError(faults)
    meanings = np.array([[legend[char] for char in text] for text in rows])
    kinds, exits = _cells(meanings)
    bare = open_layout(file.name or path.stem, kinds, source=str(path))
    stations = _stations(path, file, bare)
    _need_work(path, bare)
    return replace(
        bare,
        exits=restrict_exits(bare, exits, stations),
        stations=stations,
        cell_size_m=file.cell_size_m,
        description=file.description,
        recommended_units=file.recommended_units,
    )


def _parse(path: Path) -> FloorFile:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayoutError(f"{path}: not readable as TOML: {error}") from None
    faults = _unknown_keys(path, "", table, FloorFile)
    stations = table.get("stations", [])
    for index, entry in enumerate(stations if isinstance(stations, list) else []):
        if isinstance(entry, dict):
            faults += _unknown_keys(path, f"stations[{index + 1}].", entry, StationTable)
    if faults:
        raise LayoutError(faults)
    try:
        return msgspec.convert(table, FloorFile)
    except msgspec.ValidationError as error:
        raise LayoutError(f"{path}: {error}") from None


def _unknown_keys(
    path: Path, prefix: str, table: dict[str, object], struct: type[msgspec.Struct]
) -> list[str]:
    known = [field.name for field in msgspec.structs.fields(struct)]
    faults = []
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            faults.append(f"{path}: unknown key {prefix + key!r}; {hint}")
    return faults


def _map_faults(path: Path, rows: list[str], legend: dict[str, str]) -> list[str]:
    if not rows:
        return [f"{path}: the map is empty; draw at least one row"]
    width = len(rows[0])
    faults = [
        f"{path}: row {row + 1} has {len(text)} cells, row 1 has {width}; make them equally long"
        for row, text in enumerate(rows)
        if len(text) != width
    ]
    faults += [
        f"{path}: row {row + 1}, column {col + 1}: character {char!r} is not in the legend"
        for row, text in enumerate(rows)
        for col, char in enumerate(text)
        if char not in legend
    ]
    known = set(LEGEND.values())
    faults += [
        f"{path}: legend of {char!r} is {meaning!r}; use one of {', '.join(sorted(known))}"
        for char, meaning in legend.items()
        if meaning not in known
    ]
    return faults


def _cells(meanings: NDArray[np.str_]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Kinds and exits of drawn cells; an arrow is floor that is left along the arrow only."""
    kinds = np.full(meanings.shape, CellKind.FLOOR, dtype=np.int8)
    for kind in CellKind:
        kinds[meanings == kind.name.lower()] = kind
    exits = np.ones((meanings.size, 4), dtype=bool)
    for word, heading in _ARROWS.items():
        cells = np.flatnonzero(meanings.reshape(-1) == word)
        exits[cells] = False
        exits[cells, heading] = True
    return kinds, exits


def _stations(path: Path, file: FloorFile, floor: Layout) -> tuple[Station, ...]:
    """Stations of the tables, then pick stations S1, S2 ... on the other station cells."""
    cells = floor.cells_of(CellKind.STATION).tolist()
    faults, found, names = [], {}, set()
    for table in file.stations:
        inside = 1 <= table.row <= floor.n_rows and 1 <= table.col <= floor.n_cols
        cell = floor.cell(table.row - 1, table.col - 1) if inside else -1
        where = f"{path}: station {table.name!r} at row {table.row}, column {table.col}"
        if cell not in cells:
            faults.append(f"{where} is not on a station cell of the map")
        elif cell in found or table.name in names:
            faults.append(f"{where} is there twice, by name or by place")
        elif table.facing not in _ARROWS:
            faults.append(f"{where} faces {table.facing!r}; use one of {', '.join(_ARROWS)}")
        else:
            facing = int(_ARROWS[table.facing])
            queue = queue_of(floor, cell)
            found[cell] = Station(table.name, table.kind, cell, queue, facing)
            names.add(table.name)
    if faults:
        raise LayoutError(faults)
    for number, cell in enumerate(cells, start=1):
        if cell not in found:
            found[cell] = Station(f"S{number}", StationKind.PICK, cell, queue_of(floor, cell), 3)
    return tuple(found[cell] for cell in cells)


def _need_work(path: Path, floor: Layout) -> None:
    has_storage = len(floor.cells_of(CellKind.STORAGE)) > 0
    has_stations = len(floor.cells_of(CellKind.STATION)) > 0
    if has_storage and not has_stations:
        raise LayoutError(f"{path}: there is storage and no station; draw one with 'S'")
