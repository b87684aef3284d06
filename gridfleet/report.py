"""The report of a run: one self-contained page for people who decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fleet_control.events import EventKind
from gridfleet import charts
from gridfleet.record import RunRecord
from gridfleet.run_folder import REPORT, write_text

Figures = dict[str, Any]


def write_report(
    folder: Path, record: RunRecord, figures: Figures, scenario_toml: str, demand: list[str]
) -> Path:
    """Write report.html into the folder and return its path."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gridfleet"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        title=record.layout.name,
        verdict=verdict(record, figures),
        cards=headline(figures),
        sections=chart_sections(record),
        demand=demand,
        notes=figures["notes"],
        scenario=scenario_toml,
        figures=[(key, value) for key, value in figures.items() if not isinstance(value, dict)],
    )
    write_text(folder, REPORT, page)
    return folder / REPORT


def verdict(record: RunRecord, figures: Figures) -> str:
    """One sentence that says what happened."""
    units = f"{record.n_units} units on {record.layout.name}"
    hours = f"{figures['sim_hours']:.2f} simulated hours"
    safety = "without a contact" if not record.contacts else f"with {record.contacts} contacts"
    ended = "; the run was ended early" if record.partial else ""
    if record.order_due_s is None:
        return f"{units} ran {figures['tasks_done']:,} errands in {hours} {safety}{ended}."
    return (
        f"{units} completed {figures['orders_completed']:,} of {figures['orders_placed']:,} orders "
        f"placed in {hours} {safety}{ended}."
    )


def headline(figures: Figures) -> list[tuple[str, str]]:
    """(name, value) of the cards on top; what does not apply is left out."""
    cycle = figures["cycle_time_s"] or {}
    p95 = cycle.get("p95")
    cards = [
        ("units an hour", figures["units_per_hour"]),
        ("lines an hour", figures["lines_per_hour"]),
        ("orders completed", figures["orders_completed"]),
        ("picks a station hour", figures["picks_per_station_hour"]),
        ("lines a pod visit", figures["pile_on_lines"]),
        ("p95 cycle, minutes", p95 / 60 if p95 is not None else None),
        ("tasks an hour", figures["tasks_per_hour"]),
        ("contacts", figures["contacts"]),
        ("times real time", figures["speed_x_real_time"]),
    ]
    return [(name, f"{value:,.4g}" if value < 100 else f"{value:,.0f}")
            for name, value in cards if value is not None]  # fmt: skip


def chart_sections(record: RunRecord) -> list[tuple[str, str]]:
    """(heading, image) of every chart that this run has data for."""
    sections = [
        ("Throughput over time", charts.throughput(record)),
        ("Traffic", charts.heat_map(record, record.visits, "YlGnBu", "arrivals at the cell")),
        ("Waiting for others", charts.heat_map(record, record.wait_s, "magma_r", "unit seconds")),
    ]
    if record.order_due_s is not None:
        sections.append(("Station time", charts.station_split(record)))
    sections.append(("Unit time", charts.unit_split(record)))
    if (record.events["kind"] == EventKind.ORDER_DONE).any():
        sections.append(("Order cycle time", charts.cycle_times(record)))
    return sections
