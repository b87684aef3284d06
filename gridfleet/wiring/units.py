"""Whether the drive units of a scenario fit a floor, how far ahead they must be released, and how
long they may take for a step."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fleet_control.controller import ControllerOptions
from fleet_control.execution.kernels import RING
from fleet_control.footprint import EMPTY, Footprint
from fleet_control.supervision.stops import StopOptions
from gridfleet.scenario import ScenarioError
from layouts import Layout
from layouts.geometry import previous_table
from twin.unit_model import MotionLimits, UnitModel

CYCLE_S = 0.2
"""Control cycle: how often reports are taken in and steps released."""
SLACK_S = 1.0
"""Until a step is reported and the next one is under way: a few control cycles, and messages that
have to be sent again."""
MOST_AHEAD = RING // 2
"""Cells released ahead of a unit at most; execution remembers RING steps of each."""


def check_unit(unit: UnitModel, layout: Layout, *, has_pods: bool) -> None:
    """Raise ScenarioError for units that would touch whoever stands on the next cell, or the walls
    of the floor where they turn."""
    faults = list(_unit_faults(unit, layout, has_pods))
    if faults:
        raise ScenarioError("\n".join(faults))


def _unit_faults(unit: UnitModel, layout: Layout, has_pods: bool) -> Iterator[str]:
    cell_m = layout.cell_size_m
    footprint = unit.footprint(cell_m, has_pods=has_pods)
    cells = f"the cells of {cell_m:g} m"
    stands = True
    if max(unit.length_m, unit.width_m) > cell_m:
        stands = False
        yield (
            f"unit: {unit.length_m:g} m by {unit.width_m:g} m stands beyond {cells}; make it "
            "smaller, or set cell_size_m of the floor"
        )
    if has_pods and unit.pod_side_m >= cell_m:
        stands = False
        yield (
            f"unit.pod_side_m is {unit.pod_side_m:g}: pods of that size touch each other on "
            f"{cells}; give less than {cell_m:g}, or set cell_size_m of the floor"
        )
    if has_pods and max(unit.length_m, unit.width_m) > unit.pod_side_m:
        yield (
            f"unit: {unit.length_m:g} m by {unit.width_m:g} m does not fit below a pod of "
            f"{unit.pod_side_m:g} m; make the unit smaller or unit.pod_side_m larger"
        )
    if stands:
        yield from _turn_faults(unit, footprint, layout)
    n_ahead = _cells_ahead(unit, cell_m)
    if n_ahead > MOST_AHEAD:
        yield (
            f"unit: it needs {n_ahead} cells to stop and at most {MOST_AHEAD} are released ahead; "
            "give it a lower speed_m_s or a higher decel_m_s2"
        )


def _turn_faults(unit: UnitModel, footprint: Footprint, layout: Layout) -> Iterator[str]:
    """What is wrong with turns of units that stand within their cells."""
    load = max(footprint.loads, key=footprint.reach_m)
    is_pod = footprint.reach_m(load) > footprint.reach_m(EMPTY)
    cells = f"the cells of {layout.cell_size_m:g} m"
    what = f"unit: {unit.length_m:g} m by {unit.width_m:g} m"
    cure = "make it smaller, or set cell_size_m of the floor"
    if is_pod:
        what = f"unit: a pod of {unit.pod_side_m:g} m that turns with its unit (pod_turns)"
        largest_m = math.floor(1000 * footprint.largest_pod_m(layout.wall_gap_m)) / 1000
        cure = f"give pod_side_m of at most {largest_m:g}, or larger cells"
    across = f"{what} is {2 * footprint.reach_m(load):.3g} m across and turns beyond {cells}"
    if not footprint.clears_neighbours:
        yield f"{across}, into what stands on the next one; {cure}"
        return
    walled = turns_at_walls(layout) if footprint.rim_m > layout.wall_gap_m else np.empty(0, int)
    if len(walled):
        more = f" and {len(walled) - 1} more" if len(walled) > 1 else ""
        yield (
            f"{across}, by {footprint.rim_m:.3f} m, into walls at {layout.place(int(walled[0]))}"
            f"{more}, which have a wall_gap_m of {layout.wall_gap_m:g}; {cure}, or set wall_gap_m "
            "of the floor where its walls stand back from the cells"
        )


def turns_at_walls(layout: Layout) -> NDArray[np.int64]:
    """int64[k], cells beside an obstacle, people or the edge where a unit may come in one way and
    go out another."""
    comes, goes = previous_table(layout.neighbours) >= 0, layout.neighbours >= 0
    n_ways = comes.sum(axis=1)[:, None] - comes  # for each way out, ways in along other headings
    may_turn = (goes & (n_ways > 0)).any(axis=1)
    driveable = np.pad(layout.driveable.reshape(layout.n_rows, layout.n_cols), 1)
    inner = slice(1, -1)
    is_open = (
        driveable[:-2, inner] & driveable[2:, inner] & driveable[inner, :-2] & driveable[inner, 2:]
    )
    return np.flatnonzero(layout.driveable & may_turn & ~is_open.reshape(-1))


def controller_options(
    unit: UnitModel, cell_m: float, max_working: int, *, has_pods: bool = True
) -> ControllerOptions:
    """Far enough ahead that a unit on a free lane never brakes; patient enough with units that are
    slower than usual in all they do; turns kept apart where they reach beyond their cell."""
    n_ahead = _cells_ahead(unit, cell_m)
    commit_moves = max(ControllerOptions().commit_moves, n_ahead)
    block_after_s = max(StopOptions().block_after_s, longest_step_s(unit, cell_m) + SLACK_S)
    return ControllerOptions(
        base_length=n_ahead,
        commit_moves=commit_moves,
        max_working=max_working,
        stops=StopOptions(block_after_s=block_after_s),
        footprint=unit.footprint(cell_m, has_pods=has_pods),
    )


def longest_step_s(unit: UnitModel, cell_m: float) -> float:
    """What a unit that is well takes for a step at most, by its settings or as measured: it turns
    back and drives a cell from stand to stand, or it lifts."""
    settle_s = unit.calibration.settle_s if unit.calibration is not None else 0.0
    drives = [
        _run_s(math.pi, m.turn_rate_rad_s, m.turn_accel_rad_s2, m.turn_accel_rad_s2)
        + _run_s(cell_m, m.speed_m_s, m.accel_m_s2, m.decel_m_s2)
        + 2.0 * settle_s
        for m in _limits(unit)
    ]
    measured = unit.as_measured()
    return max(*drives, unit.lift_s, unit.lower_s, measured.lift_s, measured.lower_s)


def _limits(unit: UnitModel) -> Iterator[MotionLimits]:
    """What it is set to, and what comes of it: whoever plans ahead reckons with the worse."""
    for model in (unit, unit.as_measured()):
        yield from (model.empty, model.laden)


def _run_s(length: float, speed: float, accel: float, decel: float) -> float:
    """From stand to stand (twin.unit_model.MotionLimits)."""
    top = min(speed, math.sqrt(2.0 * length * accel * decel / (accel + decel)))
    return top / (2.0 * accel) + top / (2.0 * decel) + length / top


def _cells_ahead(unit: UnitModel, cell_m: float) -> int:
    """Cells for braking from full speed, for what is driven in a control cycle, and one more; by
    its settings or as measured, whichever is more."""
    return max(
        math.ceil((limits.speed_m_s**2 / (2 * limits.decel_m_s2) + limits.speed_m_s * CYCLE_S)
                  / cell_m) + 1
        for limits in _limits(unit)
    )  # fmt: skip
