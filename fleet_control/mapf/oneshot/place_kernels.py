"""Paths for all agents one after the other, each around those that have theirs.

Prioritised planning (Erdmann and Lozano-Perez, "On Multiple Moving Objects", 1987), by safe
intervals. Who finds no path, since others have come to rest across its way, takes that of a
solution known before; whoever is in its way by that has to find another one. Paths of one solution
are in no conflict, so that in the end everybody has one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.generator_kernels import Floor
from fleet_control.mapf.oneshot.path_kernels import (
    Labels,
    Plan,
    cost_of,
    find_path,
    is_free,
    put,
    take,
)

HEAD, N_LEFT, N_KNOWN = range(3)
UNLIMITED = 1 << 30


@kernel
def _line_up(agent: int, queue: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    queue[(counts[HEAD] + counts[N_LEFT]) % queue.size] = agent
    counts[N_LEFT] += 1


@kernel
def _clear_way(
    floor: Floor, plan: Plan, agent: int, queue: NDArray[np.int32], counts: NDArray[np.int64]
) -> None:  # fmt: skip
    """Take out all whose paths are in conflict with that of the agent, which is not in the plan."""
    path = plan.paths[agent]
    for time in range(path.size - 1):
        here, there = path[time], path[time + 1]
        while not is_free(floor, plan, here, there, time):
            other = plan.at[there, time + 1]
            if other < 0:
                other = plan.at[there, time]
            take(plan, other)
            _line_up(other, queue, counts)


@kernel
def place(
    floor: Floor, plan: Plan, labels: Labels, queue: NDArray[np.int32], counts: NDArray[np.int64],
    known: NDArray[np.int32], n_agents: int,
) -> None:  # fmt: skip
    """Give so many agents of the queue their paths. queue: int32[n_agents], a ring. counts:
    int64[3], where it begins, how many are in it, and how many took the path that they have in
    known, int32[n_times, n_agents], a solution."""
    for _ in range(n_agents):
        if counts[N_LEFT] == 0:
            break
        agent = queue[counts[HEAD]]
        counts[HEAD] = (counts[HEAD] + 1) % queue.size
        counts[N_LEFT] -= 1
        if not find_path(floor, plan, labels, agent, UNLIMITED):
            plan.paths[agent] = known[:, agent]
            plan.costs[agent] = cost_of(plan.paths[agent], floor.goals[agent])
            _clear_way(floor, plan, agent, queue, counts)
            counts[N_KNOWN] += 1
        put(plan, agent)
