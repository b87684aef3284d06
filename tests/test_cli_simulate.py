"""`gridfleet simulate` and `demo`: options, scenario files, Ctrl-C, failures and bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.main import app
from gridfleet.cli.progress import ProgressLine, clock
from gridfleet.cli.summary import table
from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import Scenario, read_scenario
from gridfleet.simulation import Progress, Simulation

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared"
FILES = {"scenario.toml", "kpis.json", "events.parquet", "report.html"}
SHORT = ("--hours", "0.1")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def figures_in(folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((folder / "kpis.json").read_text(encoding="utf-8"))
    return figures


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_table_and_the_report_are_named(tmp_path: Path) -> None:
    result = call("simulate", "teaching", *SHORT, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "lines an hour" in result.stdout
    assert result.stdout.rstrip().endswith(f"report: {tmp_path / 'run' / 'report.html'}")
    assert "0:06 of 0:06 h" in result.stderr
    assert names_in(tmp_path / "run") == FILES


def test_quiet_json_is_nothing_but_json(tmp_path: Path) -> None:
    result = call("simulate", "teaching", *SHORT, "--out", tmp_path / "run", "--json", "--quiet")
    assert json.loads(result.stdout) == figures_in(tmp_path / "run")
    assert result.stderr == ""


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("simulate", "teaching", *SHORT, "--seed", 3).exit_code == 0
    assert names_in(tmp_path / "runs" / "teaching-3") == FILES


def test_options_reach_the_scenario(tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = call(
        "simulate", "teaching", *SHORT, "--robots", 6, "--allocation", "nearest",
        "--guidance", "none", "--due-hours", 2, "--seed", 4, "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert read_scenario(out / "scenario.toml") == Scenario(
        layout="teaching", hours=0.1, robots=6, allocation="nearest", guidance="none",
        due_hours=2.0, seed=4,
    )  # fmt: skip
    assert figures_in(out)["n_units"] == 6


def test_a_saved_scenario_gives_the_same_bytes_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    floor = "type octile\nheight 6\nwidth 12\nmap\n" + "............\n" * 6
    Path("open.map").write_text(floor)
    assert call("simulate", "open.map", *SHORT, "--robots", 5, "--out", "first").exit_code == 0
    monkeypatch.chdir(tmp_path)
    result = call("simulate", "--scenario", "here/first", "--out", "again")
    assert result.exit_code == 0, result.output
    first, again = tmp_path / "here" / "first", tmp_path / "again"
    for name in ("scenario.toml", "events.parquet"):
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_options_override_the_scenario_file(tmp_path: Path) -> None:
    file, out = tmp_path / "s.toml", tmp_path / "run"
    file.write_text('layout = "teaching"\nhours = 0.2\nseed = 5\nguidance = "none"\n')
    result = call("simulate", "--scenario", file, *SHORT, "--guidance", "lanes", "--out", out)
    assert result.exit_code == 0, result.output
    saved = read_scenario(out / "scenario.toml")
    assert (saved.hours, saved.seed, saved.guidance) == (0.1, 5, "lanes")


def test_an_old_run_is_replaced(tmp_path: Path) -> None:
    for seed in (1, 2):
        assert call("simulate", "teaching", *SHORT, "--seed", seed, "--out", tmp_path / "run")
    assert read_scenario(tmp_path / "run" / "scenario.toml").seed == 2
    assert names_in(tmp_path / "run") == FILES


def test_a_bare_map_runs_errands_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "open.map").write_text("type octile\nheight 5\nwidth 9\nmap\n" + ".........\n" * 5)
    result = call("simulate", tmp_path / "open.map", *SHORT, "--robots", 3, "--out", tmp_path / "r")
    assert result.exit_code == 0, result.output
    assert "errands an hour" in result.stdout
    assert "note: The floor has no stations" in result.stdout
    assert "errands" in result.stderr


def test_an_order_file(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "invoice,placed_at,item,quantity\nA,2024-01-01 08:00,X,2\nB,2024-01-01 08:01,Y,1\n"
    )
    result = call(
        "simulate", "teaching", "--orders", tmp_path / "o.csv", "--hours", 0.5,
        "--columns", "order_id=invoice, sku=item", "--out", tmp_path / "run",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert figures_in(tmp_path / "run")["orders_placed"] == 2
    assert "2 of 2" in result.stdout


def test_what_became_of_every_line_is_told(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "InvoiceNo,InvoiceDate,StockCode,Quantity,UnitPrice\n"
        "1,2011-11-15 08:00:00,85123A,2,1\n1,2011-11-15 08:00:00,POST,1,18\n"
        "C2,2011-11-15 08:01:00,85123A,-1,1\n3,2011-11-15 20:00:00,85123A,1,1\n"
    )
    names = ("InvoiceNo", "InvoiceDate", "StockCode", "Quantity", "UnitPrice")
    fields = ("order_id", "placed_at", "sku", "quantity", "unit_price")
    columns = ",".join(f"{field}={name}" for field, name in zip(fields, names, strict=True))
    result = call(
        "simulate", "teaching", "--orders", tmp_path / "o.csv", "--preset", "online-retail",
        "--columns", columns, "--hours", 0.2, "--out", tmp_path / "run",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Set aside as service, not goods: 1 line (POST 1)." in result.stdout
    demand = figures_in(tmp_path / "run")["demand"]
    counts = demand["n_picks"], demand["n_returns"], sum(demand["set_aside"].values())
    assert (demand["n_read"], *counts) == (4, 1, 1, 2)


def test_refused_input_leaves_no_folder(tmp_path: Path) -> None:
    result = call("simulate", "techning", "--out", tmp_path / "deep" / "er" / "run")
    assert result.exit_code == 2
    assert not names_in(tmp_path)


def test_a_second_ctrl_c_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, press_ctrl_c: list[float]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gridfleet.report.write_report", interrupted)
    result = call("simulate", "teaching", "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert "figures and events are written, the report is not" in result.stderr
    assert names_in(tmp_path / "run") == FILES - {"report.html"}


def test_a_real_week(tmp_path: Path) -> None:
    week = next(SHARED.rglob("online_retail_week.csv"), None) if SHARED.is_dir() else None
    if week is None:
        pytest.skip("the week of UCI Online Retail is not beside the project")
    result = call(
        "simulate", "teaching", "--orders", week, "--preset", "online-retail", "--hours", 0.5,
        "--start", "2011-11-15T10:00", "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert figures_in(tmp_path / "run")["contacts"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["teaching", "--hours", "0"], "error: hours is 0.0; give more than 0"),
        (["teaching", "--hours", "nan"], "error: hours is nan"),
        (["teaching", "--planner", "pibd"], "unknown planner 'pibd'; did you mean 'pibt'?"),
        (["teaching", "--engine", "kinematics"], "did you mean 'kinematic'?"),
        (["teaching", "--allocation", "closest"], "known: nearest, optimal"),
        (["teaching", "--preset", "online"], "did you mean 'online-retail'?"),
        (["teaching", "--columns", "order_id"], "--columns is 'order_id'; write order_id=invoice"),
        (["teaching", "--columns", "ordr_id=x"], "did you mean 'order_id'?"),
        (["teaching", "--robots", "-2"], "robots is -2"),
        (["teaching", "--robots", "two"], "--robots"),
        (["techning"], "did you mean 'teaching'"),
        (["teaching", "--orders", "nowhere.csv"], "nowhere.csv"),
        (["teaching", "--scenario", "nowhere.toml"], "nowhere.toml: cannot be read"),
        ([], "no floor; name a ready floor or a floor file, or give --scenario"),
        (["teaching", "--robot", "3"], "--robots"),
    ],
)
def test_bad_input_is_one_clear_message(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = call("simulate", *arguments, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "run").exists()


def test_an_unknown_scenario_key(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('layout = "teaching"\nrobot = 3\nplanr = "pibt"\n')
    result = call("simulate", "--scenario", tmp_path / "s.toml", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert f"{tmp_path / 's.toml'}: unknown key 'robot'; did you mean 'robots'?" in result.stderr
    assert "unknown key 'planr'; did you mean 'planner'?" in result.stderr
    assert not (tmp_path / "run").exists()


def fail_to_load(*_: object) -> None:
    raise AssertionError("the folder must be refused before anything is loaded")


def test_a_bad_folder_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Simulation, "__init__", fail_to_load)
    (tmp_path / "thesis.txt").write_text("mine")
    for out, message in (
        (tmp_path, "exists and is not the result of a run; choose another folder with --out"),
        (tmp_path / "thesis.txt", "is a file"),
        (tmp_path / "thesis.txt" / "deeper", "cannot be written: Not a directory"),
    ):
        result = call("simulate", "teaching", "--out", out)
        assert result.exit_code == 2
        assert message in result.stderr
    assert names_in(tmp_path) == {"thesis.txt"}


@pytest.fixture
def press_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Makes the next run receive SIGINT at its first news; holds its seconds until it ended."""
    seconds: list[float] = []
    run = Simulation.run

    def run_until_pressed(
        self: Simulation,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> RunRecord:
        pressed_s: list[float] = []

        def press(news: Progress) -> None:
            on_progress(news)
            if not pressed_s:
                pressed_s.append(time.perf_counter())
                os.kill(os.getpid(), signal.SIGINT)

        record = run(self, press, should_stop)
        seconds.append(time.perf_counter() - pressed_s[0])
        return record

    monkeypatch.setattr(Simulation, "run", run_until_pressed)
    return seconds


def test_ctrl_c_leaves_a_usable_result(tmp_path: Path, press_ctrl_c: list[float]) -> None:
    before = signal.getsignal(signal.SIGINT)
    result = call("simulate", "teaching", "--out", tmp_path / "run")
    assert result.exit_code == 130, result.output
    assert press_ctrl_c[0] < 1.0
    assert names_in(tmp_path / "run") == FILES
    figures = figures_in(tmp_path / "run")
    assert figures["partial"] is True
    assert 0 < figures["sim_hours"] < 8
    assert "ended before its time" in result.stdout
    with duckdb.connect() as connection:
        events = connection.read_parquet(str(tmp_path / "run" / "events.parquet"))
        assert events.limit(1).fetchall()
    assert signal.getsignal(signal.SIGINT) is before


def test_figures_do_not_wait_for_the_report_after_ctrl_c(
    tmp_path: Path, press_ctrl_c: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing takes seconds: whoever interrupts again meanwhile still has a usable folder."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gridfleet.report.write_report", interrupted)
    result = call("simulate", "teaching", "--out", tmp_path / "run")
    assert result.exit_code == 130, result.output
    assert press_ctrl_c[0] < 1.0
    assert names_in(tmp_path / "run") == FILES - {"report.html"}
    assert figures_in(tmp_path / "run")["partial"] is True


def test_ctrl_c_at_the_very_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Simulation.run
    monkeypatch.setattr(
        Simulation, "run", lambda self, show, _stop: run(self, show, should_stop=lambda: True)
    )
    result = call("simulate", "teaching", "--out", tmp_path / "run")
    assert result.exit_code == 130, result.output
    assert figures_in(tmp_path / "run")["partial"] is True


@pytest.mark.parametrize("place", ["gridfleet.simulation.Simulation", "gridfleet.kpis.kpis"])
def test_ctrl_c_outside_the_run_leaves_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    out = tmp_path / "run"
    assert call("simulate", "teaching", *SHORT, "--seed", 1, "--out", out).exit_code == 0
    old = {path.name: path.read_bytes() for path in out.iterdir()}

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    for folder in (out, tmp_path / "new"):
        result = call("simulate", "teaching", *SHORT, "--seed", 2, "--out", folder)
        assert result.exit_code == 130
        assert "nothing was written" in result.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == old
    assert not (tmp_path / "new").exists()


def test_a_broken_run_leaves_what_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Simulation.run

    def broken(self: Simulation, *_: object) -> RunRecord:
        record = run(self, should_stop=lambda: len(self.log) > 100)
        raise BrokenRunError("unit 3 is on a cell held by unit 4", record)

    monkeypatch.setattr(Simulation, "run", broken)
    result = call("simulate", "teaching", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert "error: unit 3 is on a cell held by unit 4" in result.stderr
    assert names_in(tmp_path / "run") == FILES | {"failure.txt"}
    assert "BrokenRunError" in (tmp_path / "run" / "failure.txt").read_text()
    assert figures_in(tmp_path / "run")["partial"] is True


def test_a_full_disk_is_a_failure_and_leaves_the_old_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert call("simulate", "teaching", *SHORT, "--seed", 1, "--out", out).exit_code == 0

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gridfleet.report.write_report", full)
    result = call("simulate", "teaching", *SHORT, "--seed", 2, "--out", out)
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert read_scenario(out / "scenario.toml").seed == 1
    assert names_in(out) == FILES


def test_the_demo_says_what_it_does_and_where_the_report_is(tmp_path: Path) -> None:
    result = call("demo", *SHORT, "--out", tmp_path / "demo", "--seed", 2)
    assert result.exit_code == 0, result.output
    assert "ready floor 'demo'" in result.stdout
    assert f"report: {tmp_path / 'demo' / 'report.html'}" in result.stdout
    assert read_scenario(tmp_path / "demo" / "scenario.toml").seed == 2


@pytest.mark.parametrize("arguments", [["demo", "--hours", "-1"], ["demo", "--hours", "x"]])
def test_the_demo_checks_its_options(tmp_path: Path, arguments: list[str]) -> None:
    assert call(*arguments, "--out", tmp_path / "demo").exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    """In a process of its own: what is loaded decides how long --help takes."""
    script = (
        "import sys\n"
        "from gridfleet.cli.main import app\n"
        "try:\n    app(['simulate', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numba', 'scipy', 'duckdb', 'matplotlib', 'networkx'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "gridfleet simulate teaching" in result.stdout
    assert "LOADED []" in result.stdout


def test_the_version() -> None:
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout.strip()[0].isdigit()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with ProgressLine(8.0, "picks", is_quiet=False) as line:
        line.show(Progress(3600.0, 28800.0, 1234, 600, 38, 40))
    shown = screen.getvalue()
    assert "1:00 of 8:00 h" in shown
    assert "1,234 picks  38 of 40 units" in shown
    assert "x real time" in shown


def test_hours_and_minutes() -> None:
    assert [clock(s) for s in (0.0, 59.9, 60.0, 7 * 3600 + 300)] == ["0:00", "0:00", "0:01", "7:05"]


def test_the_table_leaves_out_what_does_not_apply() -> None:
    absent = (
        "orders_placed",
        "tasks_per_hour_last_10_min",
        "detour_factor",
        "station_time",
        "lost_capacity",
    )
    zero = ("contacts", "conflicts", "sim_hours", "wall_s", "speed_x_real_time", "tasks_per_hour")
    figures: dict[str, Any] = dict.fromkeys(absent) | dict.fromkeys(zero, 0)
    figures |= {"n_active": 3, "n_units": 4, "partial": True, "notes": ["So."], "fault_costs": None}
    figures |= {"mishaps": None}
    figures |= {"plan_ms": {"p50": None, "p99": None}, "distance_m": 1234.0, "regime": None}
    figures |= {"unit_time": {"at_station": {"share": 0.75}, "idle": {"share": 0.25}}}
    assert table(figures | {"regime_reason": "Too short."}).split("\n") == [
        "output       0 errands an hour",
        "drive units  3 driving of 4, 1.2 km driven",
        "unit time    at station 75%, idle 25%",
        "safety       0 contacts, 0 conflicts",
        "simulated    0.00 h in 0.0 s, 0 x real time",
        "limited by   Too short.",
        "partial      ended before its time",
        "note: So.",
    ]
