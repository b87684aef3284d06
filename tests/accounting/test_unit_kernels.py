"""Units and their waits are booked as plain loops over plain lists book them."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control import driving
from fleet_control.accounting import unit_kernels as kernels
from fleet_control.accounting.unit_ledger import UnitUse
from fleet_control.backend import Condition
from fleet_control.execution.kernels import RING
from fleet_control.execution.wait_kernels import FREE, LOST, find_roots
from fleet_control.execution.wait_kernels import RING as IN_RING

N_UNITS, N_CELLS = 14, 9


def test_numbers_are_those_of_the_code_that_sets_them() -> None:
    assert kernels.LOW_BATTERY == Condition.LOW_BATTERY
    assert kernels.DRIVING_QUEUEING == driving.QUEUEING
    assert kernels.DRIVING_AT_STATION == driving.AT_STATION
    assert driving.LOADED == 0
    assert driving.EMPTY_RUN == 1
    assert len(UnitUse) == kernels.N_COLUMNS


def use_of(
    state: int, *, is_suspended: bool, has_steps: bool, drives: bool, acts: bool, is_parked: bool,
    is_low: bool,
) -> UnitUse:  # fmt: skip
    if is_suspended:
        return UnitUse.STOPPED
    if state in (driving.LOADED, driving.EMPTY_RUN):
        if drives and not has_steps:
            return UnitUse.WAITING
        if acts:
            return UnitUse.LIFTING
        return UnitUse.LOADED if state == driving.LOADED else UnitUse.EMPTY
    if state == driving.QUEUEING:
        return UnitUse.QUEUEING if drives else UnitUse.SLOT
    if state == driving.AT_STATION:
        return UnitUse.AT_STATION
    if is_parked:
        return UnitUse.PARKED
    return UnitUse.CHARGING if is_low else UnitUse.NO_TASK


@pytest.mark.parametrize("seed", range(30))
def test_every_unit_is_booked_once_and_on_what_it_is_at(seed: int) -> None:
    rng = np.random.default_rng(seed)
    states = rng.choice([0, 1, 2, 3, 5], N_UNITS).astype(np.int8)
    done = rng.integers(0, 50, N_UNITS).astype(np.int32)
    released = done + rng.integers(0, 2, N_UNITS).astype(np.int32)
    cells = rng.integers(0, N_CELLS, (N_UNITS, RING)).astype(np.int32)
    drives, acts, is_suspended, is_parked = rng.random((4, N_UNITS)) < 0.4
    flags = rng.choice([0, 1, 16, 17], N_UNITS).astype(np.int8)
    booked = np.zeros((N_UNITS, kernels.N_COLUMNS), dtype=np.int64)
    wait_s, waited = np.zeros(N_CELLS), np.zeros(N_UNITS, dtype=np.int64)
    columns = np.zeros(N_UNITS, dtype=np.int8)
    n_waiting = kernels.book_states(
        200_001, 0.200001, states, done, released, cells, drives, acts, is_suspended, is_parked,
        flags, booked, wait_s, columns, waited,
    )  # fmt: skip
    uses = [
        use_of(
            int(states[unit]), is_suspended=is_suspended[unit],
            has_steps=done[unit] < released[unit], drives=drives[unit], acts=acts[unit],
            is_parked=is_parked[unit], is_low=bool(flags[unit] & 16),
        )
        for unit in range(N_UNITS)
    ]  # fmt: skip
    assert columns.tolist() == uses, f"seed {seed}"
    assert (booked == 200_001 * np.eye(kernels.N_COLUMNS, dtype=int)[uses]).all(), f"seed {seed}"
    waiting = [unit for unit, use in enumerate(uses) if use is UnitUse.WAITING]
    assert n_waiting == len(waiting)
    assert np.flatnonzero(waited).tolist() == waiting
    where = np.zeros(N_CELLS)
    for unit in waiting:
        where[cells[unit, done[unit] % RING]] += 0.200001
    assert wait_s == pytest.approx(where), f"seed {seed}"


@pytest.mark.parametrize("seed", range(30))
def test_wishes_are_for_whoever_will_be_in_the_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_cells = 2 * N_UNITS
    ends = rng.permutation(n_cells)[:N_UNITS].astype(np.int32)
    is_present = rng.random(N_UNITS) < 0.8
    ends[~is_present] = -1
    wants = rng.integers(-1, n_cells, N_UNITS).astype(np.int32)
    waits_for = rng.choice([FREE, LOST, 3], N_UNITS).astype(np.int32)
    goes_on, at_end = np.zeros(N_UNITS, dtype=bool), np.full(n_cells, -1, dtype=np.int32)
    expected = waits_for.tolist()
    for unit in range(N_UNITS):
        others = [o for o in range(N_UNITS) if is_present[o] and o != unit]
        there = [o for o in others if wants[unit] >= 0 and ends[o] == wants[unit]]
        if waits_for[unit] == FREE and there:
            expected[unit] = there[0]
    before = waits_for.copy()
    kernels.add_wishes(wants, ends, is_present, at_end, waits_for, goes_on)
    assert waits_for.tolist() == expected, f"seed {seed}"
    assert (goes_on == (waits_for != before)).all(), f"seed {seed}"
    assert (at_end == -1).all(), "scratch is left as it was"


def root_of(unit: int, waits_for: list[int], goes_on: list[bool]) -> int:
    """By following the chain; IN_RING where it comes back."""
    seen = []
    while True:
        seen.append(unit)
        other = waits_for[unit]
        if other < 0 or not goes_on[unit]:
            return other if other != FREE else unit
        if waits_for[other] == FREE:
            return other
        if other in seen:
            return IN_RING
        unit = other


@pytest.mark.parametrize("seed", range(60))
def test_all_waiting_is_on_somebodys_account(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.choice([0, 2, 6, 6, 10], N_UNITS).astype(np.int8)
    waits_for = rng.integers(-1, N_UNITS, N_UNITS).astype(np.int32)
    waits_for[waits_for == np.arange(N_UNITS)] = FREE
    goes_on = (rng.random(N_UNITS) < 0.7) & (waits_for >= 0)
    roots = np.empty(N_UNITS, dtype=np.int32)
    find_roots(waits_for, goes_on, roots, np.empty_like(roots))
    waited = rng.integers(0, 1000, N_UNITS)
    waited_for = np.zeros(N_UNITS, dtype=np.int64)
    held_up, rootless = np.zeros((N_UNITS, 11), dtype=np.int64), np.zeros(3, dtype=np.int64)
    before = waited.copy()
    kernels.book_waits(columns, waits_for, roots, waited, waited_for, held_up, rootless)
    direct, by_root, without = np.zeros(N_UNITS), np.zeros((N_UNITS, 11)), np.zeros(3)
    for unit in np.flatnonzero(columns == UnitUse.WAITING).tolist():
        if waits_for[unit] == FREE:
            without[kernels.NOBODY] += before[unit]
            continue
        direct[waits_for[unit]] += before[unit]
        root = root_of(unit, waits_for.tolist(), goes_on.tolist())
        if root == IN_RING:
            without[kernels.RING] += before[unit]
        else:
            by_root[root, columns[root]] += before[unit]
    assert (waited_for == direct).all(), f"seed {seed}"
    assert (held_up == by_root).all(), f"seed {seed}"
    assert (rootless == without).all(), f"seed {seed}"
    assert (waited == np.where(columns == UnitUse.WAITING, 0, before)).all(), f"seed {seed}"
