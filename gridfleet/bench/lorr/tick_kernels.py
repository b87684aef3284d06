"""How units move in a tick (2026): actions that take several, and squares that may not overlap.

A unit is an axis-parallel square about its place. Over a tick all squares move evenly; a motion is
refused if two would overlap at any moment of it. Units are looked at by number. One that would run
into another's place as it stands has to know first what that one does; where that goes round in a
ring, somebody waits. So rings of units do not rotate here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD, WAIT

EPS = 1e-6
OPEN, ASKED, DECIDED = 0, 1, 2


@kernel
def _column(
    cell: int, heading: int, count: int, counter: int, is_driving: bool, n_cols: int
) -> float:
    d_col = (1.0 if heading == 0 else 0.0) - (1.0 if heading == 2 else 0.0)
    return cell % n_cols + (d_col * count / counter if is_driving else 0.0)


@kernel
def _row(cell: int, heading: int, count: int, counter: int, is_driving: bool, n_cols: int) -> float:
    d_row = (1.0 if heading == 3 else 0.0) - (1.0 if heading == 1 else 0.0)
    return cell // n_cols + (d_row * count / counter if is_driving else 0.0)


@kernel
def _collide(d_col: float, d_row: float, v_col: float, v_row: float, size: float) -> bool:
    """Whether squares at this offset that move so against each other overlap within a tick."""
    reach = size - EPS
    begin = 0.0
    end = 1.0
    for axis in range(2):
        gap = d_col if axis == 0 else d_row
        speed = v_col if axis == 0 else v_row
        if speed == 0.0:
            if abs(gap) >= reach:
                return False
            continue
        one = (-reach - gap) / speed
        two = (reach - gap) / speed
        begin = max(begin, min(one, two))
        end = min(end, max(one, two))
    return begin < end


@kernel
def move_tick(
    cells: NDArray[np.int32], headings: NDArray[np.int8], counts: NDArray[np.int32],
    acting: NDArray[np.int8], actions: NDArray[np.int8], neighbours: NDArray[np.int32],
    counter: int, size: float, n_cols: int, heads: NDArray[np.int32], links: NDArray[np.int32],
    state: NDArray[np.int8], goes: NDArray[np.bool_], stack: NDArray[np.int32],
    done: NDArray[np.int8], hit: NDArray[np.int32],
) -> None:  # fmt: skip
    """Move every unit by one tick, in place.

    counts: int32[n_units], ticks done of the action in progress. acting: int8[n_units], which that
    is. actions: int8[n_units]; a wait pauses, anything else goes on with what has begun. Filled:
    done, what each really did, and hit, the unit (or -2 for a wall) that made it wait, -1 for
    nobody.
    heads: int32[n_cells], all -1 before and after; the rest is scratch of n_units.
    """
    n_units = cells.size
    speed = 1.0 / counter
    n_rows = heads.size // n_cols
    for unit in range(n_units):
        links[unit] = heads[cells[unit]]
        heads[cells[unit]] = unit
        hit[unit] = -1
        goes[unit] = False
        done[unit] = actions[unit]
        if actions[unit] != WAIT and counts[unit] > 0:
            done[unit] = acting[unit]
        state[unit] = OPEN if done[unit] == FORWARD else DECIDED
        if done[unit] == FORWARD and neighbours[cells[unit], headings[unit]] < 0:
            state[unit] = DECIDED
            done[unit] = WAIT
            hit[unit] = -2
    for root in range(n_units):
        if state[root] != OPEN:
            continue
        depth = 0
        stack[0] = root
        state[root] = ASKED
        while depth >= 0:
            unit = stack[depth]
            heading = int(headings[unit])
            cell = int(cells[unit])
            col = _column(cell, heading, counts[unit], counter, True, n_cols)
            row = _row(cell, heading, counts[unit], counter, True, n_cols)
            v_col = speed * ((heading == 0) - (heading == 2))
            v_row = speed * ((heading == 3) - (heading == 1))
            blocker = -1
            asked = -1
            for near_row in range(max(cell // n_cols - 2, 0), min(cell // n_cols + 3, n_rows)):
                for near_col in range(max(cell % n_cols - 2, 0), min(cell % n_cols + 3, n_cols)):
                    other = heads[near_row * n_cols + near_col]
                    while other >= 0 and blocker < 0 and asked < 0:
                        if other != unit:
                            turn = int(headings[other])
                            drives = counts[other] > 0 and acting[other] == FORWARD
                            at = int(cells[other])
                            d_col = _column(at, turn, counts[other], counter, drives, n_cols) - col
                            d_row = _row(at, turn, counts[other], counter, drives, n_cols) - row
                            w_col = 0.0
                            w_row = 0.0
                            if goes[other]:
                                w_col = speed * ((turn == 0) - (turn == 2))
                                w_row = speed * ((turn == 3) - (turn == 1))
                            if _collide(d_col, d_row, w_col - v_col, w_row - v_row, size):
                                if state[other] == OPEN:
                                    asked = other
                                else:
                                    blocker = other
                        other = links[other]
            if asked >= 0:
                depth += 1
                stack[depth] = asked
                state[asked] = ASKED
                continue
            state[unit] = DECIDED
            goes[unit] = blocker < 0
            if blocker >= 0:
                done[unit] = WAIT
                hit[unit] = blocker
            depth -= 1
    for unit in range(n_units):
        heads[cells[unit]] = -1
    for unit in range(n_units):
        if done[unit] == WAIT:
            continue
        acting[unit] = done[unit]
        counts[unit] += 1
        if counts[unit] < counter:
            continue
        counts[unit] = 0
        if done[unit] == FORWARD:
            cells[unit] = neighbours[cells[unit], headings[unit]]
        elif done[unit] == CLOCKWISE:
            headings[unit] = (headings[unit] + 3) & 3
        elif done[unit] == COUNTER_CLOCKWISE:
            headings[unit] = (headings[unit] + 1) & 3
