"""`gridfleet layouts diff`: lines for people, JSON, pictures, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.layouts.diff_words import spans
from gridfleet.cli.main import app

BEFORE = """
recommended_units = 4
map = '''
.......
.PPPPP.
.PPPPP.
.......
q......
S.#####
'''
"""
AFTER = """
recommended_units = 5
map = '''
.......
.PPPPP.
.PP.PP.
.......
.......
q.q....
S.S.###
'''
one_way = [{ rows = 1, cols = "2-6", against = "east" }]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(BEFORE)
    (tmp_path / "b.toml").write_text(AFTER)
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["layouts", "diff", *map(str, arguments)])


def test_a_line_for_each_difference(here: Path) -> None:
    result = call("a.toml", "b.toml")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    for line in (
        "~ rows: 6 -> 7",
        "~ recommended units: 4 -> 5",
        "~ storage -> floor: row 3, column 4",
        "~ obstacle -> station: row 7, column 3",
        "+ station 'S2' (pick) at row 7, column 3, 1 queue cell",
        "- may no more be left to the west: row 1, column 2 (5 cells in row 1, columns 2-6)",
    ):
        assert line in lines, result.output
    assert any(line.startswith("+ row ") and line.endswith(" added") for line in lines)


def test_findings_of_lint_come_last(here: Path) -> None:
    (here / "c.toml").write_text(BEFORE.replace("q......", "......."))
    lines = call("a.toml", "c.toml").output.splitlines()
    assert lines[-1].startswith("+ lint warning: row 6, column 1: no queue cells"), lines
    back = call("c.toml", "a.toml").output.splitlines()
    assert back[-1].startswith("- lint warning of A: row 6, column 1: no queue cells"), back


def test_the_exit_code_tells_only_where_it_is_asked_to(here: Path) -> None:
    assert call("a.toml", "b.toml", "--exit-code").exit_code == 1
    same = call("a.toml", "a.toml", "--exit-code")
    assert (same.exit_code, same.output) == (0, "no difference\n")


def test_for_machines(here: Path) -> None:
    found = json.loads(call("a.toml", "b.toml", "--json").output)
    assert found["same"] is False
    assert found["figures"]["n_rows"] == {"before": 6, "after": 7}
    assert len(found["rows"]["added"]) == 1
    assert found["columns"] == {"added": [], "removed": []}
    assert {"before": "storage", "after": "floor", "cells": [[3, 4]]} in found["cells"]
    added = found["stations"]["added"][0]
    assert (added["name"], added["cell"], added["queue"]) == ("S2", [7, 3], [[6, 3]])
    move = found["moves"][0]
    assert (move["heading"], move["allowed"], len(move["cells"])) == ("west", False, 5)
    assert set(found["findings"]) == {"appeared", "disappeared"}


@pytest.mark.parametrize("name", ["diff.png", "diff.svg"])
def test_a_picture(here: Path, name: str) -> None:
    result = call("a.toml", "b.toml", "--out", name)
    assert result.output.endswith(f"picture: {name}\n")
    assert (here / name).stat().st_size > 5000
    if name.endswith("svg"):
        text = (here / name).read_text()
        for label in ("cells added", "cells changed", "move closed"):
            assert f"<!-- {label} -->" in text
    assert call("b.toml", "a.toml", "--out", name).exit_code == 0, "rows removed"


def test_floors_with_little_in_common(here: Path) -> None:
    assert call("teaching", "a.toml").output.startswith("little in common: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.toml", "teching"], "did you mean 'teaching'"),
        (["none.toml", "a.toml"], "no floor file 'none.toml'"),
        (["a.toml", "b.toml", "--out", "a.gif"], "end its name in .png or .svg"),
        (["a.toml", "b.toml", "--out", "no/a.png"], "there is no folder no"),
    ],
)
def test_bad_input(here: Path, arguments: list[str], message: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_runs_of_numbers_for_people() -> None:
    assert spans("row", [4]) == "row 5"
    assert spans("row", [3, 4, 5, 8]) == "rows 4-6 and 9"
