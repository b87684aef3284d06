"""A run: a scenario wired to the twin, cycle after cycle, into a RunRecord."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fleet_control.allocation import ALLOCATIONS
from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.controller import Controller
from fleet_control.errors import InvariantError
from fleet_control.events import Columns, EventKind, EventLog
from fleet_control.journal.recorder import Recorder
from fleet_control.mapf.grid import Grid, grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.mapf.reach import FloorReach
from fleet_control.operations import Operation
from fleet_control.supervision.status import status_of
from fleet_control.work.valve import Valve
from gridfleet.clock import as_clock
from gridfleet.demand import DemandSummary
from gridfleet.fault_file import read_faults
from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import Scenario
from gridfleet.timed_planner import TimedPlanner
from gridfleet.trouble import ControllerBooks, TroubledWorld
from gridfleet.watch_notes import watch_notes
from gridfleet.wiring import (
    ERRANDS,
    WorkSetup,
    check_unit,
    compile_kernels,
    controller_options,
    kind_of_work,
    line_up,
    set_up_work,
)
from gridfleet.wiring.units import CYCLE_S
from gridfleet.wiring.work_setup import Floor
from layouts import Layout, load
from twin.faults.schedule import Fault, KillPoint
from twin.kinematic.engine import KinematicTwin
from twin.linked import LinkedTwin
from twin.people import People

CYCLES_A_NEWS = 10
"""Control cycles between two calls of `on_progress`."""
WORTH_A_NOTE = 0.1
"""Share of the time for which tasks were held back, beyond a minute."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is. picks: order lines or parcels done, or errands on a floor with neither."""

    sim_s: float
    total_s: float
    picks: int
    tasks_done: int
    active_units: int
    n_units: int


class Simulation:
    """Everything of one scenario, loaded and checked; `run` runs it once.

    Raises a GridfleetError for a layout, orders or figures that cannot be run.

    counted: what `Progress.picks` counts: "picks", "parcels" or "errands". demand_summary: where
    orders came from; None without orders. needs_journal: the controller is killed on the way, so
    that the run has to be recorded.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.needs_journal = False
        self.layout: Layout = load(scenario.layout)
        self.log = EventLog()
        kind = kind_of_work(self.layout)
        fleet = line_up(scenario, self.layout, parks_surplus=kind == ERRANDS)
        self._n_units = len(fleet.cells)
        floor = Floor(self.layout, scenario, fleet.cells, fleet.n_active, self.log, fleet.parking)
        self._setup: WorkSetup = set_up_work(kind, floor)
        has_pods = len(self._setup.pod_cells) > 0
        check_unit(scenario.unit, self.layout, has_pods=has_pods)
        compile_kernels(scenario.planner)
        people = People(len(self.layout.stations), scenario.seed, self._setup.service)
        twin = KinematicTwin(
            self.layout, fleet.cells, np.zeros(self._n_units, dtype=np.int8),
            self._setup.pod_cells,
            people, scenario.unit,
        )  # fmt: skip
        self._books = ControllerBooks(lambda: self._controller)
        self._trouble = self._make_trouble(twin)
        self._twin: KinematicTwin | LinkedTwin = self._trouble.backend if self._trouble else twin
        self._grid = grid = self._make_grid()
        options = PlannerOptions(seed=scenario.seed)
        self._planner = TimedPlanner(planner_named(scenario.planner, grid, self._n_units, options))
        # Errands belong to their units from the start: there is nothing to hold back.
        self._valve = None if kind == ERRANDS else Valve(self._setup.work, self._n_units)
        self._reach = FloorReach(self.layout)
        self.state_at_start = self._twin.connect()
        self._controller = Controller(
            grid, self.state_at_start, self._planner, self._valve or self._setup.work,
            ALLOCATIONS[scenario.allocation],
            controller_options(
                scenario.unit, self.layout.cell_size_m, self._setup.n_active, has_pods=has_pods
            ),
            self.log, self._setup.parking, self._reach,
        )  # fmt: skip
        if self._valve is not None:
            self._valve.watch(self._controller.executor.find_cells, grid.zones >= 0)
        self._first_cycle = 0
        self._wall_before_s = self._began_s = 0.0

    def _make_trouble(self, twin: KinematicTwin) -> TroubledWorld | None:
        """The world of a scenario with faults. Raises FaultError for a file that makes no sense."""
        scenario = self.scenario
        if not scenario.faults:
            return None
        path = Path(scenario.faults)
        schedule = read_faults(path, self.layout, self._n_units, scenario.hours)
        self.needs_journal = schedule.kills
        return TroubledWorld(self.layout, twin, schedule, scenario.seed, self._books)

    @property
    def counted(self) -> str:
        return self._setup.counted

    @property
    def began_at_s(self) -> float:
        """Simulated time at which `run` begins: 0 unless a journalled run goes on."""
        return self._first_cycle * CYCLE_S

    @property
    def demand_summary(self) -> DemandSummary | None:
        return self._setup.demand

    @property
    def notes(self) -> list[str]:
        """Sentences that a reader of the results must know."""
        return self._setup.notes

    # What a journal keeps of a run (fleet_control.journal.recorder.Stateful)

    def mind(self) -> object:
        """Everything that the next decision depends on, and what is counted on the way."""
        return self._controller, self._planner, self._valve, self._setup, self._wall_s()

    def world(self) -> object:
        return self._twin, self._trouble

    def fixed(self) -> dict[str, object]:
        """What is made from the scenario and never changes, by name."""
        named = {
            "layout": self.layout, "grid": self._grid, "log": self.log, "books": self._books,
            "reach": self._reach, **self._setup.fixed,
        }  # fmt: skip
        return {name: value for name, value in named.items() if value is not None}

    def restore_mind(self, mind: Any, events: Sequence[Columns]) -> None:
        """Become what `mind` gave. events: the event log up to then, in pieces."""
        self._controller, self._planner, self._valve, self._setup, self._wall_before_s = mind
        self.log.restore(events)

    def restore_world(self, world: Any, next_cycle: int) -> None:
        """The same for `world`, to go on with that cycle."""
        (self._twin, self._trouble), self._first_cycle = world, next_cycle

    def decide(self, reports: Reports, operations: Sequence[Any] = ()) -> Commands:
        """One step of the controller alone, on inputs from elsewhere."""
        return self._controller.step(reports, operations)

    def reconcile(self, state: FleetState) -> Commands:
        """What the controller alone makes of a later connect."""
        return self._controller.reconcile(state)

    def _make_grid(self) -> Grid:
        """The planner's floor, on which parked units stand for good."""
        parked = list(self._setup.parking.values())
        lanes = lanes_of(self.layout, parked) if self.scenario.lanes else None
        grid = grid_of(self.layout, lanes)
        grid.through[:, parked] = False
        grid.zones[parked] = len(self.layout.stations)  # who parks may pass other parking cells
        return grid

    def run(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        recorder: Recorder | None = None,
    ) -> RunRecord:
        """Run to the end, or until `should_stop`; then the record is marked partial.

        recorder: keeps inputs and decisions in a journal before they are sent. Raises
        BrokenRunError with the record so far where a safety invariant breaks or anything else
        fails. Nothing is released any more then.
        """
        total_s, self._began_s = self.scenario.hours * 3600.0, time.perf_counter()
        n_cycles = math.ceil(total_s / CYCLE_S - 1e-9)
        cycle = self._first_cycle
        if recorder is not None and cycle == 0:
            recorder.connected(self.state_at_start)
            if self.needs_journal:
                recorder.take_snapshot(0, self)
        try:
            while cycle < n_cycles and not (should_stop is not None and should_stop()):
                cycle = self._cycle(cycle, recorder) + 1
                if recorder is not None:
                    recorder.rest(cycle, self)
                if on_progress is not None and cycle % CYCLES_A_NEWS == 0:
                    on_progress(self._progress(cycle * CYCLE_S, total_s))
            self._end(cycle, cycle < n_cycles, recorder)
        except Exception as error:
            if isinstance(error, InvariantError):
                self._twin.send(self._controller.halt())
            if recorder is not None:
                recorder.abandon()
            sim_s = cycle * CYCLE_S
            record = self._record(sim_s, partial=True)
            raise BrokenRunError(_say_broken(error, sim_s), record) from error
        return self._record(cycle * CYCLE_S, partial=cycle < n_cycles)

    def _cycle(self, cycle: int, recorder: Recorder | None) -> int:
        """One control cycle. Returns the last cycle that has passed: a controller that is killed in
        this one is back some cycles later."""
        operations: list[Operation] = []
        kill: Fault | None = None
        if self._trouble is not None:
            operations, kill = self._trouble.act(cycle * CYCLE_S)
        reports = self._twin.advance(cycle * CYCLE_S)
        self._log_contacts()
        point = kill.point if kill is not None else None
        if point is not KillPoint.BEFORE_JOURNAL:
            commands = self._decide(cycle, reports, operations, recorder)
            operations = []
            if point is not KillPoint.BEFORE_SEND:
                self._twin.send(commands)
        if kill is None:
            return cycle
        return self._die(kill, cycle, operations, recorder)

    def _decide(
        self, cycle: int, reports: Reports, operations: Sequence[Operation],
        recorder: Recorder | None,
    ) -> Commands:  # fmt: skip
        """What is decided on what has happened: on disk when this returns."""
        if recorder is not None:
            recorder.take(cycle, reports, operations)
        commands = self._controller.step(reports, operations)
        if recorder is not None:
            recorder.decide(cycle, commands)
        return commands

    def _die(
        self, kill: Fault, cycle: int, operations: list[Operation], recorder: Recorder | None
    ) -> int:
        """The controller is killed; what comes back is made from its journal alone, and asks the
        world what has happened since. Returns the cycle in which it is back."""
        assert self._trouble is not None
        assert recorder is not None
        cycle = self._trouble.go_without_controller(operations, cycle, kill.lasts_s, CYCLE_S)
        wall_s = self._wall_s()
        recorder.revive(self)
        self._wall_before_s, self._began_s = wall_s, time.perf_counter()
        state = self._twin.connect()
        cycle = max(cycle, math.ceil(self._twin.time_s / CYCLE_S - 1e-6))
        recorder.reconnected(cycle, state)
        commands = self._controller.reconcile(state)
        recorder.decide(cycle, commands)
        self._twin.send(commands)
        return cycle

    def _end(self, cycle: int, is_partial: bool, recorder: Recorder | None) -> None:
        """Take in the last news; nothing is sent any more. A run that was interrupted can go on
        from before that."""
        if recorder is not None:
            recorder.take_snapshot(cycle, self)
        reports = self._twin.advance(cycle * CYCLE_S)
        self._log_contacts()
        self._decide(cycle, reports, (), None if is_partial else recorder)
        if recorder is not None and not is_partial:
            recorder.finish(cycle)

    def _wall_s(self) -> float:
        """Seconds that the run has taken, those before a restart included."""
        return self._wall_before_s + time.perf_counter() - self._began_s

    def _log_contacts(self) -> None:
        for contact in self._twin.take_contacts():
            self.log.add(
                contact.time_s, EventKind.CONTACT, unit=contact.unit, cell=contact.cell,
                value=contact.other,
            )  # fmt: skip

    def _progress(self, sim_s: float, total_s: float) -> Progress:
        setup = self._setup
        return Progress(
            sim_s, total_s, setup.n_done(), setup.work.tasks_done, self._controller.n_working,
            self._n_units,
        )  # fmt: skip

    def _record(self, sim_s: float, partial: bool) -> RunRecord:
        controller, setup = self._controller, self._setup
        events = self.log.columns()
        station_times = np.zeros((len(self.layout.stations), 4))
        if setup.station_times is not None:
            station_times = setup.station_times(sim_s)
        return RunRecord(
            layout=self.layout,
            n_units=self._n_units,
            n_active=setup.n_active,
            sim_s=sim_s,
            wall_s=self._wall_s(),
            partial=partial,
            events=events,
            unit_time_s=controller.unit_time_s,
            station_time_s=station_times,
            cells_driven=controller.executor.driven,
            visits=controller.executor.visits,
            wait_s=controller.wait_s,
            plan_ms=np.array(self._planner.step_ms),
            contacts=self._twin.n_contacts,
            conflicts=controller.executor.n_conflicts,
            demand=setup.demand,
            notes=(
                *setup.notes,
                *self._valve_notes(sim_s),
                *watch_notes(controller.supervisor, self.layout),
            ),
            status=status_of(controller.supervisor),
            order_due_s=setup.due_s(events),
            faults=tuple(self._trouble.records) if self._trouble else (),
        )

    def _valve_notes(self, sim_s: float) -> list[str]:
        closed_s = self._valve.closed_s if self._valve is not None else 0.0
        has_tasks = self._setup.station_times is not None
        if not has_tasks or closed_s < max(60.0, WORTH_A_NOTE * sim_s):
            return []
        return [
            f"New tasks were held back for {closed_s / 60:,.0f} of {sim_s / 60:,.0f} min, "
            "while units stood in each other's way, and went on as that cleared."
        ]


def _say_broken(error: Exception, sim_s: float) -> str:
    at = f"at {as_clock(sim_s)} h of simulated time"
    if isinstance(error, InvariantError):
        return f"a safety invariant broke {at}: {error}. The fleet was halted and nothing released."
    kind = type(error).__name__
    return f"the run failed {at}: {kind}: {error}. The fleet was halted and nothing released."
