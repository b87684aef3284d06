"""Speed of planning alone: lifelong steps with random goals, no execution and no motion.

    python benchmarks/planner_speed.py MAP --units 1000 10000 --steps 300

Distance fields of goals are made outside the clock: `step` is the figure of the planner, `fields`
the mean time of a new field. Fixed seed, a warm-up of a tenth of the steps, medians.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.grid import EMPTY, grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from layouts import Layout, LayoutError, load

SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layout")
    parser.add_argument("--units", type=int, nargs="+", default=[1000])
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    try:
        layout = load(options.layout)
    except LayoutError as error:
        parser.error(str(error))
    for n_units in options.units:
        run(layout, n_units, options.steps)


def run(layout: Layout, n_units: int, n_steps: int) -> None:
    rng = np.random.default_rng(SEED)
    free = np.flatnonzero(layout.driveable).astype(np.int32)
    cells = rng.choice(free, n_units, replace=False).astype(np.int32)
    headings = np.zeros(n_units, dtype=np.int8)
    fixed = np.zeros(n_units, dtype=bool)
    grid = grid_of(layout, lanes_of(layout))
    planner = planner_named("pibt", grid, n_units, PlannerOptions(seed=SEED))
    goals = rng.choice(free, n_units).astype(np.int32)
    began = time.perf_counter()
    for unit in range(n_units):
        planner.set_goal(unit, int(goals[unit]), EMPTY)
    field_ms = (time.perf_counter() - began) / n_units * 1e3
    check = ConflictCheck(layout.n_cells, n_units)
    turn = {1: 0, -layout.n_cols: 1, -1: 2, layout.n_cols: 3}
    step_ms, n_done, n_conflicts = [], 0, 0
    for _ in range(n_steps):
        began = time.perf_counter()
        after = planner.step(cells, headings, fixed)
        step_ms.append((time.perf_counter() - began) * 1e3)
        n_conflicts += len(check.of_step(cells, after))
        moved = np.flatnonzero(after != cells)
        headings[moved] = [turn[d] for d in (after[moved] - cells[moved]).tolist()]
        cells = after
        for unit in np.flatnonzero(cells == goals).tolist():
            goals[unit] = rng.choice(free)
            planner.set_goal(unit, int(goals[unit]), EMPTY)
            n_done += 1
    counted = step_ms[n_steps // 10 :]
    print(
        f"{n_units} units, {len(free)} cells: step {np.median(counted):.3f} ms (p99 "
        f"{np.percentile(counted, 99):.3f}); first fields {field_ms:.2f} ms each; "
        f"{n_done / n_steps:.2f} goals a step; conflicts {n_conflicts}"
    )


if __name__ == "__main__":
    main()
