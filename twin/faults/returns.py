"""Units that people take off the floor, and how they put them back.

Nobody can stop a unit in time that has been released to a cell. So a person who puts a unit down
closes a cell first that nobody holds, looks whether that is still so, puts the unit there, and
opens the cell once the unit counts as being on the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.operations import Operation, OperationKind
from layouts import AISLE_KINDS, Layout
from twin.faults.targets import FaultTargets
from twin.floor.step_kernels import RING

LOOK_AGAIN_S = 5.0
"""Between closing a cell and using it, and between two requests to admit the unit."""
START_S = 10.0
"""A unit that is put back needs so long to start."""


@dataclass(slots=True)
class _Return:
    """cell: where the unit is to go, -1 while none is closed for it. has_come: it stands there."""

    unit: int
    from_cell: int
    since_s: float
    cell: int = -1
    has_come: bool = False


class Returns:
    """All units on their way back."""

    def __init__(self, targets: FaultTargets, layout: Layout) -> None:
        self._targets, self._layout = targets, layout
        self._operations: list[Operation] = []
        self._aisles = layout.cells_of(*AISLE_KINDS).tolist()
        self._under_way: list[_Return] = []

    def take_off(self, unit: int) -> None:
        """Carry the unit off, and say so."""
        self._targets.units.take_off(unit)
        self._operations.append(Operation(OperationKind.REMOVE, unit=unit))

    def take_operations(self) -> list[Operation]:
        """What people have asked of the controller since the last call."""
        operations, self._operations = self._operations, []
        return operations

    def begin(self, unit: int, from_cell: int, now_s: float) -> None:
        """The unit is to be put back near that cell."""
        self._under_way.append(_Return(unit, from_cell, now_s))

    def act(self, now_s: float) -> list[int]:
        """Go on with all of them; returns the units that are back at work."""
        back = [entry for entry in self._under_way if self._go_on(entry, now_s)]
        for entry in back:
            self._under_way.remove(entry)
        return [entry.unit for entry in back]

    def _go_on(self, entry: _Return, now_s: float) -> bool:
        books, name = self._targets.books, f"for unit {entry.unit} to return"
        if entry.cell < 0:
            entry.cell, entry.since_s = self._free_cell(entry.from_cell), now_s
            if entry.cell >= 0:
                self._operations.append(
                    Operation(OperationKind.CLOSE_AREA, name=name, cells=(entry.cell,))
                )
        elif entry.has_come:
            if books.is_admitted(entry.unit):
                self._operations.append(Operation(OperationKind.OPEN_AREA, name=name))
                return True
            if now_s >= entry.since_s + LOOK_AGAIN_S:
                entry.since_s = now_s
                self._operations.append(Operation(OperationKind.ADMIT, unit=entry.unit))
        elif now_s >= entry.since_s + LOOK_AGAIN_S and self._is_free(entry.cell):
            self._targets.units.put_on(entry.unit, entry.cell, 0, START_S)
            entry.since_s, entry.has_come = now_s + START_S, True
        return False

    def _free_cell(self, near: int) -> int:
        """The nearest aisle cell that nobody has to do with, or -1."""
        n_cols = self._layout.n_cols
        row, col = divmod(near, n_cols)
        taken = {entry.cell for entry in self._under_way}
        by_distance = sorted(
            self._aisles, key=lambda c: (abs(c // n_cols - row) + abs(c % n_cols - col), c)
        )
        return next((c for c in by_distance if c not in taken and self._is_free(c)), -1)

    def _is_free(self, cell: int) -> bool:
        """By the books, and by looking."""
        world = self._targets.world
        if self._targets.books.is_held(cell) or world.has_obstacle(cell) or world.has_pod(cell):
            return False
        units, ring = world.units, world.step_cells
        for unit in range(len(units)):
            if not world.is_off[unit]:
                first, last = int(units["cleared"][unit]), int(units["released"][unit])
                if any(ring[unit, step % RING] == cell for step in range(first, last + 1)):
                    return False
        return True
