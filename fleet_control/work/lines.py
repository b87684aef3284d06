"""Order lines that wait at stations for a pod, and how many of them each pod could serve.

The counts are kept up to date on every change of lines or stock, so that choosing a pod is one pass
over a row of numbers:

    counts[station, pod] = picks waiting there for a SKU of which the pod has free units
                         + returns waiting there of a SKU for which the pod has a compartment
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from fleet_control.work.inventory import Inventory

Part = tuple[int, int]
"""(line, units): what one pod does for a line; units to pick, or negative to put in."""


class WaitingLines:
    """Lines without a pod, by station and SKU, oldest first.

    counts: int32[n_stations, n_pods], see above. n_waiting: lines by station.
    """

    def __init__(self, n_stations: int, inventory: Inventory) -> None:
        self._inventory = inventory
        self._picks: list[dict[int, deque[int]]] = [{} for _ in range(n_stations)]
        self._puts: list[dict[int, deque[int]]] = [{} for _ in range(n_stations)]
        self._units: dict[int, int] = {}
        self.counts = np.zeros((n_stations, inventory.n_pods), dtype=np.int32)
        self.n_waiting = [0] * n_stations

    def add_pick(self, station: int, line: int, sku: int, units: int) -> None:
        """A line of promised units waits at the station."""
        self._picks[station].setdefault(sku, deque()).append(line)
        self._units[line] = units
        self.n_waiting[station] += 1
        self.counts[station, list(self._inventory.free_pods(sku))] += 1

    def add_put(self, station: int, line: int, sku: int, units: int) -> None:
        """A line of returned units waits at the station. A SKU that no pod ever held gets a
        compartment first."""
        if not self._inventory.pods_with_compartment(sku):
            self._inventory.give_compartment(sku)
        self._puts[station].setdefault(sku, deque()).append(line)
        self._units[line] = units
        self.n_waiting[station] += 1
        self.counts[station, self._inventory.pods_with_compartment(sku)] += 1

    def take(self, station: int, pod: int) -> list[Part]:
        """All that the pod can do for lines waiting at the station, lines in ascending order.

        The units are reserved on the pod. A line that the pod covers only in part goes on waiting
        for the rest."""
        if not self.counts[station, pod]:
            return []
        picks, puts = self._picks[station], self._puts[station]
        parts: list[Part] = []
        for sku in self._inventory.skus_on(pod):
            if sku in picks:
                self._take_picks(station, pod, sku, parts)
            if sku in puts:
                self._take_puts(station, sku, parts)
        parts.sort()
        return parts

    def give_back(
        self, station: int, pod: int, parts: list[Part], sku_of: Callable[[int], int]
    ) -> None:
        """The pod will not do this for lines of the station after all: they wait again, before all
        others, as when they were taken. sku_of: SKU by line."""
        for line, units in reversed(parts):
            sku = sku_of(line)
            if units > 0:
                self.free_again(pod, sku, units)
                pods, lines = list(self._inventory.free_pods(sku)), self._picks[station]
            else:
                pods, lines = list(self._inventory.pods_with_compartment(sku)), self._puts[station]
            if line in self._units:  # its other units have been waiting all the time
                self._units[line] += abs(units)
                continue
            self._units[line] = abs(units)
            lines.setdefault(sku, deque()).appendleft(line)
            self.n_waiting[station] += 1
            self.counts[station, pods] += 1

    def forget(self, station: int, line: int, sku: int) -> int:
        """The line is not wanted any more; returns its units that waited, negative to put in; 0
        for a line that does not wait."""
        if line not in self._units:
            return 0
        units, is_pick = self._units.pop(line), line in self._picks[station].get(sku, ())
        lines = self._picks[station] if is_pick else self._puts[station]
        lines[sku].remove(line)
        if not lines[sku]:
            del lines[sku]
        pods = self._inventory.free_pods(sku) if is_pick else (
            self._inventory.pods_with_compartment(sku)
        )  # fmt: skip
        self._forget(station, list(pods), 1)
        return units if is_pick else -units

    def free_again(self, pod: int, sku: int, units: int) -> None:
        """Units reserved on the pod are not needed of it after all."""
        is_new = pod not in self._inventory.free_pods(sku)
        self._inventory.unreserve(pod, sku, units)
        if is_new:
            self._count_for_all(pod, sku, 1)

    def put_in(self, pod: int, sku: int, units: int) -> None:
        """Returned units are on the pod now, and lines may wait for them."""
        is_new = pod not in self._inventory.free_pods(sku)
        self._inventory.put(pod, sku, units)
        if is_new:
            self._count_for_all(pod, sku, 1)

    def _take_picks(self, station: int, pod: int, sku: int, parts: list[Part]) -> None:
        lines = self._picks[station][sku]
        pods = list(self._inventory.free_pods(sku))
        n_before = len(lines)
        while lines:
            line = lines[0]
            units = self._inventory.reserve(pod, sku, self._units[line])
            if not units:
                break
            parts.append((line, units))
            self._units[line] -= units
            if self._units[line]:
                break
            del self._units[lines.popleft()]
        self._forget(station, pods, n_before - len(lines))
        if not lines:
            del self._picks[station][sku]
        if pod in pods and pod not in self._inventory.free_pods(sku):
            self._count_for_all(pod, sku, -1)

    def _take_puts(self, station: int, sku: int, parts: list[Part]) -> None:
        lines = self._puts[station].pop(sku)
        parts.extend((line, -self._units.pop(line)) for line in lines)
        self._forget(station, list(self._inventory.pods_with_compartment(sku)), len(lines))

    def _forget(self, station: int, pods: list[int], n_lines: int) -> None:
        if n_lines:
            self.counts[station, pods] -= n_lines
            self.n_waiting[station] -= n_lines

    def _count_for_all(self, pod: int, sku: int, sign: int) -> None:
        """The pod has come to have, or no longer has, free units of the SKU."""
        for station, picks in enumerate(self._picks):
            if sku in picks:
                self.counts[station, pod] += sign * len(picks[sku])
