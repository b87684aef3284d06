"""The truth of a case on disk: what the emulator said of itself, message by message.

Each record is a little-endian length and a msgpack array: head, poses and loads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from gridfleet.emulator.truth import Truth, TruthHead

_LENGTH = struct.Struct("<I")


class _Record(msgspec.Struct, array_like=True):
    head: TruthHead
    poses: bytes
    carried: bytes


class TruthLog:
    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab")
        self._encode = msgspec.msgpack.Encoder().encode

    def note(self, truth: Truth) -> None:
        record = _Record(truth.head, truth.poses.tobytes(), truth.carried.tobytes())
        data = self._encode(record)
        self._file.write(_LENGTH.pack(len(data)) + data)

    def close(self) -> None:
        self._file.close()


def read_truth(path: Path) -> Iterator[Truth]:
    """All whole records of the file."""
    decode = msgspec.msgpack.Decoder(_Record).decode
    with path.open("rb") as file:
        while len(size := file.read(_LENGTH.size)) == _LENGTH.size:
            (length,) = _LENGTH.unpack(size)
            data = file.read(length)
            if len(data) < length:
                return
            record = decode(data)
            poses = np.frombuffer(record.poses, dtype=np.float32).reshape(-1, 3)
            yield Truth(record.head, poses, np.frombuffer(record.carried, dtype=np.int32))
