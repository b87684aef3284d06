"""What a search came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridfleet.experiments.statistics import Interval
from gridfleet.guidance.field import CostField
from gridfleet.guidance.search import Ask, Found
from gridfleet.guidance.trials import Ground
from layouts import Layout


def sentences(layout: Layout, ground: Ground, found: Found) -> Iterator[str]:
    """The verdict first."""
    yield _verdict(found)
    for name, words in (("none", "no guidance"), ("lanes", "lanes"), ("best", "what was found")):
        if name in found.proof:
            yield f"  {words}: {found.proof[name].mean():,.1f} {ground.unit} a task"
    yield (
        f"  {len(found.tried):,} candidates were tried on {layout.name} with {ground.units:,} "
        f"units and {ground.planner}"
    )


def _verdict(found: Found) -> str:
    if found.best is None:
        return "interrupted before the first candidate was tried"
    gain, to_lanes = found.gain("none"), found.gain("lanes")
    if gain is None or to_lanes is None:
        return "no verdict: the search was interrupted; this is the best so far"
    return f"what was found takes {_told(gain)} than no guidance, and {_told(to_lanes)} than lanes"


def _told(gain: Interval) -> str:
    """As "3.1 % less (2.0 to 4.2)"."""
    if gain.low <= 0.0 <= gain.high:
        return (
            f"as much as can be told ({gain.mean:+.1f} %, {gain.low:.1f} to {gain.high:.1f}) less"
        )
    word = "less" if gain.mean > 0 else "more"
    low, high = sorted((abs(gain.low), abs(gain.high)))
    return f"{abs(gain.mean):.1f} % {word} ({low:.1f} to {high:.1f})"


def figures_of(layout: Layout, ground: Ground, ask: Ask, found: Found) -> dict[str, Any]:
    """For machines; percentages with their ends are those of the verdict."""
    space = CostField(layout)
    best = space.figures(found.best) if found.best is not None else None
    return {
        "layout": layout.name,
        "units": ground.units,
        "planner": ground.planner,
        "seed": ask.seed,
        "candidates": len(found.tried),
        "partial": found.is_cut,
        "figures": best and {name: round(value, 4) for name, value in best.items()},
        "search_best": min((figure for _, figure in found.tried), default=None),
        "unit": f"{ground.unit} a task",
        "proof": {name: _mean(values) for name, values in found.proof.items()},
        "less_than_none_percent": _ends(found.gain("none")),
        "less_than_lanes_percent": _ends(found.gain("lanes")),
    }


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    return round(float(values.mean()), 3) if np.isfinite(values).all() else None


def _ends(gain: Interval | None) -> dict[str, float] | None:
    if gain is None:
        return None
    return {"mean": round(gain.mean, 2), "low": round(gain.low, 2), "high": round(gain.high, 2)}
