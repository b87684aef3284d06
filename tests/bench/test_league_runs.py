"""Whole runs: budgets overrun, invalid actions, and results that a validator recomputes."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from league_files import OPEN_5X5, random_problem, result_of, write_problem
from numpy.typing import NDArray

from fleet_control.mapf.planner import PlannerOptions
from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr import play, team
from gridfleet.bench.lorr.check import check_output
from gridfleet.bench.lorr.output import as_output
from gridfleet.bench.lorr.play import Unwatched
from gridfleet.bench.lorr.problem import LeagueProblem, read_problem
from gridfleet.bench.lorr.record import Record
from gridfleet.bench.lorr.run import Rules, run_steps
from gridfleet.bench.lorr.run_ticks import run_ticks
from gridfleet.bench.lorr.team import Team
from gridfleet.bench.search import Search

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "lorr"
F, W, T = 0, 3, 4


class SlowClock:
    """Each question takes as many ms as the list says, then none."""

    def __init__(self, *taken_ms: float) -> None:
        self._left, self._now_s, self._is_end = list(taken_ms), 0.0, False

    def __call__(self) -> float:
        if self._is_end and self._left:
            self._now_s += self._left.pop(0) / 1000.0
        self._is_end = not self._is_end
        return self._now_s


def run(problem: LeagueProblem, n_steps: int, clock: SlowClock, team: Team | None = None) -> Record:
    rules = Rules(n_steps, 1000.0)
    record = Record(problem, "pibt", 0, 1000.0, n_steps)
    drive = run_ticks if problem.edition == 2026 else run_steps
    drive(record, team or Team(problem, "pibt", 0), rules, Unwatched(), clock)
    return record


def corridor(folder: Path, edition: int) -> LeagueProblem:
    """A unit at the left end, tasks at the right one."""
    return read_problem(write_problem(folder, edition, ["......"], [0], [[3], [5]]))


@pytest.mark.parametrize("edition", [2023, 2024])
def test_every_full_budget_costs_a_step(tmp_path: Path, edition: int) -> None:
    record = run(corridor(tmp_path, edition), 8, SlowClock(0.0, 2500.0, 999.0))
    codes = [int(actions[0]) for actions in record.actual]
    assert codes[:5] == [F, T, T, F, F]
    assert record.n_timeouts == 2
    assert record.events[0][:2] == (5, 0)  # three cells on


def test_a_run_ends_in_a_timeout(tmp_path: Path) -> None:
    record = run(corridor(tmp_path, 2024), 4, SlowClock(0.0, 60_000.0))
    assert [int(actions[0]) for actions in record.actual] == [F, T, T, T]
    assert not check_output(written(record), record.problem).faults


@pytest.mark.parametrize(
    ("planner", "needed"),
    [("pibt", ["pibt"]), ("epibt", ["epibt"]), ("windowed", ["windowed", "epibt"])],
)
def test_kernels_of_all_who_may_plan_are_compiled_before_the_clock_begins(
    planner: str, needed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else those of whoever takes over cost the first steps of a fresh installation."""
    played: list[str] = []
    monkeypatch.setattr(play, "_play", lambda _, name, *__: played.append(name))
    play.warm_up(2024, planner)
    assert played == needed


def test_plans_in_ticks_are_bettered_only_a_little_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the number counts: more chains than that hold up units that are delayed."""
    asked: list[int] = []

    def note(_: str, __: object, ___: int, options: PlannerOptions) -> None:
        asked.append(options.improvements)

    monkeypatch.setattr(team, "action_planner_named", note)
    monkeypatch.setattr(team, "steered", lambda planner, *_: planner)
    for edition, budget_s, search in (
        (2024, 1.0, None), (2026, 1.0, None), (2026, inf, None), (2026, 1.0, Search(3, 7)),
    ):  # fmt: skip
        floor = tmp_path / str(edition)
        problem = read_problem(write_problem(floor, edition, ["......"], [0, 1], [[3], [5]]))
        Team(problem, "epibt", 0, budget_s, search=search)
    assert asked == [team.UNLIMITED, 2 * 2, 0, 7]


def test_tasks_are_looked_at_in_timeouts_of_2023_only(tmp_path: Path) -> None:
    for edition, step in ((2023, 1), (2024, 2)):
        path = write_problem(tmp_path / str(edition), edition, ["...."], [0], [[0], [3]])
        record = run(read_problem(path), 3, SlowClock(1500.0))
        assert record.events[0][0] == step


def test_in_2026_only_the_first_answer_is_waited_for(tmp_path: Path) -> None:
    record = run(corridor(tmp_path, 2026), 40, SlowClock(1250.0, 0.0, 1480.0))
    codes = [int(actions[0]) for actions in record.actual]
    assert codes[:2] == [T, T]
    assert codes[2:8] == [F] * 6
    assert record.n_timeouts == 2
    assert not check_output(written(record), record.problem).faults


class Fools(Team):
    """Drive on, whatever is ahead."""

    def act(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.full(len(cells), F, dtype=np.int8)


@pytest.mark.parametrize("edition", [2023, 2024])
def test_one_invalid_action_makes_everybody_wait(tmp_path: Path, edition: int) -> None:
    path = write_problem(tmp_path, edition, ["......"] * 2, [0, 9], [[3], [5]])
    problem = read_problem(path)
    record = run(problem, 5, SlowClock(), Fools(problem, "pibt", 0))
    assert [actions.tolist() for actions in record.actual] == [[F, F]] * 2 + [[W, W]] * 3
    assert [error[:3] for error in record.errors] == [(1, -1, 3), (1, -1, 4), (1, -1, 5)]
    assert not check_output(written(record), problem).faults


def written(record: Record) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(json.dumps(as_output(record, record.problem.path.parent)))
    return table


@pytest.mark.parametrize("rules", [(0, 1000.0), (5, -1.0), (5, float("nan")), (5, float("inf"))])
def test_no_steps_or_no_budget_are_refused(rules: tuple[int, float]) -> None:
    with pytest.raises(BenchError, match="give"):
        Rules(*rules)


# ---------------------------------------------------------------------- simulator == validator


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("edition", [2023, 2024, 2026])
def test_the_validator_recomputes_what_the_simulator_did(
    tmp_path: Path, edition: int, seed: int
) -> None:
    problem = random_problem(tmp_path, edition, seed)
    table = result_of(problem, 120, seed)
    found = check_output(table, problem)
    assert not found.faults, f"seed {seed}: {found.faults[:3]}"
    assert found.n_finished == table["numTaskFinished"]
    assert found.n_events > 0, f"seed {seed}"
    assert found.n_steps == 120


@pytest.mark.parametrize("edition", [2023, 2024, 2026])
def test_same_seed_same_bytes(tmp_path: Path, edition: int) -> None:
    problem = random_problem(tmp_path, edition, 3)
    assert json.dumps(result_of(problem, 60, 1)) == json.dumps(result_of(problem, 60, 1))


@pytest.mark.skipif(not SHARED.is_dir(), reason="problems of the league are not here")
@pytest.mark.parametrize(
    "name",
    [
        "2023/random.domain/EI23-random_200.json",
        "2023/warehouse.domain/EI23-warehouse_small_100.json",
        "2024/random.domain/random_32_32_20_100.json",
        "2026/random.domain/random-example_400.json",
    ],
)
def test_a_few_steps_of_problems_of_the_league(name: str) -> None:
    problem = read_problem(SHARED / name)
    table = result_of(problem, 60)
    found = check_output(table, problem)
    assert not found.faults
    assert found.n_finished > 0


# ---------------------------------------------------------------------- lies


Lie = Callable[[dict[str, Any]], None]


def swap_letter(key: str) -> Lie:
    def lie(table: dict[str, Any]) -> None:
        path = table[key][0]
        at = path.index("F")
        table[key][0] = f"{path[:at]}W{path[at + 1 :]}"

    return lie


def put(key: str, value: Any) -> Lie:
    return lambda table: table.update({key: value})


def more(key: str) -> Lie:
    return lambda table: table.update({key: table[key] + 1})


def cut_path(table: dict[str, Any]) -> None:
    table["actualPaths"][1] = table["actualPaths"][1][:-2]


def cut_all_paths(table: dict[str, Any]) -> None:
    for key in ("actualPaths", "plannerPaths"):
        table[key] = [path[:-80] for path in table[key]]


def strange_letter(table: dict[str, Any]) -> None:
    table["actualPaths"][1] = "X" + table["actualPaths"][1][1:]


def through_the_wall(table: dict[str, Any]) -> None:
    for key in ("actualPaths", "plannerPaths"):
        table[key] = [",".join("F" * 60) for _ in table[key]]


def hide_timeout(table: dict[str, Any]) -> None:
    for key in ("actualPaths", "plannerPaths"):
        table[key] = ["T" + path[1:] for path in table[key]]


def drop_event(table: dict[str, Any]) -> None:
    del table["events"][2]


def late_event(table: dict[str, Any]) -> None:
    table["events"][2][0] += 1


def other_start(table: dict[str, Any]) -> None:
    table["start"][1][0] += 1


def richer_task(table: dict[str, Any]) -> None:
    table["tasks"][1][2] = table["tasks"][0][2]


def later_reveal(table: dict[str, Any]) -> None:
    table["tasks"][-1][1] += 1


def one_task_for_two(table: dict[str, Any]) -> None:
    table["actualSchedule"][1] = table["actualSchedule"][0]


def task_to_come(table: dict[str, Any]) -> None:
    table["actualSchedule"][0] = "0:99"


def drop_begun(table: dict[str, Any]) -> None:
    step, unit, task, _ = next(
        event for event in table["events"] if event[3] == 1 and _is_long(table, event[2])
    )
    entries = table["actualSchedule"][unit].split(",")
    at = next(i for i, entry in enumerate(entries) if int(entry.split(":")[1]) == task)
    entries.insert(at + 1, f"{step + 1}:-1")
    table["actualSchedule"][unit] = ",".join(entries[: at + 2])


def _is_long(table: dict[str, Any], task: int) -> bool:
    return any(event[2] == task and event[3] == 2 for event in table["events"])


LIES: dict[str, tuple[Lie, str]] = {
    "team": (put("teamSize", 9), "teamSize is 9"),
    "count": (more("numTaskFinished"), "numTaskFinished is"),
    "timeouts": (more("numEntryTimeouts"), "numEntryTimeouts is 1; paths show 0"),
    "errors counted": (more("numPlannerErrors"), "numPlannerErrors is 1"),
    "errors told": (put("errors", [[0, 1, 3, "vertex conflict"]]), "errors: steps"),
    "another path": (swap_letter("actualPaths"), "agent 0 did W; plannerPaths ask F"),
    "another plan": (swap_letter("plannerPaths"), "agent 0 did F; plannerPaths ask W"),
    "short path": (cut_path, "agent 1 has 59 actions, others have 60"),
    "short paths": (cut_all_paths, "after the end of the paths"),
    "no action": (strange_letter, "'X' is no action"),
    "walls": (through_the_wall, "leaves the map"),
    "timeout": (hide_timeout, "numEntryTimeouts is 0; paths show 1"),
    "event lost": (drop_event, "events: "),
    "event late": (late_event, "events: "),
    "start": (other_start, "agent 1 does not start where the problem says"),
    "errands": (richer_task, "tasks: entry 1 is"),
    "reveal": (later_reveal, "tasks: entry"),
    "twice": (one_task_for_two, "is given to two agents"),
    "not open": (task_to_come, "agent 0 gets task 99, which is not open"),
    "begun": (drop_begun, "which it has begun"),
    "form": (put("actualSchedule", [3, 4, 5]), "has not the form"),
    "nothing": (put("actualPaths", []), "0 paths for 3 agents"),
}


@pytest.fixture(name="honest")
def _honest(tmp_path: Path) -> tuple[LeagueProblem, dict[str, Any]]:
    tasks = [[3, 21], [24, 2], [12, 7, 20], [9, 15]]
    problem = read_problem(write_problem(tmp_path, 2024, OPEN_5X5, [0, 6, 18], tasks))
    return problem, result_of(problem, 60)


@pytest.mark.parametrize("name", LIES)
def test_each_lie_is_found(honest: tuple[LeagueProblem, dict[str, Any]], name: str) -> None:
    problem, table = honest
    assert not check_output(table, problem).faults
    lie, told = LIES[name]
    lie(table)
    faults = check_output(table, problem).faults
    assert any(told in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (put("AllValid", "No"), "AllValid is 'No'; 0 steps were refused"),
        (more("numTaskFinished"), "numTaskFinished is"),
        (lambda table: table["events"][0].pop(), "events of agent 0"),
        (lambda table: table["tasks"].pop(), "tasks: "),
    ],
)
def test_lies_of_2023(tmp_path: Path, lie: Lie, told: str) -> None:
    problem = random_problem(tmp_path, 2023, 1)
    table = result_of(problem, 40)
    lie(table)
    assert any(told in fault for fault in check_output(table, problem).faults)


def test_lies_of_2026(tmp_path: Path) -> None:
    keys = {"agentCounter": 3}
    path = write_problem(tmp_path, 2026, ["......"], [0, 1], [[5], [4], [3]], **keys)
    problem = read_problem(path)
    told = {
        "[(0,0,0,0,0):(F 4,W 2)]": "agents 0 and 1 overlap",
        "[(0,0,0,0,0):(F 1,R 5)]": "agent 0 breaks an action off",
        "[(0,0,0,0,0):(C 3,F 3)]": "agent 0 drives onto an obstacle",
        "[(0,0,0,0,0):(W 3)]": "paths of different lengths",
        "F,F": "is no list of segments",
    }
    for first, fault in told.items():
        table = result_of(problem, 6)
        table["actualPaths"] = [first, "[(0,0,1,0,0):(W 6)]"]
        table["plannerPaths"] = table["actualPaths"]
        found = check_output(table, problem).faults
        assert any(fault in one for one in found), (first, found)


def test_goals_that_do_not_fit_into_the_budget_are_set_later(tmp_path: Path) -> None:
    """Everybody gets there in the end, one new goal a step or so."""
    problem = random_problem(tmp_path, 2023, 2)
    team = Team(problem, "pibt", 0, budget_s=0.0)
    record = run(problem, 200, SlowClock(), team)
    assert {unit for _, unit, _, _ in record.events} == set(range(problem.n_units))
