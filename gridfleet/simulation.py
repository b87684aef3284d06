"""A run: a scenario wired to the twin, cycle after cycle, into a RunRecord."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleet_control.allocation import ALLOCATIONS
from fleet_control.controller import Controller, ControllerOptions
from fleet_control.errors import CapacityError
from fleet_control.events import EventKind, EventLog
from fleet_control.mapf.capacity import assign_parking, driving_capacity, parking_cells
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.work.errands import ErrandStream
from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.demand import (
    DemandSummary,
    OrderColumns,
    OrderFile,
    Placement,
    SyntheticDemand,
    demand_for,
    make_orders,
    place_stock,
    read_orders,
)
from gridfleet.record import RunRecord
from gridfleet.scenario import SYNTHETIC, Scenario
from gridfleet.timed_planner import TimedPlanner
from layouts import CellKind, Layout, load
from twin.kinematic.engine import KinematicTwin
from twin.people import People, ServiceTimes
from twin.unit_model import DEFAULT_UNIT

CYCLE_S = 0.2
"""Control cycle: how often reports are taken in and steps released."""
START_PURPOSE = 0x57A27


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is. picks: order lines done, or errands on a floor without stations."""

    sim_s: float
    total_s: float
    picks: int
    tasks_done: int
    active_units: int
    n_units: int


class Simulation:
    """Everything of one scenario, loaded and checked; `run` runs it once.

    Raises a GridfleetError for a layout, orders or figures that cannot be run.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.layout: Layout = load(scenario.layout)
        self.demand_summary: DemandSummary | None = None
        self.notes: list[str] = []
        self._log = EventLog()
        self._n_units = scenario.robots or self.layout.recommended_units or 20
        self._has_stations = bool(self.layout.stations) and (
            len(self.layout.cells_of(CellKind.STORAGE)) > 0
        )
        self._check_room()
        self._n_active = min(self._n_units, driving_capacity(self.layout))
        if self._has_stations:
            self._set_up_fulfilment()
        else:
            self._set_up_errands()
        parked = list(self._parking.values())
        lanes = lanes_of(self.layout, parked) if scenario.lanes else None
        grid = grid_of(self.layout, lanes)
        grid.through[:, parked] = False
        options = PlannerOptions(seed=scenario.seed)
        self._planner = TimedPlanner(planner_named(scenario.planner, grid, self._n_units, options))
        self._controller = Controller(
            grid, self._twin.connect(), self._planner, self._work,
            ALLOCATIONS[scenario.allocation], self._controller_options(), self._log,
            self._parking,
        )  # fmt: skip

    def _check_room(self) -> None:
        room = int(np.isin(self.layout.kinds, _START_KINDS).sum())
        if self._n_units > room:
            raise CapacityError(
                f"{self._n_units} robots do not fit: {self.layout.name} has {room} cells where a "
                "unit can stand at the start; take fewer robots or a larger floor"
            )

    def _controller_options(self) -> ControllerOptions:
        limits, cell_m = DEFAULT_UNIT.empty, self.layout.cell_size_m
        braking_m = limits.speed_m_s**2 / (2 * limits.decel_m_s2)
        ahead_m = braking_m + limits.speed_m_s * CYCLE_S
        return ControllerOptions(
            base_length=math.ceil(ahead_m / cell_m) + 1, max_working=self._n_active
        )

    def _set_up_fulfilment(self) -> None:
        scenario, layout = self.scenario, self.layout
        if scenario.orders == SYNTHETIC:
            base = SyntheticDemand(
                hours=scenario.hours, due_hours=scenario.due_hours, backlog_hours=0.5
            )
            demand = demand_for(layout, base)
            if scenario.orders_per_hour:
                demand = replace(demand, orders_per_hour=scenario.orders_per_hour)
            orders, self.demand_summary = make_orders(demand, scenario.seed)
        else:
            columns = OrderColumns(**scenario.columns) if scenario.columns else None
            orders, self.demand_summary = read_orders(
                OrderFile(
                    scenario.orders,
                    scenario.preset,
                    columns,
                    scenario.start,
                    scenario.hours,
                    scenario.due_hours,
                )
            )
        plan = place_stock(layout, orders, Placement(), scenario.seed)
        self.notes += plan.sentences()
        self.order_due_s: NDArray[np.float64] | None = orders.due_s
        cells = self._start_cells()
        self._parking: dict[int, int] = {}
        self._work: FulfilmentWork | ErrandStream = FulfilmentWork(
            layout, orders, plan.inventory(), self._n_units, self._log
        )
        self._twin = self._make_twin(cells, plan.pod_cells)

    def _set_up_errands(self) -> None:
        """No stations: random point-to-point errands, and the surplus of units is parked."""
        layout = self.layout
        self.order_due_s = None
        cells = self._start_cells()
        parking = parking_cells(layout, self._n_units - self._n_active)
        self._parking = assign_parking(layout, cells, parking)
        active = np.array(
            [unit for unit in range(self._n_units) if unit not in self._parking], dtype=np.int32
        )
        self._n_active = len(active)
        # The lanes between parked units are dead ends: an errand into one blocks it for the rest.
        beside = layout.neighbours[parking]
        no_goals = np.concatenate([parking, beside[beside >= 0]])
        goals = np.setdiff1d(layout.cells_of(CellKind.FLOOR), no_goals).astype(np.int32)
        self._work = ErrandStream(goals, active, cells, self.scenario.seed, self._log)
        self._twin = self._make_twin(cells, np.empty(0, dtype=np.int32))
        self.notes.append(
            "The floor has no stations with storage: units run a stream of random point-to-point "
            "errands instead of orders."
        )
        if self._parking:
            self.notes.append(
                f"{len(self._parking)} of {self._n_units} units are parked: the floor carries "
                f"about {self._n_active} that drive. Errands do not go to parking cells nor "
                "beside them."
            )

    def _start_cells(self) -> NDArray[np.int32]:
        """Where units stand at the start: parking, chargers, under pods, then anywhere."""
        rng = np.random.default_rng(np.random.SeedSequence([self.scenario.seed, START_PURPOSE]))
        order: list[int] = []
        for kind in _START_KINDS:
            order += rng.permutation(self.layout.cells_of(kind)).tolist()
        return np.array(order[: self._n_units], dtype=np.int32)

    def _make_twin(self, cells: NDArray[np.int32], pod_cells: NDArray[np.int32]) -> KinematicTwin:
        times = ServiceTimes(line_s=self.scenario.line_s)
        people = People(len(self.layout.stations), self.scenario.seed, times)
        headings = np.zeros(len(cells), dtype=np.int8)
        return KinematicTwin(self.layout, cells, headings, pod_cells, people)

    def run(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> RunRecord:
        """Run to the end, or until `should_stop`; then the record is marked partial."""
        total_s, began = self.scenario.hours * 3600.0, time.perf_counter()
        n_cycles = math.ceil(total_s / CYCLE_S - 1e-9)
        twin, controller = self._twin, self._controller
        reports = twin.advance(0.0)
        cycle = 0
        while cycle < n_cycles and not (should_stop is not None and should_stop()):
            twin.send(controller.step(reports))
            cycle += 1
            reports = twin.advance(cycle * CYCLE_S)
            self._log_contacts()
            if on_progress is not None and cycle % 50 == 0:
                on_progress(self._progress(cycle * CYCLE_S, total_s))
        controller.step(reports)
        wall_s = time.perf_counter() - began
        return self._record(cycle * CYCLE_S, wall_s, partial=cycle < n_cycles)

    def _log_contacts(self) -> None:
        for contact in self._twin.take_contacts():
            self._log.add(
                contact.time_s, EventKind.CONTACT, unit=contact.unit, cell=contact.cell,
                value=contact.other,
            )  # fmt: skip

    def _progress(self, sim_s: float, total_s: float) -> Progress:
        work = self._work
        picks = work.lines_done if isinstance(work, FulfilmentWork) else work.tasks_done
        return Progress(
            sim_s, total_s, picks, work.tasks_done, self._controller.n_working, self._n_units
        )

    def _record(self, sim_s: float, wall_s: float, partial: bool) -> RunRecord:
        controller, work = self._controller, self._work
        station_times = np.zeros((len(self.layout.stations), 4))
        if isinstance(work, FulfilmentWork):
            station_times = work.station_times(sim_s)
        return RunRecord(
            layout=self.layout,
            n_units=self._n_units,
            n_active=self._n_active,
            sim_s=sim_s,
            wall_s=wall_s,
            partial=partial,
            events=self._log.columns(),
            unit_time_s=controller.unit_time_s,
            station_time_s=station_times,
            cells_driven=controller.executor.driven,
            visits=controller.executor.visits,
            wait_s=controller.wait_s,
            plan_ms=np.array(self._planner.step_ms),
            contacts=self._twin.n_contacts,
            conflicts=controller.executor.n_conflicts,
            notes=tuple(self.notes),
            order_due_s=self.order_due_s,
        )


_START_KINDS = (CellKind.PARKING, CellKind.CHARGER, CellKind.STORAGE, CellKind.FLOOR)
