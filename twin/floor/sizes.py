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


def sizes_of(unit: UnitModel, layout: Layout) -> NDArray[np.float64]:
    """The `sizes` of the kernels: half length, half width, half pod, lift, lower, cell, square,
    whether pods turn, wall gap."""
    cell_m = layout.cell_size_m
    diagonal = max(unit.pod_side_m * 2**0.5, float(np.hypot(unit.length_m, unit.width_m)))
    half = [unit.length_m / 2, unit.width_m / 2, unit.pod_side_m / 2]
    times = [unit.lift_s, unit.lower_s]
    square_m = max(cell_m, 2 * diagonal)
    return np.array([*half, *times, cell_m, square_m, float(unit.pod_turns), layout.wall_gap_m])


def check_fit(unit: UnitModel, layout: Layout, *, has_pods: bool) -> None:
    """A cell is safe for its holder only if the body stands within it, and what it touches beyond
    in a turn is nothing but the rims of the cells beside it (docs/decisions/0002, 0008)."""
    footprint = unit.footprint(layout.cell_size_m, has_pods=has_pods)
    if footprint.stands_in_cell and footprint.clears_neighbours:
        return
    reach_m = max(map(footprint.reach_m, footprint.loads))
    half_m = max(map(footprint.half_m, footprint.loads))
    needed_m = max(2 * half_m, reach_m + half_m)
    pods = f" and carries pods of {unit.pod_side_m:.2f} m" if has_pods else ""
    raise FleetError(
        f"cells of {layout.cell_size_m:g} m on {layout.name} are too small: a unit turns in "
        f"{2 * reach_m:.2f} m{pods}; make cell_size_m at least "
        f"{math.ceil(100 * needed_m - 1e-9) / 100:.2f}"
    )
