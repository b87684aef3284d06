"""Distances that keep agents out of each other's way, by flows of traffic.

Each agent in turn is given the way on which it meets least: against the traffic of the others as
planned so far, and over cells that fewer of them use (Chen et al., "Traffic Flow Optimisation for
Lifelong Multi-Agent Path Finding", AAAI 2024, without time and windows). What stays is its table of
costs to the goal, for the generator of configurations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE

STEP = 8
"""Cost of a step of its own."""
MOST_EDGE = 127
"""Cost of a step at most; the queue has a bucket for each cost up to that."""


@kernel
def fill_lane_costs(
    goals: NDArray[np.int32], first: int, last: int, sources: NDArray[np.int32],
    dues: NDArray[np.int8], queues: NDArray[np.int32], sizes: NDArray[np.int64],
    costs: NDArray[np.uint16],
) -> bool:  # fmt: skip
    """Least sums of dues on the way to the goals of agents first..last-1.

    sources: int32[n_ranks, 4], ranks from which one step leads here, filled up with -1. dues:
    int8[n_ranks, 4], what that step costs: 1 to k. queues: int32[k + 1, 4 * n_ranks], sizes:
    int64[k + 1], all 0: ranks by cost, modulo k + 1. costs: uint16[n_agents, n_ranks], UNREACHABLE
    where there is no way. False where a way costs too much for them.
    """
    n_queues = sizes.size
    for agent in range(first, last):
        row = costs[agent]
        row[:] = UNREACHABLE
        row[goals[agent]] = 0
        queues[0, 0] = goals[agent]
        sizes[0] = 1
        n_open, cost = 1, 0
        while n_open > 0:
            if cost + n_queues >= UNREACHABLE:
                return False
            here = cost % n_queues
            n_here = sizes[here]
            sizes[here] = 0
            n_open -= n_here
            for k in range(n_here):
                rank = queues[here, k]
                if row[rank] != cost:
                    continue
                for j in range(4):
                    source = sources[rank, j]
                    if source < 0:
                        break
                    dear = cost + dues[rank, j]
                    if dear < row[source]:
                        row[source] = dear
                        there = dear % n_queues
                        queues[there, sizes[there]] = source
                        sizes[there] += 1
                        n_open += 1
            cost += 1
        sizes[:] = 0
    return True


@kernel
def _edge_cost(
    rank: int, k: int, moves: NDArray[np.int32], against: NDArray[np.int8],
    flows: NDArray[np.int32], uses: NDArray[np.int32], weights: NDArray[np.int64],
) -> int:  # fmt: skip
    """Of the move k from a rank. against: int8[n_ranks, 4], place of the move back or -1."""
    there = moves[rank, k]
    cost = STEP * 4 + weights[1] * uses[there]
    back = against[rank, k]
    if back >= 0:
        cost += weights[0] * flows[there, back]
    return int(min(cost >> 2, MOST_EDGE))


@kernel
def _fill_costs(
    goal: int, moves: NDArray[np.int32], sources: NDArray[np.int32], places: NDArray[np.int8],
    against: NDArray[np.int8], flows: NDArray[np.int32], uses: NDArray[np.int32],
    weights: NDArray[np.int64], heads: NDArray[np.int32], following: NDArray[np.int32],
    preceding: NDArray[np.int32], costs: NDArray[np.uint16],
) -> None:  # fmt: skip
    """Costs to the goal, by Dial's algorithm. places: int8[n_ranks, 4], which move of its source
    leads here. heads: int32[MOST_EDGE + 1], all -1 before and after; buckets are doubly linked."""
    costs[:] = UNREACHABLE
    costs[goal] = 0
    heads[0] = goal
    following[goal] = preceding[goal] = -1
    n_open, level = 1, 0
    n_buckets = heads.size
    while n_open > 0:
        rank = heads[level % n_buckets]
        if rank < 0:
            level += 1
            continue
        heads[level % n_buckets] = following[rank]
        if following[rank] >= 0:
            preceding[following[rank]] = -1
        n_open -= 1
        for j in range(4):
            source = sources[rank, j]
            if source < 0:
                break
            cost = level + _edge_cost(source, places[rank, j], moves, against, flows, uses, weights)
            known = np.int64(costs[source])
            if cost >= known or cost >= UNREACHABLE:
                continue
            if known != UNREACHABLE:
                if preceding[source] >= 0:
                    following[preceding[source]] = following[source]
                else:
                    heads[known % n_buckets] = following[source]
                if following[source] >= 0:
                    preceding[following[source]] = preceding[source]
                n_open -= 1
            costs[source] = cost
            first = heads[cost % n_buckets]
            following[source] = first
            preceding[source] = -1
            if first >= 0:
                preceding[first] = source
            heads[cost % n_buckets] = source
            n_open += 1


@kernel
def _add_flow(
    agent: int, sign: int, starts: NDArray[np.int32], goals: NDArray[np.int32],
    moves: NDArray[np.int32], ways: NDArray[np.int8], lengths: NDArray[np.int32],
    flows: NDArray[np.int32], uses: NDArray[np.int32],
) -> None:  # fmt: skip
    rank = starts[agent]
    for k in range(lengths[agent]):
        move = ways[agent, k]
        flows[rank, move] += sign
        rank = moves[rank, move]
        uses[rank] += sign


@kernel
def fill_guides(
    order: NDArray[np.int64], starts: NDArray[np.int32], goals: NDArray[np.int32],
    moves: NDArray[np.int32], sources: NDArray[np.int32], places: NDArray[np.int8],
    against: NDArray[np.int8], flows: NDArray[np.int32], uses: NDArray[np.int32],
    weights: NDArray[np.int64], heads: NDArray[np.int32], following: NDArray[np.int32],
    preceding: NDArray[np.int32], ways: NDArray[np.int8], lengths: NDArray[np.int32],
    costs: NDArray[np.uint16],
) -> None:  # fmt: skip
    """One round over the agents: costs[agent], uint16[n_agents, n_ranks], for each of them.

    ways: int8[n_agents, k], moves of the way of each; lengths: how many, 0 before the first round.
    """
    for agent in order:
        _add_flow(agent, -1, starts, goals, moves, ways, lengths, flows, uses)
        _fill_costs(
            goals[agent], moves, sources, places, against, flows, uses, weights, heads, following,
            preceding, costs[agent],
        )  # fmt: skip
        rank = starts[agent]
        count = 0
        while rank != goals[agent] and count < ways.shape[1]:
            best, least = -1, np.int64(1 << 40)
            for k in range(4):
                there = moves[rank, k]
                if there < 0:
                    break
                cost = np.int64(costs[agent, there]) + _edge_cost(
                    rank, k, moves, against, flows, uses, weights
                )
                if cost < least:
                    best, least = k, cost
            ways[agent, count] = best
            count += 1
            rank = moves[rank, best]
        lengths[agent] = count
        _add_flow(agent, 1, starts, goals, moves, ways, lengths, flows, uses)
