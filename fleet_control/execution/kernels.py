"""Ticket locks per cell: an action dependency graph without lists (docs/decisions/0002).

Committing a visit draws the next ticket of its cell; a visit may be released once every earlier
ticket has been served, and a ticket is served only on proof that the body has left. Steps live in
one ring per unit: cleared <= done + 1 <= released + 1 <= committed + 1, indices modulo the ring's
length. A step that acts in place belongs to the visit of the drive before it and has its ticket.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

RING = 32
"""Steps kept per unit (a power of two); more than base length, committed moves and cells under the
body together."""
RING_MASK = RING - 1
DRIVE = 0


@kernel
def commit_moves(
    chosen: NDArray[np.int32], end_cells: NDArray[np.int32], end_headings: NDArray[np.int8],
    committed: NDArray[np.int32], cleared: NDArray[np.int32], cells: NDArray[np.int32],
    tickets: NDArray[np.int32], acts: NDArray[np.int8], headings: NDArray[np.int8],
    next_ticket: NDArray[np.int32], moved: NDArray[np.int32],
) -> int:  # fmt: skip
    """Append one move per unit whose chosen cell differs from its end. Returns how many moved, or
    -1 - unit where a unit's ring is full.

    The caller has checked that the step is free of conflicts and rings. Tickets of a cell that one
    unit leaves and another enters in the same step are in the right order already: the leaver drew
    its ticket when it came.
    """
    n_moved = 0
    for unit in range(chosen.size):
        cell = chosen[unit]
        here = end_cells[unit]
        if cell == here:
            continue
        step = committed[unit] + 1
        if step - cleared[unit] >= RING:
            return -1 - unit
        committed[unit] = step
        slot = step & RING_MASK
        cells[unit, slot] = cell
        acts[unit, slot] = DRIVE
        tickets[unit, slot] = next_ticket[cell]
        next_ticket[cell] += 1
        end_cells[unit] = cell
        delta = cell - here
        if delta == 1:
            end_headings[unit] = 0
        elif delta == -1:
            end_headings[unit] = 2
        elif delta < 0:
            end_headings[unit] = 1
        else:
            end_headings[unit] = 3
        headings[unit, slot] = end_headings[unit]
        moved[n_moved] = unit
        n_moved += 1
    return n_moved


@kernel
def cut_paths(
    released: NDArray[np.int32], committed: NDArray[np.int32], cells: NDArray[np.int32],
    acts: NDArray[np.int8], headings: NDArray[np.int8], end_cells: NDArray[np.int32],
    end_headings: NDArray[np.int8], next_ticket: NDArray[np.int32], told: NDArray[np.int32],
) -> int:  # fmt: skip
    """Forget every step of every unit that has not been released. Returns how many.

    Only all units together can be cut: afterwards no cell has a ticket but that of its holder, so
    the order of visits begins anew. The cut is consistent whatever each unit is doing, since
    released sets are disjoint and stay as they are.
    """
    n_cut = 0
    for unit in range(released.size):
        if released[unit] == committed[unit]:
            continue
        for step in range(released[unit] + 1, committed[unit] + 1):
            slot = step & RING_MASK
            if acts[unit, slot] == DRIVE:
                next_ticket[cells[unit, slot]] -= 1
            n_cut += 1
        committed[unit] = released[unit]
        end_cells[unit] = cells[unit, released[unit] & RING_MASK]
        end_headings[unit] = headings[unit, released[unit] & RING_MASK]
        told[unit] = -1
    return n_cut


@kernel
def find_bad_holding(
    cleared: NDArray[np.int32], released: NDArray[np.int32], cells: NDArray[np.int32],
    acts: NDArray[np.int8], is_present: NDArray[np.bool_], owners: NDArray[np.int32],
) -> int:  # fmt: skip
    """The first cell whose holder is not who it should be, or -1: the invariant, worked out anew.

    Every cell of a unit's steps from the last cleared to the last released is its own, so held sets
    are disjoint; and no cell has a holder beside those, so nothing is kept without a reason.
    """
    n_held = 0
    for unit in range(released.size):
        if not is_present[unit]:
            continue
        for step in range(cleared[unit], released[unit] + 1):
            cell = cells[unit, step & RING_MASK]
            if owners[cell] != unit:
                return cell
            if step == cleared[unit] or acts[unit, step & RING_MASK] == DRIVE:
                n_held += 1
    n_owned = 0
    last = -1
    for cell in range(owners.size):
        if owners[cell] >= 0:
            n_owned += 1
            last = cell
    return -1 if n_owned == n_held else last


@kernel
def free_cells(
    units: NDArray[np.int32], done: NDArray[np.int32], cleared: NDArray[np.int32],
    unit_done: NDArray[np.int32], unit_cleared: NDArray[np.int32], released: NDArray[np.int32],
    cells: NDArray[np.int32], tickets: NDArray[np.int32], acts: NDArray[np.int8],
    serving: NDArray[np.int32], owners: NDArray[np.int32], visits: NDArray[np.int64],
    driven: NDArray[np.int64],
) -> int:  # fmt: skip
    """Take in reports: advance counters and serve the tickets of cells proved empty.

    Returns -1, or the row of a report that contradicts what was released.
    """
    for row in range(units.size):
        unit = units[row]
        # The cell of the last released step cannot be behind: there is nowhere to have gone.
        if done[row] > released[unit] or cleared[row] > min(done[row] + 1, released[unit]):
            return row
        for step in range(unit_done[unit] + 1, done[row] + 1):
            if acts[unit, step & RING_MASK] == DRIVE:
                visits[cells[unit, step & RING_MASK]] += 1
                driven[unit] += 1
        if done[row] > unit_done[unit]:
            unit_done[unit] = done[row]
        for step in range(unit_cleared[unit], cleared[row]):
            slot = step & RING_MASK
            if acts[unit, (step + 1) & RING_MASK] != DRIVE:
                continue  # the visit goes on with an act
            cell = cells[unit, slot]
            if owners[cell] != unit or serving[cell] != tickets[unit, slot]:
                return row
            owners[cell] = -1
            serving[cell] += 1
        if cleared[row] > unit_cleared[unit]:
            unit_cleared[unit] = cleared[row]
    return -1


@kernel
def release_steps(
    base_length: int, unit_done: NDArray[np.int32], released: NDArray[np.int32],
    committed: NDArray[np.int32], cells: NDArray[np.int32], tickets: NDArray[np.int32],
    acts: NDArray[np.int8], serving: NDArray[np.int32], owners: NDArray[np.int32],
    is_ready: NDArray[np.bool_], bars: NDArray[np.bool_], headings: NDArray[np.int8],
    out_units: NDArray[np.int32], out_steps: NDArray[np.int32], out_cells: NDArray[np.int32],
    out_acts: NDArray[np.int8],
) -> int:  # fmt: skip
    """Release up to `base_length` steps ahead of each unit where all earlier visitors have left.

    is_ready: bool[n_units], units that may be released anything. bars: bool[n_cells, 4], moves
    along each heading that nobody makes now. headings: int8[n_units, RING], of each step.
    Returns the number of rows written, or -1 - cell where the cell is still held by another unit
    although its ticket came up: a broken invariant.
    """
    n_out = 0
    for unit in range(released.size):
        if not is_ready[unit]:
            continue
        while released[unit] < committed[unit] and released[unit] - unit_done[unit] < base_length:
            step = released[unit] + 1
            slot = step & RING_MASK
            cell = cells[unit, slot]
            if acts[unit, slot] == DRIVE:
                if serving[cell] != tickets[unit, slot]:
                    break
                if bars[cells[unit, (step - 1) & RING_MASK], headings[unit, slot]]:
                    break
                if owners[cell] >= 0:
                    return -1 - cell
                owners[cell] = unit
            released[unit] = step
            out_units[n_out] = unit
            out_steps[n_out] = step
            out_cells[n_out] = cell
            out_acts[n_out] = acts[unit, slot]
            n_out += 1
    return n_out


@kernel
def look_ahead(
    told: NDArray[np.int32], unit_done: NDArray[np.int32], released: NDArray[np.int32],
    committed: NDArray[np.int32], cells: NDArray[np.int32], acts: NDArray[np.int8],
    out_units: NDArray[np.int32], out_steps: NDArray[np.int32], out_cells: NDArray[np.int32],
) -> int:  # fmt: skip
    """Of units that are about to wait, the drive that they wait for. Returns the number of rows.

    told: int32[n_units], the step that was told of each unit last, kept up to date here.
    """
    n_out = 0
    for unit in range(released.size):
        step = released[unit] + 1
        slot = step & RING_MASK
        if (
            step > committed[unit]
            or released[unit] - unit_done[unit] > 1
            or told[unit] == step
            or acts[unit, slot] != DRIVE
        ):
            continue
        told[unit] = step
        out_units[n_out] = unit
        out_steps[n_out] = step
        out_cells[n_out] = cells[unit, slot]
        n_out += 1
    return n_out


@kernel
def mark_queueing(
    units: NDArray[np.int32], driving: NDArray[np.bool_], laden: NDArray[np.bool_],
    unit_done: NDArray[np.int32], cells: NDArray[np.int32], zones: NDArray[np.int16],
    goals: NDArray[np.int32], states: NDArray[np.int8], queueing_code: int,
) -> None:  # fmt: skip
    """Of these units, the laden ones inside the zone of their station are queueing, not driving."""
    for row in range(units.size):
        unit = units[row]
        if driving[unit] and laden[unit]:
            zone = zones[cells[unit, unit_done[unit] & RING_MASK]]
            if zone >= 0 and zone == zones[goals[unit]]:
                states[unit] = np.int8(queueing_code)


@kernel
def count_short(
    driving: NDArray[np.bool_], pinned: NDArray[np.bool_], unit_done: NDArray[np.int32],
    committed: NDArray[np.int32], enough: int,
) -> tuple[int, int]:  # fmt: skip
    """How many driving units have fewer than `enough` moves ahead, and how many drive at all."""
    n_short = 0
    n_driving = 0
    for unit in range(driving.size):
        if driving[unit] and not pinned[unit]:
            n_driving += 1
            if committed[unit] - unit_done[unit] < enough:
                n_short += 1
    return n_short, n_driving
