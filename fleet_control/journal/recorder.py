"""The loop's side of the journal: what came in and what was decided, kept before anything is sent.

A run that goes on from a snapshot passes through cycles that the journal holds already. There
nothing is written: the recorder makes sure that inputs and decisions come out the same, and a loop
that is caught up goes on writing without noticing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.events import EventLog
from fleet_control.journal import snapshot as pickles
from fleet_control.journal.codec import Codec
from fleet_control.journal.compare import Place, first_difference
from fleet_control.journal.errors import DivergedError, JournalError
from fleet_control.journal.records import Kind, Record, Snapshot
from fleet_control.journal.recovery import Skeleton, recover
from fleet_control.journal.store import Journal


class Stateful(Protocol):
    """A run as a snapshot sees it.

    mind: everything that the next decision depends on. world: the simulated world, None for a real
    one. fixed: objects built from the scenario, by name. log: the event log."""

    log: EventLog

    def mind(self) -> object: ...

    def world(self) -> object: ...

    def fixed(self) -> dict[str, object]: ...


class Recorder:
    """Keeps a run in a journal.

    snapshot_cycles: cycles from one snapshot to the next. place: how people name a cell. begun_at:
    the snapshot that the run goes on from. ahead: records that the journal holds behind it."""

    def __init__(
        self, journal: Journal, codec: Codec, snapshot_cycles: int,
        place: Place | None = None, ahead: Iterator[Record] = iter(()),
        begun_at: Snapshot | None = None,
    ) -> None:  # fmt: skip
        self._journal, self._codec, self._place = journal, codec, place
        self._snapshot_cycles = snapshot_cycles
        self._ahead, self._next = ahead, next(ahead, None)
        self._n_events = begun_at.n_events if begun_at else 0
        self._last_snapshot = begun_at.cycle if begun_at else -1

    @property
    def path(self) -> Path:
        """Of the journal."""
        return self._journal.path

    @property
    def snapshot_cycle(self) -> int:
        """Of the last snapshot, -1 without one."""
        return self._last_snapshot

    @property
    def is_catching_up(self) -> bool:
        """Whether the journal holds what comes next already."""
        return self._next is not None

    def connected(self, state: FleetState) -> None:
        """The truth at the first connect, on which the controller is made."""
        self._keep(Kind.CONNECT, 0, state)
        self._journal.commit()

    def reconnected(self, cycle: int, state: FleetState) -> None:
        """The truth at a later connect, before that cycle: what the controller makes of it
        (`reconcile`) is a decision like any other and comes next, through `decide`."""
        self._keep(Kind.CONNECT, cycle, state)

    def take(self, cycle: int, reports: Reports, operations: Sequence[object] = ()) -> None:
        """What comes in. It is safe with the decision on it, or with `abandon`."""
        self._keep(Kind.INPUT, cycle, [reports, list(operations)])

    def decide(self, cycle: int, commands: Commands) -> None:
        """What was decided on it. Input and decision are safe when this returns: send now."""
        self._keep(Kind.DECISION, cycle, commands)
        self._journal.commit()

    def abandon(self) -> None:
        """The run halts, perhaps for want of a decision on the last input: keep it, as evidence. It
        may be the journal itself that failed; the halt must not fail as well."""
        if not self.is_catching_up:
            with suppress(JournalError):
                self._journal.commit()

    def rest(self, cycle: int, run: Stateful) -> None:
        """Between two cycles, when all of `cycle - 1` has been sent."""
        if self.is_catching_up:
            return
        # Cycles may be left out, so it is not enough to look whether this is the one.
        if cycle // self._snapshot_cycles > max(self._last_snapshot, 0) // self._snapshot_cycles:
            self.take_snapshot(cycle, run)
        self._journal.tidy()

    def take_snapshot(self, cycle: int, run: Stateful) -> None:
        """Keep the state, unless the journal is ahead of it or has it already."""
        if self.is_catching_up or cycle == self._last_snapshot:
            return
        fixed, world, n_events = run.fixed(), run.world(), len(run.log)
        events = self._codec.encode(list(run.log.columns(self._n_events).values()))
        mind = pickles.dumps(run.mind(), fixed)
        self._journal.take_snapshot(
            Snapshot(
                cycle, self._journal.last_number, self._journal.anchor, n_events, mind,
                b"" if world is None else pickles.dumps(world, fixed),
            ),
            events,
        )  # fmt: skip
        self._n_events, self._last_snapshot = n_events, cycle

    def revive(self, run: Skeleton) -> None:
        """The controller of the run has been killed: put in its place what the journal knows of it,
        and nothing else. While the run catches up with its journal that is the one it has: it has
        just been made from the same records."""
        if not self.is_catching_up:
            recover(self._journal, self._codec, run)

    def finish(self, cycle: int) -> None:
        """The run came to its planned end."""
        self._keep(Kind.FINISHED, cycle, None)
        self._journal.commit()

    def _keep(self, kind: Kind, cycle: int, value: Any) -> None:
        data = self._codec.encode(value)
        kept = self._next
        if kept is None:
            self._journal.append(kind, cycle, data)
            return
        if (kept.kind, kept.cycle, kept.data) != (kind, cycle, data):
            raise DivergedError(self._say(kept, kind, cycle, value))
        self._next = next(self._ahead, None)

    def _say(self, kept: Record, kind: Kind, cycle: int, value: Any) -> str:
        said = "the run does not come out as it is in the journal"
        if (kept.kind, kept.cycle) != (kind, cycle):
            return (
                f"{said}: record {kept.number} is {kept.kind.name.lower()} of cycle {kept.cycle}, "
                f"not {kind.name.lower()} of cycle {cycle}"
            )
        found = first_difference(self._codec.decode(kept.data), value, self._place)
        return f"{said} in cycle {cycle}: {kind.name.lower()} {found}; see `gridfleet replay`"
