"""What one more unit, station or aisle brings: rows, verdict, and the command on a tiny run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_outcomes import campaign_of, draw, line_of, made
from typer.testing import CliRunner

from gridfleet.brain import lay_groundwork
from gridfleet.cli.main import app
from gridfleet.demand.placement import pods_to_fill, usable_storage
from gridfleet.experiments.comparing import Ask, run_comparison
from gridfleet.experiments.comparison import Comparison, analyse
from gridfleet.experiments.marginal import (
    line_up_changes,
    marginal_rows,
    marginal_verdict,
    more_units,
)
from gridfleet.experiments.replication import Job, Outcome
from layouts import load

WORDS = {"2-more-units": "2 more units", "aisle-row-4": "an aisle in row 4"}


def _found(lines: dict[str, float]) -> Comparison:
    """Of 20 units, and of two more in one of the changes; lines a minute as given."""

    def make(job: Job) -> Outcome:
        n_units = 22 if job.variant == "2-more-units" else 20
        mean = lines[job.variant] + draw(job.seed).normal()
        return made(
            job.variant, job.seed, n_units=n_units,
            lines=mean + 0.01 * draw(job.seed, job.variant).normal(),
        )  # fmt: skip

    line = line_of("hall", *WORDS, kind="shift")
    return analyse(run_comparison(line, Ask(pilots=5, most=5), campaign_of(make)))


def test_units_are_worth_what_each_of_them_brings() -> None:
    found = _found({"hall": 20.0, "2-more-units": 21.0, "aisle-row-4": 20.7})
    rows = marginal_rows(found, WORDS)
    assert [row["change"] for row in rows] == ["an aisle in row 4", "2 more units"]
    aisle, units = rows
    assert aisle["brings"] == pytest.approx(42.0, abs=2.0)
    assert units["brings"] == pytest.approx(30.0, abs=2.0)
    assert units["low"] < units["brings"] < units["high"]
    assert (units["a_unit"], aisle["a_unit"]) == (True, False)
    told = marginal_verdict(rows, found)
    assert told.startswith("Most on hall is to be had from an aisle in row 4: +4")
    assert "lines an hour" in told


def test_nothing_that_helps_is_said() -> None:
    found = _found({"hall": 20.0, "2-more-units": 19.0, "aisle-row-4": 20.0})
    told = marginal_verdict(marginal_rows(found, WORDS), found)
    assert told.startswith("Nothing that was tried on hall surely brings more lines an hour:")
    assert "2 more units" in told


@pytest.mark.parametrize(("n_units", "more"), [(1, 1), (9, 1), (20, 1), (50, 2), (100, 5)])
def test_more_units_are_a_twentieth(n_units: int, more: int) -> None:
    assert more_units(n_units) == more


def test_changes_of_a_floor_are_lined_up(tmp_path: Path) -> None:
    """Same demand, as many pods as there is room for, files in the folder that can be drawn on."""
    options = {"hours": 0.03, "robots": 4}
    line, words = line_up_changes("teaching", options, tmp_path, kind="shift")
    base, units, *floors = line.variants
    assert (base.scenario.robots, units.scenario.robots) == (4, 5)
    assert set(words) == {variant.name for variant in line.variants[1:]}
    assert floors
    before = load("teaching")
    n_pods = pods_to_fill(base.scenario.stock, len(usable_storage(before)))
    for variant in floors:
        assert variant.scenario.demand == base.scenario.demand
        assert variant.scenario.robots == 4
        assert Path(variant.scenario.layout).parent == tmp_path / "floors"
        assert variant.files[variant.scenario.layout] == Path(variant.scenario.layout).read_bytes()
        room = len(usable_storage(load(variant.scenario.layout)))
        after = pods_to_fill(variant.scenario.stock, room)
        assert after == min(n_pods, room)
        lay_groundwork(variant.scenario)


@pytest.mark.slow
def test_the_command_tells_what_changes_bring(tmp_path: Path) -> None:
    arguments = ["lost-capacity", "teaching", "--hours", "0.05", "--robots", "3", "--workers", "1"]
    arguments += ["--kind", "shift", "--replications", "3", "--quiet", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "1 more unit, each" in result.stdout
    told = json.loads((tmp_path / "comparison.json").read_text())
    assert {row["variant"] for row in told["marginal"]} == {
        one["name"] for one in told["sides"][1:]
    }
    assert (tmp_path / "report.html").is_file()
    assert all(load(path).stations for path in (tmp_path / "floors").glob("*.toml"))
