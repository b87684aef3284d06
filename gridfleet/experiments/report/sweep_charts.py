"""Charts of sweeps: shares of the variance, main effects, interactions, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gridfleet.experiments.report.charts import colour_of
from gridfleet.experiments.sweep.effects import Interaction, Level, ParameterEffect
from gridfleet.experiments.sweep.findings import Sweep
from gridfleet.experiments.sweep.words import value_words
from gridfleet.report.charts import BLUE, GREY, SKY, SOFT, as_svg, drawing

ACROSS = 3
"""Panels beside each other."""
MOST_TICKS = 9


def shares(found: Sweep) -> str:
    """How much of the variance between points each parameter and each strong interaction
    explains; grey: may be chance."""
    bars = [(one.key, one.share, one.is_sure) for one in found.parameters]
    bars += [(" × ".join(one.keys), one.share, one.is_sure) for one in found.interactions]
    with drawing(0.7 + 0.24 * len(bars)) as figure:
        axes = figure.subplots()
        for row, (_, share, is_sure) in enumerate(reversed(bars)):
            axes.barh([row], [100.0 * share], height=0.6, color=BLUE if is_sure else GREY)
            axes.annotate(
                f"{share:.1%}", (100.0 * share, row), xytext=(4, 0), textcoords="offset points",
                va="center",
            )  # fmt: skip
        if found.chance_share is not None:
            axes.axvline(100.0 * found.chance_share, color=SOFT, linestyle=(0, (3, 3)))
        axes.set_yticks(range(len(bars)), [name for name, _, _ in reversed(bars)])
        axes.set_xlim(0, max(1.0, 112.0 * max(share for _, share, _ in bars)))
        axes.set_xlabel("of the variance between points, %")
        axes.grid(axis="y", visible=False)
        return as_svg(figure, "share of the variance that each parameter explains")


def main_effects(found: Sweep) -> str:
    """A panel for each parameter: the mean of every level with its interval, over all points."""
    effects = found.parameters
    with drawing(2.5 * math.ceil(len(effects) / ACROSS)) as figure:
        for axes, effect in zip(_panels(figure, len(effects)), effects, strict=False):
            _main_effect(axes, found, effect)
        return as_svg(figure, f"{found.words} by the values of each parameter")


def interactions(found: Sweep) -> str:
    """A panel for each pair: the first along the axis, a line for each level of the second. Lines
    in parallel: neither depends on the other."""
    pairs = found.interactions
    if not pairs:
        return ""
    with drawing(2.7 * math.ceil(len(pairs) / ACROSS)) as figure:
        for axes, pair in zip(_panels(figure, len(pairs)), pairs, strict=False):
            _interaction(axes, pair, found.words)
        return as_svg(figure, f"{found.words} by pairs of parameters")


def _panels(figure: Any, n: int) -> list[Any]:
    """Panels with one scale; those that nothing is drawn in are taken away."""
    n_rows, n_cols = math.ceil(n / ACROSS), min(n, ACROSS)
    panels = list(figure.subplots(n_rows, n_cols, sharey=True, squeeze=False).flat)
    for axes in panels[n:]:
        axes.remove()
    return panels[:n]


def _main_effect(axes: Any, found: Sweep, effect: ParameterEffect) -> None:
    values = [level.value for level in effect.levels]
    places = _places(values)
    means = [level.figure.mean for level in effect.levels]
    _scatter(axes, found, effect, values, places)
    lows, highs = zip(*map(_ends, effect.levels), strict=True)
    if effect.is_range:
        axes.fill_between(places, lows, highs, color=SKY, alpha=0.7, linewidth=0)
        axes.plot(places, means, color=BLUE, linewidth=1.6)
    else:
        ends = [np.subtract(means, lows), np.subtract(highs, means)]
        line = "o-" if _is_number(values) else "o"
        axes.errorbar(places, means, yerr=ends, fmt=line, color=BLUE, markersize=4, capsize=3)
    _label(axes, values, places)
    axes.set_xlabel(effect.key)
    axes.yaxis.set_major_formatter("{x:,.6g}")


def _ends(level: Level) -> tuple[float, float]:
    """Of the interval against the mean of all levels, around the level's own mean: that is what
    levels are told apart by."""
    mean, effect = level.figure.mean, level.effect
    if effect.low is None or effect.high is None:
        return mean, mean
    return mean + effect.low - effect.mean, mean + effect.high - effect.mean


def _scatter(
    axes: Any, found: Sweep, effect: ParameterEffect, values: Sequence[Any],
    places: Sequence[float],
) -> None:  # fmt: skip
    """Every point, in grey."""
    xs, ys = [], []
    for point in found.points:
        figure, value = point.figures.get(found.measure), point.values[effect.key]
        if figure is None or (not effect.is_range and value not in values):
            continue
        xs.append(float(value) if effect.is_range else places[list(values).index(value)])
        ys.append(figure.mean)
    axes.plot(xs, ys, ".", color="#9aa5b1", markersize=4, alpha=0.6, zorder=1)


def _interaction(axes: Any, pair: Interaction, words: str) -> None:
    first, second = pair.levels
    places = _places(first)
    for index, level in enumerate(second):
        means = [_or(row[index], math.nan) for row in pair.means]
        axes.plot(
            places, means, "o-", color=colour_of(index), markersize=3.5, label=value_words(level)
        )
    _label(axes, first, places)
    axes.set_xlabel(pair.keys[0])
    axes.set_ylabel(words if axes.get_subplotspec().is_first_col() else "")
    axes.legend(title=pair.keys[1], frameon=False, fontsize=7.5, title_fontsize=7.5)
    axes.yaxis.set_major_formatter("{x:,.6g}")


def _is_number(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _places(values: Sequence[Any]) -> list[float]:
    """Numbers where they are, everything else side by side."""
    if _is_number(values):
        return [float(value) for value in values]
    return [float(index) for index in range(len(values))]


def _label(axes: Any, values: Sequence[Any], places: Sequence[float]) -> None:
    if not _is_number(values):
        axes.set_xlim(-0.5, len(values) - 0.5)
        axes.set_xticks(places, [value_words(value) for value in values])
    elif len(values) < MOST_TICKS:
        axes.set_xticks(places, [value_words(value) for value in values])


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
