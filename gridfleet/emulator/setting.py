"""What an emulated floor begins with: where units and pods stand, who works at the stations.

Units stand where a simulated run of the same floor, size and seed has them, and pods on the cells
where its placement puts them: which of the cells these are does not depend on orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from gridfleet.brain import lay_groundwork
from gridfleet.demand import read_stock
from gridfleet.demand.placement import cells_with_pods
from gridfleet.scenario import Scenario
from gridfleet.wiring import check_unit, kind_of_work, line_up
from gridfleet.wiring.choice import ERRANDS, FULFILMENT, SORTATION
from gridfleet.wiring.sortation import service_at
from hw_bridge.vda5050.names import pod_name
from layouts import Layout
from twin.kinematic.engine import KinematicTwin
from twin.people import People, ServiceTimes

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """cells: int32[n_units], headings: int8[n_units], pod_cells: int32[n_pods], at the start.
    labels: of the pods, "" where nobody knows it yet. service: people, or a chute, at stations."""

    layout: Layout
    scenario: Scenario
    cells: Ints
    headings: NDArray[np.int8]
    pod_cells: Ints
    service: ServiceTimes | list[ServiceTimes] = field(default_factory=ServiceTimes)
    labels: list[str] = field(default_factory=list)

    def twin(self) -> KinematicTwin:
        """A new floor in this state. Nobody works at its stations: terminals have their own."""
        layout = self.layout
        return KinematicTwin(
            layout, self.cells, self.headings, self.pod_cells, People(0, 0), self.scenario.unit
        )

    def without_units(self) -> Setting:
        """Stations alone, for units that are real or emulated elsewhere."""
        return replace(self, cells=self.cells[:0], headings=self.headings[:0])

    def people(self) -> People:
        return People(len(self.layout.stations), self.scenario.seed, self.service)


def setting_of(scenario: Scenario, layout: Layout) -> Setting:
    """Raises a GridfleetError for a fleet, units or stock that do not fit the floor."""
    kind = kind_of_work(layout)
    fleet = line_up(scenario, layout, parks_surplus=kind == ERRANDS)
    has_pods = kind == FULFILMENT
    check_unit(scenario.unit, layout, has_pods=has_pods)
    pod_cells, labels = np.empty(0, dtype=np.int32), list[str]()
    if has_pods:
        pod_cells, labels = _pods(scenario, layout)
    return Setting(
        layout=layout,
        scenario=scenario,
        cells=fleet.cells,
        headings=np.zeros(len(fleet.cells), dtype=np.int8),
        pod_cells=pod_cells,
        service=service_at(layout, scenario) if kind == SORTATION else scenario.service,
        labels=labels,
    )


def _pods(scenario: Scenario, layout: Layout) -> tuple[Ints, list[str]]:
    """Where pods stand, and their labels: those that nobody knows are read when they are lifted.

    Which pod of a stock file stands where depends on the orders, and is as in a run of them."""
    stock = read_stock(scenario.stock.file) if scenario.stock.file else None
    if stock is not None and stock.pods is not None:
        placed = lay_groundwork(scenario).setup.pod_cells
        return placed, [pod_name(pod) for pod in range(len(placed))]
    cells = cells_with_pods(layout, scenario.stock, scenario.seed, stock)
    return cells, [""] * len(cells)


def digest_of(layout: Layout) -> str:
    """Of all that the floor is made of, so that a changed one is noticed."""
    parts = (
        np.array([layout.n_rows, layout.n_cols]).tobytes(), layout.kinds.tobytes(),
        layout.exits.tobytes(), repr(layout.cell_size_m).encode(),
        repr([(station.name, station.cell) for station in layout.stations]).encode(),
    )  # fmt: skip
    return sha256(b"".join(parts)).hexdigest()[:16]
