"""What stands around a message on the wire: [topic][link header][payload].

The payload is pure VDA 5050 JSON (or JSON of hw_bridge.stations for terminals): what the release
protocol needs beyond it is in the link header, since a unit has to refuse optional fields that it
does not know. On a ROUTER the routing id of the peer, its serial, comes first.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

PROTO = 1
MAX_MESSAGE_BYTES = 256 * 1024


class Topic(StrEnum):
    """VDA 5050 topics by their names, and ours."""

    ORDER = "order"
    INSTANT_ACTIONS = "instantActions"
    STATE = "state"
    CONNECTION = "connection"
    FACTSHEET = "factsheet"
    VISUALIZATION = "visualization"
    ZONE_SET = "zoneSet"
    RESPONSES = "responses"
    HELLO = "hello"
    """Heartbeat, both ways; no payload. A controller's says that nothing of earlier epochs
    counts."""
    JOB = "job"
    ACK = "ack"
    TERMINAL = "terminal"
    LINE = "line"
    REFUSAL = "refusal"
    """Of a station: a scan that was refused, or something else that went wrong there."""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The link header; numbers are those of fleet_control.link.messages.

    proto: version of this header. seq: counts what the sender sent to this peer, all topics, from 1
    with each session (device) or epoch (controller); a gap is a message lost. epoch: of the
    controller; from a device: the greatest it has heard of. session: of the device, to it: the one
    that the message is meant for; 0 where any.
    sent_ns: the sender's monotonic clock. echo_ns: sent_ns of the latest frame heard from the other
    end, plus what it has lain here: round trips are measured without comparing clocks.

    Of states only: tombstone: number of the greatest order given up. cleared: all steps before this
    one are over, counted from the order's first node (fleet_control.backend.Reports.cleared less
    `stand`). beyond: nodeId of the cell that the unit also covers while between two, or "".
    stands: it has given up its order and stands. base: last step it may still do, counted as
    `cleared`; -1 without an order.

    Of new orders only: anew: steps are counted anew from here, whatever the unit remembers; else
    its step numbers go on, and it takes the order only where it is at the step `stand` by its own
    count.
    """

    proto: int = PROTO
    seq: int = 0
    epoch: int = 0
    session: int = 0
    sent_ns: int = 0
    echo_ns: int = 0
    tombstone: int = 0
    cleared: int = 0
    base: int = -1
    beyond: str = ""
    stands: bool = False

    # Of orders that begin only.
    anew: bool = False


class FrameError(ValueError):
    """Bytes that are no frame; the text says why, without the bytes."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Link)


def pack_link(link: Link) -> bytes:
    return _encoder.encode(link)


def unpack_link(data: bytes | memoryview) -> Link:
    """Raises FrameError for what is no link header, or of another version."""
    try:
        link = _decoder.decode(data)
    except (ValueError, RecursionError) as error:  # text that is no UTF-8 is no MsgspecError
        raise FrameError(f"link header: {error}") from None
    if link.proto != PROTO:
        raise FrameError(f"link header of version {link.proto}, this is version {PROTO}")
    if min(link.seq, link.epoch, link.session, link.tombstone, link.cleared) < 0:
        raise FrameError("link header: a number is negative")
    if max(link.epoch, link.session, link.cleared, link.base) >= 1 << 31:
        raise FrameError("link header: a number is above 31 bits")
    if max(link.seq, link.tombstone, link.sent_ns, link.echo_ns) >= 1 << 63:
        raise FrameError("link header: a number is above 63 bits")
    return link
