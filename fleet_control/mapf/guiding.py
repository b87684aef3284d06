"""Guidance by its name, as scenarios and command lines say it: none, lanes, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from fleet_control.mapf.guidance import (
    GUIDANCES,
    LANES,
    NONE,
    Guidance,
    guidance_of_costs,
)
from fleet_control.mapf.lanes import lanes_of
from layouts import Layout
from layouts.guidance_files import read_guidance


def guidance_named(name: str, layout: Layout, parked: Sequence[int] = ()) -> Guidance | None:
    """The guidance of that name on this floor; None for its edge costs alone.

    parked: cells of units that stay. Raises LayoutError for a file that does not fit the floor.
    """
    if name == NONE:
        return None
    if name == LANES:
        return lanes_of(layout, parked)
    return guidance_of_costs(layout, read_guidance(Path(name), layout), parked)


def guidance_fault(name: str) -> str | None:
    """What is wrong with a name that can be no file, with the nearest that is right."""
    path = Path(name)
    if name in GUIDANCES or path.suffix or len(path.parts) > 1 or path.is_file():
        return None
    near = get_close_matches(name, GUIDANCES, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"give {', '.join(GUIDANCES)} or a file"
    return f"unknown guidance {name!r}; {hint}"
