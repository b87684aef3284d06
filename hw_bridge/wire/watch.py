"""What becomes of connections, as libzmq tells it on a monitor socket.

It names connections by their descriptors, so where one comes from is looked up as it is accepted.
An address that is gone by then stays unknown: "?".
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import zmq
from zmq.utils.monitor import parse_monitor_message

from hw_bridge.wire.ports import Port

_EVENTS = (
    zmq.EVENT_ACCEPTED | zmq.EVENT_ACCEPT_FAILED | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)  # fmt: skip
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED)
"""What libzmq finds when it reads from a peer that has closed its end."""


class Fate(IntEnum):
    """Of a connection."""

    CONNECTED = 0
    FAILED = 1
    """Its handshake has: it speaks no CURVE, or not with this server's key."""
    CLOSED = 2
    NOT_ACCEPTED = 3
    """The system would not: most likely there are too many open files."""
    LATE = 4
    """Its handshake was not over in time; so it goes for those that are told nothing, too."""
    GAVE_UP = 5
    """It went in the middle of its handshake: a probe of the port, or a client that has found out
    that this server wants CURVE: which of the two ends closes first is a matter of luck."""


@dataclass(frozen=True, slots=True)
class Connection:
    fate: Fate
    peer: str


class Watch:
    """The monitor of a bound socket. ports: of those connected, by descriptor; None for those
    that were gone before anybody looked."""

    def __init__(self, watched: zmq.Socket[bytes]) -> None:
        self._watched = watched
        self.socket = watched.get_monitor_socket(_EVENTS)
        self.ports: dict[int, Port | None] = {}
        self._ends_as = Fate.CLOSED

    def news(self) -> Iterator[Connection]:
        """What has become of connections since the last time."""
        while True:
            try:
                event = parse_monitor_message(self.socket.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            what, value = event["event"], event["value"]
            if what == zmq.EVENT_ACCEPTED:
                self.ports[value] = Port.at(value)
            elif what == zmq.EVENT_ACCEPT_FAILED:
                yield Connection(Fate.NOT_ACCEPTED, os.strerror(value))
            elif what == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                yield Connection(Fate.CONNECTED, "")
            elif what == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                self._ends_as = Fate.FAILED  # the next thing told is that it is closed
            elif what == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                self._ends_as = Fate.GAVE_UP if value in _GONE else Fate.LATE
            elif what == zmq.EVENT_DISCONNECTED:
                fate, self._ends_as = self._ends_as, Fate.CLOSED
                port = self.ports.pop(value, None)
                yield Connection(fate, port.name if port is not None else "?")

    def close(self) -> None:
        self._watched.disable_monitor()
        self.socket.close()
