"""How stations are entered and left.

Queues are taken as one-way lanes (layouts/queues.py): a unit that has come into one goes on to the
service cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from layouts.layout import Station
from layouts.traffic import Table


@dataclass(frozen=True, slots=True)
class Door:
    """How a station is entered and left.

    lane: its own cells that lead on to the service cell, and that one. entries: cells from which a
    move leads into the lane. exits: cells that the service cell is left to.
    """

    station: Station
    lane: frozenset[int]
    entries: tuple[int, ...]
    exits: tuple[int, ...]


def door_of(station: Station, ahead: Table, behind: Table) -> Door:
    """ahead, behind: int32[n_cells, 4], neighbours and their inverse."""
    zone = {station.cell, *station.queue}
    lane = [station.cell]
    for cell in lane:
        lane += [there for there in beside(behind, cell) if there in zone and there not in lane]
    entries = {there for cell in lane for there in beside(behind, cell)} - zone
    exits = set(beside(ahead, station.cell)) - zone
    return Door(station, frozenset(lane), tuple(sorted(entries)), tuple(sorted(exits)))


def beside(table: Table, cell: int) -> list[int]:
    """Cells in one row of a table."""
    return [there for there in table[cell].tolist() if there >= 0]
