"""Tiny problems of the league as files, and runs of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridfleet.bench.lorr.output import as_output
from gridfleet.bench.lorr.play import Unwatched, play
from gridfleet.bench.lorr.problem import LeagueProblem, read_problem
from gridfleet.bench.lorr.run import Rules

OPEN_5X5 = ["....."] * 5
KEYS: dict[int, dict[str, Any]] = {
    2023: {"numTasksReveal": 1, "taskAssignmentStrategy": "roundrobin"},
    2024: {"numTasksReveal": 1.5, "version": "2024 LoRR"},
    2026: {"numTasksReveal": 1.5, "version": "2026 LoRR", "agentCounter": 3, "agentSize": 1.0},
}


def write_problem(
    folder: Path, edition: int, rows: Sequence[str], starts: Sequence[int],
    tasks: Sequence[Sequence[int]], **keys: Any,
) -> Path:  # fmt: skip
    """Files of a problem of that edition; keys are put over the usual ones, None takes one away."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["type octile", f"height {len(rows)}", f"width {len(rows[0])}", "map", *rows]
    (folder / "floor.map").write_text("\n".join(lines) + "\n")
    (folder / "team.agents").write_text("\n".join(map(str, [len(starts), *starts])) + "\n")
    text = [",".join(map(str, errands)) for errands in tasks]
    (folder / "work.tasks").write_text("\n".join(["# tasks", str(len(tasks)), *text]) + "\n")
    table = {
        "mapFile": "floor.map", "agentFile": "team.agents", "teamSize": len(starts),
        "taskFile": "work.tasks", **KEYS[edition], **keys,
    }  # fmt: skip
    path = folder / "problem.json"
    path.write_text(json.dumps({key: value for key, value in table.items() if value is not None}))
    return path


def random_problem(folder: Path, edition: int, seed: int) -> LeagueProblem:
    """A small floor with some obstacles, all of it connected, and tasks of one to three errands."""
    rng = np.random.default_rng(seed)
    n_rows, n_cols = rng.integers(4, 9, size=2).tolist()
    cells = np.full((n_rows, n_cols), ".")
    cells[1:-1:2, 1:-1:2][rng.random(cells[1:-1:2, 1:-1:2].shape) < 0.7] = "@"
    free = np.flatnonzero(cells.reshape(-1) == ".")
    n_units = int(rng.integers(2, len(free) // 2))
    starts = rng.choice(free, n_units, replace=False).tolist()
    most = 1 if edition == 2023 else 3
    tasks = [
        rng.choice(free, rng.integers(1, most + 1), replace=False).tolist()
        for _ in range(rng.integers(1, 40))
    ]
    keys: dict[str, Any] = {}
    if edition == 2026:
        keys = {
            "agentCounter": int(rng.integers(1, 5)),
            "agentSize": float(rng.choice([0.4, 0.7, 1.0])),
            "delayConfig": {
                "seed": seed, "minDelay": 1, "maxDelay": 6, "pDelay": 0.05,
                "eventModel": str(rng.choice(["bernoulli", "poisson"])),
                "durationModel": str(rng.choice(["uniform", "gaussian"])),
            },
        }  # fmt: skip
    rows = ["".join(row) for row in cells]
    return read_problem(write_problem(folder, edition, rows, starts, tasks, **keys))


def result_of(problem: LeagueProblem, n_steps: int, seed: int = 0) -> dict[str, Any]:
    """The result of a run without a clock, as it is read back from a file."""
    record, _ = play(problem, "pibt", seed, Rules(n_steps, 0.0), Unwatched())
    table: dict[str, Any] = json.loads(json.dumps(as_output(record, problem.path.parent)))
    return table
