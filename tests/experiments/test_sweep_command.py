"""`gridfleet sweep` as a user meets it, on runs of some minutes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.experiments import campaigns
from gridfleet.cli.main import app
from gridfleet.experiments.engine import Here
from gridfleet.experiments.replication import Runner
from gridfleet.experiments.sweep.file import read_sweep

ROOT = Path(__file__).resolve().parents[2]
TINY = """
layout = "teaching"
hours = 0.1
demand.orders_per_hour = 400.0
[sweep]
replications = 3
[parameters]
robots = [2, 9]
"service.line_s" = [4, 9]
"""
FILES = ("points.parquet", "replications", "report.html", "results.parquet", "sweep.json")


def sweep(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


@pytest.fixture(name="in_this_process")
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(runner: Runner, _workers: int, _cluster: str) -> Here:
        return Here(runner)

    monkeypatch.setattr(campaigns, "_executor", here)


@pytest.fixture(name="done", scope="module")
def _done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A sweep in worker processes: its folder, with the file beside it."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    arguments = ("--kind", "shift", "--workers", "1", "--out", folder / "out")
    return folder / "out", sweep(folder / "tiny.toml", *arguments)


def test_a_sweep_leaves_its_tables_and_a_page(done: tuple[Path, Result]) -> None:
    out, result = done
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Of what was varied, robots matters most: from 2 to 9 it")
    assert sorted(path.name for path in out.iterdir()) == list(FILES)
    runs = duckdb.read_parquet(str(out / "results.parquet"))
    assert runs.columns[:5] == ["point", "robots", "service.line_s", "seed", "output_per_hour"]
    assert runs.columns[-2:] == ["regime", "jammed"]
    rows = duckdb.sql("select point, robots, seed from runs order by all").fetchall()
    assert rows == [(p, 2 if p < 3 else 9, seed) for p in (1, 2, 3, 4) for seed in (0, 1, 2)]
    points = duckdb.read_parquet(str(out / "points.parquet"))
    assert len(points) == 4
    assert "output_per_hour_low" in points.columns
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "robots matters most" in page
    assert len(re.findall("<svg", page)) == 3
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", page)


@pytest.mark.usefixtures("in_this_process")
def test_the_same_again_runs_nothing(done: tuple[Path, Result]) -> None:
    out, _ = done
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    result = sweep(out.parent / "tiny.toml", "--kind", "shift", "--out", out)
    assert result.exit_code == 0
    assert "runs: 12 of 12, 12 from before" in result.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


@pytest.mark.usefixtures("in_this_process")
def test_the_same_elsewhere_has_the_same_bytes(done: tuple[Path, Result], tmp_path: Path) -> None:
    out, _ = done
    result = sweep(out.parent / "tiny.toml", "--kind", "shift", "--out", tmp_path / "again")
    assert result.exit_code == 0
    assert "from before" not in result.stderr
    for name in FILES:
        if (out / name).is_file():
            assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes(), name


@pytest.mark.usefixtures("in_this_process")
def test_another_key_figure_of_the_same_runs_as_json(done: tuple[Path, Result]) -> None:
    out, _ = done
    result = sweep(
        out.parent / "tiny.toml", "--kind", "shift", "--kpi", "metres_per_output", "--json",
        "--quiet", "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert (found["measure"], found["better"]) == ("metres_per_output", -1)
    assert found == json.loads((out / "sweep.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("robots = [3, 9]", "error: bad.toml: the key 'layout' is missing"),
        (
            'layout = "teaching"\nsweep.kind = "shift"\n[parameters]\nrobots = [3, 9000]',
            "error: bad.toml: point 2 (robots = 9000): 9000 robots do not fit",
        ),
        ("layout = ", "error: bad.toml: not readable as TOML"),
    ],
)
def test_nothing_runs_where_something_is_wrong(
    text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(text, encoding="utf-8")
    result = sweep("bad.toml")
    assert result.exit_code == 2
    assert fault in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_the_example_is_a_sweep_of_18_points() -> None:
    example = read_sweep(ROOT / "examples" / "sweep.toml")
    assert len(example.points) == 18


@pytest.mark.usefixtures("in_this_process")
def test_the_example_runs_in_small(tmp_path: Path) -> None:
    """Its tables as they are, on a small floor for some minutes."""
    text = (ROOT / "examples" / "sweep.toml").read_text(encoding="utf-8")
    for old, new in (
        ('layout = "demo"', 'layout = "teaching"'),
        ("hours = 1.0", "hours = 0.02"),
        ("robots = [20, 30, 40]", "robots = [2, 4]"),
        ("steps = 3", "steps = 2"),
        ("replications = 5", "replications = 2"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "sweep.toml").write_text(text, encoding="utf-8")
    result = sweep(tmp_path / "sweep.toml", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "8 points, all combinations" in result.stdout
