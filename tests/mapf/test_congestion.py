"""Costs that follow congestion: where units wait it costs more, and planning stays what it is."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fleet_control.mapf.causal import action_planner_named
from fleet_control.mapf.congestion import COST, LEAST_PERIOD, CongestionPlanner, period_of
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid, grid_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from gridfleet.bench.lifelong import Lifelong, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from layouts import CellKind, open_layout


def hall(n_rows: int = 5, n_cols: int = 6) -> Grid:
    return grid_of(open_layout("hall", np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8)))


@pytest.mark.parametrize("name", ["pibt", "epibt"])
def test_a_cell_that_is_waited_on_all_the_time_costs_more_to_enter(name: str) -> None:
    grid = hall(1, 4)
    inner = action_planner_named(name, grid, 2, PlannerOptions(turn_cost=CELL_COST))
    planner = CongestionPlanner(inner, grid, 2)
    cells, headings = np.array([1, 2], dtype=np.int32), np.array([0, 2], dtype=np.int8)
    planner.set_goal(0, 3, EMPTY)  # both in each other's way for good
    planner.set_goal(1, 0, EMPTY)
    before = planner.fields.distance(0, 0, 3, EMPTY)
    nobody = np.zeros(2, dtype=bool)
    for _ in range(LEAST_PERIOD + 1):
        planner.act(cells, headings, nobody)
    more = planner.fields.distance(0, 0, 3, EMPTY) - before
    assert 0 < more <= 2 * COST * CELL_COST


def test_costs_fade_where_nobody_waits_any_more() -> None:
    grid = hall()
    planner = CongestionPlanner(planner_named("pibt", grid, 1, PlannerOptions()), grid, 1)
    planner._waits[7] = planner._n_counted = LEAST_PERIOD
    assert planner._costs().max() == COST * CELL_COST
    nobody = np.zeros(1, dtype=bool)
    for _ in range(20 * LEAST_PERIOD):
        planner.step(np.array([0], dtype=np.int32), np.zeros(1, dtype=np.int8), nobody)
    assert planner._costs().max() == 0


def test_new_costs_hold_past_blocked_cells_and_in_kept_fields() -> None:
    grid = hall()
    planner = planner_named("pibt", grid, 1, PlannerOptions())
    planner.set_goal(0, 29, EMPTY)
    blocked = np.zeros(grid.n_cells, dtype=bool)
    blocked[8] = True
    planner.set_blocked(blocked)
    costs = np.full((grid.n_cells, 4), 3, dtype=np.int32)
    planner.set_costs(costs)
    cells, headings = np.array([0], dtype=np.int32), np.zeros(1, dtype=np.int8)
    planner.step(cells, headings, np.zeros(1, dtype=bool))
    fresh = DistanceFields(planner._grid, 1)  # type: ignore[attr-defined]
    assert fresh.distance(0, 0, 29, EMPTY) == planner.ways_left(cells, headings)[0]
    planner.set_blocked(np.zeros(grid.n_cells, dtype=bool))
    planner.step(cells, headings, np.zeros(1, dtype=bool))
    assert planner.ways_left(cells, headings)[0] == 9 * (CELL_COST + 3) + 7


def test_large_floors_and_fleets_change_costs_less_often() -> None:
    assert period_of(hall(), 3) == LEAST_PERIOD
    assert period_of(hall(40, 50), 1000) == 400


def test_a_snapshot_goes_on_alike() -> None:
    grid = hall()
    made = CongestionPlanner(planner_named("pibt", grid, 3, PlannerOptions()), grid, 3)
    rng, nobody = np.random.default_rng(2), np.zeros(3, dtype=bool)
    cells, headings = np.array([0, 7, 14], dtype=np.int32), np.zeros(3, dtype=np.int8)

    def drive(planner: CongestionPlanner, n_steps: int, cells: np.ndarray) -> np.ndarray:
        for step in range(n_steps):
            planner.set_goal(step % 3, int((7 * step + 5) % grid.n_cells), EMPTY)
            cells = planner.step(cells, headings, nobody)
        return cells

    cells = drive(made, LEAST_PERIOD + int(rng.integers(40)), cells)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(drive(made, 60, cells), drive(again, 60, cells))


@pytest.mark.parametrize("planner", ["pibt", "epibt"])
@pytest.mark.parametrize("turning", [True, False])
def test_benches_run_with_it_without_conflicts(planner: str, turning: bool) -> None:
    kinds = np.full((12, 12), CellKind.FLOOR, dtype=np.int8)
    kinds[np.random.default_rng(1).random((12, 12)) < 0.1] = CellKind.OBSTACLE
    layout = open_layout("scattered", kinds)
    wanted = Lifelong(25, 150, turning, planner=planner, guidance="online")
    results = [run_lifelong(layout, wanted, Unwatched()) for _ in range(2)]
    assert results[0].done_at == results[1].done_at
    assert results[0].n_invalid == 0
    assert results[0].rate() > 0
