"""The fleet at the start: how many units, where they stand, how many may carry something."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import CapacityError
from fleet_control.mapf.capacity import driving_capacity, parking_cells
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.mapf.planner_choice import PlannerChoice, chosen_planner
from gridfleet.scenario import Scenario, ScenarioError
from layouts import AISLE_KINDS, POD_STATIONS, CellKind, Layout

START_PURPOSE = 0x57A27
START_KINDS = (CellKind.PARKING, CellKind.CHARGER, CellKind.STORAGE, CellKind.FLOOR)
"""Where units stand at the start, in this order: out of the way first."""
DEFAULT_UNITS = 20
"""On a floor that recommends no fleet."""
LADEN_PER_ROOT = 1.55
"""Units with a task on a fulfilment floor, for the square root of the cells they drive on loaded,
and for each side with stations. Measured on the ready floors with more orders than they can fill:
throughput peaks at 1.3 on `large` and `thousand` and at 2 on `demo`, and is within 6 % of the peak
on the first two at 1.6."""


def fleet_size(scenario: Scenario, layout: Layout) -> int:
    """Units of the run. Raises CapacityError for more than the floor has room for."""
    room = sum(len(_cells_to_start(layout, kind)) for kind in START_KINDS)
    if not room:
        raise CapacityError(
            f"{layout.name} has no cell where a unit can drive and stand; draw floor cells"
        )
    wanted = scenario.robots or len(scenario.starts) or layout.recommended_units
    n_units = wanted or min(DEFAULT_UNITS, driving_capacity(layout))
    if n_units > room:
        raise CapacityError(
            f"{n_units} robots do not fit: {layout.name} has {room} cells where a unit can stand "
            "at the start; take fewer robots or a larger floor"
        )
    return n_units


def planner_of(scenario: Scenario, layout: Layout) -> PlannerChoice:
    """The planner of a run, the same each time. Raises CapacityError as `fleet_size` does.

    On floors without stations the surplus parks: the planner is that for those that work, if
    windows carry them.
    """
    n_units, serves_people = fleet_size(scenario, layout), bool(layout.stations)
    n_working = scenario.max_working or driving_capacity(layout, n_units, has_windows=True)
    return chosen_planner(
        scenario.planner, layout, n_units, PlannerOptions().turn_cost,
        n_parked=0 if serves_people else max(n_units - n_working, 0), serves_people=serves_people,
    )  # fmt: skip


def laden_capacity(layout: Layout) -> int:
    """Units that may have a task at once on a fulfilment floor.

    Loaded units share the aisles, and all of them pass the way in front of the stations, which jams
    first. It is about as long as a side of the floor, the root of its cells, and there is one on
    each side where stations are.
    """
    n_aisle = len(layout.cells_of(*AISLE_KINDS))
    sides = {station.facing for station in layout.stations if station.kind in POD_STATIONS}
    return max(1, round(LADEN_PER_ROOT * math.sqrt(n_aisle) * len(sides)))


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """cells: int32[n_units], where each unit stands at the start. n_active: units that may have
    something to do at once. parking: int32[k], where the surplus stands for good."""

    cells: NDArray[np.int32]
    n_active: int
    parking: NDArray[np.int32]


def line_up(scenario: Scenario, layout: Layout, *, parks_surplus: bool) -> Fleet:
    """Units on the cells that the scenario names, then on parking, chargers, under pods, and
    anywhere on the floor but on stations.

    parks_surplus: units beyond what may drive at once stand on parking cells from the start, and
    drive there where the scenario has them stand elsewhere; or else they rest where they are.
    Raises CapacityError and ScenarioError for a fleet that does not fit or stand.
    """
    n_units = fleet_size(scenario, layout)
    has_windows = parks_surplus and planner_of(scenario, layout).name == "windowed"
    capacity = scenario.max_working or driving_capacity(
        layout, n_units * parks_surplus, has_windows=has_windows
    )
    n_active = min(n_units, capacity)
    parking = parking_cells(layout, n_units - n_active if parks_surplus else 0)
    given = _given_cells(scenario, layout)
    rng = np.random.default_rng(np.random.SeedSequence([scenario.seed, START_PURPOSE]))
    order: list[int] = []
    for kind in START_KINDS:
        cells = rng.permutation(_cells_to_start(layout, kind))
        order += [cell for cell in cells.tolist() if cell not in given]
    parked = set(parking.tolist()) - set(given)
    driving = [cell for cell in order if cell not in parked]
    n_driving = max(0, n_units - len(given) - len(parked))
    ordered = [*given, *driving[:n_driving], *sorted(parked), *driving[n_driving:]]
    return Fleet(np.array(ordered[:n_units], dtype=np.int32), n_active, parking)


def _cells_to_start(layout: Layout, kind: CellKind) -> NDArray[np.int32]:
    cells = layout.cells_of(kind)
    return cells[~np.isin(cells, [station.cell for station in layout.stations])]


def _given_cells(scenario: Scenario, layout: Layout) -> dict[int, int]:
    """Start cell -> unit, of those that the scenario names."""
    faults = list(_start_faults(scenario, layout))
    if faults:
        raise ScenarioError("\n".join(faults))
    cells = [layout.cell(row - 1, col - 1) for row, col in scenario.starts]
    return {cell: unit for unit, cell in enumerate(cells)}


def _start_faults(scenario: Scenario, layout: Layout) -> Iterator[str]:
    driveable = layout.driveable
    seen: dict[tuple[int, int], int] = {}
    for number, (row, col) in enumerate(scenario.starts, start=1):
        place = f"starts: unit {number} at row {row}, column {col}"
        if not (1 <= row <= layout.n_rows and 1 <= col <= layout.n_cols):
            yield f"{place} is off the floor of {layout.n_rows} rows and {layout.n_cols} columns"
        elif not driveable[layout.cell(row - 1, col - 1)]:
            kind = CellKind(layout.kinds[layout.cell(row - 1, col - 1)]).name.lower()
            what = "an obstacle" if kind == "obstacle" else "for people only"
            yield f"{place} stands on a cell that is {what}; choose one that can be driven"
        if (row, col) in seen:
            yield f"{place} stands on the cell of unit {seen[row, col]}; give each its own"
        seen.setdefault((row, col), number)
