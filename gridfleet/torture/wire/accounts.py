"""What the controller says of itself at the end: the events in its run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fleet_control.events import NAMES, EventKind
from gridfleet.event_reading import read_events
from gridfleet.torture.tasks import Columns
from gridfleet.torture.wire.ledger import Ledger

EVENTS = "events.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """events: columns of the event log; empty where there is none."""

    events: Columns
    is_there: bool

    def lost(self, ledger: Ledger, *, is_over: bool) -> list[str]:
        """Lines that are told to be done and are not. If everything was seen to be done: also lines
        that the controller does not know of, and trips that were begun and never ended."""
        told = {*self._of(EventKind.LINE_DONE, "line"), *self._of(EventKind.RETURN_DONE, "line")}
        lost = [
            f"line {line} is lost, though told to be done"
            for line in ledger.open if line in told
        ]  # fmt: skip
        if not is_over:
            return lost
        if not self.is_there:
            return ["the controller has left no events"]
        lost += [
            f"line {line} was done, and the controller does not know"
            for line in ledger.wanted if line not in told
        ]  # fmt: skip
        opened = set(self._of(EventKind.TASK_OPENED, "task"))
        ended = set(self._of(EventKind.TASK_DONE, "task"))
        ended |= set(self._of(EventKind.TASK_CANCELLED, "task"))
        return lost + [f"task {task} never ended" for task in sorted(opened - ended)]

    def _of(self, kind: EventKind, column: str) -> list[int]:
        numbers: list[int] = self.events[column][self.events["kind"] == kind].tolist()
        return numbers


def read_accounts(out: Path) -> Accounts:
    """The events of a run folder; of one that was not written, none."""
    path = out / EVENTS
    if not path.is_file():
        return Accounts({name: np.empty(0, dtype=np.int32) for name in NAMES}, False)
    return Accounts(read_events(path), True)
