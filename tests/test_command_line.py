"""The command as a user meets it: results, exit codes, one clear message for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet_control.errors import InvariantError
from fleet_control.execution.executor import Executor
from gridfleet.cli.main import app

runner = CliRunner()


def test_a_run_leaves_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = runner.invoke(
        app, ["simulate", "teaching", "--hours", "0.2", "--out", str(out), "--json"]
    )
    assert result.exit_code == 0, result.output
    names = {path.name for path in out.iterdir()}
    assert names == {"scenario.toml", "kpis.json", "events.parquet", "report.html"}
    figures = json.loads((out / "kpis.json").read_text())
    assert figures["contacts"] == figures["conflicts"] == 0
    assert figures["partial"] is False
    assert "<svg" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["teaching", "--hours", "0"], "hours is 0"),
        (["teaching", "--planner", "pibd"], "did you mean 'pibt'"),
        (["techning"], "did you mean 'teaching'"),
        (["teaching", "--robots", "100000"], "do not fit"),
        (["teaching", "--orders", "nowhere.csv"], "nowhere.csv"),
        (["teaching", "--columns", "order_id"], "--columns"),
    ],
)
def test_bad_input_exits_with_two(tmp_path: Path, arguments: list[str], message: str) -> None:
    out = tmp_path / "run"
    result = runner.invoke(app, ["simulate", *arguments, "--out", str(out)])
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    result = runner.invoke(app, ["simulate", "teaching", "--hours", "0.1", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not the result of a run" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_ready_floors_as_json() -> None:
    result = runner.invoke(app, ["layouts", "list", "--json"])
    assert {"teaching", "demo"} <= {row["name"] for row in json.loads(result.output)}


def test_a_broken_invariant_exits_with_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise InvariantError("unit 3 is on a cell held by unit 4")

    monkeypatch.setattr(Executor, "absorb", broken)
    result = runner.invoke(
        app, ["simulate", "teaching", "--hours", "0.1", "--out", str(tmp_path / "run")]
    )
    assert result.exit_code == 1
    assert "held by unit 4" in result.output


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    result = runner.invoke(
        app, ["simulate", "teaching", "--hours", "0.1", "--out", str(tmp_path / "run" / "deeper")]
    )
    assert result.exit_code == 2
    assert "cannot be written" in result.output
