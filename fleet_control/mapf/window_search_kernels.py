"""The cheapest path of one unit through a window of time, around the plans of others (A*).

States are a cell, a heading and a time. The distance field to the unit's goal is the heuristic; it
is exact but for other units, so that a search in the clear looks at little more than the path. A
path ends with the window or at the goal; what the way costs from there is what the field says.

Plans of others are read off a table; from its goal on a unit is not in anybody's way, since it will
have another goal by then (Li et al., "Lifelong multi-agent path finding in large-scale warehouses",
AAAI 2021). In the first step everybody is in the table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.field_kernels import NO_WAY, may_pass

NONE = -1
LABEL_BITS, TIME_BITS = 14, 7
LAST_LABEL = (1 << LABEL_BITS) - 1
MOST_MOVES = 5
"""To labels reached from one."""
SCALE = 64
"""Of costs in keys, so that conflicts can count for less than the least cost."""


class Floor(NamedTuple):
    """As of `Grid` and `DistanceFields`. cell_cost: of any step. turn_cost: of a quarter turn.
    turn_steps: 1 where a turn is a step of its own, 0 where it is left to execution."""

    neighbours: NDArray[np.int32]
    surcharges: NDArray[np.int32]
    through: NDArray[np.bool_]
    zones: NDArray[np.int16]
    compact: NDArray[np.int32]
    fields: NDArray[np.uint16]
    cell_cost: int
    turn_cost: int
    turn_steps: int
    allow_cycles: bool


class Window(NamedTuple):
    """Plans of all units. Time 0 is now, and the last one is the length w of the window.

    goals: int32[n_units], -1 for none. slots: int32[n_units], rows of the fields. loads:
    int8[n_units]. fixed: bool[n_units], must wait in the first step. weights:
    int64[n_units], what a unit's delay counts.
    cells: int32[n_units, w + 1], headings: int8[n_units, w + 1], at each time. ends:
    int32[n_units], last time at which a unit is in the way of others, at least 1. costs:
    int64[n_units], of the plan and of the way from its end. used: int32[n_cells, w + 1], unit that
    is there, or -1. is_put: bool[n_units], the plan is in the table. is_held: bool[n_units], nobody
    may drive it out of there.
    """

    goals: NDArray[np.int32]
    slots: NDArray[np.int32]
    loads: NDArray[np.int8]
    fixed: NDArray[np.bool_]
    weights: NDArray[np.int64]
    cells: NDArray[np.int32]
    headings: NDArray[np.int8]
    ends: NDArray[np.int32]
    costs: NDArray[np.int64]
    used: NDArray[np.int32]
    is_put: NDArray[np.bool_]
    is_held: NDArray[np.bool_]


class Labels(NamedTuple):
    """Scratch of one search. A label is a state that was reached: its cell, heading, time, cost so
    far, conflicts so far, label before. heap: int64[n], those that are open. Over states: seen:
    int32, number of the search that came there; best: int64, least value. path: int32[w + 1],
    path_headings: int8[w + 1], what was found. number: int32[2], of the search, and time at which
    the path ends."""

    cell: NDArray[np.int32]
    heading: NDArray[np.int32]
    time: NDArray[np.int32]
    cost: NDArray[np.int64]
    conflicts: NDArray[np.int32]
    before: NDArray[np.int32]
    heap: NDArray[np.int64]
    seen: NDArray[np.int32]
    best: NDArray[np.int64]
    path: NDArray[np.int32]
    path_headings: NDArray[np.int8]
    number: NDArray[np.int32]


@kernel
def who_is_in_the_way(
    used: NDArray[np.int32], cells: NDArray[np.int32], ends: NDArray[np.int32],
    allow_cycles: bool, here: int, there: int, time: int,
) -> int:  # fmt: skip
    """Unit with which a step from `time` on is in conflict, -1 for none. Arrays as in `Window`."""
    other = int(used[there, time + 1])
    if other >= 0 or here == there:
        return other
    other = int(used[there, time])
    if other < 0:
        return NONE
    if used[here, time + 1] == other:
        return other
    if allow_cycles:
        return NONE
    follower = other
    while time < ends[follower]:
        cell = cells[follower, time + 1]
        if cell == here:
            return other
        after = used[cell, time]
        if after < 0 or after == follower:
            return NONE
        follower = after
    return NONE


@kernel
def _push(heap: NDArray[np.int64], n_open: int, key: int) -> None:
    place = n_open
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= key:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = key


@kernel
def _pop(heap: NDArray[np.int64], n_open: int) -> None:
    """Take the first of n_open away; the caller has read it."""
    last = n_open - 1
    key = heap[last]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= last:
            break
        if child + 1 < last and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = key


@kernel
def find_path(
    floor: Floor, window: Window, labels: Labels, unit: int, weight: int
) -> int:  # fmt: skip
    """Cost of the cheapest path of a unit whose plan is not in the table, with the way from its
    end; -1 for none. The path is left in `labels`.

    weight: of a conflict in 64ths of a cost, 0 to allow none. With a held unit there is never one.
    """
    start, heading = window.cells[unit, 0], int(window.headings[unit, 0])
    first = 1 if window.fixed[unit] else 0
    conflicts = 0
    if first == 1 and window.used[start, 1] >= 0:
        if weight == 0 or window.is_held[window.used[start, 1]]:
            return NONE
        conflicts = 1
    labels.cell[0], labels.heading[0], labels.time[0] = start, heading, first
    labels.cost[0], labels.conflicts[0], labels.before[0] = 0, conflicts, NONE
    labels.number[0] += 1
    goal, load = window.goals[unit], window.loads[unit]
    label = _search(
        start, goal, weight, int(window.slots[unit]), labels.number[0],
        int(floor.zones[goal]) if goal >= 0 else NONE, floor.neighbours, floor.surcharges,
        floor.through[load], floor.zones, floor.compact, floor.fields, floor.cell_cost,
        floor.turn_cost, floor.turn_steps, floor.allow_cycles, window.cells, window.ends,
        window.used, window.is_held, window.fixed, labels.cell, labels.heading, labels.time,
        labels.cost, labels.conflicts, labels.before, labels.heap, labels.seen, labels.best,
    )  # fmt: skip
    if label < 0:
        return NONE
    cost = int(labels.cost[label])
    if first == 1 and start != goal and goal >= 0:
        cost += floor.cell_cost
    if goal >= 0:
        state = 4 * floor.compact[labels.cell[label]] + labels.heading[label]
        cost += int(floor.fields[window.slots[unit], state])
    _trace(labels, label, first, window.cells.shape[1] - 1)
    return cost


@kernel
def _search(
    start: int, goal: int, weight: int, slot: int, number: int, goal_zone: int,
    neighbours: NDArray[np.int32], surcharges: NDArray[np.int32], through: NDArray[np.bool_],
    zones: NDArray[np.int16], compact: NDArray[np.int32], fields: NDArray[np.uint16],
    cell_cost: int, turn_cost: int, turn_steps: int, allow_cycles: bool,
    cells: NDArray[np.int32], ends: NDArray[np.int32], used: NDArray[np.int32],
    is_held: NDArray[np.bool_], fixed: NDArray[np.bool_], at_cell: NDArray[np.int32],
    at_heading: NDArray[np.int32], at_time: NDArray[np.int32], paid: NDArray[np.int64],
    met: NDArray[np.int32], before: NDArray[np.int32], heap: NDArray[np.int64],
    seen: NDArray[np.int32], best: NDArray[np.int64],
) -> int:  # fmt: skip
    """Label at the end of the cheapest path from label 0 on, -1 for none. number: of the search."""
    n_times = cells.shape[1]
    n_headings = 1 if turn_cost == 0 else 4
    rests = goal < 0 or start == goal
    heap[0] = LAST_LABEL
    n_labels, n_open = 1, 1
    while n_open > 0 and n_labels <= LAST_LABEL - MOST_MOVES:
        label = LAST_LABEL - int(heap[0] & LAST_LABEL)
        _pop(heap, n_open)
        n_open -= 1
        here, heading, time = at_cell[label], at_heading[label], at_time[label]
        is_there = here == goal and not rests and label > 0
        if is_there and turn_steps > 0:
            is_there = at_cell[before[label]] == goal
        if is_there or time == n_times - 1:
            return label
        for move in range(7):
            there, ahead = here, heading
            cost = paid[label] + cell_cost
            if move == 4:  # wait
                if goal < 0 or here == goal:
                    cost = paid[label]
            elif move > 4:  # a turn that is a step
                if turn_steps == 0:
                    break
                ahead = (heading + (1 if move == 5 else 3)) & 3
                cost = paid[label] + max(turn_cost, cell_cost)
            else:
                turns = (move - heading) & 3
                if turn_steps > 0 and turns > 0:
                    continue
                ahead = move
                there = neighbours[here, ahead]
                if there < 0 or not may_pass(through[there], there, goal, goal_zone, zones):
                    continue
                cost += surcharges[here, ahead] + min(turns, 4 - turns) * turn_cost
            left = np.int64(0)
            if goal >= 0:
                left = np.int64(fields[slot, 4 * compact[there] + ahead])
                if left == NO_WAY:
                    continue
            value = SCALE * (cost + left) + weight * met[label]
            state = (compact[there] * n_times + time + 1) * n_headings
            if n_headings == 4:
                state += ahead
            if seen[state] == number and best[state] <= value:
                continue
            other = who_is_in_the_way(used, cells, ends, allow_cycles, here, there, time)
            if other >= 0:
                if weight == 0 or is_held[other] or (time == 0 and fixed[other]):
                    continue
                value += weight
                if seen[state] == number and best[state] <= value:
                    continue
            seen[state] = number
            best[state] = value
            at_cell[n_labels], at_heading[n_labels] = there, ahead
            at_time[n_labels], paid[n_labels] = time + 1, cost
            met[n_labels] = met[label] + (other >= 0)
            before[n_labels] = label
            late_first = ((n_times - time) << LABEL_BITS) | (LAST_LABEL - n_labels)
            _push(heap, n_open, (value << (LABEL_BITS + TIME_BITS)) | late_first)
            n_labels += 1
            n_open += 1
    return NONE


@kernel
def _trace(labels: Labels, label: int, first: int, last: int) -> None:
    """Write the path to a label; after it the unit waits."""
    end = labels.time[label]
    labels.number[1] = max(end, 1)
    for time in range(end, last + 1):
        labels.path[time] = labels.cell[label]
        labels.path_headings[time] = labels.heading[label]
    while label >= 0:
        labels.path[labels.time[label]] = labels.cell[label]
        labels.path_headings[labels.time[label]] = labels.heading[label]
        label = labels.before[label]
    if first == 1:
        labels.path[0] = labels.path[1]
        labels.path_headings[0] = labels.path_headings[1]
