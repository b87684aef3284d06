"""Units that drive and get nowhere: livelock, which no look at who waits for whom can find.

Two clocks per unit. One starts anew whenever the unit is nearer to its goal than ever since it got
it, the other whenever it finishes an errand; a unit that is given one goal after another and
reaches none is caught by the second. Time alone is no sign, since who stands waits; so both time
and cells driven have to pass. All of it is a few operations on arrays, whenever it is called.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.grid import UNREACHABLE
from layouts import Layout
from layouts.words import count


@dataclass(frozen=True, slots=True)
class WanderingLimits:
    """A unit wanders once it has driven so many cells and taken so long without coming nearer to
    its goal, or without finishing an errand."""

    nearer_cells: int = 60
    nearer_s: float = 300.0
    errand_cells: int = 2000
    errand_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Wanderer:
    """goal: cell. n_cells, seconds: driven and passed since it was last nearer to it, or since it
    finished an errand where `is_nearing` says that it does come nearer to goals."""

    unit: int
    goal: int
    n_cells: int
    seconds: float
    is_nearing: bool

    def sentence(self, layout: Layout) -> str:
        """For people, without a full stop."""
        driven = (
            f"unit {self.unit} has driven {count(self.n_cells, 'cell')} in {self.seconds:.0f} s"
        )
        if self.is_nearing:
            return f"{driven} without finishing an errand"
        return f"{driven} without coming nearer to its goal at {layout.place(self.goal)}"


class WanderingWatch:
    """To be told every few seconds how things stand."""

    def __init__(self, n_units: int, now_s: float, limits: WanderingLimits | None = None) -> None:
        self._limits = limits or WanderingLimits()
        self._now_s = now_s
        self._goals = np.full(n_units, -1, dtype=np.int32)
        self._best = np.full(n_units, UNREACHABLE, dtype=np.int32)
        self._finished = np.zeros(n_units, dtype=np.int64)
        self._driven = np.zeros(n_units, dtype=np.int64)
        self._since_s = np.full((2, n_units), now_s)
        self._driven_then = np.zeros((2, n_units), dtype=np.int64)

    def note(
        self, now_s: float, driven: NDArray[np.int64], goals: NDArray[np.int32],
        ways: NDArray[np.int32], finished: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """driven: int64[n_units], cells since the start. goals: int32[n_units], cell or -1. ways:
        int32[n_units], cost of the way left to the goal, UNREACHABLE for none: who has no way does
        not wander. finished: int64[n_units], errands finished since the start."""
        has_way = (goals >= 0) & (ways < UNREACHABLE)
        is_new = (goals != self._goals) | ~has_way
        is_nearer = is_new | (ways < self._best)
        has_finished = (finished != self._finished) | (goals < 0)
        np.copyto(self._best, ways, where=is_nearer)
        for clock, starts in enumerate((is_nearer, has_finished)):
            self._since_s[clock, starts] = now_s
            np.copyto(self._driven_then[clock], driven, where=starts)
        self._now_s = now_s
        for kept, new in ((self._goals, goals), (self._driven, driven), (self._finished, finished)):
            np.copyto(kept, new)

    def wanderers(self) -> list[Wanderer]:
        """Units that wander as of the last note, ascending."""
        limits = self._limits
        n_cells, seconds = self._driven - self._driven_then, self._now_s - self._since_s
        is_over = np.stack([
            (n_cells[0] >= limits.nearer_cells) & (seconds[0] >= limits.nearer_s),
            (n_cells[1] >= limits.errand_cells) & (seconds[1] >= limits.errand_s),
        ])  # fmt: skip
        found = []
        for unit in np.flatnonzero(is_over.any(axis=0)).tolist():
            clock = 0 if is_over[0, unit] else 1
            found.append(
                Wanderer(
                    unit, int(self._goals[unit]), int(n_cells[clock, unit]),
                    float(seconds[clock, unit]), clock == 1,
                )
            )  # fmt: skip
        return found
