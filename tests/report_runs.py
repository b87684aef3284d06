"""Short runs of every kind for the tests of figures and report, each made once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fleet_control.allocation import optimal
from fleet_control.controller import Controller, ControllerOptions
from fleet_control.events import EventLog
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.work.errands import ErrandStream
from fleet_control.work.sortation import SortationWork
from fleet_control.work.work import Work
from gridfleet.kpis import output_times_s
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import CellKind, Layout, Station, StationKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.people import People, ServiceTimes

CYCLE_S = 0.2


@cache
def picking() -> RunRecord:
    """Orders on the teaching floor: 16 x 18 cells, 3 stations."""
    return Simulation(Scenario(layout="teaching", hours=0.4, seed=3)).run()


FAULTS = """
[[fault]]
kind = "link-noise"
loss = 0.01

[[fault]]
kind = "die"
unit = 3
at = "0:08:00"
minutes = 3

[[fault]]
kind = "close-area"
cells = [[6, 4], [6, 5], [7, 4], [7, 5]]
at = "0:14:00"
minutes = 2

[[fault]]
kind = "stop"
unit = 5
at = "0:15:00"
minutes = 1

[[fault]]
kind = "die"
unit = 7
at = "0:22:00"
"""


@cache
def troubled() -> RunRecord:
    """The same run with noise on the link, units that fail and an area that is closed."""
    with TemporaryDirectory() as folder:
        faults = Path(folder) / "faults.toml"
        faults.write_text(FAULTS, encoding="utf-8")
        scenario = Scenario(layout="teaching", hours=0.4, seed=3, faults=str(faults))
        record = Simulation(scenario).run()
    return replace(record, reference_done_s=output_times_s(picking()))


@cache
def sorting() -> RunRecord:
    """Parcels on a floor of 12 x 20 cells with two induct stations and eight chutes."""
    layout, log = sortation_floor(), EventLog()
    work = SortationWork(layout, 10, 700.0, 1, log, units_per_induct=3)
    return _drive(layout, work, log, n_units=10, sim_s=900.0)


@cache
def errands() -> RunRecord:
    """Random errands on an empty floor of 9 x 14 cells; two units of eight never drive."""
    kinds = np.full((9, 14), CellKind.FLOOR, dtype=np.int8)
    kinds[3:6, 3:11] = CellKind.OBSTACLE
    layout, log = open_layout("open", kinds), EventLog()
    cells = layout.cells_of(CellKind.FLOOR)
    work = ErrandStream(cells, np.arange(6, dtype=np.int32), _starts(layout, 8), 5, log)
    return _drive(layout, work, log, n_units=8, sim_s=720.0)


def sortation_floor() -> Layout:
    n_rows, n_cols = 12, 20
    kinds = np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8)
    stations = []
    for row in (3, 8):
        for col in range(4, 16, 3):
            kinds[row, col] = CellKind.OBSTACLE
            chute = row * n_cols + col + 1
            stations.append(Station(f"chute {len(stations)}", StationKind.EJECT, chute, facing=2))
        stations.append(Station(f"I{row}", StationKind.INDUCT, row * n_cols + 1, facing=2))
    return open_layout("sort <&> eject", kinds, stations=tuple(stations))


def _starts(layout: Layout, n_units: int) -> np.ndarray:
    taken = {station.cell for station in layout.stations}
    free = [cell for cell in layout.cells_of(CellKind.FLOOR).tolist() if cell not in taken]
    return np.random.default_rng(0).permutation(free)[:n_units].astype(np.int32)


def _drive(layout: Layout, work: Work, log: EventLog, n_units: int, sim_s: float) -> RunRecord:
    people = People(len(layout.stations), 0, ServiceTimes(line_s=4.0))
    headings, no_pods = np.zeros(n_units, dtype=np.int8), np.empty(0, dtype=np.int32)
    twin = KinematicTwin(layout, _starts(layout, n_units), headings, no_pods, people)
    grid = grid_of(layout, lanes_of(layout))
    planner = planner_named("pibt", grid, n_units, PlannerOptions(seed=0))
    options = ControllerOptions(base_length=4)
    controller = Controller(grid, twin.connect(), planner, work, optimal, options, log)
    reports = twin.advance(0.0)
    for cycle in range(1, round(sim_s / CYCLE_S) + 1):
        twin.send(controller.step(reports))
        reports = twin.advance(cycle * CYCLE_S)
    controller.step(reports)
    n_stations = len(layout.stations)
    is_sorting = isinstance(work, SortationWork)
    return RunRecord(
        layout=layout, n_units=n_units, n_active=n_units, sim_s=sim_s, wall_s=1.0, partial=False,
        events=log.columns(), unit_time_s=controller.unit_time_s,
        station_time_s=work.station_times(sim_s) if is_sorting else np.zeros((n_stations, 4)),
        station_causes=work.station_causes(sim_s) if is_sorting else None,
        unit_time=controller.ledger.time(),
        cells_driven=controller.executor.driven, visits=controller.executor.visits,
        wait_s=controller.wait_s, plan_ms=np.array([0.1, 0.2]), contacts=twin.n_contacts,
        conflicts=controller.executor.n_conflicts,
    )  # fmt: skip
