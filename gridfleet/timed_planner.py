"""A planner with a stopwatch: the controller itself never reads a clock."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.planner import Planner
from fleet_control.mapf.planner_over import PlannerOver


class TimedPlanner(PlannerOver):
    """Passes everything on to another planner and keeps the wall time of each step in ms."""

    def __init__(self, planner: Planner) -> None:
        super().__init__(planner)
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
