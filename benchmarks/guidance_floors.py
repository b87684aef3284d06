"""Unit seconds a task of floors without guidance, with lanes, and with a table that was found.

    python benchmarks/guidance_floors.py --seeds 8
    python benchmarks/guidance_floors.py demo --tables found --seeds 12 --hours 1

Prints rows of docs/guidance.md for each floor: means over the same seeds, how many per cent less
than no guidance each takes, with 95 % intervals. FLOOR.guidance.csv in the folder --tables is what
`gridfleet guidance optimise FLOOR` has found; its searches use seeds below --first-seed. Bare maps
need --units and run the lifelong bench. --rules: lanes that cost so many cells, as 2, and that
close aisles, as 2c. --uses prints instead what unit seconds of floors with stations go to without
guidance; what waits take of them is all that steering could save if nobody ever waited for others.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from fleet_control.mapf.guidance import CELL_COST
from fleet_control.mapf.lanes import LaneRule, lanes_of
from gridfleet.experiments.engine import Campaign, Executor, Processes
from gridfleet.experiments.measures.window import window_of
from gridfleet.experiments.replication import run_one
from gridfleet.experiments.statistics import percent_interval
from gridfleet.guidance.trials import Ground, Trial, ground_for, prepare, run_trial
from layouts import library_names, load

USES = {
    "driving": ("loaded", "empty"),
    "lifting": ("lifting",),
    "at stations and in their queues": ("at_station", "queueing", "slot"),
    "waiting for others": ("waiting",),
    "all else": (),
}
"""Columns of --uses, each of what a run books unit time on (kpis.json, `lost_capacity`)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("floors", nargs="*", default=library_names())
    parser.add_argument("--also", nargs="*", default=[], help="more guidance, by name")
    parser.add_argument("--rules", nargs="*", default=[], help="lanes as 2 or 2c")
    parser.add_argument("--tables", type=Path, default=Path())
    parser.add_argument("--units", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--planner", default="pibt")
    parser.add_argument("--uses", action="store_true", help="what unit seconds go to")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.uses:
        print_uses(options, seeds)
        return
    print(
        "| floor | units | guidance | a task | less than none |\n|---|---|---|---|---|", flush=True
    )
    with (
        Processes(run_trial, 0, prepare) as executor,
        tempfile.TemporaryDirectory() as folder,
    ):
        for name in options.floors:
            ground = ground_for(name, options.units, options.planner, options.hours, options.steps)
            table = options.tables / f"{Path(name).stem}.guidance.csv"
            sides = ["none", "lanes", *options.also, *([str(table)] if table.exists() else [])]
            sides += [lanes_table(name, rule, Path(folder)) for rule in options.rules]
            figures = run(executor, ground, sides, seeds)
            for side, row in zip(sides, figures, strict=True):
                print(told(Path(name).stem, ground, side, figures[0], row), flush=True)


def print_uses(options: argparse.Namespace, seeds: range) -> None:
    print(f"| floor | units | a task | {' | '.join(USES)} |\n|---|---|---{'|---' * len(USES)}|")
    with Processes(unit_uses, 0, prepare) as executor:
        for name in options.floors:
            ground = ground_for(name, options.units, options.planner, options.hours, options.steps)
            jobs = [(f"{seed}", Trial(ground=ground, seed=seed).encode()) for seed in seeds]
            found = Campaign(executor).run(jobs).results
            mean = np.mean([np.frombuffer(found[key]) for key, _ in jobs], axis=0)
            told = " | ".join(f"{seconds:.1f}" for seconds in mean)
            print(
                f"| {Path(name).stem} | {ground.units:,} | {mean.sum():.1f} | {told} |", flush=True
            )


def unit_uses(data: bytes) -> bytes:
    """float64[len(USES)] as bytes: seconds a task of each use in a run without guidance."""
    trial = msgspec.msgpack.decode(data, type=Trial)
    scenario = msgspec.structs.replace(trial.ground.scenario, guidance="none", seed=trial.seed)
    outcome = run_one("uses", scenario)
    units = outcome.kpis["lost_capacity"]["units"]
    seconds = {use: units["seconds"] * row["share"] for use, row in units["uses"].items()}
    named = [sum(seconds.pop(part) for part in USES[use]) for use in USES if USES[use]]
    return (np.array([*named, sum(seconds.values())]) / window_of(outcome).sums["tasks"]).tobytes()


def lanes_table(name: str, rule: str, folder: Path) -> str:
    """A file of lanes that cost so many cells, and close aisles where the rule ends in c."""
    layout, against = load(name), float(rule.removesuffix("c"))
    lane_rule = LaneRule(round(against * CELL_COST), closes_aisles=rule.endswith("c"))
    lanes = lanes_of(layout, rule=lane_rule)
    path = folder / f"{Path(name).stem}-{rule}.npy"
    is_way = layout.exits & ~lanes.closed
    np.save(path, np.where(is_way, 1.0 + lanes.costs / CELL_COST, np.inf))
    return str(path)


def run(executor: Executor, ground: Ground, sides: list[str], seeds: range) -> np.ndarray:
    """float64[n_sides, n_seeds]."""
    jobs = [
        (f"{Path(side).name}-{seed}", Trial(ground=ground, seed=seed, guidance=side).encode())
        for side in sides
        for seed in seeds
    ]
    found = Campaign(executor).run(jobs).results
    return np.array([np.frombuffer(found[key])[0] for key, _ in jobs]).reshape(len(sides), -1)


def told(name: str, ground: Ground, side: str, base: np.ndarray, row: np.ndarray) -> str:
    more = percent_interval(base, row).times(-1.0)
    less = "" if side == "none" else f"{more.mean:.1f} % ({more.low:.1f} to {more.high:.1f})"
    words = "found" if side.endswith(".csv") else Path(side).stem
    return f"| {name} | {ground.units:,} | {words} | {row.mean():.1f} | {less} |"


if __name__ == "__main__":
    main()
