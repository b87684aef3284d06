"""The kinematic twin: a Backend whose units obey speed, acceleration and turn limits exactly.

The collision monitor watches every tick and is independent of the controller: it sees poses and
loads, never plans or reservations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts import Layout
from twin.floor.twin import Twin
from twin.floor.world import Contact
from twin.kinematic.kernels import AS_SET, run_ticks
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, UnitModel

TICK_S = 0.04


class KinematicTwin(Twin):
    """Units that move exactly as their limits say, or as their calibration does where they have
    one. Arguments as of `Twin`."""

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel = DEFAULT_UNIT,
        tick_s: float = TICK_S,
    ) -> None:  # fmt: skip
        super().__init__(layout, cells, headings, pod_cells, people, unit.as_measured(), tick_s)
        self._settle_s = unit.calibration.settle_s if unit.calibration is not None else AS_SET

    def _move(self, n_ticks: int) -> int:
        return run_ticks(
            self._tick + 1, n_ticks, self.tick_s, self._limits, self._sizes,
            self._layout.n_rows, self._layout.n_cols, self._units, self._cells, self._acts,
            self._speeds, self._centres, self._pod_at, self._solid, self._n_bin_cols, self._heads,
            self._partners, self._contact_rows, self._settle_s,
        )  # fmt: skip


__all__ = ["TICK_S", "Contact", "KinematicTwin"]
