"""What goes wrong in a simulated run, and when: a schedule, read from a file or drawn at random.

Times are seconds of the run. Some faults need a moment to happen in, mid-edge or under a pod: they
wait for it from their time on, so that `at_s` is the earliest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong, in the words of fault files (docs/faults.md)."""

    STOP = "stop"
    SLOW = "slow"
    DIE = "die"
    REBOOT = "reboot"
    LOSE_PLACE = "lose-place"
    LOW_BATTERY = "low-battery"
    LIFT_FAILS = "lift-fails"
    BLOCK_CELL = "block-cell"
    LINK_DOWN = "link-down"
    LINK_NOISE = "link-noise"
    KILL_CONTROLLER = "kill-controller"
    CLOSE_AREA = "close-area"
    PAUSE = "pause"
    PAUSE_ALL = "pause-all"
    DRAIN = "drain"


LINK_KINDS = frozenset({FaultKind.LINK_DOWN, FaultKind.LINK_NOISE})
OPERATION_KINDS = frozenset(
    {FaultKind.CLOSE_AREA, FaultKind.PAUSE, FaultKind.PAUSE_ALL, FaultKind.DRAIN}
)
"""No faults, but what people ask for while the run goes on."""


class Where(StrEnum):
    """Where a unit has to be for a fault of it to begin."""

    ANYWHERE = "anywhere"
    MID_EDGE = "mid-edge"
    """On its way from one cell centre to the next, so that it covers two cells."""
    UNDER_POD = "under-pod"
    """At a stand below a pod that it has not lifted yet, or has just set down."""
    LADEN = "laden"
    """While it carries a pod."""


class KillPoint(StrEnum):
    """Where in its cycle the controller is killed."""

    BEFORE_JOURNAL = "before-journal"
    BEFORE_SEND = "before-send"
    AFTER_SEND = "after-send"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a schedule. Fields that its kind does not use keep their defaults.

    at_s: earliest beginning. lasts_s: inf for what nobody ends. unit: -1 for all, or none.
    cells: of areas, or the one cell that gets blocked. name: of an area. factor: of SLOW, share of
    the speed. times: of LIFT_FAILS. where: of DIE and REBOOT. is_removed: DIE ends with the unit
    taken off the floor, and `back_s` later (inf: never) it is put back. loss, duplicate, reorder:
    shares of messages, delay_s: mean; of LINK_NOISE. point: of KILL_CONTROLLER, which is down for
    lasts_s. speed_m_s, margin: limit within so many cells around a closed area, 0 for none.
    """

    kind: FaultKind
    at_s: float
    lasts_s: float = math.inf
    unit: int = -1
    cells: tuple[int, ...] = ()
    name: str = ""
    factor: float = 1.0
    times: int = 0
    where: Where = Where.ANYWHERE
    is_removed: bool = False
    back_s: float = math.inf
    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: float = 0.0
    reorder: float = 0.0
    point: KillPoint = KillPoint.AFTER_SEND
    speed_m_s: float = 0.0
    margin: int = 2


@dataclass(frozen=True, slots=True)
class FaultSchedule:
    """Faults in the order of their times; of equal times, in the order given. Their number is their
    place in it."""

    faults: tuple[Fault, ...] = ()

    @property
    def needs_link(self) -> bool:
        """Whether any of it can happen only to messages."""
        return any(fault.kind in LINK_KINDS for fault in self.faults)

    @property
    def kills(self) -> bool:
        """Whether the controller is killed, which then has to have a journal."""
        return any(fault.kind is FaultKind.KILL_CONTROLLER for fault in self.faults)


def schedule_of(faults: Iterable[Fault]) -> FaultSchedule:
    """The same faults in the order of their times."""
    return FaultSchedule(tuple(sorted(faults, key=lambda fault: fault.at_s)))


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A fault that was injected. number: in the schedule. unit, cell: -1 where it concerns none.
    began_s: when it really began. ended_s: inf where it has not ended."""

    number: int
    kind: str
    unit: int
    cell: int
    began_s: float
    ended_s: float
