"""The loop's inside: reports in, commands out; a deterministic function of its inputs.

One control cycle: free what reports prove empty, finish errands, let work decide, assign tasks,
extend paths when enough units run short of committed moves, release what may go.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.allocation import Allocation
from fleet_control.backend import Act, Commands, FleetState, Reports
from fleet_control.events import EventKind, EventLog
from fleet_control.execution.executor import Executor
from fleet_control.execution.kernels import add_unit_time, count_short, mark_queueing
from fleet_control.mapf.grid import EMPTY, LADEN, UNREACHABLE, Grid
from fleet_control.mapf.planner import Planner
from fleet_control.parking import Parking
from fleet_control.work.work import Deed, Errand, Work

LOADED, EMPTY_RUN, QUEUEING, AT_STATION, WAITING, IDLE = range(6)
"""What a unit's time is booked on."""
NEVER = np.iinfo(np.int32).max
_ACTS = {Deed.LIFT: Act.LIFT, Deed.LOWER: Act.LOWER}


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """base_length: steps released ahead of a unit, enough to drive without stopping.
    commit_moves: moves committed ahead. plan_share: plan when that share of the driving units has
    fewer; plan_timeout_s: or when anyone has for so long (a share alone can halt planning for
    good). max_working: units that may have a task at once. max_tasks: open tasks weighed at once.
    """

    base_length: int = 3
    commit_moves: int = 3
    plan_share: float = 0.5
    plan_timeout_s: float = 2.0
    max_working: int = 1 << 30
    max_tasks: int = 64


class Controller:
    """Everything between reports and commands, for all units of one floor.

    unit_time_s: float64[n_units, 6], seconds per state, columns LOADED .. IDLE.
    wait_s: float64[n_cells], unit seconds spent waiting for others on each cell.
    """

    def __init__(
        self, grid: Grid, state: FleetState, planner: Planner, work: Work,
        allocate: Allocation, options: ControllerOptions, log: EventLog,
        parking: dict[int, int] | None = None,
    ) -> None:  # fmt: skip
        n_units = len(state.cells)
        self.executor = Executor(grid.n_cells, state, options.base_length)
        self.work = work
        self._grid, self._planner, self._allocate = grid, planner, allocate
        self._options, self._log = options, log
        self._errands: list[Errand | None] = [None] * n_units
        self._parking = Parking(parking or {}, grid.n_cols)
        self._goals = np.full(n_units, -1, dtype=np.int32)
        self._pinned = np.zeros(n_units, dtype=bool)
        self._driving = np.zeros(n_units, dtype=bool)
        self._arriving = np.zeros(n_units, dtype=bool)
        self._acting = np.zeros(n_units, dtype=bool)
        self._pass_steps: list[list[int]] = [[] for _ in range(n_units)]
        self._next_pass = np.full(n_units, NEVER, dtype=np.int32)
        self._driven_before = np.zeros(n_units, dtype=np.int64)
        self._laden = state.carried_pods >= 0
        self._states = np.full(n_units, IDLE, dtype=np.int8)
        self._recheck: list[int] = []
        self._last_plan_s = self._now_s = state.time_s
        self.unit_time_s = np.zeros((n_units, 6))
        self.wait_s = np.zeros(grid.n_cells)
        self.n_working = 0
        self._is_free = np.ones(n_units, dtype=bool)
        self._is_free[self._parking.units] = False
        self._is_parking_full = not len(self._parking.units)
        for unit, cell in (parking or {}).items():
            self._head_for(unit, cell, EMPTY)

    def step(self, reports: Reports) -> Commands:
        """One control cycle on what was reported since the last."""
        self._book_time(reports.time_s)
        self.executor.absorb(reports)
        self._note_faults(reports)
        self._finish_errands(reports)
        self.work.advance(self._now_s, reports)
        self._hand_out_tasks()
        for unit, errand in self.work.take_errands():
            self._start(unit, errand)
        self._plan_if_due()
        releases = self.executor.release()
        return Commands(releases, self.work.take_station_jobs(), self.executor.outlook())

    def _book_time(self, now_s: float) -> None:
        ex = self.executor
        add_unit_time(
            now_s - self._now_s, self._states, WAITING, QUEUEING, ex.done, ex.released,
            self._driving, ex.cells, self.unit_time_s, self.wait_s,
        )  # fmt: skip
        self._now_s = now_s

    def _note_faults(self, reports: Reports) -> None:
        for row in np.flatnonzero(reports.faults):
            unit = int(reports.units[row])
            self._pinned[unit] = True
            cell = self.executor.cell_now(unit)
            value = float(reports.faults[row])
            self._log.add(self._now_s, EventKind.FAULT, unit=unit, cell=cell, value=value)

    def _finish_errands(self, reports: Reports) -> None:
        """Errands whose end has been reached physically: passed, arrived, or the deed done."""
        ex, units = self.executor, reports.units
        for unit in units[self._next_pass[units] <= ex.done[units]].tolist():
            self._pass(unit)
        if self._recheck:
            units = np.concatenate([units, np.array(self._recheck, dtype=np.int32)])
            self._recheck = []
        mark_queueing(
            units, self._driving, self._laden, ex.done, ex.cells, self._grid.zones, self._goals,
            self._states, QUEUEING,
        )  # fmt: skip
        there = (ex.done[units] == ex.committed[units]) & self._arriving[units]
        for unit in units[there].tolist():
            if self._arriving[unit]:  # a unit may be listed twice
                self._arrive(unit)

    def _pass(self, unit: int) -> None:
        steps = self._pass_steps[unit]
        done = int(self.executor.done[unit])
        while steps and steps[0] <= done:
            self._end_errand(unit, steps.pop(0))
        self._next_pass[unit] = steps[0] if steps else NEVER

    def _arrive(self, unit: int) -> None:
        """The unit stands where its errand ends: do the deed, or it has just been done."""
        errand = self._errands[unit]
        assert errand is not None
        self._driving[unit] = False
        act = _ACTS.get(errand.deed)
        if act is not None and not self._acting[unit]:
            self._acting[unit] = True
            self._states[unit] = LOADED
            self.executor.commit_act(unit, act)
            return
        self._arriving[unit] = False
        self._acting[unit] = False
        if errand.deed is Deed.LIFT:
            self._laden[unit] = True
        elif errand.deed is Deed.LOWER:
            self._laden[unit] = False
        self._states[unit] = AT_STATION if errand.deed is Deed.SERVICE else QUEUEING
        self._errands[unit] = None
        self._leave_goal(unit)
        self._end_errand(unit, int(self.executor.done[unit]))
        if self.work.task_of(unit) < 0:
            self._set_free(unit)

    def _end_errand(self, unit: int, step: int) -> None:
        """The unit's errand ended with that step; all its steps since then were driving."""
        ex = self.executor
        driven = int(ex.driven[unit]) - (int(ex.done[unit]) - step)
        n_cells = driven - int(self._driven_before[unit])
        self._driven_before[unit] = driven
        self.work.errand_done(unit, self._now_s, n_cells)

    def _leave_goal(self, unit: int) -> None:
        self._planner.clear_goal(unit, LADEN if self._laden[unit] else EMPTY)
        self._goals[unit] = -1

    def _set_free(self, unit: int) -> None:
        self._pinned[unit] = False
        self._states[unit] = IDLE
        self._is_free[unit] = True
        self.n_working -= 1

    def _hand_out_tasks(self) -> None:
        """Give open tasks to free units, by distance over the floor."""
        room = self._options.max_working - self.n_working
        if room <= 0 or not self._is_free.any():
            return
        offered = self.work.open_tasks()
        if not len(offered.tasks):
            return
        free = np.flatnonzero(self._is_free).astype(np.int32)
        n_weighed = min(self._options.max_tasks, len(free))  # as many as can be taken now
        cells = offered.cells[:n_weighed].tolist()
        costs = np.array([self._costs_to(cell, free) for cell in cells])
        for row, column in self._allocate(costs)[:room]:
            unit = int(free[column])
            self._is_free[unit] = False
            self.n_working += 1
            cell = self.executor.cell_now(unit)
            self.work.begin(int(offered.tasks[row]), unit, self._now_s, cell)

    def _costs_to(self, cell: int, units: NDArray[np.int32]) -> NDArray[np.float64]:
        """float64[k], cost of the way of each unit from its committed end to the cell."""
        fields, ex = self._planner.fields, self.executor
        slot = fields.hold(cell, EMPTY)
        states = 4 * self._grid.compact[ex.end_cells[units]] + ex.end_headings[units]
        costs: NDArray[np.float64] = fields.values[slot, states].astype(np.float64)
        fields.let_go(slot)
        costs[costs >= UNREACHABLE] = np.inf
        return costs

    def _start(self, unit: int, errand: Errand) -> None:
        """Head for the errand's cell. A unit already committed to be there just does the deed."""
        if self._is_free[unit]:  # a stream of errands needs no allocation
            self._is_free[unit] = False
            self.n_working += 1
        if not self._pass_steps[unit]:  # else the errand before is not over yet
            self._driven_before[unit] = self.executor.driven[unit]
        self._errands[unit] = errand
        self._laden[unit] = errand.is_laden
        self._states[unit] = LOADED if errand.is_laden else EMPTY_RUN
        self._pinned[unit] = False
        self._head_for(unit, errand.cell, LADEN if errand.is_laden else EMPTY)

    def _head_for(self, unit: int, cell: int, load: int) -> None:
        """Drive to the cell; a unit whose committed path ends there already has reached it."""
        self._planner.set_goal(unit, cell, load)
        self._goals[unit] = cell
        self._driving[unit] = True
        if self.executor.end_cells[unit] == cell:
            self._reach(unit)

    def _reach(self, unit: int) -> None:
        """The committed path ends at the goal: stay for the deed, or go on to the next errand."""
        errand = self._errands[unit]
        if errand is None:
            self._park(unit)
            return
        if errand.deed is not Deed.PASS:
            self._pinned[unit] = True
            self._arriving[unit] = True
            self._recheck.append(unit)
            return
        step = int(self.executor.committed[unit])
        self._pass_steps[unit].append(step)
        self._next_pass[unit] = self._pass_steps[unit][0]
        if self.executor.done[unit] >= step:
            self._pass(unit)
        following = self.work.follow_on(unit, self._now_s)
        if following is None:
            self._errands[unit] = None
            self._driving[unit] = False
            self._leave_goal(unit)
            if self.work.task_of(unit) < 0:
                self._set_free(unit)
        else:
            self._start(unit, following)

    def _park(self, unit: int) -> None:
        """A parked unit is home; until all are, it may have to make way for one behind it."""
        self._driving[unit] = False
        if self._parking.is_full(self.executor.end_cells):
            self._is_parking_full = True
            self._pinned[self._parking.units] = True

    def _plan_if_due(self) -> None:
        ex, options = self.executor, self._options
        n_short, n_driving = count_short(
            self._driving, self._pinned, ex.done, ex.committed, options.commit_moves
        )
        waited_s = self._now_s - self._last_plan_s
        late = waited_s >= options.plan_timeout_s - 1e-9
        if n_short and (n_short >= options.plan_share * n_driving or late):
            self._plan()

    def _plan(self) -> None:
        """Extend all paths by one step; units with enough committed moves stay put in it."""
        ex = self.executor
        self._last_plan_s = self._now_s
        if not self._is_parking_full:
            for unit, cell in self._parking.change_places(ex.end_cells):
                self._head_for(unit, cell, EMPTY)
        fixed = self._pinned | (ex.ahead >= self._options.commit_moves)
        chosen = self._planner.step(ex.end_cells, ex.end_headings, fixed)
        moved = ex.commit(chosen)
        for unit in moved[ex.end_cells[moved] == self._goals[moved]].tolist():
            self._reach(unit)
