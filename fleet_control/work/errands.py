"""Work for floors without stations: an endless stream of random goal cells for every unit.

Goals are drawn uniformly from the given cells, as in lifelong path-finding benchmarks. Every unit
draws from a stream of its own, so that what one unit does never changes the goals of another. The
next errand is known before the current one is over, so units pass their goals without stopping.
Errands end in the order in which they were drawn, however much later that is: units are held up,
and paths that led on over several goals are cut and driven anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Set

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import FloorView
from fleet_control.backend import Reports, StationJobs, empty_ints, no_station_jobs
from fleet_control.errors import FleetError
from fleet_control.events import EventKind, EventLog
from fleet_control.operations import NewOrders
from fleet_control.work.work import Deed, Errand, OpenTasks

PURPOSE = 0xE44A4D
"""Key of the goal streams among all streams of a seed."""
_BLOCK = 64
_NO_TASKS = OpenTasks(empty_ints(), empty_ints())
_NO_JOBS = no_station_jobs()
_NO_ORDERS = "the floor has no stations; units run random errands and take no orders"


class ErrandError(FleetError, ValueError):
    """Goal cells or units from which no stream of errands can be made."""


class GoalStream:
    """Uniform draws from `cells` for one unit, made in blocks."""

    def __init__(self, cells: NDArray[np.int32], seeds: np.random.SeedSequence) -> None:
        self._cells = cells
        self._rng = np.random.Generator(np.random.PCG64(seeds))
        self._block: list[int] = []

    def next_goal(self, departure: int) -> int:
        """A goal other than the cell of departure."""
        while True:
            goal = self._pop()
            if goal != departure:
                return goal

    def next_open_goal(self, is_closed: NDArray[np.bool_], others: Collection[int]) -> int:
        """A goal that is neither closed nor among `others`; -1 if there is none. is_closed:
        bool[n_cells]."""
        if not set(self._cells[~is_closed[self._cells]].tolist()).difference(others):
            return -1
        while True:
            goal = self._pop()
            if not is_closed[goal] and goal not in others:
                return goal

    def _pop(self) -> int:
        if not self._block:
            picks = self._rng.integers(len(self._cells), size=_BLOCK)
            self._block = self._cells[picks].tolist()
        return self._block.pop()


class ErrandStream:
    """Random PASS errands for every active unit, for ever.

    goal_cells: int32[k], with at least two different cells. active_units: the units that drive.
    start_cells: int32[n_units], where every unit stands at first. Errands are numbered in the order
    of drawing; the number is the errand's task. An errand starts when the one before it is over.

    tasks_done: errands finished so far.
    """

    def __init__(
        self,
        goal_cells: NDArray[np.int32],
        active_units: NDArray[np.int32],
        start_cells: NDArray[np.int32],
        seed: int,
        log: EventLog,
    ) -> None:
        n_units = len(start_cells)
        _check(goal_cells, active_units, n_units)
        seeds = np.random.SeedSequence([seed, PURPOSE]).spawn(n_units)
        self._active: list[int] = [int(unit) for unit in active_units]
        self._streams = {unit: GoalStream(goal_cells, seeds[unit]) for unit in self._active}
        self._queues: list[deque[tuple[int, int]]] = [deque() for _ in range(n_units)]
        self._last_goals: list[int] = [int(cell) for cell in start_cells]
        self._cells = list(self._last_goals)
        self._without = list(self._active)
        self._ready: list[tuple[int, Errand]] = []
        self._n_drawn = 0
        self._log = log
        self.tasks_done = 0

    def advance(self, now_s: float, reports: Reports) -> None:
        """Hand an errand to every active unit that has none; nothing else to take in."""
        if self._without:
            for unit in self._without:
                if not self._queues[unit]:
                    self._ready.append((unit, self._draw(unit, now_s)))
            self._without = []

    def open_tasks(self) -> OpenTasks:
        """None: errands belong to their unit from the start."""
        return _NO_TASKS

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        raise ErrandError(f"task {task} cannot begin on unit {unit}: errands are never open tasks")

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        """The oldest errand of the unit is over; the one behind it starts."""
        queue = self._queues[unit]
        number, goal = queue.popleft()
        self._cells[unit] = goal
        self.tasks_done += 1
        self._log.add(
            now_s, EventKind.ERRAND_DONE, unit=unit, task=number, cell=goal, value=float(n_cells)
        )
        if queue:
            self._note_start(unit, now_s)
        else:
            self._without.append(unit)

    def follow_on(self, unit: int, now_s: float) -> Errand | None:
        """The unit's next errand."""
        return self._draw(unit, now_s) if unit in self._streams else None

    def give_back(self, unit: int, now_s: float) -> bool:
        """No: errands belong to their unit."""
        return False

    def redirect(
        self, unit: int, is_closed: NDArray[np.bool_], now_s: float, n_before: int = -1
    ) -> Errand | None:
        """The unit's next goal that is open instead: the errand is given up and another drawn in
        its place, before those that were drawn after it."""
        queue = self._queues[unit]
        if not queue:
            return None
        row = len(queue) - 1 if n_before < 0 else n_before
        neighbours = [goal for _, goal in list(queue)[max(row - 1, 0) : row + 2]]
        goal = self._streams[unit].next_open_goal(is_closed, neighbours)
        if goal < 0:
            return None
        self._replace(unit, row, goal, now_s)
        return Errand(goal, Deed.PASS)

    def take_errands(self) -> list[tuple[int, Errand]]:
        ready, self._ready = self._ready, []
        return ready

    def look(self, now_s: float, floor: FloorView) -> None:
        """There are no stations."""

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        """Nobody waits for it."""

    def take_station_jobs(self) -> StationJobs:
        return _NO_JOBS

    def open_station_jobs(self) -> StationJobs:
        return _NO_JOBS

    def task_of(self, unit: int) -> int:
        """Number of the errand that the unit is on, -1 for a unit that has none."""
        queue = self._queues[unit]
        return queue[0][0] if queue else -1

    def close_stations(self, closed: Set[int], now_s: float) -> None:
        """Errands go to no station."""

    def unit_of(self, task: int) -> int | None:
        for unit, queue in enumerate(self._queues):
            if any(number == task for number, _ in queue):
                return unit
        return None

    def cancel_task(self, task: int, now_s: float) -> str:
        return _NO_ORDERS

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        return _NO_ORDERS

    def cancel_order(self, order: int, now_s: float) -> str:
        return _NO_ORDERS

    def _draw(self, unit: int, now_s: float) -> Errand:
        goal = self._streams[unit].next_goal(self._last_goals[unit])
        self._last_goals[unit] = goal
        self._queues[unit].append((self._n_drawn, goal))
        self._n_drawn += 1
        if len(self._queues[unit]) == 1:
            self._note_start(unit, now_s)
        return Errand(goal, Deed.PASS)

    def _replace(self, unit: int, row: int, goal: int, now_s: float) -> None:
        queue = self._queues[unit]
        number, given_up = queue[row]
        self._log.add(now_s, EventKind.TASK_RETURNED, unit=unit, task=number, cell=given_up)
        queue[row] = (self._n_drawn, goal)
        self._n_drawn += 1
        if row == len(queue) - 1:
            self._last_goals[unit] = goal
        if row == 0:  # under way already, nobody here knows where, or not even taken
            self._ready = [(other, errand) for other, errand in self._ready if other != unit]
            self._cells[unit] = -1
            self._note_start(unit, now_s)

    def _note_start(self, unit: int, now_s: float) -> None:
        number, goal = self._queues[unit][0]
        self._log.add(
            now_s, EventKind.ERRAND_STARTED, unit=unit, task=number, cell=goal,
            value=float(self._cells[unit]),
        )  # fmt: skip


def _check(goal_cells: NDArray[np.int32], active: NDArray[np.int32], n_units: int) -> None:
    if len(np.unique(goal_cells)) < 2:
        raise ErrandError(
            f"{len(goal_cells)} goal cells, fewer than two of them different: a unit on its goal "
            "would have nowhere to go; give it the floor's goal cells"
        )
    beyond = [int(unit) for unit in active if not 0 <= unit < n_units]
    if beyond:
        raise ErrandError(f"active unit {beyond[0]} is not among units 0 to {n_units - 1}")
    if len(np.unique(active)) != len(active):
        raise ErrandError("active units name a unit twice")
