"""What the oracle is shown: the truth of the world, and what the controller says of itself.

The only place of the torture that looks into a controller; the oracle gets plain arrays.
"""

from __future__ import annotations

import numpy as np

from fleet_control.backend import Condition, FaultCode, Ints
from fleet_control.controller import Controller
from gridfleet.torture.oracle import Scene, Wait
from gridfleet.torture.world import World, cells_of_steps


def scene_of(world: World, controller: Controller) -> Scene:
    """The moment after the controller's commands have been sent."""
    return Scene(
        world.twin.time_s, world.twin.poses(), world.loads(), world.is_there(),
        world.is_expected(), world.pod_at(), controller.executor.owners, *held_cells(controller),
        *world.may_enter(), rims_of(controller),
    )  # fmt: skip


def held_cells(controller: Controller) -> tuple[Ints, Ints]:
    """Units and cells, int32[k] each: cells of the steps that units have not proved left."""
    ex = controller.executor
    last = np.where(ex.is_present, ex.released, ex.cleared - 1)
    return cells_of_steps(ex.cleared, last, ex.cells)


def rims_of(controller: Controller) -> Ints | None:
    """int32[n_cells], unit that may turn there beyond the cell or -1; None where none does."""
    turns = controller.executor.turns
    return None if turns is None else turns.rims


def waits_of(controller: Controller) -> list[Wait]:
    """Units that have somewhere to go or cannot go on, and who holds their next cell."""
    ex, roster = controller.executor, controller.supervisor.roster
    waits = []
    for unit in np.flatnonzero(ex.is_present).tolist():
        wants = -1
        if ex.released[unit] < ex.committed[unit]:
            wants = int(ex.cells[unit, (ex.released[unit] + 1) % ex.cells.shape[1]])
        goal = int(controller.driving.goals[unit])
        why = _say_state(int(roster.flags[unit]), int(roster.faults[unit]))
        if wants >= 0 or goal >= 0 or why:
            holder = int(ex.owners[wants]) if wants >= 0 else -1
            waits.append(Wait(unit, ex.cell_now(unit), goal, wants, holder, why))
    return waits


def _say_state(flags: int, fault: int) -> str:
    words = [flag.name or "" for flag in Condition if flags & flag]
    words += [FaultCode(fault).name] if fault else []
    return ", ".join(words)
