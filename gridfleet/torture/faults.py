"""Faults of a case: what happens to world and controller, and when.

Faults is what a run needs of whoever makes them; Kills makes one kind: the controller dies
between two cycles, units finish what is released to them, and it comes back by its inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

PURPOSE = 0xFA017
KILL = "kill-controller"
MOST_DOWN_S = 20.0


@dataclass(frozen=True, slots=True)
class Kill:
    """The controller dies at `at_s` and is started again `down_s` later."""

    at_s: float
    down_s: float


class Faults(Protocol):
    """ends_s: when the last fault is over. counts: injected so far, by kind."""

    @property
    def ends_s(self) -> float: ...
    @property
    def counts(self) -> dict[str, int]: ...

    def act(self, now_s: float) -> None:
        """Let begin and end what is due."""

    def due_kill(self, now_s: float) -> Kill | None:
        """The controller dies now, after its commands are out."""


class Kills:
    """Implements `Faults`: kills alone, none or a few."""

    def __init__(self, seed: int, ends_s: float) -> None:
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE])))
        times_s = np.sort(rng.uniform(0, ends_s - MOST_DOWN_S, int(rng.integers(0, 4))))
        downs_s = rng.uniform(0.4, MOST_DOWN_S, len(times_s))
        self._kills = [Kill(*pair) for pair in zip(times_s.tolist(), downs_s.tolist(), strict=True)]
        self.ends_s = ends_s
        self.counts: dict[str, int] = {}

    def act(self, now_s: float) -> None:
        """Nothing happens to the world."""

    def due_kill(self, now_s: float) -> Kill | None:
        if not self._kills or self._kills[0].at_s > now_s:
            return None
        self.counts[KILL] = self.counts.get(KILL, 0) + 1
        return self._kills.pop(0)
