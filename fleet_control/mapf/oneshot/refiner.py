"""Large neighbourhood search on a solution: its arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.oneshot import refine_kernels as kernels
from fleet_control.mapf.oneshot.path_kernels import LISTS, Labels, Plan, put_all
from fleet_control.mapf.oneshot.problem import Problem
from fleet_control.mapf.oneshot.search import floor_of

MOST_LABELS = 1 << 14
"""Arrivals looked at for one agent's path: a path that needs more is not found, and others are
tried in that time."""


class Refiner:
    """Shortens int32[n_steps + 1, n_agents] ranks; never makes them cost or take more steps."""

    def __init__(self, problem: Problem, solution: NDArray[np.int32], seed: int) -> None:
        self._floor = floor_of(problem)
        self._plan = _plan(problem, solution)
        self._labels = labels_of(problem, len(solution), MOST_LABELS, seed)
        self._desk = _desk(problem, len(solution), seed)

    @property
    def cost(self) -> int:
        return int(self._plan.totals[0])

    def run(self, n_groups: int) -> None:
        """Plan so many groups of agents anew."""
        kernels.refine(self._floor, self._plan, self._labels, self._desk, n_groups)

    def solution(self) -> NDArray[np.int32]:
        """int32[n_steps + 1, n_agents], ranks, without steps at the end in which all wait."""
        paths = self._plan.paths.T
        is_last = (paths != paths[-1]).any(axis=1)
        n_steps = int(np.flatnonzero(is_last)[-1]) + 1 if is_last.any() else 0
        return np.ascontiguousarray(paths[: n_steps + 1])


def _plan(problem: Problem, solution: NDArray[np.int32]) -> Plan:
    plan = empty_plan(problem, len(solution))
    plan.paths[:] = solution.T
    put_all(floor_of(problem), plan)
    return plan


def empty_plan(problem: Problem, n_times: int) -> Plan:
    """A plan that nobody has a path in."""
    return Plan(
        paths=np.zeros((problem.n_agents, n_times), dtype=np.int32),
        at=np.full((problem.n_ranks, n_times), -1, dtype=np.int32),
        busy=np.zeros((problem.n_ranks, -(-n_times // 64)), dtype=np.uint64),
        costs=np.zeros(problem.n_agents, dtype=np.int64),
        totals=np.zeros(2, dtype=np.int64),
    )


def labels_of(problem: Problem, n_times: int, most: int, seed: int) -> Labels:
    """Scratch for searches in a plan of so many times, with so many arrivals at most."""
    n_lists = problem.n_ranks * LISTS
    over_labels = {
        name: np.zeros(most, dtype=np.int32)
        for name in ("rank", "time", "cost", "end", "before", "sibling", "following")
    }
    return Labels(
        seen=np.zeros(n_lists, dtype=np.int32),
        first=np.zeros(n_lists, dtype=np.int32),
        heads=np.zeros(n_times + 1, dtype=np.int32),
        number=np.zeros(1, dtype=np.int32),
        rng=np.array([seed + 2], dtype=np.uint64),
        **over_labels,
    )


def _desk(problem: Problem, n_times: int, seed: int) -> kernels.Desk:
    return kernels.Desk(
        group=np.zeros(kernels.MOST_AGENTS, dtype=np.int32),
        kept=np.zeros((kernels.MOST_AGENTS, n_times), dtype=np.int32),
        kept_costs=np.zeros(kernels.MOST_AGENTS, dtype=np.int64),
        in_group=np.zeros(problem.n_agents, dtype=bool),
        gains=np.ones(kernels.N_WAYS * len(kernels.SIZES), dtype=np.float64),
        rng=np.array([seed + 1], dtype=np.uint64),
    )
