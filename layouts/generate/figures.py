"""What both generators ask of their figures, and how their faults read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from layouts.drawing import nearest
from layouts.layout import StationKind

MOST_CELLS = 1_000_000
"""A floor of more cells is a slip."""
MOST_FIGURE = 1000
STATION_WIDTH = 3
"""Cells that a station takes along its side: queue, service cell, exit lane."""


class Side(StrEnum):
    """A side of the floor, as a map shows it: north is up."""

    NORTH = "north"
    EAST = "east"
    SOUTH = "south"
    WEST = "west"


SIDES = [side.value for side in Side]


@dataclass(frozen=True, slots=True)
class StationRow:
    """Stations along one side. queue: waiting cells of each, beside the service cell included.
    spacing: cells from one station to the next; 0 spreads them over the side."""

    side: str = Side.SOUTH
    count: int = 4
    kind: str = StationKind.PICK
    queue: int = 6
    spacing: int = 0


def figure_faults(owner: object, lows: dict[str, int]) -> list[str]:
    """Whole numbers below their least value or beyond any sense, by name of the field."""
    faults = []
    for name, low in lows.items():
        value = getattr(owner, name)
        if not low <= value <= MOST_FIGURE:
            faults.append(f"{name} is {value}; give {low} to {MOST_FIGURE}")
    return faults


def common_faults(name: str, cell_size_m: float, recommended_units: int) -> list[str]:
    faults = []
    if not name.strip() or "\n" in name:
        faults.append(f"name is {name!r}; give the floor a name of one line")
    if not 0.1 <= cell_size_m <= 10:
        faults.append(f"cell_size_m is {cell_size_m}; give metres between 0.1 and 10")
    if recommended_units < 0:
        faults.append(f"recommended_units is {recommended_units}; give 0 or more")
    return faults


def row_faults(rows: Sequence[StationRow], allowed: Sequence[StationKind]) -> list[str]:
    """Faults of each row of stations by itself."""
    faults = [] if rows else ["no stations; give at least one row of them"]
    for number, row in enumerate(rows, start=1):
        where = f"stations {number} ({row.side})"
        if row.side not in SIDES:
            faults.append(f"{where}: unknown side {row.side!r}; {nearest(row.side, SIDES)}")
        if row.kind not in allowed:
            cure = nearest(row.kind, [kind.value for kind in allowed])
            faults.append(f"{where}: {row.kind!r} is no kind of station here; {cure}")
        faults += [f"{where}: {fault}" for fault in figure_faults(row, {"count": 1, "queue": 1})]
        if row.spacing and not STATION_WIDTH <= row.spacing <= MOST_FIGURE:
            faults.append(
                f"{where}: spacing is {row.spacing}; give {STATION_WIDTH} or more, or 0 to spread "
                "the stations over the side"
            )
    return faults


def room_faults(rows: Sequence[StationRow], lengths: dict[str, int]) -> list[str]:
    """Sides that are too short for their stations. lengths: cells of each side."""
    faults = []
    for side, length in lengths.items():
        here = [row for row in rows if row.side == side]
        needed = sum(row.count * (row.spacing or STATION_WIDTH) for row in here)
        if needed > length:
            n_stations = sum(row.count for row in here)
            faults.append(
                f"{n_stations} stations on the {side} need {needed} cells, the side has {length}; "
                "take fewer, set them closer or make the floor larger"
            )
    return faults


def size_faults(n_rows: int, n_cols: int) -> list[str]:
    if n_rows * n_cols <= MOST_CELLS:
        return []
    return [f"{n_rows} x {n_cols} cells are more than {MOST_CELLS:,}; make the floor smaller"]
