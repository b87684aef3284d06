"""The exits of a floor as tables of a native file: what the drawing leaves to be said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import Heading, opposite
from layouts.layout import CellKind, Layout, open_layout
from layouts.legend import Meaning
from layouts.queues import restrict_exits
from layouts.regions import cover, headings_text, span_text

Tables = dict[str, list[dict[str, Any]]]
BITS = (1 << np.arange(4)).astype(np.uint8)


def exit_tables(layout: Layout, drawing: list[Meaning]) -> Tables:
    """[[one_way]] for what arrows cannot say, [[exits]] for what breaks the rules of queues; of the
    two ways to say what is one-way, the one with fewer tables."""
    exits = np.ones_like(layout.exits)
    for cell, meaning in enumerate(drawing):
        if meaning.heading >= 0:
            exits[cell] = np.arange(4) == meaning.heading
    ways = (_only_along, _never_against)
    return min((_with_rest(layout, *way(layout, exits.copy())) for way in ways), key=_n_tables)


def _n_tables(tables: Tables) -> int:
    return sum(map(len, tables.values()))


def _only_along(layout: Layout, exits: NDArray[np.bool_]) -> tuple[Tables, NDArray[np.bool_]]:
    """Tables of headings for cells whose exits are wrong so far, and the exits with them."""
    is_wrong = (_ruled(layout, exits) != layout.exits).any(axis=1)
    is_wrong &= layout.kinds != CellKind.QUEUE
    return {"one_way": _exact_tables(layout, exits, is_wrong)}, exits


def _never_against(layout: Layout, exits: NDArray[np.bool_]) -> tuple[Tables, NDArray[np.bool_]]:
    """The same with tables of the headings against which cells are not left."""
    surplus = _ruled(layout, exits) & ~layout.exits
    surplus[layout.kinds == CellKind.QUEUE] = False
    tables = []
    for heading in Heading:
        need, never = surplus[:, heading], layout.exits[:, heading].astype(np.uint8)
        grids = (need, need.astype(np.uint8), never)
        for region in cover(*(square(grid, layout) for grid in grids)):
            square(exits, layout)[region.rows, region.cols, heading] = False
            against = headings_text(1 << opposite(heading))
            tables.append(rectangle(region.rows, region.cols) | {"against": against})
    return {"one_way": tables}, exits


def _with_rest(layout: Layout, tables: Tables, exits: NDArray[np.bool_]) -> Tables:
    """The tables, and [[exits]] for the cells that are still wrong."""
    is_wrong = (_ruled(layout, exits) != layout.exits).any(axis=1)
    return tables | {"exits": _exact_tables(layout, exits, is_wrong)}


def _ruled(layout: Layout, exits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Exits after the rules of queues, without those that lead nowhere."""
    floor = open_layout("", square(layout.kinds, layout))
    return restrict_exits(floor, exits, layout.stations) & floor.exits


def _exact_tables(
    layout: Layout, exits: NDArray[np.bool_], is_wrong: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Rectangles that give cells their headings; `exits` is brought up to date."""
    regions = cover(*(square(array, layout) for array in _needs(layout, is_wrong)))
    for region in regions:
        square(exits, layout)[region.rows, region.cols] = (BITS & region.bits) != 0
    return [
        rectangle(region.rows, region.cols) | {"heading": headings_text(region.bits)}
        for region in regions
    ]


def _needs(
    layout: Layout, is_wrong: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8], NDArray[np.uint8]]:
    """Per cell: whether it must be said, headings that must be open, that must not. [n_cells]."""
    floor = open_layout("", square(layout.kinds, layout))
    must = (layout.exits * BITS).sum(axis=1).astype(np.uint8)
    never = ((floor.exits & ~layout.exits) * BITS).sum(axis=1).astype(np.uint8)
    return is_wrong, must, never


def square(array: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """A view with rows and columns as the first two axes."""
    return array.reshape(layout.n_rows, layout.n_cols, *array.shape[1:])


def rectangle(rows: slice, cols: slice, down: int = 0, right: int = 0) -> dict[str, Any]:
    """Rows and columns as a file says them, moved by so many cells."""
    return {
        "rows": span_text(slice(rows.start + down, rows.stop + down)),
        "cols": span_text(slice(cols.start + right, cols.stop + right)),
    }
