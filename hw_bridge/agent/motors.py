"""The motors, as the agent sees them: what an integrator implements for a drive unit.

Moves are numbered from 1 in the order in which they were given since the motors were made; move 0
is the place where the unit stood then. The agent gives only moves that the unit is allowed to do,
so motors may run through all of them without stopping, and must never go beyond the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class MoveKind(StrEnum):
    DRIVE = "drive"
    """Turn where it stands if need be, and drive straight to the point."""
    LIFT = "lift"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Move:
    """x_m, y_m: of DRIVE, the point to reach; of the others, where the unit stands. speed_m_s:
    limit, inf for none. node: name of the point. load: label of the pod that LIFT is to find or
    LOWER to set down, "" where nobody knows."""

    kind: MoveKind
    x_m: float
    y_m: float
    speed_m_s: float = float("inf")
    node: str = ""
    load: str = ""


class Trouble(StrEnum):
    """Why the motors cannot go on with a move; they stand."""

    NO_POD = "NO_POD"
    POD_IN_THE_WAY = "POD_IN_THE_WAY"
    LIFT_FAILED = "LIFT_FAILED"
    PATH_BLOCKED = "PATH_BLOCKED"
    LOST_PLACE = "LOST_PLACE"
    BROKEN = "BROKEN"


class Mode(StrEnum):
    """Who drives. In MANUAL and SERVICE a person does; the agent gives up its order."""

    AUTOMATIC = "AUTOMATIC"
    STARTUP = "STARTUP"
    """Switched on, and does not know yet where it is."""
    MANUAL = "MANUAL"
    SERVICE = "SERVICE"


@dataclass(frozen=True, slots=True)
class Senses:
    """What the unit knows of itself.

    x_m, y_m, yaw_rad: world frame, as far as is_localised. node: name of the cell centre reached
    last, where the unit knows it without any order (a marker on the floor), else "".
    n_done: moves done: for DRIVE the point has been reached, perhaps passed at full speed.
    n_left: the body, load included, has left for good the place of every move before this one:
    n_done, or n_done + 1 once it has wholly left the place of move n_done on its way to the next.
    is_moving: drives, turns or lifts. is_between: stands or drives between two points, so that it
    covers both. beyond: name of the second, where the unit knows it without any order, else "": one
    that is switched on between two and cannot tell has to be driven to a point by hand. trouble:
    why it cannot do move n_done + 1. load: label of the pod carried, or "", and "?" for one whose
    label cannot be read. charge: 0 to 1.
    """

    x_m: float
    y_m: float
    yaw_rad: float
    n_done: int
    n_left: int
    is_moving: bool
    is_between: bool
    is_localised: bool = True
    node: str = ""
    beyond: str = ""
    load: str = ""
    trouble: Trouble | None = None
    mode: Mode = Mode.AUTOMATIC
    charge: float = 1.0
    is_charging: bool = False
    is_emergency_stopped: bool = False
    is_field_violated: bool = False
    notes: tuple[str, ...] = field(default=())


class Motors(Protocol):
    """All calls return at once."""

    def sense(self) -> Senses: ...

    def extend(self, moves: Sequence[Move]) -> None:
        """Do these after those given before. Not called for a stopped unit (`stop_short`) until
        its moves are done."""

    def stop_short(self) -> int:
        """Forget every move that can still be left undone, and come to a stand at a point. Returns
        the number of the last move that will still be done: `n_done` where it can stand there, else
        that of the first point where it can, or of the lift that it is in the middle of."""

    def hold(self, is_held: bool) -> None:
        """True: come to a stand as soon as possible, wherever that is, and keep the moves. False:
        go on with them, or with what was left of a step when the unit was switched off."""

    def retry(self) -> None:
        """Try the move again that trouble keeps from being done."""

    def look_ahead(self, x_m: float, y_m: float) -> None:
        """Where the unit will most likely be sent next: it may turn to that point while it stands
        with nothing to do. May do nothing."""
