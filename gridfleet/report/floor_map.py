"""Heat maps over the floor: one pixel per cell, outlines and stations drawn over it as SVG."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts import CellKind, Layout

GROUND = {
    CellKind.OBSTACLE: "#4a5561", CellKind.HUMAN: "#8b97a3", CellKind.FLOOR: "#ffffff",
    CellKind.STORAGE: "#eceff2", CellKind.STATION: "#ffffff", CellKind.QUEUE: "#ffffff",
    CellKind.CHARGER: "#ffffff", CellKind.PARKING: "#ffffff",
}  # fmt: skip
TRAFFIC = ("#d6e6f4", "#abcfe6", "#6aaed6", "#3787c0", "#105ba4", "#08306b")
WAITING = ("#fee8c8", "#fdcf9f", "#fdac78", "#f0724a", "#d63a24", "#8f0000")
DIFFERENCE = ("#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b")
"""From less, blue, to more, red."""
MOST_LABELLED = 60
"""Floors of more columns than this have no room for the names of stations."""


@dataclass(frozen=True, slots=True)
class FloorMap:
    """svg: the map. colours: of its scale, from little to much. top: the value of the last colour.
    max_width_px: beyond it cells would only be large. is_slim: two of them fit side by side."""

    svg: str
    colours: tuple[str, ...]
    top: float
    max_width_px: int
    is_slim: bool


def heat_map(
    layout: Layout, values: NDArray[np.float64], colours: tuple[str, ...], label: str
) -> FloorMap:
    """values: float64[n_cells], 0 or more; cells of 0 show the floor. The scale ends at the 99th
    percentile of the rest, so that one crowded cell does not pale all others."""
    shown = values[values > 0]
    top = float(np.percentile(shown, 99)) if len(shown) else 0.0
    pixels = ground(layout)
    if len(shown):
        steps = np.linspace(0, 1, len(colours))
        table = np.array([_rgb(colour) for colour in colours])
        levels = np.minimum(shown / top, 1.0)
        mixed = [np.interp(levels, steps, table[:, channel]) for channel in range(3)]
        pixels[values > 0] = np.column_stack(mixed)
    return _as_map(layout, pixels, colours, top, label)


def difference_map(layout: Layout, values: NDArray[np.float64], label: str) -> FloorMap:
    """values: float64[n_cells], above 0 for more and below for less; cells of 0 show the floor. The
    scale ends on both sides at the 99th percentile of what differs."""
    sizes = np.abs(values[values != 0])
    top = float(np.percentile(sizes, 99)) if len(sizes) else 0.0
    pixels = ground(layout)
    if len(sizes):
        steps = np.linspace(-1, 1, len(DIFFERENCE))
        table = np.array([_rgb(colour) for colour in DIFFERENCE])
        levels = np.clip(values[values != 0] / top, -1.0, 1.0)
        mixed = [np.interp(levels, steps, table[:, channel]) for channel in range(3)]
        pixels[values != 0] = np.column_stack(mixed)
    return _as_map(layout, pixels, DIFFERENCE, top, label)


def _as_map(
    layout: Layout, pixels: NDArray[np.float64], colours: tuple[str, ...], top: float, label: str
) -> FloorMap:
    """pixels: float64[n_cells, 3]."""
    image = _png(pixels.reshape(layout.n_rows, layout.n_cols, 3).astype(np.uint8))
    size = f'width="{layout.n_cols}" height="{layout.n_rows}"'
    svg = (
        f'<svg viewBox="-0.05 -0.05 {layout.n_cols + 0.1:g} {layout.n_rows + 0.1:g}" role="img" '
        f'aria-label="{html.escape(label)}"><image {size} preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{image}"/>'
        f'<path class="storage" d="{outline(layout)}"/>{_stations(layout)}'
        f'<rect class="edge" {size}/></svg>'
    )
    is_slim = layout.n_cols <= MOST_LABELLED and layout.n_cols <= 1.6 * layout.n_rows
    return FloorMap(svg, colours, top, min(1080, 26 * layout.n_cols), is_slim)


def ground(layout: Layout) -> NDArray[np.float64]:
    """float64[n_cells, 3], colour of each cell that nothing happened on, 0 to 255."""
    table = np.array([_rgb(GROUND[kind]) for kind in CellKind], dtype=np.float64)
    return table[layout.kinds]


def outline(layout: Layout) -> str:
    """The border of all storage as the `d` of an SVG path, straight runs in one piece."""
    is_storage = layout.kinds.reshape(layout.n_rows, layout.n_cols) == CellKind.STORAGE
    padded = np.pad(is_storage, 1)
    across = padded[1:, 1:-1] != padded[:-1, 1:-1]
    down = (padded[1:-1, 1:] != padded[1:-1, :-1]).T
    pieces = [f"M{start} {row}h{end - start}" for row, start, end in _runs(across)]
    pieces += [f"M{col} {start}v{end - start}" for col, start, end in _runs(down)]
    return "".join(pieces)


def _runs(lines: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(line, first, end) of every run of True along the lines of a bool[n_lines, n]."""
    steps = np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, firsts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return list(zip(rows.tolist(), firsts.tolist(), ends.tolist(), strict=True))


def _stations(layout: Layout) -> str:
    marks = []
    for station in layout.stations:
        row, col = layout.row_col(station.cell)
        name = html.escape(station.name)
        marks.append(
            f'<rect class="station" x="{col}" y="{row}" width="1" height="1">'
            f"<title>{name}, {station.kind}</title></rect>"
        )
        if layout.n_cols <= MOST_LABELLED and len(station.name) <= 4:
            marks.append(f'<text class="name" x="{col + 0.5}" y="{row + 0.68}">{name}</text>')
    return "".join(marks)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _png(pixels: NDArray[np.uint8]) -> str:
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
