"""What becomes of a message on a bad link: lost, doubled, late, overtaken.

The n-th message of a device in one direction has the same fate with the same seed, whenever it
comes. The words and the shares are those of the twin's link, so that the same faults can be
injected in both; hw_bridge may not import the twin.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

PURPOSE = 0xC4A05
"""Key of these draws among all streams of a seed."""
LATE_S = 5.0
"""Messages that are held up arrive up to this much later than others."""


class Way(IntEnum):
    """Direction: up is from the device to the controller."""

    UP = 0
    DOWN = 1


@dataclass(frozen=True, slots=True)
class Noise:
    """loss, duplicate, reorder: shares of messages, 0 to 1: lost, sent twice, held up for up to
    LATE_S. delay_s: mean of the time on the way, which is exponentially distributed."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: float = 0.0
    reorder: float = 0.0


QUIET = Noise()


class Fates:
    """The fates of one device's messages in one direction, one after the other."""

    def __init__(self, seed: int, serial: str, way: Way) -> None:
        key = [seed, PURPOSE, zlib.crc32(serial.encode()), int(way)]
        self._rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    def next(self, noise: Noise) -> list[float]:
        """Seconds until each copy of the next message arrives; no copy, and it is lost.

        Always the same number of draws, so that noise that comes and goes does not shift what
        becomes of later messages."""
        draws = self._rng.random((2, 3)).tolist()
        is_lost, is_doubled = self._rng.random(2) < (noise.loss, noise.duplicate)
        if is_lost:
            return []
        return [_late_s(noise, *draws[copy]) for copy in range(1 + int(is_doubled))]


def _late_s(noise: Noise, delay: float, reorder: float, late: float) -> float:
    held_s = late * LATE_S if reorder < noise.reorder else 0.0
    return -math.log1p(-delay) * noise.delay_s + held_s
