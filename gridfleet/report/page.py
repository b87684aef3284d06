"""Puts the page together: numbers, sentences and charts into the template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fleet_control.events import EventKind
from gridfleet.record import RunRecord
from gridfleet.report import charts, floor_map, text
from gridfleet.report.fault_section import fault_section
from gridfleet.report.figures import cards, figure_table
from gridfleet.report.lost_section import lost_section
from gridfleet.report.splits import row_bar, station_bars, unit_bar
from gridfleet.report.words import ERRANDS, short, words_for
from gridfleet.run_folder import REPORT, write_text
from layouts import CellKind

if TYPE_CHECKING:
    import jinja2

Figures = dict[str, Any]
MOST_STATIONS = 24
"""More stations than this fold away: the bars above them say what most readers need."""
MOST_ROWS = 150
"""More stations than this are not listed one by one; kpis.json has them all."""


def write_report(folder: Path, record: RunRecord, figures: Figures, scenario_toml: str) -> Path:
    """Write report.html into the folder and return its path. figures: the KPIs of the record."""
    write_text(folder, REPORT, render(record, figures, scenario_toml))
    return folder / REPORT


def template(name: str) -> jinja2.Template:
    """A template of pages that need nothing else. A name that it lacks is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gridfleet"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def render(record: RunRecord, figures: Figures, scenario_toml: str) -> str:
    """The page as HTML that needs nothing else: no network, no scripts."""
    words = words_for(record)
    return template("report.html.j2").render(
        layout=record.layout,
        words=words,
        partial=record.partial,
        contacts=record.contacts,
        facts=text.floor_facts(record),
        verdict=text.verdict(record, figures),
        regime=figures["regime"],
        reason=figures["regime_reason"],
        cards=cards(record, figures),
        throughput=_throughput(record, figures),
        faults=fault_section(record),
        station_bars=station_bars(figures),
        n_stations=len(figures["stations"]),
        stations=[(row, row_bar(row)) for row in _busiest(figures["stations"])],
        fold_stations=len(figures["stations"]) > MOST_STATIONS,
        unit_bar=unit_bar(figures),
        lost=lost_section(figures),
        on_units=text.on_units(record, figures),
        cycle_times=_cycle_times(record, figures),
        on_cycle_times=text.on_cycle_times(figures, words) if record.has_orders else "",
        maps=_maps(record, figures),
        swatches=_swatches(record),
        demand=record.demand.sentences() if record.demand else [],
        notes=figures["notes"],
        scenario=scenario_toml,
        groups=figure_table(figures),
    )


def _throughput(record: RunRecord, figures: Figures) -> tuple[str, str]:
    """(chart, caption)"""
    words = words_for(record)
    kind = EventKind.ERRAND_DONE if words is ERRANDS else EventKind.LINE_DONE
    mean = figures["tasks_per_hour"] if words is ERRANDS else figures["lines_per_hour"]
    edges, rates = charts.rate_over_time(record, kind)
    label = f"{words.line} an hour over the run, {mean:,.0f} on average"
    chart = charts.throughput(record, kind, words.line, mean, label)
    return chart, text.on_throughput(record, rates, float(edges[1] - edges[0]))


def _cycle_times(record: RunRecord, figures: Figures) -> str:
    """The chart, or "" without a completed order."""
    done = record.events["kind"] == EventKind.ORDER_DONE
    cycle_s = np.asarray(record.events["value"], dtype=np.float64)[done]
    if not len(cycle_s):
        return ""
    noun = words_for(record).order
    return charts.cycle_times(cycle_s, noun, f"how many {noun} took how long from placed to done")


def _maps(record: RunRecord, figures: Figures) -> list[dict[str, Any]]:
    hours = max(record.sim_s / 3600, 1e-9)
    traffic = floor_map.heat_map(
        record.layout, record.visits / hours, floor_map.TRAFFIC,
        f"floor of {record.layout.name}: arrivals of units at each cell",
    )  # fmt: skip
    waiting = floor_map.heat_map(
        record.layout, record.wait_s / hours, floor_map.WAITING,
        f"floor of {record.layout.name}: time that units waited on each cell",
    )  # fmt: skip
    return [
        {"id": "traffic", "heading": "Traffic", "map": traffic, "unit": "arrivals an hour",
         "top": short(traffic.top), "caption": text.on_traffic(record)},
        {"id": "waiting", "heading": "Waiting for others", "map": waiting,
         "unit": "seconds waited an hour", "top": short(waiting.top),
         "caption": text.on_waiting(record, figures)},
    ]  # fmt: skip


def _busiest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the most lines, so many at most, in the order of the floor."""
    ranks = sorted(range(len(rows)), key=lambda index: -rows[index]["lines"])
    return [rows[index] for index in sorted(ranks[:MOST_ROWS])]


def _swatches(record: RunRecord) -> list[tuple[str, tuple[str, str]]]:
    """(name, (colour, style)) of what the floor of this run is made of."""
    present = set(record.layout.kinds.tolist())
    found = [
        (name, (floor_map.GROUND[kind], ""))
        for kind, name in (
            (CellKind.OBSTACLE, "obstacle"), (CellKind.HUMAN, "people only"),
            (CellKind.STORAGE, "storage"),
        )
        if kind in present
    ]  # fmt: skip
    return [*found, ("station", ("#ffffff", "st"))] if record.layout.stations else found
