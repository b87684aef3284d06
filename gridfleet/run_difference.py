"""What is different between two runs: what they were told, how they came out, and where the
controller first decided otherwise.

Decisions are the rows of the event log that the controller makes by itself; all others follow from
them and from the world. Runs of the same scenario and seed have the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fleet_control.events import NAMES, Columns, EventKind
from fleet_control.journal.compare import first_row
from gridfleet.run_reading import Flat, RunRead

DECISIONS = (
    EventKind.ORDER_ASSIGNED,
    EventKind.TASK_OPENED,
    EventKind.TASK_ASSIGNED,
    EventKind.ERRAND_STARTED,
    EventKind.TASK_RETURNED,
    EventKind.TASK_CANCELLED,
)
TIMING = ("plan_ms", "wall_s", "speed_x_real_time")
"""Figures of the machine, which differ between runs that are the same."""


@dataclass(frozen=True, slots=True)
class Values:
    """Of one key in both runs; None where it does not apply or is not there."""

    key: str
    before: Any
    after: Any

    @property
    def difference(self) -> float | None:
        """None unless both are numbers."""
        if not (_is_number(self.before) and _is_number(self.after)):
            return None
        return float(self.after) - float(self.before)

    @property
    def percent(self) -> float | None:
        """Of the first; None unless both are numbers and the first is not 0."""
        difference = self.difference
        return None if difference is None or not self.before else 100 * difference / self.before


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of an event log. number: of the row in the file, from 1. values: as in NAMES."""

    number: int
    values: dict[str, float]

    @property
    def kind(self) -> EventKind:
        return EventKind(int(self.values["kind"]))


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first rows that differ. n_same: rows before that are the same. before, after: None where
    that run has no further row."""

    n_same: int
    before: EventRow | None
    after: EventRow | None


@dataclass(frozen=True, slots=True, eq=False)
class RunDifference:
    """scenario: keys that differ. figures: all key figures of either run, in their order, but those
    of the machine. decision, row: None where none differs, or there are no events to compare."""

    one: RunRead
    other: RunRead
    scenario: tuple[Values, ...]
    figures: tuple[Values, ...]
    decision: Divergence | None
    row: Divergence | None

    @property
    def has_events(self) -> bool:
        """Whether both runs have an event log."""
        return self.one.events is not None and self.other.events is not None

    @property
    def is_same(self) -> bool:
        """Whether figures and, where both have them, events are the same."""
        return self.row is None and all(value.before == value.after for value in self.figures)


def run_difference(one: RunRead, other: RunRead) -> RunDifference:
    """What the second run has otherwise than the first."""
    logs = one.events, other.events
    decision = row = None
    if logs[0] is not None and logs[1] is not None:
        row = divergence(logs[0], logs[1])
        decision = divergence(logs[0], logs[1], DECISIONS) if row is not None else None
    scenario = tuple(
        value for value in _paired(one.scenario, other.scenario) if value.before != value.after
    )
    figures = tuple(
        value
        for value in _paired(one.figures, other.figures)
        if value.key.split(".")[0] not in TIMING
    )
    return RunDifference(one, other, scenario, figures, decision, row)


def divergence(
    before: Columns, after: Columns, kinds: tuple[EventKind, ...] = tuple(EventKind)
) -> Divergence | None:
    """The first rows of these kinds that differ in anything; None where none do."""
    rows = [np.flatnonzero(np.isin(log["kind"], kinds)) for log in (before, after)]
    tables = [
        [log[name][found] for name in NAMES]
        for log, found in zip((before, after), rows, strict=True)
    ]
    at = first_row(*tables)
    if at == len(rows[0]) == len(rows[1]):
        return None
    ends = [
        _event(log, int(found[at])) if at < len(found) else None
        for log, found in zip((before, after), rows, strict=True)
    ]
    return Divergence(at, *ends)


def _event(log: Columns, row: int) -> EventRow:
    return EventRow(row + 1, {name: log[name][row].item() for name in NAMES})


def _paired(before: Flat, after: Flat) -> list[Values]:
    """Both values of every key, in the order of the first table, then of the second."""
    keys = dict.fromkeys([*before, *after])
    return [Values(key, before.get(key), after.get(key)) for key in keys]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
