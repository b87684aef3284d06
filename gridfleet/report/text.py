"""The sentences of the report: what happened, and what each chart says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.record import RunRecord
from gridfleet.regime import active_unit_shares
from gridfleet.report.words import Words, distance, duration, number, share, words_for
from layouts import CellKind, Layout

Figures = dict[str, Any]


def verdict(record: RunRecord, figures: Figures) -> str:
    """One sentence that says what happened."""
    words = words_for(record)
    units = f"{record.n_units:,} drive {_plural(record.n_units, 'unit')}"
    hours = f"{figures['sim_hours']:.2f} simulated hours"
    if record.has_orders:
        done = (
            f"{words.done} {figures['orders_completed']:,} of {figures['orders_placed']:,} "
            f"{words.order} placed"
        )
    else:
        done = f"ran {figures['tasks_done']:,} errands"
    safety = "without a contact"
    if record.contacts:
        safety = f"with {record.contacts:,} {_plural(record.contacts, 'contact')}"
    return f"{units} {done} in {hours} {safety}."


def floor_facts(record: RunRecord) -> list[str]:
    """What the floor is, in a few words each."""
    layout = record.layout
    n_storage = len(layout.cells_of(CellKind.STORAGE))
    facts = [f"{layout.n_cols} × {layout.n_rows} cells of {layout.cell_size_m:g} m"]
    if n_storage:
        facts.append(f"{n_storage:,} storage cells")
    if layout.stations:
        facts.append(f"{len(layout.stations):,} {_plural(len(layout.stations), 'station')}")
    facts.append(f"{record.n_units:,} drive {_plural(record.n_units, 'unit')}")
    if record.n_active < record.n_units:
        facts.append(f"{record.n_active:,} of them driving")
    return [*facts, f"{record.sim_s / 3600:.2f} simulated hours"]


def on_throughput(record: RunRecord, rates: NDArray[np.float64], width_s: float) -> str:
    """What the chart of throughput shows. rates: events an hour in bins of width_s."""
    noun = words_for(record).line
    text = (
        f"Steps are {duration(width_s)} wide; the dashed line is the mean of the run. The best "
        f"step made {number(float(rates.max(initial=0)))} {noun} an hour"
    )
    half = len(rates) // 2
    first, second = float(rates[:half].mean()), float(rates[half:].mean())
    text += f", the first half {number(first)} and the second {number(second)}."
    if record.has_orders:
        text += (
            f" Below, {words_for(record).order} that were placed and not done: a line that keeps "
            "rising means that the floor does not keep up."
        )
    return text


def on_cycle_times(figures: Figures, words: Words) -> str:
    cycle = figures["cycle_time_s"]
    n_open = figures["orders_placed"] - figures["orders_completed"]
    text = (
        f"From placed to done: half of the {words.order} took {duration(cycle['p50'])} or less, "
        f"19 of 20 took {duration(cycle['p95'])} or less, the mean is {duration(cycle['mean'])}."
    )
    if n_open:
        verb = "was" if n_open == 1 else "were"
        text += (
            f" {n_open:,} more {verb} still open at the end and cannot be in the chart: the more "
            "there are, the longer the true times."
        )
    if figures["late_orders"]:
        text += f" {figures['late_orders']:,} were late."
    return text


def on_traffic(record: RunRecord) -> str:
    visits, hours = record.visits.astype(float), max(record.sim_s / 3600, 1e-9)
    if not visits.any():
        return "No unit moved."
    used = np.sort(visits[visits > 0])[::-1]
    tenth = max(len(used) // 10, 1)
    return (
        f"The busiest cell, {_top_place(record.layout, visits)}, saw "
        f"{visits.max() / hours:,.0f} arrivals an hour. The busiest tenth of the "
        f"{len(used):,} cells that units drove on carried "
        f"{share(float(used[:tenth].sum() / used.sum()))} of all arrivals."
    )


def on_waiting(record: RunRecord, figures: Figures) -> str:
    waits = record.wait_s
    if not waits.any():
        return "No unit ever had to wait for another on its way."
    ordered = np.sort(waits)[::-1]
    n_half = int(np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)) + 1
    cells = "a single cell" if n_half == 1 else f"{n_half:,} cells"
    units = active_unit_shares(figures) or {}
    text = (
        f"Units waited {duration(float(waits.sum()))} in all, {share(units.get('waiting'))} of the "
        f"time of those that drive, half of it on {cells}; most on "
        f"{_top_place(record.layout, waits)}."
    )
    if record.layout.stations:
        text += " Queueing in the lane of a station is not waiting and not in this map."
    return text


def on_units(record: RunRecord, figures: Figures) -> str:
    total_m, errands_m = figures["distance_m"], figures["distance_errands_m"]
    text = f"The fleet drove {distance(total_m)}"
    if total_m:
        text += (
            f", {share(min(errands_m / total_m, 1.0))} of it on finished errands; the rest are "
            "errands still under way at the end and units that made room for others"
        )
    text += "."
    if figures["detour_factor"] is not None:
        text += (
            f" On errands it drove {figures['detour_factor']:.2f} times the shortest way that the "
            "floor allows a unit that is alone."
        )
    parked = record.n_units - record.n_active
    if parked:
        text += f" {parked:,} more units were parked throughout and are left out of the bar."
    return text


def _top_place(layout: Layout, values: NDArray[Any]) -> str:
    return layout.place(int(np.argmax(values)))


def _plural(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}s"
