"""A problem of the League of Robot Runners with more units than the one given.

    python benchmarks/crowded_problem.py EI23-warehouse_large_5000.json --units 10000 --out FOLDER
    gridfleet bench lorr FOLDER/warehouse_large_10000.json --steps 5000 --planner epibt

Map and tasks are those of the problem given; starts are drawn by a seed from all free cells.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from gridfleet.bench.lorr.problem import LeagueProblem, read_problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem", type=Path)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    problem = crowded(read_problem(options.problem), options.units, options.seed)
    print(write_problem(problem, options.problem, options.out))


def crowded(problem: LeagueProblem, n_units: int, seed: int = 0) -> LeagueProblem:
    """The problem with so many units."""
    free = np.flatnonzero(problem.floor.driveable)
    starts = np.random.default_rng(seed).choice(free, n_units, replace=False)
    return replace(problem, starts=starts.astype(np.int32))


def write_problem(problem: LeagueProblem, source: Path, folder: Path) -> Path:
    """Write its JSON and starts beside each other; map and tasks stay where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    table = json.loads(source.read_text())
    name = f"{problem.floor.name}_{problem.n_units}"
    starts = [str(problem.n_units), *map(str, problem.starts.tolist())]
    (folder / f"{name}.agents").write_text("\n".join(starts) + "\n")
    for key in ("mapFile", "taskFile"):
        table[key] = os.path.relpath(source.parent / table[key], folder)
    table |= {"agentFile": f"{name}.agents", "teamSize": problem.n_units}
    (folder / f"{name}.json").write_text(json.dumps(table, indent=2) + "\n")
    return folder / f"{name}.json"


if __name__ == "__main__":
    main()
