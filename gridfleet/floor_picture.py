"""A floor as a picture in metres: kinds of cells, stations by name, one-way lanes as arrows.

Obstacles look as on the report's maps; all other kinds have colours of their own. matplotlib is
loaded only when a picture is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from layouts import CellKind, Layout, LayoutError, Station, StationKind
from layouts.directions import one_way_moves
from layouts.geometry import COL_STEP, ROW_STEP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Marks = Callable[["Axes"], list[Any]]
INK = "#1f2933"
KIND_COLOURS = {
    CellKind.OBSTACLE: "#4a5561",
    CellKind.FLOOR: "#ffffff",
    CellKind.STORAGE: "#c3c9d1",
    CellKind.STATION: "#f5cc73",
    CellKind.QUEUE: "#fdf0cf",
    CellKind.CHARGER: "#9fd3a2",
    CellKind.PARKING: "#b9d8f2",
    CellKind.HUMAN: "#e8b7b0",
}
KIND_NAMES = {CellKind.HUMAN: "people only", CellKind.STORAGE: "storage", CellKind.QUEUE: "queue"}
STATION_COLOURS = {
    StationKind.PICK: "#f0a92e",
    StationKind.STOW: "#3fa796",
    StationKind.INDUCT: "#4a86c8",
    StationKind.EJECT: "#b277c2",
    StationKind.WORKSTATION: "#d98c5f",
}
ZONE_COLOURS = ("#c8553d", "#2563a8", "#3a7d44", "#8c4a9e", "#a67c00", "#4a5568")
SUFFIXES = (".png", ".svg")
LONG_SIDE_IN = (7.0, 20.0)
"""Least and most inches of the longer side of the floor; CELL_IN of a cell in between."""
CELL_IN, DPI = 0.25, 150
MOST_ARROWS = 3000
"""Of more one-way moves every second, third, ... is drawn."""


def check_path(path: Path) -> None:
    """Raises LayoutError for a picture that cannot be written, before any work is done."""
    if path.suffix.lower() not in SUFFIXES:
        raise LayoutError(
            f"{path}: unknown kind of picture; end its name in {' or '.join(SUFFIXES)}"
        )
    if path.is_dir():
        raise LayoutError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise LayoutError(f"{path}: there is no folder {path.parent}; create it first")


def write_picture(layout: Layout, path: Path, marks: Marks | None = None) -> None:
    """Write the picture in one piece, as the suffix says. Raises LayoutError."""
    check_path(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        draw(layout, marks).savefig(temporary, format=path.suffix.lower()[1:], facecolor="white")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LayoutError(f"{path}: cannot be written: {error.strerror}") from None


def draw(layout: Layout, marks: Marks | None = None) -> Figure:
    """The figure: the floor with ticks in metres, title, legend.

    marks: draws over the floor, in cells from the south-west corner, and returns its own entries
    of the legend, which come first.
    """
    from matplotlib.figure import Figure

    cell_in = _cell_inches(layout)
    width, height = cell_in * layout.n_cols, cell_in * layout.n_rows
    left, right, below, above = 0.7, 2.1, 0.7, 0.75
    size = left + width + right, max(below + height + above, 3.8)
    figure = Figure(figsize=size, dpi=DPI)
    axes = figure.add_axes((left / size[0], below / size[1], width / size[0], height / size[1]))
    _draw_ground(axes, layout, cell_in)
    _draw_arrows(axes, layout, cell_in)
    _draw_zones(axes, layout)
    longest = max((len(station.name) for station in layout.stations), default=1)
    for station in layout.stations:
        _draw_station(axes, layout, station, 100 * cell_in / longest)
    _write_around(axes, layout, height)
    marked = marks(axes) if marks is not None else []
    axes.legend(
        handles=[*marked, *_legend(layout)], loc="upper left",
        bbox_to_anchor=(1.0 + 0.15 / width, 1.0), frameon=False, fontsize=9, borderaxespad=0,
    )  # fmt: skip
    return figure


def _cell_inches(layout: Layout) -> float:
    cells = max(layout.n_rows, layout.n_cols)
    least, most = LONG_SIDE_IN
    return min(max(CELL_IN * cells, least), most) / cells


def _centre(layout: Layout, cell: int) -> tuple[float, float]:
    """x east and y north of a cell's centre in cells, from the south-west corner."""
    row, col = layout.row_col(cell)
    return col + 0.5, layout.n_rows - row - 0.5


def _draw_ground(axes: Axes, layout: Layout, cell_in: float) -> None:
    """Cells in the colours of their kinds, with a line between cells that are large enough."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(KIND_COLOURS[kind]) for kind in CellKind])
    ground = colours[layout.kinds]
    for station in layout.stations:
        ground[station.cell] = to_rgb(STATION_COLOURS[station.kind])
    axes.imshow(
        ground.reshape(layout.n_rows, layout.n_cols, 3), interpolation="nearest",
        extent=(0, layout.n_cols, 0, layout.n_rows), zorder=0,
    )  # fmt: skip
    width = min(0.8, 4 * cell_in)
    for at in range(layout.n_cols + 1):
        axes.axvline(at, color="#e3e7eb", linewidth=width, zorder=1)
    for at in range(layout.n_rows + 1):
        axes.axhline(at, color="#e3e7eb", linewidth=width, zorder=1)


def _draw_arrows(axes: Axes, layout: Layout, cell_in: float) -> None:
    """An arrow across the border of two cells for each move that has no way back."""
    cells, headings = np.nonzero(one_way_moves(layout))
    if not len(cells):
        return
    step = -(-len(cells) // MOST_ARROWS)
    rows, cols = np.divmod(cells, layout.n_cols)
    shown = (rows + cols) % step == 0
    east, north = np.array(COL_STEP)[headings], -np.array(ROW_STEP)[headings]
    heads = layout.neighbours[cells, headings]
    is_queue = np.isin(layout.kinds[heads], (CellKind.QUEUE, CellKind.STATION))
    shown |= is_queue
    axes.quiver(
        (cols + 0.5 + 0.18 * east)[shown], (layout.n_rows - rows - 0.5 + 0.18 * north)[shown],
        (0.64 * east)[shown], (0.64 * north)[shown], np.where(is_queue, 1.0, 0.0)[shown],
        cmap=_two_colours(), clim=(0, 1), angles="xy", scale_units="xy", scale=1, units="xy",
        width=0.09, headwidth=4.5, headlength=4, headaxislength=3.6, zorder=3,
    )  # fmt: skip


def _two_colours() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap(["#3d7ebf", "#a8741a"])


def _draw_zones(axes: Axes, layout: Layout) -> None:
    """The outline of each zone with its name, for few enough zones to tell apart."""
    if len(layout.zones) > len(ZONE_COLOURS):
        return
    from matplotlib.collections import LineCollection

    for colour, (name, cells) in zip(ZONE_COLOURS, layout.zones.items(), strict=False):
        if cells:
            lines = LineCollection(_outline(layout, cells), colors=colour, linewidths=1.6, zorder=4)
            axes.add_collection(lines)
            x, y = _centre(layout, cells[0])
            axes.text(x - 0.4, y + 0.6, name, color=colour, fontsize=8, zorder=6)


def _outline(layout: Layout, cells: tuple[int, ...]) -> Any:
    """float64[k, 2, 2], sides of the cells with the outside beyond."""
    inside = np.zeros((layout.n_rows + 2, layout.n_cols + 2), dtype=bool)
    rows, cols = np.divmod(np.array(cells), layout.n_cols)
    inside[rows + 1, cols + 1] = True
    south, west = layout.n_rows - rows - 1, cols
    sides = []
    for d_row, d_col, ends in (
        (-1, 0, ((0, 1), (1, 1))), (1, 0, ((0, 0), (1, 0))),
        (0, -1, ((0, 0), (0, 1))), (0, 1, ((1, 0), (1, 1))),
    ):  # fmt: skip
        is_side = ~inside[rows + 1 + d_row, cols + 1 + d_col]
        corners = [np.column_stack([west + x, south + y])[is_side] for x, y in ends]
        sides.append(np.stack(corners, axis=1))
    return np.concatenate(sides).astype(np.float64)


def _draw_station(axes: Axes, layout: Layout, station: Station, font_pt: float) -> None:
    """The name where the person stands beyond the service cell, or on it. font_pt: fits a cell."""
    x, y = _centre(layout, station.cell)
    row, col = layout.row_col(station.cell)
    row, col = row + ROW_STEP[station.facing], col + COL_STEP[station.facing]
    is_inside = 0 <= row < layout.n_rows and 0 <= col < layout.n_cols
    beyond = layout.cell(row, col) if is_inside else station.cell
    if layout.kinds[beyond] == CellKind.HUMAN:
        x, y = _centre(layout, beyond)
        font_pt *= 1.5  # people's cells are wider than one
    axes.text(
        x, y, station.name, ha="center", va="center", fontsize=min(max(font_pt, 2.5), 9.0),
        color=INK, fontweight="bold", zorder=5, clip_on=False,
    )  # fmt: skip


def _write_around(axes: Axes, layout: Layout, height_in: float) -> None:
    """Title, and ticks in metres from the south-west corner."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(0, layout.n_cols)
    axes.set_ylim(0, layout.n_rows)
    metre = layout.cell_size_m
    for axis, word in ((axes.xaxis, "east"), (axes.yaxis, "north")):
        axis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
        axis.set_major_formatter(FuncFormatter(lambda at, _: f"{at * metre:g}"))
        axis.set_label_text(f"metres {word}", fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    for spine in axes.spines.values():
        spine.set_edgecolor("#9aa5b1")
    title = layout.name
    if layout.recommended_units:
        title += f"  ·  {layout.recommended_units:,} units"
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=22)
    axes.text(
        0, 1 + 0.08 / height_in, layout.description, transform=axes.transAxes, fontsize=8.5,
        color=INK, va="bottom",
    )  # fmt: skip


def _legend(layout: Layout) -> list[Any]:
    """Patches and arrows for what there is."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    present = set(layout.kinds.tolist()) - {int(CellKind.STATION)}
    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor="#9aa5b1", label=KIND_NAMES.get(kind, kind.name.lower()))
        for kind, colour in KIND_COLOURS.items()
        if int(kind) in present
    ]
    kinds = {station.kind for station in layout.stations}
    handles += [
        Patch(facecolor=colour, edgecolor="#9aa5b1", label=f"{kind.value} station")
        for kind, colour in STATION_COLOURS.items()
        if kind in kinds
    ]
    if one_way_moves(layout).any():
        arrow: dict[str, Any] = {"marker": r"$\rightarrow$", "linestyle": "none", "markersize": 11}
        handles.append(Line2D([], [], color="#3d7ebf", label="one-way", **arrow))
        if CellKind.QUEUE in present:
            handles.append(Line2D([], [], color="#a8741a", label="way to the station", **arrow))
    return handles
