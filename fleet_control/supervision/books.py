"""All that is known of units and cells, in one place for those that act on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleet_control.driving import Driving
from fleet_control.events import EventKind, EventLog
from fleet_control.execution.executor import Executor
from fleet_control.mapf.grid import Grid, barred_moves
from fleet_control.mapf.planner import Planner
from fleet_control.supervision.closures import Closures
from fleet_control.supervision.roster import Roster


@dataclass(slots=True, eq=False)
class Books:
    """now_s: of the control cycle. is_changed: paths have to be cut and goals looked at again in
    this cycle. n_cuts: how often paths have been cut."""

    executor: Executor
    roster: Roster
    driving: Driving
    planner: Planner
    grid: Grid
    closures: Closures
    log: EventLog
    now_s: float = 0.0
    is_changed: bool = False
    n_cuts: int = 0
    is_cut: bool = field(default=False)

    def cut(self) -> None:
        """Forget all unreleased steps, once a cycle: then steps can be taken back, units admitted
        and removed. What units are on the way to is put right by `settle`."""
        if not self.is_cut:
            self.executor.cut()
            self.n_cuts += 1
        self.is_cut = self.is_changed = True

    def settle(self) -> None:
        """After all that a cycle has brought: lead everyone around what is closed now."""
        if not self.is_changed:
            return
        self.cut()
        for unit in self.closures.units:
            self.closures.units[unit] = tuple(self._ground_of(unit).tolist())
        closures = self.closures
        if closures.refresh():
            self.executor.is_closed = closures.is_blocked | closures.is_closed
            barred = closures.is_blocked, *closures.masks
            self.executor.bars = barred_moves(self.grid.ways, *barred)
            self.planner.set_blocked(*barred)
            shut = np.flatnonzero(self.executor.is_closed)
            first = int(shut[0]) if len(shut) else -1
            self.note(EventKind.CELLS_CLOSED, cell=first, value=float(len(shut)))
        self.executor.speeds_m_s = closures.speeds_m_s
        self.driving.after_cut()
        self.driving.review_goals(self.executor.is_closed)
        self.is_cut = self.is_changed = False

    def _ground_of(self, unit: int) -> NDArray[np.int32]:
        """int32[k], cells that it holds, and those where nobody can turn for its sake."""
        cells, turns = self.executor.held_cells(unit), self.executor.turns
        if turns is None or not len(turns.rims_of(unit)):
            return cells
        return np.union1d(cells, turns.beside(turns.rims_of(unit)))

    def note(self, kind: EventKind, unit: int = -1, cell: int = -1, value: float = 0.0) -> None:
        """Record an event of a unit, where it is unless a cell is given."""
        if cell < 0 <= unit and self.executor.is_present[unit]:
            cell = self.executor.cell_now(unit)
        self.log.add(self.now_s, kind, unit=unit, cell=cell, value=value)

    def working_units(self) -> np.ndarray:
        """int[k], units on the floor."""
        return np.flatnonzero(self.executor.is_present)
