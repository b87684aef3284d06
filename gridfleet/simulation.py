"""A run: a scenario wired to the twin, cycle after cycle, into a RunRecord."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import InvariantError
from fleet_control.events import Columns, EventKind
from fleet_control.journal.recorder import Recorder
from fleet_control.operations import Operation
from gridfleet.brain import Brain, lay_groundwork
from gridfleet.clock import as_clock
from gridfleet.demand import DemandSummary
from gridfleet.fault_file import read_faults
from gridfleet.poses.recording import PoseRecorder, recorder_for
from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import NO_ORDERS, Scenario, ScenarioError
from gridfleet.trouble import ControllerBooks, TroubledWorld
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.engines import make_twin
from gridfleet.wiring.units import CYCLE_S
from layouts import Layout
from twin.faults.schedule import Fault, KillPoint
from twin.floor.twin import Twin
from twin.legs import LegRecorder
from twin.linked import LinkedTwin
from twin.people import People

CYCLES_A_NEWS = 10
"""Control cycles between two calls of `on_progress`."""


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

    is_shown: the engine shows its bodies in a window. keeps_legs: record what each unit does
    between two standstills. brain: what decides. counted: what `Progress.picks` counts: "picks",
    "parcels" or "errands". legs: recorded, if they are kept. demand_summary: where orders came
    from; None without orders. needs_journal: the controller is killed on the way, so that the run
    has to be recorded. poses: what was recorded of them; None where nobody wants them. A run that
    goes on from a journal has those since its snapshot: they are no part of it.
    """

    def __init__(
        self, scenario: Scenario, *, keeps_legs: bool = False, is_shown: bool = False
    ) -> None:
        if scenario.orders == NO_ORDERS:
            raise ScenarioError(
                f"orders is {NO_ORDERS!r}, and nobody adds any to a simulated run: leave that out "
                "for made-up orders, or name a file"
            )
        self.scenario = scenario
        self.needs_journal = False
        ground = lay_groundwork(scenario)
        self.layout: Layout = ground.layout
        self.log = ground.log
        self._n_units = ground.n_units
        compile_kernels(ground.planner.name)
        people = People(len(self.layout.stations), scenario.seed, ground.setup.service)
        twin = make_twin(
            scenario, self.layout, ground.fleet.cells, ground.setup.pod_cells, people,
            is_shown=is_shown,
        )  # fmt: skip
        self.legs: LegRecorder | None = None
        if keeps_legs:
            self.legs = LegRecorder(twin, self.layout.n_cols, self.layout.cell_size_m)
        self._books = ControllerBooks(lambda: self.brain.controller)
        self._trouble = self._make_trouble(twin)
        self._twin: Twin | LinkedTwin = self._trouble.backend if self._trouble else twin
        self.poses: PoseRecorder | None = recorder_for(scenario, twin)
        self.state_at_start = self._twin.connect()
        self.brain = Brain(ground, self.state_at_start)
        self._first_cycle = 0
        self._wall_before_s = self._began_s = 0.0

    def _make_trouble(self, twin: Twin) -> TroubledWorld | None:
        """The world of a scenario with faults. Raises FaultError for a file that makes no sense."""
        scenario = self.scenario
        if not scenario.faults:
            return None
        path = Path(scenario.faults)
        schedule = read_faults(path, self.layout, self._n_units, scenario.hours, scenario.seed)
        self.needs_journal = schedule.kills
        return TroubledWorld(self.layout, twin, schedule, scenario.seed, self._books)

    @property
    def has_bodies(self) -> bool:
        """Whether units have masses and wheels: the physics engine."""
        return self._twin.has_bodies

    def close(self) -> None:
        """Let go of what the engine holds beside memory. May be called again; `run` may not."""
        self._twin.close()

    @property
    def counted(self) -> str:
        return self.brain.setup.counted

    @property
    def began_at_s(self) -> float:
        """Simulated time at which `run` begins: 0 unless a journalled run goes on."""
        return self._first_cycle * CYCLE_S

    @property
    def demand_summary(self) -> DemandSummary | None:
        return self.brain.setup.demand

    @property
    def notes(self) -> list[str]:
        """Sentences that a reader of the results must know."""
        return self.brain.setup.notes

    # What a journal keeps of a run (fleet_control.journal.recorder.Stateful)

    def mind(self) -> object:
        """Everything that the next decision depends on, and what is counted on the way."""
        return self.brain.mind(), self._wall_s()

    def world(self) -> object:
        return self._twin, self._trouble

    def fixed(self) -> dict[str, object]:
        """What is made from the scenario and never changes, by name."""
        return {"books": self._books, **self.brain.fixed()}

    def restore_mind(self, mind: Any, events: Sequence[Columns]) -> None:
        """Become what `mind` gave. events: the event log up to then, in pieces."""
        brain, self._wall_before_s = mind
        self.brain.restore_mind(brain, events)

    def restore_world(self, world: Any, next_cycle: int) -> None:
        """The same for `world`, to go on with that cycle."""
        (self._twin, self._trouble), self._first_cycle = world, next_cycle
        twin = self._twin.twin if isinstance(self._twin, LinkedTwin) else self._twin
        self.poses = recorder_for(self.scenario, twin)

    def decide(self, reports: Reports, operations: Sequence[Any] = ()) -> Commands:
        """One step of the controller alone, on inputs from elsewhere."""
        return self.brain.decide(reports, operations)

    def reconcile(self, state: FleetState) -> Commands:
        """What the controller alone makes of a later connect."""
        return self.brain.reconcile(state)

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
                self._twin.send(self.brain.controller.halt())
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
        self._log_bodies()
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
        commands = self.brain.decide(reports, operations)
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
        commands = self.brain.reconcile(state)
        recorder.decide(cycle, commands)
        self._twin.send(commands)
        return cycle

    def _end(self, cycle: int, is_partial: bool, recorder: Recorder | None) -> None:
        """Take in the last news; nothing is sent any more. A run that was interrupted can go on
        from before that."""
        if recorder is not None:
            recorder.take_snapshot(cycle, self)
        reports = self._twin.advance(cycle * CYCLE_S)
        self._log_bodies()
        self._decide(cycle, reports, (), None if is_partial else recorder)
        if recorder is not None and not is_partial:
            recorder.finish(cycle)

    def _wall_s(self) -> float:
        """Seconds that the run has taken, those before a restart included."""
        return self._wall_before_s + time.perf_counter() - self._began_s

    def _log_bodies(self) -> None:
        """Contacts and mishaps since the last time."""
        for contact in self._twin.take_contacts():
            self.log.add(
                contact.time_s, EventKind.CONTACT, unit=contact.unit, cell=contact.cell,
                value=contact.other,
            )  # fmt: skip
        for mishap in self._twin.take_mishaps():
            self.log.add(
                mishap.time_s, EventKind[mishap.kind.name], unit=mishap.unit, cell=mishap.cell,
                value=mishap.value,
            )  # fmt: skip

    def _progress(self, sim_s: float, total_s: float) -> Progress:
        setup = self.brain.setup
        return Progress(
            sim_s, total_s, setup.n_done(), setup.work.tasks_done, self.brain.controller.n_working,
            self._n_units,
        )  # fmt: skip

    def _record(self, sim_s: float, partial: bool) -> RunRecord:
        return self.brain.record(
            sim_s, self._wall_s(), partial=partial, contacts=self._twin.n_contacts,
            has_bodies=self._twin.has_bodies,
            faults=tuple(self._trouble.records) if self._trouble else (),
        )  # fmt: skip


def _say_broken(error: Exception, sim_s: float) -> str:
    at = f"at {as_clock(sim_s)} h of simulated time"
    if isinstance(error, InvariantError):
        return f"a safety invariant broke {at}: {error}. The fleet was halted and nothing released."
    kind = type(error).__name__
    return f"the run failed {at}: {kind}: {error}. The fleet was halted and nothing released."
