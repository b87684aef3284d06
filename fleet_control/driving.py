"""Errands on their way over the floor: from a goal to a committed path to a deed done.

An errand is over when its end has been reached physically. Paths are committed ahead of that, and
may be cut before they are released: then what was only committed has not happened, and the errand
goes on from where the path ends now.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act, Reports
from fleet_control.execution.executor import Executor
from fleet_control.execution.kernels import mark_queueing
from fleet_control.mapf.grid import EMPTY, LADEN, UNREACHABLE, Grid
from fleet_control.mapf.planner import Planner
from fleet_control.parking import Parking
from fleet_control.work.work import Deed, Errand, Work

LOADED, EMPTY_RUN, QUEUEING, AT_STATION, WAITING, IDLE = range(6)
"""What a unit's time is booked on."""
NEVER = np.iinfo(np.int32).max
_ACTS = {Deed.LIFT: Act.LIFT, Deed.LOWER: Act.LOWER}


class Driving:
    """What every unit is on the way to.

    goals: int32[n_units], cell that each is on the way to or has come to rest at, or -1.
    is_suspended: bool[n_units], cannot go on for now. is_driving: bool[n_units], has a goal that
    its committed path has not brought it to for good. is_pinned: bool[n_units], must not be moved
    by the planner. is_free: bool[n_units], has no errand and may be given a task. is_laden:
    bool[n_units]. is_acting: bool[n_units], lifts or sets down. states: int8[n_units], LOADED ..
    IDLE.
    n_working: units with a task. is_draining: no errand is begun that need not be. n_finished:
    int64[n_units], errands ended since the start.
    """

    def __init__(
        self, executor: Executor, planner: Planner, work: Work, grid: Grid, parking: Parking
    ) -> None:
        n_units = len(executor.done)
        self._executor, self._planner, self._work, self._grid = executor, planner, work, grid
        self.parking = parking
        self._errands: list[Errand | None] = [None] * n_units
        self._following: list[deque[Errand]] = [deque() for _ in range(n_units)]
        self._passes: list[deque[tuple[int, Errand]]] = [deque() for _ in range(n_units)]
        self._next_pass = np.full(n_units, NEVER, dtype=np.int32)
        self.goals = np.full(n_units, -1, dtype=np.int32)
        self._driven_before = np.zeros(n_units, dtype=np.int64)
        self._is_arriving = np.zeros(n_units, dtype=bool)
        self.is_acting = np.zeros(n_units, dtype=bool)
        self._act_steps = np.zeros(n_units, dtype=np.int32)
        self._may_have_acted = np.zeros(n_units, dtype=bool)
        self.is_suspended = np.zeros(n_units, dtype=bool)
        self._recheck: list[int] = []
        self._put_off: list[tuple[int, Errand]] = []
        self.is_driving = np.zeros(n_units, dtype=bool)
        self.is_pinned = np.zeros(n_units, dtype=bool)
        self.is_laden = np.zeros(n_units, dtype=bool)
        self.is_free = np.ones(n_units, dtype=bool)
        self.is_free[parking.units] = False
        self.states = np.full(n_units, IDLE, dtype=np.int8)
        self.n_working = 0
        self.is_draining = False
        self.n_finished = np.zeros(n_units, dtype=np.int64)
        self.now_s = 0.0

    # Setting out

    def start(self, unit: int, errand: Errand) -> None:
        """Head for the errand's cell. A unit already committed to be there just does the deed."""
        if self.is_free[unit]:  # a stream of errands needs no allocation
            self.take(unit)
        if not self._passes[unit]:  # else the errand before is not over yet
            self._driven_before[unit] = self._executor.driven[unit]
        self._errands[unit] = errand
        self._set_out(unit, errand)

    def put_off(self, unit: int, errand: Errand) -> None:
        """Keep an errand for later: the floor is being drained."""
        self._put_off.append((unit, errand))

    def start_put_off(self) -> None:
        """Errands that were kept."""
        errands, self._put_off = self._put_off, []
        for unit, errand in errands:
            self.start(unit, errand)

    def _set_out(self, unit: int, errand: Errand) -> None:
        self.is_laden[unit] = errand.is_laden
        self.states[unit] = LOADED if errand.is_laden else EMPTY_RUN
        if self.is_suspended[unit]:
            return
        self.is_pinned[unit] = False
        self.head_for(unit, errand.cell)

    def head_for(self, unit: int, cell: int) -> None:
        """Drive to the cell; a unit whose committed path ends there already has reached it."""
        self.goals[unit] = cell
        self.is_driving[unit] = True
        self._planner.set_goal(unit, cell, self._load(unit))
        if self._executor.end_cells[unit] == cell:
            self._reach(unit)

    def take(self, unit: int) -> None:
        """The unit has work now."""
        self.is_free[unit] = False
        self.n_working += 1

    def set_free(self, unit: int) -> None:
        self.is_pinned[unit] = self.is_suspended[unit]
        self.states[unit] = IDLE
        self.is_free[unit] = True
        self.n_working -= 1

    def _load(self, unit: int) -> int:
        return LADEN if self.is_laden[unit] else EMPTY

    # Reaching goals, on the committed path

    def reach_goals(self, moved: NDArray[np.int32]) -> None:
        """Units whose path has come to end at their goal in this planning step."""
        there = self._executor.end_cells[moved] == self.goals[moved]
        for unit in moved[there].tolist():
            self._reach(unit)

    def _reach(self, unit: int) -> None:
        """The committed path ends at the goal: stay for the deed, or go on to the next errand."""
        errand = self._errands[unit]
        if errand is None or self.goals[unit] != errand.cell:
            self._rest(unit)
        elif errand.deed is not Deed.PASS:
            self.is_pinned[unit] = True
            self._is_arriving[unit] = True
            self._recheck.append(unit)
        else:
            self._go_on(unit, errand)

    def _go_on(self, unit: int, errand: Errand) -> None:
        """Past the errand's cell without a stop, if there is another errand."""
        step = int(self._executor.committed[unit])
        self._passes[unit].append((step, errand))
        self._next_pass[unit] = self._passes[unit][0][0]
        if self._executor.done[unit] >= step:
            self._pass(unit)
        queue = self._following[unit]
        following = queue.popleft() if queue else None
        if following is None and not self.is_draining:
            following = self._work.follow_on(unit, self.now_s)
        if following is not None:
            self.start(unit, following)
            return
        self._errands[unit] = None
        self._stop_driving(unit)
        if self._work.task_of(unit) < 0:
            self.set_free(unit)

    def _rest(self, unit: int) -> None:
        """There is nothing to do at the goal: home in a parking place, at a charger, or out of the
        way. There it makes way like any other, also to where no way leads back."""
        parks = unit in self.parking
        if not parks and self.goals[unit] not in self._grid.chargers:
            self._stop_driving(unit)
            return
        self.is_driving[unit] = False
        if parks and self.parking.is_full(self._executor.end_cells):
            self.is_pinned[self.parking.units] = True

    def change_parking_places(self) -> None:
        """Parked units make room on paper for those that come after them."""
        if not self.parking.is_done:
            for unit, cell in self.parking.change_places(self._executor.end_cells):
                self.head_for(unit, cell)

    def _stop_driving(self, unit: int) -> None:
        self.is_driving[unit] = False
        self._planner.clear_goal(unit, self._load(unit))
        self.goals[unit] = -1

    # Errands whose end has been reached physically

    def finish(self, reports: Reports) -> None:
        """Errands that are over by now: passed, arrived, or the deed done."""
        ex, units = self._executor, reports.units
        if self._recheck:
            units = np.concatenate([units, np.array(self._recheck, dtype=np.int32)])
            self._recheck = []
        for unit in units[self._next_pass[units] <= ex.done[units]].tolist():
            self._pass(unit)
        mark_queueing(
            units, self.is_driving, self.is_laden, ex.done, ex.cells, self._grid.zones,
            self.goals, self.states, QUEUEING,
        )  # fmt: skip
        there = (ex.done[units] == ex.committed[units]) & self._is_arriving[units]
        # Once each: a unit that is listed twice has its deed ahead of it the second time.
        for unit in sorted(set(units[there].tolist())):
            if not self.is_suspended[unit]:
                self._arrive(unit)

    def catch_up(self) -> None:
        """Steps have been done of which no report is told any more: look at everyone once."""
        self._recheck.extend(np.flatnonzero(self._executor.is_present).tolist())

    def _pass(self, unit: int) -> None:
        passes = self._passes[unit]
        done = int(self._executor.done[unit])
        while passes and passes[0][0] <= done:
            self._end_errand(unit, passes.popleft()[0])
        self._next_pass[unit] = passes[0][0] if passes else NEVER
        is_idle = self._errands[unit] is None and not self.is_free[unit]
        if self.is_draining and is_idle and self._work.task_of(unit) < 0:
            self.set_free(unit)

    def _arrive(self, unit: int) -> None:
        """The unit stands where its errand ends: do the deed, or it has just been done."""
        errand = self._errands[unit]
        assert errand is not None
        self.is_driving[unit] = False
        act = _ACTS.get(errand.deed)
        if act is not None and not self.is_acting[unit]:
            self.is_acting[unit] = True
            self.states[unit] = LOADED
            self._executor.commit_act(unit, act)
            self._act_steps[unit] = self._executor.committed[unit]
        else:
            self._finish_deed(unit, errand)

    def _finish_deed(self, unit: int, errand: Errand) -> None:
        self._is_arriving[unit] = False
        self.is_acting[unit] = False
        if errand.deed is Deed.LIFT:
            self.is_laden[unit] = True
        elif errand.deed is Deed.LOWER:
            self.is_laden[unit] = False
        self.states[unit] = AT_STATION if errand.deed is Deed.SERVICE else QUEUEING
        self._errands[unit] = None
        self._stop_driving(unit)
        self._end_errand(unit, int(self._executor.done[unit]))
        if self._work.task_of(unit) < 0:
            self.set_free(unit)

    def _end_errand(self, unit: int, step: int) -> None:
        """The unit's errand ended with that step; all its steps since then were driving."""
        ex = self._executor
        driven = int(ex.driven[unit]) - (int(ex.done[unit]) - step)
        n_cells = driven - int(self._driven_before[unit])
        self._driven_before[unit] = driven
        self.n_finished[unit] += 1
        self._work.errand_done(unit, self.now_s, n_cells)

    # When paths were cut, and units cannot go on

    def after_cut(self) -> None:
        """Paths end where they are released to; what lay beyond has not happened."""
        for unit in np.flatnonzero(self._executor.is_present).tolist():
            self._undo_passes(unit)
            self._undo_arrival(unit)
            is_home = self.goals[unit] == self._executor.end_cells[unit]
            if self.goals[unit] >= 0 and not self._is_arriving[unit] and not is_home:
                self.is_driving[unit] = True
                self.is_pinned[unit] = self.is_suspended[unit]

    def _undo_passes(self, unit: int) -> None:
        """Errands that only the cut part of the path would have passed are ahead again."""
        passes, released = self._passes[unit], int(self._executor.released[unit])
        undone = [errand for step, errand in passes if step > released]
        if not undone:
            return
        for _ in undone:
            passes.pop()
        self._next_pass[unit] = passes[0][0] if passes else NEVER
        current = self._errands[unit]
        if current is not None:
            self._following[unit].appendleft(current)
        self._following[unit].extendleft(reversed(undone[1:]))
        self._errands[unit] = undone[0]
        self._set_out(unit, undone[0])

    def _undo_arrival(self, unit: int) -> None:
        """Not at the goal any more, or there and the deed still to be done."""
        errand, ex = self._errands[unit], self._executor
        if not self._is_arriving[unit] or errand is None:
            return
        self.drop_act(unit)
        if ex.end_cells[unit] != errand.cell:
            self._is_arriving[unit] = self.is_acting[unit] = False
        else:
            self._recheck.append(unit)

    def drop_act(self, unit: int) -> None:
        """An act that is not among the unit's steps any more has not been done."""
        if self._act_steps[unit] > self._executor.committed[unit]:
            self.is_acting[unit] = False

    def suspend(self, unit: int) -> None:
        """The unit cannot go on: it stays, and keeps its errand for now. Paths have been cut."""
        self.is_suspended[unit] = self.is_pinned[unit] = True
        if self.goals[unit] >= 0:
            self._stop_driving(unit)

    def give_back(self, unit: int) -> bool:
        """Leave the unit's task to others if nothing is loaded; returns whether it had one to give.

        Not while it may still be lifting: only once the act is done or proved given up is it known
        whether the pod is on its plate.
        """
        if self.is_acting[unit] or not self._work.give_back(unit, self.now_s):
            return False
        if self.goals[unit] >= 0:
            self._stop_driving(unit)
        self._errands[unit] = None
        self._is_arriving[unit] = self.is_acting[unit] = False
        self.set_free(unit)
        return True

    def cancel_task(self, task: int) -> str:
        """Give up a task whose pod has not been lifted; returns why that cannot be, "" where it was
        done. Paths have been cut."""
        unit = self._work.unit_of(task)
        if unit is None:
            return f"there is no task {task} under way"
        if unit >= 0 and not self.give_back(unit):
            return (
                f"task {task} is with unit {unit}, which has lifted what it is about, or is about "
                "to: it is finished as usual"
            )
        return self._work.cancel_task(task, self.now_s)

    def resume(self, unit: int) -> None:
        """The unit can go on: with its errand, or to its parking place."""
        errand = self._errands[unit]
        self.is_suspended[unit] = False
        self.is_pinned[unit] = errand is None and self._has_to_stay(unit)
        if errand is not None:
            self._head_on(unit, errand)
        elif unit in self.parking:
            self.head_for(unit, self.parking.place_of(unit))

    def _has_to_stay(self, unit: int) -> bool:
        """It stands with its pod where nobody passes, at a station or where the pod was stored. A
        unit that was put down in an aisle makes way."""
        is_aisle = self._grid.through[LADEN, self._executor.end_cells[unit]]
        return self._work.task_of(unit) >= 0 and not is_aisle

    def _head_on(self, unit: int, errand: Errand) -> None:
        """Take an errand up again, whose deed may be under way."""
        if self._is_arriving[unit] and self._executor.end_cells[unit] == errand.cell:
            self.is_pinned[unit] = True
            self.goals[unit] = errand.cell
            self._planner.set_goal(unit, errand.cell, self._load(unit))
            self._recheck.append(unit)
            return
        self._is_arriving[unit] = self.is_acting[unit] = False
        self._set_out(unit, errand)

    def forget(self, unit: int) -> None:
        """The unit has been taken off the floor, or stands elsewhere: it is nowhere on its way."""
        passes = self._passes[unit]
        if passes:
            current = self._errands[unit]
            if current is not None:
                self._following[unit].appendleft(current)
            self._following[unit].extendleft(errand for _, errand in reversed(passes))
            self._errands[unit] = self._following[unit].popleft()
            passes.clear()
        self._next_pass[unit] = NEVER
        self._may_have_acted[unit] = self.is_acting[unit]
        self._is_arriving[unit] = self.is_acting[unit] = False

    def come_back(self, unit: int, carries_pod: bool) -> None:
        """The unit stands on the floor, with a pod or without. What it carries tells whether the
        act was done that it was at when it was seen last."""
        errand = self._errands[unit]
        is_done = errand is not None and carries_pod == (errand.deed is Deed.LIFT)
        if errand is not None and is_done and self._may_have_acted[unit]:
            self._finish_deed(unit, errand)
        self._may_have_acted[unit] = False
        self.is_laden[unit] = carries_pod
        self.resume(unit)

    # Goals that cannot be reached for now

    def step_aside(self, unit: int, cell: int) -> None:
        """Drive to that cell first, whatever the errand."""
        self.is_pinned[unit] = False
        self.head_for(unit, cell)

    def review_goals(self, is_closed: NDArray[np.bool_]) -> None:
        """Where units may go has changed: find other goals, wait, or head on."""
        for unit in np.flatnonzero(self._executor.is_present & ~self.is_suspended).tolist():
            errand = self._errands[unit]
            if errand is None or self._is_arriving[unit]:
                continue
            if not self._can_reach(unit, errand.cell):
                n_before = len(self._passes[unit])
                other = self._work.redirect(unit, is_closed, self.now_s, n_before)
                if other is None and self.give_back(unit):
                    continue
                errand = self._errands[unit] = other or errand
            if self.goals[unit] != errand.cell:
                self.head_for(unit, errand.cell)

    def stranded(self) -> list[int]:
        """Units on the floor without a way to their goal: they stay, and make way for others."""
        units = np.flatnonzero(self._executor.is_present & (self.goals >= 0)).tolist()
        return [unit for unit in units if not self._can_reach(unit, int(self.goals[unit]))]

    def is_on_the_way_out(self, unit: int, is_closed: NDArray[np.bool_]) -> bool:
        """Whether its goal is outside the closed cells and can be reached, or it has to stay: for
        it cannot move, is about to lift, or people work on what it carries."""
        goal = int(self.goals[unit])
        if self.is_suspended[unit] or self._is_arriving[unit]:
            return True
        if self._errands[unit] is None and self._work.task_of(unit) >= 0:
            return True
        return goal >= 0 and not is_closed[goal] and self._can_reach(unit, goal)

    def cost_to(self, unit: int, cell: int) -> float:
        """Cost of the way from the end of the unit's committed path; inf where there is none."""
        ex = self._executor
        start, heading = int(ex.end_cells[unit]), int(ex.end_headings[unit])
        cost = self._planner.fields.distance(start, heading, cell, self._load(unit))
        return float(cost) if cost < UNREACHABLE else np.inf

    def _can_reach(self, unit: int, cell: int) -> bool:
        return self.cost_to(unit, cell) < np.inf

    def errand_of(self, unit: int) -> Errand | None:
        return self._errands[unit]
