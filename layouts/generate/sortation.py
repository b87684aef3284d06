"""Sortation floors: parcels are put on units at the sides and dropped into chutes between streets.

A chute is a hole in the floor. Its units stop on a service cell of their own beside it, which they
enter from one street and may leave into any other: who drops a parcel is in nobody's way. On floors
with `on_lane` they stop on the street itself, which saves a row for each row of chutes.

        . . . .            . . . .
        . E E .            . # # .
        . # # .   on_lane  . e e .   (e: eject station on a street cell)
        . . . .            . . . .
"""

from __future__ import annotations

from dataclasses import dataclass

from layouts.generate.assembly import assemble, check
from layouts.generate.canvas import Canvas, Hall, band_depths
from layouts.generate.figures import Side, StationRow
from layouts.generate.walls import wall_sides
from layouts.layout import CellKind, Layout, StationKind

SIZES = ("chutes_across", "chutes_down", "street_width", "highway_width")
INDUCT_ROWS = (
    StationRow(Side.NORTH, 4, StationKind.INDUCT, queue=3),
    StationRow(Side.SOUTH, 4, StationKind.INDUCT, queue=3),
)


@dataclass(frozen=True, slots=True)
class SortationFloor:
    """What a sortation floor is made from. Widths and counts in cells.

    chutes_across x chutes_down chutes with streets of street_width between them; highway_width:
    between chutes and the sides. stations: induct stations. on_lane: units drop parcels standing on
    the street. one_way: streets along the rows are driven in alternating directions only.
    recommended_units: 0 for an estimate from stations and distances. Otherwise as for BlockFloor.
    """

    name: str = "sortation"
    chutes_across: int = 8
    chutes_down: int = 6
    street_width: int = 2
    highway_width: int = 3
    stations: tuple[StationRow, ...] = INDUCT_ROWS
    on_lane: bool = False
    one_way: bool = False
    chargers: int = 0
    parking: int = 0
    cell_size_m: float = 1.0
    recommended_units: int = 0
    description: str = ""


def sortation_floor(figures: SortationFloor) -> Layout:
    """The floor. Raises LayoutError with every fault of the figures."""
    check(figures, SIZES, (), (StationKind.INDUCT,), _hall)
    hall = _hall(figures)
    canvas = Canvas(hall)
    _add_chutes(canvas, figures)
    ring = dict.fromkeys(Side, figures.highway_width)
    return assemble(figures, canvas, ring, _description(figures), _units(figures, hall))


def _chute_depth(figures: SortationFloor) -> int:
    return 1 if figures.on_lane else 2


def _hall(figures: SortationFloor) -> Hall:
    street, ring = figures.street_width, 2 * figures.highway_width
    n_rows = figures.chutes_down * (_chute_depth(figures) + street) - street + ring
    n_cols = figures.chutes_across * (1 + street) - street + ring
    sides = wall_sides(figures.stations) if figures.chargers or figures.parking else []
    return Hall(n_rows, n_cols, band_depths(figures.stations, sides[:2]))


def _add_chutes(canvas: Canvas, figures: SortationFloor) -> None:
    depth = _chute_depth(figures)
    top = canvas.hall.top + figures.highway_width + depth - 1
    left = canvas.hall.left + figures.highway_width
    for down in range(figures.chutes_down):
        for across in range(figures.chutes_across):
            row = top + down * (depth + figures.street_width)
            col = left + across * (1 + figures.street_width)
            canvas.kinds[row, col] = CellKind.OBSTACLE
            if figures.on_lane:
                canvas.on_lane.append((row + 1, col))
            else:
                canvas.add_station(StationKind.EJECT, row - 1, col)


def _description(figures: SortationFloor) -> str:
    n_inducts = sum(row.count for row in figures.stations)
    n_chutes = figures.chutes_across * figures.chutes_down
    return f"{n_inducts} induct stations, {n_chutes} chutes."


def _units(figures: SortationFloor, hall: Hall) -> int:
    """Units that keep the induct stations busy.

    Assumed: a parcel every 8 s at each station, a unit needs 20 s besides driving a way of half the
    floor there and back at 1.2 m/s; at most a unit for every twelve cells.
    """
    n_inducts = sum(row.count for row in figures.stations)
    way_m = (hall.n_rows + hall.n_cols) / 2 * figures.cell_size_m
    wanted = n_inducts * (20 + way_m / 1.2) / 8
    return max(1, min(round(wanted), hall.n_rows * hall.n_cols // 12))
