"""Problems of the league: editions told apart; faults of files with place and cure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from league_files import OPEN_5X5, write_problem

from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.problem import read_problem

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "lorr"
WALLED = [".....", "@@@..", ".@@..", "@@@..", "....."]


def refused(path: Path) -> str:
    with pytest.raises(BenchError) as caught:
        read_problem(path)
    return str(caught.value)


@pytest.mark.parametrize("edition", [2023, 2024, 2026])
def test_every_edition_is_read(tmp_path: Path, edition: int) -> None:
    problem = read_problem(write_problem(tmp_path, edition, OPEN_5X5, [0, 6], [[3], [4], [9]]))
    assert problem.edition == edition
    assert problem.starts.tolist() == [0, 6]
    assert problem.tasks.cells.tolist() == [3, 4, 9]
    assert len(problem.tasks) == 3


@pytest.mark.parametrize(
    ("keys", "edition"),
    [
        ({"numTasksReveal": 1, "taskAssignmentStrategy": "greedy"}, 2023),
        ({"numTasksReveal": 1}, 2023),
        ({"numTasksReveal": 1.5}, 2024),
        ({"numTasksReveal": 1.5, "agentCounter": 4}, 2026),
        ({"numTasksReveal": 1.5, "delayConfig": {"pDelay": 0.1}}, 2026),
    ],
)
def test_keys_tell_the_edition_without_a_version(
    tmp_path: Path, keys: dict[str, Any], edition: int
) -> None:
    path = write_problem(tmp_path, 2024, OPEN_5X5, [0], [[1, 2]])
    table = json.loads(path.read_text())
    del table["version"], table["numTasksReveal"]
    path.write_text(json.dumps({**table, **keys}))
    assert read_problem(path).edition == edition


def test_tasks_of_2023_have_one_errand_and_of_later_editions_many(tmp_path: Path) -> None:
    tasks = [[1, 2, 3], [4]]
    old = read_problem(write_problem(tmp_path / "old", 2023, OPEN_5X5, [0], tasks))
    new = read_problem(write_problem(tmp_path / "new", 2024, OPEN_5X5, [0], tasks))
    assert old.tasks.cells.tolist() == [1, 4]
    assert new.tasks.errands(0).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("rows", "starts", "tasks", "told"),
    [
        (WALLED, [5], [[0]], "agent 0: cell 5 (row 2, column 1) is an obstacle"),
        (WALLED, [0, 1, 0], [[0]], "agents 0 and 2 both start at cell 0 (row 1, column 1)"),
        (WALLED, [25], [[0]], "agent 0: cell 25 is off the map, which has 5 x 5 cells"),
        (WALLED, [0], [[1], [99]], "task 1: cell 99 is off the map"),
        (WALLED, [0], [[1], [2, 6]], "task 1: cell 6 (row 2, column 2) is an obstacle"),
        (WALLED, [0], [[1], [10]], "task 1: no agent can reach cell 10 (row 3, column 1)"),
        (WALLED, [0, 10], [[1]], "agents 0 and 1 are on parts of the map that are not connected"),
        (WALLED, [0], [], "no tasks; there must be at least one"),
    ],
)
def test_cells_that_cannot_be(
    tmp_path: Path, rows: list[str], starts: list[int], tasks: list[list[int]], told: str
) -> None:
    assert told in refused(write_problem(tmp_path, 2024, rows, starts, tasks))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"teamSize": 0}, "teamSize is 0; it must be 1 or more"),
        ({"teamSize": 3}, "2 agents, but teamSize of problem.json is 3"),
        ({"version": "2025 LoRR"}, "unknown version '2025 LoRR'; known: '2023 LoRR'"),
        ({"mapFile": "none.map"}, "its mapFile 'none.map' is not there"),
        ({"numTasksReveal": 0.2}, "no task is ever open"),
        ({"taskFile": None}, "missing required field `taskFile`"),
        ({"taskAssignmentStrategy": "best"}, "taskAssignmentStrategy is 'best'; known: roundrobin"),
        ({"agentSize": 1.5}, "agentSize is 1.5; a unit is more than 0 and at most 1 cell wide"),
        ({"agentCounter": 0}, "agentCounter is 0; an action takes 1 tick or more"),
        ({"delayConfig": {"pDelay": 2}}, "delayConfig: pDelay is 2; a share from 0 to 1"),
        ({"delayConfig": {"minDelay": 5}}, "minDelay 5 is more than maxDelay 1"),
        ({"delayConfig": {"eventModel": "never"}}, "Invalid enum value 'never'"),
    ],
)
def test_keys_that_cannot_be(tmp_path: Path, keys: dict[str, Any], told: str) -> None:
    assert told in refused(write_problem(tmp_path, 2024, OPEN_5X5, [0, 1], [[3]], **keys))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("work.tasks", "2\n1,2\n", "1 tasks, not 2 as its first line says; is it cut off?"),
        ("work.tasks", "1\n1,x\n", "line 2 is '1,x'; expected cells, separated by commas"),
        ("work.tasks", "", "it is empty; its first line must be the number of tasks"),
        ("team.agents", "two\n1\n", "line 1 is 'two'; its first line must be the number of agents"),
        ("team.agents", "1\n-4\n", "line 2 is '-4'; expected a cell"),
        ("floor.map", "type octile\nheight 5\n", "not a MovingAI map"),
        ("floor.map", "type octile\nheight 2\nwidth 3\nmap\n...\n", "1 rows, not 2"),
        ("problem.json", "{", "is no JSON"),
        ("problem.json", "[]", "not a problem of the league"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = write_problem(tmp_path, 2024, OPEN_5X5, [0], [[3]])
    (tmp_path / name).write_text(text)
    message = refused(path)
    assert told in message
    assert str(tmp_path / name) in message


def test_many_faults_are_told_in_few_lines(tmp_path: Path) -> None:
    path = write_problem(tmp_path, 2024, OPEN_5X5, [0], [[99]] * 30)
    lines = refused(path).split("\n")
    assert len(lines) == 9
    assert lines[-1] == "and 22 more faults of these kinds"


@pytest.mark.skipif(not SHARED.is_dir(), reason="problems of the league are not here")
def test_problems_of_the_league() -> None:
    paths = sorted(SHARED.glob("*/random.domain/*.json"))
    assert paths
    for path in paths:
        assert read_problem(path).edition == int(path.parents[1].name)
