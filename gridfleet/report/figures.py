"""The cards on top of the report, and the table of all figures at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gridfleet.record import RunRecord
from gridfleet.regime import active_unit_shares, handling_shares, waiting_while_driving
from gridfleet.report.words import (
    SORTING,
    Words,
    distance,
    duration,
    number,
    share,
    words_for,
)

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """tone: "", or "good" and "bad" for a figure that is right or wrong in itself."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


def cards(record: RunRecord, figures: Figures) -> list[Card]:
    """The figures to see first; what does not apply to the run is left out."""
    words = words_for(record)
    shown = _order_cards(figures, words) if record.has_orders else _errand_cards(figures)
    return [*shown, *_fleet_cards(record, figures)]


def _order_cards(figures: Figures, words: Words) -> list[Card]:
    done, placed = figures["orders_completed"], figures["orders_placed"]
    cycle, late = figures["cycle_time_s"], figures["late_orders"]
    stations = handling_shares(figures)
    found = [
        Card(f"{words.line} an hour", number(figures["lines_per_hour"]),
             f"{number(figures['units_per_hour'])} units" if words is not SORTING else ""),
        Card(f"{words.order} {words.done}", number(done),
             f"of {placed:,} placed" + (f", {late:,} late" if late is not None else "")),
        Card("cycle time, half within", duration(cycle["p50"]),
             f"19 of 20 within {duration(cycle['p95'])}" if done else ""),
        Card(f"{words.line} a station hour", number(figures["picks_per_station_hour"]),
             f"people busy {share(stations['picking'])} of the time" if stations else ""),
    ]  # fmt: skip
    if figures["pile_on_lines"] is not None:
        units = f"{figures['pile_on_units']:.2f} units"
        found.append(Card("lines a pod visit", f"{figures['pile_on_lines']:.2f}", units))
    elif (per_robot := figures["lines_per_robot_hour"]) is not None:
        found.append(Card(f"{words.line} a drive unit hour", f"{per_robot:,.1f}"))
    return found


def _errand_cards(figures: Figures) -> list[Card]:
    recent = number(figures["tasks_per_hour_last_10_min"])
    errand_m = figures["distance_errands_m"] / max(figures["tasks_done"], 1)
    return [
        Card("errands an hour", number(figures["tasks_per_hour"]), f"{recent} in the last 10 min"),
        Card("errands finished", number(figures["tasks_done"]), f"{errand_m:,.0f} m on average"),
    ]


def _fleet_cards(record: RunRecord, figures: Figures) -> list[Card]:
    units, detour = active_unit_shares(figures), figures["detour_factor"]
    found = []
    if units:
        jam = waiting_while_driving(units)
        idle = f"units idle {share(units['idle'])} of the time"
        found.append(Card("of driving time spent waiting", share(jam), idle))
    if detour is not None:
        driven = f"{distance(figures['distance_m'])} driven"
        found.append(Card("times the shortest way", f"{detour:.2f}", driven))
    bad = record.contacts or record.conflicts
    conflicts = f"{record.conflicts:,} conflicts in plans"
    safety = Card("contacts", number(record.contacts), conflicts, "bad" if bad else "good")
    return [*found, safety]


Format = Callable[[Any], str]


def _fixed(digits: int, unit: str = "") -> Format:
    return lambda value: f"{value:,.{digits}f}" + (f" {unit}" if unit else "")


ROWS: tuple[tuple[str, tuple[tuple[str, str, Format], ...]], ...] = (
    ("Output", (
        ("lines_per_hour", "order lines an hour", _fixed(1)),
        ("units_per_hour", "units of goods an hour", _fixed(1)),
        ("orders_per_hour", "orders completed an hour", _fixed(1)),
        ("picks_per_station_hour", "lines for each station and hour", _fixed(1)),
        ("presentations_per_station_hour", "pods presented for each station and hour", _fixed(1)),
        ("pile_on_lines", "lines for each pod presented", _fixed(2)),
        ("pile_on_units", "units for each pod presented", _fixed(2)),
        ("lines_per_robot_hour", "lines for each drive unit and hour", _fixed(2)),
        ("short_lines", "lines that stock did not cover", _fixed(0)),
        ("return_lines", "lines of returned goods put in", _fixed(0)),
        ("tasks_done", "tasks done", _fixed(0)),
        ("tasks_per_hour", "tasks an hour", _fixed(1)),
        ("tasks_per_hour_last_10_min", "tasks an hour, last ten minutes", _fixed(1)),
    )),
    ("Orders", (
        ("orders_placed", "orders placed", _fixed(0)),
        ("orders_completed", "orders completed", _fixed(0)),
        ("late_orders", "orders late", _fixed(0)),
        ("orders_waiting_share", "time in which orders waited for a station", share),
        ("cycle_time_s.mean", "cycle time, mean", duration),
        ("cycle_time_s.p50", "cycle time, half within", duration),
        ("cycle_time_s.p95", "cycle time, 95% within", duration),
    )),
    ("Drive units", (
        ("n_units", "units on the floor", _fixed(0)),
        ("n_active", "units that may drive at once", _fixed(0)),
        ("distance_m", "distance driven", _fixed(0, "m")),
        ("distance_errands_m", "of it on finished errands", _fixed(0, "m")),
        ("detour_factor", "driven over the shortest way", _fixed(3)),
        ("detour_errands", "errands compared for that", _fixed(0)),
    )),
    ("Safety", (
        ("contacts", "contacts seen by the monitor", _fixed(0)),
        ("conflicts", "conflicts in plans", _fixed(0)),
        ("mishaps.tipped", "units that tipped over", _fixed(0)),
        ("mishaps.slipped", "wheels that slipped", _fixed(0)),
        ("mishaps.overloaded", "motors and lifts that were overloaded", _fixed(0)),
        ("faults", "faults reported by units", _fixed(0)),
    )),
    ("Run", (
        ("sim_hours", "simulated time", _fixed(2, "h")),
        ("wall_s", "computing time", _fixed(1, "s")),
        ("speed_x_real_time", "speed against real time", _fixed(0, "×")),
        ("plan_ms.p50", "planning step, median", _fixed(3, "ms")),
        ("plan_ms.p99", "planning step, 99th percentile", _fixed(3, "ms")),
    )),
)  # fmt: skip
"""(group, ((key of kpis.json, label, how to write it), ..)), in the order of the page."""


def figure_table(figures: Figures) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(group, [(label, value, key)]) of all figures that apply to the run."""
    groups = []
    for group, rows in ROWS:
        found = [(label, _get(figures, key), key, write) for key, label, write in rows]
        shown = [(label, write(value), key) for label, value, key, write in found
                 if value is not None]  # fmt: skip
        if shown:
            groups.append((group, shown))
    return groups


def _get(figures: Figures, key: str) -> Any:
    first, _, second = key.partition(".")
    value = figures[first]
    return value[second] if second and value is not None else value
