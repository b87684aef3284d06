"""Guidance of a floor from files of any format that says costs of moves.

A guidance table (guidance.py), a Kiva floor with weights, any floor file with edge costs of its
own, or a `.npy` array float[n_cells, 4] of weights along east, north, west, south, `inf` where a
move is closed. Weights are brought to costs as everywhere (weights.py): what the cheapest move
costs is an ordinary cell.

Floors of the layout papers have no storage: shelves are obstacles there. So what the file calls an
obstacle may be storage here, and moves from and to it, of which the file says nothing, cost nothing
more than a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import nearest
from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.layout import AISLE_KINDS, CellKind, Layout
from layouts.traffic import Traffic
from layouts.weights import costs_of_weights

if TYPE_CHECKING:
    from layouts.imported import Imported

MOST_COST = 1000.0
"""Cells that one move may cost; what is to be dearer is to be closed."""
MOST_TOLD = 5
NUMPY = ".npy"


def read_guidance(path: Path, layout: Layout) -> NDArray[np.float32]:
    """float32[n_cells, 4], extra cost of each move of the floor in cells, `inf` for closed moves; 0
    where the floor has no exit. Raises LayoutError for a file that cannot be read, that is of
    another floor, or whose costs cannot be driven by, with all that is wrong."""
    if not path.exists():
        raise LayoutError(_missing(path))
    said = _of_array(path, layout) if path.suffix == NUMPY else _of_floor(path, layout)
    costs: NDArray[np.float32] = np.where(layout.exits, said, 0.0).astype(np.float32)
    faults = [*_dear(path, costs, layout), *_cuts(path, np.isinf(costs), layout)]
    if faults:
        more = len(faults) - MOST_TOLD
        tail = [f"{path}: {more:,} more moves like these"] if more > 0 else []
        raise LayoutError(faults[:MOST_TOLD] + tail)
    return costs


def _missing(path: Path) -> str:
    folder = path.parent
    known = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    hint = f"; {nearest(path.name, known)}" if known and len(known) < 100 else ""
    return f"{path}: there is no such file of guidance{hint}"


def _of_array(path: Path, layout: Layout) -> NDArray[np.float64]:
    try:
        weights = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise LayoutError(
            f"{path}: cannot be read as guidance: {error}; write it with numpy.save"
        ) from None
    wanted = (layout.n_cells, 4)
    if not isinstance(weights, np.ndarray) or weights.dtype.kind not in "fiu":
        raise LayoutError(f"{path}: guidance must be one array of numbers of shape {wanted}")
    if weights.shape != wanted:
        raise LayoutError(
            f"{path}: guidance of shape {weights.shape}; the floor {layout.name!r} of "
            f"{layout.n_cols} x {layout.n_rows} cells needs {wanted}"
        )
    weights = np.where(layout.exits, weights.astype(np.float64), np.inf)
    bad = np.argwhere(~(weights > 0))
    if len(bad):
        where = _move(layout, *bad[0])
        raise LayoutError(
            f"{path}: {where} weighs {weights[tuple(bad[0])]:g}; weights are above 0, or inf to "
            "close a move"
        )
    costs = costs_of_weights(weights, str(path)).astype(np.float64)
    return np.where(np.isfinite(weights), costs, np.inf)


def _of_floor(path: Path, layout: Layout) -> NDArray[np.float64]:
    from layouts.loading import load_noted  # which imports every format

    noted: Imported = load_noted(path)
    said = noted.layout
    if (said.n_rows, said.n_cols) != (layout.n_rows, layout.n_cols):
        raise LayoutError(
            f"{path}: guidance of a floor of {said.n_cols} x {said.n_rows} cells; "
            f"{layout.name!r} has {layout.n_cols} x {layout.n_rows}"
        )
    is_other = said.driveable & ~layout.driveable
    is_other |= ~said.driveable & layout.driveable & (layout.kinds != CellKind.STORAGE)
    if is_other.any():
        cell = int(np.flatnonzero(is_other)[0])
        here, there = ("an obstacle", "none") if layout.driveable[cell] else ("none", "one")
        raise LayoutError(
            f"{path}: guidance of another floor: at {layout.place(cell)} it has {here} and "
            f"{layout.name!r} {there}; {is_other.sum():,} cells differ"
        )
    beside = layout.neighbours
    is_told = said.driveable[:, None] & said.driveable[beside] & (beside >= 0)
    costs = np.where(said.exits, said.edge_costs.astype(np.float64), np.inf)
    return np.where(is_told, costs, 0.0)


def _dear(path: Path, costs: NDArray[np.float32], layout: Layout) -> Iterator[str]:
    for cell, heading in np.argwhere(np.isfinite(costs) & (costs > MOST_COST)).tolist():
        yield (
            f"{path}: {_move(layout, cell, heading)} costs {costs[cell, heading]:g} cells more "
            f"than the cheapest; at most {MOST_COST:g}, or inf to close it"
        )


def _cuts(path: Path, closed: NDArray[np.bool_], layout: Layout) -> Iterator[str]:
    """Closed moves without a way round for everybody."""
    traffic = Traffic.over(np.isin(layout.kinds, AISLE_KINDS), layout.neighbours)
    left = Traffic.over(traffic.is_open, np.where(closed, -1, traffic.ahead))
    pieces = left.pieces(strong=True)
    for cell, heading in np.argwhere(closed).tolist():
        there = layout.neighbours[cell, heading]
        if traffic.ahead[cell, heading] < 0:
            yield (
                f"{path}: {_move(layout, cell, heading)} is closed, but leads from or to "
                "storage, a station or a queue, which has no way round; give it a cost"
            )
        elif pieces[cell] != pieces[there]:
            yield (
                f"{path}: {_move(layout, cell, heading)} is closed, and there is no way round; "
                "give it a cost"
            )


def _move(layout: Layout, cell: int, heading: int) -> str:
    return f"the move {Heading(heading).name.lower()} from {layout.place(int(cell))}"
