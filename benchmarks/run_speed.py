"""Speed and throughput of whole runs: planning, execution, motion and the collision monitor.

    python benchmarks/run_speed.py MAP --robots 100 300 --hours 0.5 --seeds 3
    python benchmarks/run_speed.py MAP --robots 500 --all-at-work --seeds 10

Prints one line for every fleet: each seed's errands (or tasks) an hour over the last ten simulated
minutes, and the median speed against real time after a warm-up run that compiles the kernels.
--fifths adds a line for each seed: what each fifth of the run came to.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np

from gridfleet.kpis import kpis, output_times_s
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import LayoutError, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layout")
    parser.add_argument("--robots", type=int, nargs="+", default=[100])
    parser.add_argument("--hours", type=float, default=0.5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--planner", default="auto")
    parser.add_argument("--fifths", action="store_true", help="output of each fifth of a run")
    at_work = parser.add_mutually_exclusive_group()
    at_work.add_argument("--all-at-work", action="store_true", help="none of them parked")
    at_work.add_argument("--max-working", type=int, default=0, help="units that have work at once")
    options = parser.parse_args()
    try:
        load(options.layout)
    except LayoutError as error:
        parser.error(str(error))
    Simulation(
        Scenario(
            layout=options.layout, robots=options.robots[0], hours=0.01, planner=options.planner
        )
    ).run()
    for robots in options.robots:
        records = [
            Simulation(
                Scenario(
                    layout=options.layout,
                    robots=robots,
                    hours=options.hours,
                    seed=seed,
                    planner=options.planner,
                    max_working=robots if options.all_at_work else options.max_working,
                )
            ).run()
            for seed in range(options.seeds)
        ]
        runs = [kpis(record) for record in records]
        rates = [round(run["tasks_per_hour_last_10_min"]) for run in runs]
        speed = statistics.median(run["speed_x_real_time"] for run in runs)
        plan_ms = statistics.median(run["plan_ms"]["p50"] for run in runs)
        faults = sum(run["contacts"] + run["conflicts"] for run in runs)
        print(
            f"{robots} units: tasks/h of the last 10 min by seed {rates}, mean "
            f"{statistics.mean(rates):.0f}; {speed:.0f} x real time; planning {plan_ms:.3f} ms; "
            f"contacts and conflicts {faults}"
        )
        if options.fifths:
            for record in records:
                done, _ = np.histogram(output_times_s(record), 5, (0.0, record.sim_s))
                rates = np.round(done * 5.0 * 3600.0 / record.sim_s).astype(int)
                print(f"  by fifths, an hour: {', '.join(f'{rate:,}' for rate in rates)}")


if __name__ == "__main__":
    main()
