"""What a planner of operations sees of one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.grid import Grid


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """cells: int32[n_units], -1 for who is not on the floor. headings: int8[n_units]. aims:
    int32[n_units], cell that each unit is led to or -1; slots: int32[n_units], field of its
    distances; loads: int8[n_units], what it carries. fields: uint16[n_slots, 4 * n]."""

    cells: NDArray[np.int32]
    headings: NDArray[np.int8]
    aims: NDArray[np.int32]
    slots: NDArray[np.int32]
    loads: NDArray[np.int8]
    grid: Grid
    fields: NDArray[np.uint16]
