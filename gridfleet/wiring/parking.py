"""Where units beyond the capacity of a floor stand aside for good."""

from __future__ import annotations

from fleet_control.mapf.capacity import assign_parking, parking_cells
from gridfleet.wiring.work_setup import Floor


def park_surplus(floor: Floor) -> tuple[dict[int, int], list[str]]:
    """The parking cell of every unit beyond n_active, as far as there are such cells, and what a
    reader must know about it."""
    n_surplus = floor.n_units - floor.n_active
    if n_surplus <= 0:
        return {}, []
    parking = assign_parking(floor.layout, floor.cells, parking_cells(floor.layout, n_surplus))
    if not parking:
        return {}, []
    return parking, [
        f"{len(parking)} of {floor.n_units} units are parked: the floor carries about "
        f"{floor.n_units - len(parking)} that drive."
    ]
