"""The controller run again on journalled inputs, decision by decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from fleet_control.journal.codec import Codec
from fleet_control.journal.compare import Place, clock, first_difference
from fleet_control.journal.errors import DamageError
from fleet_control.journal.records import Kind, Record


class Decider(Protocol):
    """A controller, as a journal sees it: inputs in, commands out."""

    def decide(self, reports: Reports, operations: Sequence[Any]) -> Commands: ...

    def reconcile(self, state: FleetState) -> Commands: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """n_cycles: decisions that came out the same. next_cycle: the one after the last of them.
    time_s: of the last input. last: the last decision. difference: the first decision that came
    out otherwise, in words; "" where there was none. halted: why the controller halted on the last
    input, as it had when it was journalled. damage: why the journal could not be read any further.
    is_finished: the run came to its planned end.
    """

    n_cycles: int = 0
    next_cycle: int = 0
    time_s: float = 0.0
    last: Commands | None = None
    difference: str = ""
    halted: str = ""
    damage: str = ""
    is_finished: bool = False


class _Replay:
    """One pass over the records; stops at the first difference."""

    def __init__(
        self, codec: Codec, own: Codec, decider: Decider, place: Place | None,
        state: FleetState | None,
    ) -> None:  # fmt: skip
        self._codec, self._own, self._decider, self._place = codec, own, decider, place
        self._state = state
        self._made: Commands | None = None
        self._error: FleetError | None = None
        self._cycle = 0
        self.n_cycles = self.next_cycle = self._answered = 0
        self.time_s = 0.0
        self.last: Commands | None = None
        self.difference = ""
        self.is_finished = False

    def take(self, record: Record) -> None:
        if record.kind is Kind.INPUT:
            reports, operations = self._codec.decode(record.data)
            self.time_s = reports.time_s
            self._decide(record, lambda: self._decider.decide(reports, operations))
            self._answered = record.cycle + 1
        elif record.kind is Kind.DECISION:
            self._compare(record)
        elif record.kind is Kind.CONNECT:
            self._connect(record)
        elif record.kind is Kind.FINISHED:
            self.is_finished = True

    def _connect(self, record: Record) -> None:
        """The first is what the controller was made on; at a later one it has to find its way."""
        if record.number > 1:
            state = self._codec.decode(record.data)
            self._decide(record, lambda: self._decider.reconcile(state))
        elif self._state is not None and (found := self._difference(record, self._state)):
            self.difference = self._where(f"fleet at the start {found}")

    def _decide(self, record: Record, decide: Callable[[], Commands]) -> None:
        self._cycle, self._made, self._error = record.cycle, None, None
        try:
            self._made = decide()
        except FleetError as error:
            self._error = error

    def _compare(self, record: Record) -> None:
        if self._error is not None:
            self.difference = self._where(f"the controller halts here: {self._error}")
        elif found := self._difference(record, self._made):
            self.difference = self._where(f"decision {found}")
        else:
            self.n_cycles += 1
            self.next_cycle = self._answered
            self.last = self._made
            self._made = None

    def _difference(self, record: Record, made: object) -> str:
        """How the value differs from the journalled one, "" if it is the same. Equal values have
        equal bytes, which is what costs least to compare."""
        data = self._own.encode(made)
        if data == record.data:
            return ""
        kept = self._codec.decode(record.data)
        if self._codec is not self._own and self._own.encode(kept) == data:
            return ""
        return first_difference(kept, made, self._place) or "has another form"

    def _where(self, what: str) -> str:
        return f"cycle {self._cycle}, at {clock(self.time_s)}: {what}"

    @property
    def halted(self) -> str:
        return str(self._error) if self._error is not None and not self.difference else ""


def replay(
    records: Iterable[Record], codec: Codec, decider: Decider, *, most: int | None = None,
    place: Place | None = None, own: Codec | None = None, state: FleetState | None = None,
    on_cycle: Callable[[float], None] | None = None,
) -> Outcome:  # fmt: skip
    """Let it decide on every journalled input and compare, up to the first difference.

    codec: that of the journal; own: that of this code, where they differ. most: records at most.
    place: how people name a cell. state: the fleet that the controller was made for, which has to
    be the journalled one; None: not compared. on_cycle: told the time of every input.
    """
    one = _Replay(codec, own or codec, decider, place, state)
    damage = ""
    try:
        for record in islice(records, most):
            one.take(record)
            if one.difference:
                break
            if on_cycle is not None and record.kind is Kind.INPUT:
                on_cycle(one.time_s)
    except DamageError as error:
        damage = str(error)
    return Outcome(
        one.n_cycles, one.next_cycle, one.time_s, one.last, one.difference, one.halted, damage,
        one.is_finished,
    )  # fmt: skip
