"""What each parameter does to a figure, how much of all differences it explains, and which pairs
of parameters work together.

All combinations: analysis of variance, held against what chance does to means of points. A Latin
hypercube: a quadratic fit for each parameter alone, whose share is corrected for what a fit gets by
chance (adjusted R²). Levels are compared seed by seed, since all points have the same seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from gridfleet.experiments.comparison import Spread, as_spread
from gridfleet.experiments.statistics import (
    bonferroni,
    mean_interval,
    paired_interval,
    percent_interval,
)
from gridfleet.experiments.statistics import factors as fit
from gridfleet.experiments.sweep.table import Floats, Table

GRID = 9
"""Values of a range at which its fit is told."""
STRONGEST = 3
"""Interactions that are told."""


@dataclass(frozen=True, slots=True)
class Level:
    """A value of a parameter. figure: the mean over everything else there. effect: how that differs
    from the mean of all levels, seed by seed, so that what a seed does to all of them cancels."""

    value: Any
    figure: Spread
    effect: Spread


@dataclass(frozen=True, slots=True)
class ParameterEffect:
    """share: of the variance between points. p_value: that chance alone does as much; None where
    that is not known. is_sure: that it does something, all parameters taken together, and that its
    best level differs from its worst. worst, best: values of the levels with the least and the most
    favourable mean, and how the best differs from the worst, seed by seed."""

    key: str
    is_range: bool
    levels: tuple[Level, ...]
    share: float
    p_value: float | None
    is_sure: bool
    worst: Any
    best: Any
    difference: Spread
    percent: Spread | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two parameters of which one does more or less depending on the other. means: by level of the
    first and of the second; None where no point is."""

    keys: tuple[str, str]
    share: float
    p_value: float | None
    is_sure: bool
    levels: tuple[tuple[Any, ...], tuple[Any, ...]]
    means: tuple[tuple[float | None, ...], ...]


def parameter_effects(table: Table) -> tuple[ParameterEffect, ...]:
    """Of every parameter, the one that explains most first."""
    found = [_effect(table, index) for index in range(len(table.parameters))]
    return tuple(sorted(found, key=lambda effect: -effect.share))


def interactions(table: Table) -> tuple[Interaction, ...]:
    """The strongest of all combinations; none of a Latin hypercube, or of one parameter."""
    pairs = list(combinations(range(len(table.parameters)), 2))
    if not table.is_factorial or not table.total:
        return ()
    found = [_interaction(table, first, second, len(pairs)) for first, second in pairs]
    return tuple(sorted(found, key=lambda one: -one.share)[:STRONGEST])


def chance_share(table: Table) -> float | None:
    """Of the variance between points, what chance alone would give them."""
    variance, degrees = fit.chance(table.values)
    if not degrees or not table.total:
        return None
    return min(1.0, variance * (len(table.points) - 1) / table.total)


# ---------------------------------------------------------------------- one parameter


def _factor(table: Table, index: int, values: Sequence[Any]) -> Floats:
    """The columns of a parameter at these values of it."""
    parameter = table.parameters[index]
    if not parameter.is_range:
        codes = [parameter.levels.index(value) for value in values]
        return fit.indicators(codes, len(parameter.levels))
    scale = np.log if parameter.is_log else np.asarray
    ends = scale([parameter.low, parameter.high])
    return fit.powers(scale(np.array(values, dtype=np.float64)), float(ends[0]), float(ends[1]))


def _factors(table: Table) -> list[Floats]:
    return [_factor(table, index, table.column(index)) for index in range(len(table.parameters))]


def _effect(table: Table, index: int) -> ParameterEffect:
    parameter = table.parameters[index]
    share, p_value = _explained(table, index)
    there = table.column(index)
    values = (
        parameter.grid(GRID)
        if parameter.is_range
        else [level for level in parameter.levels if level in there]
    )
    figures = _at_levels(table, index, values)
    favour = table.better * figures.mean(axis=1)
    worst, best = int(favour.argmin()), int(favour.argmax())
    # The two were chosen among all levels, so the interval is wide enough for any two of them.
    n_pairs = max(1, len(values) * (len(values) - 1) // 2)
    confidence = bonferroni(table.confidence, n_pairs)
    a, b = figures[worst], figures[best]
    difference = paired_interval(a, b, confidence)
    is_known = np.isfinite(p_value)
    limit = 1.0 - bonferroni(table.confidence, len(table.parameters))
    return ParameterEffect(
        key=parameter.key,
        is_range=parameter.is_range,
        levels=tuple(
            Level(
                value,
                as_spread(mean_interval(row, table.confidence)),
                as_spread(paired_interval(figures.mean(axis=0), row, table.confidence)),
            )
            for value, row in zip(values, figures, strict=True)
        ),
        share=share,
        p_value=p_value if is_known else None,
        is_sure=bool(is_known and p_value < limit and not difference.contains(0.0)),
        worst=values[worst],
        best=values[best],
        difference=as_spread(difference),
        percent=as_spread(percent_interval(a, b, confidence)) if a.mean() else None,
    )


def _at_levels(table: Table, index: int, values: Sequence[Any]) -> Floats:
    """float64[n_values, n_seeds]: the mean over everything else, seed by seed."""
    own = _factor(table, index, values)
    factors = _factors(table) if table.is_factorial else [_factors(table)[index]]
    rows = [np.repeat(factor.mean(axis=0)[None, :], len(values), axis=0) for factor in factors]
    rows[index if table.is_factorial else 0] = own
    columns = fit.model(factors, len(table.points))
    return fit.predicted(columns, table.values, fit.model(rows, len(values)))


def _explained(table: Table, index: int) -> tuple[float, float]:
    """Share of the variance between points, and the p-value."""
    if not table.total:
        return 0.0, 1.0
    factors = _factors(table)
    if table.is_factorial:
        others = [factor for i, factor in enumerate(factors) if i != index]
        return _added(table, others, factors[index])
    n = len(table.points)
    left, free = fit.residual(fit.model([factors[index]], n), table.means)
    degrees = n - 1 - free
    if free < 1:
        return 1.0 - left / table.total, float("nan")
    share = 1.0 - (left / free) / (table.total / (n - 1))
    p_value = fit.p_value(table.total - left, degrees, left / free, free)
    return max(0.0, share), p_value


def _added(table: Table, others: Sequence[Floats], factor: Floats) -> tuple[float, float]:
    """What a factor explains beyond the others."""
    n = len(table.points)
    without, free = fit.residual(fit.model(others, n), table.means)
    left, still_free = fit.residual(fit.model([*others, factor], n), table.means)
    squares = without - left if without - left > fit.EXACT * table.total else 0.0
    variance, degrees = fit.chance(table.values)
    return squares / table.total, fit.p_value(squares, free - still_free, variance, degrees)


# ---------------------------------------------------------------------- two of them


def _interaction(table: Table, first: int, second: int, n_pairs: int) -> Interaction:
    factors = _factors(table)
    share, p_value = _added(table, factors, fit.crossed(factors[first], factors[second]))
    is_known = np.isfinite(p_value)
    limit = 1.0 - bonferroni(table.confidence, n_pairs)
    a, b = table.parameters[first], table.parameters[second]
    return Interaction(
        keys=(a.key, b.key),
        share=share,
        p_value=p_value if is_known else None,
        is_sure=bool(is_known and p_value < limit),
        levels=(a.levels, b.levels),
        means=tuple(
            tuple(_mean_at(table, {first: x, second: y}) for y in b.levels) for x in a.levels
        ),
    )


def _mean_at(table: Table, wanted: dict[int, Any]) -> float | None:
    rows = [
        row
        for row, point in enumerate(table.points)
        if all(point[index] == value for index, value in wanted.items())
    ]
    return float(table.means[rows].mean()) if rows else None
