"""What faults are done to: small protocols, so that a twin with a link and one without both serve.

    FaultTargets(twin, twin.agents, None, books)                     # Twin
    FaultTargets(linked.twin, linked.agents, linked.link, books)     # LinkedTwin

What needs no agent (lifts that fail, things that lie about) is done to the world itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from twin.floor.world import World
from twin.link import Noise


class Units(Protocol):
    """The units' agents: a fault of a unit is also what it says, or no longer says, of itself."""

    def set_stopped(self, unit: int, is_stopped: bool) -> None:
        """It stands for a reason of its own and says nothing of it."""

    def set_slow(self, unit: int, factor: float) -> None:
        """It can use this share of its speed; 1 all of it."""

    def set_low_battery(self, unit: int, is_low: bool) -> None: ...

    def lose_place(self, unit: int) -> None:
        """It does not know where it is, stands, and says so, until `find_place`."""

    def find_place(self, unit: int) -> None: ...

    def break_down(self, unit: int) -> None:
        """It cannot move and says so, until `repair`."""

    def repair(self, unit: int) -> None: ...

    def reboot(self, unit: int, start_s: float) -> None:
        """It is switched off and on, forgets its steps, and needs `start_s` seconds to start."""

    def take_off(self, unit: int) -> None:
        """It is carried off the floor, with its pod if it has one."""

    def put_on(self, unit: int, cell: int, heading: int, start_s: float = 0.0) -> None:
        """It is put down and switched on; it has no fault and waits to be admitted."""


class LinkFaults(Protocol):
    """What carries messages. unit: -1 for all units, and the stations."""

    def set_noise(self, noise: Noise, unit: int = -1) -> None: ...

    def set_down(self, is_down: bool, unit: int = -1) -> None: ...


class Books(Protocol):
    """What a person sees on the screen before putting a unit down: the controller's books."""

    def is_held(self, cell: int) -> bool:
        """Whether any unit may be on the cell or on its way to it."""

    def is_admitted(self, unit: int) -> bool:
        """Whether the unit counts as being on the floor."""


@dataclass(frozen=True, slots=True)
class FaultTargets:
    """Everything that faults can happen to. link: None where messages cannot go wrong."""

    world: World
    units: Units
    link: LinkFaults | None
    books: Books
