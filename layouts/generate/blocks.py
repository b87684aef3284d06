"""Classic block floors: pods in blocks with aisles between them, stations along the sides."""

from __future__ import annotations

from dataclasses import dataclass

from layouts.generate.assembly import assemble, check
from layouts.generate.canvas import Canvas, Hall, band_depths
from layouts.generate.figures import Side, StationRow
from layouts.generate.walls import wall_sides
from layouts.layout import CellKind, Layout, StationKind

SIZES = (
    "blocks_across", "blocks_down", "block_width", "block_depth", "aisle_width",
    "cross_aisle_width", "highway_width", "margin_width",
)  # fmt: skip
KINDS = (StationKind.PICK, StationKind.STOW)
MOST_DEEP = 2
"""Pods behind one another: a third would have no aisle beside it."""


@dataclass(frozen=True, slots=True)
class BlockFloor:
    """What a block floor is made from. Widths, depths and counts in cells.

    block_width x block_depth pods a block; one of the two must be 1 or 2, so that every pod has an
    aisle beside it. aisle_width: between rows of blocks. cross_aisle_width: between blocks side by
    side. highway_width: between blocks and a side with stations. margin_width: between blocks and
    the other sides. chargers, parking: cells along sides without stations. one_way: aisles
    between rows of blocks are driven in alternating directions only. recommended_units: 0 for an
    estimate from distances and stations. description: "" for the figures in a sentence.
    """

    name: str = "blocks"
    blocks_across: int = 4
    blocks_down: int = 8
    block_width: int = 6
    block_depth: int = 2
    aisle_width: int = 1
    cross_aisle_width: int = 2
    highway_width: int = 3
    margin_width: int = 2
    stations: tuple[StationRow, ...] = (StationRow(),)
    chargers: int = 0
    parking: int = 0
    one_way: bool = False
    cell_size_m: float = 1.0
    recommended_units: int = 0
    description: str = ""


def block_floor(figures: BlockFloor) -> Layout:
    """The floor. Raises LayoutError with every fault of the figures."""
    check(figures, SIZES, _deep_faults(figures), KINDS, _hall)
    hall = _hall(figures)
    canvas = Canvas(hall)
    _add_blocks(canvas, figures)
    ring = {side: _ring(figures, side) for side in Side}
    return assemble(figures, canvas, ring, _description(figures), _units(figures, hall))


def _deep_faults(figures: BlockFloor) -> list[str]:
    if min(figures.block_width, figures.block_depth) <= MOST_DEEP:
        return []
    return [
        f"blocks of {figures.block_width} x {figures.block_depth} hold pods without an aisle "
        f"beside them; make block_width or block_depth {MOST_DEEP} or less"
    ]


def _ring(figures: BlockFloor, side: Side) -> int:
    """Cells between the blocks and that side."""
    has_stations = any(row.side == side for row in figures.stations)
    return figures.highway_width if has_stations else figures.margin_width


def _hall(figures: BlockFloor) -> Hall:
    pitch_down = figures.block_depth + figures.aisle_width
    pitch_across = figures.block_width + figures.cross_aisle_width
    n_rows = figures.blocks_down * pitch_down - figures.aisle_width
    n_cols = figures.blocks_across * pitch_across - figures.cross_aisle_width
    n_rows += _ring(figures, Side.NORTH) + _ring(figures, Side.SOUTH)
    n_cols += _ring(figures, Side.EAST) + _ring(figures, Side.WEST)
    sides = wall_sides(figures.stations) if figures.chargers or figures.parking else []
    return Hall(n_rows, n_cols, band_depths(figures.stations, sides[:2]))


def _add_blocks(canvas: Canvas, figures: BlockFloor) -> None:
    top = canvas.hall.top + _ring(figures, Side.NORTH)
    left = canvas.hall.left + _ring(figures, Side.WEST)
    for down in range(figures.blocks_down):
        row = top + down * (figures.block_depth + figures.aisle_width)
        for across in range(figures.blocks_across):
            col = left + across * (figures.block_width + figures.cross_aisle_width)
            canvas.kinds[row : row + figures.block_depth, col : col + figures.block_width] = (
                CellKind.STORAGE
            )


def _description(figures: BlockFloor) -> str:
    n_storage = (
        figures.blocks_across * figures.blocks_down * figures.block_width * figures.block_depth
    )
    counts = {kind: sum(r.count for r in figures.stations if r.kind == kind) for kind in KINDS}
    stations = " and ".join(f"{n} {kind.value}" for kind, n in counts.items() if n)
    one_way = ", one-way aisles" if figures.one_way else ""
    return f"{stations} stations, {n_storage:,} storage cells{one_way}."


def _units(figures: BlockFloor, hall: Hall) -> int:
    """Units that keep the stations busy: each brings a pod every so many seconds.

    Assumed: a station takes a pod every 20 s, a unit needs 40 s besides driving a way of half the
    floor there and back at 1.2 m/s; at most a unit for every ten open cells.
    """
    n_stations = sum(row.count for row in figures.stations)
    way_m = (hall.n_rows + hall.n_cols) / 2 * figures.cell_size_m
    wanted = n_stations * (40 + way_m / 1.2) / 20
    n_storage = (
        figures.blocks_across * figures.blocks_down * figures.block_width * figures.block_depth
    )
    return max(1, min(round(wanted), (hall.n_rows * hall.n_cols - n_storage) // 10))
