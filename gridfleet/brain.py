"""What decides on one floor: work, planner and controller, made from a scenario and a fleet.

A simulated run and a live one use the same: what is told apart is only the world and the clock
(docs/decisions/0001-the-seam.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fleet_control.allocation import ALLOCATIONS
from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.controller import Controller
from fleet_control.events import Columns, EventLog
from fleet_control.mapf.grid import Grid, grid_of
from fleet_control.mapf.guidance import Guidance
from fleet_control.mapf.guiding import guidance_named, steered
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.mapf.planner_choice import PlannerChoice
from fleet_control.mapf.reach import FloorReach
from fleet_control.operations import Operation
from fleet_control.supervision.status import status_of
from fleet_control.work.valve import Valve
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.timed_planner import TimedPlanner
from gridfleet.watch_notes import watch_notes
from gridfleet.wiring import (
    ERRANDS,
    WorkSetup,
    check_unit,
    controller_options,
    kind_of_work,
    line_up,
    set_up_work,
)
from gridfleet.wiring.fleet import Fleet, planner_of
from gridfleet.wiring.work_setup import Floor
from layouts import Layout, load
from twin.faults.schedule import FaultRecord

WORTH_A_NOTE = 0.1
"""Share of the time for which tasks were held back, beyond a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class Groundwork:
    """What is known before there is a fleet: floor, work, guidance, where units stand at first."""

    scenario: Scenario
    layout: Layout
    kind: str
    fleet: Fleet
    log: EventLog
    setup: WorkSetup
    guidance: Guidance | None
    planner: PlannerChoice

    @property
    def n_units(self) -> int:
        return len(self.fleet.cells)

    @property
    def has_pods(self) -> bool:
        return len(self.setup.pod_cells) > 0


def lay_groundwork(scenario: Scenario) -> Groundwork:
    """Raises a GridfleetError for a floor, orders or figures that cannot be run."""
    layout, log = load(scenario.layout), EventLog()
    kind = kind_of_work(layout)
    fleet = line_up(scenario, layout, parks_surplus=kind == ERRANDS)
    floor = Floor(layout, scenario, fleet.cells, fleet.n_active, log, fleet.parking)
    setup = set_up_work(kind, floor)
    guidance = guidance_named(scenario.guidance, layout, list(setup.parking.values()))
    planner = planner_of(scenario, layout)
    ground = Groundwork(scenario, layout, kind, fleet, log, setup, guidance, planner)
    check_unit(scenario.unit, layout, has_pods=ground.has_pods)
    return ground


class Brain:
    """Everything that decides, for the fleet as it was at the first connect.

    `decide` and `reconcile` are all that a journal sees of it (fleet_control.journal.replay).
    choice: which planner, and why.
    controller, planner, valve, setup: what it is made of; `restore_mind` puts others in place.
    """

    def __init__(self, ground: Groundwork, state: FleetState) -> None:
        self.layout, self.log, self.n_units = ground.layout, ground.log, ground.n_units
        scenario = ground.scenario
        self.setup = setup = ground.setup
        self._grid = grid = _make_grid(ground)
        options = PlannerOptions(seed=scenario.seed)
        self.choice = ground.planner
        planner = planner_named(self.choice.name, grid, self.n_units, options)
        self.planner = TimedPlanner(steered(planner, scenario.guidance, grid, self.n_units))
        # Errands belong to their units from the start: there is nothing to hold back.
        self.valve = None if ground.kind == ERRANDS else Valve(setup.work, self.n_units)
        self._reach = FloorReach(ground.layout)
        self.controller = Controller(
            grid, state, self.planner, self.valve or setup.work, ALLOCATIONS[scenario.allocation],
            controller_options(
                scenario.unit, ground.layout.cell_size_m, setup.n_active, has_pods=ground.has_pods
            ),
            self.log, setup.parking, self._reach,
        )  # fmt: skip
        if self.valve is not None:
            self.valve.watch(self.controller.executor.find_cells, grid.zones)

    # Deciding

    def decide(self, reports: Reports, operations: Sequence[Operation] = ()) -> Commands:
        """One step of the controller."""
        return self.controller.step(reports, operations)

    def reconcile(self, state: FleetState) -> Commands:
        """What the controller makes of a later connect."""
        return self.controller.reconcile(state)

    # What a journal keeps (fleet_control.journal.recorder.Stateful)

    def mind(self) -> object:
        """Everything that the next decision depends on."""
        return self.controller, self.planner, self.valve, self.setup

    def world(self) -> object:
        """None: the world is elsewhere."""
        return None

    def fixed(self) -> dict[str, object]:
        """What is made from the scenario and never changes, by name."""
        return {
            "layout": self.layout, "grid": self._grid, "log": self.log, "reach": self._reach,
            **{name: value for name, value in self.setup.fixed.items() if value is not None},
        }  # fmt: skip

    def restore_mind(self, mind: Any, events: Sequence[Columns]) -> None:
        """Become what `mind` gave. events: the event log up to then, in pieces."""
        self.controller, self.planner, self.valve, self.setup = mind
        self.log.restore(events)

    # What there is to tell

    def record(
        self, sim_s: float, wall_s: float, *, partial: bool, contacts: int = 0,
        has_bodies: bool = False, faults: tuple[FaultRecord, ...] = (),
    ) -> RunRecord:  # fmt: skip
        """What there is until now. contacts: of bodies, where somebody can see them.
        has_bodies: as of `RunRecord`."""
        controller, setup = self.controller, self.setup
        events = self.log.columns()
        station_times = np.zeros((len(self.layout.stations), 4))
        if setup.station_times is not None:
            station_times = setup.station_times(sim_s)
        return RunRecord(
            layout=self.layout,
            n_units=self.n_units,
            n_active=setup.n_active,
            sim_s=sim_s,
            wall_s=wall_s,
            partial=partial,
            events=events,
            unit_time_s=controller.unit_time_s,
            station_time_s=station_times,
            station_causes=setup.station_causes(sim_s) if setup.station_causes else None,
            unit_time=controller.ledger.time(),
            cells_driven=controller.executor.driven,
            visits=controller.executor.visits,
            wait_s=controller.wait_s,
            plan_ms=np.array(self.planner.step_ms),
            contacts=contacts,
            has_bodies=has_bodies,
            conflicts=controller.executor.n_conflicts,
            demand=setup.demand,
            planner=self.choice,
            notes=(
                *setup.notes,
                *setup.later_notes(),
                *self._valve_notes(sim_s),
                *self._planner_notes(),
                *watch_notes(controller.supervisor, self.layout),
            ),
            status=status_of(controller.supervisor),
            order_due_s=setup.due_s(events),
            faults=faults,
        )

    def _planner_notes(self) -> list[str]:
        if not self.choice.is_chosen:
            return []
        return [
            f"Planner {self.choice.name} was chosen for this floor and fleet: {self.choice.why}."
        ]

    def _valve_notes(self, sim_s: float) -> list[str]:
        closed_s = self.valve.closed_s if self.valve is not None else 0.0
        has_tasks = self.setup.station_times is not None
        if not has_tasks or closed_s < max(60.0, WORTH_A_NOTE * sim_s):
            return []
        return [
            f"New tasks were held back for {closed_s / 60:,.0f} of {sim_s / 60:,.0f} min, "
            "while units stood in each other's way, and went on as that cleared."
        ]


def _make_grid(ground: Groundwork) -> Grid:
    """The planner's floor, on which parked units stand for good."""
    parked = list(ground.setup.parking.values())
    grid = grid_of(ground.layout, ground.guidance)
    grid.through[:, parked] = False
    grid.zones[parked] = len(ground.layout.stations)  # who parks may pass other parking cells
    return grid
