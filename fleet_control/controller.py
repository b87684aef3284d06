"""The loop's inside: reports in, commands out; a deterministic function of its inputs.

One control cycle: free what reports prove empty, see to units that stop, appear or vanish, finish
errands, let work decide, assign tasks, extend paths when enough units run short of committed moves,
release what may go. Start and restart are one: `reconcile` with what the backend says at `connect`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.floor_look import LOOK_S, FloorLook
from fleet_control.accounting.unit_ledger import UnitLedger
from fleet_control.allocation import Allocation
from fleet_control.backend import Commands, FleetState, Reports, no_releases, no_station_jobs
from fleet_control.driving import AT_STATION, EMPTY_RUN, IDLE, LOADED, QUEUEING, WAITING, Driving
from fleet_control.events import EventLog
from fleet_control.execution.executor import Executor
from fleet_control.execution.kernels import count_short
from fleet_control.footprint import Footprint
from fleet_control.mapf.grid import CELL_COST, EMPTY, UNREACHABLE, Grid
from fleet_control.mapf.planner import Planner
from fleet_control.mapf.reach import FloorReach
from fleet_control.operations import Operation
from fleet_control.parking import Parking
from fleet_control.supervision.stops import StopOptions
from fleet_control.supervision.supervisor import Supervisor
from fleet_control.work.work import Deed, Errand, OpenTasks, Work

STOPPED = 6
"""Column of the time of units that cannot go on, after those of fleet_control.driving."""


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """base_length: steps released ahead of a unit, enough to drive without stopping.
    commit_moves: moves committed ahead. plan_share: plan when that share of the driving units has
    fewer; plan_timeout_s: or when anyone has for so long (a share alone can halt planning for
    good). max_working: units that may have a task at once. max_tasks: open tasks weighed at once.
    stops: what is done about units that stop. footprint: of the units; None for units that fit
    their cells in whatever they do.
    """

    base_length: int = 3
    commit_moves: int = 3
    plan_share: float = 0.5
    plan_timeout_s: float = 2.0
    max_working: int = 1 << 30
    max_tasks: int = 64
    stops: StopOptions = field(default_factory=StopOptions)
    footprint: Footprint | None = None


class Controller:
    """Everything between reports and commands, for all units of one floor.

    state: of the fleet at the start. Nobody moves until the place of every unit is known, or it was
    left out (supervision/roll_call.py). parking: cell of every unit that stands aside for good.
    reach: tells what closed cells cut off; without it nobody is told.

    opening: what a fleet has to be told before its first cycle; nothing, where all units begin at
    step 0. ledger: what the time of units is spent on.
    """

    def __init__(
        self, grid: Grid, state: FleetState, planner: Planner, work: Work,
        allocate: Allocation, options: ControllerOptions, log: EventLog,
        parking: dict[int, int] | None = None, reach: FloorReach | None = None,
    ) -> None:  # fmt: skip
        n_units = len(state.cells)
        self.work = work
        self._planner, self._allocate = planner, allocate
        self._options = options
        self.executor = Executor(grid.n_cells, n_units, options.base_length)
        if options.footprint is not None:
            self.executor.watch_turns(options.footprint, grid.n_cols)
        self.driving = Driving(
            self.executor, planner, work, grid, Parking(parking or {}, grid.n_cols)
        )
        self.supervisor = Supervisor(
            self.executor, self.driving, planner, grid, options.stops, log, state.time_s, work,
            reach,
        )  # fmt: skip
        self._floor = FloorLook(
            self.executor, self.driving, self.supervisor, grid.zones, options.max_working
        )
        self._last_plan_s = self._looked_s = self._now_s = state.time_s
        self.ledger = UnitLedger(
            self.executor, self.driving, planner, self.supervisor.roster.flags, state.time_s
        )
        self.opening = self.reconcile(state)

    @property
    def unit_time_s(self) -> NDArray[np.float64]:
        """float64[n_units, 7], seconds so far by state, columns LOADED .. IDLE, STOPPED."""
        return self.ledger.times_s()

    @property
    def wait_s(self) -> NDArray[np.float64]:
        """float64[n_cells], unit seconds spent waiting for others on each cell."""
        return self.ledger.wait_s

    @property
    def n_working(self) -> int:
        """Units that have a task."""
        return self.driving.n_working

    def reconcile(self, state: FleetState) -> Commands:
        """Begin, or go on after a restart, from what the backend says at `connect`.

        Returns what the backend has to know again: all that units hold, the jobs of people that are
        not finished, and which units are welcome where they stand although they have forgotten
        their steps. Sending that twice changes nothing.
        """
        self.ledger.book(state.time_s)  # nobody decided meanwhile: everyone was as it was left
        self._now_s = self._last_plan_s = self.driving.now_s = state.time_s
        is_restart = bool(self.executor.is_present.any())
        self.supervisor.reconcile(state)
        requests = self.supervisor.requests()
        if not is_restart:
            return Commands(no_releases(), no_station_jobs(), requests=requests)
        jobs = self.work.open_station_jobs()
        return Commands(self.executor.open_releases(), jobs, requests=requests)

    def step(self, reports: Reports, operations: Sequence[Operation] = ()) -> Commands:
        """One control cycle on what was reported, and asked by operators, since the last.

        Raises InvariantError where reports or plans contradict what is held; see `halt`.
        """
        self.ledger.book(reports.time_s)
        self._now_s = self.driving.now_s = reports.time_s
        ours = self.supervisor.sift(reports)
        self.executor.absorb(ours)
        self.supervisor.advance(ours, operations, self._now_s)
        self.driving.finish(reports)
        self.work.advance(self._now_s, reports)
        if self.supervisor.roll_call.is_over:  # else nobody is sent anywhere
            self._hand_out_tasks()
            self._hand_out_errands()
            self._plan_if_due()
        self._let_stations_look()
        releases = self.executor.release(self.supervisor.may_move())
        self.executor.check_holdings()
        return Commands(
            releases, self.work.take_station_jobs(), self.executor.outlook(),
            self.supervisor.requests(),
        )  # fmt: skip

    def halt(self) -> Commands:
        """Ask everyone to stand: what is sent when an invariant is broken, and nothing after it."""
        return Commands(no_releases(), no_station_jobs(), requests=self.supervisor.halt())

    def _hand_out_tasks(self) -> None:
        """Give open tasks to free units, by distance over the floor."""
        room = self._options.max_working - self.driving.n_working
        if room <= 0 or self.driving.is_draining:
            return
        is_free = self.driving.is_free & self.supervisor.may_have_task()
        if not is_free.any():
            return
        offered = self.work.open_tasks()
        if not len(offered.tasks):
            return
        free = np.flatnonzero(is_free).astype(np.int32)
        tasks, costs = self._weigh(offered, free)
        for row, column in self._allocate(costs)[:room]:
            unit = int(free[column])
            self.driving.take(unit)
            cell = self.executor.cell_now(unit)
            self.work.begin(tasks[row], unit, self._now_s, cell)

    def _weigh(
        self, offered: OpenTasks, free: NDArray[np.int32]
    ) -> tuple[list[int], NDArray[np.float64]]:
        """The oldest tasks that can be reached, as many as can be taken now, and the cost of each
        for each free unit. Tasks that nobody reaches for now must not hide those behind them."""
        n_weighed = min(self._options.max_tasks, len(free))
        tasks: list[int] = []
        rows = [np.empty((0, len(free)))]
        looked_at = 0
        while len(tasks) < n_weighed and looked_at < len(offered.tasks):
            some = slice(looked_at, looked_at + n_weighed - len(tasks))
            costs = self._costs_to(offered.cells[some], free)
            is_reached = np.isfinite(costs).any(axis=1)
            tasks += offered.tasks[some][is_reached].tolist()
            rows.append(costs[is_reached])
            looked_at = some.stop
        return tasks, np.concatenate(rows)

    def _costs_to(self, cells: NDArray[np.int32], units: NDArray[np.int32]) -> NDArray[np.float64]:
        """float64[n_cells, n_units], cost of the way from each unit's committed end to each cell,
        inf where there is none."""
        ex = self.executor
        found = self._planner.fields.costs(
            ex.end_cells[units], ex.end_headings[units], cells.tolist(), EMPTY
        )
        costs = found.astype(np.float64)
        costs[(found >= UNREACHABLE) | ex.is_closed[cells][:, None]] = np.inf
        return costs

    def _hand_out_errands(self) -> None:
        """Send units on their way. While the floor drains, a stream of errands begins no more."""
        for unit, errand in self.work.take_errands():
            if self.driving.is_free[unit] and self.driving.is_draining:
                self.driving.put_off(unit, errand)
            else:
                self.driving.start(unit, errand)
                self._note_way(unit, errand)
        if not self.driving.is_draining:
            self.driving.start_put_off()

    def _note_way(self, unit: int, errand: Errand) -> None:
        """Tell work how far the unit has to go to where it is waited for, if it has a way."""
        if errand.deed in (Deed.PASS, Deed.LOWER):
            return
        cost = self.driving.cost_to(unit, errand.cell)
        if cost < np.inf:
            self.work.note_way(unit, cost / CELL_COST, self._now_s)

    def _plan_if_due(self) -> None:
        ex, options, driving = self.executor, self._options, self.driving
        n_short, n_driving = count_short(
            driving.is_driving, driving.is_pinned, ex.done, ex.committed, options.commit_moves
        )
        waited_s = self._now_s - self._last_plan_s
        late = waited_s >= options.plan_timeout_s - 1e-9
        if n_short and (n_short >= options.plan_share * n_driving or late):
            self._plan()

    def _let_stations_look(self) -> None:
        """Now and then: what those wait for that have nothing to do."""
        if self._now_s >= self._looked_s + LOOK_S - 1e-9:
            self._looked_s = self._now_s
            self._floor.refresh()
            self.work.look(self._now_s, self._floor)

    def _plan(self) -> None:
        """Extend all paths by one step; units with enough committed moves stay put in it."""
        ex = self.executor
        self._last_plan_s = self._now_s
        self.driving.change_parking_places()
        fixed = self.driving.is_pinned | (ex.ahead >= self._options.commit_moves)
        chosen = self._planner.step(ex.end_cells, ex.end_headings, fixed)
        self.driving.reach_goals(ex.commit(chosen))


__all__ = ["AT_STATION", "EMPTY_RUN", "IDLE", "LOADED", "QUEUEING", "STOPPED", "WAITING",
           "Controller", "ControllerOptions"]  # fmt: skip
