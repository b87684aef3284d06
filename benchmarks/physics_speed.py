"""Speed of the physics engine: how many times real time, and what a control tick costs.

    python benchmarks/physics_speed.py            # all cases, some minutes
    python benchmarks/physics_speed.py --quick    # a few seconds of each

Every unit has a lane of ten cells beside a row of standing pods, and drives along it and back
without end; every third carries a pod. They are driven by releases, sent each 0.2 s as a controller
does, and nobody ever waits: more motion than a fleet at work has. Fixed seed, a warm-up in which
pods are lifted, then the median over stretches of simulated time. The first column is by the clock
on the wall; the second by the CPU time of the busiest process, which is what a machine with nothing
else to do would show. Everything of the twin is in it: motion controllers, calls, physics, reports.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from multiprocessing import active_children
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act, Commands, Releases, no_station_jobs
from layouts import Layout, open_layout
from twin.people import People
from twin.physics.engine import PhysicsTwin
from twin.physics.options import PLANAR, WHEELS, PhysicsOptions

LANE, BLOCKS_A_ROW, CYCLE_S, WARM_UP_S = 10, 8, 0.2, 12.0
CASES = (
    (WHEELS, 100, 1000, 1), (WHEELS, 200, 1000, 1), (WHEELS, 200, 1000, 2),
    (PLANAR, 1000, 2000, 1), (PLANAR, 1000, 2000, 2),
)  # fmt: skip
"""Level of detail, units, pods, processes."""


class Shuttles:
    """Units that drive to and fro, each on its own lane: row 2k; row 2k + 1 has pods."""

    def __init__(self, n_units: int, n_pods: int, options: PhysicsOptions) -> None:
        self.n_cols = LANE * BLOCKS_A_ROW
        n_rows = 2 * -(-n_units // BLOCKS_A_ROW)
        layout: Layout = open_layout("shuttles", np.ones((n_rows, self.n_cols), dtype=np.int8))
        units = np.arange(n_units)
        self.starts = 2 * self.n_cols * (units // BLOCKS_A_ROW) + LANE * (units % BLOCKS_A_ROW)
        pods_each = n_pods // n_units
        pods = self.starts[:, None] + self.n_cols + np.arange(pods_each)
        self.twin = PhysicsTwin(
            layout, self.starts.astype(np.int32), np.zeros(n_units, dtype=np.int8),
            pods.ravel().astype(np.int32), People(0, seed=0), options=options,
        )  # fmt: skip
        self.twin.connect()
        self.n_released = np.zeros(n_units, dtype=np.int64)
        self.done = np.zeros(n_units, dtype=np.int64)
        for unit in units[::3].tolist():
            self._send(unit, self._fetch(unit))

    def _fetch(self, unit: int) -> list[tuple[int, int]]:
        """Get the first pod of the row beside the lane, and come back with it."""
        start = int(self.starts[unit])
        below = start + self.n_cols
        return [(below, Act.DRIVE), (below, Act.LIFT), (start, Act.DRIVE)]

    def _lap(self, unit: int) -> list[tuple[int, int]]:
        start = int(self.starts[unit])
        there, back = range(start + 1, start + LANE), range(start + LANE - 2, start - 1, -1)
        return [(cell, Act.DRIVE) for cell in (*there, *back)]

    def _send(self, unit: int, steps: list[tuple[int, int]]) -> None:
        first = int(self.n_released[unit]) + 1
        self.n_released[unit] += len(steps)
        cells, acts = zip(*steps, strict=True)
        rows = Releases(
            np.full(len(steps), unit, dtype=np.int32),
            np.arange(first, first + len(steps), dtype=np.int32),
            np.array(cells, dtype=np.int32), np.array(acts, dtype=np.int8),
        )  # fmt: skip
        self.twin.send(Commands(rows, no_station_jobs()))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / CYCLE_S)):
            for unit in np.flatnonzero(self.n_released - self.done < LANE).tolist():
                self._send(unit, self._lap(unit))
            reports = self.twin.advance(self.twin.time_s + CYCLE_S)
            self.done[reports.units] = reports.done
            if reports.faults.any():
                raise SystemExit(f"units {reports.units[reports.faults > 0]} have faults")


def cpu_times_s() -> NDArray[np.float64]:
    """CPU time of this process and of each of those that it has begun."""
    ticks = [
        sum(map(int, Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        for child in sorted(active_children(), key=lambda child: child.pid or 0)
    ]
    return np.array([time.process_time(), *(t / os.sysconf("SC_CLK_TCK") for t in ticks)])


def measure(case: tuple[str, int, int, int], n_stretches: int, stretch_s: float) -> None:
    detail, n_units, n_pods, processes = case
    shuttles = Shuttles(n_units, n_pods, PhysicsOptions(detail, processes))
    try:
        shuttles.run(WARM_UP_S)
        walls, cpus = [], []
        for _ in range(n_stretches):
            wall, cpu = time.perf_counter(), cpu_times_s()
            shuttles.run(stretch_s)
            walls.append(time.perf_counter() - wall)
            cpus.append(cpu_times_s() - cpu)
    finally:
        shuttles.twin.close()
    cpu = np.median(cpus, axis=0)
    each = " + ".join(f"{1e3 * s * shuttles.twin.tick_s / stretch_s:.2f}" for s in cpu)
    carried = int((shuttles.twin.units["carried"] >= 0).sum())
    print(
        f"{detail}, {n_units} units ({carried} laden), {n_pods} pods, processes {processes}: "
        f"{stretch_s / statistics.median(walls):.2f} x real time by the clock, "
        f"{stretch_s / cpu.max():.2f} x by CPU time; {each} ms of CPU a tick of "
        f"{1e3 * shuttles.twin.tick_s:.1f} ms; contacts {shuttles.twin.n_contacts}; "
        f"load of the machine {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short stretches")
    parser.add_argument("--only", choices=(WHEELS, PLANAR), help="one level of detail")
    parser.add_argument("--units", type=int, help="cases with so many units")
    options = parser.parse_args()
    n_stretches, stretch_s = (3, 1.0) if options.quick else (5, 8.0)
    for case in CASES:
        if options.only in (None, case[0]) and options.units in (None, case[1]):
            measure(case, n_stretches, stretch_s)


if __name__ == "__main__":
    main()
