"""Floors of other programs: what their cells become, and what is told of broken files."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layouts import CellKind, Heading, Layout, LayoutError, StationKind, load, open_layout, save
from layouts.loading import format_of
from layouts.weights import costs_of_weights

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
SAMPLES = sorted(
    path.relative_to(SHARED).as_posix()
    for pattern in ("layouts/*", "movingai/*.map", "lorr/*/*/maps/*.map", "lorr/*/*/*.json")
    for path in SHARED.glob(pattern)
)


@pytest.fixture
def shared() -> Path:
    if not SAMPLES:
        pytest.skip("the sample floors are not there: no folder ../shared beside the project")
    return SHARED


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(LayoutError) as caught:
        load(path)
    assert all(fault.startswith(str(path)) for fault in caught.value.faults)
    return caught.value.faults


def octile(*rows: str) -> str:
    return f"type octile\nheight {len(rows)}\nwidth {len(rows[0])}\nmap\n" + "\n".join(rows) + "\n"


def kiva(**changes: Any) -> str:
    rows = ["r.e", "w@e", "..."]
    table = {"name": "tiny", "weight": False, "n_row": 3, "n_col": 3, "layout": rows}
    return json.dumps(table | changes)


def kinds(floor: Layout) -> dict[str, int]:
    return {CellKind(kind).name: n for kind, n in sorted(Counter(floor.kinds.tolist()).items())}


def reachable(floor: Layout, start: int, through: set[int]) -> set[int]:
    """Cells that a unit can reach over cells of these kinds, ends of any kind included."""
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        if here != start and int(floor.kinds[here]) not in through:
            continue
        for there in floor.neighbours[here].tolist():
            if there >= 0 and there not in seen:
                seen.add(there)
                todo.append(there)
    return seen


# Real samples


def test_samples_are_where_they_should_be(shared: Path) -> None:
    assert len(SAMPLES) > 20


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_survive_writing(sample: str, shared: Path, tmp_path: Path) -> None:
    floor = load(shared / sample)
    save(floor, tmp_path / "again.toml")
    again = load(tmp_path / "again.toml")
    for name in ("kinds", "exits", "edge_costs", "neighbours"):
        np.testing.assert_array_equal(getattr(floor, name), getattr(again, name))
    for name in ("name", "n_rows", "n_cols", "stations", "zones", "recommended_units"):
        assert getattr(floor, name) == getattr(again, name)


def test_a_movingai_sample(shared: Path) -> None:
    floor = load(shared / "movingai/warehouse-10-20-10-2-1.map")
    assert (floor.name, floor.n_rows, floor.n_cols) == ("warehouse-10-20-10-2-1", 63, 161)
    assert kinds(floor) == {"OBSTACLE": 4444, "FLOOR": 5699}


def test_a_league_problem(shared: Path) -> None:
    floor = load(shared / "lorr/2023/warehouse.domain/EI23-warehouse_large_5000.json")
    assert (floor.n_rows, floor.n_cols, floor.recommended_units) == (140, 500, 5000)
    assert {name: len(cells) for name, cells in floor.zones.items()} == {"E": 352, "S": 25250}
    assert kinds(floor) == {"OBSTACLE": 31414, "FLOOR": 38586}
    assert not floor.stations


def test_a_kiva_sample(shared: Path) -> None:
    floor = load(shared / "layouts/kiva_small_2x2_w_mode.json")
    assert kinds(floor) == {"OBSTACLE": 20, "FLOOR": 118, "STATION": 6}
    assert len(floor.zones["endpoints"]) == 40
    first = floor.stations[0]
    assert (first.name, first.kind, first.cell) == (
        "W1", StationKind.WORKSTATION, floor.cell(1, 0),
    )  # fmt: skip
    assert first.facing == Heading.WEST
    assert floor.exits[first.cell].tolist() == [True, True, False, True]


def test_the_rhcr_kiva_floor(shared: Path) -> None:
    floor = load(shared / "layouts/rhcr_kiva.map")
    assert (floor.n_rows, floor.n_cols) == (33, 46)
    assert len(floor.zones["endpoints"]) == 480
    assert len(floor.cells_of(CellKind.PARKING)) == 192


def test_the_rhcr_sorting_floor(shared: Path) -> None:
    floor = load(shared / "layouts/rhcr_sorting_map.grid")
    assert (floor.n_rows, floor.n_cols) == (37, 77)
    assert Counter(station.kind.value for station in floor.stations) == {
        "induct": 50,
        "eject": 1100,
    }
    # Every allowed move of the file is kept: none led off the floor or into an obstacle.
    assert int(floor.exits.sum()) == 3792
    assert not floor.edge_costs.any()
    chutes = [station for station in floor.stations if station.name.startswith("10000-")]
    assert len(chutes) == 4
    around = {cell for chute in chutes for cell in (chute.cell,)}
    assert around == {floor.cell(36 - y, x) for x, y in ((1, 3), (2, 2), (2, 4), (3, 3))}


def test_every_station_of_the_sorting_floor_can_be_reached(shared: Path) -> None:
    floor = load(shared / "layouts/rhcr_sorting_map.grid")
    seen = reachable(floor, floor.stations[0].cell, {int(CellKind.FLOOR)})
    assert {station.cell for station in floor.stations} <= seen


# MovingAI and League


def test_swamp_is_free_and_water_is_not(tmp_path: Path) -> None:
    floor = load(write(tmp_path, "a.map", octile(".GS", "@OT", "W..")))
    assert floor.kinds.tolist() == [1, 1, 1, 0, 0, 0, 0, 1, 1]
    assert not floor.zones


def test_a_map_with_emitters_is_a_league_map(tmp_path: Path) -> None:
    floor = load(write(tmp_path, "a.map", octile(".ES", "@T?")))
    assert floor.kinds.tolist() == [1, 1, 1, 0, 0, 1]
    assert floor.zones == {"E": (1,), "S": (2,)}


def test_line_ends_of_other_systems_and_blank_lines_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.map"
    path.write_bytes(octile("..@", "...").replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert load(path).kinds.tolist() == [1, 1, 0, 1, 1, 1]


def test_a_problem_names_its_map_and_fleet(tmp_path: Path) -> None:
    write(tmp_path, "maps/a.map", octile("..S", "@.."))
    problem = {"mapFile": "maps/a.map", "teamSize": 3, "numTasksReveal": 1.5}
    floor = load(write(tmp_path, "day.json", json.dumps(problem)))
    assert (floor.name, floor.recommended_units, floor.zones) == ("day", 3, {"S": (2,)})


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ({"mapFile": "none.map"}, "its mapFile 'none.map' is not there; looked for"),
        ({"mapFile": 3}, "Expected `str`, got `int`"),
        ({"mapFile": "a.map", "teamSize": -1}, "teamSize is -1"),
    ],
)
def test_bad_problems(problem: dict[str, Any], message: str, tmp_path: Path) -> None:
    write(tmp_path, "a.map", octile(".."))
    assert message in faults_of(write(tmp_path, "day.json", json.dumps(problem)))[0]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["its first line must begin with 'type'"]),
        ("type octile\nheight x\nwidth\nmop\n",
         ["line 2 is 'height x'", "line 3 is 'width'", "line 4 is 'mop'"]),
        ("type octile\nheight 3\nwidth 2\nmap\n..\n.\n",
         ["row 2 has 1 cells, not 2", "2 rows, not 3 as the header says; is the file cut off?"]),
        ("type octile\nheight 1\nwidth 2\nmap\n..\n..\n", ["2 rows, not 1"]),
        ("type octile\nheight 1\nwidth 2\nmap\n.x\n", ["row 1, column 2: unknown character 'x'"]),
        ("type octile\nheight 2\nwidth 2\nmap\nE\n", ["row 1 has 1 cells", "1 rows, not 2"]),
    ],
)  # fmt: skip
def test_bad_maps(text: str, messages: list[str], tmp_path: Path) -> None:
    faults = faults_of(write(tmp_path, "a.map", text))
    assert len(faults) == len(messages)
    assert all(told in fault for told, fault in zip(messages, faults, strict=True)), faults


# Kiva


def test_kiva_cells(tmp_path: Path) -> None:
    floor = load(write(tmp_path, "a.json", kiva()))
    assert floor.name == "tiny"
    assert kinds(floor) == {"OBSTACLE": 1, "FLOOR": 6, "STATION": 1, "PARKING": 1}
    assert floor.zones == {"endpoints": (2, 5)}


def test_weights_go_to_the_moves_east_north_west_south_of_each_free_cell(tmp_path: Path) -> None:
    n_free, n_moves = 8, 16
    weights = [*[9.0] * n_free, *range(1, n_moves + 1)]
    floor = load(write(tmp_path, "a.json", kiva(weight=True, weights=weights)))
    order, expected = iter(range(n_moves)), np.zeros((9, 4))
    for cell in range(9):
        for heading, step in enumerate(((0, 1), (-1, 0), (0, -1), (1, 0))):
            row, col = cell // 3 + step[0], cell % 3 + step[1]
            if 0 <= row < 3 and 0 <= col < 3 and 4 not in (cell, 3 * row + col):
                expected[cell, heading] = next(order)
    np.testing.assert_array_equal(floor.edge_costs, expected)
    shared_wait = [9.0, *range(1, n_moves + 1)]
    again = load(write(tmp_path, "b.json", kiva(weight=True, weights=shared_wait)))
    np.testing.assert_array_equal(floor.edge_costs, again.edge_costs)


def test_costs_keep_the_order_of_paths() -> None:
    rng = np.random.default_rng(5)
    weights = rng.uniform(0.1, 100.0, size=(50, 4))
    costs = 1.0 + costs_of_weights(weights, "file").astype(float)
    assert costs.min() == 1.0
    np.testing.assert_allclose(costs * weights.min(), weights, rtol=1e-6)
    with pytest.raises(LayoutError, match="too far apart"):
        costs_of_weights(np.array([1e-30, 1e30]), "file")
    sums = [(weights[path].sum(), costs[path].sum()) for path in rng.integers(50, size=(30, 9))]
    assert all(one[1] < other[1] for one, other in pairwise(sorted(sums)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_row": 4}, "3 rows, not 4 as the header says; is the file cut off?"),
        ({"n_col": 2}, "row 1 has 3 cells, not 2"),
        ({"n_row": "3"}, "Expected `int`, got `str`"),
        ({"layout": ["r.e", "x@e", "..."]}, "row 2, column 1: unknown character 'x'"),
        ({"layout": [], "n_row": 0}, "'layout' has no rows"),
        ({"weight": True, "weights": [1.0, 2.0]}, "2 weights do not fit the drawing: it has 16 "),
        ({"weight": True, "weights": [1.0] * 8 + [0.0] * 16}, "weight 9 is 0.0"),
    ],
)
def test_bad_kiva_floors(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert any(message in fault for fault in faults_of(write(tmp_path, "a.json", kiva(**changes))))


def test_json_that_is_cut_off(tmp_path: Path) -> None:
    assert "not a Kiva floor" in faults_of(write(tmp_path, "a.json", kiva()[:40]))[0]
    assert "problem" in faults_of(write(tmp_path, "b.json", '{"mapFile": "a.map"'))[0]


# RHCR

COLUMNS = (
    "id,type,station,x,y,weight_to_NORTH,weight_to_WEST,weight_to_SOUTH,weight_to_EAST,"
    "weight_for_WAIT"
)
GRID = [
    "Grid size (x, y)", "2,3", COLUMNS,
    "0,Travel,None,0,0,1,inf,inf,2,1",
    "1,Travel,None,0,1,1,inf,inf,inf,1",
    "2,Induct,7,0,2,inf,inf,inf,1,1",
    "3,Eject,9,1,0,inf,1,inf,inf,1",
    "4,Obstacle,None,1,1,inf,inf,inf,inf,1",
    "5,Eject,9,1,2,inf,1,inf,inf,1",
]  # fmt: skip


def grid_text(changed: dict[int, str] | None = None, n_lines: int = len(GRID)) -> str:
    """The little grid with some lines (from 1) replaced, cut off after so many lines."""
    lines = [(changed or {}).get(number, text) for number, text in enumerate(GRID, start=1)]
    return "\n".join(lines[:n_lines]) + "\n"


def test_a_grid_has_north_up(tmp_path: Path) -> None:
    floor = load(write(tmp_path, "a.grid", grid_text()))
    assert (floor.n_rows, floor.n_cols) == (3, 2)
    assert floor.kinds.tolist() == [3, 1, 1, 0, 1, 1]
    assert floor.neighbours.tolist() == [
        [1, -1, -1, -1], [-1, -1, 0, -1], [-1, 0, -1, -1],
        [-1, -1, -1, -1], [5, 2, -1, -1], [-1, -1, 4, -1],
    ]  # fmt: skip
    assert floor.edge_costs[4].tolist() == [1.0, 0.0, 0.0, 0.0]
    names = [(station.name, station.kind.value, station.cell) for station in floor.stations]
    assert names == [("7", "induct", 0), ("9-1", "eject", 1), ("9-2", "eject", 5)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({2: "2;3"}, "line 2 is '2;3'; expected 'n_x,n_y'"),
        ({3: "id,type"}, "line 3 names other columns"),
        ({4: "0,Travl,None,0,0,1,inf,inf,2,1"}, "unknown type 'Travl'; did you mean 'Travel'?"),
        ({4: "0,Travel,None,0"}, "line 4 has 4 fields, not 10"),
        ({4: "0,Travel,None,a,0,1,inf,inf,2,1"}, "line 4: invalid literal"),
        ({4: "0,Travel,None,0,0,0,inf,inf,2,1"}, "each must be above 0"),
        ({4: "0,Travel,None,0,0,nan,inf,inf,2,1"}, "each must be above 0"),
        ({4: "0,Travel,None,9,0,1,inf,inf,2,1"}, "x 9, y 0 lies outside the grid of 2 by 3"),
        ({4: "0,Travel,None,0,1,1,inf,inf,2,1"}, "x 0, y 1 is given 2 times"),
        ({4: "0,Travel,None,0,0,1,inf,1,2,1"}, "x 0, y 0 may be left to the south, where there is"),
        ({5: "1,Travel,None,0,1,1,inf,inf,1,1"}, "x 0, y 1 may be left to the east"),
    ],
)
def test_bad_grids(changed: dict[int, str], message: str, tmp_path: Path) -> None:
    faults = faults_of(write(tmp_path, "a.grid", grid_text(changed)))
    assert any(message in fault for fault in faults), faults


def test_a_grid_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path, "a.grid", grid_text(n_lines=7))
    assert faults_of(path) == [f"{path}: 4 cells, not 2 x 3; is the file cut off?"]
    assert "expected 'n_x,n_y'" in faults_of(write(tmp_path, "b.grid", grid_text(n_lines=1)))[0]


def test_all_faults_of_a_grid_come_together(tmp_path: Path) -> None:
    changed = {4: "0,Travel", 5: "1,Trvel,None,0,1,1,inf,inf,inf,1", 9: "5,Eject,9,8,2,1,1,1,1,1"}
    assert len(faults_of(write(tmp_path, "a.grid", grid_text(changed)))) == 4


def test_rhcr_maps(tmp_path: Path) -> None:
    floor = load(write(tmp_path, "a.map", "2,3\n1\n1\n50\nr.e\n.@.\n"))
    assert kinds(floor) == {"OBSTACLE": 1, "FLOOR": 4, "PARKING": 1}
    faults = faults_of(write(tmp_path, "b.map", "2,3\n1\nx\n50\nr.e\n"))
    assert len(faults) == 2
    assert "line 3 is 'x'" in faults[0]
    assert "1 rows, not 2" in faults[1]


# Finding the format


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", 'map = """\n..\n"""\n', "native"),
        ("a.map", "# a comment\n\nname = 'a'\nmap = '..'\n", "native"),
        ("a", octile(".."), "MovingAI map"),
        ("a", octile(".E"), "League map"),
        ("a.toml", octile(".."), "MovingAI map"),
        ("a", kiva(), "Kiva JSON"),
        ("a", '{"mapFile": "x.map"}', "League problem"),
        ("a", "3,4\n1\n", "RHCR map"),
        ("a", "Grid size (x, y)\n3,4\n", "RHCR grid"),
        ("a.toml", "", "native"),
    ],
)
def test_what_is_in_a_file_tells_its_format(
    name: str, text: str, expected: str, tmp_path: Path
) -> None:
    assert format_of(write(tmp_path, name, text)) == expected


def test_files_that_are_no_floors(tmp_path: Path) -> None:
    assert "not a floor file of a known format" in faults_of(write(tmp_path, "a.txt", "hello"))[0]
    assert "is a folder" in faults_of(tmp_path)[0]
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n")
    assert "byte 1 is not UTF-8 text" in faults_of(picture)[0]
    with pytest.raises(LayoutError, match=r"no floor file 'tech\.toml'"):
        load("tech.toml")


def test_a_layout_checks_its_arrays() -> None:
    cells = np.ones(6, dtype=np.int8)
    with pytest.raises(LayoutError, match="2 x 2 cells do not fit kinds of size 6"):
        Layout("odd", 2, 2, cells, np.ones((4, 4), dtype=bool), np.zeros((4, 4), dtype=np.float32))
    fine = open_layout("fine", cells.reshape(2, 3), zones={"a": (3, 1, 3)})
    assert fine.zones == {"a": (1, 3)}
    with pytest.raises(LayoutError, match="edge costs must be finite and 0 or more"):
        Layout("odd", 2, 3, cells, fine.exits, np.full((6, 4), -1.0, dtype=np.float32))


def test_sizes_and_characters_of_a_map_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "b.map"
    path.write_text("type octile\nheight 3\nwidth 4\nmap\n....\n..\n.x..\n")
    with pytest.raises(LayoutError) as error:
        load(path)
    assert len(error.value.faults) == 2
    assert "row 2 has 2 cells" in error.value.faults[0]
    assert "row 3, column 2: unknown character 'x'" in error.value.faults[1]
