"""Kiva floors of the layout-search and guidance papers (warehouse_env_gen, Guidance Graphs), JSON.

Cells: `.` free, `@` shelf, `e` endpoint beside a shelf, `w` workstation, `r` home. Shelves are
obstacles there, so the floor has no storage; endpoints are a zone for errands. With "weight": true,
"weights" holds the costs of waiting (one per free cell in reading order, or one for all) and then
of every move between free cells: by cell in reading order, each east, north, west, south. Waiting
costs have no place in a Layout and are left out.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from layouts.drawing import characters, read_text, size_faults, strange_faults
from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.queues import facing_of
from layouts.weights import costs_of_weights

KINDS = {
    ".": CellKind.FLOOR,
    "@": CellKind.OBSTACLE,
    "e": CellKind.FLOOR,
    "w": CellKind.STATION,
    "r": CellKind.PARKING,
}
ENDPOINTS = "endpoints"


class KivaFile(msgspec.Struct):
    """The keys that say something about the floor; there are others."""

    n_row: int
    n_col: int
    layout: list[str]
    name: str = ""
    weight: bool = False
    weights: list[float] = []


def read_kiva(path: Path) -> Layout:
    """The floor with its workstations W1, W2 ... in reading order. Raises LayoutError."""
    try:
        file = msgspec.convert(json.loads(read_text(path)), KivaFile)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise LayoutError(f"{path}: not a Kiva floor: {error}") from None
    faults = size_faults(str(path), file.layout, file.n_row, file.n_col)
    cure = f"a Kiva floor is drawn with {''.join(KINDS)}"
    faults += strange_faults(str(path), file.layout, KINDS, cure)
    if not file.layout:
        faults.append(f"{path}: 'layout' has no rows")
    if faults:
        raise LayoutError(faults)
    floor = floor_of_drawing(file.name or path.stem, characters(file.layout), str(path))
    if not file.weight:
        return floor
    weights = _weights(path, floor, file.weights)
    return replace(floor, edge_costs=costs_of_weights(weights, str(path)))


def floor_of_drawing(name: str, drawn: NDArray[np.str_], source: str) -> Layout:
    """The floor of characters in KINDS. drawn: shape (n_rows, n_cols)."""
    kinds = np.zeros(drawn.shape, dtype=np.int8)
    for char, kind in KINDS.items():
        kinds[drawn == char] = kind
    return marked(open_layout(name, kinds, source=source), drawn)


def marked(floor: Layout, drawn: NDArray[np.str_]) -> Layout:
    """The floor with the stations and endpoints of the drawing. drawn: shape (n_rows, n_cols)."""
    endpoints = tuple(np.flatnonzero(drawn.reshape(-1) == "e").tolist())
    stations = tuple(
        Station(f"W{number}", StationKind.WORKSTATION, cell, (), facing_of(floor, cell))
        for number, cell in enumerate(floor.cells_of(CellKind.STATION).tolist(), start=1)
    )
    return replace(floor, stations=stations, zones={ENDPOINTS: endpoints} if endpoints else {})


def _weights(path: Path, floor: Layout, weights: list[float]) -> NDArray[np.float64]:
    """Weight of every move, infinite where there is none. Shape (n_cells, 4)."""
    is_move = floor.neighbours >= 0
    n_moves, n_free = int(is_move.sum()), int(floor.driveable.sum())
    n_waits = len(weights) - n_moves
    if n_waits not in (1, n_free):
        raise LayoutError(
            f"{path}: {len(weights)} weights do not fit the drawing: it has {n_moves} moves and "
            f"{n_free} free cells, so give {n_moves + n_free}, or {n_moves + 1} with one cost for "
            "waiting"
        )
    # Headings east, north, west, south are the order of the file, so plain reading order fits.
    moves = np.array(weights[n_waits:])
    if not (np.isfinite(moves) & (moves > 0)).all():
        bad = int(np.flatnonzero(~(np.isfinite(moves) & (moves > 0)))[0])
        raise LayoutError(
            f"{path}: weight {n_waits + bad + 1} is {moves[bad]}; a move must cost more than 0"
        )
    table = np.full(is_move.shape, np.inf)
    table[is_move] = moves
    return table
