"""Runs that are kept in a journal: begun, gone on with after a crash, and replayed.

The head of a journal holds the scenario. What a scenario names but does not hold (floor, orders,
stock) goes in as a fingerprint: a run cannot go on over another floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fleet_control.journal import Codec, Journal, Recorder
from fleet_control.journal.database import check_is_journal
from fleet_control.journal.lock import JournalLock
from fleet_control.journal.salvage import salvage
from gridfleet.simulation import Simulation

SNAPSHOT_S = 300.0
"""Simulated seconds from one snapshot to the next: a restart decides on that many again at most."""
SYNCHRONOUS = "NORMAL"
"""The simulated world ends with the process. A power cut sets journal and world back alike, so to
wait for the disk in every cycle would protect nothing. Where units are real, it has to be FULL."""
PACKAGES = ("layouts", "fleet_control", "twin", "gridfleet")


@dataclass(frozen=True, slots=True, eq=False)
class Resumed:
    """A run that goes on. notes: sentences that its owner must know. is_finished: it had come to
    its end, and only its result is made again."""

    simulation: Simulation
    recorder: Recorder
    notes: list[str] = field(default_factory=list)
    is_finished: bool = False


@contextmanager
def begun(simulation: Simulation, path: Path) -> Iterator[Recorder]:
    """A new journal for the run. Raises JournalError where the path is taken."""
    codec = Codec()
    journal = Journal.create(path, _header_of(simulation, codec), _now(), SYNCHRONOUS)
    with journal:
        yield Recorder(journal, codec, _snapshot_cycles(), place=simulation.layout.place)


@contextmanager
def resumed(path: Path) -> Iterator[Resumed]:
    """The run of that journal, where its newest sound snapshot is; the recorder sees to it that the
    cycles that are journalled come out as they were. Raises JournalError and changes nothing where
    the journal is held, of another version or floor, or cannot be read."""
    check_is_journal(path)
    lock = JournalLock(path, _now())
    try:
        simulation, sound, is_finished = _read_to_resume(path)
        notes = [f"Not sound in the journal: {fault}." for fault in sound.damage]
        if sound.damage:
            notes.append(f"The damaged journal is kept as {salvage(path, sound)}.")
        notes.append(_where_it_goes_on(sound))
        journal = Journal.open(path, program_version(), _now(), SYNCHRONOUS, lock)
    finally:
        pass
    with journal:
        codec = Codec()
        snapshot = sound.snapshot
        if snapshot is not None:
            journal.forget_after(snapshot.cycle)
        ahead = journal.records(sound.after, sound.anchor)
        n_events = snapshot.n_events if snapshot else 0
        recorder = Recorder(
            journal, codec, _snapshot_cycles(), ahead, n_events, simulation.layout.place
        )
        yield Resumed(simulation, recorder, notes, is_finished)
