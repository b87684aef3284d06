"""Whether crowds get in and out of dead ends: mazes, and floors of scattered obstacles.

    python benchmarks/dead_ends.py --floors 20

The lifelong bench with turning, `epibt`, floors made from seeds 0, 1, ... and the seed of each run
the same. Prints rows of docs/bench.md: on how many floors some unit was without reaching a goal for
more than a third of the run, the longest such time of all, and mean tasks a step. Figures are the
same each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from gridfleet.bench.lifelong import Lifelong, LifelongResult, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from gridfleet.bench.search import Search
from layouts import CellKind, Layout, open_layout
from layouts.traffic import Traffic

PASSAGES = 0.15
"""Share of walls that are left out of a maze."""
BLOCKED, SIZE = 0.18, 20
"""Of scattered floors: share of obstacles, and cells a side."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--floors", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--improvements", type=int, default=0)
    options = parser.parse_args()
    print("| floor | taken | starved | longest wait | tasks a step |\n|---|---|---|---|---|")
    for name, make, share in (
        ("maze", maze, 0.25), ("maze", maze, 0.33), ("scattered", scattered, 0.6),
    ):  # fmt: skip
        found = [
            run(make, share, seed, options.steps, options.improvements)
            for seed in range(options.floors)
        ]
        waits = [result.longest_wait() for result in found]
        n_starved = sum(wait > options.steps / 3 for wait in waits)
        rate = np.mean([result.rate() for result in found])
        print(
            f"| {name} | {share:.0%} | {n_starved} of {options.floors} | {max(waits):,} "
            f"| {rate:.2f} |",
            flush=True,
        )


def run(
    make: Callable[[np.random.Generator], Layout], share: float, seed: int, n_steps: int,
    improvements: int,
) -> LifelongResult:  # fmt: skip
    floor = make(np.random.default_rng(seed))
    n_units = int(share * floor.driveable.sum())
    search = Search(improvements=improvements)
    wanted = Lifelong(n_units, n_steps, planner="epibt", seed=seed, search=search)
    return run_lifelong(floor, wanted, Unwatched())


def maze(rng: np.random.Generator) -> Layout:
    n_rows, n_cols = (int(n) for n in rng.integers(5, 11, 2))
    return maze_of(rng, n_rows, n_cols)


def maze_of(rng: np.random.Generator, n_rows: int, n_cols: int) -> Layout:
    """Corridors one cell wide with dead ends, and a few loops."""
    is_open = np.zeros((2 * n_rows + 1, 2 * n_cols + 1), dtype=bool)
    stack = [(0, 0)]
    is_open[1, 1] = True
    while stack:
        row, col = stack[-1]
        sides = [(row + r, col + c) for r, c in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        left = [
            (r, c)
            for r, c in sides
            if 0 <= r < n_rows and 0 <= c < n_cols and not is_open[2 * r + 1, 2 * c + 1]
        ]
        if not left:
            stack.pop()
            continue
        r, c = left[rng.integers(len(left))]
        is_open[row + r + 1, col + c + 1] = is_open[2 * r + 1, 2 * c + 1] = True
        stack.append((r, c))
    inner = is_open[1:-1, 1:-1]
    return drawn(inner | (rng.random(inner.shape) < PASSAGES))


def scattered(rng: np.random.Generator) -> Layout:
    """The largest piece of a floor of single obstacles, which has many short dead ends."""
    floor = drawn(rng.random((SIZE, SIZE)) >= BLOCKED)
    piece = Traffic.over(floor.driveable, floor.neighbours).largest_piece(strong=True)
    return drawn(piece.reshape(SIZE, SIZE))


def drawn(is_open: np.ndarray) -> Layout:
    kinds = np.where(is_open, CellKind.FLOOR, CellKind.OBSTACLE)
    return open_layout("drawn", kinds.astype(np.int8))


if __name__ == "__main__":
    main()
