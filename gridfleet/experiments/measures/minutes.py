"""A run minute by minute, so that figures can be taken over any window of it afterwards.

The warm-up is found from runs that are over, and only then is known where the window begins.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import CAUSES
from fleet_control.accounting.ticks import TICKS_PER_S
from fleet_control.events import Columns, EventKind
from gridfleet.record import UNIT_STATES, RunRecord
from gridfleet.simulation import Simulation
from gridfleet.station_figures import handling_stations
from layouts import Layout

MINUTE_S = 60.0
Minutes = dict[str, NDArray[np.float64]]
"""float64[n_minutes] by name: what happened in each minute, or seconds spent in it."""

COUNTED = {
    "lines": EventKind.LINE_DONE,
    "presentations": EventKind.POD_PRESENTED,
    "returns": EventKind.RETURN_DONE,
    "short_lines": EventKind.LINE_SHORT,
    "orders_placed": EventKind.ORDER_PLACED,
    "orders_done": EventKind.ORDER_DONE,
    "tasks": EventKind.TASK_DONE,
    "errands": EventKind.ERRAND_DONE,
    "contacts": EventKind.CONTACT,
}
"""Columns that count events."""
SUMMED = {"units_of_goods": EventKind.LINE_DONE, "order_cycle_s": EventKind.ORDER_DONE}
"""Columns that add up the values of events."""
DRIVEN = "driven_cells"
UNIT_TIMES = tuple(f"unit_{state}_s" for state in UNIT_STATES)
"""Seconds of all units."""
STATION_TIMES = tuple(f"station_{cause}_s" for cause in CAUSES)
"""Seconds of all stations whose people set the pace (`handling_stations`), by what took them."""


class Clockwork(Protocol):
    """What has been booked since the start, at any moment of a run."""

    def snapshot(self, sim_s: float) -> NDArray[np.float64]:
        """float64[k], in the order of SNAPSHOT."""
        ...


SNAPSHOT = (DRIVEN, *UNIT_TIMES, *STATION_TIMES)


class RunClockwork:
    """What a running simulation has booked."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._stations = handling_stations(simulation.layout)

    def snapshot(self, sim_s: float) -> NDArray[np.float64]:
        brain = self._simulation.brain
        controller = brain.controller
        stations_s = np.zeros(len(CAUSES))
        if brain.setup.station_causes is not None and self._stations:
            ticks = brain.setup.station_causes(sim_s)[self._stations].sum(axis=0)
            stations_s = ticks / TICKS_PER_S
        driven = float(controller.executor.driven.sum())
        return np.concatenate([[driven], controller.unit_time_s.sum(axis=0), stations_s])


class MinuteRecorder:
    """Takes down what is booked whenever a run has come through a minute."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._taken: list[NDArray[np.float64]] = [clockwork.snapshot(0.0)]

    def look(self, sim_s: float) -> None:
        """To be called at least once a minute; a minute that is over is taken down now."""
        while len(self._taken) * MINUTE_S <= sim_s + 1e-6:
            self._taken.append(self._clockwork.snapshot(sim_s))

    def minutes(self, record: RunRecord) -> Minutes:
        """The whole minutes of the run."""
        spent = np.diff(np.array(self._taken), axis=0)
        n_minutes = len(spent)
        columns = {name: spent[:, index] for index, name in enumerate(SNAPSHOT)}
        return {**event_minutes(record.events, n_minutes), **_late(record, n_minutes), **columns}


def event_minutes(events: Columns, n_minutes: int) -> Minutes:
    """Columns that come from the event log."""
    kinds = np.asarray(events["kind"])
    times_s = np.asarray(events["time_s"], dtype=np.float64)
    values = np.asarray(events["value"], dtype=np.float64)
    edges = np.arange(n_minutes + 1) * MINUTE_S
    found: Minutes = {}
    for name, kind in COUNTED.items():
        counts, _ = np.histogram(times_s[kinds == kind], edges)
        found[name] = counts.astype(np.float64)
    for name, kind in SUMMED.items():
        rows = kinds == kind
        found[name], _ = np.histogram(times_s[rows], edges, weights=values[rows])
    return found


def _late(record: RunRecord, n_minutes: int) -> Minutes:
    """`orders_late`: orders done after they were due, by when they were done."""
    done_s, _, is_late = orders_done(record)
    counts, _ = np.histogram(done_s[is_late], np.arange(n_minutes + 1) * MINUTE_S)
    return {"orders_late": counts.astype(np.float64)}


def orders_done(
    record: RunRecord,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """float64[k], float64[k], bool[k]: when each order was done, its cycle time, both in seconds,
    and whether it was late."""
    rows = np.flatnonzero(record.events["kind"] == EventKind.ORDER_DONE)
    done_s = np.asarray(record.events["time_s"], dtype=np.float64)[rows]
    cycle_s = np.asarray(record.events["value"], dtype=np.float64)[rows]
    if record.order_due_s is None:
        return done_s, cycle_s, np.zeros(len(rows), dtype=bool)
    orders = np.asarray(record.events["order"], dtype=int)[rows]
    return done_s, cycle_s, done_s > record.order_due_s[orders]


def work_of(layout: Layout, record: RunRecord) -> str:
    """What the floor turns out: "lines", "parcels" or "errands"."""
    if not record.has_orders:
        return "errands"
    kinds = {station.kind.value for station in layout.stations}
    return "parcels" if "induct" in kinds else "lines"
