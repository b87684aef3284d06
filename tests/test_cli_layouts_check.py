"""`gridfleet layouts check` as a user meets it: what is printed, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.main import app
from layouts import CellKind

FINE = "map = '''\n......\n.PP.P.\n......\nq.##q.\nS.##S.\n'''\n"
WEAK = "map = '''\n......\n.P..P.\n......\n...S..\n......\n'''\n"
FAULTY = "map = '''\n......#C\n.P..P.##\n......##\nq.##q.##\nS.##S.##\n'''\n"
BROKEN = "cell_size = 1\nmap = '''\n.....?\n.PP\nS....S\n'''\n"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["layouts", "check", *map(str, arguments)])


@pytest.fixture(name="floors")
def _floors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("fine", FINE), ("weak", WEAK), ("faulty", FAULTY), ("broken", BROKEN)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_a_ready_floor() -> None:
    result = check("teaching")
    assert result.exit_code == 0
    assert "teaching: no faults, " in result.output


@pytest.mark.usefixtures("floors")
def test_findings_name_file_and_place() -> None:
    result = check("faulty.toml")
    assert result.exit_code == 2
    assert result.output == (
        "fault: faulty.toml: row 1, column 8: charger that no unit gets to from the rest of the "
        "floor; open a way\n"
        "faulty.toml: 1 fault, no warnings\n"
    )


@pytest.mark.usefixtures("floors")
def test_warnings_fail_only_where_asked() -> None:
    assert check("weak.toml").exit_code == 0
    strict = check("weak.toml", "--strict")
    assert strict.exit_code == 2
    assert strict.output.startswith("warning: weak.toml: row 4, column 4: no queue cells at")
    assert strict.output.endswith("weak.toml: no faults, 1 warning\n")
    assert check("fine.toml", "--strict").exit_code == 0


@pytest.mark.usefixtures("floors")
def test_a_broken_file_lists_all_its_faults() -> None:
    result = check("broken.toml")
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert lines[-1] == "broken.toml: 3 faults; further checks need a readable floor"
    assert all(line.startswith("fault: broken.toml: ") for line in lines[:-1])
    for words in ("did you mean 'cell_size_m'", "row 2 has 3 cells", "row 1, column 6: unknown"):
        assert words in result.output


@pytest.mark.usefixtures("floors")
def test_several_floors_at_once() -> None:
    result = check(
        "fine.toml", "nowhere.toml", "faulty.toml", "broken.toml", "techning", "weak.toml"
    )
    assert result.exit_code == 2
    sums = [
        line for line in result.output.splitlines() if not line.startswith(("fault: ", "warning: "))
    ]
    assert sums == [
        "fine.toml: no faults, no warnings",
        "nowhere.toml: 1 fault; further checks need a readable floor",
        "faulty.toml: 1 fault, no warnings",
        "broken.toml: 3 faults; further checks need a readable floor",
        "techning: 1 fault; further checks need a readable floor",
        "weak.toml: no faults, 1 warning",
    ]
    assert "did you mean 'teaching'?" in result.output


@pytest.mark.usefixtures("floors")
def test_json_for_machines() -> None:
    result = check("fine.toml", "faulty.toml", "broken.toml", "weak.toml", "--json")
    assert result.exit_code == 2
    fine, faulty, broken, weak = json.loads(result.output)
    assert fine == {
        "floor": "fine.toml", "readable": True, "n_faults": 0, "n_warnings": 0, "findings": [],
    }  # fmt: skip
    assert faulty["findings"] == [
        {
            "severity": "fault",
            "code": "charger-cut-off",
            "text": "row 1, column 8: charger that no unit gets to from the rest of the floor; "
            "open a way",
            "cells": [[1, 8]],
            "stations": [],
        }
    ]
    assert (broken["readable"], broken["n_faults"]) == (False, 3)
    assert {finding["code"] for finding in broken["findings"]} == {"unreadable"}
    assert (weak["n_faults"], weak["n_warnings"]) == (0, 1)
    assert weak["findings"][0]["stations"] == ["S1"]


def test_the_example_of_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = (Path(__file__).resolve().parents[1] / "docs" / "layouts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:toml)?\n(.*?)```", docs.split("## Lint")[1], flags=re.DOTALL)
    (tmp_path / "hall.toml").write_text(blocks[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert check("hall.toml").output == blocks[2]


def test_every_code_is_in_the_docs() -> None:
    root = Path(__file__).resolve().parents[1]
    docs = (root / "docs" / "layouts.md").read_text(encoding="utf-8")
    words = {f"{kind.name.lower()}-unowned" for kind in (CellKind.STATION, CellKind.QUEUE)}
    for path in (root / "layouts" / "lint").glob("*.py"):
        words |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', path.read_text(encoding="utf-8")))
    assert len(words) > 20
    assert [word for word in sorted(words) if f"`{word}`" not in docs] == []


def test_no_floor_named() -> None:
    result = check()
    assert result.exit_code == 2
    assert "Missing argument" in result.output
