"""What all checks need to know of a floor, worked out once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layouts.doors import Door, door_of
from layouts.geometry import previous_table
from layouts.layout import AISLE_KINDS, POD_STATIONS, CellKind, Layout
from layouts.traffic import EMPTY_KINDS, Mask, Table, Traffic, traffic_of, usable_storage


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A floor and its traffic.

    behind: int32[n_cells, 4], inverse of layout.neighbours. everyone: as if station and
    queue cells were open too. home: bool[n_cells], the largest set of cells among which an empty
    unit gets from each to each. from_home, to_home: bool[n_cells], what it can reach from there and
    from where it can come. usable: bool[n_cells], storage with an aisle to leave to and to come
    from. doors: one for each station, in their order.
    """

    layout: Layout
    behind: Table
    everyone: Traffic
    empty: Traffic
    laden: Traffic
    home: Mask
    from_home: Mask
    to_home: Mask
    usable: Mask
    doors: tuple[Door, ...]

    def is_reached(self, door: Door) -> bool:
        """Whether an empty unit gets to the station from home."""
        return bool(self.from_home[list(door.entries)].any())

    def is_left(self, door: Door) -> bool:
        """Whether an empty unit gets home from the station."""
        return bool(self.to_home[list(door.exits)].any())

    def pod_doors(self) -> Iterator[tuple[int, Door]]:
        """Stations that pods are taken to and that empty units reach and leave; others have a fault
        of their own. With their index."""
        for index, door in enumerate(self.doors):
            if door.station.kind in POD_STATIONS and self.is_reached(door) and self.is_left(door):
                yield index, door


def survey_of(layout: Layout) -> Survey:
    """The survey of a floor with at least one driveable cell."""
    behind = previous_table(layout.neighbours)
    empty, laden = traffic_of(layout, EMPTY_KINDS), traffic_of(layout, AISLE_KINDS)
    home = empty.largest_piece(strong=True)
    return Survey(
        layout=layout,
        behind=behind,
        everyone=traffic_of(layout, (*EMPTY_KINDS, CellKind.STATION, CellKind.QUEUE)),
        empty=empty,
        laden=laden,
        home=home,
        from_home=empty.reach(home),
        to_home=empty.reach(home, backward=True),
        usable=usable_storage(layout),
        doors=tuple(door_of(station, layout.neighbours, behind) for station in layout.stations),
    )
