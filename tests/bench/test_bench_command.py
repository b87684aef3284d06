"""`gridfleet bench` as a user meets it: what is printed and written, and the exit codes."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from league_files import OPEN_5X5, write_problem
from typer.testing import CliRunner, Result

from gridfleet.bench.lorr.check import check_output
from gridfleet.bench.lorr.problem import read_problem
from gridfleet.cli.main import app

TASKS = [[3, 21], [24, 2], [12, 7]]


def bench(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


@pytest.fixture(name="problem")
def _problem(tmp_path: Path) -> Path:
    return write_problem(tmp_path, 2024, OPEN_5X5, [0, 6], TASKS)


@pytest.mark.parametrize("edition", [2023, 2024, 2026])
def test_a_run_is_written_and_checked(tmp_path: Path, edition: int) -> None:
    problem = write_problem(tmp_path, edition, OPEN_5X5, [0, 6], TASKS)
    out = tmp_path / "result.json"
    result = bench("lorr", problem, "--steps", 40, "--step-ms", 0, "--out", out)
    assert result.exit_code == 0, result.output
    assert "free flow" in result.output
    checked = bench("lorr", "--check", out)
    assert checked.exit_code == 0
    assert checked.output.startswith("valid: 40 steps, ")


@pytest.mark.parametrize("edition", [2023, 2024, 2026])
@pytest.mark.parametrize("guidance", ["lanes", "online", "costs.npy"])
def test_a_guided_run_is_valid_and_free_flow_is_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edition: int, guidance: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("costs.npy", np.random.default_rng(1).integers(1, 9, size=(25, 4)))
    problem = write_problem(tmp_path, edition, OPEN_5X5, [0, 6], TASKS)
    wanted = ["lorr", problem, "--steps", 60, "--step-ms", 0, "--json"]
    free = json.loads(bench(*wanted).stdout)
    led = json.loads(bench(*wanted, "--guidance", guidance, "--out", "led.json").stdout)
    assert (free["guidance"], led["guidance"]) == ("none", guidance)
    assert led["free_flow_tasks_per_step"] == free["free_flow_tasks_per_step"]
    assert bench("lorr", "--check", "led.json").exit_code == 0


def test_unknown_guidance_names_the_nearest(problem: Path) -> None:
    result = bench("lorr", problem, "--steps", 5, "--guidance", "lane")
    assert result.exit_code == 2
    assert "did you mean 'lanes'?" in " ".join(result.output.split())


def test_a_budget_of_time(problem: Path) -> None:
    result = bench("lorr", problem, "--steps", 20, "--json")
    figures = json.loads(result.stdout)
    assert figures["step_ms"] == 1000.0
    assert figures["timeouts"] == 0
    assert 0 < figures["tasks_per_step"] <= 1.2 * figures["free_flow_tasks_per_step"]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, problem: Path) -> None:
    for name in ("one.json", "two.json"):
        bench("lorr", problem, "--steps", 30, "--step-ms", 0, "--out", tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_lie_exits_with_1(tmp_path: Path, problem: Path) -> None:
    out = tmp_path / "result.json"
    bench("lorr", problem, "--steps", 20, "--step-ms", 0, "--out", out)
    table = json.loads(out.read_text())
    table["numTaskFinished"] += 5
    out.write_text(json.dumps(table))
    result = bench("lorr", "--check", out, "--json")
    assert result.exit_code == 1
    assert not json.loads(result.stdout)["valid"]
    assert "numTaskFinished is" in bench("lorr", "--check", out).output


def test_a_result_that_names_no_problem(tmp_path: Path, problem: Path) -> None:
    out = tmp_path / "result.json"
    bench("lorr", problem, "--steps", 20, "--step-ms", 0, "--out", out)
    table = json.loads(out.read_text())
    del table["gridfleet"]
    out.write_text(json.dumps(table))
    result = bench("lorr", "--check", out)
    assert result.exit_code == 2
    assert "name it with --problem FILE.json" in result.output
    assert bench("lorr", "--check", out, "--problem", problem).exit_code == 0


def test_ctrl_c_leaves_a_valid_result_of_the_steps_so_far(
    tmp_path: Path, problem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gridfleet.cli.bench.steps_bar import StepsBar

    def show(self: StepsBar, step: int, n_finished: int, n_timeouts: int) -> None:
        if step == 12:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(StepsBar, "show", show)
    out = tmp_path / "result.json"
    result = bench("lorr", problem, "--steps", 500, "--step-ms", 0, "--out", out)
    assert result.exit_code == 130
    assert "interrupted after 12 of 500 steps" in result.output
    table = json.loads(out.read_text())
    assert table["gridfleet"]["partial"]
    found = check_output(table, read_problem(problem))
    assert not found.faults
    assert found.n_steps == 12


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to run: name a problem"),
        (["{problem}"], "how long? give --steps N"),
        (["{problem}", "--steps", "0"], "a run of 0 steps is none"),
        (["{problem}", "--steps", "5", "--step-ms", "-3"], "a budget of -3 ms a step"),
        (["{problem}", "--steps", "5", "--planner", "pipt"], "did you mean 'pibt'?"),
        (["{problem}", "--steps", "5", "--out", "x.csv"], "end its name in .json"),
        (["{problem}", "--steps", "5", "--out", "{problem}"], "exists; take another name"),
        (["none.json", "--steps", "5"], "none.json: cannot be read"),
        (["--check", "none.json"], "none.json: cannot be read"),
        (["--check", "{problem}"], "not a result of the league: without start"),
    ],
)
def test_bad_usage(problem: Path, arguments: list[str], told: str) -> None:
    result = bench("lorr", *(word.format(problem=problem) for word in arguments))
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


# ---------------------------------------------------------------------- lifelong


@pytest.mark.parametrize("options", [[], ["--no-turning"], ["--goals", "alternate"]])
def test_lifelong(options: list[str]) -> None:
    wanted = ["lifelong", "teaching", "--units", 8, "--steps", 120, "--json", *options]
    figures = json.loads(bench(*wanted).stdout)
    assert figures["tasks"] > 20
    assert figures["invalid_steps"] == 0
    again = json.loads(bench(*wanted).stdout)
    assert figures["tasks"] == again["tasks"]


def test_auto_says_which_planner_and_why() -> None:
    wanted = ["lifelong", "teaching", "--units", 8, "--steps", 60]
    figures = json.loads(bench(*wanted, "--planner", "auto", "--json").stdout)
    assert figures["planner"] == "windowed"
    assert "room to choose" in figures["planner_why"]
    named = json.loads(bench(*wanted, "--planner", "windowed", "--json").stdout)
    assert named["tasks"] == figures["tasks"]
    assert "room to choose" in bench(*wanted, "--planner", "auto").stdout
    assert "room to choose" not in bench(*wanted, "--planner", "pibt").stdout


def test_surplus_units_stand_parked() -> None:
    """They get no errand, are in nobody's way, and the outcome says how many."""
    wanted = ["lifelong", "demo", "--units", 40, "--max-working", 30, "--steps", 100]
    figures = json.loads(bench(*wanted, "--json").stdout)
    assert figures["units_working"] == 30
    assert (figures["tasks"] > 20, figures["invalid_steps"]) == (True, 0)
    assert "10 of 40 units; 30 work" in bench(*wanted).stdout


def test_turning_costs_throughput() -> None:
    rates = [
        json.loads(
            bench("lifelong", "demo", "--units", 20, "--steps", 200, "--json", *options).stdout
        )["tasks_per_step"]
        for options in ([], ["--no-turning"])
    ]
    assert rates[0] < rates[1]


def test_guidance_changes_ways(tmp_path: Path) -> None:
    floor = tmp_path / "open.map"
    rows = ["." * 8] * 8
    floor.write_text("\n".join(["type octile", "height 8", "width 8", "map", *rows]) + "\n")
    costs = np.ones((64, 4))
    costs[:, 1] = 30.0  # nobody likes to drive north
    np.save(tmp_path / "guidance.npy", costs)
    wanted = ["lifelong", floor, "--units", 6, "--steps", 300, "--json"]
    free = json.loads(bench(*wanted).stdout)
    led = json.loads(bench(*wanted, "--guidance", tmp_path / "guidance.npy").stdout)
    assert free["tasks"] != led["tasks"]
    np.save(tmp_path / "guidance.npy", costs[:10])
    result = bench(*wanted, "--guidance", tmp_path / "guidance.npy")
    assert result.exit_code == 2
    assert "needs (64, 4)" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["teaching", "--units", "0", "--steps", "5"], "0 units; teaching has room for 1 to"),
        (["teaching", "--units", "3", "--steps", "0"], "0 steps are none"),
        (["teaching", "--units", "3", "--steps", "5", "--goals", "unifrom"], "mean 'uniform'?"),
        (["teaching", "--units", "3", "--steps", "5", "--planner", "x"], "unknown planner 'x'"),
        (["teaching", "--units", "3", "--steps", "5", "--max-working", "0"], "0 units at work"),
        (["teach", "--units", "3", "--steps", "5"], "did you mean 'teaching'"),
    ],
)
def test_lifelong_bad_usage(arguments: list[str], told: str) -> None:
    result = bench("lifelong", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--depth", 2], "operations of 2 steps; give 3 to 6"),
        (["--improvements", -1], "-1 improvements; give 0 or more"),
    ],
)
def test_a_search_that_there_is_not(problem: Path, options: list[str | int], told: str) -> None:
    commands: list[list[str | Path | int]] = [
        ["lorr", problem],
        ["lifelong", "teaching", "--units", 3],
    ]
    for command in commands:
        result = bench(*command, "--steps", 5, "--planner", "epibt", *options)
        assert result.exit_code == 2
        assert told in result.output


def test_improvements_are_the_same_each_time_without_a_clock(tmp_path: Path, problem: Path) -> None:
    search = ("--planner", "epibt", "--depth", 4, "--improvements", 20)
    for name in ("one.json", "two.json"):
        bench("lorr", problem, "--steps", 30, "--step-ms", 0, *search, "--out", tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    found = bench("lorr", problem, "--steps", 30, *search, "--json")
    assert json.loads(found.stdout)["timeouts"] == 0
