"""Who waits for whom, against lists of visits per cell and against what happens when a unit stops.

Units are driven by hand: random progress within what is released, no backend.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest
from floors import random_floor, random_step

from fleet_control.backend import Act, Reports
from fleet_control.execution.executor import Executor
from fleet_control.execution.wait_kernels import FREE, LOST, RING, find_roots, find_waits
from fleet_control.execution.waits import Holdup, Waits, WaitWatch
from layouts import open_layout

INTS, NOTHING = np.empty(0, dtype=np.int32), np.empty(0)


def reports(units: list[int], done: list[int], cleared: list[int]) -> Reports:
    columns = (np.array(column, dtype=np.int32) for column in (units, done, cleared))
    return Reports(0.0, *columns, np.zeros(len(units), dtype=np.int8), INTS, INTS, INTS, NOTHING)


class Scene:
    """An executor on a random floor, and the visits of every cell in the order they were planned.

    A visit is (unit, first step, last step); visits stay in the lists for ever.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        layout, cells = random_floor(self.rng, pillars=False)
        self.n_units = max(2, int(self.rng.uniform(0.2, 0.8) * len(cells)))
        starts = self.rng.permutation(cells)[: self.n_units]
        self.executor = Executor(layout.n_cells, self.n_units, base_length=3)
        for unit, cell in enumerate(starts.tolist()):
            self.executor.admit(unit, cell, 0)
        self.visits = {cell: [[unit, 0, 0]] for unit, cell in enumerate(starts.tolist())}
        self.step = random_step(self.rng, layout)
        self.ready = np.ones(self.n_units, dtype=bool)

    def plan(self) -> None:
        ex = self.executor
        for unit in np.flatnonzero(self.rng.random(self.n_units) < 0.05).tolist():
            if ex.ahead[unit] < 6:
                ex.commit_act(unit, Act.LIFT)
                self.visits[int(ex.end_cells[unit])][-1][2] += 1
        moved = ex.commit(self.step(ex.end_cells, ex.end_headings, ex.ahead >= 4))
        for unit in moved.tolist():
            visit = [unit, int(ex.committed[unit]), int(ex.committed[unit])]
            self.visits.setdefault(int(ex.end_cells[unit]), []).append(visit)

    def drive(self, frozen: tuple[int, ...] = (), share: float = 0.5) -> int:
        """Release, and let some units get on; returns by how much counters went up."""
        ex = self.executor
        ex.release(self.ready)
        rows = []
        for unit in range(self.n_units):
            if unit in frozen or self.rng.random() > share:
                continue
            done = int(self.rng.integers(ex.done[unit], ex.released[unit] + 1))
            most = min(done + 1, int(ex.released[unit]))
            cleared = int(self.rng.integers(max(done - 1, ex.cleared[unit]), most + 1))
            if share == 1:
                done = cleared = int(ex.released[unit])
            rows.append((unit, done, max(cleared, int(ex.cleared[unit]))))
        before = int(ex.done.sum() + ex.cleared.sum())
        if rows:
            ex.absorb(reports(*(list(column) for column in zip(*rows, strict=True))))
        return int(ex.done.sum() + ex.cleared.sum()) - before

    def waits_for(self, unit: int) -> tuple[int, bool]:
        """By the lists: who has to leave first, and whether it needs more released for that."""
        ex = self.executor
        step = int(ex.released[unit]) + 1
        if step > ex.committed[unit]:
            return FREE, False
        visits = self.visits[int(ex.cells[unit, step % 32])]
        first, _, last = next(v for v in visits if ex.cleared[v[0]] <= v[2])
        if first == unit:
            return FREE, False
        return first, bool(ex.released[first] <= last)

    def root(self, unit: int) -> int:
        other, goes_on = self.waits_for(unit)
        while goes_on and self.waits_for(other)[0] != FREE:
            other, goes_on = self.waits_for(other)
        return other


def scene(seed: int) -> Scene:
    made = Scene(seed)
    for _ in range(int(made.rng.integers(2, 25))):
        made.plan()
        made.drive()
    made.executor.release(made.ready)
    return made


def roots_of(waits_for: np.ndarray, goes_on: np.ndarray) -> np.ndarray:
    roots = np.empty_like(waits_for)
    find_roots(waits_for, goes_on, roots, np.empty_like(waits_for))
    return roots


@pytest.mark.parametrize("seed", range(40))
def test_waits_are_those_of_the_lists(seed: int) -> None:
    made = scene(seed)
    waits_for, goes_on = made.executor.waits()
    expected = [made.waits_for(unit) for unit in range(made.n_units)]
    assert list(zip(waits_for.tolist(), goes_on.tolist(), strict=True)) == expected, f"seed {seed}"
    roots = roots_of(waits_for, goes_on)
    assert roots.tolist() == [made.root(unit) for unit in range(made.n_units)], f"seed {seed}"


@pytest.mark.parametrize("seed", range(40))
def test_nobody_goes_on_while_its_root_stands(seed: int) -> None:
    """The root is frozen, everybody else drives all that can ever be released."""
    made = scene(seed + 100)
    roots = roots_of(*made.executor.waits())
    for root in sorted({root for root in roots.tolist() if root >= 0})[:3]:
        trial = copy.deepcopy(made)
        released = trial.executor.released.copy()
        while trial.drive(frozen=(root,), share=1.0):
            pass
        held = np.flatnonzero(roots == root)
        assert (trial.executor.released[held] == released[held]).all(), f"seed {seed}"
        while trial.drive(share=1.0):
            pass
        assert (trial.executor.done == trial.executor.committed).all(), f"seed {seed}"


def test_a_unit_that_comes_back_waits_for_nobody() -> None:
    """Its own rear still has to leave the cell that it returns to."""
    executor = Executor(4, 1, base_length=1)
    executor.admit(0, 0, 0)
    for cell in (1, 0):
        executor.commit(np.array([cell], dtype=np.int32))
    executor.release(np.ones(1, dtype=bool))
    assert executor.waits()[0].tolist() == [FREE]


def test_rings_and_lost_tickets_are_told() -> None:
    waits_for = np.array([1, 2, 0, 0, FREE, 4, LOST, 6], dtype=np.int32)
    goes_on = np.ones(8, dtype=bool)
    assert roots_of(waits_for, goes_on).tolist() == [RING, RING, RING, RING, FREE, 4, LOST, LOST]
    goes_on[1] = False
    assert roots_of(waits_for, goes_on).tolist()[:4] == [2, 2, 2, 2]


def test_random_chains_by_walking() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        n_units = int(rng.integers(1, 12))
        waits_for = rng.integers(-1, n_units, n_units).astype(np.int32)
        goes_on = rng.random(n_units) < 0.8
        for unit, root in enumerate(roots_of(waits_for, goes_on).tolist()):
            at, expected = unit, int(waits_for[unit])
            for _ in range(n_units + 1):
                if waits_for[at] == FREE:
                    break
                expected = int(waits_for[at])
                if not goes_on[at]:
                    break
                at = expected
            else:
                expected = RING
            assert root == expected


def corridor(*cells: int) -> tuple[Executor, WaitWatch]:
    """Units in a corridor of ten cells, bound east for the ends committed below."""
    executor = Executor(10, len(cells), base_length=2)
    for unit, cell in enumerate(cells):
        executor.admit(unit, cell, 0)
    return executor, WaitWatch(len(cells), 0.0)


def test_the_report_names_the_root_and_all_behind_it() -> None:
    layout = open_layout("corridor", np.ones((1, 10), dtype=np.int8))
    executor, watch = corridor(0, 1, 3)
    executor.commit(np.array([0, 2, 4], dtype=np.int32))
    executor.commit(np.array([1, 3, 5], dtype=np.int32))
    executor.commit(np.array([2, 4, 5], dtype=np.int32))
    executor.release(np.ones(3, dtype=bool))
    executor.absorb(reports([1], [1], [1]))
    executor.release(np.ones(3, dtype=bool))
    executor.absorb(reports([0], [1], [1]))
    watch.note(5.0, executor)
    assert watch.report(10.0, executor) == Waits((), (), (), ())
    found = watch.report(70.0, executor, reasons={2: "paused"})
    assert found.holdups == (Holdup(2, 3, 65.0, "paused", (0, 1)),)
    assert found.sentences(layout) == [
        "units 0 and 1 wait for unit 2, which has stood at row 1, column 4 for 65 s (paused)"
    ]
    assert watch.report(70.0, executor).holdups[0].reason == "stopped"
    assert not found.is_broken


def test_units_that_the_planner_keeps_wait_for_who_is_in_their_way() -> None:
    layout = open_layout("corridor", np.ones((1, 10), dtype=np.int8))
    executor, watch = corridor(0, 1, 2, 6, 7)
    watch.note(0.0, executor)
    wants = np.array([1, 2, -1, 7, 6], dtype=np.int32)
    found = watch.report(20.0, executor, wants)
    assert found.holdups == (Holdup(2, 2, 20.0, "nothing to do", (0, 1)),)
    assert found.jams == ((3, 4),)
    assert not found.is_broken
    assert found.sentences(layout)[-1] == "units 3 and 4 stand in each other's way"
    assert not watch.report(20.0, executor).holdups


def test_broken_orders_of_visits_are_told_first() -> None:
    layout = open_layout("corridor", np.ones((1, 10), dtype=np.int8))
    executor, watch = corridor(0, 1, 5)
    for unit, cell in ((0, 1), (1, 0), (2, 6)):
        executor.cells[unit, 1] = cell
        executor._tickets[unit, 1] = 1
        executor.committed[unit] = 1
    found = watch.report(20.0, executor)
    assert found.rings == ((0, 1),)
    assert found.lost == (2,)
    assert found.is_broken
    assert [text.partition(":")[0] for text in found.sentences(layout)] == [
        "units 0 and 1 wait for each other in a ring",
        "unit 2 waits for a cell that nobody has to leave",
    ]


def test_kernels_compile_once() -> None:
    roots_of(*scene(0).executor.waits())
    assert len(find_waits.signatures) == len(find_roots.signatures) == 1
