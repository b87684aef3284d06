"""Floors of RHCR (Li et al. 2021, Lifelong Multi-Agent Path Finding in Large-Scale Warehouses).

`.map`: "rows,cols", the numbers of endpoints, of homes and of time steps, then a drawing with the
characters of Kiva floors (kiva.py).

`.grid`: "Grid size (x, y)", "n_x,n_y", a line of column names, then one line per cell: id, type
(Travel, Obstacle, Induct, Eject), station, x, y and the weights of driving north, west, south and
east and of waiting; `inf` forbids the move. x grows to the east and y to the north: of all ways to
read the axes this is the only one in which every allowed move of the published sorting floor ends
on a cell that exists and is free. The last y is therefore the first row here.

Induct cells are station cells. Eject cells, the four beside a chute, lie on the lanes of the
published floor, where other units drive past them, so they stay floor and each has a station
named after its chute (`10273-1` to `10273-4`, in reading order) that stands on a lane.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from layouts.drawing import (
    characters,
    nearest,
    read_text,
    size_faults,
    strange_faults,
    without_blank_end,
)
from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.kiva import KINDS, floor_of_drawing
from layouts.layout import CellKind, Layout, Station, StationKind
from layouts.queues import facing_of
from layouts.weighted_cells import WeightedCell, cell_faults, floor_of_cells, weights_of

TYPES = {
    "Travel": CellKind.FLOOR,
    "Obstacle": CellKind.OBSTACLE,
    "Induct": CellKind.STATION,
    "Eject": CellKind.FLOOR,
}
COLUMNS = (
    "id", "type", "station", "x", "y", "weight_to_NORTH", "weight_to_WEST", "weight_to_SOUTH",
    "weight_to_EAST", "weight_for_WAIT",
)  # fmt: skip
FILE_HEADINGS = (Heading.NORTH, Heading.WEST, Heading.SOUTH, Heading.EAST)
_STATIONS = {"Induct": StationKind.INDUCT, "Eject": StationKind.EJECT}


def read_rhcr_map(path: Path) -> Layout:
    """The floor of a `.map` of RHCR. Raises LayoutError with every fault found."""
    lines = read_text(path).split("\n")
    n_rows, n_cols = _pair(path, lines, 0, "rows,cols")
    faults = [
        f"{path}: line {index + 1} is {text!r}; expected a number (line 2: endpoints, 3: homes, "
        "4: time steps)"
        for index, text in enumerate(lines[1:4], start=1)
        if not text.strip().isdecimal()
    ]
    rows = without_blank_end(lines[4:])
    faults += size_faults(str(path), rows, n_rows, n_cols)
    cure = f"an RHCR map is drawn with {''.join(KINDS)}"
    faults += strange_faults(str(path), rows, KINDS, cure)
    if faults:
        raise LayoutError(faults)
    return floor_of_drawing(path.stem, characters(rows), str(path))


def read_rhcr_grid(path: Path) -> Layout:
    """The floor of a `.grid` of RHCR. Raises LayoutError with every fault found."""
    lines = without_blank_end(read_text(path).split("\n"))
    n_cols, n_rows = _pair(path, lines, 1, "n_x,n_y")
    names = tuple(lines[2].split(",")) if len(lines) > 2 else ()
    if names != COLUMNS:
        raise LayoutError(f"{path}: line 3 names other columns than {','.join(COLUMNS)}")
    faults: list[str] = []
    cells = [
        cell
        for number, row in enumerate(csv.reader(lines[3:]), start=4)
        if (cell := _grid_cell(f"{path}: line {number}", row, n_rows, faults)) is not None
    ]
    faults += cell_faults(str(path), cells, TYPES, n_rows, n_cols)
    if faults:
        raise LayoutError(faults)
    floor = floor_of_cells(path, cells, TYPES, n_rows, n_cols)
    return replace(floor, stations=_stations(floor, cells))


def _pair(path: Path, lines: list[str], index: int, words: str) -> tuple[int, int]:
    text = lines[index] if len(lines) > index else ""
    match = re.fullmatch(r"\s*([1-9]\d*)\s*,\s*([1-9]\d*)\s*", text)
    if match is None:
        raise LayoutError(f"{path}: line {index + 1} is {text!r}; expected '{words}'")
    return int(match[1]), int(match[2])


def _grid_cell(where: str, row: list[str], n_rows: int, faults: list[str]) -> WeightedCell | None:
    if len(row) != len(COLUMNS):
        faults.append(f"{where} has {len(row)} fields, not {len(COLUMNS)}; is the file cut off?")
        return None
    if row[1] not in TYPES:
        faults.append(f"{where}: unknown type {row[1]!r}; {nearest(row[1], list(TYPES))}")
        return None
    try:
        x, y = int(row[3]), int(row[4])
        weights = weights_of(row[5:9], FILE_HEADINGS)
    except ValueError as error:
        faults.append(f"{where}: {error}")
        return None
    return WeightedCell(f"{where}: cell x {x}, y {y}", row[1], row[2], n_rows - 1 - y, x, weights)


def _stations(floor: Layout, cells: list[WeightedCell]) -> tuple[Station, ...]:
    """Stations in reading order; those of several cells are numbered within their name."""
    places = defaultdict(list)
    for cell in cells:
        if cell.type in _STATIONS:
            places[cell.station, cell.type].append(floor.cell(cell.row, cell.col))
    stations = []
    for (name, kind), found in places.items():
        for number, place in enumerate(sorted(found), start=1):
            label = f"{name}-{number}" if len(found) > 1 else name
            stations.append(Station(label, _STATIONS[kind], place, (), facing_of(floor, place)))
    return tuple(sorted(stations, key=lambda station: station.cell))
