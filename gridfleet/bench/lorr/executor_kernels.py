"""Staged actions and the order in which units visit cells.

Every visit of a cell has a ticket, in planned order; a cell counts the visits that are over. A unit
drives on when all earlier visits of the cell ahead are over, or when the last of them is just
driving out ahead of it, straight, in the same tick: squares in line keep their distance. Waits are
not staged: the order of visits says all that they are for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD, WAIT

UNKNOWN, GO, STOP, ASKED = 0, 1, 2, 3


@kernel
def _turned(heading: int, action: int) -> int:
    if action == CLOCKWISE:
        return (heading + 3) & 3
    if action == COUNTER_CLOCKWISE:
        return (heading + 1) & 3
    return heading


@kernel
def append_plan(
    plan: NDArray[np.int8], cells: NDArray[np.int32], headings: NDArray[np.int8],
    neighbours: NDArray[np.int32], staged: NDArray[np.int8], tickets: NDArray[np.int32],
    lengths: NDArray[np.int32], issued: NDArray[np.int32],
) -> None:  # fmt: skip
    """Stage a plan behind what is staged already.

    plan: int8[n_actions, n_units]. cells, headings: where staged actions lead to; moved on.
    staged, tickets: [n_units, room]. issued: int32[n_cells], tickets given out so far.
    """
    for row in range(plan.shape[0]):
        for unit in range(plan.shape[1]):
            action = plan[row, unit]
            at = lengths[unit]
            if action == WAIT or at == staged.shape[1]:
                continue
            staged[unit, at] = action
            lengths[unit] += 1
            if action == FORWARD:
                cells[unit] = neighbours[cells[unit], headings[unit]]
                tickets[unit, at] = issued[cells[unit]]
                issued[cells[unit]] += 1
            headings[unit] = _turned(headings[unit], action)


@kernel
def cut_to_window(
    window: int, cells: NDArray[np.int32], headings: NDArray[np.int8],
    neighbours: NDArray[np.int32], staged: NDArray[np.int8], tickets: NDArray[np.int32],
    lengths: NDArray[np.int32], issued: NDArray[np.int32], served: NDArray[np.int32],
    n_done: NDArray[np.int32], has_acted: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Keep of what is staged only what a run without delays does in `window` actions.

    cells, headings: where units are; moved on to where they will be. served: int32[n_cells], visits
    that are over; as before afterwards. n_done: int32[n_units], has_acted: bool[n_units], scratch.
    """
    n_units = cells.size
    n_done[:] = 0
    for _ in range(window):
        has_acted[:] = False
        has_changed = True
        while has_changed:
            has_changed = False
            for unit in range(n_units):
                at = n_done[unit]
                if has_acted[unit] or at >= lengths[unit]:
                    continue
                action = staged[unit, at]
                if action == FORWARD:
                    ahead = neighbours[cells[unit], headings[unit]]
                    if tickets[unit, at] != served[ahead]:
                        continue
                    served[cells[unit]] += 1
                    cells[unit] = ahead
                headings[unit] = _turned(headings[unit], action)
                n_done[unit] += 1
                has_acted[unit] = True
                has_changed = True
    for unit in range(n_units):  # take back visits beyond the window, and those that were played
        cell = cells[unit]
        heading = headings[unit]
        for at in range(n_done[unit], lengths[unit]):
            if staged[unit, at] == FORWARD:
                cell = neighbours[cell, heading]
                issued[cell] -= 1
            heading = _turned(heading, staged[unit, at])
        lengths[unit] = n_done[unit]
        cell = cells[unit]
        heading = headings[unit]
        for at in range(n_done[unit] - 1, -1, -1):
            if staged[unit, at] == FORWARD:
                cell = neighbours[cell, (heading + 2) & 3]
                served[cell] -= 1
            elif staged[unit, at] == CLOCKWISE:
                heading = (heading + 1) & 3
            else:
                heading = (heading + 3) & 3


@kernel
def next_commands(
    cells: NDArray[np.int32], headings: NDArray[np.int8], is_delayed: NDArray[np.bool_],
    neighbours: NDArray[np.int32], staged: NDArray[np.int8], tickets: NDArray[np.int32],
    lengths: NDArray[np.int32], served: NDArray[np.int32], at_now: NDArray[np.int32],
    verdicts: NDArray[np.int8], stack: NDArray[np.int32], commands: NDArray[np.int8],
) -> None:  # fmt: skip
    """Fill commands[n_units]: the head of what is staged for those that may go on, else a wait.

    at_now: int32[n_cells], all -1 before and after: the unit whose visit is the current one.
    """
    n_units = cells.size
    for unit in range(n_units):
        at_now[cells[unit]] = unit
        commands[unit] = WAIT
        verdicts[unit] = STOP
        if lengths[unit] > 0 and not is_delayed[unit]:
            verdicts[unit] = UNKNOWN if staged[unit, 0] == FORWARD else GO
    for root in range(n_units):
        unit = root
        depth = 0
        verdict = verdicts[root]
        while verdict == UNKNOWN:
            verdicts[unit] = ASKED
            stack[depth] = unit
            depth += 1
            ahead = neighbours[cells[unit], headings[unit]]
            waits_for = tickets[unit, 0] - served[ahead]
            leader = at_now[ahead]
            if waits_for == 0:
                verdict = GO
            elif (
                waits_for > 1
                or leader < 0
                or headings[leader] != headings[unit]
                or lengths[leader] == 0
                or staged[leader, 0] != FORWARD
            ):
                verdict = STOP
            else:
                unit = leader
                verdict = verdicts[leader]
        for index in range(depth):
            verdicts[stack[index]] = verdict
    for unit in range(n_units):
        at_now[cells[unit]] = -1
        if verdicts[unit] == GO:
            commands[unit] = staged[unit, 0]


@kernel
def pop_finished(
    before: NDArray[np.int32], cells: NDArray[np.int32], is_over: NDArray[np.bool_],
    staged: NDArray[np.int8], tickets: NDArray[np.int32], lengths: NDArray[np.int32],
    served: NDArray[np.int32],
) -> None:  # fmt: skip
    """Take finished actions off the queues, and count visits that are over. before, cells: int32
    [n_units] at both ends of the tick. is_over: bool[n_units], whose action is finished."""
    for unit in range(cells.size):
        if not is_over[unit]:
            continue
        if cells[unit] != before[unit]:
            served[before[unit]] += 1
        for at in range(1, lengths[unit]):
            staged[unit, at - 1] = staged[unit, at]
            tickets[unit, at - 1] = tickets[unit, at]
        lengths[unit] -= 1
