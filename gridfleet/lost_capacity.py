"""Where capacity went: every second of every station and unit on one cause, as figures.

Sums are checked here, in every run that has figures at all: an account that does not add up is a
broken invariant, not a rounding error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.causes import CAUSES
from fleet_control.accounting.ticks import TICKS_PER_S, seconds, shares, split, ticks
from fleet_control.accounting.unit_ledger import UnitTime, UnitUse
from fleet_control.errors import InvariantError
from gridfleet.record import RunRecord
from gridfleet.station_figures import handling_stations

USES = tuple(use.name.lower() for use in UnitUse)
"""What unit time is booked on, by column."""
ROOTS = (*USES, "nobody", "each_other", "not_seen")
"""What the unit at the end of a chain of waits was doing; waits without such a unit, in the order
of `UnitTime.rootless`."""
MOST_WAITED_FOR = 10
Figures = dict[str, Any]


def lost_capacity(record: RunRecord) -> Figures | None:
    """`stations` and `units`, each None where there is no account; None without either. Raises
    InvariantError for one that does not add up."""
    check_sums(record)
    found = {"stations": _stations(record), "units": _units(record)}
    return found if any(found.values()) else None


def check_sums(record: RunRecord) -> None:
    """Raise InvariantError unless the parts of all accounts add up to the whole, to the tick."""
    causes, units = record.station_causes, record.unit_time
    if causes is not None and len(causes):
        totals = causes.sum(axis=1)
        is_whole = (totals >= ticks(record.sim_s)).all() if record.partial else (
            totals == ticks(record.sim_s)
        ).all()  # fmt: skip
        if not is_whole or (causes < 0).any():
            raise InvariantError(
                f"station time does not add up: {totals.tolist()} ticks are booked of "
                f"{ticks(record.sim_s)} at each station"
            )
    if units is not None and not units.is_exact:
        totals = units.booked.sum(axis=1)
        raise InvariantError(
            f"unit time does not add up: between {totals.min()} and {totals.max()} ticks a unit, "
            f"{units.booked[:, UnitUse.WAITING].sum()} waiting, of which "
            f"{units.held_up.sum() + units.rootless.sum()} are on somebody's account"
        )


def _stations(record: RunRecord) -> Figures | None:
    causes = record.station_causes
    if causes is None or not causes.any():
        return None
    stations = record.layout.stations
    return {
        "seconds": _total_s(causes),
        "causes": split(causes.sum(axis=0), CAUSES),
        "handling": split(causes[handling_stations(record.layout)].sum(axis=0), CAUSES),
        "rows": [
            {"name": station.name, "kind": str(station.kind), "causes": split(row, CAUSES)}
            for station, row in zip(stations, causes, strict=True)
        ],
    }


def _units(record: RunRecord) -> Figures | None:
    units = record.unit_time
    if units is None or not units.booked.any():
        return None
    return {
        "seconds": _total_s(units.booked),
        "uses": split(units.booked.sum(axis=0), USES),
        "waiting_for": split(np.append(units.held_up.sum(axis=0), units.rootless), ROOTS),
        "most_waited_for": _most_waited_for(units),
    }


def _most_waited_for(units: UnitTime) -> list[Figures]:
    """The units that held others up the longest, the worst first."""
    held_up = units.held_up.sum(axis=1)
    ranks = np.lexsort((-units.waited_for, -held_up))[:MOST_WAITED_FOR].tolist()
    worst = [unit for unit in ranks if held_up[unit] or units.waited_for[unit]]
    return [
        {
            "unit": unit,
            "held_up_s": float(seconds(held_up[unit])),
            "waited_for_s": float(seconds(units.waited_for[unit])),
            "while": {
                use: share
                for use, share in zip(USES, shares(units.held_up[unit]), strict=True)
                if share
            },
        }
        for unit in worst
    ]


def _total_s(booked: NDArray[np.int64]) -> float:
    return int(booked.sum()) / TICKS_PER_S


# In words

LOSSES = {
    "changeover": "changing pods",
    "no_room": "chutes without room",
    "travel": "waiting for pods on their way",
    "congestion": "units held up on the way",
    "pod_contention": "pods in use elsewhere",
    "no_unit": "want of a free unit",
    "charging": "units that charged",
    "missing_stock": "missing stock",
    "release": "limits on tasks",
    "stopped": "units and stations that stood",
    "no_order": "want of orders",
}
"""What is lost, by cause, as the end of a sentence: "the largest loss was .."."""
SORTED = {"changeover": "changing units", "travel": "waiting for units on their way"}
"""Where parcels are put on units, these are said otherwise."""


def loss_words(cause: str, *, is_sorting: bool) -> str:
    return SORTED.get(cause, LOSSES[cause]) if is_sorting else LOSSES[cause]


def sentence(figures: Figures) -> str:
    """Where station time went in a sentence; of unit time on a floor without stations; "" without
    an account."""
    lost = figures["lost_capacity"]
    if lost is None:
        return ""
    if lost["stations"] is not None:
        return _of_stations(lost["stations"])
    return _of_units(lost["units"]) if lost["units"] is not None else ""


def _of_stations(stations: Figures) -> str:
    parts = {cause: row["share"] for cause, row in stations["handling"].items()}
    is_sorting = any(row["kind"] == "induct" for row in stations["rows"])
    return station_sentence(parts, is_sorting=is_sorting)


def station_sentence(shares: Mapping[str, float], *, is_sorting: bool) -> str:
    """Where station time went. shares: of each cause, 0 to 1."""
    parts = dict(shares)
    work = "putting parcels on" if is_sorting else "picking"
    told = f"Of 100 station minutes {100 * parts.pop('picking'):.0f} went to {work}"
    ranks = sorted(parts, key=lambda cause: -parts[cause])
    if not parts[ranks[0]]:
        return f"{told}; nothing was lost."
    largest, next_one = (loss_words(cause, is_sorting=is_sorting) for cause in ranks[:2])
    told += f"; the largest loss was {largest} ({100 * parts[ranks[0]]:.0f})"
    if parts[ranks[1]] >= 0.005:
        told += f", then {next_one} ({100 * parts[ranks[1]]:.0f})"
    return f"{told}."


def _of_units(units: Figures) -> str:
    parts = {use: row["share"] for use, row in units["uses"].items()}
    driving = 100 * (parts["loaded"] + parts["empty"])
    return (
        f"Of 100 unit minutes {driving:.0f} went to driving and {100 * parts['waiting']:.0f} to "
        "waiting for others."
    )
