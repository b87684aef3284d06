"""Speed and worth of the assignment for throughput, without planning: units in free flow.

    python benchmarks/assignment_speed.py --units 5000 10000 --steps 400

An open floor of 140 x 500 cells, one and a half open tasks a unit, two random errands each. Units
drive straight to where they are sent, unhindered. Fixed seed; the first steps, in which nobody has
a task, are told apart.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from fleet_control.assignment.throughput import WAY_WEIGHT, ThroughputAssignment
from fleet_control.assignment.ways import Ways
from fleet_control.mapf.grid import grid_of
from layouts import CellKind, open_layout

SEED, N_ROWS, N_COLS = 0, 140, 500
FIRST = 5


class FreeFlow:
    """Units on an open floor that never meet."""

    def __init__(self, n_units: int, way_weight: int) -> None:
        self.rng = np.random.default_rng(SEED)
        floor = open_layout("open", np.full((N_ROWS, N_COLS), CellKind.FLOOR, dtype=np.int8))
        self.ways = Ways(grid_of(floor))
        self.assignment = ThroughputAssignment(self.ways, way_weight)
        self.cells = self.rng.choice(floor.n_cells, n_units, replace=False).astype(np.int32)
        self.headings = np.zeros(n_units, dtype=np.int8)
        self.free_at = np.zeros(n_units, dtype=np.int64)
        self.errands = self._draw(int(1.5 * n_units))
        self.held = np.full(n_units, -1, dtype=np.int32)
        self.n_done, self.call_ms = 0, []

    def _draw(self, n: int) -> np.ndarray:
        return self.rng.integers(N_ROWS * N_COLS, size=(n, 2)).astype(np.int32)

    def step(self, now: int) -> None:
        is_free = self.free_at <= now
        lengths = self.ways.lengths(
            np.arange(0, 2 * len(self.errands) + 1, 2, dtype=np.int64), self.errands.reshape(-1)
        )
        firsts = np.ascontiguousarray(self.errands[:, 0])
        began = time.perf_counter()
        self.held = self.assignment.assign(
            self.cells, self.headings, is_free, self.held, firsts, lengths
        )
        self.call_ms.append((time.perf_counter() - began) * 1e3)
        units = np.flatnonzero(self.held >= 0)
        self._approach(units, firsts[self.held[units]])
        there = units[self.cells[units] == firsts[self.held[units]]]
        begun = self.held[there]
        self.free_at[there] = now + 1 + np.maximum(lengths[begun], 1)
        self.cells[there] = self.errands[begun, 1]
        self.held[there] = -1
        self.n_done += len(there)
        self.errands[begun] = self._draw(len(begun))  # as if a task that has begun were replaced

    def _approach(self, units: np.ndarray, goals: np.ndarray) -> None:
        d_rows = goals // N_COLS - self.cells[units] // N_COLS
        d_cols = goals % N_COLS - self.cells[units] % N_COLS
        by = np.where(d_rows != 0, np.sign(d_rows) * N_COLS, np.sign(d_cols))
        self.cells[units] += by.astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[5000])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--way-weight", type=int, default=WAY_WEIGHT)
    options = parser.parse_args()
    for n_units in options.units:
        flow = FreeFlow(n_units, options.way_weight)
        for now in range(options.steps):
            flow.step(now)
        later = flow.call_ms[FIRST:]
        print(
            f"{n_units} units, {len(flow.errands)} tasks: first call {flow.call_ms[0]:.0f} ms "
            f"(with compilation), second {flow.call_ms[1]:.1f} ms, later {np.median(later):.1f} ms "
            f"(p99 {np.percentile(later, 99):.1f}); {flow.n_done / options.steps:.2f} tasks a step"
        )


if __name__ == "__main__":
    main()
