"""Guidance by its name, as scenarios and command lines say it, or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, cast

from fleet_control.mapf.congestion import CongestionPlanner
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.guidance import (
    GENTLE_LANES,
    GUIDANCES,
    LANES,
    NONE,
    ONLINE,
    STRICT_LANES,
    Guidance,
    guidance_of_costs,
)
from fleet_control.mapf.lanes import GENTLE, STRICT, lanes_of
from fleet_control.mapf.planner import Planner
from layouts import Layout
from layouts.guidance_files import read_guidance

Steered = TypeVar("Steered", bound=Planner)
LANE_RULES = {LANES: None, ONLINE: None, STRICT_LANES: STRICT, GENTLE_LANES: GENTLE}
"""None is the rule that suits the floor."""


def guidance_named(name: str, layout: Layout, parked: Sequence[int] = ()) -> Guidance | None:
    """The guidance of that name on this floor; None for its edge costs alone.

    parked: cells of units that stay. Raises LayoutError for a file that does not fit the floor.
    """
    if name == NONE:
        return None
    if name in LANE_RULES:
        return lanes_of(layout, parked, LANE_RULES[name])
    return guidance_of_costs(layout, read_guidance(Path(name), layout), parked)


def steered(planner: Steered, name: str, grid: Grid, n_units: int) -> Steered:
    """The planner, with costs that follow congestion where that is its guidance."""
    if name != ONLINE:
        return planner
    return cast("Steered", CongestionPlanner(planner, grid, n_units))


def guidance_fault(name: str) -> str | None:
    """What is wrong with a name that can be no file, with the nearest that is right."""
    path = Path(name)
    if name in GUIDANCES or path.suffix or len(path.parts) > 1 or path.is_file():
        return None
    near = get_close_matches(name, GUIDANCES, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"give {', '.join(GUIDANCES)} or a file"
    return f"unknown guidance {name!r}; {hint}"
