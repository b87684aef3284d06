"""A unit model as the kernels take it, and whether such units fit a floor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError
from layouts import Layout
from twin.unit_model import MotionLimits, UnitModel


def limits_of(unit: UnitModel) -> NDArray[np.float64]:
    """The `limits` of the kernels: a row for empty and one for laden units."""
    return np.array([_row(unit.empty), _row(unit.laden)])


def _row(limits: MotionLimits) -> list[float]:
    return [
        limits.speed_m_s, limits.accel_m_s2, limits.decel_m_s2, limits.turn_rate_rad_s,
        limits.turn_accel_rad_s2,
    ]  # fmt: skip


def sizes_of(unit: UnitModel, cell_m: float) -> NDArray[np.float64]:
    """The `sizes` of the kernels: half length, half width, half pod, lift, lower, cell, square."""
    diagonal = max(unit.pod_side_m * 2**0.5, float(np.hypot(unit.length_m, unit.width_m)))
    half = [unit.length_m / 2, unit.width_m / 2, unit.pod_side_m / 2]
    return np.array([*half, unit.lift_s, unit.lower_s, cell_m, max(cell_m, 2 * diagonal)])


def check_fit(unit: UnitModel, layout: Layout) -> None:
    """A cell is safe for its holder only if the body can turn in it (docs/decisions/0002)."""
    turning_m = float(np.hypot(unit.length_m, unit.width_m))
    needed_m = max(turning_m, unit.pod_side_m)
    if needed_m > layout.cell_size_m:
        raise FleetError(
            f"cells of {layout.cell_size_m:g} m on {layout.name} are too small: a unit turns in "
            f"{turning_m:.2f} m and carries pods of {unit.pod_side_m:.2f} m; make cell_size_m at "
            f"least {math.ceil(100 * needed_m) / 100:.2f}"
        )
