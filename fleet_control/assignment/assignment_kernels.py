"""Estimates of ways, tasks near units, and exchanges of tasks between units.

All costs are quarter turns and cells driven (actions). Where a table of exact distances is too
large, ways are estimated as if nothing stood in between: rows and columns to go, and the turns that
these need at least. An estimate is never above the truth on an open grid without edge costs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

NONE = 1 << 30
"""Cost of a pair that is not considered."""


@kernel
def _turns_to_face(heading: int, d_rows: int, d_cols: int) -> int:
    """Quarter turns that a way over so many rows (down) and columns (right) takes at least; heading
    -1: any to begin with."""
    across = -1
    if d_cols > 0:
        across = 0
    elif d_cols < 0:
        across = 2
    along = -1
    if d_rows > 0:
        along = 3
    elif d_rows < 0:
        along = 1
    if across < 0 and along < 0:
        return 0
    if across >= 0 and along >= 0:
        if heading in (-1, across, along):
            return 1
        return 2
    if heading < 0:
        return 0
    wanted = max(across, along)
    turns = (wanted - heading) & 3
    return 1 if turns == 3 else turns


@kernel
def way_cost(
    cell: int, heading: int, goal: int, n_cols: int, compact: NDArray[np.int32],
    table: NDArray[np.uint16],
) -> int:  # fmt: skip
    """Actions from a cell and heading (-1: the best one) to a goal, at least.

    table: uint16[n_compact, 4 * n_compact] by goal and state, or of no rows to estimate.
    """
    if table.shape[0] > 0:
        row = compact[goal]
        first = 4 * compact[cell]
        if heading >= 0:
            return int(table[row, first + heading])
        best = int(table[row, first])
        for other in range(1, 4):
            best = min(best, int(table[row, first + other]))
        return best
    d_rows = goal // n_cols - cell // n_cols
    d_cols = goal % n_cols - cell % n_cols
    return abs(d_rows) + abs(d_cols) + _turns_to_face(heading, d_rows, d_cols)


@kernel
def add_leg_costs(
    offsets: NDArray[np.int64], errands: NDArray[np.int32], n_cols: int,
    compact: NDArray[np.int32], table: NDArray[np.uint16], lengths: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill lengths[n_tasks] with the actions from the first errand of each task to its last."""
    for task in range(lengths.size):
        total = 0
        for index in range(offsets[task] + 1, offsets[task + 1]):
            here = int(errands[index - 1])
            total += way_cost(here, -1, int(errands[index]), n_cols, compact, table)
        lengths[task] = total


@kernel
def _block_of(cell: int, n_cols: int, side: int, n_block_cols: int) -> int:
    return cell // n_cols // side * n_block_cols + cell % n_cols // side


@kernel
def sort_by_block(
    firsts: NDArray[np.int32], is_left: NDArray[np.bool_], n_cols: int, side: int,
    n_block_cols: int, starts: NDArray[np.int32], sorted_tasks: NDArray[np.int32],
) -> None:  # fmt: skip
    """Tasks that are left by the block of side x side cells of their first errand.

    starts: int32[n_blocks + 1]; sorted_tasks[starts[b]:starts[b + 1]] are those of block b,
    ascending.
    """
    starts[:] = 0
    for task in range(firsts.size):
        if is_left[task]:
            starts[_block_of(firsts[task], n_cols, side, n_block_cols)] += 1
    for block in range(1, starts.size):  # now where each block ends
        starts[block] += starts[block - 1]
    for task in range(firsts.size - 1, -1, -1):
        if is_left[task]:
            block = _block_of(firsts[task], n_cols, side, n_block_cols)
            starts[block] -= 1
            sorted_tasks[starts[block]] = task


@kernel
def _offer(
    cost: int, task: int, costs: NDArray[np.int32], tasks: NDArray[np.int32], count: int
) -> int:
    """Put the task into a list of the cheapest, behind equals; returns its new length."""
    k = costs.size
    if count == k and cost >= costs[k - 1]:
        return count
    place = count if count < k else k - 1
    while place > 0 and costs[place - 1] > cost:
        costs[place] = costs[place - 1]
        tasks[place] = tasks[place - 1]
        place -= 1
    costs[place] = cost
    tasks[place] = task
    return min(count + 1, k)


@kernel
def list_near_tasks(
    units: NDArray[np.int64], cells: NDArray[np.int32], headings: NDArray[np.int8],
    held: NDArray[np.int32], firsts: NDArray[np.int32], lengths: NDArray[np.int32],
    is_left: NDArray[np.bool_], weight: int, loyalty: int, n_cols: int, side: int,
    n_block_cols: int, starts: NDArray[np.int32], sorted_tasks: NDArray[np.int32],
    compact: NDArray[np.int32], table: NDArray[np.uint16], costs: NDArray[np.int32],
    tasks: NDArray[np.int32],
) -> None:  # fmt: skip
    """The cheapest tasks of each of `units`: costs and tasks, int32[n, k], NONE and -1 at the end.

    A pair costs weight * way to the first errand + length of the task; the task that the unit holds
    is cheaper by `loyalty`. The search goes over rings of blocks about the unit, until those
    further out cannot hold a cheaper task.
    """
    n_block_rows = (starts.size - 1) // n_block_cols
    k = costs.shape[1]
    for index in range(units.size):
        unit = units[index]
        cell = int(cells[unit])
        heading = int(headings[unit])
        row = cell // n_cols // side
        col = cell % n_cols // side
        costs[index, :] = NONE
        tasks[index, :] = -1
        count = 0
        mine = held[unit]
        if mine >= 0 and is_left[mine]:
            way = way_cost(cell, heading, int(firsts[mine]), n_cols, compact, table)
            cost = weight * way + lengths[mine] - loyalty
            count = _offer(cost, int(mine), costs[index], tasks[index], count)
        for radius in range(max(n_block_rows, n_block_cols)):
            if count == k and weight * ((radius - 1) * side + 1) > costs[index, k - 1]:
                break
            for block_row in range(max(row - radius, 0), min(row + radius + 1, n_block_rows)):
                is_edge = abs(block_row - row) == radius
                step = 1 if is_edge else 2 * radius
                for block_col in range(col - radius, col + radius + 1, step):
                    if block_col < 0 or block_col >= n_block_cols:
                        continue
                    block = block_row * n_block_cols + block_col
                    for entry in range(starts[block], starts[block + 1]):
                        task = int(sorted_tasks[entry])
                        if task == mine:
                            continue
                        goal = int(firsts[task])
                        cost = weight * way_cost(cell, heading, goal, n_cols, compact, table)
                        cost += lengths[task]
                        count = _offer(cost, task, costs[index], tasks[index], count)


@kernel
def take_cheapest(
    order: NDArray[np.int64], units: NDArray[np.int64], costs: NDArray[np.int32],
    tasks: NDArray[np.int32], held: NDArray[np.int32], is_left: NDArray[np.bool_],
) -> int:  # fmt: skip
    """Give tasks to units pair by pair, the cheapest first; returns how many.

    order: places in the lists (flat), cheapest first. held: int32[n_units], -1 for none, filled.
    is_left: bool[n_tasks], updated.
    """
    k = costs.shape[1]
    n_taken = 0
    for place in order:
        index = place // k
        rank = place % k
        task = tasks[index, rank]
        if task < 0 or held[units[index]] >= 0 or not is_left[task]:
            continue
        held[units[index]] = task
        is_left[task] = False
        n_taken += 1
    return n_taken


@kernel
def _way_to(
    unit: int, task: int, cells: NDArray[np.int32], headings: NDArray[np.int8],
    firsts: NDArray[np.int32], n_cols: int, compact: NDArray[np.int32],
    table: NDArray[np.uint16],
) -> int:  # fmt: skip
    """Actions from where the unit is to the first errand of the task."""
    return way_cost(
        int(cells[unit]), int(headings[unit]), int(firsts[task]), n_cols, compact, table
    )


@kernel
def exchange_tasks(
    units: NDArray[np.int64], cells: NDArray[np.int32], headings: NDArray[np.int8],
    firsts: NDArray[np.int32], tasks: NDArray[np.int32], n_cols: int, compact: NDArray[np.int32],
    table: NDArray[np.uint16], least_gain: int, held: NDArray[np.int32],
    owners: NDArray[np.int32],
) -> int:  # fmt: skip
    """Let pairs of units change tasks where that shortens their ways together; returns how many.

    tasks: int32[n, k], tasks near each of `units`, -1 at the end. owners: int32[n_tasks], unit that
    holds each, -1 for none. held, owners: updated.
    """
    n_exchanged = 0
    for index in range(units.size):
        unit = units[index]
        for rank in range(tasks.shape[1]):
            mine = held[unit]
            task = tasks[index, rank]
            if mine < 0 or task < 0 or task == mine or owners[task] < 0:
                continue
            other = owners[task]
            gain = -least_gain
            gain += _way_to(unit, mine, cells, headings, firsts, n_cols, compact, table)
            gain -= _way_to(unit, task, cells, headings, firsts, n_cols, compact, table)
            gain += _way_to(other, task, cells, headings, firsts, n_cols, compact, table)
            gain -= _way_to(other, mine, cells, headings, firsts, n_cols, compact, table)
            if gain >= 0:
                held[unit] = task
                held[other] = mine
                owners[task] = unit
                owners[mine] = other
                n_exchanged += 1
    return n_exchanged
