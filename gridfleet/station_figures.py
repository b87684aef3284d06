"""Figures of each station: what it handled, and what its time was spent on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.record import STATION_STATES, RunRecord
from layouts import PICK_STATIONS, Layout, StationKind


def handling_stations(layout: Layout) -> list[int]:
    """Stations whose people set the pace: where lines are picked, or parcels are put on units."""
    kinds = [station.kind for station in layout.stations]
    picks = [i for i, kind in enumerate(kinds) if kind in PICK_STATIONS]
    return picks or [i for i, kind in enumerate(kinds) if kind is StationKind.INDUCT]


def room_for_waiting(layout: Layout) -> int:
    """Orders that wait in the normal course: a parcel waits for the unit that is sent to fetch it,
    and as many are sent to an induct station as fit there, three at the least. Orders to pick need
    not wait at all.
    """
    inducts = [s for s in layout.stations if s.kind is StationKind.INDUCT]
    return sum(max(3, 1 + len(station.queue)) for station in inducts)


def station_rows(record: RunRecord, hours: float) -> list[dict[str, Any]]:
    """One row per station in the order of the layout; empty for a run without orders.

    lines: picked there; at an induct station, parcels put on; at an eject station, dropped.
    Shares of time are None where no time was booked.
    """
    if not record.has_orders:
        return []
    lines, units, visits = (
        _per_station(record, EventKind.LINE_DONE),
        _per_station(record, EventKind.LINE_DONE, weigh=True),
        _per_station(record, EventKind.POD_PRESENTED),
    )
    returned, put_on = (
        _per_station(record, kind) for kind in (EventKind.RETURN_DONE, EventKind.ORDER_ASSIGNED)
    )
    rows = []
    for index, station in enumerate(record.layout.stations):
        handled = put_on if station.kind is StationKind.INDUCT else lines
        rows.append(
            {
                "name": station.name,
                "kind": str(station.kind),
                "lines": int(handled[index]),
                "lines_per_hour": round(handled[index] / hours, 3),
                "units": int(units[index]),
                "return_lines": int(returned[index]),
                "presentations": int(visits[index]),
                **_shares_of(record.station_time_s[index]),
            }
        )
    return rows


def _per_station(record: RunRecord, kind: EventKind, *, weigh: bool = False) -> NDArray[np.float64]:
    """float64[n_stations], events of the kind at each station, or the sum of their values."""
    events = record.events
    rows = np.flatnonzero(events["kind"] == kind)
    stations = np.asarray(events["station"], dtype=int)[rows]
    weights = np.asarray(events["value"], dtype=float)[rows] if weigh else None
    n_stations = len(record.layout.stations)
    counts = np.bincount(stations[stations >= 0], weights=weights, minlength=n_stations)
    return counts.astype(np.float64)


def _shares_of(seconds: NDArray[np.float64]) -> dict[str, float | None]:
    total = float(seconds.sum())
    return {
        state: round(float(s) / total, 5) if total else None
        for state, s in zip(STATION_STATES, seconds, strict=True)
    }
