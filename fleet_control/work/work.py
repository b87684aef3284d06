"""What the controller needs of whatever creates work: errands for units and jobs for stations.

Two kinds exist: fulfilment (orders are picked from pods at stations) and a stream of
point-to-point errands for floors without stations.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import FloorView
from fleet_control.backend import Reports, StationJobs
from fleet_control.operations import NewOrders


class Deed(IntEnum):
    """What a unit does at the end of an errand."""

    PASS = 0
    """Nothing: the errand is done on arrival and the unit need not stop."""
    LIFT = 1
    LOWER = 2
    SERVICE = 3
    """Stand still until people at the station have finished the job."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Drive to a cell and do something there. `is_laden` holds while driving."""

    cell: int
    deed: Deed
    is_laden: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OpenTasks:
    """Tasks that need a unit. tasks: int32[k] ids, most urgent first; cells: int32[k], where each
    task's first errand goes."""

    tasks: NDArray[np.int32]
    cells: NDArray[np.int32]


class Work(Protocol):
    """The controller calls `advance`, assigns `open_tasks` with `begin`, then sends every unit in
    `take_errands` on its way, and tells when an errand is over."""

    def advance(self, now_s: float, reports: Reports) -> None:
        """Take in what has arrived by now: new orders, lines that people have finished."""

    def open_tasks(self) -> OpenTasks:
        """Tasks without a unit."""

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        """The task now belongs to this unit, which is on that cell (-1: not known); its first
        errand comes with `take_errands`."""

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        """The unit stands on its errand's cell and has done its deed (SERVICE: has arrived). It
        drove `n_cells` cells since the errand started."""

    def look(self, now_s: float, floor: FloorView) -> None:
        """What stations wait for can be seen now: every second or so, at the end of a cycle."""

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        """The unit has set out on its errand: so long is its way if nobody is in it, with what
        turns and lanes cost counted as cells."""

    def follow_on(self, unit: int, now_s: float) -> Errand | None:
        """The errand after the current one, if it is known before the current one is over.

        Asked when a unit's committed path reaches the cell of a PASS errand, so that the unit may
        drive on without stopping. `errand_done` is still called for each errand in turn."""

    def give_back(self, unit: int, now_s: float) -> bool:
        """The unit cannot go on. Where nothing is loaded, its task is open again for others, its
        errand is void, and it has none; else it keeps its task. Returns whether it gave one back.
        """

    def redirect(
        self, unit: int, is_closed: NDArray[np.bool_], now_s: float, n_before: int = -1
    ) -> Errand | None:
        """The goal of the unit's errand cannot be reached: another errand for the same end, such as
        another storage cell to set a pod down on; None where there is none, and nothing changes.
        The errand before is void, and the new one comes from here alone, not with `take_errands`.

        is_closed: bool[n_cells], cells that nobody enters now. n_before: a unit that was told
        errands ahead (`follow_on`) drives to the one that so many unfinished ones precede; -1: to
        the last that it was told."""

    def take_errands(self) -> list[tuple[int, Errand]]:
        """Errands to start now, (unit, errand), each handed out once."""

    def take_station_jobs(self) -> StationJobs:
        """Jobs for people, each handed out once."""

    def open_station_jobs(self) -> StationJobs:
        """What is left of all jobs handed out, in that order: to be sent again after a restart.
        People who did a line meanwhile report it again, and a line reported twice counts once."""

    def task_of(self, unit: int) -> int:
        """The unit's task or -1."""

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        """Nobody can work at these stations, or get to them: no unit sets out for them any more,
        and orders go to others. Called again with all that are closed whenever that changes. What
        is under way to them stays so."""

    def unit_of(self, task: int) -> int | None:
        """The unit that has the task, -1 for an open task, None for one that is neither."""

    # Each of the following returns why it cannot be done, "" where it was done.

    def cancel_task(self, task: int, now_s: float) -> str:
        """Give up an open task: what it was to do is open again, for another unit or pod."""

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        """More orders, placed now."""

    def cancel_order(self, order: int, now_s: float) -> str:
        """What people have not been given of the order is not wanted any more."""
