"""`gridfleet diff`: scenario, figures and the first decision that differs of two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from typer.testing import CliRunner, Result

from fleet_control.events import EventKind, EventLog
from fleet_control.journal.compare import clock
from gridfleet.cli.main import app
from gridfleet.event_reading import read_events
from gridfleet.run_difference import divergence, run_difference
from gridfleet.run_folder import EVENTS, KPIS, SCENARIO, write_events, write_kpis, write_text
from gridfleet.run_reading import flat, read_run

PLACED, ERRAND = EventKind.ORDER_PLACED, EventKind.ERRAND_STARTED
FIGURES: dict[str, Any] = {
    "lines_per_hour": 100.0, "orders_completed": 4, "cycle_time_s": {"mean": 50.0, "p50": None},
    "station_time": {"picking": {"seconds": 36.0, "share": 0.4}}, "mishaps": None, "regime": None,
    "sim_hours": 1.0, "plan_ms": {"p50": 0.1}, "wall_s": 3.0, "partial": False,
    "stations": [{"name": "S1", "lines": 7}], "notes": ["a note"],
}  # fmt: skip
ROWS: list[tuple[float, EventKind, dict[str, float]]] = [
    (0.0, PLACED, {"order": 0, "value": 2.0}),
    (0.0, EventKind.TASK_ASSIGNED, {"task": 0, "unit": 3, "pod": 5, "station": 1}),
    (0.2, ERRAND, {"task": 0, "unit": 3, "cell": 30}),
    (9.0, EventKind.POD_LIFTED, {"unit": 3, "pod": 5, "cell": 30}),
    (9.2, ERRAND, {"task": 0, "unit": 3, "pod": 5, "cell": 60, "value": 30.0}),
]


def run(
    folder: Path, rows: list[Any] | None = ROWS, figures: dict[str, Any] | None = None,
    layout: str = "teaching", **scenario: Any,
) -> Path:  # fmt: skip
    folder.mkdir()
    keys = {"layout": layout, "seed": 0, "robots": 8} | scenario
    write_text(folder, SCENARIO, tomli_w.dumps(keys))
    write_kpis(folder, FIGURES | (figures or {}))
    if rows is not None:
        log = EventLog()
        for time_s, kind, values in rows:
            log.add(time_s, kind, **values)
        write_events(folder, log.columns())
    return folder


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["diff", *map(str, arguments)])


def changed(number: int, **values: float) -> list[Any]:
    """The rows with values of one of them changed."""
    time_s, kind, before = ROWS[number]
    return [*ROWS[:number], (time_s, kind, before | values), *ROWS[number + 1 :]]


def test_events_are_read_as_they_were_recorded(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    log = EventLog()
    for number in range(500):
        kind = EventKind(int(rng.integers(len(EventKind))))
        log.add(number // 3 * 0.2, kind, unit=int(rng.integers(-1, 9)), value=float(rng.random()))
    write_events(tmp_path, log.columns())
    read = read_events(tmp_path / EVENTS)
    for name, column in log.columns().items():
        np.testing.assert_array_equal(read[name], column, err_msg=f"{name}, seed 3")


def test_the_same_run_twice(tmp_path: Path) -> None:
    one, other = (run(tmp_path / name, figures={"wall_s": wall_s}) for name, wall_s in
                  (("a", 1.0), ("b", 2.0)))  # fmt: skip
    result = call(one, other, "--exit-code")
    assert result.exit_code == 0, result.output
    assert "events: all rows are the same" in result.output
    assert "  the same" in result.output
    assert "wall_s" not in result.output


def test_figures_side_by_side(tmp_path: Path) -> None:
    figures = {"lines_per_hour": 110.0, "orders_completed": 4, "cycle_time_s": {"mean": None},
               "station_time": {"picking": {"seconds": 45.0, "share": 0.5}}}  # fmt: skip
    one, other = run(tmp_path / "a"), run(tmp_path / "b", figures=figures, robots=9)
    lines = [line.split() for line in call(one, other).output.splitlines()]
    assert ["lines_per_hour", "100", "110", "+10.0", "%"] in lines
    assert ["orders_completed", "4", "4", "="] in lines
    assert ["station_time.picking.share", "40.0%", "50.0%", "+10.0", "points"] in lines
    assert ["cycle_time_s.mean", "50", "-"] in lines
    assert ["robots", "8", "9"] in lines
    shown = {line[0] for line in lines if line}
    assert not shown & {"seed", "mishaps", "station_time.picking.seconds", "stations.S1.lines"}


def test_the_first_decision_that_differs(tmp_path: Path) -> None:
    one, other = run(tmp_path / "a"), run(tmp_path / "b", changed(2, unit=4, cell=31))
    output = call(one, other).output
    assert "first decision that differs, after 1 that are the same:" in output
    assert "A: 0:00:00.2  errand_started: unit 3, task 0, row 2, column 8 (row 3)" in output
    assert "B: 0:00:00.2  errand_started: unit 4, task 0, row 2, column 9 (row 3)" in output
    assert "no row of the events before it differs" in output
    assert call(one, other, "--exit-code").exit_code == 1


def test_a_row_before_the_decision_is_told_too(tmp_path: Path) -> None:
    rows = [*changed(3, cell=31)[:4], *changed(4, unit=4)[4:]]
    output = call(run(tmp_path / "a"), run(tmp_path / "b", rows)).output
    assert "first decision that differs, after 2 that are the same:" in output
    assert "first row of events that differs, after 3 that are the same:" in output
    assert "A: 0:00:09.0  pod_lifted: unit 3, pod 5, row 2, column 8 (row 4)" in output


def test_what_differs_before_any_decision_is_told_too(tmp_path: Path) -> None:
    one, other = run(tmp_path / "a"), run(tmp_path / "b", changed(0, value=3.0))
    output = call(one, other).output
    assert "decisions: all are the same" in output
    assert "B: 0:00:00.0  order_placed: order 0, value 3 (row 1)" in output
    assert "the runs had different orders" in output


def test_a_run_that_goes_on_longer(tmp_path: Path) -> None:
    one, other = run(tmp_path / "a", ROWS[:4]), run(tmp_path / "b")
    output = call(one, other).output
    assert "first decision that differs, after 2 that are the same:\n  A: no further one" in output
    assert "station S2" not in output


@pytest.mark.parametrize("seed", range(30))
def test_divergence_is_the_first_row_that_plain_comparison_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [EventKind.LINE_DONE, EventKind.TASK_ASSIGNED, ERRAND]
    logs, tables = [], []
    base = [(kinds[int(rng.integers(3))], int(rng.integers(3))) for _ in range(12)]
    for _ in range(2):
        rows = [row if rng.random() > 0.1 else (row[0], 9) for row in base]
        rows = rows[: int(rng.integers(8, 13))]
        log = EventLog()
        for kind, unit in rows:
            log.add(0.0, kind, unit=unit)
        logs.append(log.columns())
        tables.append([row for row in rows if row[0] is not EventKind.LINE_DONE])
    found = divergence(logs[0], logs[1], (EventKind.TASK_ASSIGNED, ERRAND))
    one, other = tables
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
              min(len(one), len(other)))  # fmt: skip
    if at == len(one) == len(other):
        assert found is None, f"seed {seed}"
        return
    assert found is not None, f"seed {seed}"
    assert found.n_same == at, f"seed {seed}"
    for row, table in ((found.before, one), (found.after, other)):
        assert (row is None) == (at >= len(table)), f"seed {seed}"
        assert row is None or row.kind is table[at][0], f"seed {seed}"


def test_for_machines(tmp_path: Path) -> None:
    other = run(tmp_path / "b", changed(2, unit=4), {"lines_per_hour": 90.0}, seed=1)
    found = json.loads(call(run(tmp_path / "a"), other, "--json").output)
    assert found["same"] is False
    assert found["scenario"] == {"seed": {"a": 0, "b": 1}}
    assert found["figures"]["lines_per_hour"] == {
        "a": 100.0, "b": 90.0, "difference": -10.0, "percent": -10.0
    }  # fmt: skip
    assert found["figures"]["stations.S1.lines"]["a"] == 7
    assert found["decision"]["n_same"] == 1
    assert found["decision"]["b"]["unit"] == 4
    assert found["event"]["a"]["kind"] == "errand_started"


def test_runs_on_different_floors_of_different_length(tmp_path: Path) -> None:
    other = run(tmp_path / "b", layout="demo", figures={"sim_hours": 0.5, "partial": True})
    output = call(run(tmp_path / "a"), other).output
    assert "note: different floors, teaching and demo: gridfleet layouts diff says how" in output
    assert "note: different times, 1 and 0.5 simulated hours" in output
    assert "note: B was ended before its time" in output


def test_runs_without_events_or_floor_are_still_compared(tmp_path: Path) -> None:
    result = call(run(tmp_path / "a", layout="gone.toml"), run(tmp_path / "b", rows=None))
    assert result.exit_code == 0, result.output
    assert "note: B has no events.parquet; run it again to see" in result.output
    assert "note: A: its floor gone.toml cannot be read; cells go by number" in result.output
    assert "lines_per_hour" in result.output
    assert "first decision" not in result.output


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    one = run(tmp_path / "a")
    (tmp_path / "empty").mkdir()
    cut = run(tmp_path / "cut")
    (cut / KPIS).unlink()
    torn = run(tmp_path / "torn")
    (torn / KPIS).write_text("{")
    noise = run(tmp_path / "noise")
    (noise / EVENTS).write_bytes(b"PAR1 no")
    for folder, message in (
        (tmp_path / "none", "none does not exist; name the result folder of gridfleet simulate"),
        (tmp_path / "empty", "empty is no run: there is no scenario.toml; name the result"),
        (cut, "has no kpis.json: its run failed or is not finished; run it again"),
        (torn, "kpis.json: cannot be read"),
        (noise, "events.parquet: cannot be read"),
    ):
        for pair in ((one, folder), (folder, one)):
            result = call(*pair)
            assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
            assert message in result.output


def test_real_runs_repeat_and_part(tmp_path: Path) -> None:
    runner = CliRunner()
    for name, robots in (("a", 4), ("b", 4), ("c", 5)):
        arguments = ["simulate", "teaching", "--hours", "0.02", "--robots", robots, "--quiet",
                     "--out", tmp_path / name]  # fmt: skip
        result = runner.invoke(app, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
    one, same, more = (read_run(tmp_path / name) for name in "abc")
    assert run_difference(one, same).is_same
    found = run_difference(one, more)
    assert [value.key for value in found.scenario] == ["robots"]
    assert found.decision is not None
    assert not found.is_same


def test_moments_of_one_second_are_told_apart() -> None:
    assert clock(3725.04) == "1:02:05.0"
    assert clock(59.96) == "0:01:00.0"


def test_tables_become_flat() -> None:
    table = {"a": {"b": 1, "c": {}}, "rows": [{"name": "x", "n": 2}], "list": [1]}
    assert dict(flat(table)) == {"a.b": 1, "a.c": {}, "rows.x.n": 2, "list": [1]}
