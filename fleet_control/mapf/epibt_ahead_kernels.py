"""Where the operations of units lead, what they cost and which are best (EPIBT; AAAI 2026)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.field_kernels import NO_WAY, may_pass

WAITING = 0
"""Number of the operation that waits throughout."""


@kernel
def put_in_order(
    unit: int, operation: int, key: int, count: int, ranked: NDArray[np.int16],
    keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Insert the operation into the first `count` of the unit's, which are in order of the keys."""
    place = count
    while place > 0 and keys[place - 1] > key:
        keys[place] = keys[place - 1]
        ranked[unit, place] = ranked[unit, place - 1]
        place -= 1
    keys[place] = key
    ranked[unit, place] = operation


@kernel
def _rank(
    unit: int, count: int, drivable: NDArray[np.int16], costs: NDArray[np.int32],
    ranked: NDArray[np.int16], keys: NDArray[np.int64], places: NDArray[np.int32],
) -> None:  # fmt: skip
    """Sort the first `count` of the drivable operations by cost, the higher number first of equals.

    Counted into one place for each cost where there is room for that, which does not grow with the
    square of how many there are.
    """
    least = most = costs[unit, drivable[0]]
    for index in range(1, count):
        cost = costs[unit, drivable[index]]
        least, most = min(least, cost), max(most, cost)
    if most - least + 2 > places.size:
        for index in range(count):
            operation = drivable[index]
            key = (np.int64(costs[unit, operation]) << 16) - operation
            put_in_order(unit, operation, key, index, ranked, keys)
        return
    places[: most - least + 2] = 0
    for index in range(count):
        places[costs[unit, drivable[index]] - least + 1] += 1
    for index in range(1, most - least + 1):
        places[index] += places[index - 1]
    for index in range(count - 1, -1, -1):
        operation = drivable[index]
        place = costs[unit, operation] - least
        ranked[unit, places[place]] = operation
        places[place] += 1


@kernel
def look_ahead(
    first: int, last: int, cells: NDArray[np.int32], headings: NDArray[np.int8],
    goals: NDArray[np.int32], slots: NDArray[np.int32], loads: NDArray[np.int8],
    neighbours: NDArray[np.int32], surcharges: NDArray[np.int32], through: NDArray[np.bool_],
    zones: NDArray[np.int16], compact: NDArray[np.int32], fields: NDArray[np.uint16],
    parents: NDArray[np.int32], actions_to: NDArray[np.int8], nodes: NDArray[np.int32],
    cell_cost: int, reach: NDArray[np.int32], ranked: NDArray[np.int16],
    counts: NDArray[np.int32], costs: NDArray[np.int32], node_headings: NDArray[np.int64],
    node_costs: NDArray[np.int64], arrivals: NDArray[np.int64], keys: NDArray[np.int64],
    drivable: NDArray[np.int16], places: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill where operations lead and which are best, for units from the first to before the last.

    reach: int32[n_units, n_nodes], cell of each beginning, -1 where the unit may not go. ranked:
    int16[n_units, n], the cheapest first; the first counts can be driven, and waiting always can.
    costs: int32[n_units, n], by number.
    node_headings, node_costs, arrivals: scratch of n_nodes, keys and drivable of n, places of any
    size.

    An operation costs what it leaves to go, and what its moves cost beyond the time they take. At a
    goal that is reached on the way time stands still.
    """
    n_nodes, depth = parents.size, nodes.shape[1] - 1
    for unit in range(first, last):
        here = cells[unit]
        if here < 0:
            continue
        goal = goals[unit]
        goal_zone = int(zones[goal]) if goal >= 0 else -1
        load, slot = loads[unit], slots[unit]
        reach[unit, 0] = here
        node_headings[0] = headings[unit]
        node_costs[0] = 0
        arrivals[0] = 0 if here == goal else -1
        for node in range(1, n_nodes):
            parent = parents[node]
            cell = reach[unit, parent]
            heading = node_headings[parent]
            cost = node_costs[parent]
            arrival = arrivals[parent]
            if cell >= 0:
                action = actions_to[node]
                if arrival < 0 or action == 0:
                    cost += cell_cost
                if action == 0:
                    ahead = neighbours[cell, heading]
                    if ahead >= 0:
                        cost += surcharges[cell, heading]
                        if not may_pass(through[load, ahead], ahead, goal, goal_zone, zones):
                            ahead = -1
                        elif ahead == goal and arrival < 0:
                            arrival = 0
                    cell = ahead
                elif action == 1:
                    heading = (heading + 3) & 3
                elif action == 2:
                    heading = (heading + 1) & 3
            reach[unit, node] = cell
            node_headings[node] = heading
            node_costs[node] = cost
            arrivals[node] = arrival
        count = 0
        for operation in range(nodes.shape[0]):
            node = nodes[operation, depth]
            cell = reach[unit, node]
            if cell < 0:
                continue
            cost = node_costs[node]
            if goal >= 0:
                left = np.int64(fields[slot, 4 * compact[cell] + node_headings[node]])
                if left == NO_WAY and operation != WAITING:
                    continue
                cost += left
            elif operation == WAITING:
                cost = 0
            costs[unit, operation] = cost
            drivable[count] = operation
            count += 1
        counts[unit] = count
        _rank(unit, count, drivable, costs, ranked, keys, places)
