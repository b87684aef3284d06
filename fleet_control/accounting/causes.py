"""What a station's time is spent on, and who can tell why it has nothing to do."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol


class Cause(IntEnum):
    """What an instant of a station is booked on. Columns of `StationClock.causes_s`."""

    PICKING = 0
    """People work."""
    CHANGEOVER = 1
    """Lines are open, what was to come is overdue, and a unit stands in the lane: it moves up."""
    NO_ROOM = 2
    """A loaded unit stands in front of people and cannot leave: its chute has no room."""
    TRAVEL = 3
    """Lines are open, units are on their way or fetch pods, and none could be here yet."""
    CONGESTION = 4
    """The first that was to come is overdue and not in the lane; or tasks are held back in a jam.
    """
    POD_CONTENTION = 5
    """No task is open: all pods that could serve the lines are in use elsewhere."""
    NO_UNIT = 6
    """Tasks are open, and all units have another."""
    CHARGING = 7
    """The same, and the units without a task have a low battery."""
    MISSING_STOCK = 8
    """No pod has what is wanted; or no line is open for want of stock (`StationClock`)."""
    RELEASE = 9
    """A limit on tasks, or on units at work at once, keeps lines from being worked."""
    STOPPED = 10
    """What was to come, or what stands in its way, cannot go on; or the station is closed."""
    NO_ORDER = 11
    """No line is open here."""


CAUSES = tuple(cause.name.lower() for cause in Cause)
"""Their names, by column."""


class FloorView(Protocol):
    """The floor as a station sees it, now."""

    def stands_in(self, unit: int, station: int) -> bool:
        """Whether the unit is on the service cell of the station, or in its lane."""

    def is_stopped(self, unit: int) -> bool:
        """Whether the unit cannot go on."""

    def is_shut(self, station: int) -> bool:
        """Whether a unit that cannot go on has its service cell, or a cell of its lane."""

    def tasks_wait(self) -> Cause:
        """Why open tasks have no unit."""
