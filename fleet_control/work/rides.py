"""Rides of a sortation floor before they carry a parcel, and the room for units at stations."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from fleet_control.accounting.causes import Cause, FloorView
from fleet_control.work.pool import TaskPool
from fleet_control.work.work import Deed, OpenTasks


@dataclass(slots=True, eq=False)
class Ride:
    """One unit's way to an induct station and on to a chute. station: where it is or is bound for.
    cell, deed: the errand in hand. parcel: -1 until it is being put on the unit."""

    number: int
    station: int
    cell: int
    deed: Deed = Deed.SERVICE
    unit: int = -1
    began_s: float = 0.0
    parcel: int = -1


class RideBoard:
    """Opens a ride for every parcel without one, as far as its station has room for units.

    inducts: the induct stations. cells: service cell by station. n_slots: units that may be at a
    station or on their way to it, by station.
    """

    def __init__(
        self, inducts: Sequence[int], cells: Sequence[int], n_slots: Sequence[int]
    ) -> None:
        self._cells, self._n_slots = cells, n_slots
        self._n_at = dict.fromkeys(inducts, 0)
        self._n_empty = dict.fromkeys(inducts, 0)
        self._open: TaskPool[Ride] = TaskPool()
        self._n_opened = 0
        self._closed: Set[int] = frozenset()

    def open_one(self, station: int, n_parcels: int) -> Ride | None:
        """A new ride, if more parcels than rides wait for each other and there is room for it."""
        if self._n_at[station] >= self._n_slots[station] or self._n_empty[station] >= n_parcels:
            return None
        ride = Ride(self._n_opened, station, self._cells[station])
        self._open.add(ride)
        self._n_opened += 1
        self._n_at[station] += 1
        self._n_empty[station] += 1
        return ride

    def offer(self) -> OpenTasks:
        """Rides without a unit, oldest first, but those to closed stations."""
        return self._open.offer(self._closed)

    def why_none(self, station: int, floor: FloorView) -> Cause:
        """Why no unit comes to the station, which has parcels."""
        return floor.tasks_wait() if self._open.n_at(station) else Cause.RELEASE

    def close_stations(self, closed: Set[int]) -> None:
        self._closed = frozenset(closed)

    def is_open(self, number: int) -> bool:
        return self._open.find(number) is not None

    def take(self, number: int) -> Ride:
        """The open ride of that number, which is open no more."""
        return self._open.take(number)

    def put_back(self, ride: Ride) -> None:
        """Its unit has given the ride up on the way to the parcel. The ride keeps its room at the
        station and its claim to a parcel."""
        ride.unit = -1
        self._open.add(ride)

    def load(self, station: int) -> None:
        """A ride has its parcel."""
        self._n_empty[station] -= 1

    def leave(self, station: int) -> None:
        """A unit has left the station."""
        self._n_at[station] -= 1
