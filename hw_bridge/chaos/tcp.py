"""A proxy of bytes: trouble below ZeroMQ, for which nobody needs keys.

It stalls connections (as a frozen peer or a full buffer), swallows what is sent (half-open: the
other end never learns), cuts them with a reset, and refuses new ones. A connection that has lost
bytes is reset when the trouble ends, since nothing sensible can come out of it any more.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

MOST_BYTES = 256 * 1024
"""Waiting for one receiver; then nothing more is read from the sender."""
CHUNK_BYTES = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes close send a reset."""


class Flow(IntEnum):
    """Direction: in is from who connects to where the proxy leads."""

    IN = 0
    OUT = 1


@dataclass(slots=True)
class TcpCounts:
    """Connections accepted, reset and refused; bytes carried and swallowed."""

    accepted: int = 0
    reset: int = 0
    refused: int = 0
    carried: int = 0
    swallowed: int = 0


@dataclass(slots=True, eq=False)
class _Connection:
    """ends: who connected, and where it leads; what is read at one is written to the other.
    waiting: bytes to be written to each end."""

    ends: tuple[socket.socket, socket.socket]
    waiting: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    is_torn: bool = False


class TcpProxy:
    """Runs in one thread (hw_bridge.chaos.background). endpoint: where to connect to, tcp://...

    target: host and port where it leads. chunk_bytes: the most that is carried at once; a small
    number shows who relies on frames arriving in one piece.
    """

    def __init__(
        self, target: tuple[str, int], host: str = "127.0.0.1", port: int = 0,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:  # fmt: skip
        self._target, self._chunk = target, chunk_bytes
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server((host, port), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._connections: list[_Connection] = []
        self._is_stalled = self._refuses = False
        self._swallows: set[Flow] = set()
        self.counts = TcpCounts()
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self.endpoint = f"tcp://{self.address[0]}:{self.address[1]}"

    # The dials.

    def stall(self, is_stalled: bool) -> None:
        """Carry nothing; what is sent waits in the buffers, and comes when this ends."""
        self._is_stalled = is_stalled
        self._watch_all()

    def swallow(self, flows: Iterable[Flow]) -> None:
        """Take and drop what goes in these directions; none ends it, and resets connections that
        have lost something."""
        self._swallows = set(flows)
        for connection in [c for c in self._connections if c.is_torn and not self._swallows]:
            self._drop(connection, with_reset=True)

    def refuse(self, refuses: bool) -> None:
        """Reset whoever connects from now on."""
        self._refuses = refuses

    def cut(self) -> int:
        """Reset all connections; returns how many."""
        n_cut = len(self._connections)
        for connection in list(self._connections):
            self._drop(connection, with_reset=True)
        return n_cut

    @property
    def n_connections(self) -> int:
        return len(self._connections)

    # Running.

    def watch(self, fd: int) -> None:
        self._selector.register(fd, selectors.EVENT_READ, None)

    def step(self, timeout_s: float) -> None:
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, _Connection) and key.data in self._connections:
                self._serve(key.data, key.fileobj, events)

    def close(self) -> None:
        for connection in list(self._connections):
            self._drop(connection, with_reset=False)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._selector.close()

    # Inside.

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            near, _ = self._listener.accept()
            if self._refuses:
                self.counts.refused += 1
                _close(near, with_reset=True)
                return
            self._lead_on(near)

    def _lead_on(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, timeout=1.0)
        except OSError:
            self.counts.refused += 1
            _close(near, with_reset=True)
            return
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection((near, far))
        self._connections.append(connection)
        self.counts.accepted += 1
        self._watch(connection)

    def _serve(self, connection: _Connection, at: object, events: int) -> None:
        side = connection.ends.index(at)
        is_well = True
        if events & selectors.EVENT_READ:
            is_well = self._read(connection, Flow(side))
        if is_well and events & selectors.EVENT_WRITE:
            is_well = self._write(connection, side)
        if is_well:
            self._watch(connection)
        else:
            self._drop(connection, with_reset=False)

    def _read(self, connection: _Connection, flow: Flow) -> bool:
        """False where the other end is gone."""
        try:
            data = connection.ends[flow].recv(self._chunk)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        if flow in self._swallows:
            self.counts.swallowed += len(data)
            connection.is_torn = True
            return True
        connection.waiting[1 - flow].extend(data)
        return self._write(connection, 1 - flow)

    def _write(self, connection: _Connection, side: int) -> bool:
        waiting = connection.waiting[side]
        if not waiting:
            return True
        try:
            n_sent = connection.ends[side].send(waiting[: self._chunk])
        except BlockingIOError:
            return True
        except OSError:
            return False
        del waiting[:n_sent]
        self.counts.carried += n_sent
        return True

    def _watch_all(self) -> None:
        for connection in self._connections:
            self._watch(connection)

    def _watch(self, connection: _Connection) -> None:
        """Read where the other end can take more, write where something waits; neither while it
        is stalled."""
        for side, end in enumerate(connection.ends):
            events = 0
            if not self._is_stalled:
                if len(connection.waiting[1 - side]) < MOST_BYTES:
                    events |= selectors.EVENT_READ
                if connection.waiting[side]:
                    events |= selectors.EVENT_WRITE
            self._set_events(end, events, connection)

    def _set_events(self, end: socket.socket, events: int, connection: _Connection) -> None:
        is_known = end.fileno() in self._selector.get_map()
        if is_known and not events:
            self._selector.unregister(end)
        elif is_known:
            self._selector.modify(end, events, connection)
        elif events:
            self._selector.register(end, events, connection)

    def _drop(self, connection: _Connection, with_reset: bool) -> None:
        self._connections.remove(connection)
        self.counts.reset += with_reset
        for end in connection.ends:
            if end.fileno() in self._selector.get_map():
                self._selector.unregister(end)
            _close(end, with_reset)


def _close(end: socket.socket, with_reset: bool) -> None:
    if with_reset:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.close()
