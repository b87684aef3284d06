"""Throughput and time of every planner on league maps, beside the last time.

    python benchmarks/planning_table.py LORR                    # all, about five minutes
    python benchmarks/planning_table.py LORR --only sortation   # renews only these rows

LORR is a folder of the league's problems, with 2023, 2024 and 2026 in it. No clock, seed 0: tasks
are the same each time, times are not. Rates are those of the second half of a run. The table is
kept in benchmarks/results/planning.json, and the ratio to what stood there before is printed.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from crowded_problem import crowded

from gridfleet.bench.lorr.play import Unwatched, play, warm_up
from gridfleet.bench.lorr.problem import read_problem
from gridfleet.bench.lorr.run import Rules
from gridfleet.bench.search import Search

RESULTS = Path(__file__).parent / "results" / "planning.json"


@dataclass(frozen=True, slots=True)
class Case:
    """units: 0 for those of the problem. depth, improvements: as of `bench lorr`."""

    name: str
    problem: str
    steps: int
    planner: str
    guidance: str = "none"
    units: int = 0
    depth: int = 3
    improvements: int = 0


WAREHOUSE_23 = "2023/warehouse.domain/EI23-warehouse_large_5000.json"
RANDOM_24 = "2024/random.domain/random_32_32_20_100.json"
WAREHOUSE_24 = "2024/warehouse.domain/warehouse_large_5000.json"
SORTATION_24 = "2024/warehouse.domain/sortation_large_2000.json"
WAREHOUSE_26 = "2026/warehouse.domain/fulfill-example_2500.json"
CASES = (
    Case("random 2023", "2023/random.domain/EI23-random_400.json", 600, "pibt"),
    Case("random 2023", "2023/random.domain/EI23-random_400.json", 600, "epibt"),
    Case("random 2023", "2023/random.domain/EI23-random_200.json", 500, "windowed"),
    Case("random 2024", RANDOM_24, 500, "pibt"),
    Case("random 2024", RANDOM_24, 500, "epibt"),
    Case("random 2024", RANDOM_24, 500, "epibt", depth=5, improvements=1000),
    Case("random 2024", RANDOM_24, 500, "windowed"),
    Case("warehouse 2023", WAREHOUSE_23, 300, "epibt", "lanes", 1000),
    Case("warehouse 2023", WAREHOUSE_23, 300, "epibt", "none", 10_000),
    Case("warehouse 2023", WAREHOUSE_23, 300, "epibt", "lanes", 10_000),
    Case("warehouse 2023", WAREHOUSE_23, 300, "epibt", "lanes", 10_000, 4, 20_000),
    Case("warehouse 2023", WAREHOUSE_23, 300, "epibt", "lanes", 10_000, 6, 50_000),
    Case("warehouse 2024", WAREHOUSE_24, 400, "epibt", "lanes"),
    Case("sortation 2024", SORTATION_24, 400, "pibt", "lanes"),
    Case("sortation 2024", SORTATION_24, 400, "epibt", "none"),
    Case("sortation 2024", SORTATION_24, 400, "epibt", "lanes"),
    Case("warehouse 2026", WAREHOUSE_26, 1200, "epibt", "lanes"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lorr", type=Path)
    parser.add_argument("--only", default="", help="cases with this in their name")
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print(f"{'case':<80}{'tasks/step':>11}{'ratio':>7}{'ms/step':>9}{'ratio':>7}")
    for case in CASES:
        if options.only not in case.name:
            continue
        key, row = measured(case, options.lorr)
        before = rows.get(key)
        shown = [
            f"{row[name]:>{width}.{digits}f}{_ratio(row, before, name)}"
            for name, width, digits in (("tasks_per_step", 11, 3), ("planning_ms", 9, 2))
        ]
        print(f"{key:<80}" + "".join(shown), flush=True)
        rows[key] = row
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(dict(sorted(rows.items())), indent=2) + "\n")


def measured(case: Case, lorr: Path) -> tuple[str, dict[str, object]]:
    """Name and figures of a run. planning_ms: median, without assignment and distance fields."""
    problem = read_problem(lorr / case.problem)
    if case.units:
        problem = crowded(problem, case.units)
    warm_up(problem.edition, case.planner)
    record, times = play(
        problem, case.planner, 0, Rules(case.steps, 0.0), Unwatched(), case.guidance,
        Search(case.depth, case.improvements),
    )  # fmt: skip
    figures = {
        "tasks": record.n_finished,
        "tasks_per_step": round(record.late_rate, 4),
        "free_flow": record.bounds["freeFlow"],
        "planning_ms": round(1e3 * median(times.planning_s), 3),
    }
    key = f"{case.name}, {problem.n_units} units, {case.planner}, {case.guidance}"
    if case.improvements:
        key += f", depth {case.depth}, {case.improvements:,} improvements"
    return key, {**asdict(case), "units": problem.n_units, **figures}


def _ratio(row: dict[str, object], before: dict[str, float] | None, key: str) -> str:
    value = row[key]
    if before is None or not isinstance(value, int | float) or not before[key]:
        return f"{'-':>7}"
    return f"{value / before[key]:>7.3f}"


if __name__ == "__main__":
    main()
