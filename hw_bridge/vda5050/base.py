"""What all VDA 5050 messages share: the header, and how they become JSON and come back.

Source: VDA 5050 version 3.0.0, section 6.2 (header), with its JSON schemas. Names in JSON are those
of the specification; here they are the same in snake case. Fields that are not set are left out,
since a receiver may refuse optional fields that it does not support (section 7.1.1). What is read
is checked as the schemas check it: types, required fields, enumerations, ranges. What they leave
open is in hw_bridge.vda5050.rules.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

VERSION = "3.0.0"
MANUFACTURER = "gridfleet"
_LONGEST_TEXT = 240
"""Of an error: it may quote what it complains of, and anybody may have sent that."""

Natural = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Percent = Annotated[float, Meta(ge=0.0, le=100.0)]
Angle = Annotated[float, Meta(ge=-3.14159265359, le=3.14159265359)]
"""rad, as in the schemas, which round pi up."""


class MessageError(ValueError):
    """Bytes that are no such message; the text says what is wrong and where in it."""


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


Kind = TypeVar("Kind", bound=msgspec.Struct)


def encode(message: Message) -> bytes:
    """JSON text; equal messages give equal bytes."""
    return msgspec.json.encode(message)


def decode(kind: type[Kind], payload: bytes | bytearray | memoryview | str) -> Kind:
    """The message of that kind. Raises MessageError, and nothing else, whatever the bytes are."""
    try:
        message: Kind = _decoder(kind).decode(payload)
    except (ValueError, RecursionError, OverflowError) as error:  # those of msgspec are ValueErrors
        raise MessageError(f"{kind.__name__}: {_brief(error)}") from None
    return message


@cache
def _decoder(kind: type[Kind]) -> msgspec.json.Decoder[Kind]:
    return msgspec.json.Decoder(kind)


def _brief(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def timestamp(unix_s: float) -> str:
    """Of the header, from seconds since 1970 UTC."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
