"""Unit seconds a task of the ready floors without guidance, with lanes, and with what was found.

    python benchmarks/guidance_floors.py --evaluations 22 --kept tried
    python benchmarks/guidance_floors.py teaching demo --evaluations 44 --proof 12 --kept tried

Prints a row of docs/guidance.md for each floor: means over the same seeds, with which nothing was
chosen, and how many per cent less each takes than no guidance, with 95 % intervals. Trials are kept
in a folder, so that the same command goes on where it was stopped. --units: of all floors named,
instead of as many as they advise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gridfleet.experiments.engine import Campaign, Processes, Progress, Store
from gridfleet.experiments.statistics import Interval, percent_interval
from gridfleet.guidance.search import Ask, Found, Watch, search
from gridfleet.guidance.trials import ground_for, prepare, run_trial
from layouts import library_names, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("floors", nargs="*", default=library_names())
    parser.add_argument("--units", type=int, default=0)
    parser.add_argument("--evaluations", type=int, default=22)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--proof", type=int, default=8)
    parser.add_argument("--hours", type=float, default=0.25)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--planner", default="pibt")
    parser.add_argument("--kept", type=Path, default=Path("tried"))
    options = parser.parse_args()
    ask = Ask(options.evaluations, search_seeds=options.runs, proof_seeds=options.proof)
    print("| floor | units | none | lanes | | found | |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with Processes(run_trial, 0, prepare) as executor:
        for name in options.floors:
            ground = ground_for(name, options.units, options.planner, options.hours, options.steps)
            watch = Watch(show, lambda: False, lambda: False)
            campaign = Campaign(executor, Store(options.kept))
            found = search(load(name), ground, ask, campaign, watch)
            print(row(Path(name).stem, ground.units, found), flush=True)


def show(what: str, news: Progress) -> None:
    print(f"\r{what}: {news.done} of {news.total}   ", end="", file=sys.stderr, flush=True)


def row(name: str, units: int, found: Found) -> str:
    proof = found.proof
    less = percent_interval(proof["none"], proof["lanes"]).times(-1.0)
    return (
        f"| {name} | {units:,} | {proof['none'].mean():.1f} | {proof['lanes'].mean():.1f} | "
        f"{told(less)} | {proof['best'].mean():.1f} | {told(found.gain('none'))} |"
    )


def told(gain: Interval | None) -> str:
    return "" if gain is None else f"{gain.mean:.1f} % ({gain.low:.1f} to {gain.high:.1f})"


if __name__ == "__main__":
    main()
