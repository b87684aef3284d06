"""What the gateway must not forget of a vehicle that cannot tell it again."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """label: of what it carries, as it was told to lift; "" for nothing. is_paused: the gateway has
    made it pause, and has to make it go on again. node: name of the cell whose centre it reached
    last."""

    label: str = ""
    node: str = ""
    is_paused: bool = False


class Keeper:
    """A JSON file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.kept = _read(path)

    def keep(self, kept: Kept) -> None:
        """Another life of this process will find it; a change of the label is on disk when this
        returns."""
        if kept == self.kept:
            return
        is_lasting = kept.label != self.kept.label
        self.kept = kept
        new = self._path.with_name(self._path.name + ".new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(kept))
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        new.replace(self._path)


def _read(path: Path) -> Kept:
    """Nothing where there is no such file, or none that can be read: the vehicle's own word, and
    somebody who looks, have to do then."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, ValueError):
        return Kept()
