"""`gridfleet guidance`: whole commands on a tiny map."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gridfleet.cli.main import app


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["guidance", *map(str, arguments)])


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = ["." * 8] * 6
    path = tmp_path / "hall.map"
    path.write_text("\n".join(["type octile", "height 6", "width 8", "map", *rows]) + "\n")
    return path


def test_optimise_writes_a_table_that_runs_read(hall: Path) -> None:
    wanted = (
        "optimise", hall, "--units", 6, "--steps", 40, "--evaluations", 2, "--runs", 1,
        "--proof", 3, "--workers", 1, "--json", "--quiet",
    )  # fmt: skip
    result = call(*wanted)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["guidance"] == "hall.guidance.csv"
    assert (figures["candidates"], figures["partial"]) == (2, False)
    assert set(figures["proof"]) == {"none", "lanes", "best"}
    assert json.loads(call(*wanted).stdout) == figures
    bench = ["bench", "lifelong", str(hall), "--units", "6", "--steps", "40", "--quiet", "--json"]
    led = CliRunner().invoke(app, [*bench, "--guidance", "hall.guidance.csv"])
    assert led.exit_code == 0, led.output
    shown = call("show", hall, "--guidance", "hall.guidance.csv")
    assert shown.exit_code == 0, shown.output
    assert (hall.parent / "hall.guidance.png").stat().st_size > 1000


def test_a_table_of_somebody_else_is_not_replaced(hall: Path) -> None:
    (hall.parent / "hall.guidance.csv").write_text("mine\n")
    result = call("optimise", hall, "--units", 6, "--evaluations", 1)
    assert result.exit_code == 2
    assert "exists; take another name" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["optimise", "hall.map"], "hall advises none; give --units N"),
        (["optimise", "hall.map", "--units", "5", "--over", "edge"], "did you mean 'edges'?"),
        (["optimise", "hall.map", "--units", "5", "--minutes", "0"], "0 minutes are none"),
        (["optimise", "hall.map", "--units", "5", "--evaluations", "0"], "0 evaluations are none"),
        (["optimise", "hall.map", "--units", "5", "--out", "t.txt"], "end its name in .csv"),
        (["show", "hall.map", "--guidance", "lane"], "did you mean 'lanes'?"),
        (["show", "hall.map", "--guidance", "gone.csv"], "no such file of guidance"),
        (["show", "teachin"], "did you mean 'teaching'"),
    ],
)
def test_bad_usage(hall: Path, arguments: list[str], told: str) -> None:
    assert hall.exists()
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert told in " ".join(result.output.split())


def test_show_says_what_lanes_do(hall: Path) -> None:
    figures = json.loads(call("show", "demo", "--json").stdout)
    assert figures["closed"] == 0
    assert figures["dearest"] == 2.0
    aisles = [".........", ".@@@.@@@.", "........."]
    hall.write_text("\n".join(["type octile", "height 3", "width 9", "map", *aisles]) + "\n")
    figures = json.loads(call("show", hall, "--json").stdout)
    assert figures["closed"] > 0
    assert figures["dearest"] == 4.0
    assert not list(hall.parent.glob("*.png"))
