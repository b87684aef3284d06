"""Stations as the work sees them: how many units may come."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from layouts import Station


class SlotGate:
    """Lets no more units set out for a station than fit on its queue and service cell.

    A unit without a slot waits where it is, first come, first served: in storage it is in nobody's
    way, on an aisle in front of a full queue it is in everybody's.
    """

    def __init__(self, n_slots: Sequence[int]) -> None:
        self.n_slots = list(n_slots)
        self.n_departed = [0] * len(self.n_slots)
        self._waiting: list[deque[int]] = [deque() for _ in self.n_slots]

    def has_room(self, station: int) -> bool:
        return self.n_departed[station] < self.n_slots[station]

    def request(self, station: int, unit: int) -> bool:
        """Whether the unit may set out now; if not, `release` will name it when it may."""
        if self.has_room(station):
            self.n_departed[station] += 1
            return True
        self._waiting[station].append(unit)
        return False

    def put_off(self, station: int, unit: int) -> None:
        """A unit that cannot go on lets those behind it go first, if it waits for a slot."""
        if unit in self._waiting[station]:
            self._waiting[station].remove(unit)
            self._waiting[station].append(unit)

    def release(self, station: int) -> int:
        """A unit is finished at the station; returns the unit that may set out now, or -1."""
        self.n_departed[station] -= 1
        if not self._waiting[station]:
            return -1
        self.n_departed[station] += 1
        return self._waiting[station].popleft()


def count_slots(stations: Sequence[Station]) -> list[int]:
    """Units that fit at each station: one on the service cell and one on every queue cell."""
    return [1 + len(station.queue) for station in stations]
