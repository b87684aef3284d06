"""A planner with a stopwatch: the controller itself never reads a clock."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.planner import Planner


class TimedPlanner:
    """Passes everything on to another planner and keeps the wall time of each step in ms."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.fields = planner.fields
        self.set_goal = planner.set_goal
        self.set_goals = planner.set_goals
        self.clear_goal = planner.clear_goal
        self.set_blocked = planner.set_blocked
        self.set_costs = planner.set_costs
        self.ways_left = planner.ways_left
        self.next_cells = planner.next_cells
        self.step_ms: list[float] = []

    def __getstate__(self) -> dict[str, object]:
        """For a snapshot: times as one small array."""
        return {**self.__dict__, "step_ms": np.array(self.step_ms, dtype=np.float32)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.step_ms = state["step_ms"].tolist()

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """One planning step, timed."""
        began = time.perf_counter()
        chosen = self._planner.step(cells, headings, fixed)
        self.step_ms.append((time.perf_counter() - began) * 1e3)
        return chosen
