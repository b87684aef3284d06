"""Guidance by its name: what it makes of a floor for planners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, TURN_COST, UNREACHABLE, grid_of, with_blocked
from fleet_control.mapf.guiding import guidance_fault, guidance_named
from layouts import CellKind, load, open_layout
from layouts.guidance import weights_text


def test_none_is_the_floor_as_it_is() -> None:
    floor = load("one-way")
    grid = grid_of(floor, guidance_named("none", floor))
    assert np.array_equal(grid.neighbours, floor.neighbours)
    assert not grid.surcharges.any()


@pytest.mark.parametrize("name", ["teaching", "demo", "sortation", "one-way"])
def test_lanes_from_a_file_are_those_of_the_floor(tmp_path: Path, name: str) -> None:
    floor, path = load(name), tmp_path / "lanes.csv"
    made = grid_of(floor, guidance_named("lanes", floor))
    weights = np.where(made.neighbours >= 0, 1.0 + made.surcharges / CELL_COST, np.inf)
    path.write_text(weights_text(floor, weights))
    read = grid_of(floor, guidance_named(str(path), floor))
    assert np.array_equal(read.neighbours, made.neighbours)
    is_move = made.neighbours >= 0
    assert np.array_equal(read.surcharges[is_move], made.surcharges[is_move])


def test_costs_of_a_file_take_the_place_of_those_of_the_floor(tmp_path: Path) -> None:
    floor = open_layout("hall", np.full((3, 3), CellKind.FLOOR, dtype=np.int8))
    weights = np.where(floor.exits, 1.0, np.inf)
    weights[0, 0] = 3.5
    np.save(tmp_path / "w.npy", weights)
    grid = grid_of(floor, guidance_named(str(tmp_path / "w.npy"), floor))
    fields = DistanceFields(grid, 1)
    around = 2 * TURN_COST + 3 * CELL_COST  # south, east, north, as the straight way is dearer
    straight = CELL_COST + 5
    assert fields.distance(0, 0, 1, EMPTY) == min(straight, TURN_COST + around)


def test_closed_moves_open_while_the_way_round_is_blocked(tmp_path: Path) -> None:
    floor = open_layout("ring", np.full((2, 4), CellKind.FLOOR, dtype=np.int8))
    weights = np.where(floor.exits, 1.0, np.inf)
    weights[1, 0] = np.inf  # east from the second cell of the first row
    np.save(tmp_path / "w.npy", weights)
    grid = grid_of(floor, guidance_named(str(tmp_path / "w.npy"), floor))
    assert grid.neighbours[1, 0] == -1
    blocked = np.zeros(floor.n_cells, dtype=bool)
    blocked[5] = True
    assert with_blocked(grid, blocked).neighbours[1, 0] == 2


def test_parked_units_open_what_would_cut_the_floor(tmp_path: Path) -> None:
    floor = open_layout("ring", np.full((2, 4), CellKind.FLOOR, dtype=np.int8))
    weights = np.where(floor.exits, 1.0, np.inf)
    weights[1, 0] = np.inf
    np.save(tmp_path / "w.npy", weights)
    guidance = guidance_named(str(tmp_path / "w.npy"), floor, parked=[5])
    assert guidance is not None
    assert not guidance.closed.any()
    grid = grid_of(floor, guidance)
    assert DistanceFields(grid, 1).distance(0, 0, 3, EMPTY) < UNREACHABLE


@pytest.mark.parametrize(("floor", "same"), [("demo", "gentle-lanes"), ("hall", "strict-lanes")])
def test_lanes_suit_the_floor_unless_the_rule_is_named(floor: str, same: str) -> None:
    hall = np.full((9, 9), CellKind.FLOOR, dtype=np.int8)
    hall[1::2, 1:8] = CellKind.OBSTACLE  # rows of aisles one cell wide
    layout = open_layout("hall", hall) if floor == "hall" else load(floor)
    made, gentle, strict = (
        guidance_named(name, layout) for name in ("lanes", "gentle-lanes", "strict-lanes")
    )
    assert made is not None
    assert gentle is not None
    assert strict is not None
    assert np.array_equal(strict.costs, 2 * gentle.costs)
    assert strict.closed.any()
    assert not gentle.closed.any()
    like = gentle if same == "gentle-lanes" else strict
    assert np.array_equal(made.costs, like.costs)
    assert np.array_equal(made.closed, like.closed)


@pytest.mark.parametrize(
    ("name", "told"),
    [("lane", "did you mean 'lanes'?"), ("noone", "did you mean 'none'?"), ("xyz", "or a file")],
)
def test_unknown_names_tell_the_nearest(name: str, told: str) -> None:
    assert told in str(guidance_fault(name))


def test_files_and_known_names_are_no_fault() -> None:
    assert [guidance_fault(name) for name in ("none", "lanes", "found.csv", "here/found")] == [
        None
    ] * 4
