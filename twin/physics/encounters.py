"""Units of different worlds that could touch soon: bodies of two worlds do not feel each other.

The collision monitor of all engines (twin.floor.monitor_kernels) looks at true poses, with every
body a little larger than it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.floor.monitor_kernels import N_PARTNERS, NOBODY, watch
from twin.floor.step_kernels import HALF_LENGTH, HALF_POD, HALF_WIDTH, Units
from twin.physics.space import Pair

NEAR_M = 0.03
"""Added to each side of a body. Two that close in at 1.5 m/s each come 5 cm nearer in a tick of
full detail; carried pods on cells beside each other are 10 cm apart, and are no encounter."""


class Encounters:
    """sizes: of the collision monitor. n_rows, n_cols: of the floor. n_bin_cols: columns of squares
    (twin.floor.world)."""

    def __init__(
        self, sizes: NDArray[np.float64], n_rows: int, n_cols: int, n_units: int, n_bin_cols: int
    ) -> None:
        self._sizes = sizes.copy()
        self._sizes[[HALF_LENGTH, HALF_WIDTH, HALF_POD]] += NEAR_M
        self._floor = n_rows, n_cols
        self._n_bin_cols = n_bin_cols
        self._partners = np.full((n_units, N_PARTNERS, 2), NOBODY, dtype=np.int64)
        self._rows = np.empty((N_PARTNERS * n_units, 5))

    def look(
        self, tick: int, units: Units, pod_at: NDArray[np.int32], solid: NDArray[np.uint8],
        heads: NDArray[np.int32],
    ) -> list[Pair]:  # fmt: skip
        """Pairs of units that are near each other now and of which one moves, lower one first."""
        self._partners[:] = NOBODY  # or a pair that stays near would be told only once
        n_found = watch(
            tick, self._sizes, *self._floor, units, pod_at, solid, self._n_bin_cols, heads,
            self._partners, self._rows, 0,
        )  # fmt: skip
        found = self._rows[: min(n_found, len(self._rows)), 1:3].astype(np.int64)
        found.sort(axis=1)
        return sorted({(one, other) for one, other in found.tolist() if one >= 0})
