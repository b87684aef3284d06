"""Legs from UNIT records alone, looked at after every tick.

Nothing but mode, steps and what is left of turns and times is read, so that legs of all engines are
the same thing. What a unit does in a tick it does from the tick's beginning: a run that is seen for
the first time after tick k began at the end of tick k - 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from twin.floor.step_kernels import (
    ACTING,
    DECEL,
    DRIVING,
    IDLE,
    RING_MASK,
    SPEED_LIMIT,
    TURNING,
    Units,
)
from twin.floor.step_kernels import LIFT as LIFT_ACT

NOTHING, RUN, TURN, LIFT, LOWER, QUEUE = -1, 0, 1, 2, 3, 4
BRAKES_M = 0.02
"""A unit brakes, or accelerates no more, for an end that is no further away than it needs to stop
and this."""
TURNED_RAD = 0.1
"""What may be left of a turn that is over: engines with bodies end it within some tolerance."""
Records = NDArray[np.void]


@kernel
def _doing(unit: Any, index: int, acts: NDArray[np.int8]) -> int:
    """Which leg the unit is on."""
    if unit.mode == DRIVING:
        return RUN
    if unit.mode == TURNING:
        return TURN
    if unit.mode == ACTING:
        return LIFT if acts[index, (unit.done + 1) & RING_MASK] == LIFT_ACT else LOWER
    if unit.done >= unit.released and unit.outlook_step == unit.done + 1 and unit.factor > 0.0:
        return QUEUE
    return NOTHING


@kernel
def _begin(leg: Any, unit: Any, index: int, kind: int, tick: int, cells: NDArray[np.int32]) -> None:
    """A leg that was seen first after that tick."""
    leg.kind = kind
    leg.is_laden = unit.carried >= 0
    leg.begin = tick if kind == QUEUE else tick - 1
    leg.cell = cells[index, unit.done & RING_MASK]
    leg.heading = unit.heading
    leg.done = unit.done
    leg.last = unit.last
    leg.is_braking = 0
    leg.quarters = np.int8(round(abs(unit.turn_left) / (math.pi / 2))) if kind == TURN else 0
    leg.is_free = 1


@kernel
def _keep_watching(leg: Any, unit: Any, limits: NDArray[np.float64], cell_m: float) -> None:
    """Note what keeps the unit from doing the leg as it would alone.

    A run that is lengthened before the unit brakes for its end, or accelerates less, is as one
    whose whole length was known at its beginning."""
    if unit.factor != 1.0:
        leg.is_free = 0
    if leg.kind != RUN or unit.mode != DRIVING:
        return
    load = 1 if unit.carried >= 0 else 0
    is_longer = unit.last > leg.last
    if unit.last < leg.last or (is_longer and leg.is_braking):
        leg.is_free = 0
    if unit.run_limit < np.float32(limits[load, SPEED_LIMIT]):
        leg.is_free = 0
    leg.last = unit.last
    left_m = (unit.last - unit.first) * cell_m - unit.along
    leg.is_braking = unit.speed**2 / (2.0 * limits[load, DECEL]) > left_m - BRAKES_M


@kernel
def _length(leg: Any, unit: Any, here: int, n_cols: int, cell_m: float) -> float:
    """Metres or quarter turns of a leg that is over; -1 where it was broken off."""
    if leg.kind == RUN:
        ways = abs(here // n_cols - leg.cell // n_cols) + abs(here % n_cols - leg.cell % n_cols)
        return ways * cell_m if ways > 0 and unit.done == unit.last else -1.0
    if leg.kind == TURN:
        is_over = unit.mode != IDLE or abs(unit.turn_left) < TURNED_RAD
        return float(leg.quarters) if is_over else -1.0
    if leg.kind == QUEUE:
        return 0.0
    return 0.0 if unit.done > leg.done else -1.0


@kernel
def _end(
    leg: Any, row: Any, unit: Any, index: int, tick: int, here: int, n_cols: int, cell_m: float
) -> int:
    """Write the leg that the unit was on until after that tick. Returns how many rows that is: a
    leg that was broken off, or took no time, is none."""
    length = _length(leg, unit, here, n_cols, cell_m)
    if length < 0.0 or tick <= leg.begin:
        return 0
    row.unit = index
    row.kind = leg.kind
    row.is_laden = leg.is_laden
    row.begin = leg.begin
    row.end = tick
    row.length = length
    row.cell = leg.cell
    is_counted_on = leg.kind != RUN or unit.done > leg.done  # a new controller counts anew
    row.is_free = 1 if leg.is_free and is_counted_on else 0
    return 1


@kernel
def note_legs(
    tick: int, units: Units, cells: NDArray[np.int32], acts: NDArray[np.int8],
    limits: NDArray[np.float64], n_cols: int, cell_m: float, legs: Records, rows: Records,
    n_rows: int,
) -> int:  # fmt: skip
    """Look at all units after a tick. Returns the number of rows, those before included.

    cells, acts: [n_units, RING], released steps. limits: float64[2, 5] of empty and laden units.
    legs: OPEN_LEG[n_units], what each unit is doing. rows: LEG[k], with room for n_units more.
    """
    for index in range(units.size):
        unit, leg = units[index], legs[index]
        before = leg.kind
        kind = _doing(unit, index, acts)
        goes_on = kind == before
        if goes_on and kind >= 0 and kind != QUEUE:
            goes_on = unit.heading == leg.heading
        if not goes_on:
            if before >= 0:
                # Who is seen to move now began it when the tick did.
                until = tick if kind in (NOTHING, QUEUE) else tick - 1
                here = cells[index, unit.done & RING_MASK]
                n_rows += _end(leg, rows[n_rows], unit, index, until, here, n_cols, cell_m)
            leg.kind = NOTHING
            if kind >= 0:
                _begin(leg, unit, index, kind, tick, cells)
        if kind >= 0:
            _keep_watching(leg, unit, limits, cell_m)
    return n_rows
