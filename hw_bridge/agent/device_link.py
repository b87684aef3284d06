"""A device's end of the link: one DEALER socket with CURVE, for drive units and terminals alike.

What libzmq does by default and must not here: it keeps messages for a controller that is not there,
and delivers them when they are no longer true (IMMEDIATE); it does not notice one that has frozen
(heartbeats); it keeps the process alive for messages that nobody takes (LINGER).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import zmq
from zmq.utils.monitor import parse_monitor_message

from hw_bridge.agent.options import Outgoing
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, FrameError, Link, Topic, pack_link, unpack_link
from hw_bridge.wire.keys import DeviceSecret, as_client

HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 500, 1500
RECONNECT_MS, RECONNECT_MAX_MS = 100, 5000
QUEUE = 32
"""Messages kept for a controller that is slow to read."""
_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)  # fmt: skip
_NAMES = {topic: str(topic).encode() for topic in Topic}
_TOPICS = {name: topic for topic, name in _NAMES.items()}


class Heard(NamedTuple):
    topic: Topic
    link: Link
    payload: bytes


class DeviceLink:
    """device: keys, or the serial alone where there is no encryption (loopback, tests).

    is_up: connected, as far as libzmq knows. n_refused: handshakes that the controller has refused;
    n_malformed: frames that are none of ours; n_dropped: messages that could not be sent.
    """

    def __init__(self, address: str, device: DeviceSecret | str) -> None:
        self.serial = device if isinstance(device, str) else device.serial
        self.is_up = False
        self.n_refused = self.n_malformed = self.n_dropped = 0
        self._has_come_up = False
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.DEALER)
        configure(self._socket, device)
        self._monitor = self._socket.get_monitor_socket(_EVENTS)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        try:
            self._socket.connect(address)
        except zmq.ZMQError as error:
            self.close()
            text = f"{address!r}: cannot connect there: {error.strerror}; such as tcp://HOST:7700"
            raise WireError(text) from None

    def wait(self, seconds: float) -> None:
        """Until something has come, or so long."""
        self._poller.poll(max(0, math.ceil(1000.0 * seconds)))

    def take(self) -> list[Heard]:
        """What has come, in order, without waiting."""
        self._watch()
        heard: list[Heard] = []
        while True:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return heard
            message = read_frames(frames)
            if message is None:
                self.n_malformed += 1
            else:
                heard.append(message)

    def has_come_up(self) -> bool:
        """Whether a connection has been made since this was asked last: then the controller has to
        be told everything again."""
        self._watch()
        has_come_up, self._has_come_up = self._has_come_up and self.is_up, False
        return has_come_up

    def send(self, message: Outgoing) -> bool:
        """False where it was dropped: the controller is not there, or does not read."""
        frames = frames_of(message)
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            self.n_dropped += 1
            return False
        return True

    def _watch(self) -> None:
        while True:
            try:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))["event"]
            except zmq.Again:
                return
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.is_up = self._has_come_up = True
            else:
                self.is_up = False
                self.n_refused += event != zmq.EVENT_DISCONNECTED

    def close(self, linger_s: float = 0.0) -> None:
        """linger_s: how long the last messages may take."""
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close(round(1000.0 * linger_s))
        self._context.term()


def configure(socket: zmq.Socket[bytes], device: DeviceSecret | str) -> None:
    """What a DEALER needs to be that device's, before it connects."""
    socket.routing_id = (device if isinstance(device, str) else device.serial).encode()
    if not isinstance(device, str):
        as_client(socket, device)
    socket.immediate = 1
    socket.linger = 0
    socket.sndhwm, socket.rcvhwm = QUEUE, 1000
    socket.maxmsgsize = 2 * MAX_MESSAGE_BYTES
    socket.heartbeat_ivl = HEARTBEAT_MS
    socket.heartbeat_timeout = socket.heartbeat_ttl = HEARTBEAT_TIMEOUT_MS
    socket.reconnect_ivl, socket.reconnect_ivl_max = RECONNECT_MS, RECONNECT_MAX_MS
    socket.ipv6 = 1


def frames_of(message: Outgoing) -> tuple[bytes, bytes, bytes]:
    return _NAMES[message.topic], pack_link(message.link), message.payload


def read_frames(frames: list[bytes]) -> Heard | None:
    """None for what is no message of ours."""
    topic = _TOPICS.get(frames[0]) if len(frames) == 3 else None
    if topic is None or len(frames[2]) > MAX_MESSAGE_BYTES:
        return None
    try:
        return Heard(topic, unpack_link(frames[1]), frames[2])
    except FrameError:
        return None
