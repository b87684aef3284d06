"""Distance fields per goal, made on demand and kept in a bounded cache.

A field gives, for every driveable cell and heading, the cost of the cheapest way to a goal under
the floor's one-way rules, lane costs and turning cost. Laden and empty units need fields of their
own, since a laden one does not pass under pods. When the moves of the floor change, every field is
out of date at once; each is made anew in its old place, but only when it is used next.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.field_kernels import fill_field
from fleet_control.mapf.grid import CELL_COST, TURN_COST, Grid

DEFAULT_MEMORY_MB = 480
_DERIVED = frozenset({"values", "_heads", "_pool", "_back", "_costs", "_through", "_zones"})
"""What follows from the grid and is left out of a snapshot."""


class DistanceFields:
    """A bounded cache of fields; those held by a unit are never evicted.

    values: uint16[n_slots, 4 * n_compact]; `values[slot, 4 * compact[cell] + heading]`.
    """

    def __init__(
        self,
        grid: Grid,
        n_units: int,
        memory_mb: float = DEFAULT_MEMORY_MB,
        turn_cost: int = TURN_COST,
    ) -> None:
        self._grid = grid
        self._turn_cost = turn_cost
        row_bytes = 8 * grid.n_compact
        wanted = int(memory_mb * 2**20 // row_bytes)
        n_slots = max(min(wanted, 2 * grid.n_compact), 2 * n_units + 8)
        self._slots: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._holders = np.zeros(n_slots, dtype=np.int32)
        self._is_due = np.zeros(n_slots, dtype=bool)
        self._goals = np.zeros(n_slots, dtype=np.int32)
        self._loads = np.zeros(n_slots, dtype=np.int8)
        self._set_up_room()
        self._set_up_moves()
        self.n_filled = 0

    def _set_up_room(self) -> None:
        """Memory for values, which costs nothing until it is filled, and for filling."""
        grid, n_slots = self._grid, len(self._holders)
        self.values: NDArray[np.uint16] = np.empty((n_slots, 4 * grid.n_compact), dtype=np.uint16)
        dearest = max(self._turn_cost, CELL_COST + int(grid.surcharges.max(initial=0)))
        self._heads = np.empty(1 << int(dearest).bit_length(), dtype=np.int32)
        self._pool = np.empty((12 * grid.n_compact + 4, 2), dtype=np.int32)

    def __getstate__(self) -> dict[str, object]:
        """For a snapshot: who holds which field. Values follow from the grid, but for those that
        are out of date at this moment."""
        kept = {name: value for name, value in vars(self).items() if name not in _DERIVED}
        old = np.flatnonzero(self._is_due & (self._holders > 0))
        return {**kept, "old": (old, self.values[old])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Fields that are held are made at once, since units drive by them; others are due. Slots
        and their order stay, so that what is evicted next is the same."""
        old, values = state.pop("old")
        vars(self).update(state)
        self._set_up_room()
        self._set_up_moves()
        held = np.flatnonzero(~self._is_due & (self._holders > 0))
        self._is_due[:] = True
        self.values[old] = values
        for slot in held.tolist():
            self._fill(slot)

    def _set_up_moves(self) -> None:
        """Moves between states of driveable cells only, so that a fill touches little memory."""
        grid = self._grid
        cells = np.flatnonzero(grid.compact >= 0)
        before = grid.previous[cells]
        has_way = before >= 0
        headings = np.arange(4)
        states = 4 * grid.compact[before] + headings
        self._back = np.where(has_way, states, -1).astype(np.int32).reshape(-1)
        costs = CELL_COST + grid.surcharges[before, headings]
        self._costs = np.where(has_way, costs, 0).astype(np.int32).reshape(-1)
        self._through = np.ascontiguousarray(grid.through[:, cells])
        self._zones = grid.zones[cells]

    def change_moves(self, grid: Grid) -> None:
        """The same cells with other moves between them; every field is out of date from now on."""
        self._grid = grid
        self._set_up_moves()
        self._is_due[:] = True

    @property
    def has_due(self) -> bool:
        """Whether a field that somebody holds is out of date."""
        return bool((self._is_due & (self._holders > 0)).any())

    def refresh(self) -> None:
        """Bring all fields up to date that somebody holds; they stay in their slots."""
        for slot in np.flatnonzero(self._is_due & (self._holders > 0)).tolist():
            self._fill(slot)

    def hold(self, goal: int, load: int) -> int:
        """Slot of the field to `goal` for an empty (0) or laden (1) unit, kept until `let_go`."""
        key = (goal, load)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._free_slot()
            self._slots[key] = slot
            self._goals[slot], self._loads[slot] = key
            self._fill(slot)
        else:
            self._slots.move_to_end(key)
            if self._is_due[slot]:
                self._fill(slot)
        self._holders[slot] += 1
        return slot

    def let_go(self, slot: int) -> None:
        """One holder less; the field stays cached until its slot is needed."""
        self._holders[slot] -= 1

    def distance(self, start: int, heading: int, goal: int, load: int) -> int:
        """Cost from a cell and heading to a goal, UNREACHABLE if there is no way."""
        slot = self.hold(goal, load)
        self.let_go(slot)
        return int(self.values[slot, 4 * self._grid.compact[start] + heading])

    def _fill(self, slot: int) -> None:
        grid = self._grid
        goal, load = self._goals[slot], self._loads[slot]
        fill_field(
            self.values[slot], int(grid.compact[goal]), int(grid.zones[goal]), self._back,
            self._costs, self._through[load], self._zones, self._turn_cost, self._heads,
            self._pool,
        )  # fmt: skip
        self._is_due[slot] = False
        self.n_filled += 1

    def _free_slot(self) -> int:
        if len(self._slots) < len(self._holders):
            return len(self._slots)
        for key, slot in self._slots.items():  # least recently used first
            if self._holders[slot] == 0:
                del self._slots[key]
                return slot
        raise MemoryError("every distance field is in use; give the fields more memory")
