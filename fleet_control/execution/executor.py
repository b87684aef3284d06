"""The order of visits per cell, and steps released on proof: the layer that cannot collide.

Invariant: a unit occupies only cells that it holds, a cell is held by at most one unit, and it is
freed only when a report proves that the body has left. `owners` is the reservation table and this
class its only writer; it is checked against the tickets at every release and every freeing, and a
contradiction raises `InvariantError` before anything is sent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act, FleetState, Outlook, Releases, Reports
from fleet_control.errors import InvariantError
from fleet_control.execution.kernels import (
    RING,
    commit_moves,
    free_cells,
    look_ahead,
    release_steps,
)
from fleet_control.mapf.conflicts import ConflictCheck


class Executor:
    """Visit order, reservations and releases of all units.

    end_cells, end_headings: where each unit's committed path ends (the planner extends from here).
    done, cleared, released, committed: int32[n_units], step numbers in each unit's own stream.
    owners: int32[n_cells], unit that holds the cell or -1.
    visits: int64[n_cells], arrivals. driven: int64[n_units], cells driven.
    """

    def __init__(self, n_cells: int, state: FleetState, base_length: int) -> None:
        n_units = len(state.cells)
        self.base_length = base_length
        self.end_cells = state.cells.copy()
        self.end_headings = state.headings.copy()
        self.done = np.zeros(n_units, dtype=np.int32)
        self.cleared = np.zeros(n_units, dtype=np.int32)
        self.released = np.zeros(n_units, dtype=np.int32)
        self.committed = np.zeros(n_units, dtype=np.int32)
        self.cells = np.full((n_units, RING), -1, dtype=np.int32)
        self._tickets = np.full((n_units, RING), -1, dtype=np.int32)
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._next_ticket = np.zeros(n_cells, dtype=np.int32)
        self._serving = np.zeros(n_cells, dtype=np.int32)
        self.owners = np.full(n_cells, -1, dtype=np.int32)
        self.visits = np.zeros(n_cells, dtype=np.int64)
        self.driven = np.zeros(n_units, dtype=np.int64)
        self._check = ConflictCheck(n_cells, n_units)
        self.n_conflicts = 0
        self._moved = np.empty(n_units, dtype=np.int32)
        rows = n_units * RING
        self._out = tuple(np.empty(rows, dtype=np.int32) for _ in range(3))
        self._out_acts = np.empty(rows, dtype=np.int8)
        self._told = np.zeros(n_units, dtype=np.int32)
        self._hold_start_cells(state)

    def _hold_start_cells(self, state: FleetState) -> None:
        if len(np.unique(state.cells)) != len(state.cells):
            raise InvariantError("two units report the same cell; take one of them off the floor")
        self.cells[:, 0] = state.cells
        self._tickets[:, 0] = 0
        self._next_ticket[state.cells] = 1
        self.owners[state.cells] = np.arange(len(state.cells), dtype=np.int32)

    def commit(self, chosen: NDArray[np.int32]) -> NDArray[np.int32]:
        """Append one planned step for all units; returns the units that move.

        chosen: int32[n_units], cell of each unit after the step. A step with a conflict, or a ring
        of units that would rotate at once, is counted in `n_conflicts` and raises InvariantError.
        """
        conflicts = self._check.of_step(self.end_cells, chosen)
        if conflicts:
            self.n_conflicts += len(conflicts)
            raise InvariantError(f"the planner's step cannot be executed: {conflicts[0]}")
        n_moved = commit_moves(
            chosen, self.end_cells, self.end_headings, self.committed, self.cleared,
            self.cells, self._tickets, self._acts, self._next_ticket, self._moved,
        )  # fmt: skip
        if n_moved < 0:
            raise _full(-1 - n_moved)
        return self._moved[:n_moved].copy()

    def commit_act(self, unit: int, act: Act) -> None:
        """Append LIFT or LOWER on the cell where the unit's path ends."""
        step = int(self.committed[unit]) + 1
        if step - self.cleared[unit] >= RING:
            raise _full(unit)
        here, before = step % RING, (step - 1) % RING
        self.committed[unit] = step
        self.cells[unit, here] = self.end_cells[unit]
        self._acts[unit, here] = act
        self._tickets[unit, here] = self._tickets[unit, before]  # the same visit

    def absorb(self, reports: Reports) -> None:
        """Take in what units say: progress, and proof that cells are free."""
        bad = free_cells(
            reports.units, reports.done, reports.cleared, self.done, self.cleared,
            self.released, self.cells, self._tickets, self._acts, self._serving,
            self.owners, self.visits, self.driven,
        )  # fmt: skip
        if bad >= 0:
            raise InvariantError(
                f"unit {reports.units[bad]} reports step {reports.done[bad]} done and "
                f"{reports.cleared[bad]} cleared, which contradicts what was released to it"
            )

    def release(self) -> Releases:
        """Everything that may be executed now and has not been released yet."""
        (units, steps, cells), acts = self._out, self._out_acts
        n_rows = release_steps(
            self.base_length, self.done, self.released, self.committed, self.cells,
            self._tickets, self._acts, self._serving, self.owners, units, steps, cells, acts,
        )  # fmt: skip
        if n_rows < 0:
            raise InvariantError(f"cell {-1 - n_rows} came up for release while it is still held")
        rows = slice(n_rows)
        return Releases(
            units[rows].copy(), steps[rows].copy(), cells[rows].copy(), acts[rows].copy()
        )

    def outlook(self) -> Outlook:
        """What units that are about to wait will drive next; each step is told once."""
        n_rows = look_ahead(
            self._told, self.done, self.released, self.committed, self.cells, self._acts, *self._out
        )
        units, steps, cells = (column[:n_rows].copy() for column in self._out)
        return Outlook(units, steps, cells)

    @property
    def ahead(self) -> NDArray[np.int32]:
        """int32[n_units], committed steps that are not done yet."""
        return self.committed - self.done

    @property
    def cells_now(self) -> NDArray[np.int32]:
        """int32[n_units], cell whose centre each unit reached last."""
        cells: NDArray[np.int32] = self.cells[np.arange(len(self.done)), self.done % RING]
        return cells

    def cell_now(self, unit: int) -> int:
        """Cell whose centre the unit reached last."""
        return int(self.cells[unit, self.done[unit] % RING])


def _full(unit: int) -> InvariantError:
    return InvariantError(
        f"unit {unit} has {RING} steps that it has not driven; commit fewer moves ahead"
    )
