"""The kernels of execution against slow twins: one list of visits per cell instead of tickets."""

from __future__ import annotations

import numpy as np
import pytest
from floors import COMMIT_MOVES, Floor, random_step

from fleet_control.backend import Act
from fleet_control.execution.kernels import (
    DRIVE,
    RING,
    count_short,
    look_ahead,
    mark_queueing,
)
from fleet_control.stream_kernels import first_bad_row


class Queues:
    """First come, first served per cell: what the ticket locks have to be the same as."""

    def __init__(self, starts: np.ndarray, base_length: int) -> None:
        self.base_length = base_length
        self.paths = [[(int(cell), Act.DRIVE)] for cell in starts]
        self.queues = {int(cell): [(unit, 0)] for unit, cell in enumerate(starts)}
        self.done, self.cleared, self.released = ([0] * len(starts) for _ in range(3))

    def commit(self, before: np.ndarray, after: np.ndarray) -> None:
        for unit in np.flatnonzero(before != after).tolist():
            visit = unit, len(self.paths[unit])
            self.paths[unit].append((int(after[unit]), Act.DRIVE))
            self.queues.setdefault(int(after[unit]), []).append(visit)

    def release(self) -> list[tuple[int, int, int, int]]:
        rows = []
        for unit, path in enumerate(self.paths):
            ahead = self.done[unit] + self.base_length
            while self.released[unit] < min(len(path) - 1, ahead):
                cell, act = path[self.released[unit] + 1]
                visit = unit, self.released[unit] + 1
                if act == Act.DRIVE and self.queues[cell][0] != visit:
                    break
                self.released[unit] += 1
                rows.append((*visit, cell, act))
        return rows

    def report(self, unit: int, done: int, cleared: int) -> None:
        path = self.paths[unit]
        for step in range(self.cleared[unit], cleared):
            if path[step + 1][1] == Act.DRIVE:
                assert self.queues[path[step][0]].pop(0)[0] == unit
        self.done[unit], self.cleared[unit] = done, cleared


class ComparedFloor(Floor):
    """Every release and every holder is also worked out by the queues."""

    def __init__(self, seed: int, base_length: int) -> None:
        super().__init__(seed, base_length, most=0.8)
        self.twin = Queues(self.executor.end_cells, base_length)
        self.releases = self.executor.release
        self.executor.release = self._release
        self.absorb = self.executor.absorb
        self.executor.absorb = self._absorb

    def plan(self, planner) -> np.ndarray:
        before = self.executor.end_cells.copy()
        headings = self.executor.end_headings.copy()
        moved = super().plan(planner)
        after = self.executor.end_cells
        self.twin.commit(before, after)
        assert moved.tolist() == np.flatnonzero(before != after).tolist()
        for unit in range(self.n_units):
            ways = self.layout.neighbours[before[unit]].tolist()
            is_moved = before[unit] != after[unit]
            heading = ways.index(after[unit]) if is_moved else headings[unit]
            assert self.executor.end_headings[unit] == heading
        return moved

    def act(self, unit: int) -> None:
        before = int(self.executor.committed[unit])
        super().act(unit)
        acts = (Act.LIFT, Act.LOWER)[: int(self.executor.committed[unit]) - before]
        cell = int(self.executor.end_cells[unit])
        self.twin.paths[unit] += [(cell, act) for act in acts]

    def _release(self, is_ready):
        releases = self.releases(is_ready)
        columns = (releases.units, releases.steps, releases.cells, releases.acts)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        assert rows == self.twin.release(), self.checker.label
        return releases

    def _absorb(self, reports) -> None:
        rows = (reports.units, reports.done, reports.cleared)
        for unit, done, cleared in zip(*(row.tolist() for row in rows), strict=True):
            self.twin.report(unit, done, cleared)
        self.absorb(reports)


@pytest.mark.parametrize("seed", range(25))
def test_tickets_are_queues(seed: int) -> None:
    floor = ComparedFloor(seed, base_length=1 + seed % 5)
    planner = random_step(floor.rng, floor.layout)
    for _ in range(80):
        for unit in floor.plan(planner).tolist():
            if floor.rng.random() < 0.2 and floor.executor.ahead[unit] < 6:
                floor.act(unit)
        floor.cycle()
    floor.drain()
    ex, checker = floor.executor, floor.checker
    arrivals = np.zeros(floor.layout.n_cells, dtype=int)
    for cell, units in checker.visited.items():
        arrivals[cell] = len(units)
    arrivals[[path[0][0] for path in floor.twin.paths]] -= 1
    assert (ex.visits == arrivals).all()
    drives = [sum(act == Act.DRIVE for _, act in steps) - 1 for steps in checker.steps]
    assert ex.driven.tolist() == drives
    assert COMMIT_MOVES + 4 < RING


@pytest.mark.parametrize("seed", range(20))
def test_laden_units_in_the_zone_of_their_goal_are_queueing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_units, n_cells = 30, 12
    driving, laden = rng.random((2, n_units)) < 0.7
    done = rng.integers(0, 2 * RING, n_units).astype(np.int32)
    cells = rng.integers(0, n_cells, (n_units, RING)).astype(np.int32)
    zones = rng.integers(-1, 3, n_cells).astype(np.int16)
    goals = rng.integers(0, n_cells, n_units).astype(np.int32)
    states = rng.integers(0, 2, n_units).astype(np.int8)
    units = np.sort(rng.permutation(n_units)[:20]).astype(np.int32)
    expected = states.tolist()
    for unit in units.tolist():
        zone = zones[cells[unit, done[unit] % RING]]
        if driving[unit] and laden[unit] and zone == zones[goals[unit]] != -1:
            expected[unit] = 7
    mark_queueing(units, driving, laden, done, cells, zones, goals, states, 7)
    assert states.tolist() == expected, f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_units_short_of_moves_are_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    driving, pinned = rng.random((2, 30)) < 0.5
    done = rng.integers(0, 9, 30).astype(np.int32)
    committed = done + rng.integers(0, 5, 30).astype(np.int32)
    counted = driving & ~pinned
    short = counted & (committed - done < 3)
    assert count_short(driving, pinned, done, committed, 3) == (short.sum(), counted.sum())


@pytest.mark.parametrize("seed", range(60))
def test_the_first_bad_release_is_found(seed: int) -> None:
    """Good streams of three units on 4 x 5 cells, with one number changed at random."""
    rng = np.random.default_rng(seed)
    ends = {unit: (int(rng.integers(9)), int(rng.integers(20))) for unit in range(3)}
    last_steps = np.array([step for step, _ in ends.values()], dtype=np.int32)
    last_cells = np.array([cell for _, cell in ends.values()], dtype=np.int32)
    rows = []
    for unit in rng.permutation(3).tolist():
        step, cell = ends[unit]
        for _ in range(int(rng.integers(1, 5))):
            act = int(rng.choice([0, 0, 0, 1, 2]))
            cell = int(rng.choice(beside(cell))) if act == 0 else cell
            step += 1
            rows.append([unit, step, cell, act])
    if seed % 4:
        row, column = int(rng.integers(len(rows))), int(rng.integers(4))
        rows[row][column] += int(rng.choice([-7, -2, -1, 1, 2, 7, 30]))
    columns = [np.array(column, dtype=np.int32) for column in zip(*rows, strict=True)]
    found = first_bad_row(
        *columns[:3], columns[3].astype(np.int8), last_steps, last_cells, 4, 5
    )  # fmt: skip
    assert found == slow_first_bad_row(rows, ends), f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_what_units_wait_for_is_told_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_units, ring = 12, RING
    done = rng.integers(0, 5, n_units)
    released = done + rng.integers(0, 4, n_units)
    committed = released + rng.integers(0, 3, n_units)
    told = np.where(rng.random(n_units) < 0.3, released + 1, 0)
    cells = rng.integers(0, 99, (n_units, ring)).astype(np.int32)
    acts = (rng.random((n_units, ring)) < 0.3).astype(np.int8)
    expected = [
        (unit, step, int(cells[unit, step % ring]))
        for unit, step in enumerate((released + 1).tolist())
        if step <= committed[unit] and step - done[unit] <= 2 and told[unit] != step
        and acts[unit, step % ring] == DRIVE
    ]  # fmt: skip
    columns = [column.astype(np.int32) for column in (told, done, released, committed)]
    out = [np.empty(n_units, dtype=np.int32) for _ in range(3)]
    for rows in (expected, []):
        n_rows = look_ahead(*columns, cells, acts, *out)
        assert list(zip(*(column[:n_rows].tolist() for column in out), strict=True)) == rows, seed


def beside(cell: int) -> list[int]:
    row, col = divmod(cell, 5)
    near = [(row, col + 1), (row - 1, col), (row, col - 1), (row + 1, col)]
    return [r * 5 + c for r, c in near if 0 <= r < 4 and 0 <= c < 5]


def slow_first_bad_row(rows: list[list[int]], ends: dict[int, tuple[int, int]]) -> int:
    before = -1
    for number, (unit, step, cell, act) in enumerate(rows):
        if unit not in ends:
            return number
        if unit == before:
            ends = {**ends, unit: tuple(rows[number - 1][1:3])}
        last_step, last_cell = ends[unit]
        places = {0: beside(last_cell), 1: [last_cell], 2: [last_cell]}
        if step != last_step + 1 or cell not in places.get(act, []):
            return number
        before = unit
    return -1
