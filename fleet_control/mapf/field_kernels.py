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
    costs: NDArray[np.uint8], through: NDArray[np.bool_], zones: NDArray[np.int16],
    turn_cost: int, lengths: NDArray[np.int64], buckets: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Fill field[4 * cell + heading] with the cost to reach `goal` with any heading.

    Cells are ranks among driveable cells here. back: int32[4 * n], state from which driving along
    the heading leads to this state, or -1; costs: uint8[4 * n], cost of that move, turn_cost: of a
    quarter turn, none of them 0. Cells that are not `through` are passed only inside the goal's own
    zone; elsewhere they get a distance (a unit may start there) but no path leads over them.
    buckets: uint32[n_buckets, 4 * n], a power of two of them above the dearest edge, scratch. They
    need no more room: one holds states of one distance at a time, and a state comes to a distance
    once. lengths: int64[n_buckets], scratch.
    """
    field[:] = 65535
    lengths[:] = 0
    mask = lengths.size - 1
    for heading in range(4):
        field[4 * goal + heading] = 0
        buckets[0, heading] = 4 * goal + heading
    lengths[0] = 4
    distance = n_empty = 0
    while n_empty <= mask:
        here = distance & mask
        n_here = lengths[here]
        lengths[here] = 0
        n_empty = 0 if n_here else n_empty + 1
        value = min(distance, FAR)
        turned_value = min(distance + turn_cost, FAR)
        turned_bucket = (distance + turn_cost) & mask
        n_turned = lengths[turned_bucket]
        for at in range(n_here):
            state = buckets[here, at]
            if field[state] != value:
                continue
            # Unsigned, or else every index is asked whether it counts from the end.
            for turned in (state ^ np.uint32(1), state ^ np.uint32(3)):
                if turned_value < field[turned]:
                    field[turned] = turned_value
                    buckets[turned_bucket, n_turned] = turned
                    n_turned += 1
            behind = back[state]
            if behind < 0:
                continue
            beyond = distance + costs[state]
            if min(beyond, FAR) >= field[behind]:
                continue
            cell = state >> np.uint32(2)
            if may_pass(through[cell], cell, goal, goal_zone, zones):
                field[behind] = min(beyond, FAR)
                spot = beyond & mask
                if spot == turned_bucket:
                    buckets[spot, n_turned] = behind
                    n_turned += 1
                else:
                    buckets[spot, lengths[spot]] = behind
                    lengths[spot] += 1
        lengths[turned_bucket] = n_turned
        distance += 1


@kernel
def fill_dear_field(
    field: NDArray[np.uint16], goal: int, goal_zone: int, back: NDArray[np.int32],
    costs: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    turn_cost: int, heads: NDArray[np.int32], pool: NDArray[np.int32],
) -> None:  # fmt: skip
    """`fill_field` for costs of any size, where buckets of their own room would take too much.

    costs: int32[4 * n]. heads: int32[n_buckets], a power of two above the dearest edge, scratch.
    pool: int32[12 * n + 4, 2], linked lists of (state, next entry), scratch.
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
