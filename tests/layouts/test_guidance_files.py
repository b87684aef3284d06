"""Guidance of a floor from files: every format says the same, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from layouts import CellKind, Layout, LayoutError, load, open_layout
from layouts.guidance import weights_text
from layouts.guidance_files import read_guidance
from layouts.loading import save_guidance, save_kiva


def open_floor(n_rows: int = 4, n_cols: int = 6) -> Layout:
    return open_layout("hall", np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8))


def drawn_costs(layout: Layout, seed: int) -> np.ndarray:
    """Costs in halves of a cell, 0 somewhere."""
    costs = np.random.default_rng(seed).integers(0, 9, size=(layout.n_cells, 4)) / 2.0
    costs[0] = 0.0
    return np.where(layout.exits, costs, 0.0).astype(np.float32)


@pytest.mark.parametrize("name", ["hall.csv", "hall.json", "hall.npy"])
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    floor, path = open_floor(), tmp_path / name
    costs = drawn_costs(floor, 1)
    led = replace(floor, edge_costs=costs)
    if path.suffix == ".csv":
        save_guidance(led, path)
    elif path.suffix == ".json":
        save_kiva(led, path)
    else:
        np.save(path, np.where(floor.exits, 1.0 + costs, np.inf))
    assert np.array_equal(read_guidance(path, floor), costs)


@pytest.mark.parametrize("name", ["teaching", "demo", "sortation", "pick-and-stow"])
def test_a_table_of_weights_holds_those_of_storage_too(tmp_path: Path, name: str) -> None:
    floor, path = load(name), tmp_path / "found.csv"
    costs = drawn_costs(floor, 2)
    path.write_text(weights_text(floor, np.where(floor.exits, 1.0 + costs, np.inf)))
    assert np.array_equal(read_guidance(path, floor), costs)


def test_shelves_of_the_papers_may_be_storage_here(tmp_path: Path) -> None:
    floor, path = load("demo"), tmp_path / "demo.csv"
    costs = drawn_costs(floor, 3)
    save_guidance(replace(floor, edge_costs=costs), path)
    is_storage = floor.kinds == CellKind.STORAGE
    is_told = ~is_storage[:, None] & ~is_storage[floor.neighbours]
    assert np.array_equal(read_guidance(path, floor), np.where(is_told, costs, 0.0))


def test_an_infinite_weight_closes_a_move(tmp_path: Path) -> None:
    floor, path = open_floor(), tmp_path / "hall.npy"
    weights = np.ones((floor.n_cells, 4))
    weights[floor.cell(1, 1), 0] = np.inf
    np.save(path, weights)
    costs = read_guidance(path, floor)
    assert np.argwhere(np.isinf(costs)).tolist() == [[floor.cell(1, 1), 0]]


def refused(path: Path, floor: Layout) -> str:
    with pytest.raises(LayoutError) as caught:
        read_guidance(path, floor)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [
        (7, -2.0, "the move east from row 2, column 2 weighs -2; weights are above 0"),
        (7, np.nan, "weighs nan"),
        (7, 5000.0, "costs 4999 cells more than the cheapest; at most 1000"),
    ],
)
def test_weights_that_are_none(tmp_path: Path, cell: int, value: float, told: str) -> None:
    weights = np.ones((24, 4))
    weights[cell, 0] = value
    np.save(tmp_path / "w.npy", weights)
    assert told in refused(tmp_path / "w.npy", open_floor())


def test_closed_moves_without_a_way_round_are_told_by_place(tmp_path: Path) -> None:
    floor = open_floor(1, 5)
    weights = np.ones((5, 4))
    weights[2, 0] = np.inf
    np.save(tmp_path / "w.npy", weights)
    told = refused(tmp_path / "w.npy", floor)
    assert "the move east from row 1, column 3 is closed, and there is no way round" in told


def test_moves_to_stations_cannot_be_closed(tmp_path: Path) -> None:
    floor = load("teaching")
    weights = np.where(floor.exits, 1.0, np.inf)
    queue = floor.stations[0].queue[-1]
    cells, headings = np.nonzero(floor.neighbours == queue)
    weights[cells[0], headings[0]] = np.inf
    np.save(tmp_path / "w.npy", weights)
    assert "leads from or to storage, a station or a queue" in refused(tmp_path / "w.npy", floor)


def test_files_of_other_floors(tmp_path: Path) -> None:
    floor = open_floor()
    save_guidance(open_floor(5, 6), tmp_path / "larger.csv")
    assert "guidance of a floor of 6 x 5 cells; 'hall' has 6 x 4" in refused(
        tmp_path / "larger.csv", floor
    )
    kinds = np.full((4, 6), CellKind.FLOOR, dtype=np.int8)
    kinds[2, 3] = CellKind.OBSTACLE
    save_guidance(open_layout("other", kinds), tmp_path / "other.csv")
    assert "at row 3, column 4" in refused(tmp_path / "other.csv", floor)
    np.save(tmp_path / "w.npy", np.ones((10, 4)))
    assert "guidance of shape (10, 4)" in refused(tmp_path / "w.npy", floor)
    (tmp_path / "broken.npy").write_bytes(b"no array")
    assert "write it with numpy.save" in refused(tmp_path / "broken.npy", floor)
    assert "did you mean 'larger.csv'" in refused(tmp_path / "large.csv", floor)


def test_many_faults_are_counted(tmp_path: Path) -> None:
    weights = np.full((24, 4), 3000.0)
    weights[0] = 1.0
    np.save(tmp_path / "w.npy", weights)
    lines = refused(tmp_path / "w.npy", open_floor()).splitlines()
    assert len(lines) == 6
    assert "more moves like these" in lines[-1]
