"""Floors that are a table with a line for every cell: its type, its place, and what moves cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import COL_STEP, ROW_STEP, Heading
from layouts.layout import CellKind, Layout, open_layout
from layouts.weights import costs_of_weights


@dataclass(frozen=True, slots=True)
class WeightedCell:
    """One line. where: for messages. row, col: from 0 at the north-west corner. weights: east,
    north, west, south; inf where the move is not allowed."""

    where: str
    type: str
    station: str
    row: int
    col: int
    weights: tuple[float, ...]


def weights_of(words: Sequence[str], headings: Iterable[Heading]) -> tuple[float, ...]:
    """Weights in the order of Heading from those in the order of the file. Raises ValueError."""
    found = dict(zip(headings, map(float, words), strict=True))
    if not all(weight > 0 for weight in found.values()):
        raise ValueError(f"weights {list(words)}; each must be above 0, or inf to forbid")
    return tuple(found[heading] for heading in Heading)


def cell_faults(
    source: str, cells: list[WeightedCell], kinds: Mapping[str, CellKind], n_rows: int, n_cols: int
) -> list[str]:
    """Cells outside the grid, given twice, or missing; moves off the floor or into obstacles."""
    times = Counter((cell.row, cell.col) for cell in cells)
    faults = []
    for cell in cells:
        if not (0 <= cell.row < n_rows and 0 <= cell.col < n_cols):
            faults.append(f"{cell.where} lies outside the grid of {n_cols} by {n_rows}")
        if times[cell.row, cell.col] > 1:
            faults.append(f"{cell.where} is given {times[cell.row, cell.col]} times")
    if len(times) < n_rows * n_cols:
        faults.append(
            f"{source}: {len(times)} cells, not {n_cols} x {n_rows}; is the file cut off?"
        )
        return faults
    return faults + _move_faults(cells, kinds)


def _move_faults(cells: list[WeightedCell], kinds: Mapping[str, CellKind]) -> list[str]:
    is_free = {(cell.row, cell.col): kinds[cell.type] is not CellKind.OBSTACLE for cell in cells}
    return [
        f"{cell.where} may be left to the {heading.name.lower()}, where there is no free cell; "
        "make that weight inf"
        for cell in cells
        for heading, weight in zip(Heading, cell.weights, strict=True)
        if np.isfinite(weight)
        and not is_free.get((cell.row + ROW_STEP[heading], cell.col + COL_STEP[heading]), False)
    ]


def floor_of_cells(
    path: Path, cells: list[WeightedCell], kinds: Mapping[str, CellKind], n_rows: int, n_cols: int
) -> Layout:
    """The floor without stations. Raises LayoutError for weights that are too far apart."""
    drawn = np.zeros((n_rows, n_cols), dtype=np.int8)
    weights: NDArray[np.float64] = np.full((n_rows, n_cols, 4), np.inf)
    for cell in cells:
        drawn[cell.row, cell.col] = kinds[cell.type]
        weights[cell.row, cell.col] = cell.weights
    weights = weights.reshape(-1, 4)
    return replace(
        open_layout(path.stem, drawn, source=str(path)),
        exits=np.isfinite(weights),
        edge_costs=costs_of_weights(weights, str(path)),
    )
