"""Plans of all units for a window of time: kept while they hold, made anew in order of priority.

There is a plan without conflicts after every step. What does not hold any more is planned anew
around all that does. Who finds no path moves ahead of those that leave it none: it takes the path
that drives the fewest of them out, and these look for another (as priorities are added one by one
where they are needed in PBS; Ma et al., AAAI 2019). Then groups of units in each other's way are
planned anew together, and kept so where that is cheaper (Li et al., MAPF-LNS, IJCAI 2021).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.graph_kernels import draw
from fleet_control.mapf.window_search_kernels import (
    SCALE,
    Floor,
    Labels,
    Window,
    find_path,
    who_is_in_the_way,
)

DRIVES_OUT = 8 * SCALE
"""Weight of a conflict where a unit drives another out: rather a detour of four steps."""
TRIES = 8
"""Units that are looked at to find one that is late."""


class Desk(NamedTuple):
    """Scratch. queue: int32[n_units], units to plan. members: int32[n], most of a group; kept_...:
    their plans."""

    queue: NDArray[np.int32]
    members: NDArray[np.int32]
    kept_cells: NDArray[np.int32]
    kept_headings: NDArray[np.int8]
    kept_ends: NDArray[np.int32]
    kept_costs: NDArray[np.int64]


@kernel
def _put(window: Window, unit: int) -> None:
    for time in range(window.ends[unit] + 1):
        window.used[window.cells[unit, time], time] = unit
    window.is_put[unit] = True


@kernel
def _take(window: Window, unit: int) -> None:
    for time in range(window.ends[unit] + 1):
        window.used[window.cells[unit, time], time] = -1
    window.is_put[unit] = False


@kernel
def _adopt(window: Window, labels: Labels, unit: int, cost: int) -> None:
    """Make the path that was found the unit's plan."""
    window.cells[unit] = labels.path
    window.headings[unit] = labels.path_headings
    window.ends[unit] = labels.number[1]
    window.costs[unit] = cost
    _put(window, unit)


@kernel
def _cost_of_plan(floor: Floor, window: Window, unit: int) -> int:
    """What the plan costs from now on, with the way from its end."""
    goal = window.goals[unit]
    cost = 0
    last = window.ends[unit]
    for time in range(last):
        here, there = window.cells[unit, time], window.cells[unit, time + 1]
        heading, ahead = window.headings[unit, time], window.headings[unit, time + 1]
        turns = (ahead - heading) & 3
        if turns == 3:
            turns = 1
        if here != there:
            cost += floor.cell_cost + floor.surcharges[here, ahead] + turns * floor.turn_cost
        elif turns > 0:
            cost += max(floor.turn_cost, floor.cell_cost)
        elif goal >= 0 and here != goal:
            cost += floor.cell_cost
    if goal < 0:
        return cost
    state = 4 * floor.compact[window.cells[unit, last]] + window.headings[unit, last]
    return cost + int(floor.fields[window.slots[unit], state])


@kernel
def _restart(window: Window, unit: int, cell: int, heading: int) -> None:
    """The unit is here and has no plan."""
    for time in range(window.cells.shape[1]):
        window.cells[unit, time] = cell
        window.headings[unit, time] = heading
    window.ends[unit] = 1


@kernel
def _is_clear(floor: Floor, window: Window, unit: int) -> bool:
    """Whether the plan of a unit, which is not in the table, is in conflict with none there."""
    cells = window.cells[unit]
    for time in range(window.ends[unit]):
        other = who_is_in_the_way(
            window.used, window.cells, window.ends, floor.allow_cycles, cells[time],
            cells[time + 1], time,
        )  # fmt: skip
        if other >= 0:
            return False
    return True


@kernel
def shift_plans(
    floor: Floor, window: Window, cells: NDArray[np.int32], headings: NDArray[np.int8],
    goals: NDArray[np.int32], is_void: bool, ages: NDArray[np.int32], is_delayed: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Let one step pass: what was time 1 is now, and who is where it should be keeps its plan.

    Who must wait though its plan says otherwise does all of it a step later, if that is in conflict
    with none. After it, units that need another plan are not in the table. ages: steps since each
    plan was made. is_delayed: bool[n_units], scratch.
    """
    n_units, n_times = window.cells.shape
    last = n_times - 1
    for unit in range(n_units):
        if window.is_put[unit]:
            _take(window, unit)
    for unit in range(n_units):
        window.is_held[unit] = is_delayed[unit] = False
        here, heading = cells[unit], headings[unit]
        holds = (
            not is_void
            and here >= 0
            and window.cells[unit, 1] == here
            and (floor.turn_cost == 0 or window.headings[unit, 1] == heading)
            and goals[unit] == window.goals[unit]
            and window.ends[unit] > 1
        )
        window.goals[unit] = goals[unit]
        ages[unit] += 1
        if not holds:
            _restart(window, unit, here, heading)
            continue
        if window.fixed[unit] and window.cells[unit, 2] != here:
            is_delayed[unit] = True
            window.cells[unit, 0] = here
            window.headings[unit, 0] = window.headings[unit, 1] = heading
            continue
        for time in range(last):
            window.cells[unit, time] = window.cells[unit, time + 1]
            window.headings[unit, time] = window.headings[unit, time + 1]
        window.headings[unit, 0] = heading
        if window.ends[unit] < last or (window.cells[unit, last] == goals[unit] != here):
            window.ends[unit] -= 1  # it arrives in the window, and is out of the way from then on
        _put(window, unit)
    for unit in range(n_units):
        if is_delayed[unit]:
            if _is_clear(floor, window, unit):
                _put(window, unit)
            else:
                _restart(window, unit, cells[unit], headings[unit])
        if window.is_put[unit]:
            window.costs[unit] = _cost_of_plan(floor, window, unit)


@kernel
def plan_window(
    floor: Floor, window: Window, labels: Labels, desk: Desk,
    order: NDArray[np.int64], ages: NDArray[np.int32], most_age: int, n_driven_out: int,
) -> bool:  # fmt: skip
    """Plan for all that have no plan, then for those with an old one.

    order: units, most urgent first. n_driven_out: how often in all a unit may be driven out of its
    plan. False where that is not enough: then there is no plan.
    """
    for place in range(order.size):
        root = order[place]
        if window.is_put[root] or window.cells[root, 0] < 0:
            continue
        desk.queue[0] = root
        n_queued = 1
        while n_queued > 0:
            n_queued -= 1
            unit = desk.queue[n_queued]
            ages[unit] = 0
            cost = find_path(floor, window, labels, unit, 0)
            if cost < 0:
                cost = find_path(floor, window, labels, unit, DRIVES_OUT)
                if cost < 0:  # so priorities were wrong
                    window.is_held[:] = False
                    cost = find_path(floor, window, labels, unit, DRIVES_OUT)
                if cost < 0:
                    return False
                n_before = n_queued
                n_queued = _drive_out(floor, window, labels, desk, n_queued)
                n_driven_out -= n_queued - n_before
                if n_driven_out < 0:
                    return False
                window.is_held[unit] = True
            _adopt(window, labels, unit, cost)
    for place in range(order.size):
        unit = order[place]
        if ages[unit] >= most_age and window.is_put[unit]:
            _take(window, unit)
            cost = find_path(floor, window, labels, unit, 0)
            if cost < 0:  # the search was too long
                _put(window, unit)
                continue
            ages[unit] = 0
            _adopt(window, labels, unit, cost)
    return True


@kernel
def _drive_out(floor: Floor, window: Window, labels: Labels, desk: Desk, n_queued: int) -> int:
    """Take all out of the table that are in conflict with the path found, and queue them."""
    for time in range(labels.number[1]):
        while True:
            other = who_is_in_the_way(
                window.used, window.cells, window.ends, floor.allow_cycles, labels.path[time],
                labels.path[time + 1], time,
            )  # fmt: skip
            if other < 0:
                break
            _take(window, other)
            desk.queue[n_queued] = other
            n_queued += 1
    return n_queued


@kernel
def _late_unit(floor: Floor, window: Window, rng: NDArray[np.uint64]) -> int:
    """Of a few drawn by lot the one that others make latest, -1 where nobody is late."""
    n_units = window.cells.shape[0]
    found, most = -1, 0
    for _ in range(TRIES):
        unit = draw(rng) % n_units
        if window.cells[unit, 0] < 0:
            continue
        late = window.costs[unit]
        if window.goals[unit] >= 0:
            state = 4 * floor.compact[window.cells[unit, 0]] + window.headings[unit, 0]
            late -= np.int64(floor.fields[window.slots[unit], state])
        late *= window.weights[unit]
        if late > most:
            found, most = unit, late
    return found


@kernel
def better_groups(
    floor: Floor, window: Window, labels: Labels, desk: Desk, rng: NDArray[np.uint64], n_groups: int
) -> int:
    """Plan anew for so many groups; what that gains in all, delays weighed."""
    gained = 0
    for number in range(n_groups):
        gained += _better_group(floor, window, labels, desk, rng, number)
    return gained


@kernel
def _better_group(
    floor: Floor, window: Window, labels: Labels, desk: Desk, rng: NDArray[np.uint64], number: int
) -> int:
    """Plan anew for a late unit and those that are in its way; keep it if it costs no more. What
    that gains."""
    unit = _late_unit(floor, window, rng)
    if unit < 0:
        return 0
    members = desk.members
    _take(window, unit)
    free = find_path(floor, window, labels, unit, 1)
    if free < 0 or free >= window.costs[unit]:
        _put(window, unit)
        return 0
    members[0] = unit
    n_members = 1
    for time in range(labels.number[1]):
        here, there = labels.path[time], labels.path[time + 1]
        while n_members < members.size:
            other = who_is_in_the_way(
                window.used, window.cells, window.ends, floor.allow_cycles, here, there, time
            )
            if other < 0:
                break
            _take(window, other)
            members[n_members] = other
            n_members += 1
    old = 0
    for index in range(n_members):
        member = members[index]
        desk.kept_cells[index] = window.cells[member]
        desk.kept_headings[index] = window.headings[member]
        desk.kept_ends[index] = window.ends[member]
        desk.kept_costs[index] = window.costs[member]
        old += int(window.costs[member] * window.weights[member])
    left = _plan_members(floor, window, labels, desk, rng, n_members, old, number % 2 == 1)
    if left >= 0:
        return left
    for index in range(n_members):
        member = members[index]
        if window.is_put[member]:
            _take(window, member)
    for index in range(n_members):
        member = members[index]
        window.cells[member] = desk.kept_cells[index]
        window.headings[member] = desk.kept_headings[index]
        window.ends[member] = desk.kept_ends[index]
        window.costs[member] = desk.kept_costs[index]
        _put(window, member)
    return 0


@kernel
def _plan_members(
    floor: Floor, window: Window, labels: Labels, desk: Desk, rng: NDArray[np.uint64],
    n_members: int, old: int, is_shuffled: bool,
) -> int:  # fmt: skip
    """Plan for one after the other: what is gained, -1 as soon as that costs more than before."""
    order = desk.queue
    for index in range(n_members):
        order[index] = index
    if is_shuffled:
        for index in range(n_members - 1):
            other = index + draw(rng) % (n_members - index)
            order[index], order[other] = order[other], order[index]
    left = old
    for index in range(n_members):
        member = desk.members[order[index]]
        cost = find_path(floor, window, labels, member, 0)
        if cost < 0:
            return -1
        left -= int(cost * window.weights[member])
        if left < 0:
            return -1
        _adopt(window, labels, member, cost)
    return left
