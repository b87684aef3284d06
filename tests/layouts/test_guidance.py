"""Kiva floors and guidance tables, there and back, with and without weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from layouts import CellKind, Heading, Layout, LayoutError, load, open_layout
from layouts.guidance import COLUMNS, guidance_text, lost_in_guidance
from layouts.kiva import KINDS, floor_of_drawing
from layouts.kiva_write import kiva_text, lost_in_kiva
from layouts.loading import format_of, save_guidance, save_kiva

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "layouts"
SAMPLES = [path.name for path in sorted(SHARED.glob("kiva_*.json"))]
HEADER = ",".join(COLUMNS)


def made(seed: int, is_one_way: bool) -> Layout:
    """A random Kiva floor with weights, of which the least is 1."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 9)), int(rng.integers(2, 9)))
    drawn = rng.choice(list(KINDS), size=shape, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    floor = floor_of_drawing(f"made-{seed}", drawn, "")
    costs = rng.exponential(3.0, size=(floor.n_cells, 4)).astype(np.float32)
    exits = floor.exits.copy()
    if is_one_way:
        exits &= rng.random(exits.shape) > 0.3
    tails, headings = np.nonzero(exits)
    if len(tails):
        costs[tails[0], headings[0]] = 0.0
    return replace(floor, edge_costs=costs, exits=exits)


def check_equal(floor: Layout, again: Layout, what: object) -> None:
    for name in ("kinds", "exits", "edge_costs"):
        np.testing.assert_array_equal(
            getattr(floor, name), getattr(again, name), err_msg=f"{what}: {name}"
        )
    assert (floor.stations, floor.zones) == (again.stations, again.zones), what


@pytest.mark.parametrize("seed", range(12))
def test_weights_survive_kiva_files(seed: int, tmp_path: Path) -> None:
    floor = made(seed, is_one_way=False)
    save_kiva(floor, tmp_path / "a.json")
    check_equal(floor, load(tmp_path / "a.json"), f"seed {seed}")


@pytest.mark.parametrize("seed", range(12))
def test_weights_and_one_way_rules_survive_guidance_tables(seed: int, tmp_path: Path) -> None:
    floor = made(seed, is_one_way=True)
    save_guidance(floor, tmp_path / "a.csv")
    check_equal(floor, load(tmp_path / "a.csv"), f"seed {seed}")


@pytest.mark.skipif(not SAMPLES, reason="no folder ../shared beside the project")
@pytest.mark.parametrize("name", SAMPLES)
def test_published_floors_are_written_as_they_were(name: str) -> None:
    published = json.loads((SHARED / name).read_text())
    written = json.loads(kiva_text(load(SHARED / name)))
    for key in ("name", "weight", "n_row", "n_col", "n_endpoint", "layout"):
        assert written[key] == published[key], key
    assert "weights" not in written


def test_a_table_has_rows_as_x(tmp_path: Path) -> None:
    path = tmp_path / "small_g_graph.csv"
    rows = ["0,.,0,0,2.0,inf,inf,1,1", "1,w,0,1,inf,inf,inf,inf,1",
            "2,e,1,0,inf,4,inf,inf,1", "3,@,1,1,inf,inf,inf,inf,inf"]  # fmt: skip
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    assert format_of(path) == "guidance table"
    floor = load(path)
    assert (floor.name, floor.n_rows, floor.n_cols) == ("small", 2, 2)
    assert floor.neighbours.tolist()[0] == [1, -1, -1, 2]
    assert floor.edge_costs[0, Heading.EAST] == 1.0
    assert floor.edge_costs[2, Heading.NORTH] == 3.0
    assert [station.name for station in floor.stations] == ["W1"]
    assert floor.zones == {"endpoints": (2,)}
    assert guidance_text(floor).splitlines()[1] == "0,.,0,0,2,inf,inf,1,1"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["id,type,x,y,weight_to_RIGHT"], "line 1 names other columns than id,type,x,y"),
        ([HEADER, "0,.,0,0,1"], "line 2 has 5 fields, not 9; is the file cut off?"),
        ([HEADER, "0,x,0,0,inf,inf,inf,inf,1"], "line 2: unknown type 'x'; use one of"),
        ([HEADER, "0,.,a,0,inf,inf,inf,inf,1"], "line 2: invalid literal"),
        ([HEADER, "0,.,0,0,-1,inf,inf,inf,1"], "each must be above 0, or inf to forbid"),
        ([HEADER, "0,.,0,0,1,inf,inf,inf,1"], "cell x 0, y 0 may be left to the east, where"),
        ([HEADER, "0,.,1,1,inf,inf,inf,inf,1"], "1 cells, not 2 x 2; is the file cut off?"),
        ([HEADER], "0 cells, not 1 x 1"),
    ],
)
def test_broken_tables(lines: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(LayoutError) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_storage_becomes_shelves_with_endpoints_beside(tmp_path: Path) -> None:
    kinds = np.array([[1, 1, 1, 1], [1, 2, 2, 1], [4, 1, 1, 7], [3, 0, 5, 6]], dtype=np.int8)
    floor = open_layout("pods", kinds)
    text = json.loads(kiva_text(floor))
    assert text["layout"] == [".ee.", "e@@e", ".ee@", "w@.r"]
    assert (text["n_endpoint"], text["n_agent_loc"], text["weight"]) == (6, 1, False)
    lost = lost_in_kiva(floor)
    assert "2 storage cells are shelves, which nobody drives under" in lost
    assert "1 queue cells are plain floor" in lost
    assert not any("one-way" in phrase for phrase in lost)
    assert CellKind.STORAGE in floor.kinds


def test_one_way_rules_are_lost_in_kiva_files_only() -> None:
    floor = made(3, is_one_way=True)
    assert any("one-way rules" in phrase for phrase in lost_in_kiva(floor))
    assert not any("one-way rules" in phrase for phrase in lost_in_guidance(floor))


@pytest.mark.parametrize("name", ["teaching", "one-way", "sortation", "pick-and-stow"])
def test_ready_floors_keep_their_moves(name: str, tmp_path: Path) -> None:
    floor = load(name)
    save_guidance(floor, tmp_path / f"{name}.csv")
    again = load(tmp_path / f"{name}.csv")
    is_shelf = np.isin(floor.kinds, (CellKind.STORAGE, CellKind.HUMAN)) | ~floor.driveable
    np.testing.assert_array_equal(again.kinds == CellKind.OBSTACLE, is_shelf)
    kept = floor.exits & ~is_shelf[:, None] & ~is_shelf[floor.neighbours]
    np.testing.assert_array_equal(again.exits, kept)
    assert guidance_text(again) == (tmp_path / f"{name}.csv").read_text()
    save_kiva(floor, tmp_path / f"{name}.json")
    assert kiva_text(load(tmp_path / f"{name}.json")) == (tmp_path / f"{name}.json").read_text()
