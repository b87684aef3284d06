"""Shorter paths by large neighbourhood search: a few agents at a time are planned anew.

Li et al., "Anytime Multi-Agent Path Finding via Large Neighborhood Search" (IJCAI 2021): a group of
agents that are in each other's way is taken off the floor and planned again one after the other, in
random order, around all others; the new paths stay where their cost is no higher.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.generator_kernels import Floor
from fleet_control.mapf.oneshot.graph_kernels import draw
from fleet_control.mapf.oneshot.path_kernels import Labels, Plan, find_path, put, take

N_WAYS = 3
"""Ways to choose a group: who bars the way of a late agent, who is near a place, anybody."""
SIZES = np.array([1, 2, 4, 8], dtype=np.int64)
MOST_AGENTS = 8
N_TRIES = 64
WALK = 24
"""Random walks, and their steps, in choosing a group."""
KEEP = 0.98
"""How much of the gain expected of a way stays when a new one is seen."""
LEAST_CHANCE = 0.05


class Desk(NamedTuple):
    """Scratch. group: int32[MOST_AGENTS], in_group: bool[n_agents]. kept: int32[MOST_AGENTS,
    n_times], kept_costs: the paths before. gains: float64[N_WAYS * len(SIZES)], expected of each
    way and size."""

    group: NDArray[np.int32]
    kept: NDArray[np.int32]
    kept_costs: NDArray[np.int64]
    in_group: NDArray[np.bool_]
    gains: NDArray[np.float64]
    rng: NDArray[np.uint64]


@kernel
def _join(desk: Desk, count: int, agent: int) -> int:
    if agent >= 0 and not desk.in_group[agent]:
        desk.in_group[agent] = True
        desk.group[count] = agent
        count += 1
    return count


@kernel
def _arrival(floor: Floor, plan: Plan, agent: int) -> int:
    """When the agent comes to its goal for good."""
    path = plan.paths[agent]
    time = path.size - 1
    while time > 0 and path[time - 1] == floor.goals[agent]:
        time -= 1
    return int(time)


@kernel
def _late_agent(floor: Floor, plan: Plan, desk: Desk) -> int:
    """Of a few agents drawn the one that loses most on its way, or is there for good the latest."""
    best, most = -1, -1
    by_arrival = draw(desk.rng) % 2 == 0
    for _ in range(4):
        agent = draw(desk.rng) % plan.costs.size
        taken = plan.costs[agent]
        if by_arrival:
            taken = np.int64(_arrival(floor, plan, agent))
        lost = taken - np.int64(floor.distances[agent, plan.paths[agent, 0]])
        if lost > most:
            best, most = agent, lost
    return best


@kernel
def _lost_step(floor: Floor, plan: Plan, desk: Desk, agent: int) -> int:
    """Time of a step that brings the agent no nearer to its goal, where there is one; any other
    that is not spent waiting there, else. The first of these after a time that is drawn."""
    path = plan.paths[agent]
    n_steps = path.size - 1
    goal = floor.goals[agent]
    begin = draw(desk.rng) % max(n_steps, 1)
    found = -1
    for k in range(n_steps):
        time = (begin + k) % n_steps
        here, there = path[time], path[time + 1]
        if here == goal and there == goal:
            continue
        if floor.distances[agent, there] >= floor.distances[agent, here]:
            return int(time)
        if found < 0:
            found = time
    return int(max(found, 0))


@kernel
def _left(floor: Floor, plan: Plan, agent: int, time: int) -> int:
    """What the path of the agent costs from that time on."""
    path = plan.paths[agent]
    goal = floor.goals[agent]
    cost = 0
    for later in range(time, path.size - 1):
        if path[later] != goal or path[later + 1] != goal:
            cost += 1
    return cost


@kernel
def _choose_barring(floor: Floor, plan: Plan, desk: Desk, size: int) -> int:
    """A late agent, and those met on random walks from its path that would have been shorter."""
    n_times = plan.paths.shape[1]
    count = _join(desk, 0, _late_agent(floor, plan, desk))
    for _ in range(N_TRIES):
        if count == size:
            break
        walker = desk.group[0]
        if draw(desk.rng) % 4 == 0:
            walker = desk.group[draw(desk.rng) % count]
        time = _lost_step(floor, plan, desk, walker)
        left = _left(floor, plan, walker, time)
        here = plan.paths[walker, time]
        for _ in range(WALK):
            if time >= n_times - 1 or count == size:
                break
            k = draw(desk.rng) % (floor.degrees[here] + 1)
            there = here
            if k < floor.degrees[here]:
                there = floor.moves[here, k]
            spent = 0 if here == there == floor.goals[walker] else 1
            if spent + np.int64(floor.distances[walker, there]) >= left:
                continue
            count = _join(desk, count, plan.at[there, time + 1])
            other = plan.at[there, time]
            if other >= 0 and there != here and plan.at[here, time + 1] == other:
                count = _join(desk, count, other) if count < size else count
            here = there
            left -= spent
            time += 1
    return count


@kernel
def _choose_near(floor: Floor, plan: Plan, desk: Desk, size: int) -> int:
    """Agents near a place where a late agent loses time, a little before or after it is there."""
    n_times = plan.paths.shape[1]
    agent = _late_agent(floor, plan, desk)
    count = _join(desk, 0, agent)
    centre = _lost_step(floor, plan, desk, agent)
    start = plan.paths[agent, centre]
    for _ in range(N_TRIES):
        here = start
        for _ in range(WALK):
            if count == size:
                return count
            time = centre + draw(desk.rng) % 17 - 8
            if 0 <= time < n_times:
                count = _join(desk, count, plan.at[here, time])
            if floor.degrees[here] > 0:
                here = floor.moves[here, draw(desk.rng) % floor.degrees[here]]
    return count


@kernel
def _choose_any(floor: Floor, plan: Plan, desk: Desk, size: int) -> int:
    count = _join(desk, 0, _late_agent(floor, plan, desk))
    for _ in range(4 * size):
        if count < size:
            count = _join(desk, count, draw(desk.rng) % plan.costs.size)
    return count


@kernel
def _choose_group(floor: Floor, plan: Plan, desk: Desk, arm: int) -> int:
    size = min(SIZES[arm // N_WAYS], plan.costs.size)
    way = arm % N_WAYS
    if way == 0:
        count = _choose_barring(floor, plan, desk, size)
    elif way == 1:
        count = _choose_near(floor, plan, desk, size)
    else:
        count = _choose_any(floor, plan, desk, size)
    for k in range(count):
        desk.in_group[desk.group[k]] = False
    for k in range(count - 1, 0, -1):
        other = draw(desk.rng) % (k + 1)
        agent = desk.group[k]
        desk.group[k] = desk.group[other]
        desk.group[other] = agent
    return count


@kernel
def replan_group(floor: Floor, plan: Plan, labels: Labels, desk: Desk, count: int) -> int:
    """Plan desk.group[:count] anew in that order. Returns the cost saved; 0 where it stays."""
    limit = np.int64(0)
    least = np.int64(0)
    for k in range(count):
        agent = desk.group[k]
        desk.kept[k] = plan.paths[agent]
        desk.kept_costs[k] = plan.costs[agent]
        limit += plan.costs[agent]
        least += np.int64(floor.distances[agent, plan.paths[agent, 0]])
        take(plan, agent)
    n_found = 0
    while n_found < count:
        agent = desk.group[n_found]
        least -= np.int64(floor.distances[agent, plan.paths[agent, 0]])
        if not find_path(floor, plan, labels, agent, int(limit - least)):
            break
        put(plan, agent)
        limit -= plan.costs[agent]
        n_found += 1
    if n_found == count:
        return int(limit)
    for k in range(n_found):
        take(plan, desk.group[k])
    for k in range(count):
        agent = desk.group[k]
        plan.paths[agent] = desk.kept[k]
        plan.costs[agent] = desk.kept_costs[k]
        put(plan, agent)
    return 0


@kernel
def _draw_arm(desk: Desk) -> int:
    """A way and a size, in proportion to the gain expected."""
    total = 0.0
    top = 0.0
    for gain in desk.gains:
        top = max(top, gain)
    floor_gain = max(top, 1e-9) * LEAST_CHANCE
    for gain in desk.gains:
        total += gain + floor_gain
    ball = total * (np.float64(draw(desk.rng) >> 10) / np.float64(1 << 53))
    for arm in range(desk.gains.size):
        ball -= desk.gains[arm] + floor_gain
        if ball < 0.0:
            return arm
    return desk.gains.size - 1


@kernel
def refine(floor: Floor, plan: Plan, labels: Labels, desk: Desk, n_groups: int) -> None:
    """Plan so many groups anew."""
    for _ in range(n_groups):
        arm = _draw_arm(desk)
        count = _choose_group(floor, plan, desk, arm)
        saved = replan_group(floor, plan, labels, desk, count)
        plan.totals[0] -= saved
        plan.totals[1] += 1
        desk.gains[arm] = KEEP * desk.gains[arm] + (1.0 - KEEP) * saved / SIZES[arm // N_WAYS]
