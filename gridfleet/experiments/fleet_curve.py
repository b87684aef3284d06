"""How much a floor does with more and more units, where that collapses, and what it carries safely.

A floor is compared by its curve and not by a point of it: the best fleet of one is not that of
another. Every size runs with the same seeds, so with the same orders, of which there are always
more than can be filled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridfleet.brain import lay_groundwork
from gridfleet.experiments.comparing import LONGER
from gridfleet.experiments.comparison import Spread, as_spread
from gridfleet.experiments.engine import Campaign
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.measures.catalogue import measure_named
from gridfleet.experiments.measures.jams import jam_begins
from gridfleet.experiments.measures.window import mean_minutes, window_of
from gridfleet.experiments.replicating import OnProgress, Replications, ShouldStop, jobs_for
from gridfleet.experiments.replication import Outcome, Variant
from gridfleet.experiments.settling import check_long_enough, settling_time
from gridfleet.experiments.statistics import (
    bonferroni,
    mean_interval,
    paired_interval,
    share_interval,
)
from gridfleet.experiments.variants import line_up_variants
from gridfleet.wiring.choice import FULFILMENT
from gridfleet.wiring.fleet import laden_capacity

SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
"""Of the fleet that the first floor advises, where no sizes are named."""
COLLAPSE = 0.05
"""A fleet has collapsed that does so much less than the best smaller one, and surely less."""
SAFE = 0.99
"""Share of shifts without a jam that a safe fleet has."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CurveAsk:
    """sizes: units, ascending; () for SHARES of the fleet that the first floor advises.
    replications: of each size. is_limited: the controller gives work to no more units at once than
    the floor carries, as it does in a run; or else to all."""

    measure: str
    sizes: tuple[int, ...] = ()
    replications: int = 5
    confidence: float = 0.95
    is_limited: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        measure_named(self.measure)
        if self.replications < 2:
            raise ExperimentError(f"replications is {self.replications}; give 2 or more")
        if any(size < 1 for size in self.sizes) or sorted(set(self.sizes)) != list(self.sizes):
            told = ",".join(map(str, self.sizes))
            raise ExperimentError(f"--units is {told}; give ascending numbers from 1 on, as 10,20")


@dataclass(frozen=True, slots=True)
class Point:
    """One size. figure: of the measure. jams: of n runs. jam_share: their probability.
    waiting: per cent of the time on the way."""

    n_units: int
    n: int
    figure: Spread
    jams: int
    jam_share: Spread
    waiting: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One floor. peak: size with the best mean. collapse: the first size beyond it that does surely
    less, by COLLAPSE at the least; None where none does. safe: the largest size up to which at
    least SAFE of all runs had no jam; None where there is none. advised: by the floor. carries:
    units that the controller gives work at once. warm_up_min: minutes left out, those of the size
    that settles last; is_warm: whether all have settled by then."""

    layout: str
    points: tuple[Point, ...]
    peak: int
    collapse: int | None
    safe: int | None
    advised: int
    carries: int
    warm_up_min: int
    is_warm: bool


@dataclass(frozen=True, slots=True)
class Curves:
    measure: str
    work: str
    confidence: float
    minutes: int
    replications: int
    is_limited: bool
    is_cut: bool
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    broken: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self, enc_hook=lambda value: value.item())
        return found


@dataclass(frozen=True, slots=True)
class Field:
    """Every size of every floor as a variant. sizes: by floor, with the name of each variant."""

    variants: tuple[Variant, ...]
    sizes: dict[str, dict[int, str]]
    advised: dict[str, int]
    carries: dict[str, int]
    notes: tuple[str, ...]


def lay_out(layouts: Sequence[str], options: Mapping[str, Any], ask: CurveAsk) -> Field:
    """Raises GridfleetError for floors and fleets that cannot be run."""
    line = line_up_variants([*layouts], options)
    check_long_enough(60.0 * min(variant.scenario.hours for variant in line.variants), LONGER)
    variants: list[Variant] = []
    sizes: dict[str, dict[int, str]] = {}
    advised, carries = {}, {}
    base = _advised(line.variants[0])
    for variant in line.variants:
        advised[variant.name] = _advised(variant)
        ground = lay_groundwork(variant.scenario)
        is_loaded = ground.kind == FULFILMENT
        carries[variant.name] = (
            laden_capacity(ground.layout) if is_loaded else ground.fleet.n_active
        )
        sizes[variant.name] = {}
        for n_units in ask.sizes or _sizes(base):
            sized = _sized(variant, n_units, ask)
            if sized is None:
                continue
            variants.append(sized)
            sizes[variant.name][n_units] = sized.name
        if len(sizes[variant.name]) < 2:
            raise ExperimentError(
                f"{variant.name} has room for {len(sizes[variant.name])} of the fleets; name "
                "smaller ones with --units"
            )
    return Field(tuple(variants), sizes, advised, carries, _notes(line.notes))


def _notes(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(note for note in notes if not note.startswith("All floors have"))


def _advised(variant: Variant) -> int:
    return lay_groundwork(msgspec.structs.replace(variant.scenario, robots=0)).n_units


def _sizes(advised: int) -> list[int]:
    return sorted({max(1, round(share * advised)) for share in SHARES})


def _sized(variant: Variant, n_units: int, ask: CurveAsk) -> Variant | None:
    """None where the floor has no room for so many."""
    from fleet_control.errors import CapacityError

    scenario = msgspec.structs.replace(
        variant.scenario, robots=n_units, max_working=0 if ask.is_limited else n_units
    )
    try:
        lay_groundwork(scenario)
    except CapacityError:
        return None
    name = f"{variant.name}-{n_units}"
    return Variant(name=name, scenario=scenario, files=variant.files)


def run_curves(
    field: Field, ask: CurveAsk, campaign: Campaign, on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Curves:  # fmt: skip
    """Run every size of every floor, seed by seed, and read the curves."""
    done = Replications()
    seeds = range(ask.seed, ask.seed + ask.replications)
    done.run(jobs_for(field.variants, seeds), campaign, "runs", on_progress, should_stop)
    some = next((outcome for one in done.outcomes.values() for outcome in one.values()), None)
    if some is None:
        told = done.broken[0].text if done.broken else "it was stopped before"
        raise ExperimentError(f"no run is finished: {told}")
    return Curves(
        measure=ask.measure,
        work=some.work,
        confidence=ask.confidence,
        minutes=some.n_minutes,
        replications=ask.replications,
        is_limited=ask.is_limited,
        is_cut=done.is_cut,
        curves=tuple(
            _curve(layout, names, field, done, ask) for layout, names in field.sizes.items()
        ),
        notes=field.notes,
        broken=tuple(msgspec.to_builtins(broken) for broken in done.broken),
    )


def _curve(
    layout: str, names: dict[int, str], field: Field, done: Replications, ask: CurveAsk
) -> Curve:
    outcomes = {n_units: done.of(name) for n_units, name in names.items() if done.of(name)}
    if not outcomes:
        raise ExperimentError(f"no run on {layout} is finished")
    warm_up, is_warm = settling_time(map(mean_minutes, outcomes.values()), LONGER)
    figures = {
        n_units: _figures(found, warm_up, ask.measure) for n_units, found in outcomes.items()
    }
    for n_units, found in figures.items():
        if not found:
            raise ExperimentError(
                f"no run on {layout} with {n_units} units has {ask.measure}; give more --hours or "
                "choose another with --kpi"
            )
    points = tuple(
        _point(
            n_units, found, figures[n_units], done.n_broken_on_the_way(names[n_units]), warm_up, ask
        )
        for n_units, found in outcomes.items()
    )
    sign = measure_named(ask.measure).better or 1
    peak = max(points, key=lambda point: sign * point.figure.mean).n_units
    return Curve(
        layout=layout,
        points=points,
        peak=peak,
        collapse=_collapse(figures, peak, sign, ask.confidence),
        safe=_safe(points),
        advised=field.advised[layout],
        carries=field.carries[layout],
        warm_up_min=warm_up,
        is_warm=is_warm,
    )


def _figures(outcomes: Sequence[Outcome], warm_up: int, measure: str) -> dict[int, float]:
    """By seed, of those runs that have the figure."""
    of = measure_named(measure).of
    found = {outcome.seed: of(window_of(outcome, warm_up)) for outcome in outcomes}
    return {seed: value for seed, value in found.items() if math.isfinite(value)}


def _point(
    n_units: int, outcomes: Sequence[Outcome], figures: Mapping[int, float], n_broken: int,
    warm_up: int, ask: CurveAsk,
) -> Point:  # fmt: skip
    jams = sum(jam_begins(outcome) is not None for outcome in outcomes) + n_broken
    n = len(outcomes) + n_broken
    waiting = _figures(outcomes, warm_up, "waiting_on_the_way")
    values = np.array(list(figures.values()))
    return Point(
        n_units=n_units,
        n=n,
        figure=as_spread(mean_interval(values, ask.confidence)),
        jams=jams,
        jam_share=as_spread(share_interval(jams, n, ask.confidence)),
        waiting=float(np.mean(list(waiting.values()))) if waiting else 0.0,
    )


def _collapse(
    figures: Mapping[int, Mapping[int, float]], peak: int, sign: int, confidence: float
) -> int | None:
    """The first size beyond the peak that does surely less: the intervals of the differences of all
    sizes beyond hold together."""
    beyond = [n_units for n_units in figures if n_units > peak]
    for n_units in beyond:
        seeds = sorted(set(figures[peak]) & set(figures[n_units]))
        if len(seeds) < 2:
            continue
        best, here = (np.array([figures[size][seed] for seed in seeds]) for size in (peak, n_units))
        lost = paired_interval(sign * here, sign * best, bonferroni(confidence, len(beyond)))
        if lost.low > 0.0 and lost.mean >= COLLAPSE * abs(float(best.mean())):
            return n_units
    return None


def _safe(points: Sequence[Point]) -> int | None:
    found = None
    for point in points:
        if point.jams > (1.0 - SAFE) * point.n:
            break
        found = point.n_units
    return found


def sentences(found: Curves) -> list[str]:
    """What each curve says, for people."""
    words = measure_named(found.measure).titled(found.work)
    told = []
    for curve in found.curves:
        best = next(point for point in curve.points if point.n_units == curve.peak)
        text = (
            f"{curve.layout}: {best.figure.mean:,.0f} {words} with {curve.peak} units at its best"
        )
        if curve.collapse is not None:
            text += f", and surely less from {curve.collapse} units on"
        elif curve.peak == curve.points[-1].n_units:
            text += ", the largest fleet tried: more may bring more"
        text += ". " + _of_safety(curve, found.confidence)
        if not curve.is_warm:
            text += (
                f" Not all sizes had settled by the {curve.warm_up_min} min that are left out; "
                "give more --hours."
            )
        told.append(text)
    return told


def _of_safety(curve: Curve, confidence: float) -> str:
    if curve.safe is None:
        return "It jams with the smallest fleet already."
    point = next(point for point in curve.points if point.n_units == curve.safe)
    high = point.jam_share.high
    bound = (
        "" if high is None else f", which shows at most {high:.0%} of jams, {confidence:.0%} sure"
    )
    return (
        f"Up to {curve.safe} units at least {SAFE:.0%} of the runs had no jam ({point.n} of each "
        f"size{bound})."
    )


def default_folder(layouts: Sequence[str]) -> Path:
    return Path("experiments") / ("curve-" + "-".join(Path(name).stem for name in layouts))
