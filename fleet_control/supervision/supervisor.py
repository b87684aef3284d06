"""One control cycle of supervision: what units say of themselves, what operators ask, what follows.

Progress of the same reports has been absorbed before. Afterwards everyone's path ends where it is
released to if anything has changed, and goes round what is closed now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fleet_control.backend import FleetState, Reports, Request, Requests
from fleet_control.driving import Driving
from fleet_control.errors import InvariantError
from fleet_control.events import EventKind, EventLog
from fleet_control.execution.executor import Executor
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.planner import Planner
from fleet_control.mapf.reach import FloorReach
from fleet_control.operations import Operation
from fleet_control.supervision.admission import Admission
from fleet_control.supervision.books import Books
from fleet_control.supervision.charging import Charging
from fleet_control.supervision.clearing import Clearing
from fleet_control.supervision.closures import Closures
from fleet_control.supervision.operating import Operating
from fleet_control.supervision.roll_call import RollCall
from fleet_control.supervision.roster import PAUSED_TO_HALT, Roster
from fleet_control.supervision.standing import Standing
from fleet_control.supervision.stations import Stations
from fleet_control.supervision.stops import StopOptions, Stops
from fleet_control.supervision.watch import Watch
from fleet_control.work.work import Work


class Supervisor:
    """Watches over all units of one floor.

    reach: what can be reached on the floor, None where nobody asks. roster: how units are.
    roll_call: whose place is not known yet. closures: what is closed now. stops: who watches for
    units that stop. stations: which of them can be worked at. watch: who waits, wanders, or is cut
    off.
    """

    def __init__(
        self, executor: Executor, driving: Driving, planner: Planner, grid: Grid,
        options: StopOptions, log: EventLog, now_s: float, work: Work,
        reach: FloorReach | None = None,
    ) -> None:  # fmt: skip
        self.roster = Roster(len(executor.done), now_s)
        self.closures = Closures(grid.n_rows, grid.n_cols)
        self.books = Books(executor, self.roster, driving, planner, grid, self.closures, log, now_s)
        self.stops = Stops(self.books, options)
        self.roll_call = RollCall(self.books)
        self._admission = Admission(self.books)
        self.operating = Operating(self.books, self._admission, self.roll_call, work)
        self.stations = Stations(self.books, work, reach)
        self._charging = Charging(self.books)
        self._clearing = Clearing(self.books)
        self._standing = Standing(self.books)
        self.watch = Watch(self.books, reach, self.roll_call)

    def sift(self, reports: Reports) -> Reports:
        """Without rows of units that are not on the floor as far as we know: their steps are not
        ours."""
        is_present = self.books.executor.is_present[reports.units]
        if is_present.all():
            return reports
        columns = (getattr(reports, name)[is_present] for name in _UNIT_COLUMNS)
        return replace(reports, **dict(zip(_UNIT_COLUMNS, columns, strict=True)))

    def advance(self, reports: Reports, operations: Sequence[Operation], now_s: float) -> None:
        """Take in how units are and what operators ask, and act on it. reports: as `sift` leaves
        them."""
        books, roster, executor = self.books, self.roster, self.books.executor
        books.now_s = now_s
        is_new = roster.faults[reports.units] != reports.faults
        if roster.take_in(reports):
            self._note_conditions(reports)
            self.stops.take_in(reports, is_new)
        roster.note_progress(executor.done, executor.released, reports.units, now_s)
        self.stops.retract(reports)
        if len(reports.arrivals.units):
            self._admission.greet(reports)
        if len(reports.station_news.stations):
            self.stations.take_in(reports.station_news)
        self.roll_call.look()
        self.operating.operate(operations)
        if self.operating.is_all_paused:
            self.operating.include_newcomers()
            roster.progress_s[:] = now_s
        self.stops.watch()
        self._standing.advance()
        books.settle()
        self._charging.advance()
        self._clearing.advance()
        self.operating.lead_out()
        if self.watch.look():
            self.stations.look()

    def may_have_task(self) -> np.ndarray:
        """bool[n_units], units that may be given a task now."""
        roster = self.roster
        return np.asarray(
            roster.is_ready & ~roster.low_battery() & ~self.stops.is_resting()
            & ~self.books.driving.is_suspended
        )  # fmt: skip

    def may_move(self) -> np.ndarray:
        """bool[n_units], units that may be released steps now: none while one is awaited."""
        is_ready = self.roster.is_ready
        return is_ready if self.roll_call.is_over else np.zeros_like(is_ready)

    def requests(self) -> Requests:
        """What units are asked in this cycle."""
        return self.roster.requests(self.books.now_s)

    def halt(self) -> Requests:
        """Everyone is asked to stand, for good."""
        for unit in self.books.working_units().tolist():
            self.roster.want_pause(unit, PAUSED_TO_HALT, True)
        self.roster.forget_asking()
        return self.requests()

    def reconcile(self, state: FleetState) -> None:
        """Bring the books in line with what the backend says at `connect`."""
        books, executor = self.books, self.books.executor
        books.now_s = state.time_s
        is_new_stream = state.done is None
        if is_new_stream and executor.is_present.any():
            self._begin_streams_again(state)
        elif not is_new_stream:
            self._catch_up(state)
        self._admit_all(state)
        self.roster.begin_anew(state, executor.is_present)
        self.roll_call.look()
        self.roster.progress_s[:] = state.time_s
        books.driving.catch_up()
        books.settle()

    def _begin_streams_again(self, state: FleetState) -> None:
        """Everyone stands and has forgotten its steps: what they held is proved empty."""
        for unit in np.flatnonzero(self.books.executor.is_present).tolist():
            if state.cells[unit] >= 0:
                self._admission.stand_up(unit)

    def _catch_up(self, state: FleetState) -> None:
        """Units that remember their steps have gone on meanwhile."""
        executor = self.books.executor
        assert state.done is not None
        assert state.cleared is not None
        known = np.flatnonzero(executor.is_present & (state.cells >= 0) & (state.done >= 0))
        units = known.astype(np.int32)
        faults = self.roster.faults[units]
        empty = np.empty(0, dtype=np.int32)
        executor.absorb(
            Reports(state.time_s, units, state.done[units], state.cleared[units], faults,
                    empty, empty, empty, np.empty(0))
        )  # fmt: skip

    def _admit_all(self, state: FleetState) -> None:
        """Units that stand on the floor and are not in the books yet."""
        executor = self.books.executor
        wanting = np.flatnonzero((state.cells >= 0) & ~executor.is_present)
        if len(np.unique(state.cells[wanting])) != len(wanting):
            raise InvariantError("two units report the same cell; take one of them off the floor")
        for unit in wanting.tolist():
            cell, heading = int(state.cells[unit]), int(state.headings[unit])
            n_done = 0 if state.done is None else int(state.done[unit])
            n_released = 0 if state.bases is None else int(state.bases[unit])
            if executor.owners[cell] >= 0 or n_done > 0 or n_released > 0:
                continue  # it will say where it stands when it has no step left
            self._admission.admit(unit, cell, heading, int(state.carried_pods[unit]))
            if n_done < 0:  # its steps begin here, which it cannot know
                self.roster.ask(unit, Request.ADMIT)

    def _note_conditions(self, reports: Reports) -> None:
        rows = reports.conditions
        for unit, flags in zip(rows.units.tolist(), rows.flags.tolist(), strict=True):
            self.books.note(EventKind.CONDITION, unit, value=float(flags))


_UNIT_COLUMNS = ("units", "done", "cleared", "faults")
