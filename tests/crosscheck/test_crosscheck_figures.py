"""What two runs differ in: batches, standardised leg times, and the sentence on top."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from gridfleet.cli.crosscheck import table
from gridfleet.cli.main import app
from gridfleet.crosscheck import CrosscheckError, Pair, Span, compare, run_pair, run_side
from gridfleet.crosscheck.batches import difference
from gridfleet.crosscheck.leg_times import leg_difference
from gridfleet.scenario import Scenario
from twin.legs import LegKind, Legs
from twin.unit_model import DEFAULT_UNIT, Calibration

SPAN = Span(minutes=3.0, warm_up_min=1.0, n_batches=4)
SCENARIO = Scenario(layout="teaching", robots=6, hours=SPAN.hours, seed=2)
SLOW = replace(
    DEFAULT_UNIT,
    calibration=Calibration(
        DEFAULT_UNIT.empty, replace(DEFAULT_UNIT.laden, accel_m_s2=0.4, decel_m_s2=0.4), 3.0, 4.0
    ),
)


def legs(units, lengths, lasted, kind=LegKind.RUN) -> Legs:
    n = len(units)
    return Legs(
        np.array(units, dtype=np.int32), np.full(n, kind, dtype=np.int8), np.zeros(n, dtype=bool),
        np.zeros(n), np.array(lasted, dtype=np.float64), np.array(lengths, dtype=np.float64),
        np.zeros(n, dtype=np.int32), np.ones(n, dtype=bool), 0.04,
    )  # fmt: skip


def test_a_different_mix_of_lengths_does_not_count() -> None:
    rng = np.random.default_rng(0)
    short = legs([0] * 90 + [1] * 10, [1.0] * 90 + [9.0] * 10, [2.0] * 90 + [8.0] * 10)
    long = legs([0] * 10 + [1] * 90, [1.0] * 10 + [9.0] * 90, [2.0] * 10 + [8.0] * 90)
    found, n_fast, n_true = leg_difference(short, long, 2, rng)
    assert (found.percent, n_fast, n_true) == (0.0, 100, 100)
    assert found.fast == found.true == 5.0


def test_lengths_of_one_run_alone_are_left_out() -> None:
    rng = np.random.default_rng(0)
    found, *_ = leg_difference(
        legs([0, 1], [1.0, 2.0], [2.2, 9.0]), legs([0, 1], [1.0, 3.0], [2.0, 1.0]), 2, rng
    )
    assert found.percent == pytest.approx(10.0)
    nothing, n_fast, n_true = leg_difference(
        legs([0], [1.0], [2.0]), legs([0], [2.0], [3.0]), 1, rng
    )
    assert (nothing.percent, n_fast, n_true) == (None, 1, 1)


def test_the_interval_covers_the_true_difference() -> None:
    """Over many made-up pairs of runs, whose units differ from each other."""
    n_units, covered = 25, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sides = []
        for more in (1.03, 1.0):
            units = np.repeat(np.arange(n_units), 20)
            own = 0.1 * rng.standard_normal(n_units)
            lasted = 3.0 * more + own[units] + 0.2 * rng.standard_normal(len(units))
            sides.append(legs(units, np.full(len(units), 4.0), lasted))
        found, *_ = leg_difference(*sides, n_units, rng)
        covered += found.low <= 3.0 <= found.high
    assert covered >= 50, f"{covered} of 60"


def test_batches_are_compared_in_pairs() -> None:
    base = np.array([100.0, 300.0, 200.0, 250.0])
    found = difference(base * 1.0 + 5.0, base)
    assert found.percent == pytest.approx(100 * 5 / 212.5)
    assert found.low == pytest.approx(found.percent), "a busy batch is busy in both"
    assert difference(np.array([1.0, np.nan]), np.array([2.0, 5.0])).percent == -50.0
    assert difference(np.zeros(3), np.zeros(3)).percent is None
    assert difference(np.full(2, np.nan), np.zeros(2)).percent is None


@pytest.fixture(scope="module")
def pair() -> Pair:
    slow = msgspec.structs.replace(SCENARIO, unit=SLOW)
    return run_pair((slow, SCENARIO), SPAN, in_processes=False)


def test_a_slower_unit_is_found_where_it_is_slower(pair: Pair) -> None:
    found = compare(pair, SPAN, 0)
    assert (pair.fast.record.contacts, pair.true.record.contacts) == (0, 0)
    rows = {row.name: row for row in found.legs}
    run = rows["straight run, laden, free"].difference
    assert 15.0 < run.percent < 45.0
    assert run.low <= run.percent <= run.high
    assert rows["lower"].difference.percent == pytest.approx(100 / 3, abs=0.1)
    assert rows["lift"].difference.percent == pytest.approx(0.0, abs=0.1)
    assert abs(rows["straight run, empty, free"].difference.percent) < 2.0
    assert found.verdict.startswith("kinematic against kinematic: lines an hour ")
    assert "legs last" in found.verdict
    assert "longer" in found.verdict
    text = table(found)
    assert text.splitlines()[0] == found.verdict
    for row in (*found.kpis, *found.legs):
        assert f"\n{row.name}" in text


def test_the_same_run_differs_in_nothing(pair: Pair) -> None:
    found = compare(Pair(pair.true, pair.true), SPAN, 0)
    for row in (*found.kpis, *found.legs):
        assert row.difference.percent in (None, 0.0), row.name


def test_same_seed_same_intervals(pair: Pair) -> None:
    one, same, other = (compare(pair, SPAN, seed).as_json() for seed in (4, 4, 5))
    assert repr(one) == repr(same)
    assert repr(one) != repr(other)


def test_a_run_that_was_cut_is_compared_as_far_as_it_goes(pair: Pair) -> None:
    steps: list[float] = []
    cut = run_side(SCENARIO, SPAN, steps.append, lambda: bool(steps) and steps[-1] >= 170.0)
    assert cut.n_batches == 2
    found = compare(Pair(pair.fast, cut), SPAN, 0)
    assert (found.n_batches, found.minutes) == (2, 1.5)
    shorter = replace(cut, unit_time_s=cut.unit_time_s[:2])
    with pytest.raises(CrosscheckError, match="1 of 4 batches"):
        compare(Pair(pair.fast, shorter), SPAN, 0)


def test_both_run_in_processes_of_their_own() -> None:
    told: list[list[float]] = []
    span = Span(0.4, 0.0, 2)
    short = msgspec.structs.replace(SCENARIO, hours=span.hours)
    found = run_pair((short, short), span, lambda passed: told.append(list(passed)))
    assert (found.fast.record.events["time_s"] == found.true.record.events["time_s"]).all()
    assert told[-1] == [24.0, 24.0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["nowhere", "--robots", "3", "--minutes", "5"], "nowhere"),
        (["teaching", "--robots", "3000", "--minutes", "5"], "3000 robots do not fit"),
        (["teaching", "--robots", "3", "--minutes", "5", "--unit", "no.toml"], "no.toml"),
        (["teaching", "--robots", "0", "--minutes", "5"], "robots"),
        (["teaching", "--robots", "3", "--minutes", "0"], "minutes"),
    ],
)
def test_bad_input_is_told_and_nothing_written(given, told, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["crosscheck", *given, "--out", "out"])
    assert result.exit_code == 2
    assert told in result.output + result.stderr
    assert not list(tmp_path.iterdir())


def test_the_command_leaves_both_results(tmp_path, monkeypatch) -> None:
    """With the engine that is quick to run on both sides."""
    monkeypatch.setattr("gridfleet.cli.crosscheck.TRUE", "kinematic")
    monkeypatch.setattr("gridfleet.cli.crosscheck.FOLDERS", ("fast", "true"))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app,
        ["crosscheck", "teaching", "--robots", "4", "--minutes", "2", "--warm-up", "0", "--fit",
         "--out", "out", "--json", "--quiet"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["verdict"].startswith("kinematic against kinematic")
    assert found["kpis"][0]["name"] == "lines an hour"
    assert json.loads((tmp_path / "out" / "crosscheck.json").read_text()) == found
    for name in ("fast", "true"):
        names = {path.name for path in (tmp_path / "out" / name).iterdir()}
        assert names >= {"kpis.json", "legs.parquet", "report.html", "scenario.toml"}
    assert "[calibration]" in (tmp_path / "out" / "unit.toml").read_text()
