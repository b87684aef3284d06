"""Trouble on the links of emulated devices: messages get lost, doubled, late, or nowhere.

It happens at the devices' ends, behind the sockets: connections stay up and say nothing. Implements
twin.faults.targets.LinkFaults; the figures are those of twin.link.Noise.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

import numpy as np

from twin.link import LATE_S, Noise

PURPOSE = 0x11FA
"""Key of these random streams among all streams of a seed."""
QUIET = Noise()
Message = TypeVar("Message")


class DeviceNoise:
    """How bad the link of each device is. Stations come after the units."""

    def __init__(self, n_units: int, n_devices: int) -> None:
        self._n_units = n_units
        self._noise, self._is_down = [QUIET] * n_devices, [False] * n_devices
        self._everywhere, self._is_all_down = QUIET, False
        self.is_perfect = True

    def set_noise(self, noise: Noise, unit: int = -1) -> None:
        """Trouble of one unit's link, or everywhere (stations too); the worse of both counts."""
        if unit < 0:
            self._everywhere = noise
        else:
            self._noise[unit] = noise
        self._look()

    def set_down(self, is_down: bool, unit: int = -1) -> None:
        """Whether what one unit, or anybody, sends or is sent from now on gets nowhere."""
        if unit < 0:
            self._is_all_down = is_down
        else:
            self._is_down[unit] = is_down
        self._look()

    def _look(self) -> None:
        noisy = any(noise != QUIET for noise in (*self._noise, self._everywhere))
        self.is_perfect = not (noisy or any(self._is_down) or self._is_all_down)

    def is_down(self, device: int) -> bool:
        return self._is_all_down or self._is_down[device]

    def of(self, device: int) -> Noise:
        one, all_ = self._noise[device], self._everywhere
        return Noise(
            max(one.loss, all_.loss), max(one.duplicate, all_.duplicate),
            max(one.delay_s, all_.delay_s), max(one.reorder, all_.reorder),
        )  # fmt: skip


class NoisyLine(Generic[Message]):
    """Messages of all devices in one direction. n_lost: so far."""

    def __init__(self, noise: DeviceNoise, seed: int, direction: int) -> None:
        self._noise = noise
        stream = np.random.SeedSequence([seed, PURPOSE, direction])
        self._rng = np.random.Generator(np.random.PCG64(stream))
        self._waiting: list[tuple[float, int, int, Message]] = []
        self._n_put = self.n_lost = 0

    @property
    def is_idle(self) -> bool:
        """Whether messages arrive at once, and none is on its way."""
        return self._noise.is_perfect and not self._waiting

    def next_s(self) -> float:
        """When the next message arrives, inf where none is on its way."""
        return self._waiting[0][0] if self._waiting else float("inf")

    def put(self, device: int, message: Message, now_s: float) -> None:
        noise = self._noise.of(device)
        draws = self._rng.random((2, 4))
        if self._noise.is_down(device) or draws[0, 0] < noise.loss:
            self.n_lost += 1
            return
        n_copies = 1 + int(draws[1, 0] < noise.duplicate)
        for copy in range(n_copies):
            late_s = -float(np.log1p(-draws[copy, 1])) * noise.delay_s
            if draws[copy, 2] < noise.reorder:
                late_s += float(draws[copy, 3]) * LATE_S
            self._n_put += 1
            heapq.heappush(self._waiting, (now_s + late_s, self._n_put, device, message))

    def take(self, now_s: float) -> list[tuple[int, Message]]:
        """What arrives by now, in the order of arrival."""
        arrived = []
        while self._waiting and self._waiting[0][0] <= now_s + 1e-9:
            _, _, device, message = heapq.heappop(self._waiting)
            arrived.append((device, message))
        return arrived
