"""How a live fleet is, as plain data: for operators, screens and programs (docs/live.md)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from fleet_control.backend import Condition
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.status import FleetStatus, UnitState, status_of
from gridfleet.live.links import Links
from gridfleet.live.run import LiveRun
from gridfleet.wiring.units import CYCLE_S
from layouts import Layout

CURES = {
    UnitStatus.NOT_ADMITTED: "stands where nobody expects it: look, then ctl admit or ctl remove",
    UnitStatus.LOST: "not heard of for 10 s: look for it; ctl remove once it is off the floor",
    UnitStatus.STALE: "not heard of for 3 s: look at its link",
    UnitStatus.FAULTED: "says that it cannot do its next step",
    UnitStatus.STARTING: "does not know yet where it is, or is driven by hand",
    UnitStatus.STOPPED: "has steps to do and makes no progress",
    UnitStatus.PAUSING: "was asked to pause and has not confirmed: keep away",
    UnitStatus.PAUSED: "stands as asked: ctl resume",
    UnitStatus.ABSENT: "is off the floor; taken in when it connects",
}
AWAITED = (
    "{}: nothing moves until it is known where it stands. See that it is on; ctl remove once it is "
    "off the floor"
)
_UNITS = re.compile(r"\bunits? \d+(?:(?:, | and )\d++(?! more))*")


class StatusBoard:
    """Makes the status of a run. links: of a backend that has any."""

    def __init__(self, links: Links | None = None) -> None:
        self._links = links

    def __call__(self, run: LiveRun) -> dict[str, Any]:
        supervisor, layout = run.brain.controller.supervisor, run.books.ground.layout
        status = status_of(supervisor)
        head = run.books.head
        names, low = head.units, supervisor.roster.low_battery()
        return {
            "time_s": round(run.time.now_s(), 3),
            "epoch": run.books.epoch,
            "layout": run.books.ground.scenario.layout,
            "units": [
                _unit_row(unit, names[unit.unit], run, layout, bool(low[unit.unit]))
                for unit in status.units
            ],
            "conditions": dict(Counter(str(unit.status) for unit in status.units)),
            "unconfirmed": [names[unit] for unit in status.unconfirmed],
            "awaited": [names[unit] for unit in status.awaited],
            "is_all_paused": supervisor.operating.is_all_paused,
            "is_all_stopped": status.is_all_stopped,
            "is_draining": status.is_draining,
            "is_drained": status.is_drained,
            "areas": [
                {"name": name, "units_inside": [names[unit] for unit in units]}
                for name, units in status.areas.items()
            ],
            "closed_cells": status.n_closed,
            "stranded": [names[unit] for unit in status.stranded],
            "sentences": _named(status, layout, names),
            "stations": _stations(run),
            "work": _work(run),
            "cycle": {
                "cycle_s": CYCLE_S, "cycles": run.n_cycles, "overruns": run.n_overruns,
                "skipped": run.n_skipped, "longest_s": round(run.longest_s, 4),
            },
            "links": self._links.figures() if self._links is not None else {},
        }  # fmt: skip


def _unit_row(
    unit: UnitState, name: str, run: LiveRun, layout: Layout, is_low: bool
) -> dict[str, Any]:
    row, col = layout.row_col(unit.cell) if unit.cell >= 0 else (-1, -1)
    controller, work = run.brain.controller, run.brain.setup.work
    task = work.task_of(unit.unit)
    goal = int(controller.driving.goals[unit.unit])
    return {
        "serial": name,
        "unit": unit.unit,
        "status": str(unit.status),
        "row": row + 1 if row >= 0 else None,
        "column": col + 1 if col >= 0 else None,
        "task": task if task >= 0 else None,
        "goal": layout.place(goal) if goal >= 0 else None,
        "is_laden": bool(controller.driving.is_laden[unit.unit]),
        "is_led_around": unit.is_led_around,
        "low_battery": is_low,
        "cure": _cure(unit, Condition(int(controller.supervisor.roster.flags[unit.unit]))),
    }


def _cure(unit: UnitState, flags: Condition) -> str:
    if unit.status is not UnitStatus.AWAITED:
        return CURES.get(unit.status, "")
    if flags & (Condition.LOST | Condition.STALE):
        return AWAITED.format("not heard of")
    if flags & Condition.STARTING:
        return AWAITED.format("heard of, and does not know where it is")
    return AWAITED.format("heard of, and stands on no cell alone, or has steps left")


def _named(status: FleetStatus, layout: Layout, names: tuple[str, ...]) -> list[str]:
    """Sentences speak of units by numbers; people know serials."""

    def serials(found: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda number: names[int(number[0])], found[0])

    return [_UNITS.sub(serials, sentence) for sentence in status.sentences(layout)]


def _stations(run: LiveRun) -> list[dict[str, Any]]:
    stations = run.brain.controller.supervisor.stations
    return [
        {
            "name": station.name,
            "kind": str(station.kind),
            "is_ready": index not in stations.not_ready,
            "is_cut_off": index in stations.cut_off,
        }
        for index, station in enumerate(run.books.ground.layout.stations)
    ]


def _work(run: LiveRun) -> dict[str, Any]:
    setup, controller = run.brain.setup, run.brain.controller
    valve = run.brain.valve
    return {
        "counted": setup.counted,
        "done": setup.n_done(),
        **setup.progress(),
        "units_working": controller.n_working,
        "open_tasks": len(setup.work.open_tasks().tasks),
        "is_held_back": valve is not None and valve.is_closed,
        "scans_refused": controller.supervisor.stations.n_refused,
    }
