"""Costs of moves over the picture of a floor (floor_picture.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleet_control.mapf.grid import CELL_COST, Grid
from layouts import Heading, Layout
from layouts.geometry import COL_STEP, ROW_STEP, opposite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gridfleet.floor_picture import Marks

SOFT, CLOSED = "#7a4fa0", "#3b1f5b"
DARKEST = 0.75
"""Opacity of the dearest cell."""


def marks_of(layout: Layout, grid: Grid) -> Marks:
    """Draws what it costs to enter each cell, and which way between two cells costs less."""

    def marks(axes: Axes) -> list[Any]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        dearest = _draw_cells(axes, layout, grid)
        is_closed = (grid.ways >= 0) & (grid.neighbours < 0)
        back_closed = _back(is_closed, grid)
        back_dearer = _back(grid.surcharges, grid) > grid.surcharges
        is_way = (grid.neighbours >= 0) & ~_back(is_closed, grid)
        _draw_arrows(axes, layout, (grid.neighbours >= 0) & back_closed, CLOSED, 0.1)
        _draw_arrows(axes, layout, is_way & back_dearer, SOFT, 0.05)
        arrow: dict[str, Any] = {"marker": r"$\rightarrow$", "linestyle": "none", "markersize": 11}
        handles: list[Any] = []
        if dearest > 0:
            label = f"{dearest:.1f} cells more to enter"
            handles.append(Patch(facecolor=SOFT, alpha=DARKEST, label=label))
        if (is_way & back_dearer).any():
            handles.append(Line2D([], [], color=SOFT, label="cheaper than back", **arrow))
        if back_closed.any():
            handles.append(Line2D([], [], color=CLOSED, label="way back closed", **arrow))
        return handles

    return marks


def _back(of_moves: Any, grid: Grid) -> Any:
    """What is true of the move back, for each move; False or 0 without one. (n_cells, 4)."""
    found = np.zeros_like(of_moves)
    for heading in Heading:
        cells = np.flatnonzero(grid.ways[:, heading] >= 0)
        there = grid.ways[cells, heading]
        found[cells, heading] = of_moves[there, opposite(heading)]
    return found


def _draw_cells(axes: Axes, layout: Layout, grid: Grid) -> float:
    """Shade cells by the mean cost of the moves that lead in. Returns that of the dearest."""
    from matplotlib.colors import to_rgb

    sums, counts = np.zeros(layout.n_cells), np.zeros(layout.n_cells)
    cells, headings = np.nonzero(grid.neighbours >= 0)
    heads = grid.neighbours[cells, headings]
    np.add.at(sums, heads, grid.surcharges[cells, headings] / CELL_COST)
    np.add.at(counts, heads, 1)
    means = sums / np.maximum(counts, 1)
    dearest = float(means.max(initial=0.0))
    shades = np.zeros((layout.n_rows, layout.n_cols, 4))
    shades[..., :3] = to_rgb(SOFT)
    if dearest > 0:
        shades[..., 3] = (DARKEST * means / dearest).reshape(layout.n_rows, layout.n_cols)
    axes.imshow(
        shades, interpolation="nearest", extent=(0, layout.n_cols, 0, layout.n_rows), zorder=2
    )
    return dearest


def _draw_arrows(axes: Axes, layout: Layout, is_shown: Any, colour: str, width: float) -> None:
    from gridfleet.floor_picture import MOST_ARROWS

    cells, headings = np.nonzero(is_shown)
    if not len(cells):
        return
    step = -(-len(cells) // MOST_ARROWS)
    rows, cols = np.divmod(cells, layout.n_cols)
    kept = (rows + cols) % step == 0
    east, north = np.array(COL_STEP)[headings], -np.array(ROW_STEP)[headings]
    axes.quiver(
        (cols + 0.5 + 0.2 * east)[kept], (layout.n_rows - rows - 0.5 + 0.2 * north)[kept],
        (0.6 * east)[kept], (0.6 * north)[kept], color=colour, angles="xy", scale_units="xy",
        scale=1, units="xy", width=width, headwidth=5, headlength=4.5, headaxislength=4, zorder=3,
    )  # fmt: skip
