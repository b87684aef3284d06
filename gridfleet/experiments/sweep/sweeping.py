"""Runs every point of a sweep, and puts together what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gridfleet.experiments.comparison import as_spread
from gridfleet.experiments.engine import Campaign
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.measures.catalogue import MEASURES, figures_of, measure_named
from gridfleet.experiments.measures.jams import jam_begins
from gridfleet.experiments.measures.window import mean_minutes
from gridfleet.experiments.replicating import OnProgress, Replications, ShouldStop, jobs_for
from gridfleet.experiments.replication import Outcome
from gridfleet.experiments.settling import settling_time
from gridfleet.experiments.statistics import mean_interval
from gridfleet.experiments.sweep.best import best_point
from gridfleet.experiments.sweep.design import FACTORIAL
from gridfleet.experiments.sweep.effects import chance_share, interactions, parameter_effects
from gridfleet.experiments.sweep.findings import Broken, PointFigures, Row, Sweep
from gridfleet.experiments.sweep.points import Field, Point
from gridfleet.experiments.sweep.table import Table
from gridfleet.experiments.variants import STEADY


def run_sweep(
    field: Field, campaign: Campaign, on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> tuple[Sweep, list[Row]]:  # fmt: skip
    """Run every point with every seed, seed by seed. Raises ExperimentError where nothing can be
    learned from what ran."""
    done, table = Replications(), field.table
    seeds = range(table.seed, table.seed + table.replications)
    done.run(jobs_for(field.variants, seeds), campaign, "runs", on_progress, should_stop)
    outcomes = [outcome for point in field.points for outcome in done.of(point.name)]
    if not outcomes:
        why = done.broken[0].text if done.broken else "it was stopped before"
        raise ExperimentError(f"no run is finished: {why}")
    warm_up, is_warm = _warm_up(field, done)
    rows = [
        _row(point, outcome, warm_up) for point in field.points for outcome in done.of(point.name)
    ]
    minutes = min(outcome.n_minutes for outcome in outcomes)
    return _found(field, done, rows, outcomes[0].work, minutes, warm_up, is_warm), rows


def _warm_up(field: Field, done: Replications) -> tuple[int, bool]:
    if field.kind != STEADY:
        return 0, True
    return settling_time(
        (mean_minutes(found) for point in field.points if (found := done.of(point.name))),
        'set hours = {hours:g} or more, or kind = "shift" in [sweep]',
    )


def _row(point: Point, outcome: Outcome, warm_up: int) -> Row:
    return Row(
        point,
        outcome.seed,
        figures_of(outcome, warm_up),
        str(outcome.kpis["regime"] or ""),
        jam_begins(outcome) is not None,
    )


def _found(
    field: Field, done: Replications, rows: Sequence[Row], work: str, minutes: int, warm_up: int,
    is_warm: bool,
) -> Sweep:  # fmt: skip
    table, measure = field.table, measure_named(field.table.kpi)
    analysed, seeds = complete(rows, measure.name)
    figures = {(row.point.number, row.seed): row.figures[measure.name] for row in rows}
    facts = Table(
        parameters=field.parameters,
        points=tuple(field.points[number - 1].values for number in analysed),
        values=np.array([[figures[number, seed] for seed in seeds] for number in analysed]),
        is_factorial=table.design == FACTORIAL,
        confidence=table.confidence,
        better=measure.better or 1,
    )
    best = best_point(facts)
    return Sweep(
        kind=field.kind,
        design=table.design,
        work=work,
        measure=measure.name,
        words=measure.titled(work),
        unit=measure.unit,
        better=measure.better,
        confidence=table.confidence,
        minutes=minutes,
        warm_up_min=warm_up,
        is_warm=is_warm,
        replications=table.replications,
        is_cut=done.is_cut,
        seeds=seeds,
        analysed=analysed,
        parameters=parameter_effects(facts),
        interactions=interactions(facts),
        chance_share=chance_share(facts),
        best=best,
        best_point=analysed[best.row],
        points=tuple(_points(field, rows, done)),
        notes=field.notes,
        broken=tuple(_broken(field, done)),
    )


def complete(rows: Sequence[Row], measure: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of points and seeds of which every pair has the figure.

    Seeds that all points have come through; where failures leave fewer than two of them, the
    points that have come through all seeds. Raises ExperimentError where no two points are left.
    """
    seeds: dict[int, set[int]] = {}
    for row in rows:
        if np.isfinite(row.figures[measure]):
            seeds.setdefault(row.point.number, set()).add(row.seed)
    common = set.intersection(*seeds.values()) if seeds else set()
    everything = set().union(*seeds.values())
    if len(common) < min(2, len(everything)):
        seeds = {number: found for number, found in seeds.items() if found == everything}
        common = everything
    if len(seeds) < 2:
        raise ExperimentError(
            f"{len(seeds)} points have finished runs with {measure}; two are compared at the least"
        )
    return tuple(sorted(seeds)), tuple(sorted(common))


def _points(field: Field, rows: Sequence[Row], done: Replications) -> Iterator[PointFigures]:
    by_point: dict[int, list[Row]] = {point.number: [] for point in field.points}
    for row in rows:
        by_point[row.point.number].append(row)
    for point in field.points:
        yield _point(field, point, by_point[point.number], done)


def _point(field: Field, point: Point, own: Sequence[Row], done: Replications) -> PointFigures:
    figures = {}
    for name in MEASURES:
        values = [row.figures[name] for row in own if np.isfinite(row.figures[name])]
        if values:
            figures[name] = as_spread(mean_interval(values, field.table.confidence))
    counted = Counter(row.regime for row in own if row.regime)
    n_broken = done.n_broken_on_the_way(point.name)
    return PointFigures(
        number=point.number,
        values=_values(field, point),
        n=len(own),
        broken=done.n_broken(point.name),
        n_tried=len(own) + n_broken,
        jams=sum(row.jammed for row in own) + n_broken,
        regime=counted.most_common(1)[0][0] if counted else "",
        figures=figures,
    )


def _values(field: Field, point: Point) -> dict[str, Any]:
    keys = [parameter.key for parameter in field.parameters]
    return dict(zip(keys, point.values, strict=True))


def _broken(field: Field, done: Replications) -> list[Broken]:
    points = {point.name: point for point in field.points}
    return [
        Broken(points[one.variant].number, _values(field, points[one.variant]), one.seed, one.text)
        for one in done.broken
    ]
