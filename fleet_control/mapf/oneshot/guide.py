"""Tables of costs for the generator of configurations: which ways keep out of the traffic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.oneshot.guide_kernels import MOST_EDGE, fill_guides
from fleet_control.mapf.oneshot.problem import Problem, sources_of

MOST_WORK = 10_000_000
"""Agents times cells beyond which making a guide takes longer than it is worth."""
N_ROUNDS = 2
WEIGHTS = np.array([64, 4], dtype=np.int64)
"""Cost of an agent against the traffic, and of one that uses the cell too, in quarters of an eighth
of a step. Chosen by trials on the scenarios of benchmarks/oneshot_speed.py."""


def guide_of(problem: Problem) -> tuple[NDArray[np.uint16], int]:
    """uint16[n_agents, n_ranks], costs to the goal of each agent, and for how many steps to follow
    them.

    The plain distances, and no steps, where the problem is too large.
    """
    if problem.n_agents * problem.n_ranks > MOST_WORK or problem.n_agents == 1:
        return problem.distances, 0
    moves, n_ranks, longest = problem.moves, problem.n_ranks, int(problem.shortest.max())
    sources, places = sources_of(moves)
    against = _moves_back(moves)
    costs = np.empty((problem.n_agents, n_ranks), dtype=np.uint16)
    ways = np.zeros((problem.n_agents, 2 * longest + 64), dtype=np.int8)
    lengths = np.zeros(problem.n_agents, dtype=np.int32)
    flows, uses = np.zeros(moves.shape, dtype=np.int32), np.zeros(n_ranks, dtype=np.int32)
    heads = np.full(MOST_EDGE + 1, -1, dtype=np.int32)
    links = np.zeros((2, n_ranks), dtype=np.int32)
    order = np.argsort(problem.shortest, kind="stable")
    for _ in range(N_ROUNDS):
        fill_guides(
            order, problem.starts, problem.goals, moves, sources, places, against, flows, uses,
            WEIGHTS, heads, links[0], links[1], ways, lengths, costs,
        )  # fmt: skip
    return costs, longest


def _moves_back(moves: NDArray[np.int32]) -> NDArray[np.int8]:
    """int8[n_ranks, 4], place of the opposite move among those of the cell it leads to, or -1."""
    back = np.full(moves.shape, -1, dtype=np.int8)
    ranks = np.arange(len(moves))
    for place in range(4):
        for other in range(4):
            is_back = (moves[:, place] >= 0) & (moves[moves[:, place], other] == ranks)
            back[is_back, place] = other
    return back
