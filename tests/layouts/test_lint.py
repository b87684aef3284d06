"""Every finding of the lint on a small drawn floor, and on one beside it that lacks it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from layouts import Layout, Station, StationKind, library_names, load, open_layout
from layouts.lint import Finding, Severity, lint
from layouts.native import parse_native
from layouts.words import listed, named, patches_of, where

SHARED = Path(__file__).resolve().parents[3] / "shared"
FINE = ("......", ".PP.P.", "......", "q.##q.", "S.##S.")
SORTING = "[legend]\nI = 'induct'\nE = 'eject'\n"


def drawn(*rows: str, more: str = "") -> Layout:
    return parse_native("map = '''\n" + "\n".join(rows) + "\n'''\n" + more, "floor.toml", "floor")


def ways(*exits: tuple[int, int, str]) -> str:
    """[[exits]] tables of single cells: row, column, headings."""
    tables = [f"{{ rows = {row}, cols = {col}, heading = '{word}' }}" for row, col, word in exits]
    return f"exits = [{', '.join(tables)}]\n"


def told(floor: Layout) -> dict[str, list[Finding]]:
    """Findings by code."""
    found: dict[str, list[Finding]] = {}
    for finding in lint(floor):
        found.setdefault(finding.code, []).append(finding)
    return found


def only(floor: Layout, code: str) -> Finding:
    """The one finding of that code."""
    found = told(floor)
    assert code in found, sorted(found)
    assert len(found[code]) == 1, found[code]
    return found[code][0]


def places(floor: Layout, finding: Finding) -> list[tuple[int, int]]:
    """Rows and columns counted from 1."""
    return [(row + 1, col + 1) for row, col in map(floor.row_col, finding.cells)]


def test_a_sound_floor_has_no_findings() -> None:
    assert lint(drawn(*FINE)) == []


@pytest.mark.parametrize("name", library_names())
def test_ready_floors_have_no_faults(name: str) -> None:
    assert [f.text for f in lint(load(name)) if f.severity is Severity.FAULT] == []


@pytest.mark.parametrize(
    "name",
    [
        "layouts/kiva_large_w_mode.json",
        "layouts/kiva_small_2x2_w_mode.json",
        "layouts/rhcr_kiva.map",
        "layouts/rhcr_sorting_map.grid",
        "movingai/random-32-32-20.map",
        "movingai/warehouse-10-20-10-2-1.map",
    ],
)
def test_published_floors_have_no_faults(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip(f"needs ../shared/{name}")
    assert [f.text for f in lint(load(SHARED / name)) if f.severity is Severity.FAULT] == []


def test_the_same_floor_gives_the_same_findings_faults_first() -> None:
    floor = drawn("......#C", ".P..P.##", "......>#", "...S..##")
    assert lint(floor) == lint(floor)
    severities = [finding.severity for finding in lint(floor)]
    assert severities == sorted(severities)
    assert set(severities) == {Severity.FAULT, Severity.WARNING}


# Regions


def test_a_walled_off_region() -> None:
    floor = drawn(*FINE, "######", "##..##")
    found = only(floor, "region-isolated")
    assert found.severity is Severity.FAULT
    assert places(floor, found) == [(7, 3), (7, 4)]
    assert found.text == (
        "row 7, column 3 (2 cells in row 7, columns 3-4): walled off from the rest of the floor "
        "(22 cells); open a way, or draw obstacles"
    )


def test_a_trap_and_its_mirror() -> None:
    rows = ("....... .", ".PP.P.###", "......###", "q.##q.###", "S.##S.###")
    trap = drawn(rows[0].replace(" ", ">"), *rows[1:], more=ways((1, 7, "east")))
    assert places(trap, only(trap, "one-way-trap")) == [(1, 7), (1, 8), (1, 9)]
    assert set(told(trap)) == {"one-way-trap"}
    mirror = drawn(rows[0].replace(" ", "<"), *rows[1:], more=ways((1, 6, "west south")))
    assert places(mirror, only(mirror, "one-way-no-entry")) == [(1, 7), (1, 8), (1, 9)]
    assert set(told(mirror)) == {"one-way-no-entry"}


def test_a_cell_that_no_rule_leads_to_or_from() -> None:
    rows = ("......", "...PP.", "......", "q.##q.", "S.##S.")
    floor = drawn(*rows, more=ways((1, 1, ""), (1, 2, "south"), (2, 1, "south")))
    assert places(floor, only(floor, "region-cut-off")) == [(1, 1)]
    assert "region-isolated" not in told(floor)


def test_one_way_aisles_to_and_from_a_station_are_no_traps() -> None:
    floor = drawn(".......", ".PP.PP.", ".......", "v#####^", "v#####^", "q#####^", "qqqqqqS")
    assert lint(floor) == []


def test_a_region_behind_a_station() -> None:
    floor = drawn(".PP....", ".......", "q#####.", "S...S..")
    found = only(floor, "region-behind-station")
    assert (found.severity, places(floor, found)) == (Severity.WARNING, [(4, 2), (4, 3), (4, 4)])
    floor = drawn(".PP....", ".......", "q##....", "S...S..")
    assert "region-behind-station" not in told(floor)


def test_no_cell_to_drive_on() -> None:
    only(open_layout("void", np.zeros((2, 3), dtype=np.int8)), "no-floor")


# Chargers and parking


@pytest.mark.parametrize(("char", "code"), [("C", "charger-cut-off"), ("K", "parking-cut-off")])
def test_chargers_and_parking(char: str, code: str) -> None:
    rows = [f"......#{char}", ".PP.P.##", "......##", "q.##q.##", "S.##S.##"]
    found = only(drawn(*rows), code)
    assert found.text == (
        f"row 1, column 8: {code.split('-')[0]} that no unit gets to from the rest of the floor; "
        "open a way"
    )
    rows[0] = f".......{char}"
    assert lint(drawn(*rows[:1], *(row[:6] + ".." for row in rows[1:]))) == []
    stuck = "exits = [{ rows = 1, cols = 8, heading = '' }]\n"
    assert "gets back from to the rest" in only(drawn(*rows, more=stuck), code).text


# Stations


def test_a_station_that_is_walled_in() -> None:
    floor = drawn(*FINE[:3], "q.####", "S.#q##", "###S..")
    found = told(floor)
    assert set(found) == {"station-unreachable", "station-no-exit", "region-isolated"}
    assert only(floor, "station-no-exit").stations == ("S2",)
    assert only(floor, "station-unreachable").text == (
        "row 6, column 4: no unit gets from the rest of the floor to station 'S2'; open a way to "
        "the back of its queue"
    )
    assert lint(drawn(*FINE[:3], "q.#...", "S.#q..", "###S..")) == []


def test_a_service_cell_needs_a_neighbour_to_leave_by() -> None:
    found = only(drawn(*FINE[:3], "q####.", "S####."), "station-no-exit")
    assert "station 'S1'" in found.text
    assert "open a way from a neighbour of its service cell" in found.text


def test_cells_of_no_station() -> None:
    kinds = np.array([[1, 2, 1], [1, 1, 1], [3, 4, 1], [1, 1, 1]], dtype=np.int8)
    floor = open_layout("loose", kinds)
    assert {"station-unowned", "queue-unowned", "work-missing"} <= set(told(floor))
    owned = replace(floor, stations=(Station("a", StationKind.PICK, 6, (7,)),))
    assert not {"station-unowned", "queue-unowned", "work-missing"} & set(told(owned))


def test_a_queue_that_does_not_lead_on() -> None:
    floor = drawn("......", ".PP.P.", "......", "q.....", "q.....", "S.....")
    assert lint(floor) == []
    back = "exits = [{ rows = 5, cols = 1, heading = 'east' }]\n"
    broken = drawn("......", ".PP.P.", "......", "q.....", "q.....", "S.....", more=back)
    assert places(broken, only(broken, "queue-broken")) == [(4, 1), (5, 1)]
    assert "station-unreachable" in told(broken)


def test_stations_without_queue_room() -> None:
    floor = drawn("......", ".P..P.", "......", "...S..", "......")
    found = only(floor, "queue-missing")
    assert found.severity is Severity.WARNING
    assert found.text == (
        "row 4, column 4: no queue cells at station 'S1': units that wait block the aisle; draw 'q'"
        " cells in a chain to the service cell"
    )
    chutes = drawn("......", "q.E.E.", "I.....", "......", more=SORTING)
    assert lint(chutes) == []


# Storage


def test_storage_that_no_laden_unit_leaves() -> None:
    floor = drawn("......", ".P..P.", "......", "PPPPPP", "..q...", "##S.##")
    out, back = only(floor, "storage-no-way-out"), only(floor, "storage-no-way-back")
    assert places(floor, out) == [(2, 2), (2, 5)]
    # Pods of the row between come to the queue straight, and do not get back to its left part.
    assert places(floor, back) == [(2, 2), (2, 5), (4, 1), (4, 2), (4, 3)]
    assert out.text == (
        "row 2, column 2; row 2, column 5 (2 cells in 2 places): no laden unit gets from here to "
        "any station; open an aisle between them"
    )
    assert "no laden unit gets back here from any station" in back.text
    opened = told(drawn("......", ".P..P.", "......", "PPP.PP", "..q...", "##S.##"))
    assert not {"storage-no-way-out", "storage-no-way-back"} & set(opened)


def test_storage_that_some_stations_lack() -> None:
    floor = drawn("...P...", "...P...", "P..P..P", "q..Pq..", "S..PS..")
    both = told(floor)["storage-part-way-out"]
    assert [finding.stations for finding in both] == [("S2",), ("S1",)]
    assert [places(floor, finding) for finding in both] == [[(3, 1), (5, 4)], [(3, 7)]]
    assert len(told(floor)["storage-part-way-back"]) == 2
    open_floor = drawn(".......", "...P...", "P..P..P", "q..Pq..", "S..PS..")
    assert not [code for code in told(open_floor) if code.startswith("storage")]


def test_a_station_that_no_pod_gets_to() -> None:
    """Empty units get to S2 beneath storage in the first row, and back in the third."""
    rows = ("P..PP..", "...##..", "...PP..", "q..##q.", "S..##S.")
    there = ways((1, 4, "east"), (1, 5, "east"), (1, 6, "east south"),
                 (3, 5, "west"), (3, 4, "west"), (3, 3, "north west south"))  # fmt: skip
    floor = drawn(*rows, more=there)
    assert only(floor, "station-no-pods").text == (
        "row 5, column 6: no laden unit gets from any storage to station 'S2'; open an aisle "
        "between them"
    )
    assert "gets back to any storage from station 'S2'" in only(floor, "station-no-return").text
    assert not [code for code in told(drawn(*rows)) if code.startswith("station")]


def test_storage_reached_one_way_only_for_empty_units() -> None:
    rows = ("......P", ".PP.P.#", "......#", "q.##q.#", "S.##S.#")
    assert "storage-unreachable" not in told(drawn(*rows))
    stuck = "exits = [{ rows = 1, cols = 7, heading = '' }]\n"
    assert "storage-buried" in told(drawn(*rows, more=stuck))
    pair = ("......P.", ".PP.P.##", "......##", "q.##q.##", "S.##S.##")
    trap = "exits = [{ rows = 1, cols = 7, heading = 'east' }]\n"
    floor = drawn(*pair, more=trap)
    assert places(floor, only(floor, "storage-unreachable")) == [(1, 7)]


def test_buried_storage() -> None:
    floor = drawn(".....", ".PPP.", ".PPP.", ".PPP.", ".....", "q....", "S....")
    found = only(floor, "storage-buried")
    assert (found.severity, places(floor, found)) == (Severity.WARNING, [(3, 3)])
    assert lint(drawn(".....", ".PPP.", ".PPP.", ".....", "q....", "S....")) == []


def test_no_storage_cell_is_usable() -> None:
    lone = "exits = [{ rows = 2, cols = 2, heading = '' }]\n"
    found = only(drawn("...", ".P.", "...", "q..", "S..", more=lone), "storage-unusable")
    assert found.severity is Severity.FAULT


# Sortation


def test_parcels_get_to_every_chute() -> None:
    floor = drawn("..P..", "qPP..", "I.P.E", "..P..", more=SORTING)
    assert only(floor, "sortation-cut-off").stations == ("I1", "E1")
    assert "sortation-cut-off" not in told(drawn("..P..", "q....", "I.P.E", "..P..", more=SORTING))


def test_half_a_building() -> None:
    floor = drawn(*FINE)
    assert "no station" in only(replace(floor, stations=()), "work-missing").text


# Weak spots


def test_dead_ends_are_one_finding() -> None:
    floor = drawn("......", ".PP.P.", "......", "q.##.#", "S.##.#", "..##.#", "..####")
    found = only(floor, "dead-end")
    assert found.severity is Severity.WARNING
    assert places(floor, found) == [(4, 5), (5, 5), (6, 5)]
    assert found.text == (
        "row 4, column 5 (3 cells in rows 4-6, column 5): dead end: a laden unit leaves the way it "
        "came, and two block each other; join it to an aisle, or draw storage or obstacles"
    )
    bare = drawn(".#...", ".#.#.", "...#.", ".....", ".#.#.")
    assert "dead ends, the largest of 2 cells: a unit leaves" in only(bare, "dead-end").text


def test_the_aisle_out_of_a_station_is_no_dead_end() -> None:
    assert lint(drawn("....", ".PP.", "....", "q.##", "q.##", "S.##")) == []


def test_a_charger_in_a_niche_is_no_dead_end_but_two_deep_are() -> None:
    rows = ("......", ".PP.P.", "......", "q.##C.", "S.##.C", "......")
    assert lint(drawn(*rows[:3], "q.##C#", "S.####")) == []
    floor = drawn(*rows[:3], "q.##C#", "S.##C#")
    assert places(floor, only(floor, "dead-end")) == [(4, 5)]


def test_a_neck_for_all_units() -> None:
    floor = drawn("......", ".P..P.", "......", "##.###", "......", "q...q.", "S...S.")
    found = only(floor, "cut-cell")
    assert places(floor, found) == [(3, 3), (4, 3), (5, 3)]
    assert found.stations == ("S1", "S2")
    assert found.text == (
        "row 3, column 3 (3 cells in rows 3-5, column 3): the only way for all units to 15 aisle "
        "cells and stations 'S1' and 'S2'; a unit that stops here cuts them off; open a second way"
    )
    assert only(floor, "shared-way").stations == ("S1", "S2")
    wider = drawn("......", ".P..P.", "......", "##..##", "......", "q...q.", "S...S.")
    assert lint(wider) == []


def test_a_neck_for_laden_units_only() -> None:
    floor = drawn("......", ".P..P.", "......", "PP.PPP", "......", "q...q.", "S...S.")
    found = told(floor)
    assert "cut-cell" not in found
    assert "for laden units to" in found["cut-cell-laden"][0].text
    assert set(found) == {"cut-cell-laden"}


def test_many_necks_are_told_together_after_the_first() -> None:
    hall = ["..", ".."]
    floor = drawn(*(row + "".join(("." if r else "#") + row for _ in range(9))
                    for r, row in enumerate(hall)))  # fmt: skip
    found = told(floor)["cut-cell"]
    assert len(found) == 6
    assert "each the only way for all units to a part of the floor" in found[-1].text
    assert "aisle cells" in found[0].text


def test_a_station_that_is_entered_and_left_over_one_cell() -> None:
    floor = drawn("......", ".P..P.", "......", "###.##", "##..##", "##qS##")
    found = only(floor, "shared-way")
    assert places(floor, found) == [(3, 4), (4, 4), (5, 4)]
    assert found.text.endswith(
        "the only way in and out of station 'S1': units that come and go meet here; open a second "
        "way"
    )
    assert lint(drawn("......", ".P..P.", "......", "##..##", "##..##", "##qS##")) == []


def test_stations_that_share_their_way_out() -> None:
    floor = drawn("........", ".P..P...", "........", "##q.q###", "##S.S###")
    found = only(floor, "single-way")
    assert (found.stations, places(floor, found)) == (("S1", "S2"), [(3, 4), (4, 4), (5, 4)])
    assert "the only way out of stations 'S1' and 'S2'; a unit that stops" in found.text
    apart = drawn("........", ".P..P...", "........", "#.q#q.##", "#.S#S.##")
    assert lint(apart) == []


def test_many_stations_with_a_way_of_their_own_are_told_together() -> None:
    row = "#".join(["S"] * 8)
    floor = drawn("." * 15, ".P" * 7 + ".", "." * 15, row, "#" * 15)
    found = only(floor, "shared-way")
    assert found.text.count("'S") == 5
    assert "each the only way in and out of one of stations" in found.text
    assert (len(found.cells), len(found.stations)) == (8, 8)


def test_a_floor_without_storage_or_round_ways() -> None:
    assert set(told(drawn("..#", "#..", "##."))) == {"dead-end"}
    corridor = replace(drawn("....."), stations=())
    assert set(told(corridor)) == {"dead-end"}


# Words


def test_words_for_places() -> None:
    floor = open_layout("open", np.ones((4, 9), dtype=np.int8))
    assert where(floor, [3]) == "row 1, column 4"
    assert where(floor, [3, 4, 12]) == "row 1, column 4 (3 cells in rows 1-2, columns 4-5)"
    assert where(floor, [0, 4]) == "row 1, column 1; row 1, column 5 (2 cells in 2 places)"
    many = where(floor, [0, 2, 4, 6, 8, 18])
    assert many.endswith("row 1, column 9; ... (6 cells in 6 places)")
    assert patches_of(floor, [0, 1, 8, 9]) == [[0, 1, 9], [8]]


def test_words_for_stations() -> None:
    assert named(["a"]) == "station 'a'"
    assert named(["a", "b"]) == "stations 'a' and 'b'"
    assert named(list("abcdefg")) == "stations 'a', 'b', 'c', 'd', 'e' and 2 more"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b", "c"], 1) == "a and 2 more"


def test_importing_layouts_does_not_load_networkx() -> None:
    code = "import layouts, sys; assert 'networkx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
