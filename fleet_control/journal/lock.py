"""One writer per journal: a lock beside the file that names who holds it.

The lock is the operating system's and ends with the process, however that dies; the text in the
file is for people. Beside the file and not on it, because SQLite's own locks are lost when another
handle of the same file is closed.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fleet_control.journal.errors import HeldError, JournalError

TRIES = 20


class JournalLock:
    """Held from construction to `release`. since: when, in words for the others.

    Raises HeldError while somebody else holds it, JournalError where no lock can be written.
    """

    def __init__(self, journal: Path, since: str) -> None:
        self.path = journal.with_name(journal.name + ".lock")
        self._handle = self._locked(journal)
        os.truncate(self._handle, 0)
        os.write(self._handle, f"process {os.getpid()}, since {since}".encode())

    def _locked(self, journal: Path) -> int:
        for _ in range(TRIES):
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise JournalError(
                    f"{self.path}: the lock cannot be written: {error.strerror}; choose a folder "
                    "that can be written"
                ) from None
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(handle, 200).decode(errors="replace") or "a process that starts"
                os.close(handle)
                raise HeldError(
                    f"{journal} is held by another controller ({holder}); stop it first, or wait "
                    "until it has ended"
                ) from None
            if _is_same(handle, self.path):
                return handle
            os.close(handle)  # its last holder removed the file between the two calls
        raise JournalError(f"{self.path}: the lock cannot be had; remove the file and try again")

    def release(self) -> None:
        """Let others in. May be called again."""
        if self._handle >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def _is_same(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == os.stat(path).st_ino
    except FileNotFoundError:
        return False
