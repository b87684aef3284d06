"""Distance fields by Dial's algorithm (Dial 1969): Dijkstra with circular buckets, no heap.

The search runs backwards from the goal over states (cell, heading). Edges are turning a quarter in
place and driving one cell along the heading.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

FAR, NO_WAY = 65534, 65535
"""Distances saturate at FAR; NO_WAY means unreachable."""
LAST = 1 << 62
"""End of a queue."""


@kernel
def may_pass(
    is_through: bool, cell: int, goal: int, goal_zone: int, zones: NDArray[np.int16]
) -> bool:
    """Whether a way to the goal may lead over the cell: where everybody with that load passes, and
    inside the goal's own zone."""
    return is_through or cell == goal or (goal_zone >= 0 and zones[cell] == goal_zone)


@kernel
def fill_field(
    field: NDArray[np.uint16], goal: int, goal_zone: int, back: NDArray[np.int32],
    costs: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    turn_cost: int, heads: NDArray[np.int32], pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill field[4 * cell + heading] with the cost to reach `goal` with any heading.

    Cells are ranks among driveable cells here. back: int32[4 * n], state from which driving along
    the heading leads to this state, or -1; costs: int32[4 * n], cost of that move. Cells that are
    not `through` are passed only inside the goal's own zone; elsewhere they get a distance (a unit
    may start there) but no path leads over them. heads: int32[n_buckets], a power of two above the
    dearest edge. pool: int32[12 * n + 4, 2], linked lists of (state, next entry).
    """
    field[:] = 65535
    heads[:] = -1
    mask = heads.size - 1
    n_pool = 0
    for heading in range(4):
        field[4 * goal + heading] = 0
        pool[n_pool, 0] = 4 * goal + heading
        pool[n_pool, 1] = heads[0]
        heads[0] = n_pool
        n_pool += 1
    distance = 0
    n_empty = 0
    while n_empty <= mask:
        entry = heads[distance & mask]
        if entry < 0:
            n_empty += 1
            distance += 1
            continue
        n_empty = 0
        state = pool[entry, 0]
        heads[distance & mask] = pool[entry, 1]
        if field[state] != min(distance, FAR):
            continue
        value = min(distance + turn_cost, FAR)
        spot = (distance + turn_cost) & mask
        first = state & ~3
        for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
            if value < field[turned]:
                field[turned] = value
                pool[n_pool, 0] = turned
                pool[n_pool, 1] = heads[spot]
                heads[spot] = n_pool
                n_pool += 1
        behind = back[state]
        if behind < 0:
            continue
        cell = state >> 2
        if may_pass(through[cell], cell, goal, goal_zone, zones):
            cost = costs[state]
            value = min(distance + cost, FAR)
            if value < field[behind]:
                field[behind] = value
                spot = (distance + cost) & mask
                pool[n_pool, 0] = behind
                pool[n_pool, 1] = heads[spot]
                heads[spot] = n_pool
                n_pool += 1


@kernel
def fill_two_cost_field(
    field: NDArray[np.uint16], goal: int, goal_zone: int, back: NDArray[np.int32],
    is_dear: NDArray[np.bool_], through: NDArray[np.bool_], zones: NDArray[np.int16],
    cost: int, dear_cost: int, queue: NDArray[np.int64], dear_queue: NDArray[np.int64],
) -> None:  # fmt: skip
    """`fill_field` where quarter turns and moves cost the same, but for dear moves.

    States are left in the order of their distance, so those entered at one cost are entered in that
    order too: a queue for each cost is sorted by itself, and the nearest state is at the head of
    one of them. is_dear: bool[4 * n], whether the move that leads to a state is dear. queue,
    dear_queue: int64[12 * n + 5], of distance << 32 | state, scratch.
    """
    field[:] = 65535
    for heading in range(4):
        field[4 * goal + heading] = 0
        queue[heading] = 4 * goal + heading
    n_queued = 4
    n_dear = at = dear_at = 0
    queue[n_queued] = dear_queue[0] = LAST
    while True:
        entry = queue[at]
        if dear_queue[dear_at] < entry:
            entry = dear_queue[dear_at]
            dear_at += 1
        elif entry == LAST:
            return
        else:
            at += 1
        distance = entry >> 32
        state = entry & 0xFFFFFFFF
        if field[state] != min(distance, FAR):
            continue
        beyond = distance + cost
        value = min(beyond, FAR)
        first = state & ~3
        for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
            if value < field[turned]:
                field[turned] = value
                queue[n_queued] = (beyond << 32) | turned
                n_queued += 1
        behind = back[state]
        if behind >= 0 and field[behind] > value:
            cell = state >> 2
            if may_pass(through[cell], cell, goal, goal_zone, zones):
                if not is_dear[state]:
                    field[behind] = value
                    queue[n_queued] = (beyond << 32) | behind
                    n_queued += 1
                else:
                    beyond = distance + dear_cost
                    value = min(beyond, FAR)
                    if value < field[behind]:
                        field[behind] = value
                        dear_queue[n_dear] = (beyond << 32) | behind
                        n_dear += 1
                        dear_queue[n_dear] = LAST
        queue[n_queued] = LAST


@kernel
def _push(
    state: int, distance: int, heads: NDArray[np.int32], pool: NDArray[np.int32], n_pool: int
) -> int:
    """Put the state into the bucket of that distance; returns the new length of the pool."""
    pool[n_pool, 0] = state
    pool[n_pool, 1] = heads[distance]
    heads[distance] = n_pool
    return n_pool + 1


@kernel
def _way_on(
    state: int, field: NDArray[np.uint16], goal: int, goal_zone: int, ahead: NDArray[np.int32],
    costs: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    turn_cost: int,
) -> int:  # fmt: skip
    """Cost of the cheapest way over one of the next states, as far as these are right; 65535
    without any."""
    best = 65535
    first = state & ~3
    for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
        if field[turned] <= FAR:
            best = min(best, np.int64(field[turned]) + turn_cost, FAR)
    there = ahead[state]
    if there < 0 or field[there] > FAR:
        return best
    if may_pass(through[there >> 2], there >> 2, goal, goal_zone, zones):
        best = min(best, np.int64(field[there]) + costs[there], FAR)
    return best


@kernel
def _lose(
    field: NDArray[np.uint16], goal: int, goal_zone: int, ahead: NDArray[np.int32],
    back: NDArray[np.int32], tails: NDArray[np.int32], costs: NDArray[np.int32],
    through: NDArray[np.bool_], zones: NDArray[np.int16], turn_cost: int,
    removed: NDArray[np.int32], lost: NDArray[np.int32], heads: NDArray[np.int32],
    pool: NDArray[np.int32],
) -> int:  # fmt: skip
    """List the states that have no way as short as before, and set them to 65535. Returns how many.

    A state is looked at when all that are nearer to the goal have been, so that one with a way on
    over any of these keeps its distance for good.
    """
    n_pool = n_lost = n_popped = 0
    distance = FAR
    for there in removed:
        behind = tails[there]
        if field[there] < FAR and field[behind] == field[there] + costs[there]:
            value = int(field[behind])
            n_pool = _push(behind, value, heads, pool, n_pool)
            distance = min(distance, value)
    while n_popped < n_pool:
        entry = heads[distance]
        if entry < 0:
            distance += 1
            continue
        n_popped += 1
        state = pool[entry, 0]
        heads[distance] = pool[entry, 1]
        if field[state] != distance:
            continue
        if distance >= _way_on(
            state, field, goal, goal_zone, ahead, costs, through, zones, turn_cost
        ):
            continue
        field[state] = 65535
        lost[n_lost] = state
        n_lost += 1
        first = state & ~3
        for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
            if field[turned] == distance + turn_cost:
                n_pool = _push(turned, distance + turn_cost, heads, pool, n_pool)
        behind = back[state]
        if behind >= 0 and field[behind] == distance + costs[state]:
            n_pool = _push(behind, distance + costs[state], heads, pool, n_pool)
    return n_lost


@kernel
def _spread(
    distance: int, n_pool: int, field: NDArray[np.uint16], goal: int, goal_zone: int,
    back: NDArray[np.int32], costs: NDArray[np.int32], through: NDArray[np.bool_],
    zones: NDArray[np.int16], turn_cost: int, heads: NDArray[np.int32], pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """Dijkstra from states that have become right, the nearest of them at `distance`."""
    n_popped = 0
    while n_popped < n_pool:
        entry = heads[distance]
        if entry < 0:
            distance += 1
            continue
        n_popped += 1
        state = pool[entry, 0]
        heads[distance] = pool[entry, 1]
        if field[state] != distance:
            continue
        value = min(distance + turn_cost, FAR)
        first = state & ~3
        for turned in (first | ((state + 1) & 3), first | ((state + 3) & 3)):
            if value < field[turned]:
                field[turned] = value
                n_pool = _push(turned, value, heads, pool, n_pool)
        behind = back[state]
        if behind < 0:
            continue
        value = min(distance + costs[state], FAR)
        if value < field[behind] and may_pass(
            through[state >> 2], state >> 2, goal, goal_zone, zones
        ):
            field[behind] = value
            n_pool = _push(behind, value, heads, pool, n_pool)


@kernel
def repair_field(
    field: NDArray[np.uint16], goal: int, goal_zone: int, ahead: NDArray[np.int32],
    back: NDArray[np.int32], tails: NDArray[np.int32], costs: NDArray[np.int32],
    through: NDArray[np.bool_], zones: NDArray[np.int16], turn_cost: int,
    removed: NDArray[np.int32], added: NDArray[np.int32], lost: NDArray[np.int32],
    heads: NDArray[np.int32], pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """Bring a field without saturated distances up to date with moves that have come and gone.

    Arguments as of `fill_field`, and: ahead: int32[4 * n], state that driving leads to or -1,
    inverse of back. tails: int32[4 * n], back as it would be with all moves that ever were.
    removed, added: int32[k], states that moves led to when the field was right and do not now, and
    the other way round. lost: int32[4 * n], scratch. heads: int32[FAR + 1], all -1 before and
    after. pool: int32[20 * n + 8, 2].
    """
    n_lost = _lose(
        field, goal, goal_zone, ahead, back, tails, costs, through, zones, turn_cost, removed,
        lost, heads, pool,
    )  # fmt: skip
    n_pool = 0
    nearest = FAR
    for index in range(n_lost + added.size):
        state = lost[index] if index < n_lost else back[added[index - n_lost]]
        way = _way_on(state, field, goal, goal_zone, ahead, costs, through, zones, turn_cost)
        if way < field[state]:
            field[state] = way
            n_pool = _push(state, way, heads, pool, n_pool)
            nearest = min(nearest, way)
    _spread(
        nearest, n_pool, field, goal, goal_zone, back, costs, through, zones, turn_cost, heads,
        pool,
    )  # fmt: skip
