"""A solution made of single paths, where agents are few for the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.oneshot.place_kernels import N_KNOWN, N_LEFT, place
from fleet_control.mapf.oneshot.problem import Problem
from fleet_control.mapf.oneshot.refiner import empty_plan, labels_of
from fleet_control.mapf.oneshot.search import floor_of

MOST_LABELS = 1 << 16
"""Arrivals looked at for one agent's path. Who is taken for one without a path puts others out."""
MOST_KNOWN = 0.1
"""Share of all agents that may take the path that they had, before it is given up."""


class Placer:
    """Plans one agent after the other, those with the shortest ways first: who arrives early is
    seldom in the way of who comes by later, and those go round. solution: int32[n_steps + 1,
    n_agents], ranks."""

    def __init__(self, problem: Problem, solution: NDArray[np.int32], seed: int) -> None:
        self._floor, self._known, n_times = floor_of(problem), solution, len(solution)
        self._plan = empty_plan(problem, n_times)
        self._plan.paths[:, 0] = problem.starts
        self._labels = labels_of(problem, n_times, MOST_LABELS, seed)
        self._queue = np.argsort(problem.shortest, kind="stable").astype(np.int32)
        self._counts = np.zeros(3, dtype=np.int64)
        self._counts[N_LEFT] = len(self._queue)

    @property
    def is_done(self) -> bool:
        return bool(self._counts[N_LEFT] == 0)

    @property
    def is_stuck(self) -> bool:
        return bool(self._counts[N_KNOWN] > MOST_KNOWN * len(self._queue) + 1)

    @property
    def cost(self) -> int:
        """Of all paths, once it is done."""
        return int(self._plan.costs.sum())

    def run(self, n_agents: int) -> None:
        """Plan so many agents."""
        place(
            self._floor, self._plan, self._labels, self._queue, self._counts, self._known, n_agents
        )

    def solution(self) -> NDArray[np.int32]:
        """int32[n_steps + 1, n_agents], ranks."""
        return np.ascontiguousarray(self._plan.paths.T)
