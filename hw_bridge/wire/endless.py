"""Messages that do not end.

libzmq limits the size of a part, and not their number: it keeps them until the last has come, so
that one device with a key could fill the memory. Nobody sees the parts meanwhile, but the system
counts the bytes of each connection (TCP_INFO of Linux; elsewhere nothing is noticed).
"""

from __future__ import annotations

import socket as sockets
import struct
import sys
from collections.abc import Iterable, Iterator

import zmq

_INFO_BYTES, _RECEIVED_AT = 256, 128
"""Where struct tcp_info has tcpi_bytes_received."""


class EndlessMessages:
    """most_bytes: so many may come on a connection between two looks without a whole message."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._spoke: set[object] = set()
        self._before: dict[int, int] = {}

    def note(self, frame: zmq.Frame) -> None:
        """A whole message has come, of which this is a part."""
        self._spoke.add(frame.get(zmq.SRCFD))

    def found(self, descriptors: Iterable[int]) -> Iterator[int]:
        """Of these connections, those on which too much has come since their last message."""
        before, self._before = self._before, {}
        spoke, self._spoke = self._spoke, set()
        for descriptor in descriptors:
            n_bytes = _received(descriptor)
            since = n_bytes if descriptor in spoke else before.get(descriptor, 0)
            self._before[descriptor] = since
            if n_bytes - since > self._most_bytes:
                yield descriptor


def _received(descriptor: int) -> int:
    """Bytes; 0 where the system does not tell, for what is no TCP, and for what is closed."""
    if sys.platform != "linux":
        return 0
    # With the kind named, nothing is looked up; it is another one where there is nothing to read.
    try:
        socket = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, fileno=descriptor)
    except OSError:  # it has been closed since it was listed
        return 0
    try:
        info = socket.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, _INFO_BYTES)
        return int(struct.unpack_from("Q", info, _RECEIVED_AT)[0])
    except (OSError, struct.error):
        return 0
    finally:
        socket.detach()  # it is libzmq's
