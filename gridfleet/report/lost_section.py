"""The section of the report on lost capacity: what took time from stations, who held others up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridfleet.lost_capacity import sentence
from gridfleet.report.splits import Bar, split
from gridfleet.report.words import duration, share

Figures = dict[str, Any]
CAUSES = {
    "picking": ("picking", "#1f5fa8", "people work"),
    "changeover": ("changeover", "#c2410c", "the next one moves up in the lane"),
    "no_room": ("no room", "#7c3a10", "what is done there waits for room at its chute"),
    "travel": ("travel", "#e3a008", "units are on their way, and none could be here yet"),
    "congestion": ("congestion", "#8c2d2d", "units bound for it are overdue, and not in the lane"),
    "pod_contention": ("pods in use", "#9b6bb3", "all pods that could serve it are in use"),
    "no_unit": ("no unit", "#d9812b", "tasks are open, and all units have another"),
    "charging": ("charging", "#2f855a", "tasks are open, and units without one charge"),
    "missing_stock": ("missing stock", "#b83280", "what was wanted is not in stock"),
    "release": ("limits", "#697586", "a limit keeps tasks or units back"),
    "stopped": ("stopped", "#1f2933", "a unit cannot go on, or the station is closed"),
    "no_order": ("no order", "#d5dbe1", "no line is open at the station"),
}
USES = {
    "loaded": ("loaded", "#1f5fa8", "driving with a load"),
    "empty": ("empty", "#7fb0dd", "driving without a load"),
    "lifting": ("lifting", "#0f766e", "lifting and setting down"),
    "queueing": ("queueing", "#e3a008", "in the lane of a station"),
    "slot": ("for a slot", "#d9812b", "under its pod until there is room at the station"),
    "at_station": ("at station", "#2f855a", "standing at a station while people work"),
    "waiting": ("waiting", "#c2410c", "on the way, and others are in it"),
    "no_task": ("no task", "#d5dbe1", "free, and nothing to do"),
    "charging": ("charging", "#9b6bb3", "without a task because its battery is low"),
    "parked": ("parked", "#a8b3bd", "surplus that stands aside"),
    "stopped": ("stopped", "#8c2d2d", "cannot go on"),
}
"""cause or use: (name, colour, what it means)."""
NO_ROOT = {
    "nobody": "for a path that was not planned yet",
    "each_other": "in each other's way",
    "not_seen": "not looked at",
}
MOST_ROWS = 150


@dataclass(frozen=True, slots=True)
class LostSection:
    """summary: a sentence. whole: stations whose people set the pace, together; None on a floor
    without stations. stations: a bar of each. fleet: unit time. waits: rows of the table of units
    most waited for, as people read them. on_waits: a sentence about them."""

    summary: str
    whole: Bar | None
    stations: list[Bar]
    n_stations: int
    fleet: Bar
    waits: list[list[str]]
    on_waits: str


def lost_section(figures: Figures) -> LostSection | None:
    """None for a run without accounts of time."""
    lost = figures["lost_capacity"]
    if lost is None or lost["units"] is None:
        return None
    stations, units = lost["stations"], lost["units"]
    rows = stations["rows"][:MOST_ROWS] if stations else []
    return LostSection(
        summary=sentence(figures),
        whole=_bar("stations that set the pace", stations["handling"], CAUSES)
        if stations
        else None,
        stations=[_bar(row["name"], row["causes"], CAUSES) for row in rows],
        n_stations=len(stations["rows"]) if stations else 0,
        fleet=_bar("drive units", units["uses"], USES),
        waits=[_wait_cells(row, units) for row in units["most_waited_for"]],
        on_waits=_on_waits(units),
    )


def _bar(name: str, parts: Figures, words: dict[str, tuple[str, str, str]]) -> Bar:
    shares = {part: row["share"] for part, row in parts.items()}
    seconds = {part: row["seconds"] for part, row in parts.items()}
    return split(name, shares, seconds, words)


def _wait_cells(row: Figures, units: Figures) -> list[str]:
    waiting_s = units["uses"]["waiting"]["seconds"]
    while_ = sorted(row["while"].items(), key=lambda item: -item[1])[:2]
    return [
        str(row["unit"]),
        ", ".join(f"{USES[use][0]} {share(part)}" for use, part in while_) or "–",
        duration(row["held_up_s"]),
        share(row["held_up_s"] / waiting_s if waiting_s else 0.0),
        duration(row["waited_for_s"]),
    ]


def _on_waits(units: Figures) -> str:
    """What the units at the end of the chains of waits were doing."""
    waiting_s = units["uses"]["waiting"]["seconds"]
    if not waiting_s:
        return "No unit ever waited for another on its way."
    parts = {root: row["share"] for root, row in units["waiting_for"].items()}
    told = [
        f"{share(part)} {NO_ROOT.get(root) or _behind(root)}"
        for root, part in sorted(parts.items(), key=lambda item: -item[1])[:4]
        if part >= 0.005
    ]
    return (
        f"Units waited {duration(waiting_s)} on their way: {', '.join(told)}. A unit holds up all "
        "that wait for it, through others too; directly it is waited for by those behind it."
    )


def _behind(use: str) -> str:
    return f"behind a unit that was {BEHIND.get(use) or USES[use][0]}"


BEHIND = {
    "loaded": "driving loaded", "empty": "driving empty", "slot": "waiting for a slot",
    "waiting": "waiting for its path", "no_task": "without a task",
}  # fmt: skip
