"""Whether the drive units of a scenario fit a floor, how far ahead they must be released, and how
long they may take for a step."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fleet_control.controller import ControllerOptions
from fleet_control.execution.kernels import RING
from fleet_control.supervision.stops import StopOptions
from gridfleet.scenario import ScenarioError
from layouts import Layout
from twin.unit_model import UnitModel

CYCLE_S = 0.2
"""Control cycle: how often reports are taken in and steps released."""
SLACK_S = 1.0
"""Until a step is reported and the next one is under way: a few control cycles, and messages that
have to be sent again."""
MOST_AHEAD = RING // 2
"""Cells released ahead of a unit at most; execution remembers RING steps of each."""


def check_unit(unit: UnitModel, layout: Layout, *, has_pods: bool) -> None:
    """Raise ScenarioError for units that would touch whoever stands on the next cell."""
    faults = list(_unit_faults(unit, layout.cell_size_m, has_pods))
    if faults:
        raise ScenarioError("\n".join(faults))


def _unit_faults(unit: UnitModel, cell_m: float, has_pods: bool) -> Iterator[str]:
    cells = f"the cells of {cell_m:g} m"
    diagonal_m = math.hypot(unit.length_m, unit.width_m)
    if diagonal_m > cell_m:
        yield (
            f"unit: {unit.length_m:g} m by {unit.width_m:g} m is {diagonal_m:.3g} m across and "
            f"turns beyond {cells}; make it smaller, or set cell_size_m of the floor"
        )
    if has_pods and unit.pod_side_m >= cell_m:
        yield (
            f"unit.pod_side_m is {unit.pod_side_m:g}: pods of that size touch each other on "
            f"{cells}; give less than {cell_m:g}, or set cell_size_m of the floor"
        )
    if has_pods and max(unit.length_m, unit.width_m) > unit.pod_side_m:
        yield (
            f"unit: {unit.length_m:g} m by {unit.width_m:g} m does not fit below a pod of "
            f"{unit.pod_side_m:g} m; make the unit smaller or unit.pod_side_m larger"
        )
    n_ahead = _cells_ahead(unit, cell_m)
    if n_ahead > MOST_AHEAD:
        yield (
            f"unit: it needs {n_ahead} cells to stop and at most {MOST_AHEAD} are released ahead; "
            "give it a lower speed_m_s or a higher decel_m_s2"
        )


def controller_options(unit: UnitModel, cell_m: float, max_working: int) -> ControllerOptions:
    """Far enough ahead that a unit on a free lane never brakes; patient enough with units that are
    slower than usual in all they do."""
    n_ahead = _cells_ahead(unit, cell_m)
    commit_moves = max(ControllerOptions().commit_moves, n_ahead)
    block_after_s = max(StopOptions().block_after_s, longest_step_s(unit, cell_m) + SLACK_S)
    return ControllerOptions(
        base_length=n_ahead, commit_moves=commit_moves, max_working=max_working,
        stops=StopOptions(block_after_s=block_after_s),
    )  # fmt: skip


def longest_step_s(unit: UnitModel, cell_m: float) -> float:
    """What a unit that is well takes for a step at most: it turns back and drives a cell from stand
    to stand, or it lifts."""
    drives = [
        _run_s(math.pi, m.turn_rate_rad_s, m.turn_accel_rad_s2, m.turn_accel_rad_s2)
        + _run_s(cell_m, m.speed_m_s, m.accel_m_s2, m.decel_m_s2)
        for m in (unit.empty, unit.laden)
    ]
    return max(*drives, unit.lift_s, unit.lower_s)


def _run_s(length: float, speed: float, accel: float, decel: float) -> float:
    """From stand to stand (twin.unit_model.MotionLimits)."""
    top = min(speed, math.sqrt(2.0 * length * accel * decel / (accel + decel)))
    return top / (2.0 * accel) + top / (2.0 * decel) + length / top


def _cells_ahead(unit: UnitModel, cell_m: float) -> int:
    """Cells for braking from full speed, for what is driven in a control cycle, and one more."""
    return max(
        math.ceil((limits.speed_m_s**2 / (2 * limits.decel_m_s2) + limits.speed_m_s * CYCLE_S)
                  / cell_m) + 1
        for limits in (unit.empty, unit.laden)
    )  # fmt: skip
