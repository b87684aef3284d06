"""Made-up demand in proportion to a floor: orders by its pick stations, SKUs by its pods."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite

import numpy as np

from fleet_control.work.fulfilment import LADEN_SPEED_M_S
from gridfleet.demand.errors import DemandError
from gridfleet.demand.placement import Placement, usable_storage
from gridfleet.demand.synthetic import SyntheticDemand
from layouts import PICK_STATIONS, Layout


@dataclass(frozen=True, slots=True)
class Sizing:
    """orders_per_station_hour: mean per pick station over the run; with 2.5 lines each, 45 to 65
    keep a station busy without drowning it (an assumption). unit_share: of the time of units that
    orders fill. lines_per_trip, stops_s: lines picked from a pod that a unit brings, and its time
    beside driving: lifting, turning, queueing, picking (both about what runs on the ready floors
    show). compartments_per_sku: mean, so that a popular SKU is on several pods."""

    orders_per_station_hour: float = 60.0
    unit_share: float = 0.8
    lines_per_trip: float = 1.6
    stops_s: float = 60.0
    compartments_per_sku: float = 4.0

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        faults = [
            f"sizing: {name} is {value}; give more than 0"
            for name, value in values.items()
            if not (isfinite(value) and value > 0)
        ]
        if faults:
            raise DemandError(faults)


def demand_for(
    layout: Layout,
    base: SyntheticDemand | None = None,
    sizing: Sizing | None = None,
    placement: Placement | None = None,
    n_units: int | None = None,
) -> SyntheticDemand:
    """`base` with orders_per_hour and n_skus that suit the layout.

    base: None for the defaults with half an hour of backlog. n_units: that can have a task at once;
    orders are fewer where they could not bring all pods. Raises DemandError for a layout without
    pick stations or usable storage cells.
    """
    base = base or SyntheticDemand(backlog_hours=0.5)
    sizing, placement = sizing or Sizing(), placement or Placement()
    n_stations = sum(station.kind in PICK_STATIONS for station in layout.stations)
    n_cells = len(usable_storage(layout))
    _check_floor(layout, n_stations, n_cells)
    n_compartments = max(1, round(placement.fill * n_cells)) * placement.skus_per_pod
    rate = sizing.orders_per_station_hour * n_stations
    if n_units is not None:
        trips = sizing.unit_share * n_units * 3600.0 / _trip_s(layout, sizing)
        rate = min(rate, trips * sizing.lines_per_trip / base.lines_per_order)
    return replace(
        base,
        orders_per_hour=max(1.0, float(round(rate))),
        n_skus=max(1, round(n_compartments / sizing.compartments_per_sku)),
    )


def _trip_s(layout: Layout, sizing: Sizing) -> float:
    """A mean trip from storage to a pick station and back, at the speed of a loaded unit."""
    goals = [station.cell for station in layout.stations if station.kind in PICK_STATIONS]
    rows, cols = np.divmod(usable_storage(layout), layout.n_cols)
    goal_rows, goal_cols = np.divmod(np.array(goals), layout.n_cols)
    apart = np.abs(rows[:, None] - goal_rows).mean() + np.abs(cols[:, None] - goal_cols).mean()
    return 2 * float(apart) * layout.cell_size_m / LADEN_SPEED_M_S + sizing.stops_s


def _check_floor(layout: Layout, n_stations: int, n_cells: int) -> None:
    faults = []
    if not n_stations:
        kinds = " or ".join(PICK_STATIONS)
        faults.append(f'layout "{layout.name}" has no {kinds} station; add one to size orders by')
    if not n_cells:
        faults.append(
            f'layout "{layout.name}" has no storage cell with an aisle beside it; draw storage '
            "cells next to floor cells"
        )
    if faults:
        raise DemandError(faults)
