"""Points in metres and directed edges between them as cells of a grid, for formats that are graphs.

grid_lines.py finds the pitch of each axis, of the lengths of its edges, and the lines of the grid.
What does not fit is told by place, with where it would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import shortened
from layouts.errors import LayoutError
from layouts.geometry import COL_STEP, ROW_STEP, Heading
from layouts.grid_lines import TOLERANCE, Floats, Ints, Lines, lines_of, pitch_of

MOST_STRETCH = 1.25
"""Cells are square: the longer pitch is at most so many times the shorter one."""
MOST_CELLS = 4_000_000
FARTHEST_M = 1e7
"""From the origin: the distance from the equator to a pole."""
MOST_EMPTY = 0.5
"""Of the extent of the points: so much empty room between the origin and them is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """names: of the points, for messages. points_m: float64[n, 2], x east and y north. edges:
    int64[m, 2], numbers of the points that each leads from and to. word: what a point is called."""

    source: str
    word: str
    names: Sequence[str]
    points_m: Floats
    edges: Ints

    def at(self, point: int) -> str:
        """A point for messages."""
        x, y = self.points_m[point]
        return f"{self.source}: {self.word} {self.names[point]} at x {x:g}, y {y:g}"


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """cells: int64[n], cell of each point. pitch_m: along x and along y."""

    n_rows: int
    n_cols: int
    pitch_m: tuple[float, float]
    cells: Ints

    @property
    def cell_size_m(self) -> float:
        """Side of a square cell: the pitch, or between two that differ; to a tenth of a mm."""
        return round(float(np.sqrt(self.pitch_m[0] * self.pitch_m[1])), 4)

    @property
    def is_stretched(self) -> bool:
        """Whether the pitches differ by more than rounding."""
        return max(self.pitch_m) > 1.005 * min(self.pitch_m)


def lattice_of(graph: Graph, size_m: tuple[float, float] | None = None) -> Lattice:
    """The grid that the points lie on.

    size_m: of the floor from the origin, east and north; not known, it ends with the last points,
    and begins at the origin where the points are about as far from it as half a cell and a few.

    Raises LayoutError for points off the grid, two in one cell, pitches too different for square
    cells, and grids that are too large.
    """
    if not len(graph.points_m):
        raise LayoutError(f"{graph.source}: there are no {graph.word}s")
    is_sound = (np.abs(graph.points_m) <= FARTHEST_M).all(axis=1)
    if not is_sound.all():
        bad = int(np.flatnonzero(~is_sound)[0])
        raise LayoutError(f"{graph.at(bad)} is no place; give metres, {FARTHEST_M:g} at most")
    pitches = _pitches(graph)
    _check_pitches(graph, pitches)
    _check_extent(graph, pitches)
    lines = [lines_of(graph.points_m[:, axis], pitches[axis]) for axis in (0, 1)]
    _check_on_grid(graph, pitches, lines)
    spans = [
        _span(graph.points_m[:, axis], lines[axis].numbers, pitches[axis],
              None if size_m is None else size_m[axis])
        for axis in (0, 1)
    ]  # fmt: skip
    (cols, n_cols), (ups, n_rows) = spans
    if n_rows * n_cols > MOST_CELLS:
        raise LayoutError(_too_large(graph, n_rows, n_cols, pitches))
    cells = (n_rows - 1 - ups) * n_cols + cols
    _check_apart(graph, cells)
    return Lattice(n_rows, n_cols, pitches, cells)


def moves_of(graph: Graph, lattice: Lattice) -> tuple[NDArray[np.bool_], Ints]:
    """Exits that the edges make, bool[n_cells, 4], and cells without a point that longer edges lead
    over, ascending. Raises LayoutError for edges that are not straight or pass over a point."""
    n_cols = lattice.n_cols
    exits = np.zeros((lattice.n_rows * n_cols, 4), dtype=bool)
    point_of = {cell: point for point, cell in enumerate(lattice.cells.tolist())}
    passed: set[int] = set()
    faults: list[str] = []
    for tail, head in graph.edges.tolist():
        straight = _straight(int(lattice.cells[tail]), int(lattice.cells[head]), n_cols)
        edge = f"{graph.at(tail)}: its edge to {graph.names[head]}"
        if straight is None:
            faults.append(f"{edge} is not straight along a row or column; lead it over corners")
            continue
        heading, route = straight
        over = [point_of[cell] for cell in route[1:-1] if cell in point_of]
        if over:
            faults.append(f"{edge} passes over {graph.names[over[0]]}; join neighbours only")
            continue
        passed.update(route[1:-1])
        exits[route[:-1], heading] = True
    if faults:
        raise LayoutError(shortened(faults, graph.source, "edges"))
    return exits, np.array(sorted(passed), dtype=np.int64)


def _straight(tail: int, head: int, n_cols: int) -> tuple[Heading, list[int]] | None:
    """The heading from one cell to the other and the cells on the way, both included."""
    (row, col), (to_row, to_col) = divmod(tail, n_cols), divmod(head, n_cols)
    if (row == to_row) == (col == to_col):
        return None
    if row == to_row:
        heading = Heading.EAST if to_col > col else Heading.WEST
    else:
        heading = Heading.SOUTH if to_row > row else Heading.NORTH
    step = ROW_STEP[heading] * n_cols + COL_STEP[heading]
    return heading, list(range(tail, head + step, step))


def _pitches(graph: Graph) -> tuple[float, float]:
    """Of an axis without edges, that of the other one; without any edge, 1 m."""
    found = []
    for axis in (0, 1):
        tails, heads = graph.points_m[graph.edges[:, 0]], graph.points_m[graph.edges[:, 1]]
        steps = np.abs(heads - tails)
        is_along = steps[:, axis] > steps[:, 1 - axis]
        found.append(pitch_of(steps[is_along, axis]))
    known = max(found)
    return (found[0] or known or 1.0, found[1] or known or 1.0)


def _check_extent(graph: Graph, pitches: tuple[float, float]) -> None:
    """So far apart that numbers of lines would be beyond counting."""
    extents = np.ptp(graph.points_m, axis=0) / pitches
    if extents.max() > MOST_CELLS:
        raise LayoutError(_too_large(graph, extents[1], extents[0], pitches))


def _too_large(graph: Graph, n_rows: float, n_cols: float, pitches: tuple[float, float]) -> str:
    return (
        f"{graph.source}: {n_rows:.4g} x {n_cols:.4g} cells of {pitches[0]:g} m are more than "
        f"{MOST_CELLS:,}; is a {graph.word} far from the others?"
    )


def _check_pitches(graph: Graph, pitches: tuple[float, float]) -> None:
    if max(pitches) > MOST_STRETCH * min(pitches):
        raise LayoutError(
            f"{graph.source}: {graph.word}s are {pitches[0]:g} m apart from west to east and "
            f"{pitches[1]:g} m from south to north; cells are square here, so give both the same "
            "distance"
        )


def _check_on_grid(graph: Graph, pitches: tuple[float, float], lines: list[Lines]) -> None:
    is_off = (lines[0].misses > TOLERANCE) | (lines[1].misses > TOLERANCE)
    n_off, n_all = int(is_off.sum()), len(is_off)
    grid = f"{pitches[0]:g} m" + (f" by {pitches[1]:g} m" if pitches[0] != pitches[1] else "")
    if 3 * n_off > n_all:
        raise LayoutError(
            f"{graph.source}: no regular grid: {n_off} of {n_all} {graph.word}s lie off a grid of "
            f"{grid}, the most frequent distance; a floor here is made of square cells"
        )
    faults = [
        f"{graph.at(point)} lies off the grid of {grid}; move it to x "
        f"{lines[0].wanted[point]:g}, y {lines[1].wanted[point]:g} (up to {TOLERANCE:.0%} of a "
        "cell off is taken as on it)"
        for point in np.flatnonzero(is_off).tolist()
    ]
    if faults:
        raise LayoutError(shortened(faults, graph.source, f"{graph.word}s off the grid"))


def _span(values: Floats, numbers: Ints, pitch: float, size_m: float | None) -> tuple[Ints, int]:
    """Number of each line from the edge of the floor, and how many lines there are."""
    first = float(values[numbers == 0].mean()) / pitch - 0.5
    before, extent = round(first), int(numbers.max()) + 1
    if size_m is not None:
        before = min(max(before, 0), 1 + extent)
        return numbers + before, max(round(size_m / pitch), before + extent)
    is_kept = abs(first - before) <= TOLERANCE and 0 <= before <= max(MOST_EMPTY * extent, 5)
    before = before if is_kept else 0
    return numbers + before, before + extent


def _check_apart(graph: Graph, cells: Ints) -> None:
    seen: dict[int, int] = {}
    faults = []
    for point, cell in enumerate(cells.tolist()):
        if cell in seen:
            faults.append(f"{graph.at(point)} is in one cell with {graph.names[seen[cell]]}")
        seen[cell] = point
    if faults:
        raise LayoutError(shortened(faults, graph.source, f"{graph.word}s in one cell"))
