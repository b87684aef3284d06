"""The truth of the floor on disk, so that a killed emulator goes on where everything stood.

    floor.json     of which floor and fleet it is
    floor.bin      units, pods and labels, twice: the older half is overwritten, then declared valid
    sessions.bin   what each unit's agent must not forget, changed in place number by number
    stations/      what each terminal must not forget
    lock           held by the emulator that works here

The files are mapped into memory: what was written is there when the process dies, though not
when the machine does. It is an emulated floor.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from layouts import GridfleetError
from twin.floor.state import UNIT

VERSION = 1
LABEL_BYTES = 64
_HEAD = np.dtype([("is_second", np.int64), ("n_saved", np.int64)])
_SESSION = np.dtype([("session", np.int64), ("epoch", np.int64), ("tombstone", np.int64)])


class SavedFloorError(GridfleetError, ValueError):
    """A folder that cannot be used; the text says what to do."""


class FloorId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which floor and fleet a folder is. layout: its name. cells: digest of all its cells and
    stations."""

    version: int = VERSION
    layout: str
    cells: str
    serials: tuple[str, ...]
    stations: tuple[str, ...]
    n_pods: int


def _half_of(n_units: int, n_pods: int) -> np.dtype[np.void]:
    """Everything at one moment. cells: the centre passed last and the one after it. pods: cell of
    each, -1 for one that is carried."""
    return np.dtype(
        [
            ("time_s", np.float64),
            ("units", UNIT, (n_units,)),
            ("cells", np.int32, (n_units, 2)),
            ("is_off", np.bool_, (n_units,)),
            ("charge", np.float64, (n_units,)),
            ("pods", np.int32, (n_pods,)),
            ("labels", f"S{LABEL_BYTES}", (n_pods,)),
        ],
        align=True,
    )


class SavedFloor:
    """The folder, made where it is not there yet. is_new: nothing has been saved in it.

    Raises SavedFloorError for a folder of another floor or fleet, or in use."""

    def __init__(self, folder: Path, floor: FloorId) -> None:
        self.folder = folder
        try:
            (folder / "stations").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise SavedFloorError(f"{folder}: cannot be written: {error.strerror}") from None
        try:
            self._take_lock()
            self._check(floor)
            n_units = len(floor.serials)
            half = _half_of(n_units, floor.n_pods)
            size = _HEAD.itemsize + 2 * half.itemsize
            self._floor_map = _mapped(folder / "floor.bin", size)
            # Nothing of no length can be mapped.
            size = max(n_units, 1) * _SESSION.itemsize
            self._session_map = _mapped(folder / "sessions.bin", size)
        except Exception:
            os.close(self._lock)
            raise
        self._head = np.frombuffer(self._floor_map, _HEAD, 1)
        self._halves = np.frombuffer(self._floor_map, half, 2, offset=_HEAD.itemsize)
        self.sessions = np.frombuffer(self._session_map, _SESSION, n_units)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SavedFloorError(
                f"{self.folder}: another emulator works here; end it, or name another folder"
            ) from None

    def _check(self, floor: FloorId) -> None:
        path = self.folder / "floor.json"
        if not path.exists():
            beside = path.with_suffix(".new")
            beside.write_bytes(msgspec.json.encode(floor))
            os.replace(beside, path)
            return
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=FloorId)
        except msgspec.MsgspecError as error:
            raise SavedFloorError(
                f"{path}: not the floor of an emulator: {error}; name another folder"
            ) from None
        if kept != floor:
            raise SavedFloorError(
                f"{self.folder}: keeps {_say_difference(kept, floor)}; name another folder, or "
                "delete this one to begin anew"
            )

    @property
    def is_new(self) -> bool:
        return bool(self._head["n_saved"][0] == 0)

    @property
    def latest(self) -> NDArray[np.void]:
        """What was saved last, as a record: valid until the next `save`."""
        record: NDArray[np.void] = self._halves[int(self._head["is_second"][0])]
        return record

    def begin(self) -> NDArray[np.void]:
        """The half to write to; `commit` makes it the latest."""
        record: NDArray[np.void] = self._halves[1 - int(self._head["is_second"][0])]
        return record

    def commit(self) -> None:
        """One number decides which half counts: nobody can see half of a change."""
        self._head["is_second"] = 1 - self._head["is_second"]
        self._head["n_saved"] += 1

    def station_path(self, name: str) -> Path:
        return self.folder / "stations" / f"{name}.json"

    def close(self) -> None:
        if self._lock < 0:
            return
        os.close(self._lock)
        self._lock = -1
        del self._head, self._halves, self.sessions

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


def _mapped(path: Path, size: int) -> mmap.mmap:
    with open(path, "a+b") as file:
        if file.seek(0, os.SEEK_END) < size:
            file.truncate(size)
        return mmap.mmap(file.fileno(), size)


def _say_difference(kept: FloorId, floor: FloorId) -> str:
    if (kept.layout, kept.cells) != (floor.layout, floor.cells):
        same = " as it was before it was changed" if kept.layout == floor.layout else ""
        return f"the floor {kept.layout!r}{same}, and this is {floor.layout!r}"
    if kept.serials != floor.serials:
        n_kept, n_now = len(kept.serials), len(floor.serials)
        if n_kept != n_now:
            return f"a floor of {n_kept} units, and these are {n_now}"
        pairs = zip(kept.serials, floor.serials, strict=True)
        first = next(f"{old} and not {new}" for old, new in pairs if old != new)
        return f"a floor with the unit {first}"
    if kept.n_pods != floor.n_pods:
        return f"a floor with {kept.n_pods} pods, and here are {floor.n_pods}"
    return "a floor of another version of this program, or with other stations"


class SavedSessions:
    """What the agent of one unit must not forget: implements hw_bridge.agent.memory.Memory."""

    def __init__(self, sessions: NDArray[np.void], unit: int) -> None:
        self._sessions, self._unit = sessions, unit

    def boot(self) -> int:
        self._sessions["session"][self._unit] += 1
        return int(self._sessions["session"][self._unit])

    def load(self) -> tuple[int, int]:
        epoch, tombstone = (self._sessions[name][self._unit] for name in ("epoch", "tombstone"))
        return int(epoch), int(tombstone)

    def save(self, epoch: int, tombstone: int) -> None:
        self._sessions["epoch"][self._unit] = epoch
        self._sessions["tombstone"][self._unit] = tombstone


def new_sessions(n_units: int) -> NDArray[np.void]:
    """Sessions of units that forget them when the process ends."""
    return np.zeros(n_units, dtype=_SESSION)


def saved_time_s(folder: Path) -> float:
    """Fleet's time of the floor kept in that folder, 0 where there is none yet."""
    try:
        kept = msgspec.json.decode((folder / "floor.json").read_bytes(), type=FloorId)
        data = (folder / "floor.bin").read_bytes()
    except (OSError, msgspec.MsgspecError):
        return 0.0  # what is wrong with it is told when it is opened
    half = _half_of(len(kept.serials), kept.n_pods)
    if len(data) < _HEAD.itemsize + 2 * half.itemsize:
        return 0.0
    head = np.frombuffer(data, _HEAD, 1)[0]
    return float(np.frombuffer(data, half, 2, offset=_HEAD.itemsize)["time_s"][head["is_second"]])
