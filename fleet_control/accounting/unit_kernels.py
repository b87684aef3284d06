"""Books the time of units on what they are at, and the waiting among it on whoever is waited for.

All times are ticks (ticks.py), so that sums are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.execution.kernels import RING_MASK
from fleet_control.execution.wait_kernels import FREE

LOADED, EMPTY, LIFTING, QUEUEING, SLOT, AT_STATION, WAITING, NO_TASK, CHARGING, PARKED, STOPPED = (
    range(11)
)
"""Columns of the ledger."""
DRIVING_QUEUEING, DRIVING_AT_STATION = 2, 3
"""Of the states of fleet_control.driving: below the first a unit drives, above the second it has no
task."""
LOW_BATTERY = 16
"""Condition.LOW_BATTERY"""
N_COLUMNS = 11
NOBODY, RING, UNSEEN = range(3)
"""Waits without a root: for nobody, in a chain without an end, and not looked at yet."""


@kernel
def book_states(
    dt: int, dt_s: float, states: NDArray[np.int8], done: NDArray[np.int32],
    released: NDArray[np.int32], cells: NDArray[np.int32], is_driving: NDArray[np.bool_],
    is_acting: NDArray[np.bool_], is_suspended: NDArray[np.bool_], is_parked: NDArray[np.bool_],
    flags: NDArray[np.int8], booked: NDArray[np.int64], wait_s: NDArray[np.float64],
    columns: NDArray[np.int8], waited: NDArray[np.int64],
) -> int:  # fmt: skip
    """Book dt ticks on the column of each unit; returns how many units wait.

    A driving unit with nothing left to drive is waiting. states: int8[n_units] of
    fleet_control.driving. booked: int64[n_units, 11]. wait_s: float64[n_cells], by where units
    wait. columns: int8[n_units], filled with the column of each. waited: int64[n_units], ticks of
    waiting that are on nobody's account yet.
    """
    n_waiting = 0
    for unit in range(states.size):
        state = states[unit]
        if is_suspended[unit]:
            column = STOPPED
        elif state < DRIVING_QUEUEING:
            if done[unit] == released[unit] and is_driving[unit]:
                column = WAITING
                n_waiting += 1
                waited[unit] += dt
                wait_s[cells[unit, done[unit] & RING_MASK]] += dt_s
            elif is_acting[unit]:
                column = LIFTING
            else:
                column = LOADED if state == 0 else EMPTY
        elif state == DRIVING_QUEUEING:
            column = QUEUEING if is_driving[unit] else SLOT
        elif state == DRIVING_AT_STATION:
            column = AT_STATION
        elif is_parked[unit]:
            column = PARKED
        else:
            column = CHARGING if flags[unit] & LOW_BATTERY else NO_TASK
        booked[unit, column] += dt
        columns[unit] = column
    return n_waiting


@kernel
def add_wishes(
    wants: NDArray[np.int32], end_cells: NDArray[np.int32], is_present: NDArray[np.bool_],
    at_end: NDArray[np.int32], waits_for: NDArray[np.int32], goes_on: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Units whose path is driven to its end wait for whoever has the cell they want next.

    wants: int32[n_units], -1 for none. at_end: int32[n_cells], scratch; all -1 before and after.
    """
    for unit in range(wants.size):
        if is_present[unit]:
            at_end[end_cells[unit]] = unit
    for unit in range(wants.size):
        if wants[unit] >= 0 and waits_for[unit] == FREE:
            other = at_end[wants[unit]]
            if other >= 0 and other != unit:
                waits_for[unit] = other
                goes_on[unit] = True
    for unit in range(wants.size):
        if is_present[unit]:
            at_end[end_cells[unit]] = -1


@kernel
def book_waits(
    columns: NDArray[np.int8], waits_for: NDArray[np.int32], roots: NDArray[np.int32],
    waited: NDArray[np.int64], waited_for: NDArray[np.int64], held_up: NDArray[np.int64],
    rootless: NDArray[np.int64],
) -> None:  # fmt: skip
    """Book what each waiting unit has waited on whom it waits for now, and on the root of that.

    waited: int64[n_units], ticks; 0 afterwards for units that wait.
    waited_for: int64[n_units], by the unit that is waited for directly.
    held_up: int64[n_units, 11], by the unit at the end of the chain and its own column.
    rootless: int64[3]. Everything is booked on waited_for or on NOBODY; and on held_up, on NOBODY
    or on RING.
    """
    for unit in range(columns.size):
        if columns[unit] != WAITING:
            continue
        dt = waited[unit]
        waited[unit] = 0
        if waits_for[unit] < 0:
            rootless[NOBODY] += dt
            continue
        waited_for[waits_for[unit]] += dt
        root = roots[unit]
        if root < 0:
            rootless[RING] += dt
        else:
            held_up[root, columns[root]] += dt
