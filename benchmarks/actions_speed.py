"""Throughput and time of a planner of actions on single goals of the League of Robot Runners, 2023.

    python benchmarks/actions_speed.py random.domain/EI23-random_400.json --steps 1000
    python benchmarks/actions_speed.py warehouse.domain/EI23-warehouse_large_5000.json \\
        --units 10000 --steps 600 --against 18

Goal j of unit k is task j * n + k. With --units, starts are drawn by seed 0. Every step is checked
apart from the planner. --against: extra cost of a cell against alternating lanes; a cell costs
2 (18: ten times as dear); --closed: lanes as runs have them. Distance fields are timed apart.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from fleet_control.mapf.action_kernels import FORWARD
from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.epibt import EpibtPlanner
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid, grid_of
from fleet_control.mapf.guidance import Guidance
from fleet_control.mapf.lanes import STRICT, LaneRule, lanes_of
from fleet_control.mapf.operations import TURNED
from fleet_control.mapf.planner import PlannerOptions
from layouts import Layout, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem", type=Path)
    parser.add_argument("--units", type=int, default=0)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--against", type=int, default=0)
    parser.add_argument("--closed", action="store_true", help="lanes that close aisles")
    parser.add_argument("--depth", type=int, default=3)
    options = parser.parse_args()
    layout = load(str(options.problem))
    problem = json.loads(options.problem.read_text())
    folder = options.problem.parent
    starts, tasks = numbers(folder / problem["agentFile"]), numbers(folder / problem["taskFile"])
    starts = starts[: problem["teamSize"]]
    if options.units:
        free = np.flatnonzero(layout.driveable)
        starts = np.random.default_rng(0).choice(free, options.units, replace=False)
    grid = grid_of(layout, lanes(layout, options))
    run(grid, starts.astype(np.int32), tasks, options.steps, options.depth)


def numbers(path: Path) -> np.ndarray:
    """Cells of a file of agents or tasks, whose first line counts them."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return np.array([int(line.split(",")[0]) for line in lines[1:]])


def lanes(layout: Layout, options: argparse.Namespace) -> Guidance | None:
    """Lanes of the floor, by default as costs alone: nothing is closed."""
    if options.closed:
        return lanes_of(layout, rule=STRICT)
    if not options.against:
        return None
    return lanes_of(layout, rule=LaneRule(options.against, closes_aisles=False))


def run(grid: Grid, cells: np.ndarray, tasks: np.ndarray, n_steps: int, depth: int) -> None:
    n_units = len(cells)
    options = PlannerOptions(turn_cost=CELL_COST, allow_cycles=True, depth=depth)
    planner = EpibtPlanner(grid, n_units, options)
    headings, fixed = np.zeros(n_units, dtype=np.int8), np.zeros(n_units, dtype=bool)
    number, units = np.zeros(n_units, dtype=int), np.arange(n_units)
    goals = tasks[units % len(tasks)]
    for unit in range(n_units):
        planner.set_goal(unit, int(goals[unit]), EMPTY)
    check, n_conflicts = ConflictCheck(grid.n_cells, n_units), 0
    step_ms, fields_ms, done, last = [], [], [], np.zeros(n_units, dtype=int)
    for step in range(1, n_steps + 1):
        began = time.process_time()
        actions = planner.act(cells, headings, fixed)
        step_ms.append((time.process_time() - began) * 1e3)
        after = np.where(actions == FORWARD, grid.neighbours[cells, headings], cells)
        found = check.of_step(cells, after.astype(np.int32))
        n_conflicts += sum(conflict.kind != "cycle" for conflict in found)
        cells, headings = after.astype(np.int32), (headings + TURNED[actions]) & 3
        arrived = np.flatnonzero(cells == goals)
        number[arrived] += 1
        last[arrived] = step
        goals[arrived] = tasks[(number[arrived] * n_units + arrived) % len(tasks)]
        began = time.process_time()
        for unit in arrived.tolist():
            planner.set_goal(unit, int(goals[unit]), EMPTY)
        fields_ms.append((time.process_time() - began) * 1e3)
        done.append(len(arrived))
    print(
        f"{n_units} units: {np.mean(done):.3f} tasks a step, second half "
        f"{np.mean(done[n_steps // 2 :]):.3f}; step {np.median(step_ms):.2f} ms, fields "
        f"{np.median(fields_ms):.2f} ms a step; conflicts {n_conflicts}; longest now without a "
        f"task {n_steps - last.min()} steps"
    )


if __name__ == "__main__":
    main()
