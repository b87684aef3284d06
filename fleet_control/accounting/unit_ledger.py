"""The account of drive unit time: every microsecond on one column, every wait on whoever caused it.

Between two control cycles a unit is what it was at the end of the first. A unit waits where all
that is released to it is driven and it has further to go: then it waits for the unit whose turn it
is in its next cell (execution/wait_kernels.py), or, where no path is planned for it, for the unit
that has the cell it would go to next; else for nobody, which means for the planner. The root of a
wait is the unit at the end of the chain: it waits for nobody, and whatever it is doing holds up all
that stand behind it.

States are booked in every control cycle. Who waits for whom takes longer to find out and is looked
at every LOOK_S: what a unit has waited since it was seen waiting before is then booked on whom it
waits for. So a wait that is over between two looks is booked with the unit's next: who is waited
for is a sample, sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting import unit_kernels as kernels
from fleet_control.accounting.ticks import TICKS_PER_S, seconds, ticks
from fleet_control.driving import Driving
from fleet_control.execution.executor import Executor
from fleet_control.execution.wait_kernels import FREE, find_roots
from fleet_control.mapf.planner import Planner


class UnitUse(IntEnum):
    """What a unit's time is booked on. Columns of the ledger."""

    LOADED = kernels.LOADED
    """Driving with a load."""
    EMPTY = kernels.EMPTY
    LIFTING = kernels.LIFTING
    """Lifting or setting down."""
    QUEUEING = kernels.QUEUEING
    """In the lane of its station."""
    SLOT = kernels.SLOT
    """Under its pod in storage until its station has a place for it."""
    AT_STATION = kernels.AT_STATION
    WAITING = kernels.WAITING
    """On the way, and everything released is driven."""
    NO_TASK = kernels.NO_TASK
    CHARGING = kernels.CHARGING
    """Without a task because its battery is low, on the way to a charger or at it."""
    PARKED = kernels.PARKED
    STOPPED = kernels.STOPPED
    """Cannot go on."""


LOOK_S = 2.6
"""Not in step with planning (ControllerOptions.plan_timeout_s), which would make the sample a poor
one."""
N_STATES = 7
_LOOK_TICKS = ticks(LOOK_S) - 1000
_STATE_OF = np.array([0, 1, 0, 2, 2, 3, 4, 5, 5, 5, 6])
"""State by use: LOADED .. IDLE of fleet_control.driving, and 6 for stopped."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitTime:
    """Ticks until some moment. Differences of two are the account of the time between them.

    booked: int64[n_units, 11], by UnitUse. waited_for: int64[n_units], ticks that others waited for
    the unit directly. held_up: int64[n_units, 11], for it as the root, by what it was doing
    meanwhile. rootless: int64[3], waiting for nobody (but the planner), for each other in a ring,
    and what is not looked at yet.
    """

    booked: NDArray[np.int64]
    waited_for: NDArray[np.int64]
    held_up: NDArray[np.int64]
    rootless: NDArray[np.int64]

    @property
    def is_exact(self) -> bool:
        """Whether every unit has the same time, and all waiting is accounted for, to the tick."""
        totals, waiting = self.booked.sum(axis=1), int(self.booked[:, UnitUse.WAITING].sum())
        nobody = int(self.rootless[[kernels.NOBODY, kernels.UNSEEN]].sum())
        ring = int(self.rootless[kernels.RING])
        return bool(
            (totals == totals[:1]).all()
            and (self.booked >= 0).all()
            and waiting == int(self.waited_for.sum()) + nobody
            and waiting == int(self.held_up.sum()) + nobody + ring
        )


class UnitLedger:
    """Books the time of all units of one floor.

    flags: int8[n_units], Condition, kept up to date elsewhere. wait_s: float64[n_cells], unit
    seconds spent waiting on each cell.
    """

    def __init__(
        self, executor: Executor, driving: Driving, planner: Planner, flags: NDArray[np.int8],
        start_s: float,
    ) -> None:  # fmt: skip
        n_units = len(executor.done)
        self._executor, self._driving, self._planner = executor, driving, planner
        self._flags, self._now = flags, ticks(start_s)
        self._is_parked = np.zeros(n_units, dtype=bool)
        self._is_parked[driving.parking.units] = True
        self.wait_s = np.zeros(len(executor.owners))
        self._booked = np.zeros((n_units, len(UnitUse)), dtype=np.int64)
        self._waited_for = np.zeros(n_units, dtype=np.int64)
        self._held_up = np.zeros((n_units, len(UnitUse)), dtype=np.int64)
        self._rootless = np.zeros(3, dtype=np.int64)
        self._waited = np.zeros(n_units, dtype=np.int64)
        self._looked = self._now
        self._columns = np.zeros(n_units, dtype=np.int8)
        self._roots = np.empty(n_units, dtype=np.int32)
        self._path = np.empty(n_units, dtype=np.int32)
        self._at_end = np.full(len(executor.owners), -1, dtype=np.int32)

    def book(self, now_s: float) -> None:
        """Book the time since the last call, in which everyone was as the books are now."""
        now, ex, driving = ticks(now_s), self._executor, self._driving
        dt, self._now = now - self._now, now
        n_waiting = kernels.book_states(
            dt, dt / TICKS_PER_S, driving.states, ex.done, ex.released, ex.cells,
            driving.is_driving, driving.is_acting, driving.is_suspended, self._is_parked,
            self._flags, self._booked, self.wait_s, self._columns, self._waited,
        )  # fmt: skip
        if n_waiting and now - self._looked >= _LOOK_TICKS:
            self._looked = now
            self._book_waits()

    def _book_waits(self) -> None:
        ex, is_waiting = self._executor, self._columns == kernels.WAITING
        waits_for, goes_on = ex.waits(is_waiting)
        is_driven = is_waiting & (ex.done == ex.committed) & (waits_for == FREE)
        if is_driven.any():
            ends = np.where(is_driven, ex.end_cells, np.int32(-1))
            wants = self._planner.next_cells(ends, ex.end_headings)
            kernels.add_wishes(wants, ex.end_cells, ex.is_present, self._at_end, waits_for, goes_on)
        find_roots(waits_for, goes_on, self._roots, self._path)
        kernels.book_waits(
            self._columns, waits_for, self._roots, self._waited, self._waited_for, self._held_up,
            self._rootless,
        )  # fmt: skip

    def warm_up(self) -> None:
        """Run every kernel once, before anything is booked."""
        nobody = np.full_like(self._roots, FREE)
        kernels.add_wishes(
            nobody, self._executor.end_cells, self._executor.is_present, self._at_end, nobody,
            np.zeros(len(nobody), dtype=bool),
        )  # fmt: skip
        self._planner.next_cells(self._executor.end_cells, self._executor.end_headings)
        self._book_waits()

    def time(self) -> UnitTime:
        """All that was booked until the last call of `book`."""
        rootless = self._rootless.copy()
        rootless[kernels.UNSEEN] = self._waited.sum()
        return UnitTime(
            self._booked.copy(), self._waited_for.copy(), self._held_up.copy(), rootless
        )

    def times_s(self) -> NDArray[np.float64]:
        """float64[n_units, 7], seconds by state: LOADED .. IDLE of driving.py, stopped."""
        states = np.zeros((len(self._booked), N_STATES), dtype=np.int64)
        for use, state in enumerate(_STATE_OF.tolist()):
            states[:, state] += self._booked[:, use]
        return seconds(states)
