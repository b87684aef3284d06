"""Tables of costs for the generator of configurations: which ways keep out of the traffic.

On floors with corridors neighbouring ones lead opposite ways (lanes.py), and a step against one
counts twice. Where there is time for it, each agent also keeps out of the way of those that were
given theirs before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.oneshot.guide_kernels import MOST_EDGE, fill_guides, fill_lane_costs
from fleet_control.mapf.oneshot.problem import Problem, for_agents, sources_of

MOST_WORK = 10_000_000
"""Agents times cells beyond which looking at all others takes longer than it is worth."""
AGAINST, TAKEN = 1, 1
"""What a step against a lane costs more, and one onto the goal of another, who may stand there."""
N_ROUNDS = 2
WEIGHTS = np.array([64, 4], dtype=np.int64)
"""Cost of an agent against the traffic, and of one that uses the cell too, in quarters of an eighth
of a step. Chosen by trials on the scenarios of benchmarks/oneshot_speed.py."""


def guide_of(problem: Problem) -> tuple[NDArray[np.uint16], int]:
    """uint16[n_agents, n_ranks], costs to the goal of each agent, and for how many steps to follow
    them: none for the plain distances, where nobody else is there or nothing better can be had."""
    if problem.n_agents == 1:
        return problem.distances, 0
    if problem.n_agents * problem.n_ranks > MOST_WORK:
        return lane_guide(problem)
    return flow_guide(problem)


def lane_guide(problem: Problem) -> tuple[NDArray[np.uint16], int]:
    """The ways along lanes, and where agents are few past goals of others, on which they rest."""
    sources, places = sources_of(problem.moves)
    dues = 1 + AGAINST * problem.is_against[sources, places].astype(np.int8)
    if problem.is_sparse:
        dues[problem.goals] += TAKEN
    costs = np.empty((problem.n_agents, problem.n_ranks), dtype=np.uint16)

    def fill(first: int, last: int) -> bool:
        n_queues = int(dues.max()) + 1
        queues = np.empty((n_queues, 4 * problem.n_ranks), dtype=np.int32)
        sizes = np.zeros(n_queues, dtype=np.int64)
        return fill_lane_costs(problem.goals, first, last, sources, dues, queues, sizes, costs)

    is_filled = all(for_agents(problem.n_agents, fill))
    return (costs, int(problem.shortest.max())) if is_filled else (problem.distances, 0)


def flow_guide(problem: Problem) -> tuple[NDArray[np.uint16], int]:
    """The ways out of the traffic of the others, and along lanes as if somebody drove there."""
    moves, n_ranks, longest = problem.moves, problem.n_ranks, int(problem.shortest.max())
    sources, places = sources_of(moves)
    against = _moves_back(moves)
    costs = np.empty((problem.n_agents, n_ranks), dtype=np.uint16)
    ways = np.zeros((problem.n_agents, 2 * longest + 64), dtype=np.int8)
    lengths = np.zeros(problem.n_agents, dtype=np.int32)
    flows, uses = _lane_flows(problem, against), np.zeros(n_ranks, dtype=np.int32)
    heads = np.full(MOST_EDGE + 1, -1, dtype=np.int32)
    links = np.zeros((2, n_ranks), dtype=np.int32)
    order = np.argsort(problem.shortest, kind="stable")
    for _ in range(N_ROUNDS):
        fill_guides(
            order, problem.starts, problem.goals, moves, sources, places, against, flows, uses,
            WEIGHTS, heads, links[0], links[1], ways, lengths, costs,
        )  # fmt: skip
    return costs, longest


def _lane_flows(problem: Problem, back: NDArray[np.int8]) -> NDArray[np.int32]:
    """int32[n_ranks, 4], 1 for moves whose way back is against a lane."""
    flows = np.zeros(problem.moves.shape, dtype=np.int32)
    ranks, places = np.nonzero(problem.is_against)
    flows[problem.moves[ranks, places], back[ranks, places]] = 1
    return flows


def _moves_back(moves: NDArray[np.int32]) -> NDArray[np.int8]:
    """int8[n_ranks, 4], place of the opposite move among those of the cell it leads to, or -1."""
    back = np.full(moves.shape, -1, dtype=np.int8)
    ranks = np.arange(len(moves))
    for place in range(4):
        for other in range(4):
            is_back = (moves[:, place] >= 0) & (moves[moves[:, place], other] == ranks)
            back[is_back, place] = other
    return back
