"""Painted surfaces: the floor with its markings, and shelves full of goods.

One painted quad costs the renderer as much as a plain one; goods built of boxes would cost it
everything. Paint is seeded: the same floor and seed give the same texture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridfleet.render import colours
from gridfleet.render.mesh import Colour
from layouts import CellKind, Layout, StationKind
from layouts.directions import one_way_moves
from layouts.geometry import COL_STEP, ROW_STEP

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

MOST_PX = 4096
"""Longest side of a texture."""
CELL_PX = (8, 64)
POD_PX = (128, 256)
N_SHELVES = 5


def floor_texture(layout: Layout, seed: int) -> tuple[Image, tuple[float, float]]:
    """The floor from above, north up, in the upper left of a picture whose sides are powers of two;
    and the share of its sides that the floor takes."""
    from PIL import Image, ImageDraw

    least, most = CELL_PX
    px = min(max(MOST_PX // max(layout.n_rows, layout.n_cols), least), most)
    width, height = layout.n_cols * px, layout.n_rows * px
    canvas = Image.new("RGB", (_power(width), _power(height)), colours.CONCRETE)
    draw = ImageDraw.Draw(canvas)
    for cell, kind in enumerate(layout.kinds.tolist()):
        _paint_cell(draw, layout, cell, CellKind(kind), px)
    for station in layout.stations:
        _paint_station(draw, *_corner(layout, station.cell, px), px, station.name, station.kind)
    _paint_arrows(draw, layout, px)
    _grain(canvas, width, height, seed)
    return canvas, (width / canvas.width, height / canvas.height)


def _power(length: int) -> int:
    return int(2 ** np.ceil(np.log2(length)))


def _corner(layout: Layout, cell: int, px: int) -> tuple[int, int]:
    row, col = layout.row_col(cell)
    return col * px, row * px


def _paint_cell(draw: ImageDraw, layout: Layout, cell: int, kind: CellKind, px: int) -> None:
    """A cell in its colour, with a thin line around it and the marker that units read."""
    x, y = _corner(layout, cell, px)
    area = (x, y, x + px - 1, y + px - 1)
    draw.rectangle(area, fill=colours.of_kind(kind), outline=colours.LINE)
    if kind is CellKind.OBSTACLE or kind is CellKind.HUMAN:
        return
    ink = (96, 102, 110)
    if kind is CellKind.CHARGER:
        points = [(0.55, 0.15), (0.3, 0.55), (0.47, 0.55), (0.42, 0.85), (0.7, 0.42), (0.52, 0.42)]
        draw.polygon([(x + px * a, y + px * b) for a, b in points], fill=(47, 125, 65))
    elif kind is CellKind.PARKING:
        _write(draw, x + px / 2, y + px / 2, "P", 0.7 * px, (60, 105, 165))
    elif kind is CellKind.STORAGE:
        _paint_corners(draw, x, y, px, (150, 158, 168))
    else:
        half = max(px * 0.05, 1)
        middle = x + px / 2, y + px / 2
        draw.rectangle(
            (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half), fill=ink
        )


def _paint_corners(draw: ImageDraw, x: int, y: int, px: int, ink: Colour) -> None:
    """Where the legs of a pod go."""
    gap, arm, width = 0.1 * px, 0.2 * px, max(px // 24, 1)
    for right in (0, 1):
        for low in (0, 1):
            a = x + (px - gap if right else gap)
            b = y + (px - gap if low else gap)
            draw.line((a, b, a + (-arm if right else arm), b), fill=ink, width=width)
            draw.line((a, b, a, b + (-arm if low else arm)), fill=ink, width=width)


def _paint_station(draw: ImageDraw, x: int, y: int, px: int, name: str, kind: StationKind) -> None:
    colour = colours.of_station(kind)
    draw.rectangle((x, y, x + px - 1, y + px - 1), fill=colours.lighter(colour, 0.25))
    width = max(px // 10, 1)
    draw.rectangle((x, y, x + px - 1, y + px - 1), outline=colour, width=width)
    _write(draw, x + px / 2, y + px / 2, name, min(0.5, 1.5 / max(len(name), 1)) * px, colours.DARK)


def _paint_arrows(draw: ImageDraw, layout: Layout, px: int) -> None:
    """On every second cell of a one-way lane, and on every cell of a queue, where it leads."""
    cells, headings = np.nonzero(one_way_moves(layout))
    for cell, heading in zip(cells.tolist(), headings.tolist(), strict=True):
        row, col = layout.row_col(cell)
        is_queue = layout.kinds[cell] == CellKind.QUEUE
        if not is_queue and (row + col) % 2:
            continue
        x, y = (col + 0.5) * px, (row + 0.5) * px
        ahead, side = (
            (COL_STEP[heading], ROW_STEP[heading]),
            (-ROW_STEP[heading], COL_STEP[heading]),
        )
        tips = ((0.34, 0.0), (0.12, 0.2), (0.12, -0.2))
        points = [
            (x + px * (a * ahead[0] + b * side[0]), y + px * (a * ahead[1] + b * side[1]))
            for a, b in tips
        ]
        draw.polygon(points, fill=(198, 142, 52) if is_queue else (150, 170, 194))


def _write(
    draw: ImageDraw, x: float, y: float, text: str, size_px: float, ink: Colour
) -> None:  # fmt: skip
    from PIL import ImageFont

    if size_px >= 5:
        font = ImageFont.load_default(size_px)
        draw.text((x, y), text, fill=ink, font=font, anchor="mm")


def _grain(canvas: Image, width: int, height: int, seed: int) -> None:
    """Floors are not spotless: soft patches, a few shades either way."""
    from PIL import Image

    rng = np.random.default_rng([seed, 0xF100])
    patches = Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8))
    soft = np.asarray(patches.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    pixels = np.asarray(canvas)[:height, :width].astype(np.int16) + ((soft - 128) // 24)[..., None]
    canvas.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), (0, 0))


def pod_texture(seed: int, clear_share: float) -> Image:
    """A pod: in the left half its side with posts, shelves and goods, in the upper right its cover.

    clear_share: of its height, from the floor, where there are but legs and a unit passes."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng([seed, 0x90D5])
    width, height = POD_PX
    picture = Image.new("RGBA", (2 * width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    bottom = round(height * (1 - clear_share))
    draw.rectangle((0, 0, width - 1, bottom), fill=(92, 100, 114, 255))
    for shelf in range(N_SHELVES):
        top, floor = (round(bottom * (shelf + i) / N_SHELVES) for i in (0, 1))
        _fill_shelf(draw, rng, width, top + 5, floor - 5)
        draw.rectangle((0, floor - 5, width - 1, floor), fill=(*colours.STEEL, 255))
    draw.rectangle((0, 0, width - 1, 5), fill=(*colours.STEEL, 255))
    for post in (0, width - 9):
        draw.rectangle((post, 0, post + 8, height), fill=(*colours.STEEL, 255))
    _paint_cover(draw, width, width)
    return picture


def _fill_shelf(
    draw: ImageDraw, rng: np.random.Generator, width: int, top: int, floor: int
) -> None:  # fmt: skip
    """Boxes of all sizes side by side, now and then a gap."""
    x = 11
    while x < width - 22:
        wide, tall = int(rng.integers(14, 38)), rng.uniform(0.5, 0.95)
        right = min(x + wide, width - 12)
        if rng.random() > 0.12:
            colour = colours.GOODS[int(rng.integers(len(colours.GOODS)))]
            upper = floor - round((floor - top) * tall)
            dark = tuple(round(part * 0.72) for part in colour)
            draw.rectangle((x, upper, right, floor), fill=(*colour, 255), outline=(*dark, 255))
            if right - x > 16:
                label = (x + 4, upper + 5, x + 11, min(upper + 11, floor - 2))
                if label[3] > label[1]:
                    draw.rectangle(label, fill=(244, 242, 236, 255))
        x = right + 2


def _paint_cover(draw: ImageDraw, left: int, side: int) -> None:
    """The cover of a pod, plain, so that the frames of carried ones stand out."""
    right = left + side - 1
    draw.rectangle((left, 0, right, side - 1), fill=(178, 188, 202, 255))
    draw.rectangle((left, 0, right, side - 1), outline=(*colours.STEEL, 255), width=9)
    for at in (side // 3, 2 * side // 3):
        draw.line((left + 9, at, right - 9, at), fill=(160, 170, 186, 255), width=3)
