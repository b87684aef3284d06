"""Priority inheritance over operations of several steps (EPIBT; AAAI 2026), an explicit stack.

Every unit holds one operation at any time, and no two of them are in conflict. A unit that wants a
better one may take it from another, if that one finds an operation in turn; otherwise all is as
before. So there is a plan at any moment, and what was promised in the step before is kept until
something better is found.

Nothing is taken from a unit that is more urgent than the one where the chain began, as long as what
it holds brings it nearer to its goal. Where it does not, it makes way for anybody, unless it is
firm: otherwise a unit in a dead end and a more urgent one before it wait for each other forever.
Whom the first firm unit pushes does not do what suits it best: it would flee ahead in a corridor
for good, and never into a bay.

Tables: used[cell, t] is the unit that is on the cell t steps from now, -1 for nobody. Who would be
exchanged on an edge is seen there too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.epibt_ahead_kernels import WAITING, put_in_order

NOBODY, REFUSED = -1, -2


@kernel
def mark(
    unit: int, operation: int, value: int, reach: NDArray[np.int32], nodes: NDArray[np.int32],
    used: NDArray[np.int32],
) -> None:  # fmt: skip
    """Write the cells of the operation into the table: the unit, or nobody."""
    for time in range(1, nodes.shape[1]):
        used[reach[unit, nodes[operation, time]], time] = value


@kernel
def _closes_ring(
    unit: int, cell: int, there: int, time: int, leaving: int, chosen: NDArray[np.int32],
    reach: NDArray[np.int32], nodes: NDArray[np.int32], used: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Whether moving from the cell `there` would make a ring of units that all move at once.

    leaving: a unit that will not keep its operation.
    """
    follower = used[there, time - 1]
    while follower >= 0 and follower != leaving and follower != unit:
        at = reach[follower, nodes[chosen[follower], time]]
        if at == reach[follower, nodes[chosen[follower], time - 1]]:
            return False
        if at == cell:
            return True
        follower = used[at, time - 1]
    return False


@kernel
def in_the_way(
    unit: int, operation: int, allow_cycles: bool, chosen: NDArray[np.int32],
    reach: NDArray[np.int32], nodes: NDArray[np.int32], used: NDArray[np.int32],
) -> int:  # fmt: skip
    """The one unit that the operation is in conflict with, NOBODY, or REFUSED for several or for
    a ring. The unit itself must not be in the table."""
    other = NOBODY
    before = reach[unit, 0]
    for time in range(1, nodes.shape[1]):
        cell = reach[unit, nodes[operation, time]]
        met = used[cell, time]
        if met >= 0 and met != other:
            if other >= 0:
                return REFUSED
            other = met
        if cell != before:
            met = used[cell, time - 1]
            if met >= 0 and met != other and met != unit and used[before, time] == met:
                if other >= 0:
                    return REFUSED
                other = met
        before = cell
    if allow_cycles:
        return other
    before = reach[unit, 0]
    for time in range(1, nodes.shape[1]):
        cell = reach[unit, nodes[operation, time]]
        if cell != before and _closes_ring(
            unit, before, cell, time, other, chosen, reach, nodes, used
        ):
            return REFUSED
        before = cell
    return other


@kernel
def _settle(
    cells: NDArray[np.int32], is_free: NDArray[np.bool_], reach: NDArray[np.int32],
    nodes: NDArray[np.int32], used: NDArray[np.int32], chosen: NDArray[np.int32],
    stack: NDArray[np.int32],
) -> None:  # fmt: skip
    """Put what is left of the last plan into the table; who is not free to drive it, or can not
    any more, waits, and so does everybody who counted on them to move."""
    n_waiting = 0
    n_times = nodes.shape[1]
    for unit in range(cells.size):
        if cells[unit] < 0:
            chosen[unit] = WAITING
            continue
        used[cells[unit], 0] = unit
        can_go = is_free[unit]
        for time in range(1, n_times):
            can_go = can_go and reach[unit, nodes[chosen[unit], time]] >= 0
        if can_go and chosen[unit] != WAITING:
            mark(unit, chosen[unit], unit, reach, nodes, used)
        else:
            chosen[unit] = WAITING
            stack[n_waiting] = unit
            n_waiting += 1
    while n_waiting > 0:
        n_waiting -= 1
        unit = stack[n_waiting]
        for time in range(1, n_times):
            other = used[cells[unit], time]
            if other >= 0 and other != unit:
                mark(other, chosen[other], -1, reach, nodes, used)
                chosen[other] = WAITING
                stack[n_waiting] = other
                n_waiting += 1
        mark(unit, WAITING, unit, reach, nodes, used)


@kernel
def _rank_flight(
    unit: int, flight: NDArray[np.int32], reach: NDArray[np.int32], nodes: NDArray[np.int32],
    ranked: NDArray[np.int16], counts: NDArray[np.int32], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Sort the unit's operations anew: first what leads furthest out of the way, and of that what
    is out of it soonest. keys: scratch, one for each operation."""
    depth = nodes.shape[1] - 1
    for index in range(counts[unit]):
        operation = ranked[unit, index]
        key = int(flight[reach[unit, nodes[operation, depth]]]) << 32
        for time in range(1, depth + 1):
            key += int(flight[reach[unit, nodes[operation, time]]])
        put_in_order(unit, operation, key, index, ranked, keys)


@kernel
def choose_operations(
    order: NDArray[np.int64], cells: NDArray[np.int32], fixed: NDArray[np.bool_],
    is_free: NDArray[np.bool_], reach: NDArray[np.int32], nodes: NDArray[np.int32],
    ranked: NDArray[np.int16], counts: NDArray[np.int32], costs: NDArray[np.int32],
    max_visits: int, n_firm: int, salt: int, allow_cycles: bool, is_escorted: bool,
    flight: NDArray[np.int32], keys: NDArray[np.int64], flees: NDArray[np.bool_],
    used: NDArray[np.int32], chosen: NDArray[np.int32], ranks: NDArray[np.int32],
    visits: NDArray[np.int32], stack: NDArray[np.int32], cursors: NDArray[np.int32],
    before: NDArray[np.int32], on_stack: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Turn chosen[n_units], what is left of the operations of the last step, into those of this.

    order: units, most urgent first. is_free: units that are where the last step meant them to be
    and may go on; fixed: those that must stay. max_visits: how often one unit may be asked to
    choose anew. n_firm: that many of the most urgent make way for nobody, and whom the first of
    them pushes begins anywhere in its list, by the salt. is_escorted: the first of all is escorted;
    whom it pushes flees from its way instead, and that is final. flight: int32[n_cells], steps out
    of the way. flees: bool[n_units], filled: units that do. Without `allow_cycles` no ring of units
    moves at once. used: int32[n_cells, depth + 1], all -1 before, filled after (clear_table);
    on_stack: all False. ranks, visits, stack, cursors, before: scratch of n_units.
    """
    n_units = cells.size
    for position in range(n_units):
        ranks[order[position]] = position
        visits[position] = 0
        flees[position] = False
    _settle(cells, is_free, reach, nodes, used, chosen, stack)
    for position in range(n_units):
        root = order[position]
        if cells[root] < 0 or fixed[root] or flees[root] or ranked[root, 0] == chosen[root]:
            continue
        stack[0] = root
        cursors[0] = 0
        before[0] = chosen[root]
        on_stack[root] = True
        mark(root, chosen[root], -1, reach, nodes, used)
        height = 0
        while height >= 0:
            unit = stack[height]
            other = REFUSED
            operation = before[height]
            while cursors[height] < counts[unit]:
                place = cursors[height]
                if height > 0 and position == 0 and n_firm > 0 and not is_escorted:
                    place = (place + salt + 7919 * unit) % counts[unit]
                operation = ranked[unit, place]
                cursors[height] += 1
                if operation == before[height]:
                    if height == 0:
                        break  # nothing better to be had
                    continue
                other = in_the_way(unit, operation, allow_cycles, chosen, reach, nodes, used)
                if other >= 0 and (
                    fixed[other] or on_stack[other] or flees[other] or visits[other] >= max_visits
                    or (
                        ranks[other] < position
                        and (
                            ranks[other] < n_firm
                            or costs[other, chosen[other]] < costs[other, WAITING]
                        )
                    )
                ):  # fmt: skip
                    other = REFUSED
                if other != REFUSED:
                    break
            if other == REFUSED:
                on_stack[unit] = False
                chosen[unit] = before[height]
                height -= 1
                if height >= 0:
                    asker = stack[height]
                    mark(asker, chosen[asker], -1, reach, nodes, used)
                mark(unit, chosen[unit], unit, reach, nodes, used)
                continue
            chosen[unit] = operation
            if other == NOBODY:
                mark(unit, operation, unit, reach, nodes, used)
                for index in range(height + 1):
                    on_stack[stack[index]] = False
                    flees[stack[index]] = is_escorted and position == 0
                height = -1
                continue
            if is_escorted and position == 0 and visits[other] == 0:
                _rank_flight(other, flight, reach, nodes, ranked, counts, keys)
            visits[other] += 1
            mark(other, chosen[other], -1, reach, nodes, used)
            mark(unit, operation, unit, reach, nodes, used)
            height += 1
            stack[height] = other
            cursors[height] = 0
            before[height] = chosen[other]
            on_stack[other] = True


@kernel
def clear_table(
    cells: NDArray[np.int32], chosen: NDArray[np.int32], reach: NDArray[np.int32],
    nodes: NDArray[np.int32], used: NDArray[np.int32],
) -> None:  # fmt: skip
    """Take all units out of the table."""
    for unit in range(cells.size):
        if cells[unit] >= 0:
            used[cells[unit], 0] = -1
            mark(unit, chosen[unit], -1, reach, nodes, used)
