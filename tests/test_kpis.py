"""Key figures: counted again from events.parquet with SQL, conserved, bounded and documented."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import report_runs as runs

from fleet_control.events import EventKind, EventLog
from gridfleet.detour import detour_of, finished_trips, least_for
from gridfleet.kpis import kpis
from gridfleet.record import RunRecord
from gridfleet.run_folder import write_events
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import CellKind, Layout

DOCS = Path(__file__).resolve().parents[1] / "docs"
KINDS = {"picking": runs.picking, "sorting": runs.sorting, "errands": runs.errands}

RATES = """
select count(*) filter (kind = 'line_done') as lines,
       sum(value) filter (kind = 'line_done') as units,
       count(*) filter (kind = 'pod_presented') as presented,
       count(*) filter (kind = 'line_short') as short,
       count(*) filter (kind = 'return_done') as returned,
       count(*) filter (kind = 'order_placed') as placed,
       count(*) filter (kind = 'order_done') as done,
       avg(value) filter (kind = 'order_done') as cycle_mean,
       quantile_cont(value, 0.5) filter (kind = 'order_done') as cycle_p50,
       quantile_cont(value, 0.95) filter (kind = 'order_done') as cycle_p95,
       count(*) filter (kind = 'task_done') as tasks,
       count(*) filter (kind = 'task_done' and time_s > $sim_s - 600) as recent,
       count(*) filter (kind = 'errand_done') as errands,
       coalesce(sum(value) filter (kind = 'errand_done'), 0) as cells,
       count(*) filter (kind = 'fault') as faults,
       count(*) filter (kind = 'contact') as contacts
from log
"""
LATE = """
select count(*) from (select "order" from log where kind = 'order_placed') p
join due on due.number = p."order"
left join (select "order", time_s from log where kind = 'order_done') d using ("order")
where due.due_s < $sim_s and coalesce(d.time_s, 'inf'::double) > due.due_s
"""
WAITING = """
with changes as (
    select time_s, 1 as n from log where kind = 'order_placed' union all
    select time_s, -1 from log where kind = 'order_assigned'),
steps as (
    select time_s, lead(time_s, 1, $sim_s) over (order by time_s) - time_s as lasted_s,
           sum(n) over (order by time_s) as waiting from changes)
select coalesce(sum(lasted_s) filter (waiting > $room), 0) / $sim_s from steps
"""


@pytest.fixture(params=KINDS)
def record(request: pytest.FixtureRequest) -> RunRecord:
    return KINDS[request.param]()


@pytest.fixture
def log(record: RunRecord, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """The event file of the run as a table `log`, its rows numbered."""
    write_events(tmp_path, record.events)
    connection = duckdb.connect()
    file = tmp_path / "events.parquet"
    connection.execute(f"create table log as from read_parquet('{file}', file_row_number = true)")
    return connection


def one_row(log: duckdb.DuckDBPyConnection, query: str, **given: float) -> dict[str, Any]:
    result = log.execute(query, {k: v for k, v in given.items() if f"${k}" in query})
    names = [column[0] for column in result.description]
    row = result.fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))


def test_counts_are_those_of_the_event_file(
    record: RunRecord, log: duckdb.DuckDBPyConnection
) -> None:
    figures, hours = kpis(record), record.sim_s / 3600
    row = one_row(log, RATES, sim_s=record.sim_s)
    assert figures["faults"] == row["faults"] == 0
    assert figures["contacts"] == row["contacts"] == 0
    assert figures["distance_errands_m"] == pytest.approx(row["cells"])
    if not record.has_orders:
        assert figures["tasks_done"] == row["errands"] > 100
        assert figures["tasks_per_hour"] == pytest.approx(row["errands"] / hours, abs=1e-3)
        assert figures["lines_per_hour"] is figures["orders_placed"] is None
        return
    n_stations = {"teaching": 5}.get(record.layout.name, 2)
    expected = {
        "units_per_hour": row["units"] / hours,
        "lines_per_hour": row["lines"] / hours,
        "picks_per_station_hour": row["lines"] / hours / n_stations,
        "lines_per_robot_hour": row["lines"] / hours / record.n_units,
        "short_lines": row["short"],
        "return_lines": row["returned"],
        "orders_placed": row["placed"],
        "orders_completed": row["done"],
        "orders_per_hour": row["done"] / hours,
        "tasks_done": row["tasks"],
        "tasks_per_hour": row["tasks"] / hours,
        "tasks_per_hour_last_10_min": row["recent"] * 6,
    }
    if row["presented"]:
        expected["pile_on_lines"] = row["lines"] / row["presented"]
        expected["pile_on_units"] = row["units"] / row["presented"]
        expected["presentations_per_station_hour"] = row["presented"] / hours / n_stations
    assert row["lines"] > 50
    assert {key: figures[key] for key in expected} == pytest.approx(expected, abs=1e-3)
    cycle = {name: row[f"cycle_{name}"] for name in ("mean", "p50", "p95")}
    assert figures["cycle_time_s"] == pytest.approx(cycle, abs=1e-3)


def test_what_does_not_apply_is_none(record: RunRecord) -> None:
    figures = kpis(record)
    kind = record.layout.name
    assert (figures["pile_on_lines"] is None) == (kind != "teaching")
    assert (figures["late_orders"] is None) == (kind != "teaching")
    assert (figures["station_time"] is None) == (kind == "open")
    assert bool(figures["stations"]) == (kind != "open")


def test_late_orders_and_waiting_orders(record: RunRecord, log: duckdb.DuckDBPyConnection) -> None:
    if not record.has_orders:
        assert kpis(record)["late_orders"] is kpis(record)["orders_waiting_share"] is None
        return
    if record.order_due_s is not None:
        due_s = np.quantile(record.order_due_s, 0.1) / 30 + record.order_due_s * 0.01
        record = replace(record, order_due_s=due_s)
        due = {"number": np.arange(len(due_s)), "due_s": due_s}
        log.register("due", due)
        (late,) = one_row(log, LATE, sim_s=record.sim_s).values()
        assert 0 < late == kpis(record)["late_orders"] < len(due_s)
    room = 0 if record.layout.name == "teaching" else 6
    (waiting,) = one_row(log, WAITING, sim_s=record.sim_s, room=room).values()
    assert kpis(record)["orders_waiting_share"] == pytest.approx(waiting, abs=1e-5)


def test_every_second_of_every_unit_and_station_is_booked_once(record: RunRecord) -> None:
    assert record.unit_time_s.sum(axis=1) == pytest.approx(record.sim_s, rel=1e-9)
    figures = kpis(record)
    seconds = [row["seconds"] for row in figures["unit_time"].values()]
    assert sum(seconds) == pytest.approx(record.n_units * record.sim_s, abs=0.01)
    assert sum(row["share"] for row in figures["unit_time"].values()) == pytest.approx(1, abs=1e-4)
    if record.has_orders:
        assert record.station_time_s.sum(axis=1) == pytest.approx(record.sim_s, rel=1e-9)
        seconds = [row["seconds"] for row in figures["station_time"].values()]
        total_s = len(record.layout.stations) * record.sim_s
        assert sum(seconds) == pytest.approx(total_s, abs=0.01)


def test_station_rows_add_up_to_the_whole(record: RunRecord) -> None:
    figures = kpis(record)
    hours = record.sim_s / 3600
    rows = [row for row in figures["stations"] if row["kind"] != "induct"]
    if not record.has_orders:
        assert figures["stations"] == []
        return
    for total, key in (("lines_per_hour", "lines"), ("units_per_hour", "units")):
        assert sum(row[key] for row in rows) == pytest.approx(figures[total] * hours, abs=1e-2)
    assert sum(row["return_lines"] for row in rows) == figures["return_lines"]
    for row in figures["stations"]:
        states = ("picking", "starved", "blocked", "no_work")
        assert sum(row[state] for state in states) == pytest.approx(1, abs=1e-4)


def test_the_station_of_each_event_gets_it() -> None:
    record = runs.picking()
    events = record.events
    for index, row in enumerate(kpis(record)["stations"]):
        for kind, key in (
            (EventKind.LINE_DONE, "lines"),
            (EventKind.RETURN_DONE, "return_lines"),
            (EventKind.POD_PRESENTED, "presentations"),
        ):
            here = (events["kind"] == kind) & (events["station"] == index)
            assert row[key] == here.sum()


def fewest_cells(layout: Layout, start: int, goal: int, *, is_laden: bool) -> int:
    """Breadth-first search forwards, by the rules as docs/kpis.md tells them."""
    zone = next((s for s in layout.stations if goal in (s.cell, *s.queue)), None)
    own = {zone.cell, *zone.queue} if zone else set()
    open_kinds = {CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING}
    open_kinds |= set() if is_laden else {CellKind.STORAGE}
    depth, found = {start: 0}, deque([start])
    while found:
        cell = found.popleft()
        if cell == goal:
            return depth[cell]
        for beside in layout.neighbours[cell].tolist():
            may_enter = beside == goal or beside in own or layout.kinds[beside] in open_kinds
            if beside >= 0 and beside not in depth and may_enter:
                depth[beside] = depth[cell] + 1
                found.append(beside)
    return -1


def test_the_detour_is_measured_against_a_search_of_its_own(
    record: RunRecord, log: duckdb.DuckDBPyConnection
) -> None:
    """The trips come from SQL here, the ways from a plain search forwards."""
    trips = log.execute("""
        with errands as (
            select *, lead(kind) over drive as after, lead(value) over drive as n_cells
            from log where kind in ('errand_started', 'errand_done')
            window drive as (partition by unit order by file_row_number))
        select value::int, cell, pod >= 0 or "order" >= 0, n_cells::int from errands
        where kind = 'errand_started' and after = 'errand_done' and value >= 0
    """).fetchall()
    least = [fewest_cells(record.layout, a, b, is_laden=laden) for a, b, laden, _ in trips]
    assert all(0 <= fewest <= driven for fewest, (*_, driven) in zip(least, trips, strict=True))
    figures = kpis(record)
    assert figures["detour_errands"] == len(trips) > 100
    ratio = sum(driven for *_, driven in trips) / sum(least)
    assert 1 < figures["detour_factor"] == pytest.approx(ratio, abs=1e-4)
    assert figures["distance_errands_m"] <= figures["distance_m"]


def test_cells_driven_are_arrivals_and_errands_are_part_of_them(record: RunRecord) -> None:
    assert record.visits.sum() == record.cells_driven.sum() > 0
    rows = np.flatnonzero(record.events["kind"] == EventKind.ERRAND_DONE)
    units = np.asarray(record.events["unit"], dtype=int)[rows]
    on_errands = np.bincount(units, record.events["value"][rows], minlength=record.n_units)
    assert (on_errands <= record.cells_driven).all()
    assert on_errands.sum() > 0.9 * record.cells_driven.sum()


def test_a_sample_of_goals_stands_for_all() -> None:
    record = runs.errands()
    trips, whole = finished_trips(record.events), detour_of(record.layout, record.events)
    least = least_for(record.layout, trips, max_cells=40 * record.layout.n_cells)
    taken = least >= 0
    assert len(np.unique(trips.goals[taken])) == 40
    assert set(trips.goals[taken]).isdisjoint(trips.goals[~taken]), "a goal is taken as a whole"
    assert whole.ratio == pytest.approx(trips.driven[taken].sum() / least[taken].sum(), rel=0.1)


def test_a_run_that_did_nothing_has_figures() -> None:
    record = runs.picking()
    n_stations = len(record.layout.stations)
    for due_s in (None, np.empty(0)):
        empty = replace(
            record, sim_s=0.0, partial=True, events=EventLog().columns(), order_due_s=due_s,
            unit_time_s=np.zeros((10, 7)), station_time_s=np.zeros((n_stations, 4)),
            cells_driven=np.zeros(10, dtype=np.int64), plan_ms=np.empty(0),
        )  # fmt: skip
        figures = kpis(empty)
        assert figures["unit_time"] is figures["detour_factor"] is figures["regime"] is None
        assert figures["tasks_done"] == figures["distance_m"] == 0


def test_every_key_is_documented(record: RunRecord) -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", (DOCS / "kpis.md").read_text(encoding="utf-8")))
    figures = kpis(record)
    inside = [figures["unit_time"], figures["station_time"] or {}, figures["cycle_time_s"] or {}]
    keys = {*figures, *(key for part in [*inside, *figures["stations"][:1]] for key in part)}
    assert keys <= named, f"docs/kpis.md lacks {keys - named}"


def test_every_key_of_faults_and_status_is_documented() -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", (DOCS / "kpis.md").read_text(encoding="utf-8")))
    costs, status = (kpis(runs.troubled())[key] for key in ("fault_costs", "status"))
    rows = [costs["kinds"][0], costs["faults"][0], status["units_not_working"][0]]
    keys = {*costs, *status, *(key for row in rows for key in row)}
    assert keys <= named, f"docs/kpis.md lacks {keys - named}"


def test_the_status_at_the_end_names_who_does_not_work() -> None:
    record = runs.troubled()
    status = kpis(record)["status"]
    [dead] = status["units_not_working"]
    row, col = record.layout.row_col(record.faults[-1].cell)
    assert (dead["unit"], dead["status"], dead["is_led_around"]) == (7, "faulted", True)
    assert abs(dead["row"] - row - 1) + abs(dead["column"] - col - 1) <= 1
    assert status["closed_cells"] >= 1
    assert not status["is_all_stopped"]
    well = kpis(Simulation(Scenario(layout="teaching", hours=0.2, seed=3)).run())["status"]
    assert not any(well.values()), well


def test_events_tell_when_something_is_cut_off() -> None:
    events = runs.troubled().events
    rows = np.flatnonzero(events["kind"] == EventKind.CUT_OFF)
    values, cells = events["value"][rows].tolist(), events["cell"][rows].tolist()
    assert len(values) >= 5
    assert values[0] > 0
    assert all(then > 0 or now > 0 for then, now in pairwise(values))
    assert all((cell >= 0) == (value > 0) for cell, value in zip(cells, values, strict=True))


def documented_columns() -> dict[str, tuple[int, set[str]]]:
    """kind -> (number, columns that it fills), from the table in docs/events.md."""
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| ([\w, ]+) \| (.*)\|$",
        (DOCS / "events.md").read_text(encoding="utf-8"), re.M,
    )  # fmt: skip
    return {
        kind: (int(number), set(columns.split(", ")) | ({"value"} if value.strip() else set()))
        for kind, number, columns, value in rows
    }


def test_events_are_logged_as_documented(record: RunRecord) -> None:
    table = documented_columns()
    assert {kind: n for kind, (n, _) in table.items()} == {
        kind.name.lower(): int(kind) for kind in EventKind
    }
    names = [kind.name.lower() for kind in EventKind]
    events = record.events
    for number in np.unique(events["kind"]).tolist():
        rows = np.flatnonzero(events["kind"] == number)
        nothing = {"value": 0}
        filled = {
            name
            for name, column in events.items()
            if name not in ("time_s", "kind") and (column[rows] != nothing.get(name, -1)).any()
        }
        assert filled <= table[names[number]][1], names[number]


def test_errands_of_a_unit_follow_in_turn(record: RunRecord) -> None:
    events = record.events
    for unit in range(record.n_units):
        of_unit = events["unit"] == unit
        rows = np.flatnonzero(
            of_unit & np.isin(events["kind"], (EventKind.ERRAND_STARTED, EventKind.ERRAND_DONE))
        )
        kinds, tasks = events["kind"][rows], events["task"][rows]
        assert (kinds[::2] == EventKind.ERRAND_STARTED).all()
        assert (kinds[1::2] == EventKind.ERRAND_DONE).all()
        ended = len(rows) // 2 * 2
        assert (tasks[:ended:2] == tasks[1:ended:2]).all()
        departures, goals = events["value"][rows[2::2]], events["cell"][rows[1::2]]
        if record.layout.name == "open":  # a stream never leaves its unit alone to be pushed
            assert (departures == goals[: len(departures)]).all()
