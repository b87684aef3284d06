"""The units' end of the link: which orders they take, and what they say about themselves.

Units are on their own here: an agent knows its unit and what it was told, nothing of the
controller's books. Steps are numbered twice. An order counts as the controller does; the unit
counts every step it was ever given. `offset` is the difference, and begins anew with each order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

RING = 64
RING_MASK = RING - 1
DRIVE = 0
DRIVING, TURNING = 1, 2
PAUSED, STARTING = 1, 2
Records = NDArray[np.void]


@kernel
def hear_orders(
    orders: Records, now_s: float, agents: Records, units: Records, cells: NDArray[np.int32],
    own_cells: NDArray[np.int32], own_acts: NDArray[np.int8], own_speeds: NDArray[np.float32],
    woken: NDArray[np.int32],
) -> int:  # fmt: skip
    """Take orders, or not. What they allow is in the agents' rings up to `base` afterwards.

    units: UNIT records of the twin, and cells: int32[n_units, RING], its steps. own_cells,
    own_acts, own_speeds: [n_units, RING], steps in the unit's numbers. woken: int32[at least as
    many as orders], units that have steps again after they had forgotten theirs. Returns how many.
    """
    n_woken = 0
    for row in range(orders.size):
        order = orders[row]
        agent = agents[order.unit]
        unit = units[order.unit]
        if agent.is_off != 0 or now_s < agent.starts_s:
            continue
        # Meant for another life of this unit: it may stand elsewhere by now.
        if order.session != agent.session:
            continue
        # Sent by a controller that has been replaced; the new one does not know of it.
        if order.epoch < agent.epoch:
            continue
        agent.epoch = order.epoch
        agent.frame_s = now_s
        # Given up, or overtaken by its own cancelling: its cells may be another's by now.
        if order.order <= agent.tombstone:
            continue
        if order.order > agent.order:
            if not can_begin(order, agent, unit, cells):
                continue
            if agent.has_forgotten != 0:
                agent.has_forgotten = 0
                woken[n_woken] = order.unit
                n_woken += 1
            agent.order = order.order
            agent.offset = unit.done - order.stand
            agent.base = unit.released
            agent.is_cancelled = 0
            agent.stands = 0
            agent.is_fresh = 1
        elif order.order < agent.order:
            continue
        # The order says the last step, not how many more: a second copy changes nothing.
        for step in range(agent.base - agent.offset + 1, order.last + 1):
            theirs, own = step & RING_MASK, (step + agent.offset) & RING_MASK
            own_cells[order.unit, own] = order.cells[theirs]
            own_acts[order.unit, own] = order.acts[theirs]
            own_speeds[order.unit, own] = order.speeds[theirs]
            agent.base = step + agent.offset
            agent.is_fresh = 1
        agent.ahead_step = order.last + 1 + agent.offset
        agent.ahead_cell = order.ahead
    return n_woken


@kernel
def can_begin(order: Any, agent: Any, unit: Any, cells: NDArray[np.int32]) -> bool:
    """Whether the unit is where a new order begins, and has nothing else to do."""
    index = order.unit
    if cells[index, unit.done & RING_MASK] != order.cells[order.stand & RING_MASK]:
        return False
    # The cell alone does not tell: a lift that has been finished meanwhile was on the same.
    if agent.order != 0 and order.is_anew == 0 and order.stand != unit.done - agent.offset:
        return False
    if unit.done == agent.base:
        return True
    # Between two cells, at a stand and with nothing to do but to finish this step: only an order
    # that begins with the same step.
    at_rest = agent.stands != 0 or agent.has_forgotten != 0
    if not at_rest or agent.base != unit.done + 1 or order.last <= order.stand:
        return False
    slot = (order.stand + 1) & RING_MASK
    beyond = cells[index, (unit.done + 1) & RING_MASK]
    return order.acts[slot] == DRIVE and order.cells[slot] == beyond


@kernel
def take_steps(
    agents: Records, own_cells: NDArray[np.int32], own_acts: NDArray[np.int8],
    own_speeds: NDArray[np.float32], units: Records, rows: NDArray[np.int32],
    row_acts: NDArray[np.int8], row_speeds: NDArray[np.float32], hints: NDArray[np.int32],
) -> tuple[int, int, bool]:  # fmt: skip
    """Steps that units may do and their drives do not have yet; and where they go on then.

    rows: int32[3, k], unit, step, cell, and row_acts, row_speeds with them. hints: int32[3,
    n_units], unit, step, cell. Returns the numbers of both, and whether any speed is limited.
    """
    n_rows = 0
    n_hints = 0
    is_limited = False
    for index in range(agents.size):
        agent, unit = agents[index], units[index]
        if agent.is_held != 0 or agent.is_off != 0:
            continue
        for step in range(unit.released + 1, agent.base + 1):
            slot = step & RING_MASK
            rows[0, n_rows] = index
            rows[1, n_rows] = step
            rows[2, n_rows] = own_cells[index, slot]
            row_acts[n_rows] = own_acts[index, slot]
            row_speeds[n_rows] = own_speeds[index, slot]
            is_limited |= own_speeds[index, slot] < np.inf
            n_rows += 1
        if agent.ahead_step == agent.base + 1 and agent.ahead_cell >= 0:
            hints[0, n_hints] = index
            hints[1, n_hints] = agent.ahead_step
            hints[2, n_hints] = agent.ahead_cell
            n_hints += 1
            agent.ahead_step = 0
    return n_rows, n_hints, is_limited


@kernel
def hear_hellos(hellos: Records, now_s: float, agents: Records) -> None:
    """A controller shows that it is there: nothing of an earlier one counts from now on."""
    for row in range(hellos.size):
        agent = agents[hellos[row].unit]
        if agent.is_off != 0 or hellos[row].epoch < agent.epoch:
            continue
        if hellos[row].epoch > agent.epoch:
            agent.is_fresh = 1
        agent.epoch = hellos[row].epoch
        agent.frame_s = now_s


@kernel
def watch_silence(
    now_s: float, deadman_s: float, agents: Records, turned: NDArray[np.int32]
) -> int:
    """Units that begin or end to hold since they hear nothing. Returns how many.

    turned: int32[n_units].
    """
    n_turned = 0
    for index in range(agents.size):
        agent = agents[index]
        is_held = 1 if now_s - agent.frame_s > deadman_s + 1e-9 else 0
        if is_held != agent.is_held and agent.is_off == 0:
            agent.is_held = is_held
            turned[n_turned] = index
            n_turned += 1
    return n_turned


@kernel
def tell_states(
    now_s: float, tell_s: float, agents: Records, units: Records, cells: NDArray[np.int32],
    told: Records, states: Records,
) -> int:  # fmt: skip
    """Write the states of units with news, and of those that said nothing for `tell_s`.

    told: STATE[n_units], what each said last. states: STATE[n_units]. Returns how many.
    """
    n_out = 0
    for index in range(agents.size):
        agent, unit, last = agents[index], units[index], told[index]
        if agent.is_off != 0:
            continue
        done, cleared, base = numbers_of(agent, unit)
        flags = agent.flags
        if now_s < agent.starts_s:
            flags |= STARTING
        if (
            agent.is_fresh == 0
            and done == last.done
            and cleared == last.cleared
            and base == last.base
            and unit.fault == last.fault
            and flags == last.flags
            and now_s - agent.told_s < tell_s - 1e-9
        ):
            continue
        agent.is_fresh = 0
        agent.told_s = now_s
        agent.seq += 1
        last.seq = agent.seq
        last.order = agent.order
        last.tombstone = agent.tombstone
        last.wish = agent.wish
        last.retried = agent.retried
        last.unit = index
        last.session = agent.session
        last.epoch = agent.epoch
        last.done, last.cleared, last.base = done, cleared, base
        place_of(last, agent, unit, index, cells, flags)
        last.load = unit.carried
        last.fault = unit.fault
        last.flags = flags
        last.stands = agent.stands
        last.heading = unit.heading
        states[n_out] = told[index]
        n_out += 1
    return n_out


@kernel
def place_of(
    state: Any, agent: Any, unit: Any, index: int, cells: NDArray[np.int32], flags: int
) -> None:
    """The centre reached last, and the cell that the unit is on its way to, as far as it knows."""
    state.cell = cells[index, unit.done & RING_MASK]
    state.next = -1
    is_between = (unit.mode == DRIVING and unit.along > 0.0) or agent.has_forgotten != 0
    if unit.mode == TURNING and unit.keeps_turn != 0:
        is_between = True
    if is_between and unit.released > unit.done:
        state.next = cells[index, (unit.done + 1) & RING_MASK]
    if flags & STARTING:
        state.cell = -1
        state.next = -1


@kernel
def numbers_of(agent: Any, unit: Any) -> tuple[int, int, int]:
    """Steps done, cleared and allowed, as its order counts them; without one there are none."""
    if agent.order == 0:
        return 0, 0, 0
    return unit.done - agent.offset, unit.cleared - agent.offset, agent.base - agent.offset
