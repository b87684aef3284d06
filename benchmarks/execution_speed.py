"""Speed of the execution layer alone: from reports and a planned step to what is released.

    python benchmarks/execution_speed.py MAP --units 1000 10000 --steps 300

One simulated step is what a control cycle with planning costs beside planning: taking in reports,
committing one step of all units, releasing, the outlook, and working out anew who should hold what.
Planning and motion are outside the clock: lifelong PIBT between GOALS random cells, and units that
do all that is released to them, but for a share that lags behind by chance. `waits` is what finding
out who waits for whom costs, whenever somebody asks. Fixed seed, a warm-up of a tenth of the steps,
medians.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Reports
from fleet_control.execution.executor import Executor
from fleet_control.mapf.grid import EMPTY, grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from layouts import Layout, LayoutError, load

SEED = 0
GOALS = 500
LAGGING = 0.2
"""Share of the units that do not get on in a step."""
BASE_LENGTH = COMMIT_MOVES = 3
PARTS = ("absorb", "commit", "release", "outlook", "holdings")
_INTS, _TIMES = np.empty(0, dtype=np.int32), np.empty(0)


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
    n_free = int(layout.driveable.sum())
    if max(options.units) >= n_free:
        parser.error(f"--units {max(options.units)}: the floor has {n_free:,} cells to stand on")
    for n_units in options.units:
        Run(layout, n_units).measure(options.steps)


class Run:
    """Units on a floor with their planner and executor."""

    def __init__(self, layout: Layout, n_units: int) -> None:
        self.rng = np.random.default_rng(SEED)
        free = np.flatnonzero(layout.driveable).astype(np.int32)
        self.goals = self.rng.choice(free, min(GOALS, len(free)), replace=False)
        grid = grid_of(layout, lanes_of(layout))
        self.planner = planner_named("pibt", grid, n_units, PlannerOptions(seed=SEED))
        self.executor = Executor(layout.n_cells, n_units, BASE_LENGTH)
        self.is_ready = np.ones(n_units, dtype=bool)
        for unit, cell in enumerate(self.rng.choice(free, n_units, replace=False).tolist()):
            self.executor.admit(unit, cell, 0)
        self.goal_of = np.empty(n_units, dtype=np.int32)
        for unit in range(n_units):
            self._send_on(unit)
        self.reports = self._reports(np.arange(n_units, dtype=np.int32))

    def measure(self, n_steps: int) -> None:
        """Print the medians of so many steps."""
        rows, n_moved = [], 0
        for _ in range(n_steps):
            ex = self.executor
            fixed = ex.ahead >= COMMIT_MOVES
            chosen = self.planner.step(ex.end_cells, ex.end_headings, fixed)
            times_ms, moved = self._step(chosen)
            rows.append(times_ms)
            n_moved += len(moved)
            for unit in moved[ex.end_cells[moved] == self.goal_of[moved]].tolist():
                self._send_on(unit)
            self._drive()
        counted = np.array(rows)[n_steps // 10 :]
        medians = np.median(counted, axis=0)
        parts = ", ".join(f"{part} {ms:.3f}" for part, ms in zip(PARTS, medians, strict=False))
        totals = counted[:, : len(PARTS)].sum(axis=1)
        print(
            f"{len(self.goal_of)} units, {len(self.executor.owners)} cells: step "
            f"{np.median(totals):.3f} ms (p99 {np.percentile(totals, 99):.3f}; {parts}); waits "
            f"{medians[-1]:.3f} ms; {n_moved / n_steps:.0f} moves a step"
        )

    def _step(self, chosen: NDArray[np.int32]) -> tuple[list[float], NDArray[np.int32]]:
        """One step of the layer: ms of each part and of finding waits, and who was moved."""
        ex, marks = self.executor, [time.perf_counter()]
        ex.absorb(self.reports)
        marks.append(time.perf_counter())
        moved = ex.commit(chosen)
        marks.append(time.perf_counter())
        ex.release(self.is_ready)
        marks.append(time.perf_counter())
        ex.outlook()
        marks.append(time.perf_counter())
        ex.check_holdings()
        marks.append(time.perf_counter())
        ex.waits()
        marks.append(time.perf_counter())
        return [(end - begin) * 1e3 for begin, end in pairwise(marks)], moved

    def _drive(self) -> None:
        """Units that do not lag do all that is released to them."""
        ex = self.executor
        gets_on = (ex.done < ex.released) | (ex.cleared < ex.released)
        gets_on &= self.rng.random(len(gets_on)) >= LAGGING
        self.reports = self._reports(np.flatnonzero(gets_on).astype(np.int32))

    def _reports(self, units: NDArray[np.int32]) -> Reports:
        steps, faults = self.executor.released[units], np.zeros(len(units), dtype=np.int8)
        return Reports(0.0, units, steps, steps, faults, _INTS, _INTS, _INTS, _TIMES)

    def _send_on(self, unit: int) -> None:
        self.goal_of[unit] = self.rng.choice(self.goals)
        self.planner.set_goal(unit, int(self.goal_of[unit]), EMPTY)


if __name__ == "__main__":
    main()
