"""Where a unit is, as far as its order, its motors and its markers tell."""

from __future__ import annotations

from dataclasses import dataclass

from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.motors import Mode, Senses
from hw_bridge.vda5050.state import OperatingMode


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """given: number of the last move that the motors will do. has_forgotten: the unit has had no
    order since it was switched on, or a person had it."""

    senses: Senses
    order: HeldOrder | None
    given: int
    has_forgotten: bool

    @property
    def mode(self) -> OperatingMode:
        """One between two points that cannot tell which has to be driven to one by hand: nobody
        knows what it covers."""
        senses = self.senses
        is_lost = self.has_forgotten and senses.is_between and not senses.beyond
        if senses.mode is Mode.AUTOMATIC and is_lost:
            return OperatingMode.STARTUP
        return OperatingMode(senses.mode.value)

    @property
    def place(self) -> str:
        """Name of the point reached last; "" unknown."""
        order = self.order
        return self.senses.node if order is None else order.stops[order.last].node.node_id

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is on its way to it, and it has at most an open step left."""
        return self.has_forgotten or (self.order is not None and self.order.stands)

    @property
    def is_open(self) -> bool:
        """Whether a step has been begun, or has to be done yet, whatever comes."""
        is_given = self.given > self.senses.n_done
        return is_given or (self.has_forgotten and self.senses.is_between)

    @property
    def open_to(self) -> str:
        """Name of the point to which that step leads; "" unknown, or no such step."""
        if not self.is_open:
            return ""
        leg = None if self.order is None else self.order.legs.get(self.senses.n_done + 1)
        return self.senses.beyond if leg is None else leg.move.node

    @property
    def beyond(self) -> str:
        """Name of the point that it also covers, while between two; else ""."""
        return self.open_to if self.senses.is_between else ""
