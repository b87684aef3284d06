"""Mishaps of bodies: units that tip over, wheels that slip, motors and lifts that are overloaded.

Thresholds are assumptions: a wheel creeps a little whenever it drives, and motors may give all they
have for a moment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.floor.world import MishapKind

LOOK_EVERY_TICKS = 4
TIPPED_RAD = np.deg2rad(12.0)
SLIPS_M_S, SLIPS_LOOKS = 0.2, 3
OVERLOAD_SHARE, OVERLOAD_LOOKS = 0.98, 6
Row = tuple[int, MishapKind, float]


class MishapWatch:
    """Tells when something begins, once, however long it lasts. n_units: of the fleet."""

    def __init__(self, n_units: int) -> None:
        self._looks = np.zeros((len(MishapKind), n_units), dtype=np.int64)

    def look(
        self, tilt_rad: NDArray[np.float64], slip_m_s: NDArray[np.float64],
        torque_share: NDArray[np.float64],
    ) -> list[Row]:  # fmt: skip
        """Unit, kind and value of everything that begins. All columns: float64[n_units]."""
        rules = (
            (MishapKind.TIPPED, tilt_rad > TIPPED_RAD, 1, np.rad2deg(tilt_rad)),
            (MishapKind.SLIPPED, slip_m_s > SLIPS_M_S, SLIPS_LOOKS, slip_m_s),
            (
                MishapKind.OVERLOADED, torque_share > OVERLOAD_SHARE, OVERLOAD_LOOKS, torque_share,
            ),
        )  # fmt: skip
        found: list[Row] = []
        for kind, is_so, n_looks, values in rules:
            looks = self._looks[kind]
            looks[:] = np.where(is_so, looks + 1, 0)
            begins = np.flatnonzero(looks == n_looks)
            found += [(unit, kind, float(values[unit])) for unit in begins.tolist()]
        return found
