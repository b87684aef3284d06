"""What the journal holds, row by row, and the checksums that tie the rows together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

FIRST_ANCHOR = bytes(8)
"""Stands for the checksum before the first record."""


class Kind(IntEnum):
    """What a record is."""

    CONNECT = 0
    """FleetState at the first connect or a later one."""
    INPUT = 1
    """[Reports, operations] of a control cycle."""
    DECISION = 2
    """Commands of the cycle: stored with its input, before they are sent."""
    FINISHED = 3
    """The run came to its planned end."""


@dataclass(frozen=True, slots=True)
class Record:
    """number: from 1 without gaps. cycle: control cycle, from 0. checksum: of the chain."""

    number: int
    kind: Kind
    cycle: int
    data: bytes
    checksum: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state between two cycles, when all of `cycle - 1` has been sent and `cycle` not begun.

    number, anchor: of the last record before it, and its checksum. n_events: rows of the event log
    by then. mind: the controller's state; world: the simulated world's, empty where there is none.
    """

    cycle: int
    number: int
    anchor: bytes
    n_events: int
    mind: bytes
    world: bytes = b""


def chained(anchor: bytes, number: int, kind: int, cycle: int, stored: bytes) -> bytes:
    """Checksum of a record, given that of the record before it."""
    digest = blake2b(anchor, digest_size=8)
    digest.update(b"%d %d %d " % (number, kind, cycle))
    digest.update(stored)
    return digest.digest()


def checksum_of(*parts: object) -> bytes:
    """Checksum of a row of numbers, texts and bytes."""
    digest = blake2b(digest_size=8)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.digest()
