"""The path of one agent around all others, by safe intervals (SIPP).

Phillips and Likhachev, "SIPP: Safe Interval Path Planning for Dynamic Environments" (ICRA 2011): a
state is a cell and an unbroken time in which nobody else is on it. Costs are the steps that are not
spent waiting at the goal, so costs and time are apart and a state keeps every arrival that is not
later and dearer than another. From the goal an agent leaves for a state as early or as late as it
can, not in between: paths that come to the goal, give way and come back may miss the optimum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.generator_kernels import Floor
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE, draw

LISTS = 8
"""Of labels for each rank: few enough that all lie in fast memory."""
EMPTY, FULL = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)


class Plan(NamedTuple):
    """paths: int32[n_agents, n_times], ranks. at: int32[n_ranks, n_times], agent there or -1.
    busy: uint64[n_ranks, n_times / 64 up], a bit for each time that an agent is there.
    costs: int64[n_agents]. totals: int64[2], cost of all and number of groups tried."""

    paths: NDArray[np.int32]
    at: NDArray[np.int32]
    busy: NDArray[np.uint64]
    costs: NDArray[np.int64]
    totals: NDArray[np.int64]


class Labels(NamedTuple):
    """Scratch of one search. A label is an arrival: rank, time, cost, last time of the interval,
    label before, next label of its list, next on the open list. Over lists (rank * LISTS + last
    time of the interval % LISTS): seen: int32, number of the search that came there; first: int32,
    its first label. heads: int32[n_times + 1], open labels for each delay. number: int32[1]."""

    rank: NDArray[np.int32]
    time: NDArray[np.int32]
    cost: NDArray[np.int32]
    end: NDArray[np.int32]
    before: NDArray[np.int32]
    sibling: NDArray[np.int32]
    following: NDArray[np.int32]
    seen: NDArray[np.int32]
    first: NDArray[np.int32]
    heads: NDArray[np.int32]
    number: NDArray[np.int32]
    rng: NDArray[np.uint64]


@kernel
def cost_of(path: NDArray[np.int32], goal: int) -> int:
    """Steps that are not spent waiting at the goal."""
    cost = 0
    for time in range(1, path.size):
        if path[time] != goal or path[time - 1] != goal:
            cost += 1
    return cost


@kernel
def put(plan: Plan, agent: int) -> None:
    """Enter the path of an agent."""
    for time in range(plan.paths.shape[1]):
        rank = plan.paths[agent, time]
        plan.at[rank, time] = agent
        plan.busy[rank, time >> 6] |= np.uint64(1) << np.uint64(time & 63)


@kernel
def put_all(floor: Floor, plan: Plan) -> None:
    """Enter all paths, with their costs, into a plan that has nothing else yet."""
    for agent in range(plan.costs.size):
        plan.costs[agent] = cost_of(plan.paths[agent], floor.goals[agent])
        plan.totals[0] += plan.costs[agent]
        put(plan, agent)


@kernel
def take(plan: Plan, agent: int) -> None:
    """Take the path of an agent out again."""
    for time in range(plan.paths.shape[1]):
        rank = plan.paths[agent, time]
        plan.at[rank, time] = -1
        plan.busy[rank, time >> 6] &= ~(np.uint64(1) << np.uint64(time & 63))


@kernel
def _low_bit(word: np.uint64) -> int:
    """Place of the lowest bit that is set, of a word that is not 0."""
    ones = (word & (~word + np.uint64(1))) - np.uint64(1)
    ones -= (ones >> np.uint64(1)) & np.uint64(0x5555555555555555)
    ones = (ones & np.uint64(0x3333333333333333)) + (
        (ones >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    ones = (ones + (ones >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((ones * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def _next_time(words: NDArray[np.uint64], time: int, flip: np.uint64, n_times: int) -> int:
    """First time from `time` on when the cell is busy (flip 0) or free (flip all ones), or
    n_times."""
    if time >= n_times:
        return n_times
    place = time >> 6
    word = ((words[place] ^ flip) >> np.uint64(time & 63)) << np.uint64(time & 63)
    while word == EMPTY:
        place += 1
        if place == words.size:
            return n_times
        word = words[place] ^ flip
    return min((place << 6) + _low_bit(word), n_times)


@kernel
def is_free(floor: Floor, plan: Plan, here: int, there: int, time: int) -> bool:
    """Whether an agent that is nowhere in plan.at may go from here, at time, to there."""
    if plan.at[there, time + 1] >= 0:
        return False
    if here == there:
        return True
    other = plan.at[there, time]
    if other < 0:
        return True
    if plan.at[here, time + 1] == other:
        return False
    if not floor.allow_cycles:
        while other >= 0:  # follow who moves behind whom; a free cell ends it
            ahead = plan.paths[other, time + 1]
            if ahead == plan.paths[other, time]:
                return True
            if ahead == here:
                return False
            other = plan.at[ahead, time]
    return True


@kernel
def _is_beaten(labels: Labels, place: int, end: int, time: int, cost: int) -> bool:
    """Whether an arrival known there, in the interval with that end, is as early, and as cheap if
    it waits until then."""
    if labels.seen[place] != labels.number[0]:
        return False
    label = labels.first[place]
    while label >= 0:
        if (
            labels.end[label] == end
            and labels.time[label] <= time
            and labels.cost[label] + time - labels.time[label] <= cost
        ):
            return True
        label = labels.sibling[label]
    return False


@kernel
def _add_label(
    labels: Labels, n_labels: int, rank: int, time: int, cost: int, end: int,
    before: int, delay: int,
) -> int:  # fmt: skip
    """Put an arrival on the open list unless it is beaten. Returns labels so far."""
    place = rank * LISTS + end % LISTS
    if _is_beaten(labels, place, end, time, cost):
        return n_labels
    if labels.seen[place] != labels.number[0]:
        labels.seen[place] = labels.number[0]
        labels.first[place] = -1
    labels.rank[n_labels] = rank
    labels.time[n_labels] = time
    labels.cost[n_labels] = cost
    labels.end[n_labels] = end
    labels.before[n_labels] = before
    labels.sibling[n_labels] = labels.first[place]
    labels.first[place] = n_labels
    labels.following[n_labels] = labels.heads[delay]
    labels.heads[delay] = n_labels
    return n_labels + 1


@kernel
def _expand(
    floor: Floor, plan: Plan, labels: Labels, n_labels: int, label: int, there: int,
    agent: int, least: int, most: int,
) -> int:  # fmt: skip
    """Add the arrivals next door that one label leads to. Returns labels so far, -1 if full."""
    n_times = plan.paths.shape[1]
    here = labels.rank[label]
    base = labels.time[label]
    cost = labels.cost[label]
    further = np.int64(floor.distances[agent, there])
    is_home = here == floor.goals[agent]
    words = plan.busy[there]
    last = min(labels.end[label] + 1, n_times - 1 - further)
    if not is_home:
        last = min(last, base + most + least - further - cost)
    elif cost + 1 + further - least > most:
        return n_labels
    begin = _next_time(words, base + 1, FULL, n_times)
    while begin <= last:
        end = _next_time(words, begin, EMPTY, n_times) - 1
        if n_labels + 2 > labels.rank.size:
            return -1
        latest = min(end, last)
        time = begin
        if not is_free(floor, plan, here, there, time - 1):
            time += 1  # only at its begin there is somebody to change places with
        if time <= latest:
            spent = cost + (1 if is_home else time - base)
            late = spent + further - least
            n_labels = _add_label(labels, n_labels, there, time, spent, end, label, late)
            if is_home and latest > time:
                n_labels = _add_label(labels, n_labels, there, latest, spent, end, label, late)
        begin = _next_time(words, end + 1, FULL, n_times)
    return n_labels


@kernel
def find_path(floor: Floor, plan: Plan, labels: Labels, agent: int, limit: int) -> bool:
    """Write a cheap path of an agent that is taken out of the plan to plan.paths[agent].

    False where none was found with a cost of `limit` or less.
    """
    n_times = plan.paths.shape[1]
    goal = floor.goals[agent]
    start = plan.paths[agent, 0]
    least = int(floor.distances[agent, start])
    most = min(limit - least, n_times - 1)
    if most < 0:
        return False
    labels.heads[: most + 1] = -1
    labels.number[0] += 1
    end = _next_time(plan.busy[start], 0, EMPTY, n_times) - 1
    n_labels = _add_label(labels, 0, start, 0, 0, end, -1, 0)
    delay = 0
    while delay <= most:
        label = labels.heads[delay]
        if label < 0:
            delay += 1
            continue
        labels.heads[delay] = labels.following[label]
        here = labels.rank[label]
        if here == goal and labels.end[label] == n_times - 1:
            _write(plan, labels, agent, label)
            return True
        turn = draw(labels.rng)
        n_moves = floor.degrees[here]
        for k in range(n_moves):
            there = floor.moves[here, (k + turn) % n_moves]
            if floor.distances[agent, there] != UNREACHABLE:
                n_labels = _expand(floor, plan, labels, n_labels, label, there, agent, least, most)
                if n_labels < 0:
                    return False
    return False


@kernel
def _write(plan: Plan, labels: Labels, agent: int, label: int) -> None:
    """Write the path that leads to a label, waiting before each move."""
    path = plan.paths[agent]
    plan.costs[agent] = labels.cost[label]
    last = path.size
    while label >= 0:
        time = labels.time[label]
        path[time:last] = labels.rank[label]
        last = time
        label = labels.before[label]
