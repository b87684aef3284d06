"""A controller's socket and devices that connect to it, in one thread over loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from hw_bridge.transport import Received
from hw_bridge.wire.frames import Link, Topic, pack_link
from hw_bridge.wire.keys import DeviceSecret, KeyStore, Role, as_client
from hw_bridge.wire.refusals import Refused
from hw_bridge.wire.server import ServerOptions, ZmqTransport

LIMIT_S = 15.0
QUICK = ServerOptions(
    heartbeat_ms=100, timeout_ms=400, handshake_ms=300, look_s=0.02, quarantine_s=0.5
)


def make_store(folder: Path, units: int = 2, stations: tuple[str, ...] = ()) -> KeyStore:
    """Keys of U1, U2 and so on, of stations, and of the operator OP."""
    store = KeyStore.create(folder)
    for number in range(1, units + 1):
        store.add(f"U{number}", Role.UNIT)
    for name in stations:
        store.add(name, Role.STATION)
    store.add("OP", Role.OPERATOR)
    return store


class Door:
    """heard: all that was let in. store: the keys, None for none."""

    def __init__(self, store: KeyStore | None, options: ServerOptions, **more: Any) -> None:
        self.store = store
        self.server = ZmqTransport(["tcp://127.0.0.1:*"], store, options=options, **more)
        self.address = self.server.addresses[0]
        self.context = zmq.Context[zmq.Socket[bytes]]()
        self.heard: list[Received] = []
        self._devices: list[Any] = []
        self._poller = zmq.Poller()
        self.server.register(self._poller)

    def device(self, key: str | DeviceSecret | None, route: bytes = b"", **options: Any):
        """A DEALER as devices have; key: whose key it holds."""
        socket = self.context.socket(zmq.DEALER)
        self._devices.append(socket)
        if isinstance(key, str):
            assert self.store is not None
            key = self.store.secret_of(key)
        if key is not None:
            as_client(socket, key)
        settings = {"linger": 0, "immediate": 1, "reconnect_ivl": 20, "reconnect_ivl_max": 100,
                    "heartbeat_ivl": 100, "heartbeat_timeout": 400}  # fmt: skip
        for name, value in (settings | options).items():
            setattr(socket, name, value)
        if route:
            socket.routing_id = route
        socket.connect(self.address)
        return socket

    def pump(self, seconds: float = 0.0) -> None:
        self._poller.poll(1000.0 * seconds)
        self.heard += self.server.take()

    def until(self, is_so: Callable[[], Any]) -> None:
        end_s = time.monotonic() + LIMIT_S
        while not is_so():
            assert time.monotonic() < end_s, (self.heard, self.server.refusals, self.server.counts)
            self.pump(0.01)

    def say(
        self, socket: Any, topic: str = "state", payload: bytes = b"{}", frames: Any = None,
        **link: Any,
    ) -> None:  # fmt: skip
        """Once the socket is connected."""
        header = pack_link(Link(**{"session": 1, **link}))
        parts = frames if frames is not None else [topic.encode(), header, payload]

        def is_sent() -> bool:
            try:
                socket.send_multipart(parts, zmq.NOBLOCK)
            except zmq.Again:
                return False
            return True

        self.until(is_sent)

    def hear(self, serial: str, seq: int) -> Received:
        """That message of that device."""

        def found() -> list[Received]:
            return [m for m in self.heard if (m.serial, m.link.seq) == (serial, seq)]

        self.until(found)
        return found()[0]

    def refused(self, reason: Refused) -> int:
        return self.server.refusals.counts[reason]

    def greet(self, serial: str) -> bool:
        return self.server.send(serial, Topic.HELLO, Link(seq=1, epoch=7), b"")

    def gets(self, socket: Any) -> list[bytes]:
        """Next message to the device."""
        self.until(lambda: socket.poll(0))
        return socket.recv_multipart()

    def close(self) -> None:
        self.context.destroy(linger=0)
        self.server.close()


@contextmanager
def door(
    folder: Path, units: int = 2, options: ServerOptions = QUICK, stations: tuple[str, ...] = (),
    **more: Any,
) -> Iterator[Door]:  # fmt: skip
    opened = Door(make_store(folder / "keys", units, stations), options, **more)
    try:
        yield opened
    finally:
        opened.close()
