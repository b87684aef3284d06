"""One step of priority inheritance with backtracking (PIBT; Okumura et al. 2022, algorithm 1).

On cells, with turns left to execution: turning shows only in the cost of a candidate, so a unit
that must turn never blocks the step itself ("causal" PIBT). The recursion is an explicit stack.
Other than there, pushes that shove a unit away from its goal are rationed (priority_kernels.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.field_kernels import NO_WAY, may_pass

N_CANDIDATES = 5
"""Four neighbours and staying."""


@kernel
def _mix(value: int) -> int:
    """A well-spread hash of a 64-bit word (SplitMix64 finaliser), the source of tie-breaks."""
    z = np.uint64(value) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def _list_candidates(
    unit: int, cells: NDArray[np.int32], headings: NDArray[np.int8], goals: NDArray[np.int32],
    slots: NDArray[np.int32], loads: NDArray[np.int8], neighbours: NDArray[np.int32],
    surcharges: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    compact: NDArray[np.int32], fields: NDArray[np.uint16], turn_cost: int, salt: int,
    at_now: NDArray[np.int32], candidates: NDArray[np.int32],
    counts: NDArray[np.int32], stays: NDArray[np.int32], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Cells the unit may be on after this step, cheapest first, into candidates[unit].

    stays[unit]: where in that order staying comes; what comes after it leads away from the goal.
    """
    here = cells[unit]
    goal = goals[unit]
    heading = headings[unit]
    load = loads[unit]
    dice = _mix(salt + unit)
    count = 0
    goal_zone = -1
    if goal >= 0:
        goal_zone = zones[goal]
    for step in range(5):
        if step == 4:
            cell = here
            cost = 0
            if goal >= 0:
                cost = np.int64(fields[slots[unit], 4 * compact[here] + heading])
        else:
            cell = neighbours[here, step]
            if cell < 0:
                continue
            if not may_pass(through[load, cell], cell, goal, goal_zone, zones):
                continue
            turns = (step - heading) & 3
            if turns == 3:
                turns = 1
            cost = np.int64(turns * turn_cost + surcharges[here, step])
            if goal >= 0:
                ahead = fields[slots[unit], 4 * compact[cell] + step]
                if ahead == NO_WAY:
                    continue
                cost += np.int64(ahead)
            else:
                cost += 2
        key = (cost << 5) | np.int64((dice >> np.uint64(8 * step)) & np.uint64(15))
        if step < 4 and at_now[cell] >= 0:
            key |= 16
        place = count
        while place > 0 and keys[place - 1] > key:
            keys[place] = keys[place - 1]
            candidates[unit, place] = candidates[unit, place - 1]
            place -= 1
        keys[place] = key
        candidates[unit, place] = cell
        stays[unit] = place  # staying is put in last, so nothing moves it any more
        count += 1
    counts[unit] = count


@kernel
def _closes_cycle(
    unit: int, occupant: int, cells: NDArray[np.int32], chosen: NDArray[np.int32],
    at_now: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Whether moving behind `occupant` would make a ring of units that all move at once."""
    follower = occupant
    while True:
        target = chosen[follower]
        if target < 0 or target == cells[follower]:
            return False
        follower = at_now[target]
        if follower < 0:
            return False
        if follower == unit:
            return True


@kernel
def plan_step(
    order: NDArray[np.int64], max_shoves: NDArray[np.int32], cells: NDArray[np.int32],
    headings: NDArray[np.int8], goals: NDArray[np.int32], slots: NDArray[np.int32],
    loads: NDArray[np.int8], fixed: NDArray[np.bool_], neighbours: NDArray[np.int32],
    surcharges: NDArray[np.int32], through: NDArray[np.bool_], zones: NDArray[np.int16],
    compact: NDArray[np.int32], fields: NDArray[np.uint16], turn_cost: int, salt: int,
    allow_cycles: bool, at_now: NDArray[np.int32], at_next: NDArray[np.int32],
    chosen: NDArray[np.int32], candidates: NDArray[np.int32], counts: NDArray[np.int32],
    stays: NDArray[np.int32], cursors: NDArray[np.int32], stack: NDArray[np.int32],
    shoved: NDArray[np.int32], keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Fill chosen[n_units] with the cell of every unit after this step.

    order: units, most urgent first. max_shoves: units that each may shove. fixed units stay. A unit
    that is not on the floor has cell -1 and stays there.
    Without `allow_cycles` no ring of three or more units moves at once: events could not execute
    it. at_now, at_next: int32[n_cells], all -1 before and after the call.
    """
    n_units = cells.size
    for unit in range(n_units):
        chosen[unit] = -1
        if cells[unit] >= 0:
            at_now[cells[unit]] = unit
    for unit in range(n_units):
        if fixed[unit] and cells[unit] >= 0:
            chosen[unit] = cells[unit]
            at_next[cells[unit]] = unit
    for position in range(n_units):
        root = order[position]
        if chosen[root] >= 0 or cells[root] < 0:
            continue
        _list_candidates(
            root, cells, headings, goals, slots, loads, neighbours, surcharges, through, zones,
            compact, fields, turn_cost, salt, at_now, candidates, counts,
            stays, keys,
        )  # fmt: skip
        cursors[root] = 0
        stack[0] = root
        shoved[0] = 0
        depth = 0
        while depth >= 0:
            unit = stack[depth]
            here = cells[unit]
            pushed = -1
            settled = False
            while cursors[unit] < counts[unit]:
                is_shoved = depth > 0 and goals[unit] >= 0 and cursors[unit] > stays[unit]
                if is_shoved and shoved[depth - 1] >= max_shoves[root]:
                    break
                cell = candidates[unit, cursors[unit]]
                cursors[unit] += 1
                if at_next[cell] >= 0:
                    continue
                occupant = at_now[cell]
                if occupant >= 0 and occupant != unit:
                    if chosen[occupant] >= 0:
                        if chosen[occupant] == here:
                            continue
                        if not allow_cycles and _closes_cycle(
                            unit, occupant, cells, chosen, at_now
                        ):
                            continue
                    else:
                        pushed = occupant
                chosen[unit] = cell
                at_next[cell] = unit
                settled = pushed < 0
                if depth > 0:
                    shoved[depth] = shoved[depth - 1] + is_shoved
                break
            if pushed >= 0:
                _list_candidates(
                    pushed, cells, headings, goals, slots, loads, neighbours, surcharges,
                    through, zones, compact, fields, turn_cost, salt, at_now, candidates,
                    counts, stays, keys,
                )  # fmt: skip
                cursors[pushed] = 0
                depth += 1
                stack[depth] = pushed
            elif settled:
                depth = -1  # the whole chain of pushes moves
            else:
                chosen[unit] = here
                at_next[here] = unit
                depth -= 1
                if depth >= 0:
                    chosen[stack[depth]] = -1
    for unit in range(n_units):
        if cells[unit] >= 0:
            at_now[cells[unit]] = -1
            at_next[chosen[unit]] = -1
