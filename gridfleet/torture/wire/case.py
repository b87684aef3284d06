"""One case over the wire: a floor, a fleet and orders, as files that the commands read.

Floors are those of the cases in one process (gridfleet.torture.case), with fewer orders: here a
simulated minute costs seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gridfleet.demand import Placement
from gridfleet.scenario import Scenario
from gridfleet.torture.case import draw_case
from layouts import Layout, save
from twin.people import ServiceTimes

PURPOSE = 0x31BE
"""Key of the draws of a case over the wire among all streams of a seed."""
FEWEST_ORDERS, MOST_ORDERS = 2, 3
ORDER_S = 8
"""Orders come in over so many seconds."""
N_SKUS = 4
LINE_S = 2.0
MOST_UNITS = 8
FAULTS_S = 30.0
"""Faults happen in so many seconds from the start, and all end within them."""
BEGIN = "2026-01-05 08:00:"
LAYOUT, ORDERS, SCENARIO = "floor.toml", "orders.csv", "scenario.toml"


@dataclass(frozen=True, slots=True)
class Line:
    """order: name. at_s: when the order is placed."""

    order: str
    sku: str
    quantity: int
    at_s: int


@dataclass(frozen=True, slots=True, eq=False)
class WireCase:
    """lines: in the order of the file. unit_cells: where units stand at the start."""

    seed: int
    layout: Layout
    unit_cells: tuple[int, ...]
    max_working: int
    fill: float
    lines: tuple[Line, ...]
    faults_s: float = FAULTS_S

    @property
    def n_units(self) -> int:
        return len(self.unit_cells)

    @property
    def serials(self) -> list[str]:
        return [f"U{number:02d}" for number in range(1, self.n_units + 1)]

    @property
    def stations(self) -> list[str]:
        return [station.name for station in self.layout.stations]

    def write(self, folder: Path) -> Scenario:
        """Floor, orders and scenario into the folder; the scenario, as it was read again."""
        save(self.layout, folder / LAYOUT)
        rows = [f"{one.order},{one.sku},{one.quantity},{BEGIN}{one.at_s:02d}" for one in self.lines]
        text = "\n".join(["order_id,sku,quantity,placed_at", *rows])
        (folder / ORDERS).write_text(text + "\n", encoding="utf-8")
        scenario = self.scenario(folder)
        (folder / SCENARIO).write_text(scenario.to_toml(), encoding="utf-8")
        return scenario

    def scenario(self, folder: Path) -> Scenario:
        places = [self.layout.row_col(cell) for cell in self.unit_cells]
        return Scenario(
            layout=str(folder / LAYOUT),
            robots=self.n_units,
            max_working=self.max_working,
            orders=str(folder / ORDERS),
            hours=1.0,
            seed=self.seed,
            starts=tuple((row + 1, col + 1) for row, col in places),
            stock=Placement(fill=self.fill, skus_per_pod=N_SKUS),
            service=ServiceTimes(line_s=LINE_S),
        )


def draw_wire_case(seed: int) -> WireCase:
    """The case of that seed, the same every time."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE])))
    base = draw_case(seed)
    n_units = min(base.n_units, MOST_UNITS)
    return WireCase(
        seed=seed,
        layout=replace(base.layout, wall_gap_m=0.0),
        unit_cells=tuple(base.unit_cells[:n_units].tolist()),
        max_working=min(base.max_working, n_units),
        fill=float(rng.uniform(0.4, 0.8)),
        lines=tuple(_draw_lines(rng)),
    )


def _draw_lines(rng: np.random.Generator) -> list[Line]:
    lines: list[Line] = []
    n_orders = int(rng.integers(FEWEST_ORDERS, MOST_ORDERS + 1))
    placed_s = [0, *np.sort(rng.integers(ORDER_S, size=n_orders - 1)).tolist()]
    for number, at_s in enumerate(placed_s, start=1):
        skus = rng.permutation(N_SKUS)[: int(rng.integers(1, 3))]
        lines += [
            Line(f"O{number}", f"K{sku}", int(rng.integers(1, 5)), at_s) for sku in skus.tolist()
        ]
    return lines
