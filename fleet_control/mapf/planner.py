"""The planner interface and the registry that `--planner` names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import TURN_COST, Grid


@dataclass(frozen=True, slots=True)
class PlannerOptions:
    """allow_cycles: let rings of units rotate in one step (benchmarks only: execution by events
    would deadlock on them). turn_cost: of a quarter turn, where a cell costs CELL_COST; worlds that
    move in steps turn in one. depth: steps that a planner of operations looks ahead.
    rations_shoves: let nobody shove others about at once (priority_kernels.py); where a shove costs
    no more than a step, that only makes units wait. improvements: chains of units that a planner of
    operations tries in each step to better its plan, groups of units for one with windows, which
    has a few of itself; is_over: asked meanwhile whether the time for that is up, if there is a
    clock and the planner asks (the same plan each time there is only without)."""

    seed: int = 0
    allow_cycles: bool = False
    turn_cost: int = TURN_COST
    depth: int = 3
    rations_shoves: bool = True
    improvements: int = 0
    is_over: Callable[[], bool] | None = None


class Planner(Protocol):
    """Lifelong planning in synchronous steps over units whose goals change at any time."""

    fields: DistanceFields

    def set_goal(self, unit: int, goal: int, load: int) -> None:
        """From now on the unit heads for this cell, empty (0) or laden (1)."""

    def set_goals(self, units: Sequence[int], goals: Sequence[int], load: int) -> None:
        """`set_goal` of each of different units; distance fields are made together."""

    def clear_goal(self, unit: int, load: int) -> None:
        """The unit has nowhere to go; it stays unless others push it."""

    def set_blocked(self, blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]) -> None:
        """From now on nobody enters blocked cells; who is on one may leave. Nobody enters an area
        from outside; who is inside may drive over its cells to leave. bool[n_cells] each, the
        whole picture: what was blocked or closed before and is not now is free again. Goals stay as
        they are; a goal that cannot be reached has no way in `fields`, and a unit with no way to
        its goal makes way for others."""

    def set_costs(self, surcharges: NDArray[np.int32]) -> None:
        """From now on moves cost this beyond CELL_COST, blocked cells left aside. (n_cells, 4)."""

    def step(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """Cell of every unit one step later: the same or a neighbour, free of conflicts.

        cells, headings: where each unit's committed path ends. fixed: units that must stay."""

    def ways_left(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        """int32[n_units], cost of the way from there to the goal, as of the last step where other
        cells have been blocked since; UNREACHABLE for units without a way, without a goal or not
        on the floor (cell -1). Asking changes nothing, and so no decision."""

    def next_cells(self, cells: NDArray[np.int32], headings: NDArray[np.int8]) -> NDArray[np.int32]:
        """int32[n_units], cell that each unit would go to next if it were alone; -1 where it has
        nowhere to go, no way, or is there."""


@runtime_checkable
class ActionPlanner(Planner, Protocol):
    """A planner that plans turns too. Of one fleet either `act` or `step` is called, not both."""

    def act(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], fixed: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        """int8[n_units], what every unit does in the next step, free of conflicts: 0 forward, 1 a
        quarter turn clockwise, 2 counter-clockwise, 3 wait (operations.py). As of `step`
        otherwise."""


def planner_named(name: str, grid: Grid, n_units: int, options: PlannerOptions) -> Planner:
    """The planner of that name; KeyError for a name not in PLANNERS."""
    from fleet_control.mapf.epibt import EpibtPlanner
    from fleet_control.mapf.pibt import PibtPlanner
    from fleet_control.mapf.windowed import WindowedPlanner

    planners: dict[str, type[PibtPlanner | EpibtPlanner | WindowedPlanner]] = {
        "pibt": PibtPlanner, "epibt": EpibtPlanner, "windowed": WindowedPlanner,
    }  # fmt: skip
    return planners[name](grid, n_units, options)


PLANNERS = {
    "pibt": "priority inheritance with backtracking on cells, turn-aware distances",
    "epibt": "priority inheritance over operations of three steps with turns",
    "windowed": "search through a window of time for every unit, plans kept and bettered in groups",
}
