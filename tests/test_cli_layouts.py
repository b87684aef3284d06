"""`gridfleet layouts` as a user meets it: list, show, convert and generate."""

from __future__ import annotations

import json
import shlex
import struct
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.layouts import terminal
from gridfleet.cli.main import app
from layouts import library_names, load

HEAD_ON = """
map = '''
.......
.>>>>>.
.PPPPP.
.......
q.#####
S.HHHHH
'''
"""
WEIGHTED = """
map = '''
.P.
...
q.#
S.#
'''
edge_costs = [{ rows = 2, cols = 1, heading = "east", cost = 2.0 }]
[zones]
aisle = [{ rows = 2, cols = "1-3" }]
"""
KIVA = '{"name": "k", "layout": ["@.w", "e.r"], "n_row": 2, "n_col": 3}'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["layouts", *map(str, arguments)])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_refused(result: Result, *messages: str) -> None:
    assert result.exit_code == 2, result.output
    for message in messages:
        assert message in result.output
    assert "Traceback" not in result.output


# list


def test_the_list_is_a_table_with_the_smallest_fleet_first() -> None:
    lines = call("list").output.splitlines()
    assert lines[0].split() == ["name", "cells", "storage", "stations", "units"]
    assert {line.split()[0] for line in lines[1:]} == set(library_names())
    assert lines[1].startswith("teaching ")
    assert lines[-1].startswith("thousand ")
    at = lines[0].index("units") + len("units")
    assert all(line[at - 1].isdigit() and line[at] == " " for line in lines[1:])


def test_the_list_for_machines() -> None:
    rows = json.loads(call("list", "--json").output)
    assert [row["name"] for row in rows] == library_names()
    teaching = next(row for row in rows if row["name"] == "teaching")
    assert (teaching["recommended_units"], teaching["stations_of_kind"]) == (20, {"pick": 5})


# show


def test_show_prints_the_floor_its_figures_and_where_the_picture_is(here: Path) -> None:
    result = call("show", "teaching")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    floor = load("teaching")
    drawn = lines[: floor.n_rows]
    assert all(len(line) == floor.n_cols for line in drawn)
    assert "\x1b" not in result.output
    assert drawn[2] == "..PPPPP..PPPPP..PPPPP.."
    assert drawn[-2].count("S") == 5
    assert drawn[-2].count("^") == 5
    assert "180 storage cells, 5 stations (5 pick), 20 units recommended" in lines
    assert "27 x 23 cells of 1 m, north to south 27 m, west to east 23 m" in lines
    assert any(line.startswith("  S1  pick") and "4 queue cells" in line for line in lines)
    assert lines[-1] == "picture: teaching.png"
    header = (here / "teaching.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", header[16:24])) > 500
    assert names_in(here) == ["teaching.png"]


def test_lanes_are_drawn_as_arrows_and_their_crossings_apart(here: Path) -> None:
    (here / "f.toml").write_text(HEAD_ON)
    lines = call("show", "f.toml", "--no-picture").output.splitlines()
    assert lines[1] == ".>>>>>."
    assert "> ^ < v one-way" in lines[6]
    assert "H people" in lines[6]
    one_way = terminal.glyphs(load("one-way"))
    assert terminal.CROSSING in one_way
    assert "".join(one_way[11, 12:20]) == "<" * 8
    assert names_in(here) == ["f.toml"]


def test_show_in_a_terminal_is_coloured_and_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal.print_floor(load("one-way"))
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    assert "(columns 1 to 40 of 62; the picture shows all)" in shown


def test_show_writes_svg_with_every_station(here: Path) -> None:
    result = call("show", "sortation", "--out", "s.svg")
    assert result.exit_code == 0, result.output
    assert "picture: s.svg" in result.output
    text = (here / "s.svg").read_text()
    ElementTree.fromstring(text)
    for station in load("sortation").stations:
        assert f"<!-- {station.name} -->" in text
    for word in ("induct station", "eject station", "way to the station", "metres east"):
        assert word in text


def test_zones_are_outlined_and_named(here: Path) -> None:
    (here / "f.toml").write_text(WEIGHTED)
    assert call("show", "f.toml", "--out", "f.svg").exit_code == 0
    assert "<!-- aisle -->" in (here / "f.svg").read_text()


def test_show_for_machines_writes_a_picture_only_where_it_is_asked_to(here: Path) -> None:
    figures = json.loads(call("show", "pick-and-stow", "--json").output)
    assert names_in(here) == []
    assert (figures["chargers"], figures["parking"]) == (18, 12)
    assert figures["stations_of_kind"] == {"stow": 3, "pick": 10}
    assert len(figures["station_list"]) == 13
    assert sum(figures["cells"].values()) == figures["rows"] * figures["columns"]
    assert call("show", "teaching", "--json", "--out", "t.svg").exit_code == 0
    assert names_in(here) == ["t.svg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["techning"], "did you mean 'teaching'"),
        (["teaching", "--out", "t.pdf"], "end its name in .png or .svg"),
        (["teaching", "--out", "nowhere/t.png"], "there is no folder nowhere; create it first"),
        (["teaching", "--out", "folder.png"], "folder.png is a folder"),
    ],
)
def test_show_refuses(here: Path, arguments: list[str], message: str) -> None:
    (here / "folder.png").mkdir()
    check_refused(call("show", *arguments), message)
    assert names_in(here) == ["folder.png"]


# convert


def test_convert_into_a_native_file_says_what_reading_changed(here: Path) -> None:
    (here / "k.json").write_text(KIVA)
    result = call("convert", "k.json", "k.toml")
    assert result.exit_code == 0, result.output
    assert "note: read as Kiva JSON: shelves became obstacles" in result.output
    assert np.array_equal(load("k.toml").kinds, load("k.json").kinds)


def test_a_ready_floor_is_copied_without_loss(here: Path) -> None:
    result = call("convert", "demo", "mine.toml")
    assert result.exit_code == 0, result.output
    assert "note" not in result.output
    assert np.array_equal(load("mine.toml").exits, load("demo").exits)


def test_convert_into_a_map_says_what_is_lost(here: Path) -> None:
    (here / "f.toml").write_text(WEIGHTED)
    result = call("convert", "f.toml", "f.map")
    assert result.exit_code == 0, result.output
    for phrase in (
        "1 storage cells are plain floor", "1 stations and their queues", "one-way rules",
        "edge costs", "1 zones", "the cell size of 1 m",
    ):  # fmt: skip
        assert f"not in the map: {phrase}" in result.output
    assert np.array_equal(load("f.map").driveable, load("f.toml").driveable)
    lines = (here / "f.map").read_text().splitlines()
    assert lines == ["type octile", "height 4", "width 3", "map", "...", "...", "..@", "..@"]


def test_a_bare_map_loses_nothing_but_its_cell_size(here: Path) -> None:
    (here / "a.map").write_text("type octile\nheight 1\nwidth 3\nmap\n.@.\n")
    result = call("convert", "a.map", "b.map")
    lost = [line for line in result.output.splitlines() if "not in the map" in line]
    assert lost == ["note: not in the map: the cell size of 1 m"]


def test_convert_replaces_a_file_only_on_request(here: Path) -> None:
    (here / "mine.toml").write_text("precious")
    check_refused(call("convert", "demo", "mine.toml"), "exists; take another name", "--force")
    assert (here / "mine.toml").read_text() == "precious"
    assert call("convert", "demo", "mine.toml", "--force").exit_code == 0
    assert load("mine.toml").name == "demo"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "out.txt"], "unknown kind of file; end its name in .toml or .map or .json"),
        (["demo", "nowhere/out.toml"], "there is no folder nowhere"),
        (["bad.toml", "out.toml"], "unknown character"),
        (["dmo", "out.toml"], "did you mean 'demo'"),
    ],
)
def test_convert_refuses(here: Path, arguments: list[str], message: str) -> None:
    (here / "bad.toml").write_text("map = '..h'")
    check_refused(call("convert", *arguments), message)
    assert names_in(here) == ["bad.toml"]


# generate


@pytest.mark.parametrize("kind", ["blocks", "sortation"])
def test_the_smallest_call_makes_a_floor(here: Path, kind: str) -> None:
    result = call("generate", kind, "hall.toml")
    assert result.exit_code == 0, result.output
    floor = load("hall.toml")
    assert floor.name == "hall"
    assert floor.recommended_units > 0
    assert f"{floor.recommended_units} units recommended" in result.output
    assert "floor file: hall.toml" in result.output


def test_options_reach_the_generator(here: Path) -> None:
    result = call(
        "generate", "blocks", "hall.toml", "--blocks-across", 6, "--blocks-down", 5,
        "--stations", "south:6", "--stations", "north:2:stow:3:5", "--chargers", 8, "--one-way",
        "--units", 31, "--cell-size-m", 0.9, "--name", "My hall", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["stations_of_kind"] == {"stow": 2, "pick": 6}
    assert [station["queue"] for station in figures["station_list"]] == [3, 3] + [6] * 6
    assert (figures["chargers"], figures["recommended_units"]) == (8, 31)
    assert (figures["name"], figures["cell_size_m"]) == ("My hall", 0.9)
    assert figures["storage"] == 6 * 5 * 12


def test_faults_of_rows_and_figures_come_together(here: Path) -> None:
    result = call(
        "generate", "blocks", "hall.toml", "--blocks-across", 0, "--stations", "north:x",
        "--stations", "suth:3",
    )  # fmt: skip
    check_refused(
        result, "--stations 'north:x': write SIDE:COUNT", "blocks_across is 0",
        "did you mean 'south'?",
    )  # fmt: skip
    assert names_in(here) == []


@pytest.mark.parametrize("text", ["south", "south:", "south:2:pick:3:4:5", "south:2:pick:x", ":"])
def test_rows_that_cannot_be_understood(here: Path, text: str) -> None:
    check_refused(call("generate", "blocks", "hall.toml", "--stations", text), "write SIDE:COUNT")
    assert names_in(here) == []


def test_generate_replaces_a_file_only_on_request(here: Path) -> None:
    (here / "hall.toml").write_text("precious")
    check_refused(call("generate", "sortation", "hall.toml"), "--force")
    assert (here / "hall.toml").read_text() == "precious"
    assert call("generate", "sortation", "hall.toml", "--force").exit_code == 0


@pytest.mark.parametrize("command", [("show",), ("convert",), ("generate", "blocks"),
                                     ("generate", "sortation")])  # fmt: skip
def test_the_examples_of_the_help_are_understood(here: Path, command: Sequence[str]) -> None:
    (here / "hall.toml").write_text(HEAD_ON)
    (here / "warehouse.map").write_text("type octile\nheight 1\nwidth 3\nmap\n...\n")
    for name in ("sortation.grid", "medium.xinst"):  # what is in a file tells its format
        (here / name).write_bytes((here / "warehouse.map").read_bytes())
    text = call(*command, "--help").output.replace("\\\n", "")
    examples = [
        shlex.split(line)
        for line in map(str.strip, text.splitlines())
        if line.startswith("gridfleet layouts")
    ]
    assert len(examples) >= 2
    for words in examples:
        more = ["--force"] if words[2] in ("convert", "generate") else []
        result = call(*words[2:], *more)
        assert result.exit_code == 0, f"{words}: {result.output}"
