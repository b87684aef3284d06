"""Guidance graphs of Zhang et al. 2024 (Guidance Graph Optimization) as tables, `.csv`.

One line per cell: id, type (a character of Kiva floors, kiva.py), x, y, the weights of driving
right, up, left and down, and of waiting; `inf` forbids the move. x is the row and y the column
there, both from 0 at the north-west corner, and id is x * columns + y. Waiting costs have no place
in a Layout: reading leaves them out, writing gives 1.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import nearest, read_text, without_blank_end
from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.kiva import KINDS, marked
from layouts.kiva_write import ENDPOINT, kiva_characters, lost_in_kiva_cells
from layouts.kiva_write import SHELF as OBSTACLE
from layouts.layout import CellKind, Layout
from layouts.weighted_cells import WeightedCell, cell_faults, floor_of_cells, weights_of

COLUMNS = (
    "id", "type", "x", "y", "weight_to_RIGHT", "weight_to_UP", "weight_to_LEFT", "weight_to_DOWN",
    "weight_for_WAIT",
)  # fmt: skip
WAIT = 1.0


def is_guidance_table(first_line: str) -> bool:
    """Whether a file that begins so is one."""
    return first_line.strip().startswith("id,type,x,y,weight_")


def read_guidance_table(path: Path) -> Layout:
    """The floor with its workstations W1, W2 ... in reading order. Raises LayoutError."""
    lines = without_blank_end(read_text(path).split("\n"))
    if not lines or tuple(lines[0].strip().split(",")) != COLUMNS:
        raise LayoutError(f"{path}: line 1 names other columns than {','.join(COLUMNS)}")
    faults: list[str] = []
    cells = [
        cell
        for number, row in enumerate(csv.reader(lines[1:]), start=2)
        if (cell := _cell(f"{path}: line {number}", row, faults)) is not None
    ]
    n_rows = 1 + max((cell.row for cell in cells), default=0)
    n_cols = 1 + max((cell.col for cell in cells), default=0)
    if not faults:
        faults += cell_faults(str(path), cells, KINDS, n_rows, n_cols)
    if faults:
        raise LayoutError(faults)
    drawn = np.empty((n_rows, n_cols), dtype="<U1")
    for cell in cells:
        drawn[cell.row, cell.col] = cell.type
    floor = floor_of_cells(path, cells, KINDS, n_rows, n_cols)
    return marked(replace(floor, name=path.stem.removesuffix("_g_graph")), drawn)


def _cell(where: str, row: list[str], faults: list[str]) -> WeightedCell | None:
    if len(row) != len(COLUMNS):
        faults.append(f"{where} has {len(row)} fields, not {len(COLUMNS)}; is the file cut off?")
        return None
    if row[1] not in KINDS:
        faults.append(f"{where}: unknown type {row[1]!r}; {nearest(row[1], list(KINDS))}")
        return None
    try:
        down, right = int(row[2]), int(row[3])
        weights = weights_of(row[4:8], Heading)
    except ValueError as error:
        faults.append(f"{where}: {error}")
        return None
    return WeightedCell(f"{where}: cell x {down}, y {right}", row[1], "", down, right, weights)


def guidance_text(layout: Layout) -> str:
    """The table of a floor: moves cost 1 and the edge cost, inf where there is no exit."""
    drawn = kiva_characters(layout)
    is_free = (drawn != OBSTACLE).reshape(-1)
    beside = layout.neighbours
    is_move = (beside >= 0) & is_free[:, None] & is_free[beside]
    weights = np.where(is_move, 1.0 + layout.edge_costs.astype(np.float64), np.inf)
    return _table(layout, drawn, weights)


def weights_text(layout: Layout, weights: NDArray[np.float64]) -> str:
    """The table of weights for a floor, whose storage is drawn as endpoints: that of the papers is
    shelves, of which a table says no weights.

    weights: float64[n_cells, 4], inf where there is no exit and for closed moves.
    """
    drawn = kiva_characters(layout)
    drawn[(layout.kinds == CellKind.STORAGE).reshape(drawn.shape)] = ENDPOINT
    return _table(layout, drawn, weights)


def _table(layout: Layout, drawn: NDArray[np.str_], weights: NDArray[np.float64]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for cell, (char, moves) in enumerate(zip(drawn.reshape(-1).tolist(), weights, strict=True)):
        row, col = layout.row_col(cell)
        wait = WAIT if char != OBSTACLE else np.inf
        table.writerow([cell, char, row, col, *(f"{cost:.17g}" for cost in (*moves, wait))])
    return out.getvalue()


def lost_in_guidance(layout: Layout) -> list[str]:
    """What the table does not say of the floor, a phrase each."""
    return lost_in_kiva_cells(layout)
