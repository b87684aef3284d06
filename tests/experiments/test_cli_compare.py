"""`gridfleet compare` from end to end, on the smallest runs that say something."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gridfleet.cli.experiments.campaigns import Bar, told_too_early
from gridfleet.cli.main import app
from gridfleet.experiments.errors import ExperimentError

ROOT = Path(__file__).resolve().parents[2]
TINY = ("--kind", "shift", "--hours", "0.05", "--robots", "3", "--pilots", "3", "--most", "3",
        "--workers", "1")  # fmt: skip
COMMAND = "from gridfleet.cli.main import main; main()"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["compare", *(str(argument) for argument in arguments)])


def refused(*arguments: object) -> str:
    """What is said on stderr."""
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    return result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Teaching against itself, done once."""
    folder = tmp_path_factory.mktemp("compare") / "out"
    result = call("teaching", "teaching", *TINY, "--json", "--quiet", "--out", folder)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((folder / "comparison.json").read_text())
    assert result.stderr == ""
    return folder


def test_a_floor_does_not_differ_from_itself(folder: Path) -> None:
    told = json.loads((folder / "comparison.json").read_text())
    assert told["verdict"].startswith("No difference in lines an hour between teaching-2 and")
    assert all(effect["difference"]["mean"] == 0.0 for effect in told["effects"])
    assert told["differs"] == {}
    assert told["seeds"] == [0, 1, 2]


def test_the_folder_keeps_every_replication(folder: Path) -> None:
    kept = sorted(path.name.split(".")[0] for path in (folder / "replications").iterdir())
    seeds = range(3)
    assert kept == [f"teaching-{n}" for n in [*seeds, *(f"2-{n}" for n in seeds)]]
    assert (folder / "report.html").is_file()


def test_the_same_command_runs_nothing_again(folder: Path) -> None:
    before = _stamps(folder)
    result = call("teaching", "teaching", *TINY, "--out", folder)
    assert result.exit_code == 0, result.output
    assert _stamps(folder) == before
    assert "pilot runs: 6 of 6, 6 from before" in result.stderr
    assert result.stdout.startswith("No difference in lines an hour")
    assert f"report: {folder / 'report.html'}" in result.stdout


def test_another_question_to_the_same_runs_runs_nothing(folder: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(folder, tmp_path / "out"))
    question = ("--precision", "50%", "--at-least", "2%", "--kpi", "cycle_time_mean_s")
    result = call("teaching", "teaching", *TINY, *question, "--out", out)
    assert result.exit_code == 0, result.output
    assert _stamps(out).keys() == _stamps(folder).keys()
    assert "pilot runs: 6 of 6, 6 from before" in result.stderr
    assert "Is teaching-2 better by 2 % or more? No." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("teaching",), "only teaching is named; name two or more"),
        (("teaching", "teachin"), "teaching"),
        (("teaching", "sortation"), "compare floors that do the same work"),
        (("teaching", "teaching", "--kpi", "output_per_hours"), "did you mean 'output_per_hour'?"),
        (("teaching", "teaching", "--precision", "0%"), "precision is 0; give a share above 0"),
        (("teaching", "teaching", "--precision", "-1%"), "precision is -0.01"),
        (("teaching", "teaching", "--precision", "much"), "write a percentage, such as 1%"),
        (("teaching", "teaching", "--at-least", "some"), "--at-least is 'some'"),
        (("teaching", "teaching", "--at-least", "nan%"), "--at-least is 'nan%'"),
        (("teaching", "teaching", "--kind", "stedy"), "did you mean 'steady'?"),
        (("teaching", "teaching", "--hours", "0.1"), "give --hours 0.9 or more"),
        (("teaching", "teaching", "--pilots", "50"), "most is 40, fewer than the 50 pilot runs"),
        (("teaching", "teaching", "--confidence", "95"), "confidence is 95"),
        (("teaching", "teaching", "--orders", "no-such.csv"), "no-such.csv"),
    ],
)
def test_bad_input_is_said_before_anything_runs(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in refused(*arguments, "--workers", "1", "--quiet")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []


def test_a_cluster_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    arguments = ("teaching", "teaching", *TINY[:-2], "--cluster", "tcp://127.0.0.1:9")
    told = refused(*arguments, "--out", tmp_path / "out")
    assert "tcp://127.0.0.1:9" in told


def test_the_folder_of_a_run_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text('layout = "teaching"\n')
    (tmp_path / "report.html").write_text("of the run")
    assert "is the folder of a run" in refused("teaching", "teaching", *TINY, "--out", tmp_path)
    assert (tmp_path / "report.html").read_text() == "of the run"


def _tell_nothing(*, interrupts: bool) -> None:
    with Bar(is_quiet=True) as bar, told_too_early(bar):
        if interrupts:
            os.kill(os.getpid(), signal.SIGINT)
        raise ExperimentError("only 1 replication is done")


def test_too_early_to_tell_is_no_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        _tell_nothing(interrupts=True)
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == "interrupted: only 1 replication is done\n"
    with pytest.raises(ExperimentError):
        _tell_nothing(interrupts=False)


@pytest.mark.slow
def test_a_cluster_gives_the_same_table(folder: Path, tmp_path: Path) -> None:
    """The same bytes, file by file: replications, data, page."""
    pytest.importorskip("distributed", reason="dask is not installed")
    arguments = ("teaching", "teaching", *TINY[:-2], "--quiet", "--cluster", "local", "--out",
                 tmp_path)  # fmt: skip
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    for file in sorted(files):
        assert (folder / file).read_bytes() == (tmp_path / file).read_bytes(), file


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["teaching", "teaching", "--kind", "shift", "--hours", "0.1", "--robots", "4",
                 "--pilots", "4", "--most", "4", "--workers", "1", "--out", str(out)]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "compare", *arguments], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        try:
            deadline_s = time.monotonic() + 120.0
            while len(_stamps(out)) < 4:
                assert time.monotonic() < deadline_s
                assert program.poll() is None, program.communicate()
                time.sleep(0.02)
            os.killpg(program.pid, signal.SIGINT)  # as a terminal does
            stdout, stderr = program.communicate(timeout=60)
        finally:
            program.kill()
    assert program.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "the same command goes on from what is finished" in stdout
    told: dict[str, Any] = json.loads((out / "comparison.json").read_text())
    assert told["is_cut"]
    before = _stamps(out)
    assert 4 <= len(before) < 8
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert f"{len(before)} from before" in result.stderr
    after = _stamps(out)
    assert before.items() <= after.items()
    assert len(after) == 8
    assert not json.loads((out / "comparison.json").read_text())["is_cut"]


def _stamps(folder: Path) -> dict[str, int]:
    """When each replication was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("replications/*.result")}
