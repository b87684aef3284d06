"""What the controller says of itself at the end: the events in its run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fleet_control.events import NAMES, EventKind
from gridfleet.torture.tasks import Columns
from gridfleet.torture.wire.ledger import Ledger

EVENTS = "events.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """events: columns of the event log; empty where there is none."""

    events: Columns
    is_there: bool

    def lost(self, ledger: Ledger) -> list[str]:
        """What is not done although the controller has ended with nothing left, or says to be."""
        if not self.is_there:
            return ["the controller has left no events"]
        told = {int(line) for kind in (EventKind.LINE_DONE, EventKind.RETURN_DONE)
                for line in self._of(kind, "line")}  # fmt: skip
        lost = [f"line {line} is lost, though told to be done" for line in ledger.open
                if line in told]  # fmt: skip
        lost += [f"line {line} was done, and the controller does not know"
                 for line in ledger.wanted if line not in told]  # fmt: skip
        opened = set(self._of(EventKind.TASK_OPENED, "task"))
        ended = {
            *self._of(EventKind.TASK_DONE, "task"),
            *self._of(EventKind.TASK_CANCELLED, "task"),
        }
        return lost + [f"task {task} never ended" for task in sorted(opened - ended)]

    def _of(self, kind: EventKind, column: str) -> list[int]:
        numbers: list[int] = self.events[column][self.events["kind"] == kind].tolist()
        return numbers


def read_accounts(out: Path) -> Accounts:
    """The events of a run folder; of one that was not written, none."""
    path = out / EVENTS
    if not path.is_file():
        return Accounts({name: np.empty(0, dtype=np.int32) for name in NAMES}, False)
    import duckdb

    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchnumpy()
    columns: Columns = {name: np.asarray(values) for name, values in found.items()}
    number_of = {kind.name.lower(): int(kind) for kind in EventKind}
    columns["kind"] = np.array([number_of[name] for name in columns["kind"].tolist()])
    return Accounts(columns, True)
