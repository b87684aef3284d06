"""Bad input at the command line: a clear message with place and cure, exit 2, nothing written.

One row for everything that people get wrong with floors, fleets, orders, stock, figures and
folders. Details of each reader are tested beside it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridfleet.cli.main import app

FLOOR = """\
name = "small"
map = '''
......
.PP.S.
......
'''

[[stations]]
name = "east"
kind = "pick"
row = 2
col = 5
"""
ORDERS = "order_id,placed_at,sku,quantity\n"
GOOD = "A,2024-01-01 08:00,X,2\n"

FLOORS = {
    "unknown key": ({"f.toml": "colour = 3\n" + FLOOR}, "unknown key 'colour'", ""),
    "misspelt key": ({"f.toml": FLOOR.replace("name =", "nmae =", 1)}, "did you mean 'name'?", ""),
    "ragged rows": ({"f.toml": FLOOR.replace(".PP.S.", ".PP.S")}, "row 2", "5"),
    "unknown character": ({"f.toml": FLOOR.replace(".PP.S.", ".PX.S.")}, "row 2, column 3", "'X'"),
    "not TOML": ({"f.toml": FLOOR.replace('"small"', "small")}, "f.toml", "TOML"),
    "no station": (
        {"f.toml": FLOOR[: FLOOR.index("[[")].replace("S", ".")},
        "storage but no",
        "'S'",
    ),
    "no storage": ({"f.toml": FLOOR.replace("PP", "..")}, "but no storage", "draw some with 'P'"),
    "nothing to drive on": ({"f.toml": "map = '''\n###\n'''\n"}, "no cell where a unit", "draw"),
    "nowhere to go": ({"f.toml": "map = '''\n#.#\n'''\n"}, "1 floor cells", "need two"),
}
FLEETS = {
    "more units than cells": (["teaching", "--robots", "5000"], "5000 robots do not fit", "fewer"),
    "units below 0": (["teaching", "--robots", "-1"], "robots is -1", "give 1 or more"),
    "starts on an obstacle": ("starts = [[23, 1]]", "row 23, column 1", "is an obstacle"),
    "starts off the floor": ("starts = [[40, 3]]", "row 40, column 3", "is off the floor"),
    "starts twice": ("starts = [[1, 1], [1, 1]]", "the cell of unit 1", "give each its own"),
    "starts that are no cells": ("starts = [[1, 1, 1]]", "starts", "length 2"),
    "a unit larger than a cell": ("[unit]\nlength_m = 3", "cells of 1 m", "make it smaller"),
    "a pod larger than a cell": ("[unit]\npod_side_m = 2", "pod_side_m is 2", "less than 1"),
}
ORDER_FILES = {
    "no such file": (None, "o.csv does not exist", "check the path"),
    "an empty file": ("", "is empty", "it needs a header"),
    "missing columns": ("order,sku\nA,X\n", 'no column "placed_at"', 'did you mean "order"?'),
    "an unparsable date": (ORDERS + "A,14/13/2024,X,1\n", "row 2, column placed_at", "write it as"),
    "a negative quantity": (ORDERS + GOOD + "A,2024-01-01,X,-1\n", "row 3", "with-returns"),
    "an absurd quantity": (ORDERS + "A,2024-01-01,X,1000000\n", "100,000", "check it or split it"),
    "half a unit": (ORDERS + "A,2024-01-01,X,0.5\n", "row 2, column quantity", "whole units"),
    "no quantity": (ORDERS + "A,2024-01-01,X,\n", "row 2, column quantity", "whole units"),
    "no SKU": (ORDERS + "A,2024-01-01,,1\n", "row 2, column sku", "fill it in"),
    "a field too many": (ORDERS + "A,2024-01-01,X,1,200\n", "line 2", "put quotes around"),
    "no text": (ORDERS + "A,2024-01-01,\udce9,1\n", "UTF-8", "save the file in UTF-8"),
}  # fmt: skip
STOCK_FILES = {
    "an unknown SKU": ("sku,units\nY,3\n", "o.csv, row 2, column sku", "stock file s.csv"),
    "missing columns": ("sku\nX\n", 's.csv has no column "units"', "columns of s.csv"),
    "a negative stock": ("sku,units\nX,-3\n", "row 2, column units", "0 or more"),
    "an absurd stock": ("sku,units\nX,1e12\n", "row 2, column units", "check it"),
    "no such file": (None, "s.csv does not exist", "check the path"),
}
FIGURES = {
    "a start without a file": (["--start", "2011-11-15"], "start is '2011-11-15'", "--orders"),
    "zero hours": (["--hours", "0"], "hours is 0.0", "give more than 0"),
    "endless hours": (["--hours", "inf"], "hours is inf", "give more than 0"),
    "an unknown planner": (["--planner", "pbit"], "unknown planner 'pbit'", "'pibt'"),
    "an unknown engine": (["--engine", "pysics"], "unknown engine 'pysics'", "physics"),
    "a negative seed": (["--seed", "-1"], "seed is -1", "give 0 or more"),
    "an unknown floor": (["--layout"], "No such option", "--layout"),
}


def refused(arguments: list[str], folder: Path, *said: str) -> None:
    """The command says all of this, exits with 2 and leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(app, ["simulate", *arguments, "--hours", "0.1", *_out(folder)])
    assert result.exit_code == 2, result.output
    for text in said:
        assert text in result.stderr
    assert "Traceback" not in result.output
    assert sorted(folder.rglob("*")) == before


def _out(folder: Path) -> list[str]:
    return ["--out", str(folder / "run")]


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(folder / name)


@pytest.mark.parametrize("what", FLOORS)
def test_floors(tmp_path: Path, what: str) -> None:
    files, *said = FLOORS[what]
    for name, text in files.items():
        write(tmp_path, name, text)
    refused([str(tmp_path / "f.toml")], tmp_path, *said)


@pytest.mark.parametrize("what", FLEETS)
def test_fleets(tmp_path: Path, what: str) -> None:
    given, *said = FLEETS[what]
    if isinstance(given, str):
        given = ["--scenario", write(tmp_path, "s.toml", f'layout = "teaching"\n{given}\n')]
    refused(given, tmp_path, *said)


@pytest.mark.parametrize("what", ORDER_FILES)
def test_order_files(tmp_path: Path, what: str) -> None:
    text, *said = ORDER_FILES[what]
    if text is not None:
        write(tmp_path, "o.csv", text)
    refused(["teaching", "--orders", str(tmp_path / "o.csv")], tmp_path, *said)


@pytest.mark.parametrize("what", STOCK_FILES)
def test_stock_files(tmp_path: Path, what: str) -> None:
    text, *said = STOCK_FILES[what]
    orders = write(tmp_path, "o.csv", ORDERS + GOOD)
    if text is not None:
        write(tmp_path, "s.csv", text)
    stock = str(tmp_path / "s.csv")
    refused(["teaching", "--orders", orders, "--stock", stock], tmp_path, *said)


@pytest.mark.parametrize("what", FIGURES)
def test_figures(tmp_path: Path, what: str) -> None:
    arguments, *said = FIGURES[what]
    result = CliRunner().invoke(app, ["simulate", "teaching", *arguments, *_out(tmp_path)])
    assert result.exit_code == 2, result.output
    for text in said:
        assert text in result.stderr
    assert not list(tmp_path.iterdir())


def test_files_for_a_floor_that_cannot_work_them_off(tmp_path: Path) -> None:
    layout = write(tmp_path, "f.toml", "map = '''\n....\n'''\n")
    orders = write(tmp_path, "o.csv", ORDERS + GOOD)
    stock = write(tmp_path, "s.csv", "sku,units\nX,3\n")
    why = "has no storage cells and no pick stations to work it off; take another floor"
    refused([layout, "--orders", orders], tmp_path, "orders file", why)
    refused([layout, "--stock", stock], tmp_path, "stock file", why)


def test_a_floor_without_stations_runs_errands_and_says_so(tmp_path: Path) -> None:
    layout = write(tmp_path, "f.toml", "map = '''\n.....\n.....\n.....\n'''\n")
    result = CliRunner().invoke(
        app, ["simulate", layout, "--hours", "0.05", "--robots", "2", *_out(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert "The floor has no stations" in result.stdout


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    refused(["teaching"], tmp_path, "is not the result of a run", "choose another folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        refused(["teaching"], tmp_path, "cannot be written", "choose another folder")
    finally:
        tmp_path.chmod(0o700)


def test_a_place_that_cannot_be_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "file", "text")
    result = CliRunner().invoke(
        app, ["simulate", "teaching", "--out", str(tmp_path / "file" / "run")]
    )
    assert result.exit_code == 2
    assert "cannot be written: Not a directory; choose another folder" in result.stderr


def test_all_faults_of_a_scenario_come_together(tmp_path: Path) -> None:
    scenario = write(tmp_path, "s.toml", 'layout = "teaching"\nseed = -1\nplanner = "x"\nhours = 0')
    refused(["--scenario", scenario], tmp_path, "seed is -1", "unknown planner 'x'", "hours is 0")
