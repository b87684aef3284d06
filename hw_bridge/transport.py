"""What carries messages between the controller and its devices: ZeroMQ, or MQTT behind a gateway.

A device is a drive unit or a station's terminal, known by its serial. A transport authenticates:
what it hands out as coming from a serial does come from the holder of its key.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Protocol

import zmq

from hw_bridge.wire.frames import Link, Topic


@dataclass(frozen=True, slots=True)
class Received:
    """A message of a device. payload: not decoded and not trusted."""

    serial: str
    topic: Topic
    link: Link
    payload: bytes


class Transport(Protocol):
    """One way to reach devices; a serial is reached by one transport at a time."""

    def register(self, poller: zmq.Poller) -> None:
        """Let the poller wake up for what comes in."""

    def take(self) -> list[Received]:
        """All that has come in, in the order of each device, without waiting."""

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        """False where the device is not connected or does not read: nothing was sent, and it will
        not be sent later."""

    def close(self) -> None: ...


class Time(Protocol):
    """The time that the fleet lives in: seconds since the run began."""

    def now_s(self) -> float: ...

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        """Until something comes in, or that time."""


class RealTime:
    """The monotonic clock. speed: how many times faster the fleet lives; 1 but for emulated ones.
    begin_s: time of the fleet now."""

    def __init__(self, begin_s: float = 0.0, speed: float = 1.0) -> None:
        self._speed = speed
        self._zero_s = time.monotonic() - begin_s / speed

    def now_s(self) -> float:
        return (time.monotonic() - self._zero_s) * self._speed

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        poller.poll(math.ceil(max(0.0, until_s - self.now_s()) / self._speed * 1000.0))
