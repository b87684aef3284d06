"""Sortation: parcels arrive at induct stations, units drop each at the chute it is bound for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fleet_control.events import EventKind
from fleet_control.work.parcels import stations_of
from fleet_control.work.sortation import SortationWork
from gridfleet.scenario import Scenario
from gridfleet.wiring.work_setup import Columns, Count, Counts, DueTimes, Floor, WorkSetup
from layouts import Layout, StationKind
from twin.people import ServiceTimes

INDUCT_SHARE = 0.5
"""Of the time of people at induct stations that made-up parcels fill (an assumption)."""
UNIT_SHARE = 0.7
"""Of the rides that units could make on free lanes that made-up parcels need (an assumption)."""
STOPS_S = 20.0
"""Of a ride beside driving and people: turns, braking and moving up (an assumption)."""
UNITS_WITHOUT_QUEUE = 3
"""Units on the way to an induct station that has no queue: one alone would starve it."""


def set_up_sortation(floor: Floor) -> WorkSetup:
    """Raises SortationError for a floor or figures that cannot sort."""
    layout, scenario, parcels = floor.layout, floor.scenario, floor.scenario.parcels
    n_active = floor.n_active
    rate = parcels.parcels_per_hour or parcel_rate(layout, scenario, n_active)
    work = SortationWork(
        layout, floor.n_units, rate, scenario.seed, floor.log,
        units_per_chute=parcels.units_per_chute or None,
        units_per_induct=parcels.units_per_induct or _units_per_induct(layout),
        keep_waiting=parcels.keep_waiting,
    )  # fmt: skip
    inducts, chutes = stations_of(layout)
    arriving = f"{rate:,.0f} an hour arrive at {len(inducts)} induct stations"
    if parcels.keep_waiting:
        arriving = (
            f"{parcels.keep_waiting:,} wait at each of {len(inducts)} induct stations at all times"
        )
    told = (
        f"The floor sorts parcels: {arriving}, each bound for one of {len(chutes)} chutes. An "
        "order is one parcel."
    )
    return WorkSetup(
        work=work,
        counted="parcels",
        n_done=Count(work, "lines_done"),
        progress=Counts(work, ("orders_placed", "orders_done", "tasks_done")),
        n_active=n_active,
        service=service_at(layout, scenario),
        notes=[told, *_surplus(floor)],
        station_times=work.station_times,
        station_causes=work.station_causes,
        due_s=DueAfter(parcels.due_minutes * 60.0),
    )


def _surplus(floor: Floor) -> list[str]:
    """Units without a parcel stand on the lanes and make way: parked for good, they would cut the
    one-way lanes of such floors."""
    if floor.n_active == floor.n_units:
        return []
    return [
        f"{floor.n_active} of {floor.n_units} units carry parcels at once, as many as the floor "
        "has room for to drive; the others rest and make way."
    ]


def parcel_rate(layout: Layout, scenario: Scenario, n_active: int) -> float:
    """Parcels an hour that suit both the induct stations and the units."""
    inducts, _ = stations_of(layout)
    by_stations = INDUCT_SHARE * len(inducts) * 3600.0 / scenario.service.line_s
    by_units = UNIT_SHARE * n_active * 3600.0 / _ride_s(layout, scenario)
    return max(1.0, float(round(min(by_stations, by_units))))


def _ride_s(layout: Layout, scenario: Scenario) -> float:
    """A mean ride on free lanes: to a chute and back to an induct station, all equally likely."""
    inducts, chutes = stations_of(layout)
    cells = np.array([station.cell for station in layout.stations])
    rows, cols = np.divmod(cells, layout.n_cols)
    apart = [np.abs(line[inducts][:, None] - line[chutes][None, :]).mean() for line in (rows, cols)]
    way_m = float(sum(apart)) * layout.cell_size_m
    unit = scenario.unit
    drive_s = way_m / unit.laden.speed_m_s + way_m / unit.empty.speed_m_s
    return drive_s + scenario.service.line_s + scenario.parcels.drop_s + STOPS_S


def _units_per_induct(layout: Layout) -> int | None:
    has_queue = any(s.queue for s in layout.stations if s.kind is StationKind.INDUCT)
    return None if has_queue else UNITS_WITHOUT_QUEUE


def service_at(layout: Layout, scenario: Scenario) -> list[ServiceTimes]:
    """People put parcels on; dropping is mechanical and always takes the same time."""
    drop = ServiceTimes(line_s=scenario.parcels.drop_s, cv=0.0)
    put_on = scenario.service
    return [
        drop if station.kind is StationKind.EJECT else replace(put_on)
        for station in layout.stations
    ]


@dataclass(frozen=True, slots=True)
class DueAfter:
    """Every parcel is due `due_s` seconds after it arrived."""

    due_s: float

    def __call__(self, events: Columns) -> DueTimes:
        rows = np.flatnonzero(events["kind"] == EventKind.ORDER_PLACED)
        parcels = np.asarray(events["order"][rows], dtype=np.int64)
        due = np.full(len(rows), np.inf)
        due[parcels] = np.asarray(events["time_s"][rows], dtype=np.float64) + self.due_s
        return due
