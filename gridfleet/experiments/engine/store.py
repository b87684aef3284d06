"""Finished jobs as files, so that a command that is given again goes on where it was stopped.

Each result is a file of its own, named by its key and a hash of all that it depends on: the bytes
of the job and the program. So a changed scenario, or a changed program, finds nothing to reuse. A
file appears as a whole, and carries a hash of its content: one that is torn is as if it were not
there.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gridfleet.experiments.engine.program import program as running_program
from layouts import GridfleetError

SUFFIX = ".result"
_HEAD = b"gridfleet result 1\n"
_HASH_BYTES = 32
_NAME = re.compile(r"(?P<key>.+)\.(?P<hash>[0-9a-f]{16})" + re.escape(SUFFIX))
_LONGEST_KEY = 100


class StoreError(GridfleetError, OSError):
    """A folder that results cannot be kept in; the text names the cure."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished job as the folder has it. key: as the file's name has it. n_bytes: its result."""

    key: str
    path: Path
    n_bytes: int


class Store:
    """A folder of results. program: what they depend on beside their jobs; by default the code of
    gridfleet with its libraries. Raises StoreError where the folder cannot be written."""

    def __init__(self, folder: Path, program: str | None = None) -> None:
        self.folder = folder
        self._program = str(running_program()) if program is None else program
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot(folder, error) from None
        if not os.access(folder, os.W_OK):
            raise StoreError(f"{folder} cannot be written; choose another folder with --out")

    def get(self, key: str, job: bytes) -> bytes | None:
        """The result that is kept of this job; None where there is none, or a torn one."""
        return _read(self._path(key, job))

    def put(self, key: str, job: bytes, result: bytes) -> None:
        """Keep the result. Raises StoreError where there is no room."""
        path = self._path(key, job)
        try:
            handle, part = tempfile.mkstemp(prefix=".part-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_HEAD + hashlib.sha256(result).digest() + result)
                os.replace(part, path)
            except BaseException:
                os.unlink(part)
                raise
        except OSError as error:
            raise _cannot(self.folder, error) from None

    def kept(self) -> list[Kept]:
        """All whole results in the folder, of whatever scenario and program, by name."""
        found = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            named, result = _NAME.fullmatch(path.name), _read(path)
            if named is not None and result is not None:
                found.append(Kept(named["key"], path, len(result)))
        return found

    def strangers(self) -> list[Path]:
        """Files in the folder that are no whole results: torn, or of somebody else."""
        whole = {kept.path for kept in self.kept()}
        return [path for path in sorted(self.folder.iterdir()) if path not in whole]

    def _path(self, key: str, job: bytes) -> Path:
        digest = hashlib.sha256(self._program.encode() + b"\n" + job).hexdigest()[:16]
        readable = re.sub(r"[^A-Za-z0-9._+-]+", "_", key).strip(".")[:_LONGEST_KEY] or "job"
        return self.folder / f"{readable}.{digest}{SUFFIX}"


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    begin = len(_HEAD) + _HASH_BYTES
    if (
        not data.startswith(_HEAD)
        or hashlib.sha256(data[begin:]).digest() != data[len(_HEAD) : begin]
    ):
        return None
    return data[begin:]


def _cannot(folder: Path, error: OSError) -> StoreError:
    what = error.strerror or str(error)
    return StoreError(
        f"{folder}: results cannot be kept: {what}; make room or choose another folder with --out"
    )
