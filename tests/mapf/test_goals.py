"""Goals of many units at once are those of each set by itself, and memory is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PLANNERS, PlannerOptions, planner_named
from layouts import open_layout

FLOOR = open_layout("open", np.ones((9, 11), dtype=np.int8))
GRID = grid_of(FLOOR, lanes_of(FLOOR))
N_UNITS = 12


@pytest.mark.parametrize("name", PLANNERS)
@pytest.mark.parametrize("seed", range(3))
def test_goals_set_together_are_those_set_one_by_one(name: str, seed: int) -> None:
    """Over steps in which a few units get new goals, some of them shared."""
    rng = np.random.default_rng(seed)
    options = PlannerOptions(seed, turn_cost=CELL_COST)
    single, many = (planner_named(name, GRID, N_UNITS, options) for _ in range(2))
    cells = [rng.choice(FLOOR.n_cells, N_UNITS, replace=False).astype(np.int32)] * 2
    headings, nobody = np.zeros(N_UNITS, dtype=np.int8), np.zeros(N_UNITS, dtype=bool)
    for _ in range(20):
        units = rng.choice(N_UNITS, 3, replace=False).tolist()
        goals = rng.choice(20, 3).tolist()
        for unit, goal in zip(units, goals, strict=True):
            single.set_goal(unit, goal, EMPTY)
        many.set_goals(units, goals, EMPTY)
        planned = zip((single, many), cells, strict=True)
        cells = [planner.step(at, headings, nobody) for planner, at in planned]
        assert (cells[0] == cells[1]).all(), f"seed {seed}"


@pytest.mark.parametrize("n_units", [1, 40])
def test_memory_of_fields_is_what_units_need_at_least(n_units: int) -> None:
    fields = DistanceFields(GRID, n_units, memory_mb=0)
    assert fields.memory_bytes == (n_units + 8) * 8 * GRID.n_compact
    for goal in range(n_units):
        fields.hold(goal, EMPTY)
    for goal in range(FLOOR.n_cells):
        fields.let_go(fields.hold(goal, EMPTY))


def test_memory_of_fields_is_all_that_there_are_at_most() -> None:
    fields = DistanceFields(GRID, 1, memory_mb=100)
    assert fields.memory_bytes == 2 * GRID.n_compact * 8 * GRID.n_compact
