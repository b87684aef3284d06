"""How finely the physics engine looks, and on how many processes."""

from __future__ import annotations

from dataclasses import dataclass

WHEELS, PLANAR = "wheels", "planar"
DETAILS = (WHEELS, PLANAR)


@dataclass(frozen=True, slots=True)
class PhysicsOptions:
    """detail: "wheels", units with wheels, casters, lifts and pods that can tip; "planar", units
    that slide over the floor as boxes with the mass and the grip that they have, for large fleets.
    processes: over how many the worlds of a fleet are dealt; results are the same for any number.
    """

    detail: str = WHEELS
    processes: int = 1


DEFAULT_PHYSICS = PhysicsOptions()
