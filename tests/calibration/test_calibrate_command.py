"""`gridfleet calibrate` and `simulate --legs, --unit`: files, tables and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridfleet.calibration import CalibrationError, read_log, read_unit, write_unit
from gridfleet.cli.main import app
from gridfleet.scenario import read_scenario
from hw_bridge.wire_log import WireLog
from twin.unit_model import DEFAULT_UNIT

runner = CliRunner()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    result = runner.invoke(
        app, ["simulate", "teaching", "--hours", "0.1", "--legs", "--out", str(folder), "--quiet"]
    )
    assert result.exit_code == 0, result.output
    return folder


def test_from_a_run_to_a_unit_model_to_a_run(run_folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "unit.toml"
    result = runner.invoke(app, ["calibrate", str(run_folder), "--out", str(model)])
    assert result.exit_code == 0, result.output
    assert "ticks of 0.04 s" in result.stdout
    assert "top speed, laden" in result.stdout
    assert f"unit model: {model}" in result.stdout
    assert model.read_text().startswith("# Measured by gridfleet calibrate from ")
    unit = read_unit(model)
    assert unit.calibration is not None
    assert unit.calibration.lift_s == 3.0
    again = tmp_path / "again"
    result = runner.invoke(
        app,
        ["simulate", "teaching", "--hours", "0.01", "--unit", str(model), "--out", str(again),
         "--quiet"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert read_scenario(again / "scenario.toml").unit == unit
    assert not (again / "legs.parquet").exists()


def test_the_file_of_legs_and_json(run_folder: Path) -> None:
    result = runner.invoke(app, ["calibrate", str(run_folder / "legs.parquet"), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["free_legs"] <= found["legs"]
    by_name = {row["name"]: row for row in found["figures"]}
    assert by_name["lifting"]["fitted"] == 3.0
    kept = [row for row in found["figures"] if row["why_not"]]
    assert all(row["low"] is None and row["fitted"] == row["commanded"] for row in kept)
    assert len(found["not_measured"]) == len(kept)


def test_a_run_with_legs_that_is_run_again_without_has_none(tmp_path: Path) -> None:
    options = ["simulate", "teaching", "--hours", "0.01", "--out", str(tmp_path / "r"), "--quiet"]
    for more, has_legs in (["--legs"], True), ([], False):
        assert runner.invoke(app, [*options, *more]).exit_code == 0
        assert (tmp_path / "r" / "legs.parquet").exists() is has_legs


def test_what_is_no_log_is_told(run_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "run"
    runner.invoke(app, ["simulate", "teaching", "--hours", "0.01", "--out", str(other), "--quiet"])
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "a.parquet").write_text("hello\n")
    (tmp_path / "nobody").mkdir()
    with WireLog(tmp_path / "wire.jsonl"):
        pass
    for path, told in (
        (tmp_path / "nowhere", "does not exist; give legs.parquet"),
        (other, "has no legs.parquet; run it again with simulate --legs"),
        (tmp_path / "nobody", "is not the result of a run"),
        (tmp_path / "a.txt", "no wire log"),
        (tmp_path / "a.parquet", "cannot be read"),
        (run_folder / "events.parquet", "is no file of legs: no column 'is_laden'"),
        (tmp_path / "wire.jsonl", "has no legs: no unit has ended one"),
    ):
        with pytest.raises(CalibrationError, match=told):
            read_log(path)
        result = runner.invoke(app, ["calibrate", str(path), "--out", str(tmp_path / "u.toml")])
        assert result.exit_code == 2, path
        assert told in result.output + result.stderr
    assert not (tmp_path / "u.toml").exists()


def test_legs_are_not_kept_in_a_journal(tmp_path: Path) -> None:
    result = runner.invoke(
        app, ["simulate", "teaching", "--legs", "--journal", str(tmp_path / "j"), "--out",
              str(tmp_path / "r")],
    )  # fmt: skip
    assert result.exit_code == 2
    assert "leave out --legs or --journal" in result.output + result.stderr
    assert not list(tmp_path.iterdir())


def test_a_unit_model_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "unit.toml"
    path.write_text("[calibration]\nlift_s = 3.0\nlowr_s = 3.0\n")
    with pytest.raises(CalibrationError) as caught:
        read_unit(path)
    assert str(caught.value).splitlines() == [
        f"{path}: unknown key 'calibration.lowr_s'; did you mean 'calibration.lower_s'?",
        f"{path}: the key 'calibration.empty' is missing",
        f"{path}: the key 'calibration.laden' is missing",
        f"{path}: the key 'calibration.lower_s' is missing",
    ]
    path.write_text("lift_s = -1.0\n")
    with pytest.raises(CalibrationError, match=r"unit\.lift_s is -1\.0; give 0 or more"):
        read_unit(path)
    write_unit(path, DEFAULT_UNIT, "two\nlines")
    assert path.read_text().startswith("# two\n# lines\n")
    assert read_unit(path) == DEFAULT_UNIT
    with pytest.raises(CalibrationError, match="cannot be written"):
        write_unit(tmp_path / "no" / "unit.toml", DEFAULT_UNIT, "")
