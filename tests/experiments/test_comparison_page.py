"""The folder of a comparison: a page that needs nothing else, and the data behind its figures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from made_outcomes import N_CELLS, campaign_of, draw, line_of, made

from gridfleet.experiments.comparing import Ask, Runs, run_comparison
from gridfleet.experiments.comparison import Comparison, analyse
from gridfleet.experiments.replication import Job, Outcome
from gridfleet.experiments.report import write_comparison
from gridfleet.experiments.verdict import remarks, verdict

N = 7


def _make(job: Job) -> Outcome:
    mean = 20.0 + (job.variant != "today") + draw(job.seed).normal()
    mean += 0.1 * draw(job.seed, job.variant).normal()
    heat = 1.0 + (job.variant == "wider <aisles>")
    return made(job.variant, job.seed, lines=mean, heat=heat, columns={"contacts": 0.0})


def _written(folder: Path, *names: str) -> tuple[Runs, Comparison, str]:
    line = line_of(*names, kind="shift")
    runs = run_comparison(line, Ask(pilots=N, most=N), campaign_of(_make))
    found = analyse(runs)
    figures = {"verdict": verdict(found), **found.as_json()}
    path = write_comparison(folder, runs, found, verdict(found), list(remarks(found)), figures)
    return runs, found, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparison")


@pytest.fixture(scope="module")
def written(folder: Path) -> tuple[Runs, Comparison, str]:
    return _written(folder, "today", "wider <aisles>")


def _rows(folder: Path, name: str, what: str = "*") -> list[dict[str, Any]]:
    table = duckdb.sql(f"select {what} from '{folder / name}'")
    return [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]


def test_the_folder_holds_the_page_and_its_data(
    folder: Path, written: tuple[Runs, Comparison, str]
) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "cells.parquet", "comparison.json", "effects.parquet", "minutes.parquet",
        "replications.parquet", "report.html",
    ]  # fmt: skip


def test_the_verdict_comes_first_and_names_are_escaped(
    written: tuple[Runs, Comparison, str],
) -> None:
    _, found, page = written
    assert "wider &lt;aisles&gt; has 5." in page
    assert "wider <aisles>" not in page
    assert page.index('class="verdict"') < page.index("Seed by seed") < page.index("Warm-up")
    for told in remarks(found):
        assert told.split(" (")[0].replace("<", "&lt;").replace(">", "&gt;") in page


def test_the_page_needs_nothing_else(written: tuple[Runs, Comparison, str]) -> None:
    _, _, page = written
    addresses = set(re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page))
    assert all(address.startswith(("data:", "#")) for address in addresses), addresses
    assert not re.search(r"<script[^>]+src|@import|url\((?!['\"]?(?:data:|#))", page)


def test_every_seed_has_a_dot(written: tuple[Runs, Comparison, str]) -> None:
    _, _, page = written
    pairs = page[page.index('id="pairs"') : page.index('id="effects"')]
    dots = re.findall(r"<g [^>]*clip-path[^>]*>(.*?)</g>", pairs, re.DOTALL)
    assert max(group.count("<use ") for group in dots) == N


def test_every_figure_that_is_not_naught_has_a_row(
    written: tuple[Runs, Comparison, str],
) -> None:
    _, found, page = written
    table = page[page.index("<thead>") : page.index("</table>")]
    told = set(re.findall(r"<code>(\w+)</code>", table))
    assert {"output_per_hour", "cycle_time_mean_s", "unit_waiting"} <= told
    assert "contacts" not in told
    (main,) = found.main
    assert main.percent is not None
    assert f"{main.percent.mean:+.2f} %" in table
    assert '<tr class="main"><th scope="row">lines an hour' in table


def test_the_files_beside_it_agree_with_the_json(
    folder: Path, written: tuple[Runs, Comparison, str]
) -> None:
    runs, _, _ = written
    told = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    effects = _rows(folder, "effects.parquet")
    assert [(row["measure"], row["variant"]) for row in effects] == [
        (one["measure"], one["variant"]) for one in told["effects"]
    ]
    for row, one in zip(effects, told["effects"], strict=True):
        assert row["difference"] == one["difference"]["mean"]
        assert row["difference_low"] == one["difference"]["low"]
        assert row["base"] == one["base"]
    rows = _rows(folder, "replications.parquet")
    assert [(row["variant"], row["seed"]) for row in rows] == [
        (name, seed) for name in runs.names for seed in told["seeds"]
    ]
    figures = runs.figures("output_per_hour").ravel().tolist()
    assert [row["output_per_hour"] for row in rows] == figures


def test_minutes_and_cells_are_those_of_the_runs(
    folder: Path, written: tuple[Runs, Comparison, str]
) -> None:
    runs, found, _ = written
    assert _rows(folder, "minutes.parquet", "count(*) as n") == [{"n": 2 * found.minutes}]
    for name in runs.names:
        told = [row["output"] for row in _rows(folder, "minutes.parquet") if row["variant"] == name]
        assert told == pytest.approx(runs.output_minutes(name).mean(axis=0).tolist())
        cells = [row for row in _rows(folder, "cells.parquet") if row["variant"] == name]
        assert len(cells) == N_CELLS
        assert {row["waiting_s_per_hour"] for row in cells} == {1.0 + (name != "today")}


def test_the_map_shows_where_waiting_differs(written: tuple[Runs, Comparison, str]) -> None:
    _, _, page = written
    assert "Waiting: wider &lt;aisles&gt; less today" in page
    assert "Traffic: wider &lt;aisles&gt; less today" in page


def test_three_variants_have_three_sides(tmp_path: Path) -> None:
    _, found, page = _written(tmp_path, "today", "b", "c")
    assert len(found.main) == 2
    assert "b against today" in page
    assert "c against today" in page
    assert "all comparisons to hold together" in page


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        _written(tmp_path / name, "today", "b")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
