"""What an operator asks of a running fleet: inputs of the controller like reports and orders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OperationKind(StrEnum):
    """What is asked."""

    PAUSE = "pause"
    """One unit stands still until RESUME."""
    RESUME = "resume"
    PAUSE_ALL = "pause-all"
    """Nothing moves; shown as stopped once every unit has said so."""
    RESUME_ALL = "resume-all"
    DRAIN = "drain"
    """No new tasks; those under way are finished, and units come to rest."""
    UNDRAIN = "undrain"
    CLOSE_AREA = "close-area"
    """Nobody enters these cells; units inside leave, or stop where they cannot."""
    OPEN_AREA = "open-area"
    BLOCK = "block"
    """Something lies on these cells: nobody drives there."""
    UNBLOCK = "unblock"
    REMOVE = "remove"
    """The unit has been taken off the floor; somebody has looked. Its cells are free."""
    ADMIT = "admit"
    """The unit may go on from where it says it stands, although nobody expects it there."""


@dataclass(frozen=True, slots=True)
class Operation:
    """unit: of those that concern one. name: of an area. cells: of areas and blocks.
    speed_m_s: limit within `margin` cells around a closed area, 0 for none."""

    kind: OperationKind
    unit: int = -1
    name: str = ""
    cells: tuple[int, ...] = ()
    speed_m_s: float = 0.0
    margin: int = 2
