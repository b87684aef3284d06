"""From a journal back to a controller: the newest sound snapshot, then the inputs after it.

The controller decides on every input again, and what it decides must be what the journal holds. So
what it knows afterwards is what it knew when it was killed, with nothing guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fleet_control.backend import Commands
from fleet_control.events import NAMES, Columns
from fleet_control.journal import snapshot as pickles
from fleet_control.journal.codec import Codec
from fleet_control.journal.database import say_cut
from fleet_control.journal.errors import DamageError, DivergedError
from fleet_control.journal.records import FIRST_ANCHOR, Snapshot
from fleet_control.journal.replay import Decider, replay
from fleet_control.journal.store import Journal


@dataclass(frozen=True, slots=True)
class Sound:
    """What of a journal can be used to go on.

    snapshot: the newest that is sound, None to begin at the beginning. events: the event log up to
    it, in pieces with the cycle of each. n_tail: sound records behind it. damage: what cannot be
    used, for people.
    """

    snapshot: Snapshot | None
    events: tuple[tuple[int, bytes], ...]
    n_tail: int
    damage: tuple[str, ...]

    @property
    def after(self) -> int:
        """Number of the last record before the tail."""
        return self.snapshot.number if self.snapshot else 0

    @property
    def anchor(self) -> bytes:
        return self.snapshot.anchor if self.snapshot else FIRST_ANCHOR

    def event_columns(self, codec: Codec) -> list[Columns]:
        """The event log up to the snapshot, in pieces of columns."""
        return [dict(zip(NAMES, codec.decode(piece), strict=True)) for _, piece in self.events]


def newest_sound(journal: Journal) -> Sound:
    """The newest sound snapshot with its event log, and how many records behind it are sound."""
    damage = [cut] if (cut := say_cut(journal.path)) else []
    chosen: Snapshot | None = None
    events: list[tuple[int, bytes]] = []
    for found in journal.snapshots():
        try:
            if isinstance(found, DamageError):
                raise found
            chosen, events = found, journal.events(found.cycle)
            break
        except DamageError as error:
            chosen, events = None, []
            damage.append(str(error))
    sound = Sound(chosen, tuple(events), 0, ())
    n_tail = 0
    try:
        for _ in journal.records(sound.after, sound.anchor):
            n_tail += 1
    except DamageError as error:
        damage.append(str(error))
    return Sound(chosen, tuple(events), n_tail, tuple(damage))


@dataclass(frozen=True, slots=True)
class Recovered:
    """A controller as it was. next_cycle: the first that it has not decided. last: its last
    decision, None without any: it may not have been sent, so a backend must be given it again, or
    be asked what it has had. damage: what of the journal could not be used. time_s: of the last
    input. snapshot: that it was made from. halted: why it halts on the last input, "" if it does
    not; then it must not go on.
    """

    next_cycle: int
    last: Commands | None
    n_replayed: int
    damage: tuple[str, ...]
    time_s: float = 0.0
    snapshot: Snapshot | None = None
    halted: str = ""


class Skeleton(Decider, Protocol):
    """A freshly built run of the same scenario, of which only the controller is used.

    restore_mind: take over the controller's state, and the event log in pieces of columns."""

    def fixed(self) -> dict[str, object]: ...

    def restore_mind(self, mind: Any, events: Sequence[Any]) -> None: ...


def recover(journal: Journal, codec: Codec, skeleton: Skeleton) -> Recovered:
    """Put the controller of the journal into the skeleton. Nothing of any world is touched or sent.

    Raises DivergedError where the skeleton decides otherwise than the journal says."""
    sound = newest_sound(journal)
    next_cycle = 0
    if sound.snapshot is not None:
        mind = pickles.loads(sound.snapshot.mind, skeleton.fixed())
        skeleton.restore_mind(mind, sound.event_columns(codec))
        next_cycle = sound.snapshot.cycle
    records = journal.records(sound.after, sound.anchor)
    outcome = replay(records, codec, skeleton, most=sound.n_tail)
    if outcome.difference:
        raise DivergedError(f"{journal.path}: {outcome.difference}")
    next_cycle = max(outcome.next_cycle, next_cycle)
    return Recovered(
        next_cycle, outcome.last, outcome.n_cycles, sound.damage, outcome.time_s, sound.snapshot,
        outcome.halted,
    )  # fmt: skip
