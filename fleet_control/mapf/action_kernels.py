"""Actions of synchronous planning with turns, and the adapter's decisions on them (causal.py)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

FORWARD, CLOCKWISE, COUNTER_CLOCKWISE, WAIT = 0, 1, 2, 3
UNDECIDED, GOES, STAYS, ASKED = 0, 1, 2, 3


@kernel
def act_towards(
    cells: NDArray[np.int32], headings: NDArray[np.int8], targets: NDArray[np.int32],
    wishes: NDArray[np.int32], fixed: NDArray[np.bool_], neighbours: NDArray[np.int32],
    allow_cycles: bool, at_now: NDArray[np.int32], verdicts: NDArray[np.int8],
    stack: NDArray[np.int32], actions: NDArray[np.int8],
) -> None:  # fmt: skip
    """Fill actions[n_units]: turn towards the target, go if the whole chain of units ahead goes.

    targets: int32[n_units], own cell or a neighbour, no two alike and no swaps. wishes: cell that a
    unit without a target turns to while it waits, -1 for none. at_now: int32[n_cells], all -1
    before and after. verdicts: int8[n_units], stack: int32[n_units], scratch.
    """
    n_units = cells.size
    for unit in range(n_units):
        at_now[cells[unit]] = unit
        actions[unit] = WAIT
        verdicts[unit] = STAYS
        towards = targets[unit]
        if towards == cells[unit]:
            towards = wishes[unit]
        if fixed[unit] or towards < 0:
            continue
        wanted = -1
        for heading in range(4):
            if neighbours[cells[unit], heading] == towards:
                wanted = heading
        if wanted < 0:
            continue
        turn = (wanted - headings[unit]) & 3
        if turn == 1 or turn == 2:
            actions[unit] = COUNTER_CLOCKWISE
        elif turn == 3:
            actions[unit] = CLOCKWISE
        elif towards == targets[unit]:
            verdicts[unit] = UNDECIDED
    for root in range(n_units):
        if verdicts[root] != UNDECIDED:
            continue
        depth = 0
        unit = root
        verdict = UNDECIDED
        while verdict == UNDECIDED:
            verdicts[unit] = ASKED
            stack[depth] = unit
            depth += 1
            ahead = at_now[targets[unit]]
            if ahead < 0:
                verdict = GOES
            elif verdicts[ahead] == ASKED:  # the chain bites its tail: a ring, never a swap
                verdict = GOES if allow_cycles else STAYS
            elif verdicts[ahead] != UNDECIDED:
                verdict = verdicts[ahead]
            else:
                unit = ahead
        for index in range(depth):
            verdicts[stack[index]] = verdict
    for unit in range(n_units):
        at_now[cells[unit]] = -1
        if verdicts[unit] == GOES:
            actions[unit] = FORWARD
