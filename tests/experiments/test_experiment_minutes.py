"""The minutes of a run sum up to its key figures; a window of them has what happened in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from made_outcomes import made

from fleet_control.events import EventKind
from gridfleet.experiments.measures.catalogue import MEASURES, figures_of, measure_named
from gridfleet.experiments.measures.minutes import (
    COUNTED,
    STATION_TIMES,
    UNIT_TIMES,
    MinuteRecorder,
    Minutes,
    RunClockwork,
    orders_done,
)
from gridfleet.experiments.measures.window import window_of
from gridfleet.experiments.replication import Outcome, run_one
from gridfleet.kpis import kpis
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.scenario_tables import DemandTable, Parcels
from gridfleet.simulation import Progress, Simulation
from gridfleet.wiring.units import CYCLE_S

OPEN_FLOOR = f'format = 1\nmap = """\n{chr(10).join(["." * 9] * 7)}\n"""\n'
N_MINUTES = 6
KINDS = ["fulfilment", "sortation", "errands"]


def _scenario(kind: str, folder: Path) -> Scenario:
    hours = N_MINUTES / 60.0
    if kind == "fulfilment":
        demand = DemandTable(keep_waiting=40, n_skus=200)
        return Scenario(layout="teaching", robots=8, hours=hours, seed=2, demand=demand)
    if kind == "sortation":
        parcels = Parcels(parcels_per_hour=600.0)
        return Scenario(layout="sortation", robots=8, hours=hours, seed=2, parcels=parcels)
    floor = folder / "open.toml"
    floor.write_text(OPEN_FLOOR, encoding="utf-8")
    return Scenario(layout=str(floor), robots=4, hours=hours, seed=2)


@cache
def _run(kind: str) -> tuple[RunRecord, Minutes, Outcome]:
    """The same run twice: as a record with its minutes, and as an outcome."""
    with TemporaryDirectory() as folder:
        scenario = _scenario(kind, Path(folder))
        simulation = Simulation(scenario)
        recorder = MinuteRecorder(RunClockwork(simulation))

        def look(news: Progress) -> None:
            recorder.look(news.sim_s)

        record = simulation.run(look)
        simulation.close()
        recorder.look(record.sim_s)
        return record, recorder.minutes(record), run_one("a", scenario)


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest) -> tuple[RunRecord, Minutes, Outcome]:
    return _run(request.param)


def test_minutes_are_whole_and_all_there(run: tuple[RunRecord, Minutes, Outcome]) -> None:
    _, minutes, outcome = run
    assert {len(values) for values in minutes.values()} == {N_MINUTES}
    assert outcome.n_minutes == N_MINUTES
    for name, values in minutes.items():
        assert outcome.minutes[name].tolist() == values.tolist(), name


def test_counts_sum_up_to_the_events(run: tuple[RunRecord, Minutes, Outcome]) -> None:
    record, minutes, _ = run
    for name, kind in COUNTED.items():
        assert minutes[name].sum() == (record.events["kind"] == kind).sum(), name
    assert minutes["lines"].sum() + minutes["errands"].sum() > 5, "nothing happened"


def test_times_and_ways_sum_up_to_those_of_the_run(
    run: tuple[RunRecord, Minutes, Outcome],
) -> None:
    """But for the last control cycle, which is booked when the last minute is over already."""
    record, minutes, _ = run
    cycle_s = record.n_units * CYCLE_S + 1e-6
    unit_s = [minutes[name].sum() for name in UNIT_TIMES]
    np.testing.assert_allclose(unit_s, record.unit_time_s.sum(axis=0), atol=cycle_s)
    assert sum(unit_s) == pytest.approx(record.n_units * record.sim_s, abs=cycle_s)
    driven, moves = record.cells_driven.sum(), minutes["driven_cells"].sum()
    assert driven - record.n_units <= moves <= driven
    station_s = sum(minutes[name].sum() for name in STATION_TIMES)
    kinds = [row for row in kpis(record)["stations"] if row["kind"] in ("pick", "induct")]
    assert station_s == pytest.approx(len(kinds) * record.sim_s)


def test_every_minute_has_a_minute_of_each_unit(run: tuple[RunRecord, Minutes, Outcome]) -> None:
    record, minutes, _ = run
    spent_s = sum(minutes[name] for name in UNIT_TIMES)
    np.testing.assert_allclose(spent_s, 60.0 * record.n_units, atol=record.n_units * CYCLE_S + 1e-6)


def test_figures_of_the_whole_run_are_its_key_figures(
    run: tuple[RunRecord, Minutes, Outcome],
) -> None:
    record, _, outcome = run
    told, found = kpis(record), figures_of(outcome)
    same: dict[str, Any] = {
        key: told[key]
        for key in ("units_per_hour", "orders_per_hour", "tasks_per_hour", "contacts",
                    "picks_per_station_hour", "lines_per_robot_hour", "pile_on_lines")
        if record.has_orders
    }  # fmt: skip
    done = "lines_per_hour" if record.has_orders else "tasks_per_hour"
    same["output_per_hour"] = told[done]
    if record.has_orders:
        same["cycle_time_mean_s"] = told["cycle_time_s"]["mean"]
        same["cycle_time_p95_s"] = told["cycle_time_s"]["p95"]
    for key, value in same.items():
        wanted = float("nan") if value is None else value
        assert found[key] == pytest.approx(wanted, rel=1e-3, abs=1e-3, nan_ok=True), key
    for state, time in told["unit_time"].items():
        assert found[f"unit_{state}"] == pytest.approx(100.0 * time["share"], abs=0.1), state


@pytest.mark.parametrize("first", [1, 3, 5])
def test_a_window_has_the_events_in_it(run: tuple[RunRecord, Minutes, Outcome], first: int) -> None:
    record, _, outcome = run
    hours = (N_MINUTES - first) / 60.0
    rows = [
        (kind, value)
        for kind, time_s, value in zip(
            record.events["kind"].tolist(), record.events["time_s"].tolist(),
            record.events["value"].tolist(), strict=True,
        )
        if time_s >= 60.0 * first
    ]  # fmt: skip
    figures = figures_of(outcome, first)
    if not record.has_orders:
        n_errands = sum(kind == EventKind.ERRAND_DONE for kind, _ in rows)
        assert figures["output_per_hour"] == pytest.approx(n_errands / hours)
        return
    goods = [value for kind, value in rows if kind == EventKind.LINE_DONE]
    assert figures["output_per_hour"] == pytest.approx(len(goods) / hours)
    assert figures["units_per_hour"] == pytest.approx(sum(goods) / hours)
    cycles = [value for kind, value in rows if kind == EventKind.ORDER_DONE]
    assert figures["orders_per_hour"] == pytest.approx(len(cycles) / hours)
    if cycles:
        assert figures["cycle_time_mean_s"] == pytest.approx(np.mean(cycles))


def test_shares_of_a_window_add_up(run: tuple[RunRecord, Minutes, Outcome]) -> None:
    record, _, outcome = run
    figures = figures_of(outcome, 2)
    units = [figures[name.removesuffix("_s")] for name in UNIT_TIMES]
    assert sum(units) == pytest.approx(100.0)
    stations = [figures[name.removesuffix("_s")] for name in STATION_TIMES]
    if record.has_orders:
        assert sum(stations) == pytest.approx(100.0)
    else:
        assert np.isnan(stations).all()


def test_an_order_of_the_last_instant_is_in_the_window() -> None:
    outcome = made(n_minutes=2)
    done_s, cycle_s = np.array([30.0, 120.0]), np.array([10.0, 20.0])
    late = Outcome(
        **{key: getattr(outcome, key) for key in outcome.__struct_fields__}
        | {"order_done_s": done_s.tobytes(), "order_cycle_s": cycle_s.tobytes()}
    )
    assert window_of(late, 1).cycle_s.tolist() == [20.0]
    assert window_of(late).cycle_s.tolist() == [10.0, 20.0]


def test_late_orders_are_those_after_their_due_time() -> None:
    record, minutes, _ = _run("fulfilment")
    done_s, _, is_late = orders_done(record)
    assert record.order_due_s is not None
    assert len(done_s) == minutes["orders_done"].sum()
    assert minutes["orders_late"].sum() == is_late.sum()


def test_a_window_beyond_the_end_has_no_figures() -> None:
    figures = figures_of(made(n_minutes=10), 10)
    assert all(np.isnan(value) or value == 0.0 for value in figures.values()), figures


def test_every_figure_has_words_and_a_name() -> None:
    assert all(name == measure.name for name, measure in MEASURES.items())
    assert measure_named("output_per_hour").titled("parcels") == "parcels an hour"
    assert all("{" not in measure.titled("lines") for measure in MEASURES.values())
