"""Floors that can neither fulfil nor sort: a stream of random point-to-point errands."""

from __future__ import annotations

import numpy as np

from fleet_control.work.errands import ErrandStream
from gridfleet.wiring.parking import park_surplus
from gridfleet.wiring.work_setup import Floor, Ints, WorkSetup
from layouts import CellKind, Layout


def set_up_errands(floor: Floor) -> WorkSetup:
    """Raises ErrandError for a floor with nowhere to go."""
    layout = floor.layout
    parking, notes = park_surplus(floor)
    active = np.setdiff1d(np.arange(floor.n_units), list(parking)).astype(np.int32)
    goals = _goals(layout, np.array(list(parking.values()), dtype=np.int32))
    work = ErrandStream(goals, active, floor.cells, floor.scenario.seed, floor.log)
    if parking:
        notes.append("Errands do not go to parking cells nor beside them.")
    return WorkSetup(
        work=work,
        counted="errands",
        n_done=lambda: work.tasks_done,
        n_active=len(active),
        service=floor.scenario.service,
        parking=parking,
        notes=[_why(layout), *notes],
    )


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
