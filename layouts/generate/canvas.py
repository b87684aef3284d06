"""A floor in the making: an open hall with bands of stations, chargers and parking around it.

A station takes three cells along its side. Units come in at the back of its queue, go down to the
wall, turn once to the service cell, and drive straight on from there into an exit lane that leads
back to the hall: the next unit follows at once, and who leaves does not cross who comes.

        hall
    q # ^       q  queue, entered from the hall
    q # ^       ^  exit lane, one-way
    q S ^       S  service cell
    H H H       H  people
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from layouts.directions import lane_direction
from layouts.generate.figures import Side, StationRow
from layouts.geometry import Heading, opposite
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.native_stations import default_names
from layouts.queues import facing_of, queue_of, restrict_exits

INWARD = {
    Side.NORTH: Heading.SOUTH,
    Side.EAST: Heading.WEST,
    Side.SOUTH: Heading.NORTH,
    Side.WEST: Heading.EAST,
}


@dataclass(frozen=True, slots=True)
class Hall:
    """Where the open rectangle lies on the canvas; everything else begins as obstacle.

    depths: cells beyond each side. Rows and columns are half-open and count from 0.
    """

    n_rows: int
    n_cols: int
    depths: dict[Side, int]

    @property
    def top(self) -> int:
        return self.depths[Side.NORTH]

    @property
    def left(self) -> int:
        return self.depths[Side.WEST]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the whole floor."""
        depths = self.depths
        return (
            self.n_rows + depths[Side.NORTH] + depths[Side.SOUTH],
            self.n_cols + depths[Side.EAST] + depths[Side.WEST],
        )

    def length(self, side: Side) -> int:
        return self.n_cols if side in (Side.NORTH, Side.SOUTH) else self.n_rows

    def place(self, side: Side, along: int, out: int) -> tuple[int, int]:
        """Row and column: so many cells along the side from west or north, and beyond it."""
        if side is Side.NORTH:
            return self.top - 1 - out, self.left + along
        if side is Side.SOUTH:
            return self.top + self.n_rows + out, self.left + along
        if side is Side.WEST:
            return self.top + along, self.left - 1 - out
        return self.top + along, self.left + self.n_cols + out


def band_depths(rows: Sequence[StationRow], wall_sides: Sequence[Side]) -> dict[Side, int]:
    """Cells that stations (the longest queue and the people) or a strip of cells need."""
    depths = {side: int(side in wall_sides) for side in Side}
    for row in rows:
        depths[Side(row.side)] = max(depths[Side(row.side)], row.queue + 1)
    return depths


class Canvas:
    """Kinds and exits of a floor, drawn step by step, then turned into a Layout."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.kinds: NDArray[np.int8] = np.full(hall.shape, CellKind.OBSTACLE, dtype=np.int8)
        self.exits: NDArray[np.bool_] = np.ones((*hall.shape, 4), dtype=bool)
        self.on_lane: list[tuple[int, int]] = []
        self._stations: dict[int, StationKind] = {}
        rows = slice(hall.top, hall.top + hall.n_rows)
        self.kinds[rows, hall.left : hall.left + hall.n_cols] = CellKind.FLOOR

    def add_station(self, kind: StationKind, row: int, col: int) -> None:
        self.kinds[row, col] = CellKind.STATION
        self._stations[row * self.kinds.shape[1] + col] = kind

    def add_station_rows(self, rows: Sequence[StationRow]) -> None:
        """Rows of one side stand one after the other from west or north."""
        for side in Side:
            here = [row for row in rows if row.side == side]
            n_stations = sum(row.count for row in here)
            if not n_stations:
                continue
            length = self.hall.length(side)
            pitches = [row.spacing or length // n_stations for row in here]
            used = sum(row.count * pitch for row, pitch in zip(here, pitches, strict=True))
            along = (length - used) // 2
            for row, pitch in zip(here, pitches, strict=True):
                for _ in range(row.count):
                    self._add_queued(side, along + (pitch - 3) // 2, row)
                    along += pitch

    def _add_queued(self, side: Side, along: int, row: StationRow) -> None:
        """One station with its queue upstream of its exit lane."""
        hall, kinds = self.hall, self.kinds
        queue, exit_lane = along, along + 2
        if not self._flows_up(side):
            queue, exit_lane = exit_lane, queue
        for out in range(row.queue):
            kinds[hall.place(side, queue, out)] = CellKind.QUEUE
            leaving = hall.place(side, exit_lane, out)
            kinds[leaving] = CellKind.FLOOR
            self.exits[leaving] = np.arange(4) == INWARD[side]
        self.exits[(*hall.place(side, exit_lane, -1), opposite(INWARD[side]))] = False
        for step in range(3):
            kinds[hall.place(side, along + step, row.queue)] = CellKind.HUMAN
        self.add_station(StationKind(row.kind), *hall.place(side, along + 1, row.queue - 1))

    def _flows_up(self, side: Side) -> bool:
        """Whether traffic along this side runs east or south (lane_direction)."""
        is_first = side in (Side.NORTH, Side.WEST)
        if side in (Side.NORTH, Side.SOUTH):
            lanes = self.lane_rows()
            return lane_direction(0 if is_first else len(lanes) - 1, is_row=True) is Heading.EAST
        lanes = self.lane_cols()
        return lane_direction(0 if is_first else len(lanes) - 1, is_row=False) is Heading.SOUTH

    def lane_rows(self) -> list[int]:
        """Rows of the hall that are floor from end to end."""
        hall = self.hall
        inner = self.kinds[:, hall.left : hall.left + hall.n_cols] == CellKind.FLOOR
        return [row for row in range(hall.top, hall.top + hall.n_rows) if inner[row].all()]

    def lane_cols(self) -> list[int]:
        hall = self.hall
        inner = self.kinds[hall.top : hall.top + hall.n_rows] == CellKind.FLOOR
        return [c for c in range(hall.left, hall.left + hall.n_cols) if inner[:, c].all()]

    def make_one_way(self, ring: dict[Side, int]) -> None:
        """No lane is left against its direction, but for the highways around: there units turn
        into every lane and out of it. ring: cells of the hall outside of the lanes, per side."""
        hall = self.hall
        rows = (hall.top + ring[Side.NORTH], hall.top + hall.n_rows - ring[Side.SOUTH])
        cols = (hall.left + ring[Side.WEST], hall.left + hall.n_cols - ring[Side.EAST])
        for index, row in enumerate(self.lane_rows()):
            if rows[0] <= row < rows[1]:
                ahead = lane_direction(index, is_row=True)
                self.exits[row, _with_mouth(cols, ahead), opposite(ahead)] = False
        for index, col in enumerate(self.lane_cols()):
            if cols[0] <= col < cols[1]:
                ahead = lane_direction(index, is_row=False)
                self.exits[_with_mouth(rows, ahead), col, opposite(ahead)] = False

    def add_strip(self, side: Side, kind: CellKind, along: int, count: int) -> None:
        """Chargers or parking in the wall of a side."""
        for step in range(count):
            self.kinds[self.hall.place(side, along + step, 0)] = kind

    def layout(self, name: str, **more: object) -> Layout:
        """The floor with its stations in reading order under the names that a file gives them."""
        floor = open_layout(name, self.kinds, **more)
        stations = _stations(floor, self._stations, self.on_lane)
        exits = restrict_exits(floor, self.exits.reshape(-1, 4), stations)
        return replace(floor, exits=exits, stations=stations)


def _with_mouth(span: tuple[int, int], ahead: Heading) -> slice:
    """The lane and the highway cell beyond its end, from which nobody may turn into it."""
    runs_up = ahead in (Heading.EAST, Heading.SOUTH)
    return slice(span[0] - (not runs_up), span[1] + runs_up)


def _stations(
    floor: Layout, drawn: dict[int, StationKind], on_lane: Sequence[tuple[int, int]]
) -> tuple[Station, ...]:
    names = default_names(drawn)
    stations = []
    for cell in sorted(drawn):
        queue = queue_of(floor, cell)
        facing = facing_of(floor, cell, queue)
        stations.append(Station(names[cell], drawn[cell], cell, queue, facing))
    for number, (row, col) in enumerate(sorted(on_lane), start=1):
        cell = floor.cell(row, col)
        facing = facing_of(floor, cell)
        stations.append(Station(f"E{number}", StationKind.EJECT, cell, (), facing))
    return tuple(stations)
