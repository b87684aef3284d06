"""The folder of fleet curves: report.html, curves.json and curves.parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridfleet.experiments.fleet_curve import Curves
from gridfleet.experiments.measures.catalogue import measure_named
from gridfleet.experiments.report.charts import BAD, colour_of
from gridfleet.experiments.report.data import write_rows
from gridfleet.report.charts import as_svg, drawing
from gridfleet.report.page import template
from gridfleet.run_folder import REPORT, write_text

RESULT, DATA = "curves.json", "curves.parquet"


def write_curves(folder: Path, found: Curves, told: Sequence[str], figures: dict[str, Any]) -> Path:
    """Write everything into the folder; returns the path of the page."""
    write_rows(folder / DATA, _rows(found))
    write_text(folder, RESULT, json.dumps(figures, indent=2, allow_nan=False) + "\n")
    words = measure_named(found.measure).titled(found.work)
    page = template("curves.html.j2").render(
        found=found, told=told, words=words, chart=_chart(found, words), rows=_rows(found)
    )
    write_text(folder, REPORT, page)
    return folder / REPORT


def _rows(found: Curves) -> list[dict[str, Any]]:
    return [
        {
            "layout": curve.layout,
            "units": point.n_units,
            "runs": point.n,
            "mean": point.figure.mean,
            "low": point.figure.low,
            "high": point.figure.high,
            "a_unit": point.figure.mean / point.n_units,
            "jams": point.jams,
            "jam_share_high": point.jam_share.high,
            "waiting_percent": point.waiting,
        }
        for curve in found.curves
        for point in curve.points
    ]


def _chart(found: Curves, words: str) -> str:
    """All curves in one picture; below them the share of runs that jammed."""
    with drawing(4.4) as figure:
        top, low = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        for index, curve in enumerate(found.curves):
            colour = colour_of(index)
            sizes = [point.n_units for point in curve.points]
            means = [point.figure.mean for point in curve.points]
            top.plot(sizes, means, "o-", color=colour, markersize=4, label=curve.layout)
            top.fill_between(
                sizes,
                [point.figure.low or point.figure.mean for point in curve.points],
                [point.figure.high or point.figure.mean for point in curve.points],
                color=colour, alpha=0.15, linewidth=0,
            )  # fmt: skip
            if curve.collapse is not None:
                height = means[sizes.index(curve.collapse)]
                top.plot(
                    [curve.collapse], [height], "x", color=BAD, markersize=9, markeredgewidth=2
                )
            top.axvline(curve.carries, color=colour, linewidth=0.9, linestyle=(0, (2, 3)))
            low.plot(
                sizes, [100.0 * point.jams / point.n for point in curve.points], "o-",
                color=colour, markersize=3,
            )  # fmt: skip
        top.set_ylim(bottom=0)
        top.set_ylabel(words)
        top.yaxis.set_major_formatter("{x:,.0f}")
        top.legend(frameon=False, loc="lower right")
        low.set_ylim(-3, 103)
        low.set_ylabel("jammed, %")
        low.set_xlim(left=0)
        low.set_xlabel("drive units")
        return as_svg(figure, f"{words} against the number of drive units")
