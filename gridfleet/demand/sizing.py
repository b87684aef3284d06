"""Made-up demand in proportion to a floor: orders by its pick stations, SKUs by its pods."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite

from gridfleet.demand.errors import DemandError
from gridfleet.demand.placement import Placement, usable_storage
from gridfleet.demand.synthetic import SyntheticDemand
from layouts import Layout, StationKind

_PICKING = (StationKind.PICK, StationKind.WORKSTATION)


@dataclass(frozen=True, slots=True)
class Sizing:
    """orders_per_station_hour: mean per pick station over the run; with 2.5 lines each, 45 to 60
    keep a station busy without drowning it (an assumption). compartments_per_sku: mean, so that a
    popular SKU is on several pods."""

    orders_per_station_hour: float = 50.0
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
) -> SyntheticDemand:
    """`base` with orders_per_hour and n_skus that suit the layout.

    base: None for the defaults with half an hour of backlog. Raises DemandError for a layout
    without pick stations or usable storage cells.
    """
    base = base or SyntheticDemand(backlog_hours=0.5)
    sizing, placement = sizing or Sizing(), placement or Placement()
    n_stations = sum(station.kind in _PICKING for station in layout.stations)
    n_cells = len(usable_storage(layout))
    _check_floor(layout, n_stations, n_cells)
    n_compartments = max(1, round(placement.fill * n_cells)) * placement.skus_per_pod
    return replace(
        base,
        orders_per_hour=sizing.orders_per_station_hour * n_stations,
        n_skus=max(1, round(n_compartments / sizing.compartments_per_sku)),
    )


def _check_floor(layout: Layout, n_stations: int, n_cells: int) -> None:
    faults = []
    if not n_stations:
        kinds = " or ".join(_PICKING)
        faults.append(f'layout "{layout.name}" has no {kinds} station; add one to size orders by')
    if not n_cells:
        faults.append(
            f'layout "{layout.name}" has no storage cell with an aisle beside it; draw storage '
            "cells next to floor cells"
        )
    if faults:
        raise DemandError(faults)
