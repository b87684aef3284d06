"""A device as the proxy knows it: its fates, its connection to the proxy, and the one that the
proxy made to the controller in its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import zmq
from zmq.utils.monitor import recv_monitor_message

from hw_bridge.chaos.counts import Counts
from hw_bridge.chaos.fate import PURPOSE, QUIET, Fates, Noise, Way
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES
from hw_bridge.wire.ports import Port

Context = zmq.Context[zmq.Socket[bytes]]
Frames = list[bytes]
Tap = Callable[[str, Way, Frames], None]
"""Serial, direction and frames of a message: topic, link header, payload."""
HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 500, 1500
RECONNECT_MS, RECONNECT_MOST_MS = 50, 200
HIGH_WATER = 1000


class Side(StrEnum):
    """Where a link is cut."""

    DEVICE = "device"
    CONTROLLER = "controller"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Pair:
    """A CURVE key pair, Z85."""

    public: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class ProxyKeys:
    """server: of the controller, which the proxy stands in for. devices: by serial."""

    server: Pair
    devices: Mapping[str, Pair]


@dataclass(frozen=True, slots=True)
class Flap:
    """A link that comes and goes. up_s, down_s: means of both, exponentially distributed."""

    up_s: float
    down_s: float


@dataclass(slots=True, eq=False)
class Proxied:
    """back: the socket to the controller, None while there is none. is_open: it is connected. port:
    the device's own connection to the proxy. cut: on that side, or not. silent: directions that
    swallow everything. is_down: the link comes and goes, and is gone, until `until_s`."""

    serial: str
    fates: tuple[Fates, Fates]
    rng: np.random.Generator
    counts: tuple[Counts, Counts] = field(default_factory=lambda: (Counts(), Counts()))
    back: zmq.Socket[bytes] | None = None
    monitor: zmq.Socket[bytes] | None = None
    is_open: bool = False
    port: Port | None = None
    noise: Noise = QUIET
    cut: Side | None = None
    silent: set[Way] = field(default_factory=set)
    flap: Flap | None = None
    is_down: bool = False
    until_s: float = 0.0

    @property
    def is_cut(self) -> bool:
        return self.is_down or self.cut is not None

    def is_cut_at(self, side: Side) -> bool:
        return self.is_down or self.cut in (side, Side.BOTH)

    def open_back(self, context: Context, keys: ProxyKeys, controller: str, name: str) -> None:
        """Begin to connect to the controller, as the device. name: of nothing else so far."""
        pair = keys.devices[self.serial]
        socket = context.socket(zmq.DEALER)
        socket.routing_id = self.serial.encode()
        socket.curve_serverkey = keys.server.public
        socket.curve_publickey, socket.curve_secretkey = pair.public, pair.secret
        socket.immediate = True
        socket.reconnect_ivl, socket.reconnect_ivl_max = RECONNECT_MS, RECONNECT_MOST_MS
        set_common(socket)
        events = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        self.monitor = socket.get_monitor_socket(events, f"inproc://back-{name}")
        socket.connect(controller)
        self.back = socket

    def close_back(self) -> None:
        self.is_open = False
        if self.back is not None and self.monitor is not None:
            self.back.disable_monitor()
            self.monitor.close(linger=0)
            self.back.close(linger=0)
        self.back = self.monitor = None

    def send_back(self, frames: Frames) -> bool:
        """To the controller; False where there is no connection, or it does not read."""
        if self.back is None or not self.is_open:
            return False
        try:
            self.back.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def look_at_back(self) -> bool:
        """Whether the connection to the controller broke since the last look."""
        has_broken = False
        while self.monitor is not None and self.monitor.poll(0):
            was_open = self.is_open
            event = recv_monitor_message(self.monitor)["event"]
            self.is_open = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            has_broken |= was_open and not self.is_open
        return has_broken

    def turn(self, now_s: float) -> bool:
        """Let a link that comes and goes do so when it is time; whether it did."""
        if self.flap is None or now_s < self.until_s:
            return False
        self.is_down = not self.is_down and self.until_s > 0.0
        mean_s = self.flap.down_s if self.is_down else self.flap.up_s
        self.until_s = now_s + float(self.rng.exponential(mean_s))
        return True


def new_proxied(seed: int, serial: str) -> Proxied:
    key = [seed, PURPOSE, *serial.encode()]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    return Proxied(serial, (Fates(seed, serial, Way.UP), Fates(seed, serial, Way.DOWN)), rng)


def set_common(socket: zmq.Socket[bytes]) -> None:
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = HIGH_WATER
    socket.maxmsgsize = MAX_MESSAGE_BYTES
    socket.heartbeat_ivl, socket.heartbeat_timeout = HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS
