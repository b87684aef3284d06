"""Conflicts in plans: vertex, edge (swap) and cycle, checked apart from any planner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.conflict_kernels import find_conflicts

KINDS = ("vertex", "edge", "cycle")
MAX_LISTED = 64


@dataclass(frozen=True, slots=True)
class Conflict:
    """kind: vertex, edge or cycle. step: 1 is the first step; 0 the start of the plan."""

    step: int
    kind: str
    unit: int
    other: int

    def __str__(self) -> str:
        return f"{self.kind} conflict of units {self.unit} and {self.other} in step {self.step}"


class ConflictCheck:
    """Checks plans of a fixed number of units; keeps its scratch arrays."""

    def __init__(self, n_cells: int, n_units: int) -> None:
        self._at_start = np.full(n_cells, -1, dtype=np.int32)
        self._at_end = np.full(n_cells, -1, dtype=np.int32)
        self._mark = np.empty(n_units, dtype=np.int32)
        self._found = np.empty((MAX_LISTED, 4), dtype=np.int32)
        self._pair = np.empty((2, n_units), dtype=np.int32)

    def of_plan(self, cells: NDArray[np.int32]) -> list[Conflict]:
        """All conflicts (the first 64) of int32[n_steps + 1, n_units] cells over time."""
        n = find_conflicts(cells, self._at_start, self._at_end, self._mark, self._found)
        rows = self._found[: min(n, MAX_LISTED)].tolist()
        return [Conflict(step, KINDS[kind], unit, other) for step, kind, unit, other in rows]

    def of_step(self, before: NDArray[np.int32], after: NDArray[np.int32]) -> list[Conflict]:
        """Conflicts of a single step."""
        self._pair[0] = before
        self._pair[1] = after
        return self.of_plan(self._pair)
