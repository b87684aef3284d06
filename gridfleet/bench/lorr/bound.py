"""Free flow: how many tasks units would do that never wait for each other.

Where tasks are given it is a bound: every unit drives the shortest ways, and stands with the best
heading wherever a task begins. Where a team chooses tasks it is an estimate: every free unit takes
the open task with the nearest first errand; and where a floor is too large to work out all ways,
those of an open grid are taken, so that it is rather too high than too low. No scheduler passes
"no_approach" for long: as if every task began where a unit stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.assignment.ways import Ways
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, grid_of
from gridfleet.bench.lorr.bound_kernels import count_legs, free_flow_pool
from gridfleet.bench.lorr.problem import LeagueProblem

N_FIELDS = 64
"""Distance fields in memory at once."""


@dataclass(frozen=True, slots=True)
class FreeFlow:
    """Tasks a step (2026: tick). rate: over the steps of the run. no_approach: 0 where tasks are
    given. mean_task: actions."""

    rate: float
    no_approach: float
    mean_task: float


def free_flow(problem: LeagueProblem, ways: Ways, n_steps: int) -> FreeFlow:
    """Of a problem over so many steps."""
    n_actions = n_steps // problem.counter if problem.edition == 2026 else n_steps
    if problem.edition == 2023:
        n_done = _n_done_at_most(problem, ways, n_actions)
        mean = n_actions * problem.n_units / max(n_done, 1)
        return FreeFlow(n_done / n_steps, 0.0, mean)
    tasks, n_units = problem.tasks, problem.n_units
    lengths = ways.lengths(tasks.offsets, tasks.cells)
    n_done = free_flow_pool(
        problem.starts, tasks.cells[tasks.offsets[:-1]], tasks.cells[tasks.offsets[1:] - 1],
        lengths, problem.n_open, n_actions, ways.n_cols, ways.compact, ways.table,
        np.zeros(problem.n_open + n_units, dtype=np.int32),
        np.zeros(n_units, dtype=np.int64), np.zeros(n_units, dtype=np.int64),
    )  # fmt: skip
    mean = float(lengths.mean())
    share = n_actions / n_steps
    return FreeFlow(n_done / n_steps, share * n_units / max(mean, 1.0), mean)


def _n_done_at_most(problem: LeagueProblem, ways: Ways, n_steps: int) -> int:
    """Tasks of 2023 that units do which never wait for each other."""
    errands, n_units = problem.tasks.cells, problem.n_units
    counts = np.zeros(n_units, dtype=np.int64)
    count_legs(
        problem.starts, errands, problem.strategy == "roundrobin", n_steps, ways.n_cols,
        ways.compact, ways.table, counts,
    )  # fmt: skip
    if ways.is_exact:
        return int(counts.sum())
    units = np.repeat(np.arange(n_units), counts)
    ends = np.cumsum(counts)
    number = np.arange(len(units)) - np.repeat(ends - counts, counts)  # of the leg of its unit
    index = number * n_units + units
    is_first = number == 0
    before = np.where(is_first, 0, (index - n_units) % len(errands))
    cells = np.where(is_first, problem.starts[units], errands[before])
    taken = _true_lengths(problem, cells, errands[index % len(errands)], is_first)
    spent = np.cumsum(taken)
    begun = np.concatenate([[0], spent])[ends - counts]
    return int(np.count_nonzero(spent - np.repeat(begun, counts) <= n_steps))


def _true_lengths(
    problem: LeagueProblem, cells: NDArray[np.int32], goals: NDArray[np.int32],
    faces_east: NDArray[np.bool_],
) -> NDArray[np.int64]:  # fmt: skip
    """int64[n], actions of the shortest way of each leg, one at least. faces_east: bool[n], whether
    it begins so; others begin with the best heading."""
    grid = grid_of(problem.floor)
    fields = DistanceFields(grid, N_FIELDS, turn_cost=CELL_COST)
    order = np.argsort(goals, kind="stable")
    wanted, firsts = np.unique(goals[order], return_index=True)
    legs_of = np.split(order, firsts[1:])
    lengths = np.zeros(len(goals), dtype=np.int64)
    for at in range(0, len(wanted), N_FIELDS):
        slots = fields.hold_all(wanted[at : at + N_FIELDS].tolist(), EMPTY)
        for slot, legs in zip(slots, legs_of[at : at + N_FIELDS], strict=True):
            states = 4 * grid.compact[cells[legs]][:, None] + np.arange(4)
            costs = fields.values[slot, states]
            lengths[legs] = np.where(faces_east[legs], costs[:, 0], costs.min(axis=1)) // CELL_COST
            fields.let_go(slot)
    return np.maximum(lengths, 1)
