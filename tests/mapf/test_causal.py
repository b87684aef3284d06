"""Actions made of decisions on cells: valid together, and chains that go or wait as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import act_towards
from fleet_control.mapf.causal import CausalPlanner, action_planner_named
from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.grid import CELL_COST, grid_of
from fleet_control.mapf.planner import PlannerOptions
from layouts import CellKind, Layout, load, open_layout

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
F, R, C, W = range(4)
EAST, NORTH, WEST, SOUTH = range(4)


def acted(
    floor: Layout, cells: list[int], headings: list[int], targets: list[int],
    wishes: list[int] | None = None, allow_cycles: bool = True,
) -> list[int]:  # fmt: skip
    n_units = len(cells)
    actions = np.empty(n_units, dtype=np.int8)
    act_towards(
        np.array(cells, dtype=np.int32), np.array(headings, dtype=np.int8),
        np.array(targets, dtype=np.int32),
        np.array(wishes or [-1] * n_units, dtype=np.int32), np.zeros(n_units, dtype=bool),
        floor.neighbours, allow_cycles, np.full(floor.n_cells, -1, dtype=np.int32),
        np.zeros(n_units, dtype=np.int8), np.zeros(n_units, dtype=np.int32), actions,
    )  # fmt: skip
    return actions.tolist()


@pytest.fixture(name="floor")
def _floor() -> Layout:
    return open_layout("floor", np.full((3, 4), CellKind.FLOOR, dtype=np.int8))


def test_a_unit_turns_to_its_target_and_goes(floor: Layout) -> None:
    for heading, action in ((EAST, F), (NORTH, R), (SOUTH, C)):
        assert acted(floor, [5], [heading], [6]) == [action]
    assert acted(floor, [5], [WEST], [6])[0] in (R, C)


def test_a_chain_goes_if_its_head_does(floor: Layout) -> None:
    assert acted(floor, [0, 1, 2], [EAST] * 3, [1, 2, 3]) == [F, F, F]
    assert acted(floor, [0, 1, 2], [EAST, EAST, NORTH], [1, 2, 3]) == [W, W, R]
    assert acted(floor, [2, 1, 0], [EAST] * 3, [3, 2, 1]) == [F, F, F]


def test_a_ring_rotates_where_it_may(floor: Layout) -> None:
    ring = [0, 1, 5, 4], [EAST, SOUTH, WEST, NORTH], [1, 5, 4, 0]
    assert acted(floor, *ring) == [F] * 4
    assert acted(floor, *ring, allow_cycles=False) == [W] * 4


def test_who_waits_turns_to_where_it_would_go(floor: Layout) -> None:
    assert acted(floor, [5, 6], [NORTH, EAST], [5, 6], [6, -1]) == [R, W]
    assert acted(floor, [5, 6], [EAST, EAST], [5, 6], [6, 7]) == [W, W]


class Rounds:
    """Units with random goals under a planner of actions; every step is checked."""

    def __init__(self, floor: Layout, n_units: int, seed: int, allow_cycles: bool) -> None:
        self.floor, self.rng, self.seed = floor, np.random.default_rng(seed), seed
        free = np.flatnonzero(floor.driveable).astype(np.int32)
        self.free, self.allow_cycles = free, allow_cycles
        self.cells = self.rng.choice(free, n_units, replace=False).astype(np.int32)
        self.headings = np.zeros(n_units, dtype=np.int8)
        options = PlannerOptions(seed, allow_cycles, CELL_COST, rations_shoves=False)
        self.planner = action_planner_named("pibt", grid_of(floor), n_units, options)
        self.goals = self.rng.choice(free, n_units).astype(np.int32)
        for unit, goal in enumerate(self.goals.tolist()):
            self.planner.set_goal(unit, goal, 0)
        self.check = ConflictCheck(floor.n_cells, n_units)
        self.n_done = 0

    def run(self, n_steps: int, fixed: NDArray[np.bool_] | None = None) -> None:
        for step in range(n_steps):
            held = fixed if fixed is not None else np.zeros(len(self.cells), dtype=bool)
            actions = self.planner.act(self.cells, self.headings, held)
            assert (actions[held] == W).all()
            after = self.cells.copy()
            goes = actions == F
            after[goes] = self.floor.neighbours[self.cells[goes], self.headings[goes]]
            assert (after >= 0).all()
            kinds = {conflict.kind for conflict in self.check.of_step(self.cells, after)}
            assert kinds <= ({"cycle"} if self.allow_cycles else set()), (self.seed, step)
            self.cells = after
            turns = (actions == C).astype(np.int8) - (actions == R)
            self.headings = ((self.headings + turns) & 3).astype(np.int8)
            for unit in np.flatnonzero(self.cells == self.goals).tolist():
                self.n_done += 1
                self.goals[unit] = self.rng.choice(self.free)
                self.planner.set_goal(unit, int(self.goals[unit]), 0)


def some_floor(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    kinds = np.full((7, 8), CellKind.FLOOR, dtype=np.int8)
    kinds[1:-1:2, 1:-1:2][rng.random((3, 3)) < 0.7] = CellKind.OBSTACLE
    return open_layout("floor", kinds)


@pytest.mark.parametrize("seed", range(10))
def test_joint_actions_are_valid(seed: int) -> None:
    rounds = Rounds(some_floor(seed), 5 + 2 * seed, seed, allow_cycles=seed % 2 == 0)
    rounds.run(150)
    assert rounds.n_done > 0


def test_units_that_are_put_elsewhere_or_held_do_no_harm() -> None:
    rounds = Rounds(some_floor(3), 16, 3, allow_cycles=True)
    for _ in range(6):
        rounds.run(7)
        rounds.cells = rounds.rng.choice(rounds.free, 16, replace=False).astype(np.int32)
        rounds.run(7, fixed=rounds.rng.random(16) < 0.3)


def test_the_planner_on_cells_is_adapted() -> None:
    planner = action_planner_named("pibt", grid_of(some_floor(0)), 2, PlannerOptions())
    assert isinstance(planner, CausalPlanner)
    with pytest.raises(KeyError):
        action_planner_named("best", grid_of(some_floor(0)), 2, PlannerOptions())


@pytest.mark.skipif(not SHARED.is_dir(), reason="maps of benchmarks are not here")
def test_nobody_jams_on_the_random_map() -> None:
    """Rotating priority inheritance on actions alone falls to nothing there."""
    floor = load(SHARED / "lorr/2023/random.domain/maps/random-32-32-20.map")
    rounds = Rounds(floor, 400, 0, allow_cycles=True)
    rounds.run(150)
    before = rounds.n_done
    rounds.run(150)
    assert rounds.n_done - before > 150
