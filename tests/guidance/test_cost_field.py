"""The cost field: what its figures mean, and that every point of it is guidance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.grid import CELL_COST, grid_of
from fleet_control.mapf.lanes import STRICT, lanes_of
from gridfleet.guidance.field import FIGURES, CostField
from layouts import CellKind, load, open_layout
from layouts.guidance_files import read_guidance

NAMES = [figure.name for figure in FIGURES]


def point(space: CostField, **figures: float) -> np.ndarray:
    """All others are 0."""
    x = np.zeros_like(space.start)
    for name, value in figures.items():
        x[NAMES.index(name)] = value / FIGURES[NAMES.index(name)].scale
    return x


@pytest.mark.parametrize("name", ["teaching", "demo", "sortation", "one-way", "pick-and-stow"])
def test_any_point_can_be_read_back(tmp_path: Path, name: str) -> None:
    floor = load(name)
    space, rng = CostField(floor), np.random.default_rng(5)
    for seed in range(4):
        x = np.clip(space.start + 3.0 * rng.normal(size=len(space.start)), *space.bounds.T)
        weights = space.weights(x)
        np.save(tmp_path / "w.npy", weights)
        costs = read_guidance(tmp_path / "w.npy", floor)
        is_open = floor.exits & np.isfinite(weights)
        assert np.array_equal(costs[is_open], weights[is_open].astype(np.float32) - 1), seed
        assert np.isinf(costs[floor.exits & ~is_open]).all(), seed


def test_lanes_are_a_point_of_the_field() -> None:
    floor = load("demo")
    space, lanes = CostField(floor), lanes_of(floor, rule=STRICT)
    weights = space.weights(point(space, against_rows=4.0, against_cols=4.0, closing=1.0))
    grid = grid_of(floor, lanes)
    is_open = grid.neighbours >= 0
    assert np.array_equal(np.isfinite(weights), is_open)
    assert np.array_equal(CELL_COST * (weights[is_open] - 1.0), grid.surcharges[is_open])


def test_below_zero_lanes_run_the_other_way() -> None:
    floor = load("demo")
    space = CostField(floor)
    there = space.weights(point(space, against_rows=2.0))
    back = space.weights(point(space, against_rows=-2.0))
    row = floor.cell(3, 5)
    assert sorted(there[row, [0, 2]].tolist()) == [1.0, 3.0]
    assert back[row, [0, 2]].tolist() == there[row, [2, 0]].tolist()


def test_floors_without_corridors_have_lanes_everywhere() -> None:
    kinds = np.full((48, 48), CellKind.FLOOR, dtype=np.int8)
    kinds[np.random.default_rng(3).random((48, 48)) < 0.4] = CellKind.OBSTACLE
    floor = open_layout("scattered", kinds)
    assert not lanes_of(floor).costs.any()
    space = CostField(floor)
    assert (space.weights(point(space, against_cols=2.0))[floor.exits] == 3.0).any()


def test_edges_have_figures_of_their_own() -> None:
    floor = load("teaching")
    space = CostField(floor, over_edges=True)
    assert len(space.start) == len(FIGURES) + int(floor.exits.sum())
    x = point(space)
    x[-1] = 4.0
    weights = space.weights(x)[floor.exits]
    assert weights[-1] == 3.0
    assert (weights[:-1] == 1.0).all()
