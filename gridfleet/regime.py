"""What limited a run, read from its figures: orders, stations, units, traffic, stock and so on.

A layout change has no effect where something else is the limit, so every comparison begins here.
The rules are thresholds on shares of time, tried from the top: a reading and not a proof, which
would be a second run with more of what was short. docs/kpis.md lists them.
"""

from __future__ import annotations

from typing import Any

KEEPS_UP = 0.5
"""Orders that wait for less than this share of the time: the floor keeps up with demand."""
JAMMED = 0.30
"""Share of time on the way that units wait for others, from which traffic is the limit."""
BUSY = 0.80
"""Share of time in which stations pick, or pick and change pods, from which they are the limit."""
QUEUED = 0.40
"""Share of unit time at stations and in their lanes, from which a pod is always at hand there."""
SPARE = 0.20
"""Share of idle unit time from which units are not what is short."""
OUT_OF_STOCK = 0.20
"""Share of station time lost to missing stock, from which replenishment is the limit."""
UNCHARGED = 0.10
"""Share of station time in which tasks waited for units that charged, from which chargers are the
limit, where no other want of units or tasks costs more."""
SHORTEST_H = 1 / 6
"""A run shorter than ten minutes has hardly begun."""

NAMES = (
    "replenishment-bound", "demand-bound", "traffic-bound", "station-bound", "charger-bound",
    "release-bound", "unit-bound",
)  # fmt: skip
Reading = dict[str, str | None]


def regime_of(figures: dict[str, Any]) -> Reading:
    """`regime`, one of NAMES or None where it cannot be told, and `regime_reason`, a sentence."""
    units = active_unit_shares(figures)
    if figures["sim_hours"] < SHORTEST_H or units is None or not figures["tasks_done"]:
        return _reading(None, "The run is too short to tell what limited it.")
    if figures["orders_placed"] is None:
        return _of_errands(figures, units)
    return _of_orders(figures, units)


def active_unit_shares(figures: dict[str, Any]) -> dict[str, float] | None:
    """Shares of time of the units that may drive: parked surplus is not idle, it is out."""
    if not figures["unit_time"]:
        return None
    seconds = {state: row["seconds"] for state, row in figures["unit_time"].items()}
    parked_s = (figures["n_units"] - figures["n_active"]) * figures["sim_hours"] * 3600
    seconds["idle"] = max(seconds["idle"] - parked_s, 0.0)
    total_s = sum(seconds.values())
    return {state: s / total_s for state, s in seconds.items()} if total_s else None


def handling_shares(figures: dict[str, Any]) -> dict[str, float]:
    """Mean shares of time over the stations whose people set the pace, empty without any."""
    rows = [row for row in figures["stations"] if row["picking"] is not None]
    kinds = {row["kind"] for row in rows}
    wanted = {"pick", "workstation"} & kinds or {"induct"}
    rows = [row for row in rows if row["kind"] in wanted]
    states = ("picking", "starved", "blocked", "no_work")
    return {state: sum(row[state] for row in rows) / len(rows) for state in states if rows}


def loss_shares(figures: dict[str, Any]) -> dict[str, float]:
    """Shares of the time of stations whose people set the pace, by cause; empty without an
    account."""
    lost = figures.get("lost_capacity")
    if not lost or not lost["stations"]:
        return {}
    return {cause: row["share"] for cause, row in lost["stations"]["handling"].items()}


def waiting_while_driving(units: dict[str, float]) -> float:
    """Share of their time on the way that units stand and wait for others."""
    on_the_way = units["loaded"] + units["empty"] + units["waiting"]
    return units["waiting"] / on_the_way if on_the_way else 0.0


def _of_errands(figures: dict[str, Any], units: dict[str, float]) -> Reading:
    jam = waiting_while_driving(units)
    parked = figures["n_units"] - figures["n_active"]
    if jam >= JAMMED:
        return _reading(
            "traffic-bound",
            f"Traffic was the limit: units stood waiting for others for {jam:.0%} of their time "
            "on the way. More units would bring less.",
        )
    if parked:
        return _reading(
            "traffic-bound",
            f"The floor was the limit: it carries about {figures['n_active']:,} units that drive, "
            f"and {parked:,} more were parked. More units would bring nothing.",
        )
    return _reading(
        "unit-bound",
        "Drive units were the limit: there is always a next errand, and units waited for others "
        f"for {jam:.0%} of their time on the way. More units would bring more errands until "
        "traffic thickens.",
    )


def _of_orders(figures: dict[str, Any], units: dict[str, float]) -> Reading:
    stations = handling_shares(figures)
    backlog, jam = figures["orders_waiting_share"] or 0.0, waiting_while_driving(units)
    if not stations:
        return _reading(None, "No station handled lines, so there is no telling what limited it.")
    losses = loss_shares(figures)
    if losses.get("missing_stock", 0.0) >= OUT_OF_STOCK:
        return _replenishment_bound(stations, losses)
    if backlog < KEEPS_UP:
        is_sortation = any(row["kind"] == "induct" for row in figures["stations"])
        return _demand_bound(stations, units, backlog, "parcels" if is_sortation else "orders")
    if jam >= JAMMED and stations["picking"] < BUSY:
        return _reading(
            "traffic-bound",
            f"Traffic was the limit: units stood waiting for others for {jam:.0%} of their time on "
            f"the way, and people picked {stations['picking']:.0%} of the time. Fewer units or "
            "wider lanes would bring more than new stations.",
        )
    at_stations = units["queueing"] + units["at_station"]
    if stations["picking"] >= BUSY or (
        stations["picking"] + stations["blocked"] >= BUSY and at_stations >= QUEUED
    ):
        return _station_bound(stations, at_stations)
    if is_short_of_chargers(losses):
        return _charger_bound(losses, units)
    return _short_of_units(stations, units)


def is_short_of_chargers(losses: dict[str, float]) -> bool:
    """Whether charging keeps more tasks waiting than anything else that does."""
    others = ("no_unit", "release", "pod_contention")
    charging = losses.get("charging", 0.0)
    return charging >= UNCHARGED and charging >= max(losses[cause] for cause in others)


def _replenishment_bound(stations: dict[str, float], losses: dict[str, float]) -> Reading:
    return _reading(
        "replenishment-bound",
        f"Replenishment was the limit: stations had nothing to do for want of stock "
        f"{losses['missing_stock']:.0%} of the time, and people picked {stations['picking']:.0%}. "
        "More stock would bring more; more units or stations would not.",
    )


def _charger_bound(losses: dict[str, float], units: dict[str, float]) -> Reading:
    return _reading(
        "charger-bound",
        f"Charging was the limit: for {losses['charging']:.0%} of station time tasks waited, and "
        f"the units that had none were low on battery; units without a task took "
        f"{units['idle']:.0%} of unit time. More or quicker chargers would bring more.",
    )


def _demand_bound(
    stations: dict[str, float], units: dict[str, float], backlog: float, noun: str
) -> Reading:
    waited = f"only {backlog:.0%} of the time" if backlog >= 0.005 else "hardly ever"
    return _reading(
        "demand-bound",
        f"Demand was the limit: the floor kept up with the {noun} it was given, which had to wait "
        f"for a place at a station {waited}. People picked {stations['picking']:.0%} of the time "
        f"and units idled {units['idle']:.0%}. A better floor would show in shorter cycle times; "
        f"to measure how much it can do, give it more {noun}.",
    )


def _station_bound(stations: dict[str, float], at_stations: float) -> Reading:
    return _reading(
        "station-bound",
        f"Stations were the limit: people picked {stations['picking']:.0%} of the time and waited "
        f"for the next pod to move up {stations['blocked']:.0%}, while units spent "
        f"{at_stations:.0%} of their time queueing and at stations. More lines to a pod, quicker "
        "picks or more stations would bring more; more units would not.",
    )


def _short_of_units(stations: dict[str, float], units: dict[str, float]) -> Reading:
    lost = (
        f"stations had open lines and no pod {stations['starved']:.0%} of the time and waited for "
        f"one that was overdue {stations['blocked']:.0%}"
    )
    if units["idle"] >= SPARE:
        return _reading(
            "release-bound",
            f"The release of work was the limit: {lost}, although units idled {units['idle']:.0%}. "
            "The pods wanted were in use, or too few were called at once.",
        )
    return _reading(
        "unit-bound",
        f"Drive units were the limit: {lost}, while units idled only {units['idle']:.0%}. "
        "More units or shorter ways would bring more.",
    )


def _reading(name: str | None, reason: str) -> Reading:
    return {"regime": name, "regime_reason": reason}
