"""Improvement of a plan of operations by large neighbourhood search (EPIBT+LNS; AAAI 2026).

Priority inheritance lets the most urgent choose first, so a small gain of theirs may cost others
much. Here any unit may take from any other: a chain of units that choose anew, one pushed by the
other, is kept if all of them together lose nothing by it. What an operation costs its unit counts
by the unit's weight. A chain that gains nothing is kept too, or the search would soon stand still.

Chains are looked for depth first. What the units of a chain held before is on the stack and is put
back where the chain leads nowhere, so a chain costs what it touches and no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.epibt_kernels import NOBODY, REFUSED, in_the_way, mark


@kernel
def _draw(state: NDArray[np.uint64], below: int) -> int:
    """A number from 0 to below - 1 (xorshift64*, Vigna 2016). state: uint64[1], not 0."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    high = (x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)
    return int((high * np.uint64(below)) >> np.uint64(31))


@kernel
def _gain(
    unit: int, held: int, operation: int, weights: NDArray[np.int64], costs: NDArray[np.int32]
) -> int:
    """What it is worth that the unit leaves the operation that it holds for the other; of two
    that cost the same the higher number is a little better."""
    cheaper = np.int64(costs[unit, held]) - costs[unit, operation]
    return int(weights[unit] * (cheaper * costs.shape[1] + operation - held))


@kernel
def _find_chain(
    root: int, max_looks: int, weights: NDArray[np.int64], is_held: NDArray[np.bool_],
    reach: NDArray[np.int32], nodes: NDArray[np.int32], ranked: NDArray[np.int16],
    counts: NDArray[np.int32], costs: NDArray[np.int32], allow_cycles: bool,
    used: NDArray[np.int32], chosen: NDArray[np.int32], stack: NDArray[np.int32],
    cursors: NDArray[np.int32], before: NDArray[np.int32], gains: NDArray[np.int64],
    on_stack: NDArray[np.bool_],
) -> int:  # fmt: skip
    """Make the first chain that begins with the root and loses nothing; what it gains, 0 for none.

    A unit is pushed only if its best operation would make up for what the chain has lost so far.
    """
    looks = height = 0
    stack[0], cursors[0], before[0], gains[0] = root, 0, chosen[root], 0
    on_stack[root] = True
    mark(root, chosen[root], -1, reach, nodes, used)
    while height >= 0:
        unit, held = stack[height], before[height]
        other, gain = REFUSED, np.int64(0)
        while other == REFUSED and cursors[height] < counts[unit] and looks < max_looks:
            operation = ranked[unit, cursors[height]]
            cursors[height] += 1
            if operation == held:
                if height == 0:
                    break  # the root wants better, or nothing
                continue
            looks += 1
            gain = gains[height] + _gain(unit, held, operation, weights, costs)
            other = in_the_way(unit, operation, allow_cycles, chosen, reach, nodes, used)
            if other >= 0:
                hope = _gain(other, chosen[other], ranked[other, 0], weights, costs)
                if is_held[other] or on_stack[other] or gain + hope < 0:
                    other = REFUSED
            elif other == NOBODY and gain < 0:
                other = REFUSED
            if other != REFUSED:
                chosen[unit] = operation
        if other == REFUSED:
            on_stack[unit] = False
            chosen[unit] = held
            height -= 1
            if height >= 0:
                asker = stack[height]
                mark(asker, chosen[asker], -1, reach, nodes, used)
            mark(unit, held, unit, reach, nodes, used)
            continue
        if other >= 0:
            mark(other, chosen[other], -1, reach, nodes, used)
        mark(unit, chosen[unit], unit, reach, nodes, used)
        if other == NOBODY:
            for index in range(height + 1):
                on_stack[stack[index]] = False
            return int(gain)
        height += 1
        stack[height], cursors[height], before[height] = other, 0, chosen[other]
        gains[height] = gain
        on_stack[other] = True
    return 0


@kernel
def improve(
    n_chains: int, max_looks: int, state: NDArray[np.uint64], roots: NDArray[np.int32],
    weights: NDArray[np.int64], is_held: NDArray[np.bool_], reach: NDArray[np.int32],
    nodes: NDArray[np.int32], ranked: NDArray[np.int16], counts: NDArray[np.int32],
    costs: NDArray[np.int32], allow_cycles: bool, used: NDArray[np.int32],
    chosen: NDArray[np.int32], stack: NDArray[np.int32], cursors: NDArray[np.int32],
    before: NDArray[np.int32], gains: NDArray[np.int64], on_stack: NDArray[np.bool_],
) -> int:  # fmt: skip
    """Try so many chains from roots drawn by lot; what the plan gains, never less than 0.

    roots: int32[n], units, at least one. weights: int64[n_units], positive. is_held: bool[n_units],
    units that keep what they hold. The other arrays are those of `choose_operations`, the table
    `used` filled. max_looks: operations looked at for one chain. state: uint64[1], of chance, not
    0. stack, cursors, before, gains: scratch of n_units; on_stack: all False before and after.
    """
    total = 0
    for _ in range(n_chains):
        root = roots[_draw(state, roots.size)]
        if not is_held[root] and ranked[root, 0] != chosen[root]:
            total += _find_chain(
                root, max_looks, weights, is_held, reach, nodes, ranked, counts, costs,
                allow_cycles, used, chosen, stack, cursors, before, gains, on_stack,
            )  # fmt: skip
    return total
