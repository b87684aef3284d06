"""Distance fields per goal, made on demand and kept in a bounded cache.

A field gives, for every driveable cell and heading, the cost of the cheapest way to a goal under
the floor's one-way rules, lane costs and turning cost. Laden and empty units need fields of their
own, since a laden one does not pass under pods. Those that are asked for together are made by
several threads (field_filling.py). When the moves of the floor change, every field is out of date
at once; each is brought up to date in its old place, but only when it is used next. A few moves
that have come or gone cost a fraction of a new field then.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.field_filling import FieldFiller, Wanted
from fleet_control.mapf.field_kernels import FAR, repair_field
from fleet_control.mapf.grid import CELL_COST, TURN_COST, Grid
from layouts.geometry import previous_table

DEFAULT_MEMORY_MB = 480
MOST_CHANGES = 64
"""A field that has missed more changes of the floor than that is made anew."""
MOST_MOVED = 0.1
"""And so is one where a larger share of all moves has changed: repairing would take longer."""
Moves = tuple[NDArray[np.int32], NDArray[np.int32]]
"""States that moves no longer lead to, and that they lead to now."""
_DERIVED = frozenset({
    "values", "_filler", "_buckets", "_pool", "_lost", "_tails", "_back", "_ahead", "_costs",
    "_through", "_zones", "_missed",
})  # fmt: skip
"""What follows from the grid and is left out of a snapshot."""


class DistanceFields:
    """A bounded cache of fields; those held by a unit are never evicted.

    values: uint16[n_slots, 4 * n_compact]; `values[slot, 4 * compact[cell] + heading]`. There are
    as many slots as fit into memory_mb, or one for every unit and a few more where that is not
    enough: memory is `memory_bytes` at most, and no more of it than has been filled.
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
        n_slots = max(min(wanted, 2 * grid.n_compact), n_units + 8)
        self._slots: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._holders = np.zeros(n_slots, dtype=np.int32)
        self._versions = np.zeros(n_slots, dtype=np.int64)
        self._version = 0
        self._changes: deque[Moves] = deque(maxlen=MOST_CHANGES)
        self._goals = np.zeros(n_slots, dtype=np.int32)
        self._loads = np.zeros(n_slots, dtype=np.int8)
        self._set_up_room()
        self._set_up_moves()
        self.n_filled = self.n_repaired = 0

    def _set_up_room(self) -> None:
        """Memory for values, which costs nothing until it is filled, and for filling."""
        grid, n_slots = self._grid, len(self._holders)
        self.values: NDArray[np.uint16] = np.empty((n_slots, 4 * grid.n_compact), dtype=np.uint16)
        self._buckets = np.full(FAR + 1, -1, dtype=np.int32)
        self._pool = np.empty((20 * grid.n_compact + 8, 2), dtype=np.int32)
        self._lost = np.empty(4 * grid.n_compact, dtype=np.int32)
        self._missed: dict[int, Moves | None] = {}

    def __getstate__(self) -> dict[str, object]:
        """For a snapshot: who holds which field. Values follow from the grid, but for those that
        are out of date at this moment."""
        kept = {name: value for name, value in vars(self).items() if name not in _DERIVED}
        old = np.flatnonzero((self._versions != self._version) & (self._holders > 0))
        return {**kept, "old": (old, self.values[old])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Fields that are held are made at once, since units drive by them; others are due. Slots
        and their order stay, so that what is evicted next is the same."""
        old, values = state.pop("old")
        vars(self).update(state)
        self._set_up_room()
        self._set_up_moves()
        held = np.flatnonzero((self._versions == self._version) & (self._holders > 0))
        self._versions[self._holders == 0] = self._version - MOST_CHANGES - 1
        self.values[old] = values
        self._fill(held.tolist())

    def _set_up_moves(self) -> None:
        """Moves between states of driveable cells only, so that a fill touches little memory."""
        grid = self._grid
        cells = np.flatnonzero(grid.compact >= 0)
        before = previous_table(grid.ways)[cells]
        states = 4 * grid.compact[before] + np.arange(4)
        self._tails = np.where(before >= 0, states, -1).astype(np.int32).reshape(-1)
        costs = CELL_COST + grid.surcharges[before, np.arange(4)]
        self._costs = np.where(before >= 0, costs, 0).astype(np.int32).reshape(-1)
        self._through = np.ascontiguousarray(grid.through[:, cells])
        self._zones = grid.zones[cells]
        self._filler = FieldFiller(self._costs, self._tails >= 0, self._zones, self._turn_cost)
        self._back, self._ahead = self._moves_of(grid)

    def _moves_of(self, grid: Grid) -> Moves:
        """int32[4 * n_compact] each: state from which driving leads to each state, and its
        inverse, -1 for none."""
        is_cell = grid.compact >= 0
        back = np.where(grid.previous[is_cell].reshape(-1) >= 0, self._tails, -1)
        heads = np.flatnonzero(back >= 0).astype(np.int32)
        ahead = np.full_like(back, -1)
        ahead[back[heads]] = heads
        return back, ahead

    def change_moves(self, grid: Grid) -> None:
        """The same cells with other moves between them; every field is out of date from now on."""
        self._grid = grid
        before, (self._back, self._ahead) = self._back, self._moves_of(grid)
        removed = np.flatnonzero((before >= 0) & (self._back < 0)).astype(np.int32)
        added = np.flatnonzero((before < 0) & (self._back >= 0)).astype(np.int32)
        self._changes.append((removed, added))
        self._version += 1
        self._missed.clear()

    def change_costs(self, grid: Grid) -> None:
        """The same cells and moves at other costs: every field is made anew when it is next used,
        and nothing that has changed before counts any more."""
        self._grid = grid
        self._set_up_moves()
        self._changes.clear()
        self._version += 1
        self._missed.clear()

    @property
    def memory_bytes(self) -> int:
        """Of all fields, once every slot has been used."""
        return self.values.nbytes

    @property
    def has_due(self) -> bool:
        """Whether a field that somebody holds is out of date."""
        return bool(((self._versions != self._version) & (self._holders > 0)).any())

    def refresh(self) -> None:
        """Bring all fields up to date that somebody holds; they stay in their slots."""
        is_due = (self._versions != self._version) & (self._holders > 0)
        self._fill([slot for slot in np.flatnonzero(is_due).tolist() if not self._repair(slot)])

    def hold(self, goal: int, load: int) -> int:
        """Slot of the field to `goal` for an empty (0) or laden (1) unit, kept until `let_go`."""
        return self.hold_all([goal], load)[0]

    def hold_all(self, goals: Iterable[int], load: int) -> list[int]:
        """`hold` of each, where those that have to be made are made together."""
        held, missing = [], []
        for goal in goals:
            key = (goal, load)
            slot = self._slots.get(key)
            if slot is None:
                slot = self._free_slot()
                self._slots[key] = slot
                self._goals[slot], self._loads[slot] = key
                self._versions[slot] = self._version
                missing.append(slot)
            else:
                self._slots.move_to_end(key)
                if self._versions[slot] != self._version and not self._repair(slot):
                    self._versions[slot] = self._version
                    missing.append(slot)
            self._holders[slot] += 1
            held.append(slot)
        if missing:
            self._fill(missing)
        return held

    def let_go(self, slot: int) -> None:
        """One holder less; the field stays cached until its slot is needed."""
        self._holders[slot] -= 1

    def distance(self, start: int, heading: int, goal: int, load: int) -> int:
        """Cost from a cell and heading to a goal, UNREACHABLE if there is no way."""
        slot = self.hold(goal, load)
        self.let_go(slot)
        return int(self.values[slot, 4 * self._grid.compact[start] + heading])

    def costs(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], goals: Sequence[int], load: int
    ) -> NDArray[np.uint16]:
        """uint16[n_goals, n], cost from each of n cells and headings to each goal, UNREACHABLE
        where there is no way. Fields are made together, as many at once as nobody's slot is
        needed for."""
        states = 4 * self._grid.compact[cells] + headings
        n_at_once = max(int(np.count_nonzero(self._holders == 0)), 1)
        found = np.empty((len(goals), len(states)), dtype=np.uint16)
        for first in range(0, len(goals), n_at_once):
            slots = self.hold_all(goals[first : first + n_at_once], load)
            found[first : first + len(slots)] = self.values[np.array(slots)[:, None], states]
            for slot in slots:
                self.let_go(slot)
        return found

    def _fill(self, slots: list[int]) -> None:
        grid = self._grid
        goals = self._goals[slots]
        self._filler.fill([
            Wanted(self.values[slot], rank, zone, self._through[load])
            for slot, rank, zone, load in zip(
                slots, grid.compact[goals].tolist(), grid.zones[goals].tolist(),
                self._loads[slots].tolist(), strict=True,
            )
        ], self._back)  # fmt: skip
        self._versions[slots] = self._version
        self.n_filled += len(slots)

    def _repair(self, slot: int) -> bool:
        """Bring the field up to date in its place; False where it is quicker to make it anew."""
        version = int(self._versions[slot])
        if version not in self._missed:
            self._missed[version] = self._moves_since(version)
        moves = self._missed[version]
        field = self.values[slot]
        if moves is None or (field == FAR).any():
            return False
        goal, load = self._goals[slot], self._loads[slot]
        repair_field(
            field, int(self._grid.compact[goal]), int(self._grid.zones[goal]), self._ahead,
            self._back, self._tails, self._costs, self._through[load], self._zones,
            self._turn_cost, *moves, self._lost, self._buckets, self._pool,
        )  # fmt: skip
        self._versions[slot] = self._version
        self.n_repaired += 1
        return True

    def _moves_since(self, version: int) -> Moves | None:
        """What has changed in all since then; None where that is too much, or no longer known."""
        n_missed = self._version - version
        if n_missed > len(self._changes):
            return None
        net = np.zeros(len(self._back), dtype=np.int8)
        for removed, added in list(self._changes)[-n_missed:]:
            net[removed] -= 1
            net[added] += 1
        if np.count_nonzero(net) > MOST_MOVED * len(net):
            return None
        return np.flatnonzero(net < 0).astype(np.int32), np.flatnonzero(net > 0).astype(np.int32)

    def _free_slot(self) -> int:
        if len(self._slots) < len(self._holders):
            return len(self._slots)
        for key, slot in self._slots.items():  # least recently used first
            if self._holders[slot] == 0:
                del self._slots[key]
                return slot
        raise MemoryError("every distance field is in use; give the fields more memory")
