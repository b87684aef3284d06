"""Turns that reach into rims of the cells beside them: released one at a time, on proof.

A turn belongs to the drive after it: the unit turns on the cell of the step before, and has turned
when it has left that cell. From its release until then the turn is under way, whatever the unit
does; so it is always on a cell that its unit holds.
rims: int32[n_cells], unit whose turn is under way on that cell, or -1. is_turn: bool[n_units,
RING], released drives that a turn comes before. Rings as in fleet_control.execution.kernels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

DRIVE, LIFT = 0, 1


@kernel
def _beside(cell: int, heading: int, n_rows: int, n_cols: int) -> int:
    """The cell next to this one, or -1 at the edge of the floor."""
    row, col = cell // n_cols, cell % n_cols
    if heading == 0:
        return cell + 1 if col + 1 < n_cols else -1
    if heading == 1:
        return cell - n_cols if row > 0 else -1
    if heading == 2:
        return cell - 1 if col > 0 else -1
    return cell + n_cols if row + 1 < n_rows else -1


@kernel
def find_hindrance(
    unit: int, cell: int, load: int, rims: NDArray[np.int32], rim_loads: NDArray[np.int8],
    touch: NDArray[np.bool_], sweeps: NDArray[np.bool_], owners: NDArray[np.int32],
    cells: NDArray[np.int32], unit_done: NDArray[np.int32], n_rows: int, n_cols: int,
) -> int:  # fmt: skip
    """The first unit that keeps this one from turning on the cell, or -1.

    It is one whose turn beside is under way and could touch this turn; or one that has left this
    cell for the one beside and is not at its centre yet: its tail is still in the rim.
    touch: bool[2, 2], whether turns with these loads can touch. sweeps: bool[2], whether a turn
    with that load reaches beyond its cell.
    """
    mask = cells.shape[1] - 1
    for heading in range(4):
        near = _beside(cell, heading, n_rows, n_cols)
        if near < 0:
            continue
        turner, holder = int(rims[near]), int(owners[near])
        if turner >= 0 and turner != unit and touch[load, rim_loads[near]]:
            return turner
        is_other = sweeps[load] and holder >= 0 and holder != unit
        if is_other and cells[holder, unit_done[holder] & mask] == cell:
            return holder
    return -1


@kernel
def _begin_turn(
    unit: int, cell: int, slot: int, load: int, is_turn: NDArray[np.bool_],
    is_sure: NDArray[np.bool_], rims: NDArray[np.int32], rim_loads: NDArray[np.int8],
) -> None:  # fmt: skip
    """The turn on the cell before that drive is under way from now on."""
    is_turn[unit, slot] = True
    is_sure[unit] = True
    rims[cell] = unit
    rim_loads[cell] = load


@kernel
def release_turning(
    base_length: int, unit_done: NDArray[np.int32], released: NDArray[np.int32],
    committed: NDArray[np.int32], cells: NDArray[np.int32], tickets: NDArray[np.int32],
    acts: NDArray[np.int8], serving: NDArray[np.int32], owners: NDArray[np.int32],
    is_ready: NDArray[np.bool_], bars: NDArray[np.bool_], headings: NDArray[np.int8],
    out_units: NDArray[np.int32], out_steps: NDArray[np.int32], out_cells: NDArray[np.int32],
    out_acts: NDArray[np.int8], is_turn: NDArray[np.bool_],
    is_sure: NDArray[np.bool_], is_laden: NDArray[np.int8], rims: NDArray[np.int32],
    rim_loads: NDArray[np.int8], touch: NDArray[np.bool_], sweeps: NDArray[np.bool_],
    n_rows: int, n_cols: int,
) -> int:  # fmt: skip
    """`release_steps` for units whose turns reach beyond their cell; arguments as there, and:

    is_turn: bool[n_units, RING]. is_sure: bool[n_units], whether the unit faces as its steps say.
    is_laden: int8[n_units], load after the last released step. A drive is released together with
    the turn before it, or not at all, so that no unit ever waits with a turn under way.
    """
    n_out = 0
    mask = cells.shape[1] - 1
    for unit in range(released.size):
        if not is_ready[unit]:
            continue
        while released[unit] < committed[unit] and released[unit] - unit_done[unit] < base_length:
            step = released[unit] + 1
            slot, before = step & mask, (step - 1) & mask
            cell, here, load = int(cells[unit, slot]), cells[unit, before], is_laden[unit]
            is_turn[unit, slot] = False
            if acts[unit, slot] == DRIVE:
                if serving[cell] != tickets[unit, slot] or bars[here, headings[unit, slot]]:
                    break
                if owners[cell] >= 0:
                    return -1 - cell
                if headings[unit, slot] != headings[unit, before] or not is_sure[unit]:
                    hindrance = find_hindrance(
                        unit, here, load, rims, rim_loads, touch, sweeps, owners, cells, unit_done,
                        n_rows, n_cols,
                    )  # fmt: skip
                    if hindrance >= 0:
                        break
                    _begin_turn(unit, here, slot, load, is_turn, is_sure, rims, rim_loads)
                owners[cell] = unit
            else:
                is_laden[unit] = 1 if acts[unit, slot] == LIFT else 0
            released[unit] = step
            out_units[n_out] = unit
            out_steps[n_out] = step
            out_cells[n_out] = cell
            out_acts[n_out] = acts[unit, slot]
            n_out += 1
    return n_out


@kernel
def free_turns(
    units: NDArray[np.int32], cleared: NDArray[np.int32], unit_cleared: NDArray[np.int32],
    released: NDArray[np.int32], cells: NDArray[np.int32], is_turn: NDArray[np.bool_],
    rims: NDArray[np.int32],
) -> None:  # fmt: skip
    """End the turns on cells that are now proved left. unit_cleared: before these reports."""
    mask = cells.shape[1] - 1
    for row in range(units.size):
        unit = units[row]
        for step in range(unit_cleared[unit] + 1, min(cleared[row], released[unit]) + 1):
            if is_turn[unit, step & mask]:
                is_turn[unit, step & mask] = False
                rims[cells[unit, (step - 1) & mask]] = -1


@kernel
def find_bad_turn(
    cleared: NDArray[np.int32], released: NDArray[np.int32], cells: NDArray[np.int32],
    is_present: NDArray[np.bool_], is_turn: NDArray[np.bool_], rims: NDArray[np.int32],
    rim_loads: NDArray[np.int8], touch: NDArray[np.bool_], owners: NDArray[np.int32],
    n_rows: int, n_cols: int,
) -> int:  # fmt: skip
    """The first cell whose turn is not as it should be, or -1: worked out anew from the steps.

    Every turn under way is on a cell of its unit, no other is noted, and no two side by side could
    touch.
    """
    mask = cells.shape[1] - 1
    n_turns = 0
    for unit in range(released.size):
        if not is_present[unit]:
            continue
        for step in range(cleared[unit] + 1, released[unit] + 1):
            if is_turn[unit, step & mask]:
                cell = cells[unit, (step - 1) & mask]
                n_turns += 1
                if rims[cell] != unit or owners[cell] != unit:
                    return int(cell)
    last = -1
    for cell in range(rims.size):
        if rims[cell] < 0:
            continue
        n_turns -= 1
        last = cell
        for heading in range(4):
            near = _beside(cell, heading, n_rows, n_cols)
            is_other = near >= 0 and rims[near] >= 0 and rims[near] != rims[cell]
            if is_other and touch[rim_loads[cell], rim_loads[near]]:
                return cell
    return -1 if n_turns == 0 else last
