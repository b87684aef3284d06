"""Which planner suits a floor and a fleet, and why: what `auto` stands for.

Read off measurements over floors and fleets (benchmarks/planner_choice.py, docs/planners.md): the
search through a window does most wherever there is room to choose, with motion and without. On a
crowded floor windows are full of plans that hinder each other, and priority inheritance does more;
with very many units the search takes too long. The same floor, fleet and motion have the same
planner, whatever the seed.

Where people at stations are the limit, planners are within a few per cent of each other, and the
quickest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.mapf.planner import PLANNERS
from layouts import Layout

AUTO = "auto"
PLANNER_NAMES = (AUTO, *PLANNERS)
"""What `--planner` takes."""
AS_ASKED = "as asked for"
"""Why, of a planner that was named."""
CROWDED = 0.4
"""Units for each cell that they can drive on, from which on windows are full."""
MANY = 1000
"""Units up to which a search for each was measured: about 5 ms a step."""


@dataclass(frozen=True, slots=True)
class PlannerChoice:
    """name: a key of PLANNERS. why: a sentence without a full stop. is_chosen: not asked for."""

    name: str
    why: str
    is_chosen: bool = True


def chosen_planner(
    name: str, layout: Layout, n_units: int, turn_cost: int, *, n_parked: int = 0,
    serves_people: bool = False,
) -> PlannerChoice:  # fmt: skip
    """The planner of that name; of `auto` the one that suits.

    turn_cost: as of PlannerOptions. n_parked: of the units, those that stand aside for good.
    serves_people: whether tasks lead to stations.
    """
    if name != AUTO:
        return PlannerChoice(name, AS_ASKED, is_chosen=False)
    return planner_for(
        layout, n_units - n_parked, turn_cost, n_parked=n_parked, serves_people=serves_people
    )


def planner_for(
    layout: Layout, n_units: int, turn_cost: int, *, n_parked: int = 0, serves_people: bool = False
) -> PlannerChoice:
    """The planner that has done most on floors like this with so many units at work.

    n_parked: cells where others stand.
    """
    if serves_people:
        return PlannerChoice(
            "pibt",
            "where people at stations are the limit, planners do nearly as much, and priority "
            "inheritance on cells is the quickest",
        )
    density = n_units / max(int(layout.driveable.sum()) - n_parked, 1)
    if density <= CROWDED and n_units <= MANY:
        return PlannerChoice(
            "windowed",
            f"{_units(n_units)} on {_cells(density, n_parked)} leave room to choose, where the "
            "search for a path of each through a window of time does most",
        )
    quick = ("pibt", "on cells") if turn_cost == 0 else ("epibt", "over several steps with turns")
    hurdle = f"{_units(n_units)} on {_cells(density, n_parked)} are too crowded for windows of time"
    if density <= CROWDED:
        hurdle = f"{_units(n_units)} are more than a search for each has time for"
    return PlannerChoice(quick[0], f"{hurdle}; priority inheritance {quick[1]} does more")


def _units(n_units: int) -> str:
    return f"{n_units:,} unit{'' if n_units == 1 else 's'}"


def _cells(density: float, n_parked: int) -> str:
    left = " without parked ones" if n_parked else ""
    return f"{100 * density:.0f} % of the cells{left}"
