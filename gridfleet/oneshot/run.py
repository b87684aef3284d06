"""Solving from files under a clock, with an independent look at the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import InvariantError
from fleet_control.mapf.oneshot.check import plan_faults
from fleet_control.mapf.oneshot.guide import lane_guide
from fleet_control.mapf.oneshot.problem import problem_of
from fleet_control.mapf.oneshot.solver import Budget, Outcome, Solution, solve, solve_problem
from gridfleet.oneshot.figures import path_figures
from layouts import Layout, load, open_layout
from layouts.movingai_scen import Pairs, read_scen


@dataclass(frozen=True, slots=True)
class Asked:
    """time_s: of the clock from the first distance on, None for no limit. iterations: as
    solver.Budget. rings: whether rings of agents may rotate in one step."""

    time_s: float | None
    iterations: int | None
    seed: int
    rings: bool


def warm_up() -> None:
    """Have all kernels compiled, or loaded, before the clock starts."""
    square = open_layout("warm-up", np.ones((5, 5), dtype=np.int8))
    starts, goals = np.array([0, 1, 2], np.int32), np.array([1, 2, 0], np.int32)
    solve(square, starts, goals, Budget(iterations=200), allow_cycles=True)
    lane_guide(problem_of(square, starts, goals))


def read_problem(floor: str, scen: Path, n_agents: int | None) -> tuple[Layout, Pairs]:
    """A floor and who goes where on it. Raises LayoutError."""
    layout = load(floor)
    return layout, read_scen(scen, layout, Path(floor).name, n_agents)


def solve_timed(
    layout: Layout, pairs: Pairs, asked: Asked, is_stopped: Callable[[], bool]
) -> tuple[Solution, dict[str, Any]]:
    """The solution and its figures. is_stopped: a person's wish to end with what there is.

    Raises OneShotError, and InvariantError where the paths found are wrong: a fault of the program.
    """
    warm_up()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    first: list[tuple[float, float, int]] = []

    def note(cost: int, _iterations: int) -> None:
        if not first:
            now = time.perf_counter() - began_s, time.process_time() - began_cpu_s
            first.append((*now, cost))

    def is_over() -> bool:
        is_late = asked.time_s is not None and time.perf_counter() - began_s >= asked.time_s
        return is_late or is_stopped()

    problem = problem_of(layout, pairs.starts, pairs.goals, asked.rings)
    solution = solve_problem(problem, Budget(asked.iterations, is_over), asked.seed, note)
    figures: dict[str, Any] = {
        "solved": solution.cells is not None,
        "outcome": solution.outcome.value,
        "agents": problem.n_agents,
        "iterations": solution.iterations,
        "time_s": round(time.perf_counter() - began_s, 3),
        "cpu_s": round(time.process_time() - began_cpu_s, 3),
    }
    if first:
        figures["first_s"], figures["first_cpu_s"] = round(first[0][0], 3), round(first[0][1], 3)
        figures["first_loss_ratio"] = round(first[0][2] / max(solution.bound, 1), 4)
    if solution.cells is not None:
        if faults := plan_faults(layout, pairs.starts, pairs.goals, solution.cells, asked.rings):
            raise InvariantError("the paths found are wrong:\n" + "\n".join(faults))
        figures |= path_figures(solution.cells, pairs.goals, problem.shortest)
    elif solution.outcome != Outcome.UNSOLVABLE:
        figures["lower_bound"] = solution.bound
    return solution, figures


def check_paths(
    layout: Layout, pairs: Pairs, cells: NDArray[np.int32], rings: bool
) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with paths, and their figures where nothing is."""
    faults = plan_faults(layout, pairs.starts, pairs.goals, cells, rings)
    if faults:
        return faults, {}
    problem = problem_of(layout, pairs.starts, pairs.goals, rings)
    return [], path_figures(cells, pairs.goals, problem.shortest)
