"""Tasks a step of every planner over floors and fleets: what `--planner auto` is read from.

    python benchmarks/planner_choice.py SHARED                            # benches, two minutes
    python benchmarks/planner_choice.py SHARED --hours 0.35 --seeds 2     # with motion

SHARED is a folder with `layouts/rhcr_kiva.map` and MovingAI maps in `movingai`. Benches count the
second half of their steps, seed 0, no guidance. With `--hours`, tasks an hour of simulated runs
with the floors' own fleets and work, the same seeds for every planner. The best is marked by a
star, and the last column says what `auto` takes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from msgspec.structs import replace

from fleet_control.mapf.grid import CELL_COST, TURN_COST
from fleet_control.mapf.planner import PLANNERS
from fleet_control.mapf.planner_choice import planner_for
from gridfleet.bench.lifelong import Lifelong, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import Layout, load

FLOORS = {
    "layouts/rhcr_kiva.map": (60, 100, 180, 300, 500),
    "movingai/random-32-32-20.map": (50, 100, 200, 400),
    "movingai/warehouse-10-20-10-2-1.map": (100, 300, 600),
    "demo": (40, 120, 300),
}
SIMULATED = {
    "demo": 0, "teaching": 0, "one-way": 0, "pick-and-stow": 0, "sortation": 0, "large": 0,
    "layouts/rhcr_kiva.map": 100, "movingai/random-32-32-20.map": 60,
    "movingai/warehouse-10-20-10-2-1.map": 300,
}  # fmt: skip
"""Units of each floor, 0 for as many as it advises."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the choice looks at: share of the cells that units would take, and of cells with two
    ways or fewer."""

    density: float
    narrow: float

    @classmethod
    def of(cls, layout: Layout, n_units: int) -> Shape:
        cells = np.flatnonzero(layout.driveable)
        ways = (layout.neighbours[cells] >= 0).sum(axis=1)
        return cls(n_units / len(cells), float((ways <= 2).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", default="", help="floors with this in their name")
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    names = "".join(f"{name:>10}" for name in PLANNERS)
    print(f"{'floor':<26}{'units':>6}{'a cell':>8}{'narrow':>8}{'turns':>7}{names}  auto")
    if options.hours:
        _simulated(options.shared, options.hours, options.seeds, options.only)
        return
    for floor, fleets in FLOORS.items():
        if options.only not in floor:
            continue
        path = options.shared / floor
        layout = load(str(path) if path.suffix else floor)
        for n_units in fleets:
            for turns in (False, True):
                rates = {name: _rate(layout, n_units, turns, name, options.steps)
                         for name in PLANNERS}  # fmt: skip
                cost = CELL_COST if turns else 0
                _tell(layout, n_units, "a step" if turns else "none", rates, cost)


def _rate(layout: Layout, n_units: int, turns: bool, name: str, n_steps: int) -> float:
    wanted = Lifelong(n_units, n_steps, turning=turns, planner=name)
    return run_lifelong(layout, wanted, Unwatched()).rate(n_steps // 2)


def _simulated(shared: Path, hours: float, n_seeds: int, only: str) -> None:
    for floor, n_units in SIMULATED.items():
        if only not in floor:
            continue
        path = shared / floor
        scenario = Scenario(layout=str(path) if path.suffix else floor, hours=hours, robots=n_units)
        rates = {}
        for name in PLANNERS:
            rates[name] = mean(
                kpis(Simulation(replace(scenario, planner=name, seed=seed)).run())["tasks_per_hour"]
                for seed in range(n_seeds)
            )
        layout = load(scenario.layout)
        _tell(layout, n_units or layout.recommended_units, "driven", rates, TURN_COST)


def _tell(
    layout: Layout, n_units: int, turns: str, rates: dict[str, float], turn_cost: int
) -> None:
    shape, best = Shape.of(layout, n_units), max(rates.values())
    serves_people = turns == "driven" and bool(layout.stations)
    shown = "".join(f"{rate:>9.{2 if best < 100 else 0}f}{'*' if rate == best else ' '}"
                    for rate in rates.values())  # fmt: skip
    print(
        f"{layout.name:<26}{n_units:>6}{shape.density:>8.2f}{shape.narrow:>8.2f}{turns:>7}{shown}"
        f"  {planner_for(layout, n_units, turn_cost, serves_people=serves_people).name}",
        flush=True,
    )


if __name__ == "__main__":
    main()
