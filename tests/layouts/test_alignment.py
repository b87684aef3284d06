"""Rows and columns of two floors that belong together, and what is different between the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from layouts import CellKind, Heading, Layout, Station, StationKind, load, open_layout
from layouts.alignment import align
from layouts.difference import Difference, difference
from layouts.native import parse_native

FLOOR = """
..........
.PPP.PP.P.
.PPP.PP.P.
..........
q.PPP.PP..
q.PPP.PP..
S.........
"""


def floor(drawing: str = FLOOR, more: str = "") -> Layout:
    return parse_native(f'map = """{drawing}"""\n{more}', "floor")


def with_rows(layout: Layout, rows: list[int], cols: list[int]) -> Layout:
    """The kinds of these rows and columns alone."""
    kinds = layout.kinds.reshape(layout.n_rows, layout.n_cols)
    return open_layout("part", kinds[np.ix_(rows, cols)])


@pytest.mark.parametrize("seed", range(20))
def test_rows_and_columns_that_were_taken_out_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = open_layout("noise", rng.integers(0, 8, size=(14, 17)).astype(np.int8))
    rows, cols = (
        sorted(rng.choice(n, size=n - int(rng.integers(0, 4)), replace=False).tolist())
        for n in (14, 17)
    )
    part = with_rows(whole, rows, cols)
    there = align(part, whole)
    assert (there.rows.tolist(), there.cols.tolist()) == (rows, cols), f"seed {seed}"
    back = align(whole, part)
    assert np.flatnonzero(back.rows >= 0).tolist() == rows, f"seed {seed}"
    assert there.new_rows(whole) == [row for row in range(14) if row not in rows]


def test_a_floor_that_was_moved_aside_is_the_same_floor() -> None:
    one = floor()
    kinds = np.ones((one.n_rows + 3, one.n_cols + 2), dtype=np.int8)
    kinds[3:, 2:] = one.kinds.reshape(one.n_rows, one.n_cols)
    found = align(one, open_layout("moved", kinds))
    assert found.rows.tolist() == list(range(3, 3 + one.n_rows))
    assert found.cols.tolist() == list(range(2, 2 + one.n_cols))


@pytest.mark.parametrize("name", ["teaching", "one-way", "sortation"])
def test_a_floor_is_the_same_as_itself(name: str) -> None:
    one = load(name)
    found = difference(one, replace(one, name="other", description="other words"))
    assert found.is_same
    assert found.alike == 1.0
    assert found.appeared == found.disappeared == ()


def kinds_changed(found: Difference) -> list[tuple[str, str, int]]:
    return [(c.before.name, c.after.name, len(c.cells)) for c in found.kinds]


def test_cells_of_another_kind_are_told_by_kind() -> None:
    found = difference(floor(), floor(FLOOR.replace(".PPP.PP.P.", ".P#P.PP...", 1)))
    assert kinds_changed(found) == [("STORAGE", "OBSTACLE", 1), ("STORAGE", "FLOOR", 1)]
    assert found.kinds[0].cells == (12,)
    assert not found.is_same


def test_a_row_in_the_middle_is_one_change() -> None:
    changed = FLOOR.replace("..........\nq.PPP", "..........\n..........\nq.PPP")
    found = difference(floor(), floor(changed))
    assert len(found.added_rows) == 1
    assert found.added_rows[0] in (3, 4), "either of the two equal ones"
    others = found.kinds, found.moves, found.removed_rows, found.changed_stations
    assert not any(others)
    back = difference(floor(changed), floor())
    assert back.removed_rows == found.added_rows


def test_stations_are_the_same_at_one_place_else_by_name() -> None:
    words = '[[stations]]\nname = "{}"\nrow = 7\ncol = 1\n'
    found = difference(floor(), floor(more=words.format("door")))
    change = found.changed_stations[0]
    assert (change.before.name, change.after.name, change.what) == ("S1", "door", ("name",))
    moved = FLOOR.replace("q.PPP.PP..", "..PPP.PP.q").replace("S.........", ".........S")
    found = difference(floor(), floor(moved))
    assert [change.what for change in found.changed_stations] == [("cell", "queue")]
    gone = FLOOR.replace("q", ".").replace("S", ".") + ".........S\n"
    found = difference(floor(), floor(gone, words.format("far").replace("7", "8")
                                      .replace("col = 1", "col = 10")))  # fmt: skip
    assert [station.name for station in found.removed_stations] == ["S1"]
    assert [station.name for station in found.added_stations] == ["far"]


def test_a_shorter_queue() -> None:
    shorter = FLOOR.replace("q.PPP", "..PPP", 1)
    found = difference(floor(), floor(shorter))
    assert found.changed_stations[0].what == ("queue",)
    assert kinds_changed(found) == [("QUEUE", "FLOOR", 1)]


def test_moves_are_told_where_the_kinds_are_the_same() -> None:
    rules = 'one_way = [{ rows = 4, cols = "2-5", heading = "east" }]'
    found = difference(floor(), floor(more=rules))
    assert {(c.heading, c.is_open, len(c.cells)) for c in found.moves} == {
        (Heading.NORTH, False, 4), (Heading.WEST, False, 4), (Heading.SOUTH, False, 4),
    }  # fmt: skip
    back = difference(floor(more=rules), floor())
    assert all(change.is_open for change in back.moves)


def test_costs_zones_and_figures() -> None:
    more = """
edge_costs = [{ rows = 1, cols = "1-3", heading = "east", cost = 2.0 }]
recommended_units = 5
zones = { door = [{ rows = 1, cols = 1 }], both = [{ rows = 2, cols = 1 }] }
"""
    found = difference(floor(more="zones = { both = [{ rows = 1, cols = 1 }] }"), floor(more=more))
    assert found.costs == (0, 1, 2)
    assert [(zone.name, zone.before, zone.after) for zone in found.zones] == [
        ("both", 1, 1), ("door", None, 1)
    ]  # fmt: skip
    assert [(f.name, f.before, f.after) for f in found.figures] == [("recommended_units", 0, 5)]


def test_findings_that_appear_and_go() -> None:
    walled = FLOOR.replace(".PPP.PP.P.", "########P.", 1).replace("..........", "########..", 1)
    found = difference(floor(), floor(walled))
    back = difference(floor(walled), floor())
    assert [each.code for each in found.appeared] == [each.code for each in back.disappeared]
    assert found.appeared or found.disappeared


def test_a_station_on_a_lane() -> None:
    kinds = np.ones((1, 3), dtype=np.int8)
    lane = replace(
        open_layout("lane", kinds), stations=(Station("W1", StationKind.WORKSTATION, 1, (), 3),)
    )
    own = np.array([[1, CellKind.STATION, 1]], dtype=np.int8)
    found = difference(lane, replace(open_layout("own", own), stations=lane.stations))
    assert found.changed_stations[0].what == ("lane",)
