"""What the controller knows about units that stations wait for, as stations see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import Cause
from fleet_control.driving import Driving
from fleet_control.execution.executor import Executor
from fleet_control.supervision.supervisor import Supervisor

LOOK_S = 2.0
"""Stations look so often at what can change without news of theirs."""


class FloorLook:
    """A FloorView on the books of the controller.

    zones: int16[n_cells], station of each service cell and lane. max_working: units that may have a
    task at once.
    """

    def __init__(
        self, executor: Executor, driving: Driving, supervisor: Supervisor,
        zones: NDArray[np.int16], max_working: int,
    ) -> None:  # fmt: skip
        self._executor, self._driving, self._supervisor = executor, driving, supervisor
        self._zones, self._max_working = zones, max_working
        self._stands_in: list[int] = []
        self._is_any_stopped = False
        stations = range(int(zones.max(initial=-1)) + 1)
        self._cells = [np.flatnonzero(zones == station) for station in stations]

    def refresh(self) -> None:
        """To be called before anybody looks."""
        self._stands_in = self._zones[self._executor.cells_now].tolist()
        is_ready = self._supervisor.roster.is_ready
        self._is_any_stopped = bool(self._driving.is_suspended.any() or not is_ready.all())

    def stands_in(self, unit: int, station: int) -> bool:
        return self._stands_in[unit] == station

    def is_stopped(self, unit: int) -> bool:
        if not self._is_any_stopped:
            return False
        is_ready = self._supervisor.roster.is_ready[unit]
        return bool(self._driving.is_suspended[unit] or not is_ready)

    def is_shut(self, station: int) -> bool:
        if not self._is_any_stopped:
            return False
        holders = self._executor.owners[self._cells[station]]
        return any(self.is_stopped(unit) for unit in holders[holders >= 0].tolist())

    def tasks_wait(self) -> Cause:
        """The first that applies: the floor is drained; all units have a task; as many as may have
        one; free units have a low battery; they cannot go on, or have no way to any task."""
        driving, supervisor = self._driving, self._supervisor
        if driving.is_draining:
            return Cause.RELEASE
        is_free = driving.is_free
        if not is_free.any():
            return Cause.NO_UNIT
        if driving.n_working >= self._max_working:
            return Cause.RELEASE
        if (is_free & supervisor.may_have_task()).any():
            return Cause.STOPPED
        is_low = is_free & supervisor.roster.low_battery()
        return Cause.CHARGING if is_low.any() else Cause.STOPPED
