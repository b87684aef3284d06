"""How far units drove on their errands, against the shortest way that the floor allows.

The shortest way counts cells and knows the floor's rules (one-way directions, storage that laden
units do not pass, stations that only units bound for them enter), but neither other units nor the
cost of turning and lanes: it is what a unit alone on the floor could drive at the least. Source of
the figure: RAWSim-O (Merschformann, Xie and Li 2018), which sets distance travelled against the
optimal distance requested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from fleet_control.mapf.grid import EMPTY, LADEN, station_zones, through_table
from gridfleet.detour_kernels import least_cells
from layouts import Layout
from layouts.geometry import previous_table

Events = dict[str, NDArray[np.generic]]
Ints = NDArray[np.int32]
MAX_CELLS = 600_000_000
"""Cells to search at most, some seconds: with more goals than that a sample of them is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Finished errands, one row each: where from, where to, with what, and cells driven.

    departures, goals, driven: int32[k]. is_laden: bool[k].
    """

    departures: Ints
    goals: Ints
    is_laden: NDArray[np.bool_]
    driven: Ints


@dataclass(frozen=True, slots=True)
class Detour:
    """n_driven: cells driven on all finished errands. ratio: driven over the least possible, None
    without a cell to drive. n_compared: errands that the ratio is taken from."""

    n_driven: int
    ratio: float | None
    n_compared: int


def finished_trips(events: Events) -> Trips:
    """Every ERRAND_DONE with the ERRAND_STARTED before it: errands of a unit follow in turn."""
    kinds = np.asarray(events["kind"])
    units = np.asarray(events["unit"])
    rows = np.flatnonzero((kinds == EventKind.ERRAND_STARTED) | (kinds == EventKind.ERRAND_DONE))
    rows = rows[np.argsort(units[rows], kind="stable")]
    ends = np.flatnonzero(kinds[rows] == EventKind.ERRAND_DONE)
    started, done = rows[ends - 1], rows[ends]
    carried = np.maximum(np.asarray(events["pod"])[started], np.asarray(events["order"])[started])
    values = np.asarray(events["value"])
    return Trips(
        departures=values[started].astype(np.int32),
        goals=np.asarray(events["cell"])[started].astype(np.int32),
        is_laden=carried >= 0,
        driven=values[done].astype(np.int32),
    )


def least_for(layout: Layout, trips: Trips, max_cells: int = MAX_CELLS) -> Ints:
    """int32[k], fewest cells for each trip; -1 for one that is not compared.

    Where that would search more than `max_cells` cells, evenly spaced goals are taken, and all
    trips to each of them.
    """
    least = np.full(len(trips.goals), -1, dtype=np.int32)
    previous, zones = previous_table(layout.neighbours), station_zones(layout)
    distances, queue = np.empty((2, layout.n_cells), dtype=np.int32)
    keys = np.where(trips.departures >= 0, 2 * trips.goals + trips.is_laden, -1)
    chosen = _spread(np.unique(keys[keys >= 0]), max_cells // layout.n_cells)
    for load in (EMPTY, LADEN):
        goals = (chosen[chosen % 2 == load] // 2).astype(np.int32)
        rows = np.flatnonzero(np.isin(keys, 2 * goals + load))
        rows = rows[np.argsort(trips.goals[rows], kind="stable")]
        firsts = np.searchsorted(trips.goals[rows], [*goals, layout.n_cells])
        found = np.empty(len(rows), dtype=np.int32)
        least_cells(
            goals, firsts, trips.departures[rows], previous, through_table(layout)[load], zones,
            found, distances, queue,
        )  # fmt: skip
        least[rows] = found
    return least


def _spread(values: NDArray[np.int64], n_most: int) -> NDArray[np.int64]:
    """At most so many of the values, but at least one, evenly spaced."""
    if len(values) <= max(n_most, 1):
        return values
    spread: NDArray[np.int64] = values[np.linspace(0, len(values) - 1, max(n_most, 1)).astype(int)]
    return spread


def detour_of(layout: Layout, events: Events) -> Detour:
    """The detour of a whole run: a ratio of sums, so that long errands weigh as they should."""
    trips = finished_trips(events)
    least = least_for(layout, trips)
    is_compared = least >= 0
    shortest, driven = int(least[is_compared].sum()), int(trips.driven[is_compared].sum())
    ratio = driven / shortest if shortest else None
    return Detour(int(trips.driven.sum()), ratio, int(is_compared.sum()))
