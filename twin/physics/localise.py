"""Where units believe to be: dead reckoning from their wheels, put right at floor markers.

Between two markers a unit adds up the travel of its wheels (differential odometry, Borenstein and
Feng 1996: a wrong radius and slip make it drift). A camera below the unit reads the marker at the
middle of a cell as the unit comes over it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.unit_model import UnitModel

LOCALISE_PURPOSE = 0x10CA7E
MARKER_SIGHT_M = 0.06
"""A marker is read when the unit's middle is that near to it."""


class Localiser:
    """Beliefs of all units. centres_m: float64[n_cells, 2], where the markers are; seed: of the
    errors. believed: float64[n_units, 3], x, y, yaw."""

    def __init__(
        self, unit: UnitModel, poses: NDArray[np.float64], centres_m: NDArray[np.float64],
        seed: int,
    ) -> None:  # fmt: skip
        self._model, self._centres = unit.localisation, centres_m
        self._radius_m, self._track_m = unit.body.wheel_radius_m, unit.body.track_m
        self._rng = np.random.default_rng([LOCALISE_PURPOSE, seed])
        n_units = len(poses)
        self._scales = 1.0 + self._model.wheel_error * self._rng.standard_normal((n_units, 2))
        self.believed = poses.copy()
        self._turns = np.full((n_units, 2), np.nan)
        self._seen = np.full(n_units, -1, dtype=np.int64)

    def reset(self, unit: int, pose: NDArray[np.float64]) -> None:
        """The unit has been put down there, and told so."""
        self.believed[unit], self._turns[unit], self._seen[unit] = pose, np.nan, -1

    def update(
        self, turns: NDArray[np.float64], poses: NDArray[np.float64], cells: NDArray[np.int64]
    ) -> None:
        """turns: float64[n_units, 2], radians that each wheel has turned so far; nan for a body
        that was made anew. poses: the true ones. cells: int64[n_units], the nearest cell."""
        rows = len(turns)
        travel = np.nan_to_num((turns - self._turns) * self._radius_m)
        self._turns = turns.copy()
        travel *= self._scales
        travel *= 1.0 + self._model.odometry_spread * self._rng.standard_normal((rows, 2))
        way, turn = travel.mean(axis=1), (travel[:, 1] - travel[:, 0]) / self._track_m
        middle = self.believed[:, 2] + turn / 2
        self.believed += np.column_stack([way * np.cos(middle), way * np.sin(middle), turn])
        self._read_markers(poses, cells)

    def _read_markers(self, poses: NDArray[np.float64], cells: NDArray[np.int64]) -> None:
        """A marker is read once, when the unit comes over it."""
        off = np.hypot(*(poses[:, :2] - self._centres[cells]).T)
        is_over = off < MARKER_SIGHT_M
        errors = self._rng.standard_normal((len(poses), 3))
        errors *= self._model.marker_m, self._model.marker_m, self._model.marker_rad
        reads = is_over & (self._seen != cells)
        self.believed[reads] = poses[reads] + errors[reads]
        self._seen = np.where(is_over, cells, -1)
