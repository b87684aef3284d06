"""The courier's loops over messages and units.

States that say nothing but progress are taken in here; all others are left to the courier.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

RING = 64
RING_MASK = RING - 1
EPOCH_BITS = 32
PLACED, STRAY = 2, 3
DRIVE = 0
PAUSE, RESUME, CANCEL, RETRY = 0, 1, 2, 3
STALE, LOST, ABSENT = 4, 8, 32
Records = NDArray[np.void]


@kernel
def hear_states(
    states: Records, now_s: float, epoch: int, books: Records, latest: Records,
    cells: NDArray[np.int32], odd: NDArray[np.int32],
) -> int:  # fmt: skip
    """Take in states; those that need thought are listed by row. Returns how many those are.

    cells: int32[n_units, RING], of the books. odd: int32[at least as many as states].
    """
    n_odd = 0
    for row in range(states.size):
        state = states[row]
        book = books[state.unit]
        # Meant for an earlier controller: the unit may still take that one's messages.
        if state.epoch != epoch:
            continue
        # Said before the unit was switched on again: it has forgotten what it says there.
        if state.session < book.heard_session:
            continue
        # Overtaken by a newer one.
        if state.session == book.heard_session and state.seq <= book.seq:
            continue
        book.heard_session = state.session
        book.heard_s = now_s
        book.seq = state.seq
        latest[state.unit] = states[row]
        if (
            book.stage != PLACED
            or state.session != book.session
            or state.order != book.order
            or book.cancel != 0
            or (state.tombstone >= book.order and book.is_dead == 0)
            # Stands where none of its steps leads, or has done what it was never given.
            or cells[state.unit, state.done & RING_MASK] != state.cell
            or state.done > book.released
        ):
            odd[n_odd] = row
            n_odd += 1
        elif state.order != 0:
            take_progress(book, state)
            book.is_echoed = 1
            book.is_anew = 0
            book.base = max(book.base, state.base)
    return n_odd


@kernel
def take_progress(book: Any, state: Any) -> None:
    """Steps done under an order of the unit: true for ever, so the greatest numbers count."""
    book.done = max(book.done, state.done)
    book.cleared = max(book.cleared, state.cleared)
    book.laden = 1 if state.load >= 0 else 0


@kernel
def write_orders(
    now_s: float, epoch: int, count: int, resend_s: float, books: Records, cells: NDArray[np.int32],
    acts: NDArray[np.int8], speeds: NDArray[np.float32], orders: Records,
) -> tuple[int, int]:  # fmt: skip
    """Write the orders that are due: new ones, longer ones, and those not echoed for too long.

    count: of orders begun in this epoch so far. orders: ORDER[n_units]. Returns the number of
    orders written, and the count.
    """
    n_out = 0
    for unit in range(books.size):
        book = books[unit]
        # Nobody knows which steps a unit can take that has not said where it stands; and one that
        # is being cancelled must not be told to go on.
        if book.stage != PLACED or book.cancel != 0:
            continue
        has_news = book.ahead_step == book.released + 1 and book.is_new != 0
        if book.is_dead != 0:
            if book.released <= book.done and not has_news:
                continue
            if book.is_echoed != 0:
                book.before = book.order
            count += 1
            # A new number: nothing said under the old one can be mistaken for it.
            book.order = (np.int64(epoch) << EPOCH_BITS) | np.int64(count)
            book.stand = book.done
            book.base = book.done
            book.is_dead = 0
            book.is_echoed = 0
            book.is_new = 1
        is_open = book.base < book.released or book.is_echoed == 0
        is_due = is_open and now_s - book.sent_s >= resend_s - 1e-9
        if book.is_new == 0 and not is_due:
            continue
        book.is_new = 0
        book.sent_s = now_s
        order = orders[n_out]
        n_out += 1
        order.unit = unit
        order.order = book.order
        order.epoch = epoch
        order.session = book.session
        order.stand = book.stand
        order.first = book.stand if book.is_echoed == 0 else book.done
        order.last = book.released
        order.is_anew = book.is_anew
        order.ahead = book.ahead_cell if book.ahead_step == book.released + 1 else -1
        for step in range(order.first, order.last + 1):
            slot = step & RING_MASK
            order.cells[slot] = cells[unit, slot]
            order.acts[slot] = acts[unit, slot]
            order.speeds[slot] = speeds[unit, slot]
    return n_out, count


@kernel
def write_instants(
    now_s: float, epoch: int, resend_s: float, books: Records, latest: Records, instants: Records
) -> int:
    """Write PAUSE, RESUME, RETRY and CANCEL that are not echoed yet and due. Returns how many.

    instants: INSTANT[3 * n_units].
    """
    n_out = 0
    for unit in range(books.size):
        book = books[unit]
        if book.wish == 0 and book.retry == 0 and book.cancel <= 0:
            continue
        if book.session < 0 or now_s - book.instant_s < resend_s - 1e-9:
            continue
        state = latest[unit]
        first = n_out
        if book.cancel > 0 and state.tombstone < book.cancel:
            n_out = _write_instant(instants, n_out, book.cancel, CANCEL)
        if state.wish < book.wish:
            n_out = _write_instant(instants, n_out, book.wish, book.wish_kind)
        if state.retried < book.retry:
            n_out = _write_instant(instants, n_out, book.retry, RETRY)
        for row in range(first, n_out):
            book.instant_s = now_s
            instants[row].unit = unit
            instants[row].epoch = epoch
            instants[row].session = book.session
    return n_out


@kernel
def _write_instant(instants: Records, row: int, number: int, request: int) -> int:
    instants[row].number = number
    instants[row].request = request
    return row + 1


@kernel
def write_news(
    now_s: float, stale_s: float, lost_s: float, books: Records, latest: Records,
    numbers: NDArray[np.int32], faults: NDArray[np.int8], conditions: NDArray[np.int32],
    flags: NDArray[np.int8],
) -> tuple[int, int, int]:  # fmt: skip
    """Progress and conditions that have changed since they were told. Returns the rows of both, and
    how many units stand where nobody expects them.

    numbers: int32[3, n_units], unit, done, cleared. faults: int8[n_units]. conditions: int32[2,
    n_units], unit, session. flags: int8[n_units].
    """
    n_out = 0
    n_changed = 0
    n_stray = 0
    for unit in range(books.size):
        book = books[unit]
        fault = latest[unit].fault
        if book.stage == PLACED and (
            book.done != book.told_done
            or book.cleared != book.told_cleared
            or fault != book.told_fault
        ):
            book.told_done = book.done
            book.told_cleared = book.cleared
            book.told_fault = fault
            numbers[0, n_out] = unit
            numbers[1, n_out] = book.done
            numbers[2, n_out] = book.cleared
            faults[n_out] = fault
            n_out += 1
        # Silence is told, and nothing more: a unit that is not heard goes on with what it has.
        now_flags = latest[unit].flags
        silence_s = now_s - book.heard_s
        if silence_s > stale_s + 1e-9:
            now_flags |= STALE
        if silence_s > lost_s + 1e-9:
            now_flags |= LOST
        if book.stage == STRAY:
            now_flags |= ABSENT
            n_stray += 1
        if now_flags != book.told_flags or book.session != book.told_session:
            book.told_flags = now_flags
            book.told_session = book.session
            conditions[0, n_changed] = unit
            conditions[1, n_changed] = book.session
            flags[n_changed] = now_flags
            n_changed += 1
    return n_out, n_changed, n_stray


@kernel
def note_rows(
    units: NDArray[np.int32], steps: NDArray[np.int32], row_cells: NDArray[np.int32],
    row_acts: NDArray[np.int8], row_speeds: NDArray[np.float32], books: Records,
    cells: NDArray[np.int32], acts: NDArray[np.int8], speeds: NDArray[np.float32],
) -> int:  # fmt: skip
    """Put released steps down in the books. Returns -1, or the row too far ahead of its unit; then
    nothing is put down. row_speeds: float32[k], or empty for no limits."""
    for row in range(units.size):
        if steps[row] - books[units[row]].done > RING_MASK:
            return row
    for row in range(units.size):
        unit, slot = units[row], steps[row] & RING_MASK
        cells[unit, slot] = row_cells[row]
        acts[unit, slot] = row_acts[row]
        speeds[unit, slot] = row_speeds[row] if row_speeds.size else np.float32(np.inf)
        books[unit].released = steps[row]
        books[unit].is_new = 1
    return -1
