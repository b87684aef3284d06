"""One-shot path finding on maps of the MovingAI benchmarks, beside lacam3.

    python benchmarks/oneshot_speed.py FOLDER --time 10 --seeds 3
    python benchmarks/oneshot_speed.py FOLDER --time 30 --only warehouse-20-40-10-2-2

FOLDER holds the maps and their scenarios "random-1". Times are CPU seconds of one core from the
first distance on, kernels loaded before; medians over seeds. loss: steps not spent waiting at the
goal, soc: steps to the last arrival, both over the sum of shortest ways. Where there is no scenario
starts and goals are drawn (seed 0). lacam3's row: 10 s (60 s for 10,000 agents), default options,
measured once on a machine like this one, its first solution in wall seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np

from fleet_control.mapf.oneshot.check import plan_faults
from fleet_control.mapf.oneshot.problem import problem_of
from fleet_control.mapf.oneshot.solver import Budget, solve_problem
from gridfleet.oneshot.figures import path_figures
from gridfleet.oneshot.run import warm_up
from layouts import Layout, load
from layouts.movingai_scen import Pairs, read_scen

LACAM3 = {
    ("random-32-32-20", 100): (0.037, 1.134, 1.067, 1.122),
    ("random-32-32-20", 200): (0.138, 1.340, 1.196, 1.301),
    ("random-32-32-20", 300): (0.293, 1.781, 1.454, 1.633),
    ("random-32-32-20", 400): (0.592, 2.344, 2.073, 2.469),
    ("random-32-32-20", 409): (1.042, 2.434, 2.035, 2.337),
    ("warehouse-10-20-10-2-1", 100): (0.093, 1.007, 1.002, 1.011),
    ("warehouse-10-20-10-2-1", 400): (0.853, 1.104, 1.054, 1.093),
    ("warehouse-10-20-10-2-1", 700): (1.758, 1.310, 1.299, 1.424),
    ("warehouse-10-20-10-2-1", 1000): (3.831, 1.666, 1.657, 1.977),
    ("warehouse-20-40-10-2-2", 1000): (4.727, 1.003, 1.003, 1.003),
    ("warehouse-20-40-10-2-2", 2500): (9.031, 1.017, 1.017, 1.052),
    ("warehouse-20-40-10-2-2", 10000): (55.793, 1.495, 1.495, 1.972),
}
"""First solution in s, its loss; loss and soc in the end."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--time", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="maps whose names begin like this")
    parser.add_argument("--agents", type=int, nargs="*", help="only these numbers")
    options = parser.parse_args()
    warm_up()
    print(
        "map agents | first s loss | final loss soc makespan/bound | lacam3: first s loss, loss soc"
    )
    for (name, n_agents), peer in LACAM3.items():
        if name.startswith(options.only) and n_agents in (options.agents or [n_agents]):
            layout = load(options.folder / f"{name}.map")
            pairs = pairs_of(options.folder, name, layout, n_agents)
            rows = [run(layout, pairs, options.time, seed) for seed in range(options.seeds)]
            print(f"{name} {n_agents} | {text(rows)} | {' '.join(map(str, peer))}", flush=True)


def pairs_of(folder: Path, name: str, layout: Layout, n_agents: int) -> Pairs:
    scen = folder / f"{name}-random-1.scen"
    if scen.exists():
        return read_scen(scen, layout, f"{name}.map", n_agents)
    rng, free = np.random.default_rng(0), np.flatnonzero(layout.driveable).astype(np.int32)
    return Pairs(rng.permutation(free)[:n_agents], rng.permutation(free)[:n_agents])


def run(layout: Layout, pairs: Pairs, time_s: float, seed: int) -> dict[str, float] | None:
    began_s = time.process_time()
    firsts: list[tuple[float, int]] = []

    def note(cost: int, _iterations: int) -> None:
        if not firsts:
            firsts.append((time.process_time() - began_s, cost))

    budget = Budget(is_over=lambda: time.process_time() - began_s >= time_s)
    problem = problem_of(layout, pairs.starts, pairs.goals, allow_cycles=True)
    found = solve_problem(problem, budget, seed, note)
    if found.cells is None:
        return None
    assert not plan_faults(layout, pairs.starts, pairs.goals, found.cells)
    figures = path_figures(found.cells, pairs.goals, problem.shortest)
    return figures | {"first_s": firsts[0][0], "first": firsts[0][1] / found.bound}


def text(rows: list[dict[str, float] | None]) -> str:
    solved = [row for row in rows if row]
    if not solved:
        return "not solved"

    def of(key: str) -> float:
        return median(row[key] for row in solved)

    missing = f" (solved {len(solved)} of {len(rows)})" if len(solved) < len(rows) else ""
    return (
        f"{of('first_s'):.2f} {of('first'):.3f} | {of('sum_of_loss_ratio'):.3f} "
        f"{of('sum_of_costs_ratio'):.3f} {of('makespan'):.0f}/{of('makespan_lower_bound'):.0f}"
        f"{missing}"
    )


if __name__ == "__main__":
    main()
