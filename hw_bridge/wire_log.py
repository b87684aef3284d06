"""A log of all messages between a controller and its devices: one line of JSON per message.

The lines stand in the order in which the controller's end had the messages. The first line of each
run says what the file is. A file whose name ends with .gz is compressed. The last line of a run may
be cut off where it was killed; a reader has to expect that.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, cast

import msgspec

from hw_bridge.wire.frames import Link

FORMAT = "gridfleet wire log"
FORMAT_VERSION = 1
FLUSH_S = 1.0
"""So much of a run may be missing when it is killed."""
_LONGEST_BAD = 4096


class WireLogError(ValueError):
    """A file that is no wire log; the text says why."""


class Way(StrEnum):
    DOWN = "down"
    """From the controller to a device."""
    UP = "up"


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line of each run."""

    log: str
    version: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message. at_s: time of the fleet. payload: its JSON, null for none. bad: instead of it, the
    beginning of bytes that are no JSON, one character per byte."""

    at_s: float
    way: Way
    serial: str
    topic: str
    link: Link
    payload: msgspec.Raw = msgspec.Raw(b"null")
    bad: str = ""


class WireLog:
    """Writes the log; what is in the file already stays.

    path: of the file. A compressed one cannot be gone on with where its writer was killed: there is
    one for each run then, shift.jsonl.gz, shift.2.jsonl.gz, and so on."""

    def __init__(self, path: Path) -> None:
        is_packed = path.suffix == ".gz"
        self.path = _unused(path) if is_packed else path
        opened = gzip.open if is_packed else open
        is_cut = not is_packed and _is_cut(path)
        self._file = cast("IO[bytes]", opened(self.path, "ab"))
        if is_cut:
            self._file.write(b"\n")
        self._encoder = msgspec.json.Encoder()
        self._flushed_s = 0.0
        self._write(Head(log=FORMAT, version=FORMAT_VERSION))
        self._file.flush()

    def note(
        self, at_s: float, way: Way, serial: str, topic: str, link: Link, payload: bytes
    ) -> None:
        """Log a message. What a device has sent may be any bytes."""
        body, bad = _embedded(payload)
        self._write(
            Entry(
                at_s=round(at_s, 6), way=way, serial=serial, topic=str(topic), link=link,
                payload=body, bad=bad,
            )
        )  # fmt: skip
        if not 0.0 <= at_s - self._flushed_s < FLUSH_S:
            self._flushed_s = at_s
            self._file.flush()

    def _write(self, line: Head | Entry) -> None:
        self._file.write(self._encoder.encode(line) + b"\n")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> WireLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _unused(path: Path) -> Path:
    """The path, or the next one like it that is not there yet."""
    found, number = path, 1
    stem, *endings = path.name.split(".")
    while found.exists():
        number += 1
        found = path.with_name(".".join([stem, str(number), *endings]))
    return found


def _is_cut(path: Path) -> bool:
    """Whether the last line is not whole."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _embedded(payload: bytes) -> tuple[msgspec.Raw, str]:
    """The payload on one line, or why it cannot stand in a line."""
    if not payload:
        return msgspec.Raw(b"null"), ""
    try:
        line = msgspec.json.format(payload, indent=-1)
        line.decode()
    except (ValueError, RecursionError):
        return msgspec.Raw(b"null"), payload[:_LONGEST_BAD].decode("latin-1")
    return msgspec.Raw(line), ""


def read(path: Path) -> Iterator[tuple[int, Head | Entry | str]]:
    """Number and content of each line, beginning with a head; a str says why a line is none.

    Raises WireLogError where the file is no wire log, OSError where it cannot be read."""
    entries, heads = msgspec.json.Decoder(Entry), msgspec.json.Decoder(Head)
    for number, line in enumerate(_lines(path), start=1):
        if number == 1 or line.startswith(b'{"log":'):
            yield number, _head(path, number, line, heads)
            continue
        try:
            yield number, entries.decode(line)
        except (ValueError, RecursionError) as error:
            yield number, ("cut off" if not line.endswith(b"\n") else f"no entry: {error}")
    if not path.stat().st_size:
        raise WireLogError(f"{path}: is empty")


def _head(path: Path, number: int, line: bytes, heads: msgspec.json.Decoder[Head]) -> Head | str:
    try:
        head = heads.decode(line)
    except (ValueError, RecursionError):
        head = None
    if head is not None and head.log == FORMAT and head.version == FORMAT_VERSION:
        return head
    if number > 1:
        return "cut off" if not line.endswith(b"\n") else "no head of a run"
    if head is not None and head.log == FORMAT:
        raise WireLogError(
            f"{path}: a wire log of version {head.version}; this is version {FORMAT_VERSION}"
        )
    raise WireLogError(f"{path}: no wire log: line 1 is not the head of one (serve --wire-log)")


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of the file; what is missing behind the last whole one is left out in silence, as
    compressed files end in the midst of a block when their writer is killed."""
    if path.suffix != ".gz":
        with path.open("rb") as file:
            yield from file
        return
    with gzip.open(path, "rb") as packed:
        try:
            yield from packed
        except EOFError:
            return
        except (gzip.BadGzipFile, zlib.error) as error:
            raise WireLogError(f"{path}: is damaged: {error}") from None
