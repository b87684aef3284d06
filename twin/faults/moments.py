"""Whether a unit is where a fault of it can begin."""

from __future__ import annotations

from layouts import CellKind, Layout
from twin.faults.schedule import Fault, FaultKind, Where
from twin.floor.mechanics import is_between
from twin.floor.step_kernels import RING
from twin.floor.world import World

WELL_BETWEEN = (0.25, 0.75)
"""Share of the way between two centres that counts as mid-edge: two cells are covered there."""
_AT_STATION = (CellKind.STATION, CellKind.QUEUE)


class Moments:
    """Looks at the truth of the twin."""

    def __init__(self, world: World, layout: Layout) -> None:
        self._world, self._kinds = world, layout.kinds

    def cell_of(self, unit: int) -> int:
        """Where it stands, or the last centre that it passed."""
        return int(self._world.step_cells[unit, int(self._world.units["done"][unit]) % RING])

    def has_come(self, fault: Fault) -> bool:
        """Whether the unit is on the floor, and where the fault wants it."""
        unit = fault.unit
        if self._world.is_off[unit]:
            return False
        # Nobody takes a unit away under the hands of people at a station.
        if fault.is_removed and self._kinds[self.cell_of(unit)] in _AT_STATION:
            return False
        return self._is_where(unit, fault.where, stops_at_once=fault.kind is FaultKind.REBOOT)

    def _is_where(self, unit: int, where: Where, stops_at_once: bool) -> bool:
        world, record = self._world, self._world.units[unit]
        if where is Where.MID_EDGE:
            place = world.cells_along(unit) if stops_at_once else world.cells_to_stop(unit)
            return is_between(record) and WELL_BETWEEN[0] < place % 1.0 < WELL_BETWEEN[1]
        if where is Where.LADEN:
            return bool(record["carried"] >= 0)
        if where is Where.UNDER_POD:
            stands = not is_between(record) and record["carried"] < 0
            return stands and world.has_pod(self.cell_of(unit))
        return True
