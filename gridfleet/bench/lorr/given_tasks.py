"""Tasks of 2023: every unit gets its next one from the rules, when it has been where the last is.

"roundrobin": the j-th task of unit k is task (j * n_units + k) of the file, which begins again when
it is over. "roundrobin_fixed": the same, but units whose share is done stop. "greedy": whoever
is done first, by number among those of one step, takes the next task of the file, until it is over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.lorr.problem import LeagueProblem


class GivenTasks:
    """goals: int32[n_units], cell of the task of each unit, -1 without one. ids: int32[n_units], of
    that task, counted as they were assigned. assigned: (id, index in the file, step, unit). events:
    (step, unit, id) of tasks done."""

    def __init__(self, problem: LeagueProblem) -> None:
        self._tasks, self._strategy = problem.tasks, problem.strategy
        n_units = problem.n_units
        self.goals = np.full(n_units, -1, dtype=np.int32)
        self.ids = np.full(n_units, -1, dtype=np.int32)
        self._n_had = np.zeros(n_units, dtype=np.int64)
        self.assigned: list[tuple[int, int, int, int]] = []
        self.events: list[tuple[int, int, int]] = []
        self._assign(range(n_units), 0)

    @property
    def n_finished(self) -> int:
        return len(self.events)

    def _next_index(self, unit: int) -> int:
        """Place in the file of the unit's next task, -1 for none."""
        n_tasks = len(self._tasks)
        if self._strategy == "greedy":
            index = len(self.assigned)
        else:
            index = int(self._n_had[unit]) * len(self.goals) + unit
        if self._strategy == "roundrobin":
            return index % n_tasks
        return index if index < n_tasks else -1

    def _assign(self, units: range | list[int], step: int) -> None:
        for unit in units:
            index = self._next_index(unit)
            if index < 0:
                self.goals[unit] = self.ids[unit] = -1
                continue
            self.goals[unit] = self._tasks.cells[self._tasks.offsets[index]]
            self.ids[unit] = len(self.assigned)
            self._n_had[unit] += 1
            self.assigned.append((len(self.assigned), index, step, unit))

    def check(self, cells: NDArray[np.int32], step: int) -> None:
        """Note tasks of units that stand on them after this step, and give them the next."""
        done = np.flatnonzero((cells == self.goals) & (self.ids >= 0)).tolist()
        self.events += [(step, unit, int(self.ids[unit])) for unit in done]
        self._assign(done, step)
