"""A whole run of a problem: kernels ready, team made, steps taken, free flow beside the result."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np

from fleet_control.mapf.grid import CELL_COST
from fleet_control.mapf.guidance import NONE
from fleet_control.mapf.guiding import guidance_fault, guidance_named
from fleet_control.mapf.planner_choice import PLANNER_NAMES, chosen_planner
from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.bound import free_flow
from gridfleet.bench.lorr.cell_lists import Tasks
from gridfleet.bench.lorr.problem import Delays, LeagueProblem
from gridfleet.bench.lorr.record import Record
from gridfleet.bench.lorr.run import Rules, Watcher, run_steps
from gridfleet.bench.lorr.run_ticks import run_ticks, window_of
from gridfleet.bench.lorr.team import Team, Times
from gridfleet.bench.search import Search
from gridfleet.typed_files import suggest
from layouts import CellKind, open_layout

TAKES_OVER = {"windowed": ("epibt",)}
"""Planners that have the floor instead of another for some steps, where units turn."""


class Unwatched:
    """Nobody looks."""

    def show(self, step: int, n_finished: int, n_timeouts: int) -> None:
        pass

    def is_stopped(self) -> bool:
        return False


def play(
    problem: LeagueProblem, planner: str, seed: int, rules: Rules, watcher: Watcher,
    guidance: str = NONE, search: Search | None = None,
) -> tuple[Record, Times]:  # fmt: skip
    """The record of a run, and the times of the team. guidance: as `gridfleet simulate` takes it.

    Raises BenchError for unknown names, LayoutError for a file that does not fit the floor.
    """
    if planner not in PLANNER_NAMES:
        raise BenchError(f"unknown planner {planner!r}; {suggest(planner, PLANNER_NAMES)}")
    if fault := guidance_fault(guidance):
        raise BenchError(fault)
    guidance_named(guidance, problem.floor)  # said before kernels are compiled
    choice = chosen_planner(planner, problem.floor, problem.n_units, CELL_COST)
    if rules.step_ms > 0.0:
        warm_up(problem.edition, choice.name)
    search = search or Search()
    record, times = _play(problem, choice.name, seed, rules, watcher, guidance, search)
    record.planner_why = choice.why
    return record, times


def _play(
    problem: LeagueProblem, planner: str, seed: int, rules: Rules, watcher: Watcher,
    guidance: str, search: Search,
) -> tuple[Record, Times]:  # fmt: skip
    n_actions = window_of(problem, rules.step_ms) if problem.edition == 2026 else 1
    budget_s = rules.step_ms / 1000.0 / n_actions or inf
    team = Team(problem, planner, seed, budget_s, guidance, search)
    record = Record(problem, planner, seed, rules.step_ms, rules.n_steps, guidance, search)
    run = run_ticks if problem.edition == 2026 else run_steps
    run(record, team, rules, watcher)
    flow = free_flow(problem, team.ways, max(record.n_steps, 1))
    record.bounds = {"freeFlow": round(flow.rate, 4)}
    if problem.edition != 2023:
        record.bounds["freeFlowNoApproach"] = round(flow.no_approach, 4)
    return record, team.times


def warm_up(edition: int, planner: str) -> None:
    """Compile every kernel that a run needs, before a clock begins."""
    search = Search(improvements=5)
    for name in (planner, *TAKES_OVER.get(planner, ())):
        _play(_smallest(edition), name, 0, Rules(30, 0.0), Unwatched(), NONE, search)


def _smallest(edition: int) -> LeagueProblem:
    """A problem that needs all there is."""
    floor = open_layout("smallest", np.full((4, 5), CellKind.FLOOR, dtype=np.int8))
    starts = np.array([0, 7, 12], dtype=np.int32)
    cells = np.array([3, 9, 19, 4, 15, 0, 8, 11, 18, 2, 5, 14], dtype=np.int32)
    tasks = Tasks(np.arange(0, len(cells) + 1, 2, dtype=np.int64), cells)
    if edition == 2023:
        tasks = Tasks(np.arange(len(cells) + 1, dtype=np.int64), cells)
    return LeagueProblem(
        Path("smallest.json"), edition, floor, starts, tasks, reveal=1.5, strategy="roundrobin",
        counter=2, size=1.0, delays=Delays(pDelay=0.1, maxDelay=2),
    )  # fmt: skip
