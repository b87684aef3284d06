"""The folder of a sweep: report.html, sweep.json, results.parquet and points.parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gridfleet.experiments.measures.catalogue import MEASURES, measure_named
from gridfleet.experiments.report import sweep_charts
from gridfleet.experiments.report.data import write_rows
from gridfleet.experiments.sweep.design import FACTORIAL
from gridfleet.experiments.sweep.findings import PointFigures, Row, Sweep
from gridfleet.experiments.sweep.words import value_words
from gridfleet.report.page import template
from gridfleet.run_folder import REPORT, write_text

RESULT, RESULTS, POINTS = "sweep.json", "results.parquet", "points.parquet"
MOST_ROWS = 300
"""Points that the page lists; points.parquet has all."""


def write_sweep(
    folder: Path, found: Sweep, rows: Iterable[Row], sentence: str, told: Sequence[str],
    figures: dict[str, Any],
) -> Path:  # fmt: skip
    """Write everything into the folder; returns the path of the page."""
    keys = [effect.key for effect in found.parameters]
    write_rows(folder / RESULTS, [_result(row, found) for row in rows])
    write_rows(folder / POINTS, [_point_row(point) for point in found.points])
    write_text(folder, RESULT, json.dumps(figures, indent=2, allow_nan=False) + "\n")
    ranked = _ranked(found)
    page = template("sweep.html.j2").render(
        found=found,
        verdict=sentence,
        told=told,
        is_factorial=found.design == FACTORIAL,
        shares=sweep_charts.shares(found),
        effects=sweep_charts.main_effects(found),
        pairs=sweep_charts.interactions(found),
        keys=keys,
        rows=[_page_row(point, keys, found) for point in ranked[:MOST_ROWS]],
        n_hidden=max(0, len(ranked) - MOST_ROWS),
    )
    write_text(folder, REPORT, page)
    return folder / REPORT


def _result(row: Row, found: Sweep) -> dict[str, Any]:
    return {
        "point": row.point.number,
        **found.point(row.point.number).values,
        "seed": row.seed,
        **row.figures,
        "regime": row.regime,
        "jammed": row.jammed,
    }


def _point_row(point: PointFigures) -> dict[str, Any]:
    figures: dict[str, float | None] = {}
    for name in MEASURES:
        spread = point.figures.get(name)
        figures[name] = spread.mean if spread else None
        figures[f"{name}_low"] = spread.low if spread else None
        figures[f"{name}_high"] = spread.high if spread else None
    return {
        "point": point.number,
        **point.values,
        "runs": point.n,
        "failed": point.broken,
        "jams": point.jams,
        "regime": point.regime,
        **figures,
    }


def _ranked(found: Sweep) -> list[PointFigures]:
    """The best first; those without the figure last."""
    sign = -(found.better or 1)
    have = [point for point in found.points if found.measure in point.figures]
    rest = [point for point in found.points if found.measure not in point.figures]
    return [*sorted(have, key=lambda point: sign * point.figures[found.measure].mean), *rest]


def _page_row(point: PointFigures, keys: Sequence[str], found: Sweep) -> dict[str, Any]:
    spread, digits = point.figures.get(found.measure), measure_named(found.measure).digits
    mean = between = "–"
    if spread is not None:
        mean = f"{spread.mean:,.{digits}f}"
        if spread.low is not None and spread.high is not None:
            between = f"{spread.low:,.{digits}f} to {spread.high:,.{digits}f}"
    return {
        "number": point.number,
        "parts": [value_words(point.values[key]) for key in keys],
        "mean": mean,
        "between": between,
        "regime": point.regime,
        "jams": point.jams,
        "n": point.n_tried,
        "is_best": point.number == found.best_point,
        "may_be": point.number in found.may_be_best,
    }
