"""Runs that are kept in a journal: begun, gone on with after a crash, and replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fleet_control.backend import FleetState
from fleet_control.journal import (
    Codec,
    Header,
    Journal,
    JournalError,
    Outcome,
    Recorder,
    Recovered,
    recover,
    replay,
)
from fleet_control.journal import snapshot as pickles
from fleet_control.journal.database import check_is_journal
from fleet_control.journal.lock import JournalLock
from fleet_control.journal.recovery import Sound, newest_sound
from fleet_control.journal.salvage import salvage
from gridfleet.brain import Brain, lay_groundwork
from gridfleet.journal_head import (
    TYPES,
    check_code,
    code_fingerprint,
    header_of,
    make_codec,
    own_version,
    scenario_of,
)
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import CYCLE_S

SNAPSHOT_CYCLES = round(120.0 / CYCLE_S)
"""Control cycles from one snapshot to the next: a restart decides on that many again at most. With
200 units each takes somewhat less than a millisecond to decide again, and a snapshot a tenth of a
second to write: at five minutes a restart would take more than a second."""
SYNCHRONOUS = "NORMAL"
"""The simulated world ends with the process, and a power cut sets journal and world back alike: to
wait for the disk in every cycle would protect nothing. Where units are real, it has to be FULL."""


@dataclass(frozen=True, slots=True, eq=False)
class Resumed:
    """A run that goes on. notes: sentences that its owner must know. is_finished: it had come to
    its end, so that only its result is made again."""

    simulation: Simulation
    recorder: Recorder
    notes: tuple[str, ...]
    is_finished: bool


@contextmanager
def begun(simulation: Simulation, path: Path) -> Iterator[Recorder]:
    """A new journal for the run. Raises JournalError where the path is taken, and for a world that
    cannot be kept: the state of bodies is not exact when it is read back."""
    if simulation.has_bodies:
        raise JournalError(
            "a run of the physics engine cannot be kept in a journal, nor can its controller be "
            "killed and come back; run it without, or with the kinematic engine"
        )
    header = header_of(simulation.scenario, simulation.layout)
    with Journal.create(path, header, _now(), SYNCHRONOUS) as journal:
        place = simulation.layout.place
        yield Recorder(journal, make_codec(), SNAPSHOT_CYCLES, place)


@contextmanager
def resumed(path: Path) -> Iterator[Resumed]:
    """The run of that journal at its newest sound snapshot. The recorder sees to it that cycles
    which are journalled come out as they were.

    Raises JournalError, and changes nothing, where the journal is held by another controller, of
    another version or floor, or cannot be read. What is damaged is put aside whole."""
    check_is_journal(path)
    lock = JournalLock(path, _now())
    try:
        with Journal.read(path) as journal:
            header = journal.header()
            check_code(path, header)
            _check_simulated(path, header)
            simulation = Simulation(scenario_of(path, header))
            sound = newest_sound(journal)
            restore(simulation, sound, make_codec())
        notes = [f"not sound: {fault}" for fault in sound.damage]
        if sound.damage:
            notes.append(f"the damaged journal is kept as {salvage(path, sound)}")
        journal = Journal.open(path, own_version(), _now(), SYNCHRONOUS, lock)
    except BaseException:
        lock.release()
        raise
    with journal:
        recorder = _recorder(journal, sound, simulation)
        if journal.is_finished():
            notes.append("the run is finished; its result is written again")
        notes.append(_say(sound))
        if simulation.poses is not None and sound.snapshot is not None:
            notes.append("poses are recorded from there on; those of before ended with the process")
        yield Resumed(simulation, recorder, tuple(notes), journal.is_finished())


def _recorder(journal: Journal, sound: Sound, simulation: Simulation) -> Recorder:
    """Goes on behind the snapshot; later ones, which are not sound, are forgotten."""
    snapshot = sound.snapshot
    journal.forget_after(snapshot.cycle if snapshot else -1)
    ahead = journal.records(sound.after, sound.anchor)
    place = simulation.layout.place
    return Recorder(journal, make_codec(), SNAPSHOT_CYCLES, place, ahead, snapshot)


def restore(simulation: Simulation, sound: Sound, codec: Codec) -> None:
    """Controller and world as they were; without a snapshot the simulation stays at the start."""
    snapshot = sound.snapshot
    if snapshot is not None:
        fixed = simulation.fixed()
        simulation.restore_mind(pickles.loads(snapshot.mind, fixed), sound.event_columns(codec))
        simulation.restore_world(pickles.loads(snapshot.world, fixed), snapshot.cycle)


def recover_controller(journal: Journal, skeleton: Simulation) -> Recovered:
    """Put the journalled controller into a freshly built simulation of the same scenario, for a
    world that has gone on meanwhile. The skeleton's own world is left as it is and of no use."""
    return recover(journal, make_codec(), skeleton)


@dataclass(frozen=True, slots=True)
class Replayed:
    """outcome: of the comparison. notes: sentences that a reader must know."""

    outcome: Outcome
    notes: tuple[str, ...]


def replay_run(path: Path, on_cycle: Callable[[float], None] | None = None) -> Replayed:
    """The controller from the start of the run, on journalled inputs alone. Nothing is changed.

    Raises JournalError where there is no such run to replay."""
    with Journal.read(path) as journal:
        header = journal.header()
        codec = Codec(TYPES, header.schema)
        scenario = scenario_of(path, header)
        decider, state = _freshly_built(path, journal, header, scenario, codec)
        notes = [f"records: {note}" for note in codec.notes]
        if header.code != code_fingerprint():
            notes.insert(
                0, f"{path} was written by other code (version {header.version}, this is "
                f"{own_version()}): decisions may differ for that reason",
            )  # fmt: skip
        outcome = replay(
            journal.records(), codec, decider, own=make_codec(), on_cycle=on_cycle,
            place=decider.layout.place, state=state,
        )  # fmt: skip
    return Replayed(outcome, tuple(notes))


def _freshly_built(
    path: Path, journal: Journal, header: Header, scenario: Scenario, codec: Codec
) -> tuple[Simulation | Brain, FleetState | None]:
    """What decides, as it was at the start, and the fleet that it has to begin with."""
    if not header.live:
        simulation = Simulation(scenario)
        return simulation, simulation.state_at_start
    first = next(journal.records(), None)
    if first is None:
        raise JournalError(f"{path}: no fleet has been connected yet; there is nothing to replay")
    return Brain(lay_groundwork(scenario), codec.decode(first.data)), None


def _check_simulated(path: Path, header: Header) -> None:
    if header.live:
        raise JournalError(
            f"{path} is the journal of a live fleet; go on with it by gridfleet serve --journal "
            f"{path}"
        )


def _say(sound: Sound) -> str:
    cycle = sound.snapshot.cycle if sound.snapshot else 0
    minutes, seconds = divmod(cycle * CYCLE_S, 60)
    clock = f"{int(minutes // 60)}:{int(minutes % 60):02d}:{int(seconds):02d}"
    where = f"the snapshot at {clock}" if sound.snapshot else "the beginning: there is no snapshot"
    return f"goes on from {where}, with {sound.n_tail:,} records behind it"


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")
