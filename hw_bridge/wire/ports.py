"""The TCP connection below a message of ZeroMQ, and how to shut it from outside.

ZeroMQ tells the file descriptor of every connection that it accepts, and from which one a message
came (ZMQ_SRCFD), which is the only way to break the connection of one peer of a ROUTER.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass

import zmq


@dataclass(frozen=True, slots=True)
class Port:
    """fd: of the connection, in this process. peer: address of its other end, since descriptors are
    used again; no tuple for what is no TCP."""

    fd: int
    peer: tuple[str, int] | str

    @classmethod
    def of(cls, frame: zmq.Frame) -> Port | None:
        """None where the connection is gone already."""
        return cls.at(int(frame.get(zmq.SRCFD)))

    @classmethod
    def at(cls, fd: int) -> Port | None:
        """None where the connection is gone already."""
        try:
            with socket.socket(fileno=os.dup(fd)) as twin:
                return cls(fd, twin.getpeername()[:2])
        except OSError:
            return None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.peer[0]}:{self.peer[1]}" if isinstance(self.peer, tuple) else "local"


def shut_port(port: Port) -> None:
    """Shut both directions, if it is still the same connection; ZeroMQ then closes it."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(port.fd)) as twin:
        if twin.getpeername()[:2] == port.peer:
            twin.shutdown(socket.SHUT_RDWR)
