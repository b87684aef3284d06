"""Floor files: what each key says, every fault with its place, and writing as the inverse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from layouts import (
    CellKind,
    Heading,
    Layout,
    LayoutError,
    Station,
    StationKind,
    library_names,
    load,
    open_layout,
    save,
)
from layouts.native import parse_native
from layouts.native_write import native_text
from layouts.regions import cover, headings_text, parse_headings, parse_span, span_text

E, N, W, S = Heading

DRAWN = """
format = 1
name = "mill"
description = "Two lanes, a charger\\nand a corner for people."
cell_size_m = 1.2
wall_gap_m = 0.15
recommended_units = 6
map = '''
>>>>>>>>v
^.PP.PP.v
^.PP.PP.v
^<<<<<<<<
qxC..KHxq
q#.....#q
Sx.....xS
'''
stations = [{ name = "east", row = 7, col = 9, kind = "stow", facing = "east" }]
one_way = [{ rows = 5, cols = [3, 6], heading = ["north", "east"] }]
edge_costs = [
    { rows = "1-4", cols = "1-9", heading = "all", cost = 0.5 },
    { rows = 2, cols = 2, against = "north", cost = 4 },
]

[legend]
x = "obstacle"

[zones]
west = [{ rows = "1-7", cols = 1 }, { rows = 1, cols = "1-3" }]
"""
SMALL = """
map = '''
.....
.PP..
.....
q...q
S...S
'''
"""


def floor_of(text: str) -> Layout:
    return parse_native(text, "floor.toml", "floor")


def faults_of(text: str) -> list[str]:
    with pytest.raises(LayoutError) as caught:
        floor_of(text)
    return caught.value.faults


def only_fault(text: str) -> str:
    faults = faults_of(text)
    assert len(faults) == 1, faults
    return faults[0]


def drawing(*rows: str) -> str:
    return "map = '''\n" + "\n".join(rows) + "\n'''\n"


def assert_same(one: Layout, other: Layout) -> None:
    """Equal in every array and field but the source."""
    for name in ("kinds", "exits", "edge_costs", "neighbours"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    for name in ("name", "n_rows", "n_cols", "stations", "cell_size_m", "zones", "description"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.recommended_units == other.recommended_units
    assert one.wall_gap_m == other.wall_gap_m


# What a file says


def test_figures_and_legend() -> None:
    floor = floor_of(DRAWN)
    assert (floor.name, floor.cell_size_m, floor.recommended_units) == ("mill", 1.2, 6)
    assert floor.wall_gap_m == 0.15
    assert floor.description == "Two lanes, a charger\nand a corner for people."
    counts = {kind.name: len(floor.cells_of(kind)) for kind in CellKind}
    assert counts == {
        "OBSTACLE": 6, "FLOOR": 40, "STORAGE": 8, "STATION": 2, "QUEUE": 4, "CHARGER": 1,
        "PARKING": 1, "HUMAN": 1,
    }  # fmt: skip


def test_a_file_needs_no_more_than_a_map() -> None:
    floor = floor_of(SMALL)
    assert (floor.name, floor.cell_size_m, floor.recommended_units) == ("floor", 1.0, 0)
    assert [station.name for station in floor.stations] == ["S1", "S2"]


def test_arrows_are_left_along_the_arrow_only() -> None:
    floor = floor_of(DRAWN)
    assert floor.exits[floor.cell(0, 3)].tolist() == [True, False, False, False]
    assert floor.exits[floor.cell(1, 0)].tolist() == [False, True, False, False]


def test_one_way_takes_a_rectangle_and_several_headings() -> None:
    floor = floor_of(DRAWN)
    assert floor.exits[floor.cell(4, 3)].tolist() == [True, True, False, False]
    assert floor.exits[floor.cell(5, 3)].all()


CROSSING = """
map = '''
.....
.....
.....
'''
one_way = [
    { rows = 2, cols = "1-5", against = "east" },
    { rows = "1-3", cols = 3, against = "north west" },
]
"""


def test_one_way_against_leaves_what_else_is_said() -> None:
    floor = floor_of(CROSSING)
    assert floor.exits[floor.cell(1, 1)].tolist() == [True, True, False, True]
    assert floor.exits[floor.cell(1, 2)].tolist() == [False, True, False, False]
    assert floor.exits[floor.cell(0, 2)].tolist() == [False, False, True, False]


def test_crossing_lanes_are_written_with_few_tables() -> None:
    n_rows, n_cols = 20, 30
    exits = np.ones((n_rows, n_cols, 4), dtype=bool)
    for row in range(2, 18, 3):
        exits[row, 2:28, W if row % 2 else E] = False
    for col in range(2, 28, 4):
        exits[2:18, col, S if col % 4 else N] = False
    kinds = np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8)
    floor = replace(open_layout("lanes", kinds), exits=exits.reshape(-1, 4))
    text = native_text(floor)
    assert text.count("against") == text.count("rows =") == 6 + 7
    assert np.array_equal(parse_native(text, "lanes").exits, floor.exits)


def test_a_later_edge_cost_overrides_and_against_is_the_opposite() -> None:
    floor = floor_of(DRAWN)
    costs = floor.edge_costs[floor.cell(1, 1)]
    assert costs.tolist() == [0.5, 0.5, 0.5, 4.0]
    assert floor.edge_costs[floor.cell(0, 3)].tolist() == [0.5, 0.0, 0.0, 0.0]


def test_zones_are_rectangles_together() -> None:
    floor = floor_of(DRAWN)
    assert floor.zones["west"] == (0, 1, 2, 9, 18, 27, 36, 45, 54)


def test_a_legend_entry_may_name_a_zone() -> None:
    text = drawing("a.a", "...") + '[legend]\na = { kind = "charger", zone = "fast" }\n'
    floor = floor_of(text)
    assert floor.zones == {"fast": (0, 2)}
    assert floor.cells_of(CellKind.CHARGER).tolist() == [0, 2]


def test_station_kinds_may_be_drawn() -> None:
    text = drawing("I.E.E", ".....") + '[legend]\nI = "induct"\nE = "eject"\n'
    kinds = [(station.name, station.kind.value) for station in floor_of(text).stations]
    assert kinds == [("I1", "induct"), ("E1", "eject"), ("E2", "eject")]


def test_stations_come_in_the_order_of_their_tables_then_of_reading() -> None:
    floor = floor_of(DRAWN)
    east, west = floor.stations
    assert (east.name, east.kind, east.facing) == ("east", StationKind.STOW, E)
    assert (west.name, west.kind, west.cell) == ("S1", StationKind.PICK, floor.cell(6, 0))
    assert east.queue == (floor.cell(5, 8), floor.cell(4, 8))


def test_a_person_stands_straight_on_from_the_queue() -> None:
    floor = floor_of(drawing("P...", ".qS#", ".##."))
    assert floor.stations[0].facing == E


def test_people_cells_are_where_people_stand() -> None:
    assert floor_of(drawing("P...", ".qS#", "..H.")).stations[0].facing == S


# Queues


def test_a_queue_is_a_lane_to_the_station() -> None:
    floor = floor_of(drawing("P.....", ".....#", "#.qqqS", "......"))
    service = floor.stations[0].cell
    front, middle, back = floor.stations[0].queue
    assert (service, front, back) == (floor.cell(2, 5), floor.cell(2, 4), floor.cell(2, 2))
    assert floor.neighbours[back].tolist() == [middle, -1, -1, -1]
    assert floor.neighbours[middle].tolist() == [front, -1, -1, -1]
    assert floor.neighbours[front].tolist() == [service, -1, -1, -1]
    assert floor.neighbours[service].tolist() == [-1, -1, -1, floor.cell(3, 5)]
    into = {cell: np.flatnonzero((floor.neighbours == cell).any(axis=1)).tolist()
            for cell in (service, front, middle, back)}  # fmt: skip
    assert into[service] == [front]
    assert into[front] == [middle]
    assert into[middle] == [back]
    assert into[back] == [floor.cell(1, 2), floor.cell(2, 1), floor.cell(3, 2)]


def test_a_service_cell_is_never_left_into_another_queue() -> None:
    floor = floor_of(drawing("P....", ".qSqS", ".....") + QUEUE_OF_BOTH)
    assert floor.neighbours[floor.stations[0].cell].tolist() == [-1, 2, -1, floor.cell(2, 2)]


QUEUE_OF_BOTH = """
[[stations]]
name = "left"
row = 2
col = 3
queue = [[2, 2]]
[[stations]]
name = "right"
row = 2
col = 5
queue = "2,4"
"""


def test_a_forked_queue_must_be_listed() -> None:
    rows = ("P...", ".qq.", ".qS.", "....")
    assert "goes on from row 3, column 3 at row 2, column 3 or at row 3, column 2" in only_fault(
        drawing(*rows)
    )
    table = "[[stations]]\nname = 'a'\nrow = 3\ncol = 3\nqueue = [[2, 3], [2, 2], [3, 2]]\n"
    floor = floor_of(drawing(*rows) + table)
    assert floor.stations[0].queue == (floor.cell(1, 2), floor.cell(1, 1), floor.cell(2, 1))


def test_a_queue_between_two_stations_must_be_listed() -> None:
    rows = drawing("P....", "#SqS#", ".....")
    assert "leads to station 'S2' and to 'S1'" in only_fault(rows)
    floor = floor_of(rows + "[[stations]]\nname = 'a'\nrow = 2\ncol = 2\nqueue = []\n")
    assert [len(station.queue) for station in floor.stations] == [0, 1]


def test_a_queue_cell_of_no_station() -> None:
    fault = only_fault(drawing("P...S", "..q..", "....."))
    assert fault.startswith("floor.toml: row 2, column 3: this queue cell belongs to no station")


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        ("[[4, 2]]", "[4, 2] is not a queue cell but floor; draw 'q' there"),
        ("[[4, 5]]", "[4, 5] is not beside row 5, column 1; list the cells from front to back"),
        ("[[9, 1]]", "[9, 1] is outside the map"),
        ("[[4]]", "[4] is not a cell"),
        ("[[4, 1], [4, 1]]", "[4, 1] is in the queue of 'a' already"),
        ("'4;1'", "write 'row,col row,col ...'"),
        ("[1, 2]", "queue"),
    ],
)
def test_bad_queues(queue: str, message: str) -> None:
    table = f"[[stations]]\nname = 'a'\nrow = 5\ncol = 1\nqueue = {queue}\n"
    assert any(message in fault for fault in faults_of(SMALL + table))


def test_a_station_on_a_lane_leaves_its_cell_to_others() -> None:
    text = drawing("I...", "#...") + (
        "stations = [{ name = 'chute', row = 1, col = 3, kind = 'eject', on_lane = true }]\n"
        "[legend]\nI = 'induct'\n"
    )
    floor = floor_of(text)
    assert floor.kinds[2] == CellKind.FLOOR
    assert floor.stations[0] == Station("chute", StationKind.EJECT, 2, (), int(N))
    assert "must be on a floor cell" in faults_of(text.replace("col = 3", "col = 1"))[0]
    assert "must be on a station cell, not floor" in faults_of(text.replace("true", "false"))[0]


def test_exits_tables_override_the_rules_of_queues() -> None:
    floor = floor_of(SMALL + "exits = [{ rows = 4, cols = 1, heading = 'north south' }]\n")
    assert floor.exits[floor.cell(3, 0)].tolist() == [False, True, False, True]


# Faults


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (drawing("...", "..", "..."), "row 2 has 2 cells, most rows have 3"),
        (drawing("...", ".?.", "..."), "row 2, column 2: unknown character '?'"),
        (drawing("...", "...") + "nmae = 'x'", "unknown key 'nmae'; did you mean 'name'?"),
        (drawing("...") + "zzz = 1", "unknown key 'zzz'; known keys: map, format, name"),
        ("name = 'x'", "no map; draw one"),
        ("map = 3", "map: expected `str`, got `int`"),
        ("map = '..'\n[one_way]\nrows = 1", "got `table`; write [[one_way]] above each table"),
        (drawing("..") + "edge_costs = [{rows = 1, cols = 1, heading = 'all', cost = 1e300}]",
         "cost is 1e+300; give cells, 0 or more"),
        (drawing("...", ".. "), "row 2, column 3: unknown character ' '; take the blank away"),
        (SMALL + "[[stations]]\nname = ''\nrow = 5\ncol = 1", "has no name"),
        ("map = ''", "no map; draw one"),
        (drawing("..") + "format = 2", "format is 2; this version reads format 1"),
        (drawing("..") + "cell_size_m = 0", "cell_size_m is 0.0; give metres between 0.1 and 10"),
        (drawing("..") + "cell_size_m = nan", "cell_size_m is nan"),
        (drawing("..") + "cell_size_m = '1'", "cell_size_m: expected `float`, got `str`"),
        (drawing("..") + "recommended_units = -1", "recommended_units is -1"),
        (drawing("..") + "[legend]\nx = 'flor'", "unknown kind 'flor'; did you mean 'floor'?"),
        (drawing("..") + "[legend]\nxy = 'floor'", "legend of 'xy': give exactly one character"),
        (drawing("..") + "[legend]\nx = { kind = 'floor', zon = 'a' }",
         "unknown key 'legend.x.zon'; did you mean 'zone'?"),
        (drawing("PP", ".."), "there is storage but no station; draw one with 'S'"),
        (drawing("S.", ".."), "pick or stow stations but no storage; draw some with 'P'"),
        (drawing("I.") + "[legend]\nI = 'induct'", "needs both induct and eject stations"),
        (drawing("..") + "stations = 3", "stations: expected `array`, got `int`"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 1", "stations[1] lacks the key 'col'"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = '5'\ncol = 1", "stations[1].row: expected `int`"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 5\ncol = 1\nfacng = 'east'",
         "unknown key 'stations[1].facng'; did you mean 'facing'?"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 6\ncol = 1",
         "station 'a' at row 6, column 1 is outside the map of 5 rows and 5 columns"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 0\ncol = 1", "which count from 1"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 1\ncol = 1",
         "must be on a station cell, not floor; draw 'S' there"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 5\ncol = 1\nkind = 'pik'",
         "kind is 'pik'; did you mean 'pick'?"),
        (SMALL + "[[stations]]\nname = 'a'\nrow = 5\ncol = 1\nfacing = 'eats'",
         "facing is 'eats'; did you mean 'east'?"),
        (SMALL + "[[stations]]\nname = 'S2'\nrow = 5\ncol = 1", "would be called 'S2'"),
        (SMALL + "stations = [{name='a',row=5,col=1},{name='a',row=5,col=5}]",
         "2 stations are called 'a'"),
        (SMALL + "stations = [{name='a',row=5,col=1},{name='b',row=5,col=1}]",
         "2 [[stations]] tables are for row 5, column 1"),
        (SMALL + "one_way = [{rows = 9, cols = 1, heading = 'east'}]",
         "one_way[1]: rows = 9 reach outside the map, which has 5 rows"),
        (SMALL + "one_way = [{rows = 'a', cols = 1, heading = 'east'}]", "write 3, [3, 17] or"),
        (SMALL + "one_way = [{rows = [3, 2], cols = 1, heading = 'east'}]", "the lower end first"),
        (SMALL + "one_way = [{rows = 1, cols = 1, heading = 'noth'}]",
         "unknown heading 'noth'; did you mean 'north'?"),
        (SMALL + "one_way = [{rows = 1, cols = 1}]", "one_way[1]: give either heading or against"),
        (SMALL + "one_way = [{rows = 1, cols = 1, against = 'noth'}]", "did you mean 'north'"),
        (SMALL + "edge_costs = [{rows = 1, cols = 1, cost = 1}]",
         "edge_costs[1]: give either heading or against"),
        (SMALL + "edge_costs = [{rows = 1, cols = 1, heading = 'all', cost = -1}]",
         "cost is -1.0; give cells, 0 or more"),
        (SMALL + "zones.a = [{rows = 1, cols = 7}]", "zones 'a'[1]: cols = 7 reach outside"),
        (SMALL + "zones.a = [{row = 1, cols = 7}]", "unknown key 'zones.a[1].row'"),
        ("map = ", "not readable as TOML: "),
    ],
)  # fmt: skip
def test_every_fault_says_where_and_how_to_cure_it(text: str, message: str) -> None:
    faults = faults_of(text)
    assert all(fault.startswith("floor.toml: ") for fault in faults)
    assert any(message in fault for fault in faults), faults


def test_all_faults_come_together() -> None:
    text = """
        format = 3
        cell_size = 1.0
        recommended_units = "many"
        map = '''
        .....
        .PP
        ..?..
        S...S
        '''
        stations = [
            { name = "a", row = 9, col = 1 },
            { name = "b", row = 1, col = 1 },
            { name = "c", row = 4, col = 1, knd = "pick" },
            { name = "d", row = 2, col = 2 },
        ]
        one_way = [{ rows = 1, cols = 9, heading = "up" }]
        edge_costs = [{ rows = 1, cols = 1, cost = 1 }]
    """.replace("\n        ", "\n")
    faults = faults_of(text)
    told = [
        "format is 3", "'cell_size'; did you mean 'cell_size_m'", "recommended_units: expected",
        "row 2 has 3 cells", "row 3, column 3: unknown character '?'",
        "station 'a' at row 9, column 1 is outside", "station 'b' at row 1, column 1 must be on",
        "'stations[3].knd'", "one_way[1]: cols = 9", "unknown heading 'up'",
        "edge_costs[1]: give either",
    ]  # fmt: skip
    for words in told:
        assert sum(words in fault for fault in faults) == 1, (words, faults)
    # Nothing is said of station d: its row is ragged, so nobody knows what stands there.
    assert len(faults) == len(told)
    assert str(LayoutError(faults)) == "\n".join(faults)


def test_a_character_wrong_everywhere_is_told_a_few_times() -> None:
    faults = faults_of(drawing("?" * 40, "." * 40))
    assert len(faults) == 6
    assert faults[-1].endswith("35 more cells hold the unknown character '?'")


# Writing


@pytest.mark.parametrize("name", library_names())
def test_ready_floors_survive_writing(name: str, tmp_path: Path) -> None:
    floor = load(name)
    save(floor, tmp_path / "again.toml")
    assert_same(floor, load(tmp_path / "again.toml"))


@pytest.mark.parametrize("text", [DRAWN, SMALL], ids=["drawn", "small"])
def test_writing_keeps_the_drawing(text: str, tmp_path: Path) -> None:
    floor = floor_of(text)
    save(floor, tmp_path / "floor.toml")
    again = load(tmp_path / "floor.toml")
    assert_same(floor, again)
    written = (tmp_path / "floor.toml").read_text(encoding="utf-8")
    # An obstacle is drawn as one, and a stow station has a character of its own.
    drawn = text.split("'''")[1].replace("x", "#").replace("#S\n", "#s\n")
    assert drawn in written
    assert native_text(again) == written


def test_equal_runs_are_merged() -> None:
    costs = np.zeros((20, 30, 4), dtype=np.float32)
    costs[3:9, :, W] = 2.5
    costs[:, 4, N] = 2.5
    exits = np.ones((20, 30, 4), dtype=bool)
    exits[12:14, :, [N, S]] = False
    bare = open_layout("runs", np.ones((20, 30), dtype=np.int8), zones={"a": tuple(range(90))})
    floor = Layout("runs", 20, 30, bare.kinds, exits.reshape(-1, 4), costs.reshape(-1, 4))
    text = native_text(floor)
    assert text.count("cost = 2.5") <= 5
    assert text.count('heading = "east west"') == 1
    assert native_text(bare).count("rows = ") == 0, "a zone of one kind of cell is drawn"
    assert_same(floor, floor_of(text))


def random_floor(rng: np.random.Generator) -> Layout:
    """A floor in which anything that a Layout can hold is there by chance, queues too."""
    n_rows, n_cols = rng.integers(4, 12, size=2).tolist()
    drawn = rng.choice(list(".....#PPCKH>^"), size=(n_rows, n_cols))
    drawn[1, 1], drawn[2, 1], drawn[2, 2] = "P", "S", rng.choice(["q", "."])
    drawn[[1, 2, 3], [2, 3, 2]], drawn[3, 1] = ".", "."
    drawn[2, 0] = "."
    base = floor_of(drawing(*("".join(row) for row in drawn.tolist())))
    exits, costs = base.exits.copy(), base.edge_costs.copy()
    touched = rng.random(base.n_cells) < 0.3
    exits[touched] &= rng.random((int(touched.sum()), 4)) < 0.7
    touched = rng.random(costs.shape) < rng.random() * 0.5
    costs[touched] = rng.choice([0.1, 1.0, 7.25, 1 / 3], size=int(touched.sum()))
    zones = {
        name: tuple(np.flatnonzero(rng.random(base.n_cells) < share).tolist())
        for name, share in (("a", 0.2), ("b c", 0.8), ("none", 0.0), ("P", 0.05))
    }
    stations = tuple(
        Station(station.name, station.kind, station.cell, station.queue, int(rng.integers(4)))
        for station in base.stations
    )
    return Layout(
        "chance", n_rows, n_cols, base.kinds, exits, costs, stations, 0.75, zones, "",
        'quotes """ and \\ and "', int(rng.integers(50)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_any_floor_survives_writing(seed: int) -> None:
    floor = random_floor(np.random.default_rng(seed))
    assert_same(floor, parse_native(native_text(floor), "again"))


def test_a_floor_that_a_file_cannot_say_is_refused() -> None:
    floor = floor_of(SMALL)
    nowhere = Layout("odd", 5, 5, floor.kinds, floor.exits, floor.edge_costs, ())
    with pytest.raises(LayoutError, match="cannot say its stations"):
        native_text(nowhere)


def test_saving_says_what_stops_it(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="cannot be written: "):
        save(floor_of(SMALL), tmp_path / "no" / "floor.toml")
    assert not list(tmp_path.iterdir())


# Rectangles


@pytest.mark.parametrize("seed", range(40))
def test_rectangles_cover_what_is_needed_and_nothing_against_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, size=2).tolist())
    must = rng.choice(np.array([0, 1, 2, 3], dtype=np.uint8), size=shape)
    never = (rng.choice(np.array([0, 3, 15], dtype=np.uint8), size=shape) & ~must).astype(np.uint8)
    need = rng.random(shape) < 0.5
    is_covered = np.zeros(shape, dtype=bool)
    for region in cover(need, must, never):
        assert not (never[region.rows, region.cols] & region.bits).any()
        assert not (must[region.rows, region.cols] & ~np.uint8(region.bits)).any()
        is_covered[region.rows, region.cols] = True
    assert is_covered[need].all()


def test_spans_and_headings_are_written_as_they_are_read() -> None:
    for text in ("3-17", 4):
        assert span_text(parse_span(text, 20, "rows")) == text
    assert parse_span([2, 3], 20, "rows") == slice(1, 3)
    for bits in range(16):
        headings = parse_headings(headings_text(bits))
        assert sum(1 << heading for heading in headings) == bits
    assert parse_headings("north, east") == [E, N]


# The documentation


def test_the_floor_of_the_documentation_is_one() -> None:
    text = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    floor = floor_of(text.split("```toml\n")[1].split("```")[0])
    assert [station.name for station in floor.stations] == ["inbound", "S1", "S2"]
    assert [len(station.queue) for station in floor.stations] == [2, 3, 3]
    moves: nx.DiGraph[int] = nx.DiGraph()
    for cell, beside in enumerate(floor.neighbours.tolist()):
        moves.add_edges_from((cell, there) for there in beside if there >= 0)
    assert set(moves) == set(np.flatnonzero(floor.driveable).tolist())
    assert nx.is_strongly_connected(moves)
    assert len(floor.zones["block"]) == 10


def test_words_of_a_misplaced_station_are_checked_too() -> None:
    tables = "[[stations]]\nname = 'a'\nrow = 40\ncol = 1\nkind = 'pik'\nfacing = 'up'"
    faults = "\n".join(faults_of(drawing("..", "..") + tables))
    for told in ("kind is 'pik'; did you mean 'pick'?", "facing is 'up'", "outside the map"):
        assert told in faults
