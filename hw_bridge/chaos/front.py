"""The proxy's end towards devices: a ROUTER with the controller's key, as they expect it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

from hw_bridge.chaos.gate import DOMAIN, Gate
from hw_bridge.chaos.proxied import Context, Frames, ProxyKeys, set_common
from hw_bridge.wire.ports import Port

MONITOR = "inproc://front-monitor"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message of a device. is_own: with the key of the serial that it names. port: the connection
    that it came by; None where that is gone."""

    serial: str
    frames: Frames
    is_own: bool
    port: Port | None


class Front:
    """endpoint: where it is. gate: who may connect. Raises zmq.ZMQError for an address that cannot
    be bound, and leaves the context to whoever made it."""

    def __init__(self, context: Context, address: str, keys: ProxyKeys) -> None:
        self._key_of = {serial: pair.public.decode() for serial, pair in keys.devices.items()}
        self.gate = Gate(context, {key: serial for serial, key in self._key_of.items()})
        self.socket = context.socket(zmq.ROUTER)
        self.socket.curve_server = True
        self.socket.curve_secretkey = keys.server.secret
        self.socket.zap_domain = DOMAIN
        self.socket.router_mandatory = True
        self.socket.router_handover = True
        set_common(self.socket)
        self.socket.bind(address)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.ports = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED, MONITOR)

    @property
    def sockets(self) -> tuple[zmq.Socket[bytes], ...]:
        """All that something can come in at."""
        return self.gate.socket, self.socket, self.ports

    def take(self) -> Iterator[Taken]:
        """Messages of devices that are known, without waiting."""
        while True:
            try:
                name, *frames = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            serial = name.bytes.decode(errors="replace")
            if serial in self._key_of and frames:
                is_own = frames[0].get("User-Id") == self._key_of[serial]
                port = Port.of(frames[0])
                yield Taken(serial, [frame.bytes for frame in frames], is_own, port)

    def send(self, serial: str, frames: Frames) -> bool:
        """False where the device is not there, or does not read."""
        try:
            self.socket.send_multipart([serial.encode(), *frames], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def gone(self) -> Iterator[int]:
        """Descriptors of connections that have ended."""
        while self.ports.poll(0):
            yield recv_monitor_message(self.ports)["value"]

    def close(self) -> None:
        self.socket.disable_monitor()
        for socket in (self.ports, self.socket, self.gate.socket):
            socket.close(linger=0)
