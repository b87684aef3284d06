"""What a unit must not forget when it is switched off.

session: how often it was switched on. All that was sent to an earlier session is void, so a number
must never come again. epoch: greatest of a controller that it has heard of. tombstone: number of
the greatest order that it has given up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec


class LostMemoryError(RuntimeError):
    """The memory cannot be trusted; the text says what to do."""


class Memory(Protocol):
    def boot(self) -> int:
        """A new session begins; returns its number, from 1. It is on disk when this returns."""

    def load(self) -> tuple[int, int]:
        """Epoch and tombstone, 0 where there were none."""

    def save(self, epoch: int, tombstone: int) -> None:
        """They are on disk when this returns."""


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    session: int = 0
    epoch: int = 0
    tombstone: int = 0


class ShortMemory:
    """In memory, for tests: it lasts as long as this object."""

    def __init__(self) -> None:
        self._record = _Record()

    def boot(self) -> int:
        self._record.session += 1
        self._keep()
        return self._record.session

    def load(self) -> tuple[int, int]:
        return self._record.epoch, self._record.tombstone

    def save(self, epoch: int, tombstone: int) -> None:
        self._record.epoch, self._record.tombstone = epoch, tombstone
        self._keep()

    def _keep(self) -> None:
        """Nothing lasts."""


class FileMemory(ShortMemory):
    """A JSON file, replaced as a whole, so that a power cut leaves the old one or the new one."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            self._record = _read(path)

    def _keep(self) -> None:
        new = self._path.with_name(self._path.name + ".new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(self._record))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> _Record:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError) as error:
        raise LostMemoryError(
            f"{path}: {error}; a session number must never come twice: write "
            '{"session": N} into it, N greater than any that the controller has seen of this unit'
        ) from None
    if min(record.session, record.epoch, record.tombstone) < 0:
        raise LostMemoryError(
            f"{path}: a number is negative; see the controller's log for the last"
        )
    return record
