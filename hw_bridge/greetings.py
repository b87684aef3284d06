"""Heartbeats spread over their interval.

The courier asks for all of them at once. A thousand messages in one moment would keep an order that
is decided then waiting for tens of milliseconds, here and at the other end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fleet_control.link.messages import HEARTBEAT_S

SPREAD_S = 0.9 * HEARTBEAT_S


class Greetings:
    """Units that are to be greeted. The first greeting of all is not spread: it says who commands
    from now on."""

    def __init__(self) -> None:
        self._waiting: Sequence[int] = ()
        self._n_greeted, self._since_s = 0, -math.inf
        self._is_first = True

    def due(self, asked: Sequence[int], now_s: float) -> list[int]:
        """Units to greet now. asked: units that the courier asks for now, mostly none."""
        left = list(self._waiting[self._n_greeted :])
        if asked:
            self._waiting, self._since_s = asked, now_s
            self._n_greeted = len(asked) if self._is_first else 0
            first = list(asked) if self._is_first else []
            self._is_first = False
            return left + first
        share = min(1.0, (now_s - self._since_s) / SPREAD_S)
        n_due = math.ceil(share * len(self._waiting) - 1e-9)
        due = list(self._waiting[self._n_greeted : n_due])
        self._n_greeted = max(self._n_greeted, n_due)
        return due
