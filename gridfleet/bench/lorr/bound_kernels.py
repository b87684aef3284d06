"""Units that never wait and never meet: what no planner can do much better than."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.assignment.assignment_kernels import NONE, way_cost
from fleet_control.compile import kernel


@kernel
def count_legs(
    starts: NDArray[np.int32], errands: NDArray[np.int32], wraps: bool, n_steps: int, n_cols: int,
    compact: NDArray[np.int32], table: NDArray[np.uint16], counts: NDArray[np.int64],
) -> None:  # fmt: skip
    """Tasks that each unit does at most when it goes from its start to errands[unit], errands[unit
    + n_units], and so on, by ways that are never longer than the true ones."""
    for unit in range(starts.size):
        cell = int(starts[unit])
        heading = 0
        spent = 0
        index = unit
        counts[unit] = 0
        while index < errands.size or wraps:
            goal = int(errands[index % errands.size])
            spent += max(way_cost(cell, heading, goal, n_cols, compact, table), 1)
            if spent > n_steps:
                break
            counts[unit] += 1
            cell = goal
            heading = -1
            index += starts.size


@kernel
def free_flow_pool(
    starts: NDArray[np.int32], firsts: NDArray[np.int32], lasts: NDArray[np.int32],
    lengths: NDArray[np.int32], n_open: int, n_steps: int, n_cols: int,
    compact: NDArray[np.int32], table: NDArray[np.uint16], pool: NDArray[np.int32],
    free_at: NDArray[np.int64], cells: NDArray[np.int64],
) -> int:  # fmt: skip
    """Tasks done when every unit that is free takes the open task with the nearest first errand.

    pool: int32[n_open], free_at, cells: int64[n_units], scratch. A task that is being done counts
    among the open ones, as in the league.
    """
    n_units = starts.size
    n_tasks = firsts.size
    for task in range(n_open):
        pool[task] = task % n_tasks
    n_pool = n_open
    revealed = n_open
    n_done = 0
    for unit in range(n_units):
        free_at[unit] = 0
        cells[unit] = starts[unit]
    step = 0
    while step <= n_steps:
        soonest = n_steps + 1
        for unit in range(n_units):
            if free_at[unit] > step:
                soonest = min(soonest, free_at[unit])
                continue
            heading = 0 if step == 0 else -1
            if step > 0 and free_at[unit] == step:
                n_done += 1
                pool[n_pool] = revealed % n_tasks
                n_pool += 1
                revealed += 1
            best = NONE
            best_at = -1
            for index in range(n_pool):
                goal = int(firsts[pool[index]])
                way = way_cost(cells[unit], heading, goal, n_cols, compact, table)
                if way < best:
                    best = way
                    best_at = index
            if best_at < 0:
                free_at[unit] = step + 1
                soonest = step + 1
                continue
            task = pool[best_at]
            n_pool -= 1
            pool[best_at] = pool[n_pool]
            free_at[unit] = step + max(best + lengths[task], 1)
            cells[unit] = lasts[task]
            soonest = min(soonest, free_at[unit])
        step = soonest
    return n_done
