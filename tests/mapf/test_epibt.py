"""Lifelong planning of actions: never a conflict, everything kept that is promised, nobody starves.

What is planned is driven by rules of its own here, which share nothing with the planner.
"""

from __future__ import annotations

import pickle
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.epibt import EpibtPlanner
from fleet_control.mapf.grid import (
    CELL_COST,
    EMPTY,
    Grid,
    grid_of,
    with_blocked,
)
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.operations import operations_of
from fleet_control.mapf.planner import PlannerOptions
from layouts import CellKind, Layout, load, open_layout

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from dead_ends import maze_of as maze

RINGS = PlannerOptions(turn_cost=CELL_COST, allow_cycles=True)
NO_RINGS = PlannerOptions(turn_cost=CELL_COST)
TURN_OF = {0: 0, 1: 3, 2: 1, 3: 0}


def floor_of(*rows: str) -> Layout:
    kinds = [[CellKind.OBSTACLE if c == "@" else CellKind.FLOOR for c in row] for row in rows]
    return open_layout("drawn", np.array(kinds, dtype=np.int8))


class Drive:
    """Units with random goals among some cells, driven by the planner and checked at each step."""

    def __init__(
        self, grid: Grid, n_units: int, seed: int, options: PlannerOptions = RINGS,
        cells: list[int] | None = None, goals: list[int] | None = None,
    ) -> None:  # fmt: skip
        self.rng = np.random.default_rng(seed)
        self.grid, self.seed, self.options = grid, seed, options
        self.free = np.flatnonzero(grid.compact >= 0)
        drawn = self.rng.choice(self.free, n_units, replace=False) if cells is None else cells
        self.cells = np.array(drawn, dtype=np.int32)
        self.headings = self.rng.integers(0, 4, n_units).astype(np.int8)
        self.fixed = np.zeros(n_units, dtype=bool)
        self.planner = EpibtPlanner(grid, n_units, options)
        self.goals = np.zeros(n_units, dtype=np.int32)
        for unit in range(n_units):
            self.aim(unit, None if goals is None else goals[unit])
        self.since = np.zeros(n_units, dtype=int)
        self.longest = self.n_done = self.now = 0

    def aim(self, unit: int, goal: int | None = None) -> None:
        self.goals[unit] = self.rng.choice(self.free) if goal is None else goal
        self.planner.set_goal(unit, int(self.goals[unit]), EMPTY)

    def step(self) -> np.ndarray:
        """The actions, checked and driven."""
        self.now += 1
        actions = self.planner.act(self.cells, self.headings, self.fixed)
        self._check(actions)
        self.headings = np.array(
            [(h + TURN_OF[a]) % 4 for h, a in zip(self.headings, actions.tolist(), strict=True)],
            dtype=np.int8,
        )
        self.cells = self._after(actions)
        return actions

    def run(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.step()
            for unit in np.flatnonzero(self.cells == self.goals).tolist():
                self.longest = max(self.longest, self.now - int(self.since[unit]))
                self.since[unit] = self.now
                self.n_done += 1
                self.aim(unit)
        self.longest = max(self.longest, self.now - int(self.since.min()))

    def _after(self, actions: np.ndarray) -> np.ndarray:
        ahead = self.grid.neighbours[self.cells, self.headings]
        return np.where(actions == 0, ahead, self.cells).astype(np.int32)

    def _check(self, actions: np.ndarray) -> None:
        where = f"seed {self.seed}, step {self.now}"
        after, before = self._after(actions).tolist(), self.cells.tolist()
        assert min(after) >= 0, f"{where}: off the floor or against a one-way rule"
        assert len(set(after)) == len(after), f"{where}: two units on one cell"
        assert not (self.fixed & (actions == 0)).any(), f"{where}: a fixed unit moves"
        goes = {b: a for b, a in zip(before, after, strict=True) if a != b}
        assert not [b for b, a in goes.items() if goes.get(a) == b], f"{where}: units swap"
        if self.options.allow_cycles:
            return
        while goes:
            start, cell = goes.popitem()
            while cell in goes:
                cell = goes.pop(cell)
            assert cell != start, f"{where}: a ring moves at once"


def test_seventeen_operations_of_three_steps() -> None:
    """Those that the paper lists for units that turn."""
    words = "CFF CFw FCF FFF FFw FRF FwF Fww RFF RFw RRF wCF wFF wFw wRF wwF www"
    table = operations_of(3)
    found = ["".join("FRCw"[action] for action in row) for row in table.actions.tolist()]
    assert " ".join(sorted(found)) == words
    assert found[0] == "www"
    for word, after in zip(found, table.shifted.tolist(), strict=True):
        assert found[after] == word[1:] + "w"


@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
@pytest.mark.parametrize("n_units", [2, 3])
def test_every_exchange_of_places_on_a_small_floor(n_units: int, options: PlannerOptions) -> None:
    """All starts and goals of a few units on a floor where they have to make way: all arrive."""
    grid = grid_of(floor_of("...", ".@.", "..."))
    free = np.flatnonzero(grid.compact >= 0).tolist()
    starts = free[:n_units]
    for number, goals in enumerate(permutations(free, n_units)):
        drive = Drive(grid, n_units, number, options, starts, list(goals))
        seen = np.zeros(n_units, dtype=bool)
        for _ in range(60):
            drive.step()
            seen |= drive.cells == drive.goals
            if seen.all():
                break
        assert seen.all(), f"goals {goals}"


@pytest.mark.parametrize("seed", range(20))
def test_no_conflicts_on_crowded_random_floors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = open_layout("random", (rng.random((8, 10)) > 0.2).astype(np.int8))
    n_free = int(layout.driveable.sum())
    options = RINGS if seed % 2 else NO_RINGS
    drive = Drive(grid_of(layout), max(2, int(n_free * rng.uniform(0.2, 1.0))), seed, options)
    for _ in range(80):
        drive.fixed = rng.random(len(drive.cells)) < 0.05
        drive.run(1)
        for unit in np.flatnonzero(rng.random(len(drive.cells)) < 0.02).tolist():
            drive.planner.clear_goal(unit, EMPTY)


@pytest.mark.parametrize("depth", [4, 5])
def test_other_depths(depth: int) -> None:
    layout = open_layout("random", (np.random.default_rng(1).random((8, 9)) > 0.2).astype(np.int8))
    options = PlannerOptions(turn_cost=CELL_COST, allow_cycles=True, depth=depth)
    drive = Drive(grid_of(layout), 12, depth, options)
    drive.run(150)
    assert drive.n_done > 40


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
def test_nobody_starves_in_a_maze(seed: int, options: PlannerOptions) -> None:
    """Corridors of one cell and dead ends, one in twenty cells taken."""
    rng = np.random.default_rng(seed)
    layout = maze(rng, 6, 8)
    drive = Drive(grid_of(layout), int(layout.driveable.sum()) // 20, seed, options)
    drive.run(5000)
    assert drive.longest < 2500, f"seed {seed}: {drive.longest} steps without a goal"


def test_nobody_starves_on_a_one_way_ring() -> None:
    layout = floor_of("......", ".@@@@.", ".@@@@.", "......")
    grid = grid_of(layout, lanes_of(layout))
    drive = Drive(grid, 8, 0, NO_RINGS)
    drive.run(2000)
    assert drive.longest < 500


@pytest.mark.parametrize("seed", range(8))
def test_blocked_cells_are_left_and_not_entered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = open_layout("random", (rng.random((8, 10)) > 0.1).astype(np.int8))
    drive = Drive(grid_of(layout), 12, seed, NO_RINGS)
    whole = drive.grid
    for _ in range(12):
        blocked = rng.random(layout.n_cells) < 0.1
        drive.planner.set_blocked(blocked)
        drive.grid = with_blocked(whole, blocked)
        drive.run(10)


def test_the_same_seed_makes_the_same_plan_and_another_copy_goes_on_alike() -> None:
    layout = load("teaching")
    grid = grid_of(layout, lanes_of(layout))
    one, two = Drive(grid, 20, 3, NO_RINGS), Drive(grid, 20, 3, NO_RINGS)
    one.run(50)
    two.run(50)
    two.planner = pickle.loads(pickle.dumps(two.planner))
    for _ in range(50):
        assert (one.step() == two.step()).all()


def test_steps_for_the_floor_are_the_same_decisions() -> None:
    """Who turns stays on its cell, and who is told that it drove ahead goes on from there."""
    layout = load("teaching")
    grid = grid_of(layout, lanes_of(layout))
    acts, steps = Drive(grid, 15, 5, NO_RINGS), Drive(grid, 15, 5, NO_RINGS)
    cells, headings = steps.cells, steps.headings.copy()
    for _ in range(60):
        acts.step()
        after = steps.planner.step(cells, headings, steps.fixed)
        for unit in np.flatnonzero(after != cells).tolist():
            headings[unit] = grid.neighbours[cells[unit]].tolist().index(after[unit])
        cells = after
        assert (cells == acts.cells).all()
