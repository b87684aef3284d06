"""Whether output holds and nobody starves over thousands of steps, on each map and at each density.

    python benchmarks/starvation.py random-32-32-20.map --units 100 200 400 600
    python benchmarks/starvation.py warehouse-10-20-10-2-1.map --units 500 1000 --guidance lanes

The lifelong bench with turning, goals uniform, seed 0. Prints rows of docs/bench.md: tasks a step
in each fifth of the run, the longest time that any unit was without reaching a goal, and steps with
a conflict. Figures are the same each time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gridfleet.bench.lifelong import Lifelong, LifelongResult, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from gridfleet.bench.search import Search
from layouts import load

PARTS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("maps", nargs="+", type=Path)
    parser.add_argument("--units", nargs="+", type=int, required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--planner", default="epibt")
    parser.add_argument("--guidance", default="none")
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--improvements", type=int, default=0)
    options = parser.parse_args()
    print("| map | units | tasks a step, by fifths | longest wait | conflicts |")
    print("|---|---|---|---|---|")
    for floor in map(load, options.maps):
        for n_units in options.units:
            wanted = Lifelong(
                n_units, options.steps, guidance=options.guidance, planner=options.planner,
                search=Search(options.depth, options.improvements),
            )  # fmt: skip
            result = run_lifelong(floor, wanted, Unwatched())
            rates = ", ".join(f"{rate:.2f}" for rate in rates_of(result))
            print(
                f"| {floor.name} | {n_units:,} | {rates} | {result.longest_wait():,} "
                f"| {result.n_invalid} |",
                flush=True,
            )


def rates_of(result: LifelongResult) -> list[float]:
    """Tasks a step in each fifth of the run."""
    length = result.n_steps / PARTS
    counts = [0] * PARTS
    for step in result.done_at:
        counts[min(int((step - 1) / length), PARTS - 1)] += 1
    return [count / length for count in counts]


if __name__ == "__main__":
    main()
