"""The journal: inputs and decisions of a controller on disk, before anything is released.

docs/journal.md says what is in the file and what it guarantees.
"""

from fleet_control.journal.codec import Codec
from fleet_control.journal.errors import DamageError, DivergedError, HeldError, JournalError
from fleet_control.journal.header import Header
from fleet_control.journal.recorder import Recorder
from fleet_control.journal.records import Kind, Record, Snapshot
from fleet_control.journal.recovery import Recovered, newest_sound, recover
from fleet_control.journal.replay import Outcome, replay
from fleet_control.journal.store import Journal

__all__ = [
    "Codec",
    "DamageError",
    "DivergedError",
    "Header",
    "HeldError",
    "Journal",
    "JournalError",
    "Kind",
    "Outcome",
    "Record",
    "Recorder",
    "Recovered",
    "Snapshot",
    "newest_sound",
    "recover",
    "replay",
]
