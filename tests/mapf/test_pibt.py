"""Lifelong PIBT: never a conflict or a ring, and nobody starves where corridors are narrow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import Planner, PlannerOptions, planner_named
from layouts import Layout, load, open_layout

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


class Lifelong:
    """Units with uniformly random goals, planned step by step; every step is checked."""

    def __init__(self, layout: Layout, n_units: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.free = np.flatnonzero(layout.driveable).astype(np.int32)
        self.cells = self.rng.choice(self.free, n_units, replace=False).astype(np.int32)
        self.headings = np.zeros(n_units, dtype=np.int8)
        self.layout, self.seed = layout, seed
        grid = grid_of(layout, lanes_of(layout))
        options = PlannerOptions(seed=seed)
        self.planner: Planner = planner_named("pibt", grid, n_units, options)
        self.goals = self.rng.choice(self.free, n_units).astype(np.int32)
        for unit in range(n_units):
            self.planner.set_goal(unit, int(self.goals[unit]), 0)
        self.check = ConflictCheck(layout.n_cells, n_units)
        self.last_done = np.zeros(n_units, dtype=int)
        self.longest_wait = self.n_done = 0

    def run(self, n_steps: int) -> None:
        fixed = np.zeros(len(self.cells), dtype=bool)
        steps = {1: 0, -self.layout.n_cols: 1, -1: 2, self.layout.n_cols: 3}
        for step in range(1, n_steps + 1):
            after = self.planner.step(self.cells, self.headings, fixed)
            assert not self.check.of_step(self.cells, after), f"seed {self.seed} step {step}"
            for unit in np.flatnonzero(after != self.cells):
                heading = steps[int(after[unit] - self.cells[unit])]
                assert self.layout.neighbours[self.cells[unit], heading] == after[unit]
                self.headings[unit] = heading
            self.cells = after
            for unit in np.flatnonzero(after == self.goals):
                self.n_done += 1
                waited = step - self.last_done[unit]
                self.longest_wait = max(self.longest_wait, int(waited))
                self.last_done[unit] = step
                self.goals[unit] = self.rng.choice(self.free)
                self.planner.set_goal(int(unit), int(self.goals[unit]), 0)
        self.longest_wait = max(self.longest_wait, int((n_steps - self.last_done).max()))


@pytest.mark.parametrize("seed", range(20))
def test_no_conflicts_on_random_floors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = (rng.random((8, 10)) > 0.2).astype(np.int8)
    layout = open_layout("random", kinds)
    n_free = int(layout.driveable.sum())
    Lifelong(layout, max(2, int(n_free * rng.uniform(0.1, 0.9))), seed).run(120)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_starves_among_dead_ends(seed: int) -> None:
    path = SHARED / "movingai" / "random-32-32-20.map"
    if not path.exists():
        pytest.skip("the MovingAI maps are not beside the project")
    run = Lifelong(load(path), 100, seed)
    run.run(5000)
    assert run.longest_wait < 1500, f"seed {seed}: {run.longest_wait} steps without a goal"
    assert run.n_done > 1.5 * 5000
