"""Floors that can neither fulfil nor sort: a stream of random point-to-point errands."""

from __future__ import annotations

import numpy as np

from fleet_control.mapf.capacity import assign_parking
from fleet_control.work.errands import ErrandError, ErrandStream
from gridfleet.wiring.work_setup import Count, Counts, Floor, WorkSetup
from layouts import CellKind, Layout


def set_up_errands(floor: Floor) -> WorkSetup:
    """Raises ErrandError for a floor with nowhere to go."""
    layout = floor.layout
    parking = assign_parking(layout, floor.cells, floor.parking)
    active = np.setdiff1d(np.arange(floor.n_units), list(parking)).astype(np.int32)
    goals = np.setdiff1d(layout.cells_of(CellKind.FLOOR), floor.parking).astype(np.int32)
    if len(goals) < 2:
        raise ErrandError(
            f"{layout.name} has no stations, and {len(goals)} floor cells to send units to; random "
            "errands need two: draw more floor, or stations with storage"
        )
    work = ErrandStream(goals, active, floor.cells, floor.scenario.seed, floor.log)
    return WorkSetup(
        work=work,
        counted="errands",
        n_done=Count(work, "tasks_done"),
        progress=Counts(work, ("tasks_done",)),
        n_active=len(active),
        service=floor.scenario.service,
        parking=parking,
        notes=[_why(layout), *_say_parked(floor, parking)],
    )


def _say_parked(floor: Floor, parking: dict[int, int]) -> list[str]:
    if not parking:
        return []
    return [
        f"{len(parking)} of {floor.n_units} units stand parked: the floor "
        f"carries about {floor.n_units - len(parking)} that drive. No errand goes to their cells."
    ]


def _why(layout: Layout) -> str:
    lacks = "stations with storage" if layout.stations else "stations"
    return (
        f"The floor has no {lacks}: units run a stream of random point-to-point errands instead of "
        "orders."
    )
