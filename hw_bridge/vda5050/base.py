"""What all VDA 5050 messages share: the header, and how they become JSON.

Source: VDA 5050 version 3.0.0, section 6.2 (header), with its JSON schemas. Names in JSON are those
of the specification; here they are the same in snake case. Fields that are not set are left out,
since a receiver may refuse optional fields that it does not support (section 7.1.1).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

VERSION = "3.0.0"
MANUFACTURER = "gridfleet"


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of a message. Fields that a sender has beyond ours are not looked at."""


class Message(Part, frozen=True, kw_only=True):
    """header_id: counts the messages of a topic, uint32. timestamp: UTC, ISO 8601 with
    milliseconds and Z; for people, never compared."""

    header_id: int
    timestamp: str
    version: str
    manufacturer: str
    serial_number: str


Kind = TypeVar("Kind", bound=Message)


def encode(message: Message) -> bytes:
    """JSON text; equal messages give equal bytes."""
    return msgspec.json.encode(message)
