"""Runs an emulated fleet in real time, or so many times faster.

A process that cannot keep up lets its fleet's clock fall behind, counts by how much, and says so:
units that jump to where they should be would be no units.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gridfleet.emulator.fleet import EmulatedFleet

STEP_S = 0.04
"""Of the fleet's time between two looks at units: a tick of the twin."""
MOST_BEHIND_S = 0.5
"""Real time that is caught up with; what is behind beyond that is given up."""
SAY_AT_ONCE = 16
"""Units that have their say before messages are taken in again: about a millisecond."""


class RealTimeRun:
    """speed: how many times faster than real time the fleet lives. lost_s: of the fleet's time, by
    which its clock has fallen behind for good."""

    def __init__(self, fleet: EmulatedFleet, speed: float = 1.0) -> None:
        self.fleet, self._speed = fleet, speed
        self._zero_s = time.monotonic() - fleet.time_s / speed
        self.lost_s = 0.0

    def _due_s(self) -> float:
        """Where the fleet's time should be now."""
        return (time.monotonic() - self._zero_s) * self._speed

    def go_on(self, until_s: float, should_stop: Callable[[], bool]) -> None:
        """Live until that time of the fleet."""
        fleet = self.fleet
        next_s = fleet.time_s + STEP_S
        while fleet.time_s < until_s - 1e-9 and not should_stop():
            fleet.sockets.open_some()
            behind_s = self._due_s() - next_s
            if behind_s >= 0.0:
                self._give_up(behind_s)
                fleet.pass_time(next_s)
                next_s += STEP_S
            elif not fleet.units.is_any_due:
                fleet.sockets.wait(-behind_s / self._speed)
            fleet.exchange(SAY_AT_ONCE)

    def _give_up(self, behind_s: float) -> None:
        """Time that cannot be caught up with is lost."""
        lost_s = behind_s - MOST_BEHIND_S * self._speed
        if lost_s > 0.0:
            self._zero_s += lost_s / self._speed
            self.lost_s += lost_s
            self.fleet.late_s = self.lost_s
