"""Configurations one step ahead, by priority inheritance with backtracking (PIBT) and swaps.

Okumura et al., "Priority Inheritance with Backtracking for Iterative Multi-agent Path Finding"
(AIJ 2022), algorithm 1; the swap of two agents in a corridor or a dead end is that of Okumura,
"Improving LaCAM for Scalable Eventually Optimal Multi-Agent Pathfinding" (IJCAI 2023), section 4.
The recursion is an explicit stack. On one-way floors a swap is left aside where it would need a
move that is not allowed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE, draw

N_CANDIDATES = 5
"""Four neighbours and staying."""


class Floor(NamedTuple):
    """The problem as arrays: see problem.Problem. degrees: int32[n_ranks], moves of each. For the
    generator distances may be any costs that lead to the goals (guide_kernels.py)."""

    moves: NDArray[np.int32]
    degrees: NDArray[np.int32]
    goals: NDArray[np.int32]
    distances: NDArray[np.uint16]
    allow_cycles: bool


class Scratch(NamedTuple):
    """at_now, at_next: int32[n_ranks], agent there before and after the step, all -1 between
    calls. The others over agents; candidates and keys have N_CANDIDATES columns."""

    at_now: NDArray[np.int32]
    at_next: NDArray[np.int32]
    chosen: NDArray[np.int32]
    candidates: NDArray[np.int32]
    counts: NDArray[np.int32]
    cursors: NDArray[np.int32]
    partners: NDArray[np.int32]
    stack: NDArray[np.int32]
    keys: NDArray[np.int64]
    rng: NDArray[np.uint64]


@kernel
def _is_move(moves: NDArray[np.int32], here: int, there: int) -> bool:
    found = False
    for k in range(4):
        found |= moves[here, k] == there
    return found


@kernel
def _way_on(floor: Floor, scratch: Scratch, cell: int, before: int) -> int:
    """Where a corridor goes on from a cell that was entered from `before`: the only way, -1 for
    a dead end, -2 where there is more than one way. Goals in dead ends that are taken are none."""
    n_ways = 0
    way = -1
    for k in range(floor.degrees[cell]):
        ahead = floor.moves[cell, k]
        if ahead == before:
            continue
        agent = scratch.at_now[ahead]
        if floor.degrees[ahead] == 1 and agent >= 0 and floor.goals[agent] == ahead:
            continue
        n_ways += 1
        way = ahead
    if n_ways >= 2:
        return -2
    return way


@kernel
def _needs_swap(floor: Floor, scratch: Scratch, pusher: int, puller: int, at: int, to: int) -> bool:
    """Whether the pusher, going on from `at` over `to`, can never pass the puller."""
    wants = floor.distances[pusher]
    behind, front = at, to
    while wants[front] < wants[behind]:
        way = _way_on(floor, scratch, front, behind)
        if way == -2:
            return False
        if way == -1:
            break
        behind, front = front, way
    pulled = floor.distances[puller]
    is_goal = wants[behind] == 0 or wants[front] < wants[behind]
    return bool(pulled[behind] < pulled[front] and is_goal)


@kernel
def _can_swap(floor: Floor, scratch: Scratch, at: int, to: int) -> bool:
    """Whether going from `at` over `to` leads to a fork, where two agents can change places."""
    behind, front = at, to
    for _ in range(floor.degrees.size):  # one-way cells may lead into a ring that misses `at`
        if front == at:
            break
        way = _way_on(floor, scratch, front, behind)
        if way == -2:
            return True
        if way == -1:
            return False
        behind, front = front, way
    return False


@kernel
def _find_partner(floor: Floor, scratch: Scratch, agent: int, here: int) -> int:
    """The agent to change places with, which will be pulled behind this one, or -1."""
    best = scratch.candidates[agent, 0]
    if best == here:
        return -1
    other = scratch.at_now[best]
    if (
        other >= 0 and other != agent and scratch.chosen[other] < 0
        and _is_move(floor.moves, best, here)
        and _needs_swap(floor, scratch, agent, other, here, best)
        and _can_swap(floor, scratch, best, here)
    ):  # fmt: skip
        return int(other)
    for k in range(floor.degrees[here]):
        side = floor.moves[here, k]
        other = scratch.at_now[side]
        if (
            other >= 0 and side != best and _is_move(floor.moves, side, here)
            and _needs_swap(floor, scratch, other, agent, here, best)
            and _can_swap(floor, scratch, best, here)
        ):  # fmt: skip
            return int(other)
    return -1


@kernel
def _list_candidates(floor: Floor, scratch: Scratch, agent: int, here: int) -> None:
    """Cells for the agent to be on next, nearest to its goal first, ties by chance; the other way
    round for one that is to pull a partner behind it."""
    dice = draw(scratch.rng)
    count = 0
    for k in range(floor.degrees[here] + 1):
        cell = here
        if k < floor.degrees[here]:
            cell = floor.moves[here, k]
        steps = np.int64(floor.distances[agent, cell])
        if steps == UNREACHABLE:
            continue
        key = (steps << 12) | (dice & 4095)
        dice >>= 12
        place = count
        while place > 0 and scratch.keys[place - 1] > key:
            scratch.keys[place] = scratch.keys[place - 1]
            scratch.candidates[agent, place] = scratch.candidates[agent, place - 1]
            place -= 1
        scratch.keys[place] = key
        scratch.candidates[agent, place] = cell
        count += 1
    scratch.counts[agent] = count
    scratch.cursors[agent] = 0
    partner = _find_partner(floor, scratch, agent, here)
    scratch.partners[agent] = partner
    if partner >= 0:
        for k in range(count // 2):
            other = scratch.candidates[agent, count - 1 - k]
            scratch.candidates[agent, count - 1 - k] = scratch.candidates[agent, k]
            scratch.candidates[agent, k] = other


@kernel
def _closes_cycle(
    agent: int, follower: int, cells: NDArray[np.int32], chosen: NDArray[np.int32],
    at_now: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Whether moving to where `follower` is would make a ring of agents that all move at once."""
    while follower >= 0:
        target = chosen[follower]
        if target < 0 or target == cells[follower]:
            return False
        follower = at_now[target]
        if follower == agent:
            return True
    return False


@kernel
def _choose(
    floor: Floor, scratch: Scratch, cells: NDArray[np.int32], agent: int
) -> int:  # fmt: skip
    """Reserve the next candidate of the agent that is free. Returns the agent that must first
    move out of it, -1 for none, -2 where no candidate is left."""
    here = cells[agent]
    while scratch.cursors[agent] < scratch.counts[agent]:
        cell = scratch.candidates[agent, scratch.cursors[agent]]
        scratch.cursors[agent] += 1
        if scratch.at_next[cell] >= 0:
            continue
        occupant = scratch.at_now[cell]
        pushed = -1
        if occupant >= 0 and occupant != agent:
            if scratch.chosen[occupant] < 0:
                pushed = occupant
            elif scratch.chosen[occupant] == here or (
                not floor.allow_cycles
                and _closes_cycle(agent, occupant, cells, scratch.chosen, scratch.at_now)
            ):
                continue
        scratch.chosen[agent] = cell
        scratch.at_next[cell] = agent
        return pushed
    return -2


@kernel
def _pull_partner(
    floor: Floor, scratch: Scratch, cells: NDArray[np.int32], agent: int
) -> None:  # fmt: skip
    """Let the partner of an agent that has got its first candidate follow it."""
    partner = scratch.partners[agent]
    if (
        partner >= 0 and scratch.cursors[agent] == 1 and scratch.chosen[partner] < 0
        and scratch.at_next[cells[agent]] < 0
        and floor.distances[partner, cells[agent]] != UNREACHABLE
    ):  # fmt: skip
        scratch.chosen[partner] = cells[agent]
        scratch.at_next[cells[agent]] = partner


@kernel
def _plan(floor: Floor, scratch: Scratch, cells: NDArray[np.int32], root: int) -> bool:
    """Choose a next cell for the agent and all that it pushes; False where it cannot even stay."""
    _list_candidates(floor, scratch, root, cells[root])
    scratch.stack[0] = root
    depth = 0
    while depth >= 0:
        agent = scratch.stack[depth]
        pushed = _choose(floor, scratch, cells, agent)
        if pushed >= 0:
            _list_candidates(floor, scratch, pushed, cells[pushed])
            depth += 1
            scratch.stack[depth] = pushed
        elif pushed == -1:
            while depth >= 0:  # the whole chain of pushes moves
                _pull_partner(floor, scratch, cells, scratch.stack[depth])
                depth -= 1
            return True
        else:
            depth -= 1
            here = cells[agent]
            if scratch.at_next[here] >= 0 and depth < 0:
                return False
            scratch.chosen[agent] = here
            scratch.at_next[here] = agent
    return False


@kernel
def _has_cycle(
    cells: NDArray[np.int32], chosen: NDArray[np.int32], at_now: NDArray[np.int32],
    mark: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Whether a ring of agents moves at once. mark: int32[n_agents], scratch."""
    mark[:] = -1
    for agent in range(cells.size):
        walker = agent
        while walker >= 0 and mark[walker] < 0 and chosen[walker] != cells[walker]:
            mark[walker] = agent
            walker = at_now[chosen[walker]]
        if walker >= 0 and mark[walker] == agent and chosen[walker] != cells[walker]:
            return True
    return False


@kernel
def _fix(
    floor: Floor, scratch: Scratch, cells: NDArray[np.int32], agent: int, cell: int
) -> bool:  # fmt: skip
    """Set a cell that a constraint says; False where others have it or would be swapped with."""
    other = scratch.at_now[cell]
    if scratch.at_next[cell] >= 0:
        return False
    if other >= 0 and other != agent and scratch.chosen[other] == cells[agent]:
        return False
    scratch.chosen[agent] = cell
    scratch.at_next[cell] = agent
    return True


@kernel
def generate(
    floor: Floor, scratch: Scratch, cells: NDArray[np.int32], order: NDArray[np.int32],
    fixed: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Fill scratch.chosen with a configuration one step from `cells`, or say that none was found.

    order: agents, most urgent first. fixed: int32[k], cells that the first k of them must take;
    these are moves of theirs, but may conflict.
    """
    n_agents = cells.size
    for agent in range(n_agents):
        scratch.chosen[agent] = -1
        scratch.at_now[cells[agent]] = agent
    is_found = True
    for k in range(fixed.size):
        if not _fix(floor, scratch, cells, order[k], fixed[k]):
            is_found = False
            break
    if is_found:
        for k in range(n_agents):
            agent = order[k]
            if scratch.chosen[agent] < 0 and not _plan(floor, scratch, cells, agent):
                is_found = False
                break
    if is_found and not floor.allow_cycles:
        is_found = not _has_cycle(cells, scratch.chosen, scratch.at_now, scratch.stack)
    for agent in range(n_agents):
        scratch.at_now[cells[agent]] = -1
        if scratch.chosen[agent] >= 0:
            scratch.at_next[scratch.chosen[agent]] = -1
    return is_found
