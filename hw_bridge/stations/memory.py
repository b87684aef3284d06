"""What a terminal must not forget: the lines it was given, and those finished or refused.

A terminal that is switched off and on again works on where it was. Without this, lines would be
done twice, or never be told.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from hw_bridge.stations.messages import Job, Refusal


class FinishedLine(msgspec.Struct, frozen=True, array_like=True):
    """number: counts the finished lines of the station, from 1. at_s: by the terminal's clock."""

    number: int
    job: int
    line: int
    at_s: float


class Given(msgspec.Struct, frozen=True, array_like=True):
    """epoch: in which a controller asked for the line last."""

    job: int
    line: int
    epoch: int


class TerminalRecord(msgspec.Struct, kw_only=True):
    """session: how often the terminal was switched on. n_jobs: number of the latest job taken in
    this epoch. open: lines still to be done, in order. given: all that is not noted down. finished:
    until a controller has noted it down. noted: (job, line) that the present controller may still
    ask for, since it did not know. refusals: those that no controller has noted, with at_s."""

    session: int = 0
    epoch: int = 0
    n_jobs: int = 0
    n_finished: int = 0
    n_noted: int = 0
    n_refusals: int = 0
    n_refusals_noted: int = 0
    open: list[Job] = []
    given: list[Given] = []
    noted: list[tuple[int, int]] = []
    finished: list[FinishedLine] = []
    refusals: list[tuple[Refusal, float]] = []


class TerminalMemory(Protocol):
    """Where the record is kept. What `save` was given is there after any power cut."""

    def load(self) -> TerminalRecord: ...

    def save(self, record: TerminalRecord) -> None: ...


class TransientMemory:
    """Kept as long as this object lives."""

    def __init__(self) -> None:
        self._data = msgspec.json.encode(TerminalRecord())

    def load(self) -> TerminalRecord:
        return msgspec.json.decode(self._data, type=TerminalRecord)

    def save(self, record: TerminalRecord) -> None:
        self._data = msgspec.json.encode(record)


class TerminalMemoryError(ValueError):
    """A file that holds no record; the text says which and what to do."""


class FileMemory:
    """A file that is replaced as a whole. is_durable: outlives a power cut, not only the process;
    costs some milliseconds a change."""

    def __init__(self, path: Path, *, is_durable: bool = True) -> None:
        self._path, self._is_durable = path, is_durable

    def load(self) -> TerminalRecord:
        """Raises TerminalMemoryError for a file that cannot be understood."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return TerminalRecord()
        try:
            return msgspec.json.decode(data, type=TerminalRecord)
        except msgspec.MsgspecError as error:
            raise TerminalMemoryError(
                f"{self._path} is no record of a terminal: {error}; if its lines are done or lost, "
                "delete the file"
            ) from None

    def save(self, record: TerminalRecord) -> None:
        beside = self._path.with_suffix(".new")
        with open(beside, "wb") as file:
            file.write(msgspec.json.encode(record))
            if self._is_durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, self._path)
