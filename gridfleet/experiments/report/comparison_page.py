"""The folder of a comparison: report.html, comparison.json and the data behind every figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridfleet.experiments.comparing import Runs
from gridfleet.experiments.comparison import Comparison, Effect, Side, Spread
from gridfleet.experiments.measures.catalogue import MEASURES
from gridfleet.experiments.report import charts
from gridfleet.experiments.report.data import (
    CELLS,
    EFFECTS,
    MINUTES,
    RUNS,
    effect_rows,
    heat_of,
    write_cells,
    write_minutes,
    write_rows,
    write_runs,
)
from gridfleet.report import floor_map
from gridfleet.report.lost_section import CAUSES
from gridfleet.report.page import template
from gridfleet.report.splits import STATES, Bar, split
from gridfleet.report.words import short
from gridfleet.run_folder import REPORT, write_text
from layouts import load

RESULT = "comparison.json"


def write_comparison(
    folder: Path, runs: Runs, found: Comparison, sentence: str, remarks: Sequence[str],
    figures: dict[str, Any],
) -> Path:  # fmt: skip
    """Write everything into the folder; returns the path of the page."""
    outcomes = [runs.outcome(name, seed) for name in runs.names for seed in runs.seeds]
    write_runs(folder / RUNS, outcomes, runs.warm_up)
    write_rows(folder / EFFECTS, effect_rows(found.effects))
    write_minutes(folder / MINUTES, runs)
    write_cells(folder / CELLS, runs)
    write_text(folder, RESULT, json.dumps(figures, indent=2, allow_nan=False) + "\n")
    write_text(folder, REPORT, render(runs, found, sentence, remarks))
    return folder / REPORT


def render(runs: Runs, found: Comparison, sentence: str, remarks: Sequence[str]) -> str:
    """The page as HTML that needs nothing else."""
    minutes = [(name, runs.output_minutes(name)) for name in runs.names]
    return template("comparison.html.j2").render(
        names=runs.names,
        verdict=sentence,
        remarks=remarks,
        found=found,
        pairs=[(effect.variant, _pairs(runs, effect)) for effect in found.main],
        forests=[(name, charts.effects(found, name)) for name in runs.names[1:]],
        warm_up=charts.warm_up(minutes, runs.warm_up, found.work),
        rows=_rows(found),
        bars=[_bars(side) for side in found.sides],
        maps=_maps(runs),
        differs=[(key, [str(value) for value in values]) for key, values in found.differs.items()],
    )


def _pairs(runs: Runs, effect: Effect) -> str:
    figures = runs.figures(effect.measure)
    base, values = figures[0], figures[runs.names.index(effect.variant)]
    percents = 100.0 * (values - base) / effect.base if effect.base else values - base
    return charts.paired_differences(percents, effect, runs.seeds)


def _rows(found: Comparison) -> list[dict[str, Any]]:
    """A row for each figure: what each variant has, and how sure the differences are."""
    rows = []
    for name, measure in MEASURES.items():
        effects = [effect for effect in found.effects if effect.measure == name]
        spreads = [side.figures.get(name) for side in found.sides]
        if not effects or all(spread is None or spread.mean == 0.0 for spread in spreads):
            continue
        rows.append(
            {
                "key": name,
                "words": effects[0].words + (f", {measure.unit}" if measure.unit else ""),
                "values": [_number(spread, measure.digits) for spread in spreads],
                "effects": [(_signed(effect), _tone(effect)) for effect in effects],
                "is_main": name == found.measure,
            }
        )
    return rows


def _number(spread: Spread | None, digits: int) -> str:
    return "–" if spread is None else f"{spread.mean:,.{digits}f}"


def _signed(effect: Effect) -> str:
    spread, unit = effect.told
    if spread.low is None or spread.high is None:
        return f"{spread.mean:+.2f}{unit}"
    return f"{spread.mean:+.2f}{unit} ({spread.low:+.2f} to {spread.high:+.2f})"


def _tone(effect: Effect) -> str:
    return {1: "good", -1: "bad"}.get(effect.is_better, "sure" if effect.is_sure else "")


def _bars(side: Side) -> list[Bar]:
    """Where the time of stations and units went, on average."""
    bars = []
    for kind, words in (("station", CAUSES), ("unit", STATES)):
        spreads = {part: side.figures.get(f"{kind}_{part}") for part in words}
        shares = {part: spread.mean / 100.0 for part, spread in spreads.items() if spread}
        if sum(shares.values()) > 0.0:
            bars.append(split(f"{side.name}: {kind} time", shares, words=words))
    return bars


def _maps(runs: Runs) -> list[dict[str, Any]]:
    """How traffic and waiting differ between the first and each other floor of the same size."""
    first, *others = runs.line.variants
    base = load(first.scenario.layout)
    base_heat = heat_of(runs, first.name)
    found = []
    for other in others:
        layout = load(other.scenario.layout)
        if (layout.n_rows, layout.n_cols) != (base.n_rows, base.n_cols):
            continue
        heat = heat_of(runs, other.name)
        for index, (what, unit) in enumerate(
            (("traffic", "arrivals an hour"), ("waiting", "seconds waited an hour"))
        ):
            difference = heat[index] - base_heat[index]
            if not np.abs(difference).max() > 0.0:
                continue
            label = f"{what} on {other.name} less that on {first.name}"
            drawn = floor_map.difference_map(layout, difference, label)
            found.append(
                {"heading": f"{what.capitalize()}: {other.name} less {first.name}", "map": drawn,
                 "unit": unit, "top": short(drawn.top), "layout": layout}
            )  # fmt: skip
    return found
