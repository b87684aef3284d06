"""Where a pod goes from a station: straight to another one, or to a storage cell of its own."""

from __future__ import annotations

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from fleet_control.work import rules
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import WaitingLines
from fleet_control.work.options import FulfilmentOptions
from fleet_control.work.stations import SlotGate
from fleet_control.work.tasks import Task
from layouts import Layout


class NextPlaces:
    """Asks the rules and holds the storage cells they choose."""

    def __init__(
        self, layout: Layout, inventory: Inventory, waiting: WaitingLines, gate: SlotGate,
        options: FulfilmentOptions,
    ) -> None:  # fmt: skip
        self._inventory, self._waiting, self._gate = inventory, waiting, gate
        self._n_cols = layout.n_cols
        self._store = rules.find_rule(rules.STORAGE_RULES, options.storage_rule, "storage rule")
        self._onward = rules.find_rule(rules.ONWARD_RULES, options.onward_rule, "onward rule")
        self.station_cells = np.array([s.cell for s in layout.stations], dtype=np.int32)

    def find_onward(self, task: Task, closed: Set[int]) -> int:
        """Another station with lines for the pod and room for its unit, -1 to store it. closed:
        stations that are none."""
        counts = self._waiting.counts[:, task.pod]
        stations = [
            station
            for station in np.flatnonzero(counts).tolist()
            if station != task.station and self._gate.has_room(station) and station not in closed
        ]
        if not stations:
            return -1
        found = np.array(stations, dtype=np.int32)
        choice = rules.OnwardChoice(
            task.cell, self._n_cols, found, self.station_cells[found], counts[found]
        )
        return self._onward(choice)

    def hold_storage(self, task: Task) -> int:
        """A storage cell for the pod, which has been served; it is held."""
        cell = self._choose(task, self._inventory.free_cells())
        self._inventory.hold(cell)
        return cell

    def change_storage(self, task: Task, is_closed: NDArray[np.bool_]) -> int:
        """Another storage cell than the one held for the pod, which is free again; -1 and nothing
        changed if all others are taken or closed. is_closed: bool[n_cells]."""
        free_cells = self._inventory.free_cells()
        free_cells = free_cells[~is_closed[free_cells]]
        if not len(free_cells):
            return -1
        cell = self._choose(task, free_cells)
        self._inventory.hold(cell)
        self._inventory.vacate(task.cell)
        return cell

    def _choose(self, task: Task, free_cells: NDArray[np.int32]) -> int:
        station_cell = int(self.station_cells[task.station])
        return self._store(
            rules.StorageChoice(task.pod, station_cell, self._n_cols, free_cells, self._inventory)
        )
