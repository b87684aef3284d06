"""Floors that can neither fulfil nor sort: a stream of random point-to-point errands."""

from __future__ import annotations

import numpy as np

from fleet_control.mapf.capacity import assign_parking, parking_cells
from fleet_control.work.errands import ErrandError, ErrandStream
from gridfleet.wiring.work_setup import Floor, Ints, WorkSetup
from layouts import CellKind, Layout


def set_up_errands(floor: Floor) -> WorkSetup:
    """Raises ErrandError for a floor with nowhere to go."""
    layout = floor.layout
    parking = _park_surplus(floor)
    active = np.setdiff1d(np.arange(floor.n_units), list(parking)).astype(np.int32)
    goals = _goals(layout, np.array(list(parking.values()), dtype=np.int32))
    if len(goals) < 2:
        raise ErrandError(
            f"{layout.name} has no stations, and {len(goals)} floor cells to send units to; random "
            "errands need two: draw more floor, or stations with storage"
        )
    work = ErrandStream(goals, active, floor.cells, floor.scenario.seed, floor.log)
    return WorkSetup(
        work=work,
        counted="errands",
        n_done=lambda: work.tasks_done,
        n_active=len(active),
        service=floor.scenario.service,
        parking=parking,
        notes=[_why(layout), *_say_parked(floor, parking)],
    )


def _park_surplus(floor: Floor) -> dict[int, int]:
    """Unit -> the cell where it stands for good, as far as there are such cells."""
    cells = parking_cells(floor.layout, max(0, floor.n_units - floor.n_active))
    return assign_parking(floor.layout, floor.cells, cells)


def _say_parked(floor: Floor, parking: dict[int, int]) -> list[str]:
    if not parking:
        return []
    return [
        f"{len(parking)} of {floor.n_units} units are parked: the floor carries about "
        f"{floor.n_units - len(parking)} that drive. Errands do not go to parking cells nor beside "
        "them."
    ]


def _goals(layout: Layout, parking: Ints) -> Ints:
    """Floor cells, but not the lanes between parked units: they are dead ends, and an errand into
    one blocks it for the rest."""
    beside = layout.neighbours[parking]
    no_goals = np.concatenate([parking, beside[beside >= 0]])
    return np.setdiff1d(layout.cells_of(CellKind.FLOOR), no_goals).astype(np.int32)


def _why(layout: Layout) -> str:
    lacks = "stations with storage" if layout.stations else "stations"
    return (
        f"The floor has no {lacks}: units run a stream of random point-to-point errands instead of "
        "orders."
    )
