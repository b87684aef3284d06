"""What a comparison found: effects with intervals, jams, regimes, and which variant is best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.comparing import Runs
from gridfleet.experiments.measures.catalogue import MEASURES, Measure, measure_named
from gridfleet.experiments.measures.jams import jam_begins
from gridfleet.experiments.statistics import (
    Interval,
    bonferroni,
    mean_interval,
    minimum_detectable_effect,
    paired_interval,
    percent_interval,
    select,
    share_interval,
    stein_interval,
    variance_ratio,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """An estimate and its interval; None where too few runs have the figure."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """How one variant differs from the first in one figure.

    base, value: means over the same seeds. difference: value - base. percent: of the base; None
    where it is 0. is_sure: the interval leaves out 0. is_better: 1, -1, or 0 where it cannot be
    told, or neither way is better.
    """

    measure: str
    words: str
    unit: str
    variant: str
    base: float
    value: float
    difference: Spread
    percent: Spread | None
    n: int
    is_sure: bool
    is_better: int

    @property
    def told(self) -> tuple[Spread, str]:
        """As people read it, and its unit: per cent of the first, but points for what is a
        percentage itself."""
        if self.unit == "%":
            return self.difference, " points"
        if self.percent is None:
            return self.difference, f" {self.unit}" if self.unit else ""
        return self.percent, " %"


@dataclass(frozen=True, slots=True)
class Side:
    """One variant. n: runs that came through with every variant. figures: mean and interval of
    every figure. jams: of n_tried, those that broke on the way included, and the interval of the
    probability of a jam. regimes: what limited the runs, and how many of them. reason:
    of the most frequent one, of the first run that has it."""

    name: str
    n: int
    n_units: int
    n_stations: int
    figures: dict[str, Spread]
    jams: int
    n_tried: int
    jam_share: Spread
    regimes: dict[str, int]
    reason: str

    @property
    def regime(self) -> str | None:
        """That of most runs."""
        return next(iter(self.regimes), None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """kind: "steady" or "shift". measure: that decides. work: lines, parcels or errands. minutes:
    of each replication, of which warm_up_min are left out. n: pairs; n_wanted: that the precision
    takes. is_answered: the pilot answered the question that was asked. precision, reached: asked
    for and reached, as half widths in per cent of the first's mean. detectable_percent: least true
    difference that so many pairs show four times in five. variance_ratio: of paired over unpaired
    differences. best: of three or more, the one with the best mean; None of two. is_best_sure: that
    it is the best with the confidence."""

    kind: str
    work: str
    measure: str
    confidence: float
    minutes: int
    warm_up_min: int
    is_warm: bool
    seeds: tuple[int, ...]
    n_wanted: int | None
    is_answered: bool
    most: int
    is_cut: bool
    precision: float
    reached: float | None
    detectable_percent: float | None
    variance_ratio: float | None
    sides: tuple[Side, ...]
    effects: tuple[Effect, ...]
    best: str | None
    is_best_sure: bool
    differs: dict[str, tuple[Any, ...]]
    notes: tuple[str, ...]
    broken: tuple[dict[str, Any], ...]

    @property
    def main(self) -> tuple[Effect, ...]:
        """Effects on the figure that decides, one for each variant but the first."""
        return tuple(effect for effect in self.effects if effect.measure == self.measure)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self, enc_hook=lambda value: value.item())
        return found


def analyse(runs: Runs) -> Comparison:
    """All that can be said of what has run."""
    ask, seeds = runs.ask, runs.seeds
    first = runs.outcome(runs.names[0], seeds[0])
    main = runs.whole_figures()
    effects = tuple(_effects(runs, first.work))
    halves = [_half_percent(effect) for effect in effects if effect.measure == ask.measure]
    best, is_best_sure = _best(runs, main)
    return Comparison(
        kind=runs.line.kind,
        work=first.work,
        measure=ask.measure,
        confidence=ask.confidence,
        minutes=min(runs.outcome(name, seed).n_minutes for name in runs.names for seed in seeds),
        warm_up_min=runs.warm_up,
        is_warm=runs.is_warm,
        seeds=tuple(seeds),
        n_wanted=runs.n_wanted,
        is_answered=runs.is_answered,
        most=ask.most,
        is_cut=runs.done.is_cut,
        precision=100.0 * ask.precision,
        reached=max((half for half in halves if half is not None), default=None),
        detectable_percent=_detectable(main, runs.confidence),
        variance_ratio=_variance_ratio(main),
        sides=tuple(_side(runs, name) for name in runs.names),
        effects=effects,
        best=best,
        is_best_sure=is_best_sure,
        differs=runs.line.differs,
        notes=runs.line.notes,
        broken=tuple(msgspec.to_builtins(broken) for broken in runs.done.broken),
    )


# ---------------------------------------------------------------------- effects


def _effects(runs: Runs, work: str) -> Iterator[Effect]:
    """Of every figure that all variants have. The deciding figure has the interval whose number of
    pairs was planned; the others are each on their own."""
    for name, measure in MEASURES.items():
        figures = runs.figures(name)
        whole = _whole(figures)
        if whole.sum() < 2:
            continue
        figures = figures[:, whole]
        confidence = bonferroni(runs.confidence, len(figures) - 1)
        n_pilots = int(np.count_nonzero(whole[: runs.n_pilots]))
        is_main = name == runs.ask.measure and n_pilots >= 2
        for variant, row in zip(runs.names[1:], figures[1:], strict=True):
            yield _effect(
                measure, work, variant, figures[0], row, confidence, n_pilots if is_main else None
            )


def _whole(figures: Floats) -> NDArray[np.bool_]:
    """bool[n_seeds], replications that have the figure in every variant."""
    return np.asarray(np.isfinite(figures).all(axis=0))


def _effect(
    measure: Measure, work: str, variant: str, base: Floats, values: Floats, confidence: float,
    n_pilots: int | None,
) -> Effect:  # fmt: skip
    mean = float(base.mean())
    if n_pilots is None:
        found = paired_interval(base, values, confidence)
        percent = percent_interval(base, values, confidence) if mean else None
    else:
        found = stein_interval(values - base, n_pilots, confidence)
        percent = found.times(100.0 / mean) if mean else None
    is_sure = not found.contains(0.0)
    return Effect(
        measure=measure.name,
        words=measure.titled(work),
        unit=measure.unit,
        variant=variant,
        base=mean,
        value=float(values.mean()),
        difference=as_spread(found),
        percent=None if percent is None else as_spread(percent),
        n=found.n,
        is_sure=is_sure,
        is_better=int(np.sign(found.mean)) * measure.better if is_sure else 0,
    )


def _half_percent(effect: Effect) -> float | None:
    percent = effect.percent
    if percent is None or percent.low is None or percent.high is None:
        return None
    return (percent.high - percent.low) / 2.0


def _detectable(main: Floats, confidence: float) -> float | None:
    """In per cent of the first's mean, for the comparison that varies most."""
    n, mean = main.shape[1], float(main[0].mean()) if main.size else 0.0
    if n < 3 or not mean:
        return None
    spread = max(float((row - main[0]).std(ddof=1)) for row in main[1:])
    each = bonferroni(confidence, len(main) - 1)
    return 100.0 * minimum_detectable_effect(spread, n, each) / abs(mean)


def _variance_ratio(main: Floats) -> float | None:
    """Of the second variant: what pairing has saved."""
    if main.shape[1] < 3:
        return None
    ratio = variance_ratio(main[0], main[1])
    return ratio if np.isfinite(ratio) else None


def _best(runs: Runs, main: Floats) -> tuple[str | None, bool]:
    """Of three or more variants, by Nelson and Matejcik."""
    sign = measure_named(runs.ask.measure).better or 1
    figures = sign * main
    if len(figures) < 3 or figures.shape[1] < 3:
        return None, False
    n_pilots = max(2, min(runs.n_pilots, figures.shape[1]))
    found = select(figures, n_pilots, runs.confidence)
    return runs.names[found.best], found.against_best[found.best].low >= 0.0


# ---------------------------------------------------------------------- variants


def _side(runs: Runs, name: str) -> Side:
    seeds = runs.seeds
    outcomes = [runs.outcome(name, seed) for seed in seeds]
    figures = {
        measure: _spread_of(runs.figures(measure)[runs.names.index(name)], runs.ask.confidence)
        for measure in MEASURES
    }
    n_broken = runs.done.n_broken_on_the_way(name)
    n_tried = len(outcomes) + n_broken
    n_jams = sum(jam_begins(outcome) is not None for outcome in outcomes)
    counted = Counter(str(outcome.kpis["regime"] or "unknown") for outcome in outcomes)
    regimes = dict(counted.most_common())
    return Side(
        name=name,
        n=len(outcomes),
        n_units=outcomes[0].n_units,
        n_stations=outcomes[0].n_stations,
        figures={key: spread for key, spread in figures.items() if spread is not None},
        jams=n_jams + n_broken,
        n_tried=n_tried,
        jam_share=as_spread(share_interval(n_jams + n_broken, n_tried, runs.ask.confidence)),
        regimes=regimes,
        reason=next(
            str(outcome.kpis["regime_reason"])
            for outcome in outcomes
            if str(outcome.kpis["regime"] or "unknown") == next(iter(regimes))
        ),
    )


def _spread_of(values: Floats, confidence: float) -> Spread | None:
    values = values[np.isfinite(values)]
    return as_spread(mean_interval(values, confidence)) if len(values) else None


def as_spread(found: Interval) -> Spread:
    """Ends that nobody knows are None: JSON has no infinity."""
    if not np.isfinite(found.half_width):
        return Spread(found.mean, None, None)
    return Spread(found.mean, found.low, found.high)
