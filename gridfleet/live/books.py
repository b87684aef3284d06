"""The journal of a live run: begun, or gone on with whenever it is there already.

Where units are real, what the journal does not know has happened all the same. So it is written
with `synchronous=FULL`, and a journal whose end is damaged is not gone on with: units may hold
steps that nobody here knows of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fleet_control.backend import FleetState
from fleet_control.errors import InvariantError
from fleet_control.journal import Header, Journal, JournalError, Kind, Recorder, Recovered, recover
from fleet_control.journal.database import check_is_journal
from fleet_control.journal.lock import JournalLock
from gridfleet.brain import Brain, Groundwork, lay_groundwork
from gridfleet.clock import as_clock
from gridfleet.journal_head import check_code, make_codec, own_version, scenario_of
from gridfleet.journalled import SNAPSHOT_CYCLES
from gridfleet.live.head import LiveHead, live_head_of, live_header
from gridfleet.scenario import Scenario
from gridfleet.wiring.units import CYCLE_S

SYNCHRONOUS = "FULL"


@dataclass(frozen=True, slots=True, eq=False)
class LiveBooks:
    """A journal that is open to be written, and what it knows.

    epoch: of this life of the controller, on disk. brain: as it was; None for a fleet that has not
    begun. recorder: goes on behind it. next_cycle: the first that is not decided. last_s: time of
    the fleet until which the journal goes. notes: sentences for the owner.
    """

    ground: Groundwork
    head: LiveHead
    epoch: int
    brain: Brain | None
    recorder: Recorder
    next_cycle: int = 0
    last_s: float = 0.0
    notes: tuple[str, ...] = ()


def exists(path: Path) -> bool:
    """Whether a run has begun in that file, or something else is there that is no free place."""
    return path.exists() and path.stat().st_size > 0


@contextmanager
def begun(
    path: Path, scenario: Scenario, head: Callable[[Groundwork], LiveHead], unix_s: float
) -> Iterator[LiveBooks]:
    """A new journal. head: of the fleet, for the floor. unix_s: now. Raises JournalError."""
    ground = lay_groundwork(scenario)
    told = head(ground)
    header = live_header(scenario, ground.layout, told)
    journal = Journal.create(path, header, _now(), SYNCHRONOUS, least_epoch=int(unix_s))
    with journal:
        recorder = Recorder(journal, make_codec(), SNAPSHOT_CYCLES, ground.layout.place)
        yield LiveBooks(ground, told, journal.epoch, None, recorder)


def read_head(path: Path) -> tuple[Header, LiveHead]:
    """What the journal is of. Raises JournalError for one that cannot be gone on with here."""
    check_is_journal(path)
    with Journal.read(path) as journal:
        header = journal.header()
    return header, live_head_of(path, header)


@contextmanager
def resumed(path: Path, unix_s: float) -> Iterator[LiveBooks]:
    """The run of that journal, with everything decided again that it holds. Raises JournalError,
    and changes nothing, where it cannot be gone on with; InvariantError where it was halted."""
    header, head = read_head(path)
    lock = JournalLock(path, _now())
    try:
        check_code(path, header)
        ground = lay_groundwork(scenario_of(path, header))
        with Journal.read(path) as journal:
            brain, found = _recovered(path, journal, ground)
        opened = Journal.open(
            path, own_version(), _now(), SYNCHRONOUS, lock, least_epoch=int(unix_s)
        )
    except BaseException:
        lock.release()
        raise
    with opened:
        snapshot = found.snapshot if found is not None else None
        if snapshot is not None:
            opened.forget_after(snapshot.cycle)
        place = ground.layout.place
        recorder = Recorder(opened, make_codec(), SNAPSHOT_CYCLES, place, begun_at=snapshot)
        if found is None:
            yield LiveBooks(ground, head, opened.epoch, None, recorder)
            return
        last_s = max(found.time_s, (found.next_cycle - 1) * CYCLE_S)
        notes = [f"not sound, and not needed: {fault}" for fault in found.damage]
        notes.append(f"goes on from {as_clock(last_s)} h of the fleet's time")
        yield LiveBooks(
            ground, head, opened.epoch, brain, recorder, found.next_cycle, last_s, tuple(notes)
        )


def _recovered(
    path: Path, journal: Journal, ground: Groundwork
) -> tuple[Brain | None, Recovered | None]:
    """The controller as it was; None for a journal in which no fleet was ever connected."""
    if journal.is_finished():
        raise JournalError(
            f"{path}: the run of this journal has come to its planned end; begin a new journal"
        )
    state = first_state(journal)
    if state is None:
        return None, None
    brain = Brain(ground, state)
    found = recover(journal, make_codec(), brain)
    if found.halted:
        raise InvariantError(
            f"{path}: the fleet was halted, since {found.halted}. What it was at is not sure any "
            f"more. `gridfleet replay {path}` shows it; keep the file as evidence, see to it that "
            "all units stand, and begin with a new journal"
        )
    _check_whole(path, journal, found)
    return brain, found


def _check_whole(path: Path, journal: Journal, found: Recovered) -> None:
    """Damage behind the snapshot hides what units have been released."""
    after = found.snapshot.number if found.snapshot else 0
    anchor = {"anchor": found.snapshot.anchor} if found.snapshot else {}
    try:
        for _ in journal.records(after, **anchor):
            pass
    except JournalError as error:
        raise JournalError(
            f"{error}\n{path}: what units have been released since then is not known, so the "
            "fleet cannot go on with it; put the file aside and begin a new journal: nothing "
            "moves then until units that have steps left have done them"
        ) from None


def first_state(journal: Journal) -> FleetState | None:
    """The fleet at its first connect, None where there was none."""
    record = next(journal.records(), None)
    if record is None or record.kind is not Kind.CONNECT:
        return None
    state = make_codec().decode(record.data)
    assert isinstance(state, FleetState)
    return state


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")
