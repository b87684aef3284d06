"""One socket for each device of an emulator, as real devices have, many in one process.

zmq.Poller asks every socket each time; a thousand of them would cost more than their messages. Here
epoll watches the descriptors that libzmq gives out. Such a descriptor says that something may have
changed, once: whoever is woken by it, or sends, has to look until nothing is left.

Every frame is counted, both ways: in a test both ends wait for each other by these numbers.
"""

from __future__ import annotations

import resource
import select
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import zmq

from hw_bridge.agent.device_link import configure, frames_of, read_frames
from hw_bridge.agent.options import Outgoing
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.keys import DeviceSecret
from layouts import GridfleetError

RECONNECT_MAX_MS = 1000
"""Longest pause between two attempts to connect: a controller that is back finds its units soon."""
CONNECT_AT_ONCE = 50
"""Sockets that connect in one turn: handshakes take the controller's time too."""
FILES_A_SOCKET = 3


class SocketError(GridfleetError, ValueError):
    """An address or a number of sockets that cannot be; the text says what to change."""


class Arrived(NamedTuple):
    device: int
    topic: Topic
    link: Link
    payload: bytes


class DeviceSockets:
    """devices: keys of all, or serials where there is no encryption.

    is_up: bool[n_devices], connected as far as libzmq knows. n_sent, n_taken: int64[n_devices],
    frames so far. n_dropped: not sent, since the controller was not there or did not read.
    n_malformed: frames that are none of ours.
    """

    def __init__(self, address: str, devices: Sequence[DeviceSecret | str]) -> None:
        n = len(devices)
        _allow_files(n * FILES_A_SOCKET + 256)
        self.address, self._devices = address, list(devices)
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._context.set(zmq.MAX_SOCKETS, min(n + 64, self._context.get(zmq.SOCKET_LIMIT)))
        self._sockets: list[zmq.Socket[bytes] | None] = [None] * n
        self._epoll = select.epoll()
        self._device_of: dict[int, int] = {}
        self._to_open = list(range(n))
        self._woken: set[int] = set()
        self._arrived: list[Arrived] = []
        self.is_up = np.zeros(n, dtype=bool)
        self._came_up: list[int] = []
        self.n_sent, self.n_taken = (np.zeros(n, dtype=np.int64) for _ in range(2))
        self.n_dropped = self.n_malformed = 0

    def __len__(self) -> int:
        return len(self._devices)

    def open_some(self) -> bool:
        """Let the next few devices connect; False where all have begun to."""
        batch, self._to_open = self._to_open[:CONNECT_AT_ONCE], self._to_open[CONNECT_AT_ONCE:]
        for device in batch:
            self._open(device)
        return bool(self._to_open)

    def _open(self, device: int) -> None:
        socket = self._context.socket(zmq.DEALER)
        try:
            configure(socket, self._devices[device])
            socket.reconnect_ivl_max = RECONNECT_MAX_MS
            socket.connect(self.address)
        except zmq.ZMQError as error:
            socket.close()
            raise SocketError(
                f"{self.address!r}: cannot connect there: {error.strerror}; such as "
                "tcp://127.0.0.1:5555"
            ) from None
        self._sockets[device] = socket
        handle = _handle_of(socket)
        self._device_of[handle] = device
        self._epoll.register(handle, select.EPOLLIN)
        self._woken.add(device)

    def set_off(self, device: int, is_off: bool) -> None:
        """The device is switched off, and its connection ends; or on, and it connects again."""
        if not is_off and self._sockets[device] is None and device not in self._to_open:
            self._to_open.append(device)
        elif is_off:
            self._close_one(device)
            if device in self._to_open:
                self._to_open.remove(device)

    def _close_one(self, device: int) -> None:
        socket = self._sockets[device]
        if socket is None:
            return
        handle = _handle_of(socket)
        self._epoll.unregister(handle)
        del self._device_of[handle]
        socket.close()
        self._sockets[device] = None
        self._woken.discard(device)
        self.is_up[device] = False

    def wait(self, seconds: float) -> None:
        """Until something may have come in, or so long."""
        if self._woken:
            seconds = 0.0
        for handle, _ in self._epoll.poll(max(0.0, seconds), len(self._devices) + 1):
            self._woken.add(self._device_of[handle])

    def collect(self) -> None:
        """Keep what has come in for the next `take`."""
        self.wait(0.0)
        woken, self._woken = sorted(self._woken), set()
        for device in woken:
            self._drain(device)

    def take(self) -> list[Arrived]:
        """What has come in, in the order of the devices, without waiting."""
        self.collect()
        arrived, self._arrived = self._arrived, []
        arrived.sort(key=_device_of)
        return arrived

    def take_connected(self) -> list[int]:
        """Devices that have reached the controller since the last call."""
        came_up, self._came_up = sorted(self._came_up), []
        return came_up

    def _drain(self, device: int) -> None:
        socket = self._sockets[device]
        if socket is None:
            return
        while (events := _events_of(socket)) & zmq.POLLIN:
            frames = socket.recv_multipart(zmq.NOBLOCK)
            self.n_taken[device] += 1
            message = read_frames(frames)
            if message is None:
                self.n_malformed += 1
            else:
                self._arrived.append(Arrived(device, *message))
        is_up = bool(events & zmq.POLLOUT)
        if is_up and not self.is_up[device]:
            self._came_up.append(device)
        self.is_up[device] = is_up

    def send(self, device: int, message: Outgoing) -> bool:
        """False where it was dropped: the controller is not there, or does not read."""
        socket = self._sockets[device]
        if socket is None:
            self.n_dropped += 1
            return False
        self._woken.add(device)  # sending may take note of what has come in
        try:
            socket.send_multipart(frames_of(message), zmq.NOBLOCK)
        except zmq.Again:
            self.n_dropped += 1
            return False
        self.n_sent[device] += 1
        return True

    def close(self, linger_s: float = 0.0) -> None:
        """linger_s: how long messages on their way may take."""
        for device, socket in enumerate(self._sockets):
            if socket is not None:
                socket.linger = round(1000.0 * linger_s)
                self._close_one(device)
        self._to_open.clear()
        if not self._epoll.closed:
            self._epoll.close()
            self._context.term()


def _device_of(message: Arrived) -> int:
    return message.device


def _events_of(socket: zmq.Socket[bytes]) -> int:
    events = socket.getsockopt(zmq.EVENTS)
    assert isinstance(events, int)
    return events


def _handle_of(socket: zmq.Socket[bytes]) -> int:
    handle = socket.getsockopt(zmq.FD)
    assert isinstance(handle, int)
    return handle


def _allow_files(n_files: int) -> None:
    """Raises SocketError where the system does not let this process have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= n_files:
        return
    if hard != resource.RLIM_INFINITY and hard < n_files:
        raise SocketError(
            f"this many devices need {n_files} open files and the system allows {hard}; raise the "
            "limit (ulimit -n), or run several emulators"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (n_files, hard))
