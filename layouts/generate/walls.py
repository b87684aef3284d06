"""Chargers and parking along the sides that have no stations."""

from __future__ import annotations

from collections.abc import Sequence

from layouts.generate.canvas import Canvas, Hall
from layouts.generate.figures import Side, StationRow
from layouts.layout import CellKind

GROUP = 6
"""Chargers and parking cells that stand together; a wall cell parts them from the next ones."""
WALL_ORDER = (Side.WEST, Side.EAST, Side.NORTH, Side.SOUTH)


def wall_sides(rows: Sequence[StationRow]) -> list[Side]:
    """Sides without stations, those first that lie beside the aisles."""
    return [side for side in WALL_ORDER if all(row.side != side for row in rows)]


def _groups(hall: Hall, rows: Sequence[StationRow]) -> list[tuple[Side, int]]:
    """Where groups of cells fit: side and cell along it, the two sides in turn."""
    sides = wall_sides(rows)[:2]
    places = [
        (along, side) for side in sides for along in range(1, hall.length(side) - GROUP, GROUP + 1)
    ]
    return [(side, along) for along, side in sorted(places, key=lambda p: p[0])]


def _n_groups(count: int) -> int:
    return -(-count // GROUP)


def wall_faults(hall: Hall, rows: Sequence[StationRow], chargers: int, parking: int) -> list[str]:
    """More chargers and parking cells than walls have room for."""
    room = len(_groups(hall, rows))
    wanted = _n_groups(chargers) + _n_groups(parking)
    if wanted <= room:
        return []
    if not wall_sides(rows):
        return ["all sides have stations; leave one free for chargers and parking"]
    return [
        f"{chargers} chargers and {parking} parking cells need {wanted} groups of {GROUP} along "
        f"the sides without stations, which have room for {room}; take fewer or a larger floor"
    ]


def add_walls(canvas: Canvas, rows: Sequence[StationRow], chargers: int, parking: int) -> None:
    """Chargers from the north or west on, then parking."""
    groups = iter(_groups(canvas.hall, rows))
    for kind, count in ((CellKind.CHARGER, chargers), (CellKind.PARKING, parking)):
        for start in range(0, count, GROUP):
            side, along = next(groups)
            canvas.add_strip(side, kind, along, min(GROUP, count - start))
