"""What a sweep found, in sentences for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gridfleet.experiments.comparison import Spread
from gridfleet.experiments.measures.catalogue import measure_named
from gridfleet.experiments.sweep.design import FACTORIAL
from gridfleet.experiments.sweep.effects import Interaction, ParameterEffect
from gridfleet.experiments.sweep.findings import PointFigures, Sweep
from gridfleet.experiments.sweep.points import told
from gridfleet.experiments.variants import STEADY
from layouts.words import count, listed

_LIMITS = {
    "station-bound": "Stations were the limit at every point: no other change can bring more.",
    "demand-bound": (
        "Demand was the limit at every point, so output says nothing about what was varied; give "
        "more orders with demand.orders_per_hour, or look at the order cycle with --kpi."
    ),
}
_MOST = 3
"""Points and failures that are named one by one."""


def headline(found: Sweep) -> str:
    """One sentence: what matters most, and by how much."""
    first = found.parameters[0]
    if first.p_value is None:
        return (
            f"Too little has run to tell chance from effect; so far {first.key} brings "
            f"{_change(first, found)} {found.words}."
        )
    if not first.is_sure:
        return (
            f"Nothing that was varied makes a difference in {found.words} that can be told from "
            "chance."
        )
    return (
        f"Of what was varied, {first.key} matters most: from {value_words(first.worst)} to "
        f"{value_words(first.best)} it brings {_change(first, found)} {found.words}"
        f"{_between(first, found)}, and it explains {first.share:.0%} of the variance between "
        "points."
    )


def best_words(found: Sweep) -> str:
    """The best point, and how sure it is that it is the best."""
    best = found.point(found.best_point)
    text = f"Best is {point_words(best)}: {figure_words(found, best.figures[found.measure].mean)}"
    n = len(found.analysed)
    if found.best.sure_up_to is None:
        return f"{text}, in the only seed that all points have come through."
    if found.best.is_sure:
        return f"{text}; that it is the best of {n} is {found.confidence:.0%} sure."
    text += (
        f"; that it is the best of {n} is {found.best.sure_up_to:.0%} sure, and not "
        f"{found.confidence:.0%}"
    )
    others = [point_words(found.point(number)) for number in found.may_be_best]
    if len(others) > _MOST:
        return f"{text}: {len(others)} other points may be as good."
    return f"{text}: {listed(others)} may be as good." if others else f"{text}."


def remarks(found: Sweep) -> Iterator[str]:
    """What a reader has to know, the most important first."""
    if found.is_cut:
        runs = count(len(found.seeds), "run")
        yield f"Ended early, after {runs} of each point; {found.replications} were asked for."
    yield best_words(found)
    for effect in found.parameters[1:]:
        yield _other(effect, found)
    for pair in found.interactions:
        if pair.is_sure:
            yield _pair(pair)
    yield from _jams(found)
    yield from _limits(found)
    yield _kind(found)
    for one in found.broken[:_MOST]:
        where = point_words(found.point(one.point))
        yield f"Seed {one.seed} failed at {where} and is left out: {one.text}"
    if len(found.broken) > _MOST:
        yield f"{len(found.broken) - _MOST} more runs failed."
    if len(found.analysed) < len(found.points):
        n = len(found.points) - len(found.analysed)
        yield f"{count(n, 'point')} without all runs {'is' if n == 1 else 'are'} left out of them."
    yield from found.notes


def value_words(value: Any) -> str:
    """A floor's file by its name."""
    if isinstance(value, str) and "/" in value:
        return Path(value).stem
    return f"{value:g}" if isinstance(value, float) else str(value)


def point_words(point: PointFigures) -> str:
    values = [value_words(value) for value in point.values.values()]
    return f"point {point.number} ({told([*point.values], values)})"


def figure_words(found: Sweep, value: float) -> str:
    number = f"{value:,.{measure_named(found.measure).digits}f}"
    return f"{found.words} {number} {found.unit}" if found.unit else f"{number} {found.words}"


def _told(effect: ParameterEffect, found: Sweep) -> tuple[Spread, str]:
    """The best level against the worst, as people read it, and its unit: in per cent, but in points
    for what is a percentage itself."""
    if found.unit == "%":
        return effect.difference, " points"
    if effect.percent is None:
        return effect.difference, f" {found.unit}" if found.unit else ""
    return effect.percent, " %"


def _change(effect: ParameterEffect, found: Sweep) -> str:
    spread, unit = _told(effect, found)
    return f"{spread.mean:+.1f}{unit}"


def _between(effect: ParameterEffect, found: Sweep) -> str:
    spread, unit = _told(effect, found)
    if spread.low is None or spread.high is None:
        return ""
    low, high = f"{spread.low:+.1f}{unit}", f"{spread.high:+.1f}{unit}"
    return f" (between {low} and {high}, {found.confidence:.0%} sure)"


def _other(effect: ParameterEffect, found: Sweep) -> str:
    if not effect.is_sure:
        return f"The effect of {effect.key} cannot be told from chance."
    return (
        f"{effect.key} from {value_words(effect.worst)} to {value_words(effect.best)} brings "
        f"{_change(effect, found)}{_between(effect, found)}, {effect.share:.0%} of the variance."
    )


def _pair(pair: Interaction) -> str:
    first, second = pair.keys
    return (
        f"The effect of {first} depends on {second}: together they explain another "
        f"{pair.share:.0%}."
    )


def _jams(found: Sweep) -> Iterator[str]:
    jammed = [point for point in found.points if point.jams]
    if not jammed:
        return
    worst = max(jammed, key=lambda point: point.jams / point.n_tried)
    yield (
        f"Runs jammed at {count(len(jammed), 'point')}, most often at "
        f"{point_words(worst)}: {worst.jams} of {worst.n_tried}."
    )


def _limits(found: Sweep) -> Iterator[str]:
    """A change has no effect where something else is the limit."""
    counted = Counter(point.regime for point in found.points if point.regime)
    if not counted:
        return
    parts = [f"{name} at {n}" for name, n in counted.most_common()]
    yield f"Most runs were {listed(parts)} of {len(found.points)} points."
    if len(counted) == 1:
        only = next(iter(counted))
        if only in _LIMITS:
            yield _LIMITS[only]


def _kind(found: Sweep) -> str:
    how = "all combinations" if found.design == FACTORIAL else "a Latin hypercube"
    text = f"{len(found.points)} points, {how}, {len(found.seeds)} runs of each with the same seeds"
    if found.kind != STEADY:
        return f"{text}, whole runs of {found.minutes} min from an empty start (terminating)."
    text += (
        f", {found.minutes} min of which the first {found.warm_up_min} are left out as warm-up "
        "(MSER-5)"
    )
    return f"{text}." if found.is_warm else f"{text}; not all had settled by then, set more hours."
