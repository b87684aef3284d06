"""What all planners over another one pass on to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.planner import Planner


class PlannerOver:
    """Implements `Planner`: everything is the other planner's, but for what a subclass changes."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.fields = planner.fields

    def set_goal(self, unit: int, goal: int, load: int) -> None:
        self.set_goals([unit], [goal], load)

    def set_goals(self, units: Sequence[int], goals: Sequence[int], load: int) -> None:
        self._planner.set_goals(units, goals, load)

    def clear_goal(self, unit: int, load: int) -> None:
        self._planner.clear_goal(unit, load)

    def set_blocked(self, blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]) -> None:
        self._planner.set_blocked(blocked, *areas)

    def set_costs(self, surcharges: NDArray[np.int32]) -> None:
        self._planner.set_costs(surcharges)

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        return self._planner.step(cells, headings, fixed)

    def ways_left(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        return self._planner.ways_left(cells, headings)

    def next_cells(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        return self._planner.next_cells(cells, headings)
