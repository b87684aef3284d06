"""The world of 2023 and 2024: where units are, and one joint action after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import WAIT
from gridfleet.bench.lorr.world_kernels import (
    BLOCKED,
    EDGE,
    NO_ACTION,
    VALID,
    VERTEX,
    apply_actions,
)
from layouts import Layout

TEXTS = {
    NO_ACTION: "incorrect action",
    BLOCKED: "moves off the map or onto an obstacle",
    VERTEX: "vertex conflict",
    EDGE: "edge conflict",
}
Fault = tuple[str, int, int]
"""What is wrong with a joint action: text, unit, other unit or -1."""


class World:
    """cells: int32[n_units], headings: int8[n_units]; all begin with heading east."""

    def __init__(self, floor: Layout, starts: NDArray[np.int32]) -> None:
        self.cells = starts.copy()
        self.headings = np.zeros(len(starts), dtype=np.int8)
        self._neighbours = floor.neighbours
        self._at_now = np.full(floor.n_cells, -1, dtype=np.int32)
        self._at_next = np.full(floor.n_cells, -1, dtype=np.int32)
        self._after = np.empty_like(self.cells)
        self._fault = np.empty(3, dtype=np.int32)

    def move(self, actions: NDArray[np.int8]) -> tuple[NDArray[np.int8], Fault | None]:
        """What was really done, int8[n_units]: the actions, or waits of all if one is invalid."""
        n_units = len(self.cells)
        waits = np.full(n_units, WAIT, dtype=np.int8)
        if actions.shape != (n_units,):
            return waits, (f"{actions.size} actions for {n_units} units", -1, -1)
        apply_actions(
            self.cells, self.headings, np.ascontiguousarray(actions, dtype=np.int8),
            self._neighbours, self._at_now, self._at_next, self._after, self._fault,
        )  # fmt: skip
        kind, unit, other = self._fault.tolist()
        return (actions, None) if kind == VALID else (waits, (TEXTS[kind], unit, other))
