"""Counts of the bridge, for whoever watches it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

BOUNDS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip


class Histogram:
    """counts: int per bucket; bucket i holds what is up to bounds_s[i], the last one the rest."""

    def __init__(self, bounds_s: tuple[float, ...] = BOUNDS_S) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        self.sum_s = self.greatest_s = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds
        self.greatest_s = max(self.greatest_s, seconds)

    @property
    def n(self) -> int:
        return sum(self.counts)

    def quantile_s(self, share: float) -> float:
        """No less than that share of all, to the bound of a bucket; 0 of nothing."""
        wanted, found = share * self.n, 0
        for bound_s, count in zip(self.bounds_s, self.counts, strict=False):
            found += count
            if found and found >= wanted:
                return min(bound_s, self.greatest_s)
        return self.greatest_s


@dataclass(slots=True)
class Figures:
    """received, sent: messages by topic. not_sent: those for which the device was not there or did
    not read. n_lost: messages of devices that never came, by the gaps in their numbers. n_again:
    orders sent again without an echo. n_made_anew: updates that had to be made anew.
    round_trips: a frame to a device and its answer, without what it lay there. echoes: from the
    sending of an order until the state that confirms it."""

    received: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    not_sent: Counter[str] = field(default_factory=Counter)
    n_lost: int = 0
    n_again: int = 0
    n_made_anew: int = 0
    round_trips: Histogram = field(default_factory=Histogram)
    echoes: Histogram = field(default_factory=Histogram)
