"""Where a curve has its peak, where it collapses, and which fleet is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from made_outcomes import campaign_of, draw, made
from typer.testing import CliRunner

from gridfleet.cli.main import app
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.fleet_curve import (
    Curve,
    CurveAsk,
    Curves,
    Field,
    lay_out,
    run_curves,
    sentences,
)
from gridfleet.experiments.replication import Job, Outcome, Variant
from gridfleet.experiments.report.curve_page import write_curves
from gridfleet.scenario import Scenario

Make = Callable[[int, int], Outcome]
SIZES = (10, 20, 30, 40)


def _field(*floors: str, sizes: tuple[int, ...] = SIZES) -> Field:
    names = {floor: {size: f"{floor}-{size}" for size in sizes} for floor in floors or ("hall",)}
    variants = [
        Variant(name=name, scenario=Scenario(layout="teaching", robots=size))
        for floor in names.values()
        for size, name in floor.items()
    ]
    figures = dict.fromkeys(names, 20)
    return Field(tuple(variants), names, figures, figures, ())


def _run(
    make: Make, measure: str = "output_per_hour", field: Field | None = None, **keys: Any
) -> Curves:
    def job(job: Job) -> Outcome:
        outcome = make(int(job.variant.split("-")[1]), job.seed)
        return msgspec.structs.replace(outcome, variant=job.variant, seed=job.seed)

    ask = CurveAsk(measure, SIZES, **keys)
    return run_curves(field or _field(), ask, campaign_of(job))


def _curve(make: Make, **keys: Any) -> Curve:
    (curve,) = _run(make, **keys).curves
    return curve


def _does(lines: dict[int, float], noise: float = 0.2, **keys: Any) -> Make:
    def make(n_units: int, seed: int) -> Outcome:
        common, own = draw(seed).normal(), draw(seed, n_units).normal()
        value = lines[n_units] + common + noise * own
        return made(n_units=n_units, lines=value, **keys)

    return make


def test_peak_and_collapse() -> None:
    curve = _curve(_does({10: 10.0, 20: 20.0, 30: 19.9, 40: 12.0}))
    assert (curve.peak, curve.collapse) == (20, 40)
    assert [point.n_units for point in curve.points] == list(SIZES)
    assert curve.points[1].figure.mean == pytest.approx(1200.0, abs=120.0)


def test_a_curve_that_still_rises_has_no_collapse() -> None:
    found = _run(_does({10: 10.0, 20: 15.0, 30: 18.0, 40: 20.0}))
    assert (found.curves[0].peak, found.curves[0].collapse) == (40, None)
    assert "the largest fleet tried: more may bring more" in sentences(found)[0]


def test_a_small_loss_is_no_collapse() -> None:
    """Surely less, but by less than 5 %."""
    lines = {10: 10.0, 20: 20.0, 30: 19.4, 40: 19.2}
    assert _curve(_does(lines, noise=0.01)).collapse is None


def test_a_loss_that_may_be_chance_is_no_collapse() -> None:
    lines = {10: 10.0, 20: 20.0, 30: 18.5, 40: 18.5}
    assert _curve(_does(lines, noise=6.0), replications=3).collapse is None


def test_less_is_better_where_it_is_so() -> None:
    def make(n_units: int, seed: int) -> Outcome:
        cycle_s = {10: 900.0, 20: 600.0, 30: 610.0, 40: 900.0}[n_units] + draw(seed).normal()
        return made(n_units=n_units, cycle_s=cycle_s)

    curve = _curve(make, measure="cycle_time_mean_s")
    assert (curve.peak, curve.collapse) == (20, 40)


def test_the_safe_fleet_ends_where_jams_begin() -> None:
    """One jam of five is too many; that a larger fleet got away with it says nothing."""

    def make(n_units: int, seed: int) -> Outcome:
        jams = n_units == 30 and seed == 2
        return made(n_units=n_units, columns={"tasks": 0.0 if jams else 8.0})

    found = _run(make)
    (curve,) = found.curves
    assert curve.safe == 20
    assert [point.jams for point in curve.points] == [0, 0, 1, 0]
    assert (
        "Up to 20 units at least 99% of the runs had no jam (5 of each size" in sentences(found)[0]
    )
    assert "at most 52% of jams, 95% sure" in sentences(found)[0]


def test_a_floor_that_always_jams_has_no_safe_fleet() -> None:
    found = _run(lambda n_units, seed: made(n_units=n_units, columns={"tasks": 0.0}))
    assert found.curves[0].safe is None
    assert "It jams with the smallest fleet already." in sentences(found)[0]


def test_a_run_that_broke_counts_as_a_jam() -> None:
    def make(n_units: int, seed: int) -> Outcome:
        return made(n_units=n_units, failure="touched" if n_units == 40 and seed == 1 else "")

    found = _run(make)
    point = found.curves[0].points[-1]
    assert (point.jams, point.n) == (1, 5)
    assert [one["text"] for one in found.broken] == ["touched"]


def test_the_warm_up_is_the_longest_of_all_sizes() -> None:
    def make(n_units: int, seed: int) -> Outcome:
        lines = np.full(120, 20.0)
        lines[: n_units // 2] = 0.0
        return made(n_units=n_units, n_minutes=120, lines=lines)

    curve = _curve(make)
    assert (curve.warm_up_min, curve.is_warm) == (20, True)


def test_where_a_size_never_settles_half_is_left_out_and_told() -> None:
    def make(n_units: int, seed: int) -> Outcome:
        lines = np.arange(120.0) if n_units == 40 else np.full(120, 20.0)
        return made(n_units=n_units, n_minutes=120, lines=lines)

    found = _run(make)
    (curve,) = found.curves
    assert (curve.warm_up_min, curve.is_warm) == (60, False)
    assert "Not all sizes had settled by the 60 min that are left out" in sentences(found)[0]


def test_runs_without_the_figure_are_left_out() -> None:
    """A jammed fleet may fill no order at all, and then has no order cycle."""

    def make(n_units: int, seed: int) -> Outcome:
        outcome = made(cycle_s=600.0 + seed)
        if n_units == 40 and seed < wanting:
            none = np.zeros(0).tobytes()
            return msgspec.structs.replace(outcome, order_done_s=none, order_cycle_s=none)
        return outcome

    wanting = 2
    curve = _curve(make, measure="cycle_time_mean_s")
    assert curve.points[-1].figure.mean == pytest.approx(603.0)
    wanting = 5
    with pytest.raises(ExperimentError, match="no run on hall with 40 units has cycle_time_mean_s"):
        _curve(make, measure="cycle_time_mean_s")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"measure": "outputs"}, "unknown KPI 'outputs'"),
        ({"sizes": (20, 10)}, "--units is 20,10; give ascending"),
        ({"sizes": (0, 10)}, "--units is 0,10"),
        ({"sizes": (5, 5)}, "--units is 5,5"),
        ({"replications": 1}, "replications is 1; give 2 or more"),
    ],
)
def test_what_cannot_be_asked(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        CurveAsk(**{"measure": "output_per_hour", **keys})


def test_sizes_that_the_floor_has_no_room_for_are_left_out() -> None:
    field = lay_out(["teaching"], {}, CurveAsk("output_per_hour", (4, 8, 5000)))
    assert field.sizes == {"teaching": {4: "teaching-4", 8: "teaching-8"}}
    assert field.advised == {"teaching": 20}
    assert [variant.scenario.robots for variant in field.variants] == [4, 8]
    assert [variant.scenario.max_working for variant in field.variants] == [4, 8]
    with pytest.raises(ExperimentError, match="has room for 1 of the fleets"):
        lay_out(["teaching"], {}, CurveAsk("output_per_hour", (4, 5000)))


def test_the_controller_may_hold_units_back() -> None:
    field = lay_out(["teaching"], {}, CurveAsk("output_per_hour", (4, 8), is_limited=True))
    assert [variant.scenario.max_working for variant in field.variants] == [0, 0]


def test_runs_too_short_are_refused_before_they_run() -> None:
    with pytest.raises(ExperimentError, match=r"6 minutes.*--hours 0\.9 or more$"):
        lay_out(["teaching"], {"hours": 0.1}, CurveAsk("output_per_hour", (4, 8)))


def test_the_page_holds_every_curve_and_needs_nothing(tmp_path: Path) -> None:
    import duckdb

    def make(n_units: int, seed: int) -> Outcome:
        return made(lines=10.0 + n_units / 10.0 + draw(seed).normal())

    found = _run(make, field=_field("hall", "wide"))
    path = write_curves(tmp_path, found, sentences(found), found.as_json())
    page = path.read_text(encoding="utf-8")
    assert "hall" in page
    assert "wide" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    told = json.loads((tmp_path / "curves.json").read_text(encoding="utf-8"))
    rows = duckdb.sql(f"select layout, units, mean from '{tmp_path / 'curves.parquet'}'").fetchall()
    assert rows == [
        (curve["layout"], point["n_units"], point["figure"]["mean"])
        for curve in told["curves"]
        for point in curve["points"]
    ]


@pytest.mark.slow
def test_a_curve_of_a_floor(tmp_path: Path) -> None:
    """The command on the teaching floor, two fleets, two seeds; two units do more than one."""
    arguments = ["fleet-curve", "teaching", "--units", "1,2", "--hours", "1.2", "--quiet"]
    arguments += ["--replications", "2", "--workers", "1", "--json", "--out", str(tmp_path / "c")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    (curve,) = told["curves"]
    means = [point["figure"]["mean"] for point in curve["points"]]
    assert means[1] > 1.5 * means[0] > 0.0
    assert (curve["peak"], curve["collapse"]) == (2, None)
    assert (tmp_path / "c" / "report.html").is_file()
