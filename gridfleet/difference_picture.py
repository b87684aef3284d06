"""What is different between two floors, drawn over the second one.

Cells of another kind are tinted: green where there was nothing to drive on, red where there is
nothing any more, yellow else; rows and columns that were added are green from end to end, dashed
lines stand where some were removed. Arrows are moves that are allowed now, or no more. Stations
that were added or changed have a violet frame, and an arrow from where they stood.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gridfleet.floor_picture import MOST_ARROWS, write_picture
from layouts import CellKind, Layout
from layouts.difference import Difference, KindChange
from layouts.geometry import COL_STEP, ROW_STEP

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ADDED, REMOVED, CHANGED, STATION = "#2a9d4a", "#d1342f", "#f0b429", "#6b3fa0"
_LABELS = {ADDED: "added", REMOVED: "removed", CHANGED: "changed"}
_CLOSED = (CellKind.OBSTACLE, CellKind.HUMAN)


def write_difference(found: Difference, path: Path) -> None:
    """Write the picture in one piece, PNG or SVG as the suffix says. Raises LayoutError."""
    write_picture(found.other, path, lambda axes: _mark(axes, found))


def colour_of(change: KindChange) -> str:
    """Whether cells were added to what units drive on, removed from it, or changed."""
    if change.before in _CLOSED and change.after not in _CLOSED:
        return ADDED
    return REMOVED if change.after in _CLOSED and change.before not in _CLOSED else CHANGED


def _mark(axes: Axes, found: Difference) -> list[Any]:
    """Draw all of it; entries of the legend for what there is."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    seen = {colour_of(change): None for change in found.kinds}
    for change in found.kinds:
        _tint(axes, found.other, change.cells, colour_of(change))
    if _mark_lines(axes, found):
        seen |= {ADDED: None}
    handles: list[Any] = [
        Patch(facecolor=colour, alpha=0.6, edgecolor=colour, label=f"cells {label}")
        for colour, label in _LABELS.items()
        if colour in seen
    ]
    for word, removed in (("rows", found.removed_rows), ("columns", found.removed_cols)):
        if removed:
            handles.append(Line2D([], [], color=REMOVED, linestyle="--", label=f"{word} removed"))
    arrow: dict[str, Any] = {"marker": r"$\rightarrow$", "linestyle": "none", "markersize": 11}
    for is_open, colour, label in ((True, ADDED, "move allowed"), (False, REMOVED, "move closed")):
        if _arrows(axes, found, is_open, colour):
            handles.append(Line2D([], [], color=colour, label=label, **arrow))
    if _mark_stations(axes, found):
        handles.append(Patch(fill=False, edgecolor=STATION, linewidth=2, label="station changed"))
    return handles


def _tint(axes: Axes, layout: Layout, cells: Iterable[int], colour: str) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    places = [layout.row_col(cell) for cell in cells]
    squares = [Rectangle((col, layout.n_rows - row - 1), 1, 1) for row, col in places]
    axes.add_collection(
        PatchCollection(squares, facecolor=colour, edgecolor=colour, alpha=0.55, zorder=2.5)
    )


def _mark_lines(axes: Axes, found: Difference) -> bool:
    """Rows and columns that were added, and where some were removed; whether any were added."""
    n_rows, rows, cols = found.other.n_rows, found.alignment.rows, found.alignment.cols
    for row in found.added_rows:
        axes.axhspan(n_rows - row - 1, n_rows - row, color=ADDED, alpha=0.3, zorder=2.4, lw=0)
    for col in found.added_cols:
        axes.axvspan(col, col + 1, color=ADDED, alpha=0.3, zorder=2.4, lw=0)
    line: dict[str, Any] = {"color": REMOVED, "linestyle": "--", "linewidth": 1.8, "zorder": 4.5}
    for at in _before(rows.tolist(), found.removed_rows, n_rows):
        axes.axhline(n_rows - at, **line)
    for at in _before(cols.tolist(), found.removed_cols, found.other.n_cols):
        axes.axvline(at, **line)
    return bool(found.added_rows or found.added_cols)


def _before(partners: list[int], removed: tuple[int, ...], n_after: int) -> set[int]:
    """Lines of the second floor before which removed ones of the first stood."""
    return {
        next((partner for partner in partners[line:] if partner >= 0), n_after) for line in removed
    }


def _arrows(axes: Axes, found: Difference, is_open: bool, colour: str) -> bool:
    """An arrow for each move that is allowed or closed now, of very many some; whether any."""
    pairs = [
        (cell, change.heading)
        for change in found.moves
        if change.is_open == is_open
        for cell in change.cells
    ]
    if not pairs:
        return False
    cells, headings = np.array(pairs[:: -(-len(pairs) // MOST_ARROWS)]).T
    rows, cols = np.divmod(cells, found.other.n_cols)
    east, north = np.array(COL_STEP)[headings], -np.array(ROW_STEP)[headings]
    axes.quiver(
        cols + 0.5 + 0.18 * east, found.other.n_rows - rows - 0.5 + 0.18 * north,
        0.64 * east, 0.64 * north, color=colour, angles="xy", scale_units="xy", scale=1,
        units="xy", width=0.13, headwidth=4, headlength=3.6, headaxislength=3.2, zorder=3.5,
    )  # fmt: skip
    return True


def _mark_stations(axes: Axes, found: Difference) -> bool:
    """Frames around stations that were added or changed, arrows from where moved ones stood;
    whether there are any."""
    from matplotlib.patches import Rectangle

    other = found.other
    cells = [station.cell for station in found.added_stations]
    cells += [change.after.cell for change in found.changed_stations]
    for row, col in map(other.row_col, cells):
        frame: dict[str, Any] = {
            "fill": False,
            "edgecolor": STATION,
            "linewidth": 2.2,
            "zorder": 5.5,
        }
        axes.add_patch(Rectangle((col, other.n_rows - row - 1), 1, 1, **frame))
    for change in found.changed_stations:
        partner = int(found.alignment.cells[change.before.cell])
        if "cell" not in change.what or partner < 0:
            continue
        (row, col), (to_row, to_col) = other.row_col(partner), other.row_col(change.after.cell)
        axes.annotate(
            "", (to_col + 0.5, other.n_rows - to_row - 0.5), (col + 0.5, other.n_rows - row - 0.5),
            arrowprops={"arrowstyle": "->", "color": STATION, "linewidth": 2.0}, zorder=6,
        )  # fmt: skip
    return bool(cells)
