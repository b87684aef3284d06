"""Free flow: how many tasks units would do that never wait for each other.

The ways of an open grid are taken where a floor is too large to work out all of them, so that free
flow is rather too high than too low. Where a team chooses tasks, "greedy" is an estimate and no
bound: every free unit takes the open task with the nearest first errand. No scheduler passes
"no_approach" for long: as if every task began where a unit stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleet_control.assignment.ways import Ways
from gridfleet.bench.lorr.bound_kernels import free_flow_given, free_flow_pool
from gridfleet.bench.lorr.problem import LeagueProblem


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
        n_done = free_flow_given(
            problem.starts, problem.tasks.cells, problem.n_units, problem.strategy == "roundrobin",
            n_actions, ways.n_cols, ways.compact, ways.table,
        )  # fmt: skip
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
