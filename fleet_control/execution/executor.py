"""The order of visits per cell, and steps released on proof: the layer that cannot collide.

Invariant: a unit occupies only cells that it holds, a cell is held by at most one unit, and it is
freed only when a report proves that the body has left. `owners` is the reservation table and this
class its only writer; it is checked against the tickets at every release and every freeing, and a
contradiction raises `InvariantError` before anything is sent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act, Outlook, Releases, Reports, no_outlook, no_releases
from fleet_control.errors import InvariantError
from fleet_control.execution.kernels import (
    DRIVE,
    RING,
    commit_moves,
    cut_paths,
    find_bad_holding,
    free_cells,
    look_ahead,
    release_steps,
)
from fleet_control.execution.turns import Turns
from fleet_control.execution.wait_kernels import FREE, find_waits
from fleet_control.footprint import Footprint
from fleet_control.mapf.conflicts import ConflictCheck

NOWHERE = -1
"""Cell of a unit that is not on the floor."""


class Executor:
    """Visit order, reservations and releases of all units.

    is_present: bool[n_units], units on the floor; of others nothing holds.
    end_cells, end_headings: where each unit's committed path ends (the planner extends from here);
    NOWHERE for one that is not on the floor.
    done, cleared, released, committed: int32[n_units], step numbers in each unit's own stream.
    owners: int32[n_cells], unit that holds the cell or -1.
    is_closed: bool[n_cells], cells that nobody enters from outside. bars: bool[n_cells, 4], moves
    that are not released for that. speeds_m_s: float32[n_cells], speed limit of driving to each
    cell; None for none.
    visits: int64[n_cells], arrivals. driven: int64[n_units], cells driven.
    turns: those under way, where turns reach beyond their cell; None where none does.
    """

    def __init__(self, n_cells: int, n_units: int, base_length: int) -> None:
        self.base_length = base_length
        self.is_present = np.zeros(n_units, dtype=bool)
        self.end_cells = np.full(n_units, NOWHERE, dtype=np.int32)
        self.end_headings = np.zeros(n_units, dtype=np.int8)
        self.done = np.zeros(n_units, dtype=np.int32)
        self.cleared = np.zeros(n_units, dtype=np.int32)
        self.released = np.zeros(n_units, dtype=np.int32)
        self.committed = np.zeros(n_units, dtype=np.int32)
        self.cells = np.full((n_units, RING), NOWHERE, dtype=np.int32)
        self._tickets = np.full((n_units, RING), -1, dtype=np.int32)
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._headings = np.zeros((n_units, RING), dtype=np.int8)
        self._next_ticket = np.zeros(n_cells, dtype=np.int32)
        self._serving = np.zeros(n_cells, dtype=np.int32)
        self.owners = np.full(n_cells, -1, dtype=np.int32)
        self.visits = np.zeros(n_cells, dtype=np.int64)
        self.driven = np.zeros(n_units, dtype=np.int64)
        self.is_closed = np.zeros(n_cells, dtype=bool)
        self.bars = np.zeros((n_cells, 4), dtype=bool)
        self.speeds_m_s: NDArray[np.float32] | None = None
        self._check = ConflictCheck(n_cells, n_units)
        self.n_conflicts = 0
        self._moved = np.empty(n_units, dtype=np.int32)
        rows = n_units * RING
        self._out = tuple(np.empty(rows, dtype=np.int32) for _ in range(3))
        self._out_acts = np.empty(rows, dtype=np.int8)
        self._told = np.zeros(n_units, dtype=np.int32)
        self.turns: Turns | None = None

    def watch_turns(self, footprint: Footprint, n_cols: int) -> None:
        """From now on, before anybody is on the floor, keep turns apart that could touch."""
        if footprint.needs_rims:
            n_rows = len(self.owners) // n_cols
            self.turns = Turns(footprint, n_rows, n_cols, len(self.done), RING)

    # Who is on the floor

    def admit(self, unit: int, cell: int, heading: int, is_laden: bool = False) -> None:
        """The unit is on the floor now and holds its cell; its steps begin there at 0.

        Nobody may have a ticket for the cell: cut first where paths are committed. Raises
        InvariantError for a cell that is another's.
        """
        if self.owners[cell] >= 0 or self._next_ticket[cell] != self._serving[cell]:
            raise InvariantError(
                f"unit {unit} stands on cell {cell}, which belongs to unit {self.owners[cell]}"
            )
        for counter in (self.done, self.cleared, self.released, self.committed):
            counter[unit] = 0
        self.is_present[unit] = True
        self.end_cells[unit] = self.cells[unit, 0] = cell
        self.end_headings[unit] = self._headings[unit, 0] = heading
        self._acts[unit, 0] = DRIVE
        self._tickets[unit, 0] = self._next_ticket[cell]
        self._next_ticket[cell] += 1
        self.owners[cell] = unit
        self._told[unit] = 0
        if self.turns is not None:
            self.turns.admit(unit, is_laden)

    def remove(self, unit: int) -> None:
        """The unit is off the floor, as somebody who looked has confirmed; cut first."""
        self._give_up(unit, int(self.cleared[unit]))
        self.is_present[unit] = False
        self.end_cells[unit] = NOWHERE
        self.committed[unit] = self.released[unit] = self.done[unit] = self.cleared[unit]

    def held_cells(self, unit: int) -> NDArray[np.int32]:
        """int32[k], cells that the unit may be on, from the one left last to the end of its base;
        none for one that is not on the floor."""
        if not self.is_present[unit]:
            return np.empty(0, dtype=np.int32)
        steps = np.arange(self.cleared[unit], self.released[unit] + 1)
        return np.asarray(self.cells[unit, steps % RING])

    # What is planned, and taken back before it is released

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
            self.cells, self._tickets, self._acts, self._headings, self._next_ticket, self._moved,
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
        self._headings[unit, here] = self.end_headings[unit]
        self._tickets[unit, here] = self._tickets[unit, before]  # the same visit

    def cut(self) -> int:
        """Forget all that is committed and not released, of all units; returns how many steps."""
        return cut_paths(
            self.released, self.committed, self.cells, self._acts, self._headings,
            self.end_cells, self.end_headings, self._next_ticket, self._told,
        )  # fmt: skip

    def retract(self, unit: int, kept: int) -> None:
        """The unit will never do its steps after `kept`: their cells are free. Cut first.

        Raises InvariantError where that contradicts what it has reported.
        """
        done, cleared = int(self.done[unit]), int(self.cleared[unit])
        if not max(done, cleared) <= kept <= min(done + 1, int(self.released[unit])):
            raise InvariantError(
                f"unit {unit} has done step {done} of {self.released[unit]}, cleared {cleared} and "
                f"says that it keeps {kept}"
            )
        self._give_up(unit, kept + 1)
        self.released[unit] = self.committed[unit] = kept
        self.end_cells[unit] = self.cells[unit, kept % RING]
        self.end_headings[unit] = self._headings[unit, kept % RING]
        self._told[unit] = -1

    def _give_up(self, unit: int, first: int) -> None:
        """Free the cells of the unit's steps from that one on; it is proved that none is entered.
        The cell of a step that only goes on with the visit before stays as it is."""
        if self.committed[unit] != self.released[unit]:
            raise InvariantError(f"unit {unit} has a committed path; cut before taking steps back")
        if self.turns is not None:
            last = int(self.released[unit])
            self.turns.give_up(unit, first, last, self.cells[unit], self._acts[unit])
        for step in range(first, int(self.released[unit]) + 1):
            slot = step % RING
            if self._acts[unit, slot] != DRIVE and step > self.cleared[unit]:
                continue
            cell = int(self.cells[unit, slot])
            self.owners[cell] = -1
            self._serving[cell] += 1

    # What units say, and what they are told

    def absorb(self, reports: Reports) -> None:
        """Take in what units say: progress, and proof that cells are free."""
        if self.turns is not None:
            self.turns.free(reports.units, reports.cleared, self.cleared, self.released, self.cells)
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

    def release(self, is_ready: NDArray[np.bool_]) -> Releases:
        """Everything that may be executed now by units that are ready, and is not released yet."""
        (units, steps, cells), acts = self._out, self._out_acts
        now = (
            self.base_length, self.done, self.released, self.committed, self.cells,
            self._tickets, self._acts, self._serving, self.owners, is_ready & self.is_present,
            self.bars, self._headings,
        )  # fmt: skip
        if self.turns is None:
            n_rows = release_steps(*now, units, steps, cells, acts)
        else:
            n_rows = self.turns.release(now, self._out, acts)
        if n_rows < 0:
            raise InvariantError(f"cell {-1 - n_rows} came up for release while it is still held")
        rows = slice(n_rows)
        return self._releases(
            units[rows].copy(), steps[rows].copy(), cells[rows].copy(), acts[rows].copy()
        )

    def open_releases(self) -> Releases:
        """All that units hold by now, from the cell left last on: for a link that has to know it
        again. The first row of each unit says which cells it has left for good: those before."""
        spans = [
            (unit, np.arange(self.cleared[unit], self.released[unit] + 1, dtype=np.int32))
            for unit in np.flatnonzero(self.is_present).tolist()
        ]
        if not spans:
            return no_releases()
        units = np.concatenate([np.full(len(span), unit, np.int32) for unit, span in spans])
        steps = np.concatenate([span for _, span in spans])
        slots = steps % RING
        return self._releases(units, steps, self.cells[units, slots], self._acts[units, slots])

    def _releases(
        self, units: NDArray[np.int32], steps: NDArray[np.int32], cells: NDArray[np.int32],
        acts: NDArray[np.int8],
    ) -> Releases:  # fmt: skip
        speeds = None if self.speeds_m_s is None else self.speeds_m_s[cells]
        return Releases(units, steps, cells, acts, speeds)

    def check_holdings(self) -> None:
        """Work out anew who should hold what; InvariantError where the table says otherwise."""
        cell = find_bad_holding(
            self.cleared, self.released, self.cells, self._acts, self.is_present, self.owners
        )
        if cell >= 0:
            raise InvariantError(
                f"cell {cell} is in the books of unit {self.owners[cell]}, which is not what was "
                "released and left"
            )
        if self.turns is not None:
            self._check_turns(self.turns)

    def _check_turns(self, turns: Turns) -> None:
        cell = turns.find_bad(self.cleared, self.released, self.cells, self.is_present, self.owners)
        if cell >= 0:
            raise InvariantError(
                f"the turn of unit {turns.rims[cell]} on cell {cell} is not one that it was "
                "released, or another beside it could touch it"
            )

    def waits(
        self, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """int32[n_units], the unit that each waits for to leave its next cell, FREE or LOST; and
        bool[n_units], whether that one cannot leave before it is released more (wait_kernels.py).

        among: bool[n_units], units for which turns beside them are looked at too; None for all.
        """
        n_cells, n_units = len(self.owners), len(self.done)
        first, last = np.full(n_cells, -1, dtype=np.int32), np.empty(n_cells, dtype=np.int32)
        waits_for, goes_on = np.empty(n_units, dtype=np.int32), np.empty(n_units, dtype=bool)
        find_waits(
            self.cleared, self.released, self.committed, self.cells, self._tickets, self._acts,
            self.is_present, self._serving, first, last, waits_for, goes_on,
        )  # fmt: skip
        if self.turns is not None:
            self._add_turn_waits(self.turns, waits_for, among)
        return waits_for, goes_on

    def _add_turn_waits(
        self, turns: Turns, waits_for: NDArray[np.int32], among: NDArray[np.bool_] | None
    ) -> None:
        """Units that wait for a turn beside them to be over; that one needs nothing more for it."""
        is_open = self.is_present & (self.released < self.committed) & (waits_for == FREE)
        if among is not None:
            is_open &= among
        for unit in np.flatnonzero(is_open).tolist():
            step = int(self.released[unit])
            here, ahead = step % RING, (step + 1) % RING
            is_same = self._headings[unit, here] == self._headings[unit, ahead]
            if self._acts[unit, ahead] == DRIVE and not (is_same and turns.is_sure[unit]):
                cell = int(self.cells[unit, here])
                other = turns.hindrance(unit, cell, self.owners, self.cells, self.done)
                waits_for[unit] = other if other >= 0 else FREE

    def outlook(self) -> Outlook:
        """What units that are about to wait will drive next; each step is told once. Nobody turns
        ahead of a release where turns have to be kept apart."""
        if self.turns is not None:
            return no_outlook()
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

    def cell_of(self, unit: int, step: int) -> int:
        """Cell of one of the unit's steps that it still holds or has ahead."""
        return int(self.cells[unit, step % RING])

    def find_cells(self) -> NDArray[np.int32]:
        """`cells_now` as a call, for those who look again and again."""
        return self.cells_now

    def cell_now(self, unit: int) -> int:
        """Cell whose centre the unit reached last."""
        return int(self.cells[unit, self.done[unit] % RING])


def _full(unit: int) -> InvariantError:
    return InvariantError(
        f"unit {unit} has {RING} steps that it has not driven; commit fewer moves ahead"
    )
