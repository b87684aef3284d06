"""How many tasks units do that never wait: of given tasks a bound on any floor."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
from league_files import random_problem, write_problem

from fleet_control.assignment import ways
from fleet_control.assignment.ways import Ways
from fleet_control.mapf.grid import grid_of
from gridfleet.bench.lorr import bound
from gridfleet.bench.lorr.bound import free_flow
from gridfleet.bench.lorr.problem import LeagueProblem, read_problem


def rate_of(problem: LeagueProblem, n_steps: int) -> float:
    return free_flow(problem, Ways(grid_of(problem.floor)), n_steps).rate


def actions_to(problem: LeagueProblem, cell: int, headings: range, goal: int) -> int:
    """Actions of the shortest way, by breadth-first search; one at least."""
    seen = {(cell, heading): 0 for heading in headings}
    ring = deque(seen)
    while ring:
        at, heading = ring.popleft()
        if at == goal:
            return max(seen[at, heading], 1)
        ahead = int(problem.floor.neighbours[at, heading])
        turned = [(at, (heading + 1) % 4), (at, (heading + 3) % 4)]
        for state in [*turned, *([(ahead, heading)] if ahead >= 0 else [])]:
            if state not in seen:
                seen[state] = seen[at, heading] + 1
                ring.append(state)
    raise AssertionError("no way")


def most_done(problem: LeagueProblem, n_steps: int) -> int:
    """Tasks of a round robin by units that each are alone."""
    n_done, errands = 0, problem.tasks.cells
    for unit in range(problem.n_units):
        cell, headings, spent, index = int(problem.starts[unit]), range(1), 0, unit
        while spent <= n_steps:
            goal = int(errands[index % len(errands)])
            spent += actions_to(problem, cell, headings, goal)
            n_done += spent <= n_steps
            cell, headings, index = goal, range(4), index + problem.n_units
    return n_done


@pytest.mark.parametrize("largest_exact", [0, 2000])
@pytest.mark.parametrize("seed", range(8))
def test_given_tasks_are_bounded_by_true_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, largest_exact: int
) -> None:
    monkeypatch.setattr(ways, "LARGEST_EXACT", largest_exact)
    monkeypatch.setattr(bound, "N_FIELDS", 3)
    problem = random_problem(tmp_path, 2023, seed)
    assert round(60 * rate_of(problem, 60)) == most_done(problem, 60), f"seed {seed}"


def test_a_way_round_counts_on_a_floor_too_large_for_all_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "LARGEST_EXACT", 0)
    rows = ["." * 9, "@" * 8 + ".", "." * 9]
    problem = read_problem(write_problem(tmp_path, 2023, rows, [0], [[18], [0]]))
    there = 8 + 1 + 2 + 1 + 8  # along the first row, and back along the last
    assert rate_of(problem, there) == 1 / there
    assert rate_of(problem, there - 1) == 0.0
    assert np.isclose(rate_of(problem, 10 * there), 1 / there)
