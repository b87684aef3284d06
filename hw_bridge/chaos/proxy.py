"""A proxy between devices and controller that loses, doubles, delays and cuts real connections.

Inside CURVE nobody can drop a frame unnoticed (its nonces count), so the proxy holds the keys: to
devices it is the controller (ROUTER with the server's key), to the controller it is each of the
devices (a DEALER with the device's key). What it carries it does not read.

Left alone, it is like a wire: a device is connected to the controller or not at all. A connection
that breaks on one side is broken on the other.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import zmq

from hw_bridge.chaos.counts import Counts
from hw_bridge.chaos.fate import Noise, Way
from hw_bridge.chaos.front import Front
from hw_bridge.chaos.proxied import Flap, Frames, Proxied, ProxyKeys, Side, Tap, new_proxied
from hw_bridge.wire.ports import shut_port

HOLD_S = 1.0
"""Messages of a device whose connection to the controller is being made wait so long, in real
seconds; then its own connection is shut, as that of a device that cannot reach the controller."""
AGAIN_S = 0.01
"""Until the next try for those that wait, in real seconds."""
SOCKETS_EACH = 4
"""Of a device: its socket and those that watch it."""


@dataclass(slots=True, order=True)
class _Copy:
    """A copy of a message on its way. give_up_s: 0 until it first finds nobody."""

    due_s: float
    number: int
    device: Proxied = field(compare=False)
    way: Way = field(compare=False)
    frames: Frames = field(compare=False)
    give_up_s: float = field(compare=False, default=0.0)


class ChaosProxy:
    """Runs in one thread (hw_bridge.chaos.background). Serials None: all devices.

    front: where devices connect, tcp://HOST:PORT or tcp://HOST:* for a free port; `endpoint` is
    where it is. controller: where the controller is. speed: how many times faster than real time
    the fleet lives; all seconds here are the fleet's. tap: is shown every message that comes in,
    whatever becomes of it.
    """

    def __init__(
        self, front: str, controller: str, keys: ProxyKeys, seed: int = 0, speed: float = 1.0,
        tap: Tap | None = None,
    ) -> None:  # fmt: skip
        self._keys, self._controller, self._speed = keys, controller, speed
        self._tap = tap
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._context.set(zmq.MAX_SOCKETS, 64 + SOCKETS_EACH * len(keys.devices))
        self._devices = {serial: new_proxied(seed, serial) for serial in keys.devices}
        self._whose: dict[zmq.Socket[bytes], Proxied] = {}
        self._on_the_way: list[_Copy] = []
        self._numbers = itertools.count()
        self._poller = zmq.Poller()
        try:
            self._front = Front(self._context, front, keys)
        except zmq.ZMQError:
            self._context.destroy(linger=0)
            raise
        for socket in self._front.sockets:
            self._poller.register(socket, zmq.POLLIN)
        self.endpoint = self._front.endpoint

    # The dials.

    def set_noise(self, noise: Noise, serials: Iterable[str] | None = None) -> None:
        for device in self._some(serials):
            device.noise = noise

    def cut(self, serials: Iterable[str] | None = None, side: Side = Side.BOTH) -> None:
        """Break connections and refuse new ones, on the side of the device, on that of the
        controller, or on both. What comes in on the other side is lost."""
        for device in self._some(serials):
            device.cut = side
            self._apply_cut(device)

    def mend(self, serials: Iterable[str] | None = None) -> None:
        """End cuts, silences and coming and going; connections are made again by who lost them."""
        for device in self._some(serials):
            device.cut, device.flap, device.is_down = None, None, False
            device.silent.clear()
            self._apply_cut(device)

    def silence(self, ways: Iterable[Way], serials: Iterable[str] | None = None) -> None:
        """Swallow everything in these directions, with the connections up: half-open links."""
        for device in self._some(serials):
            device.silent = set(ways)

    def set_flapping(self, flap: Flap, serials: Iterable[str] | None = None) -> None:
        for device in self._some(serials):
            device.flap, device.is_down, device.until_s = flap, False, 0.0

    def drop_connections(self, serials: Iterable[str] | None = None) -> int:
        """Shut the devices' connections once; they may come back at once. Returns how many."""
        shut = [device for device in self._some(serials) if device.port is not None]
        for device in shut:
            self._shut(device)
        return len(shut)

    # What it says of itself.

    def counts(self, serial: str, way: Way) -> Counts:
        return self._devices[serial].counts[way]

    def totals(self) -> dict[str, Counts]:
        """Sums over devices, by direction."""
        sums = {way.name.lower(): Counts() for way in Way}
        for device in self._devices.values():
            for way in Way:
                sums[way.name.lower()].add(device.counts[way])
        return sums

    def connected(self) -> list[str]:
        """Serials with a connection on both sides."""
        return [s for s, device in self._devices.items() if device.is_open and device.port]

    @property
    def n_refused(self) -> int:
        """Connections with a key that is none of the devices'."""
        return self._front.gate.n_refused

    # Running.

    def watch(self, fd: int) -> None:
        self._poller.register(fd, zmq.POLLIN)

    def step(self, timeout_s: float) -> None:
        """Wait for messages, or for one on its way to be due, and carry."""
        now_s = self._now_s()
        wait_s = min(timeout_s, max(0.0, (self._next_s() - now_s) / self._speed))
        ready = self._poller.poll(math.ceil(wait_s * 1000))
        for socket, _ in ready:
            self._serve(socket)
        now_s = self._now_s()
        self._turn_flapping(now_s)
        self._deliver(now_s)

    def close(self) -> None:
        for device in self._devices.values():
            self._close_back(device)
        self._front.close()
        self._context.destroy(linger=0)

    # Inside.

    def _serve(self, socket: zmq.Socket[bytes] | int) -> None:
        front = self._front
        if socket is front.gate.socket:
            for serial in front.gate.answer():
                self._open_back(self._devices[serial])
        elif socket is front.socket:
            self._take_front()
        elif socket is front.ports:
            self._note_gone()
        elif isinstance(socket, zmq.Socket) and socket in self._whose:
            self._serve_back(socket, self._whose[socket])

    def _take_front(self) -> None:
        for taken in self._front.take():
            device = self._devices[taken.serial]
            if taken.is_own:
                device.port = taken.port
                self._open_back(device)
            self._take(device, Way.UP, taken.frames, taken.is_own)

    def _serve_back(self, socket: zmq.Socket[bytes], device: Proxied) -> None:
        if socket is device.monitor:
            if device.look_at_back():
                self._shut(device)
            return
        while device.back is socket:
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._take(device, Way.DOWN, frames)

    def _take(self, device: Proxied, way: Way, frames: Frames, is_own: bool = True) -> None:
        """Decide what becomes of a message that has come in."""
        counts, now_s = device.counts[way], self._now_s()
        copies_s = device.fates[way].next(device.noise)
        counts.taken += 1
        if self._tap is not None and is_own:
            self._tap(device.serial, way, frames)
        counts.doubled += max(0, len(copies_s) - 1)
        if not copies_s:
            counts.lost += 1
        for late_s in copies_s:
            if not is_own:
                counts.forged += 1
            elif device.is_cut:
                counts.cut += 1
            elif way in device.silent:
                counts.swallowed += 1
            else:
                counts.late += late_s > 0.0
                copy = _Copy(now_s + late_s, next(self._numbers), device, way, frames)
                heapq.heappush(self._on_the_way, copy)

    def _deliver(self, now_s: float) -> None:
        again = []
        while self._on_the_way and self._on_the_way[0].due_s <= now_s:
            copy = heapq.heappop(self._on_the_way)
            if self._pass_on(copy):
                copy.device.counts[copy.way].passed += 1
            elif self._may_wait(copy, now_s):
                again.append(copy)
            else:
                copy.device.counts[copy.way].unreachable += 1
        for copy in again:
            heapq.heappush(self._on_the_way, copy)

    def _pass_on(self, copy: _Copy) -> bool:
        device = copy.device
        if copy.way is Way.DOWN:
            return self._front.send(device.serial, copy.frames)
        return device.send_back(copy.frames)

    def _may_wait(self, copy: _Copy, now_s: float) -> bool:
        """Whether a message waits for the controller's side to be connected. One that has waited
        too long takes its device's connection with it."""
        device = copy.device
        if copy.way is Way.DOWN or device.is_open or device.back is None:
            return False
        if copy.give_up_s == 0.0:
            copy.give_up_s = now_s + HOLD_S * self._speed
        if now_s >= copy.give_up_s:
            self._shut(device)
            return False
        copy.due_s = now_s + AGAIN_S * self._speed
        return True

    def _open_back(self, device: Proxied) -> None:
        if device.back is not None or device.is_cut:
            return
        name = str(next(self._numbers))
        device.open_back(self._context, self._keys, self._controller, name)
        for one in (device.back, device.monitor):
            assert one is not None
            self._whose[one] = device
            self._poller.register(one, zmq.POLLIN)

    def _close_back(self, device: Proxied) -> None:
        for one in (device.back, device.monitor):
            if one is not None:
                self._poller.unregister(one)
                del self._whose[one]
        device.close_back()

    def _note_gone(self) -> None:
        """A device's connection is gone: so is the one that was made for it."""
        for fd in self._front.gone():
            for device in self._devices.values():
                if device.port is not None and device.port.fd == fd:
                    device.port = None
                    if device.cut is None:
                        self._close_back(device)

    def _shut(self, device: Proxied) -> None:
        if device.port is not None:
            shut_port(device.port)

    def _apply_cut(self, device: Proxied) -> None:
        if device.is_cut_at(Side.DEVICE):
            self._front.gate.shut(device.serial)
            self._shut(device)
        elif self._front.gate.open(device.serial):
            self._open_back(device)
        if device.is_cut_at(Side.CONTROLLER):
            self._close_back(device)

    def _turn_flapping(self, now_s: float) -> None:
        for device in self._devices.values():
            if device.turn(now_s):
                self._apply_cut(device)

    def _next_s(self) -> float:
        """When something is due without anything coming in."""
        ends = [d.until_s for d in self._devices.values() if d.flap is not None]
        return min([copy.due_s for copy in self._on_the_way[:1]] + ends, default=math.inf)

    def _some(self, serials: Iterable[str] | None) -> list[Proxied]:
        wanted = self._devices if serials is None else serials
        return [self._devices[serial] for serial in wanted]

    def _now_s(self) -> float:
        return time.monotonic() * self._speed
