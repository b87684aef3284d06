"""A cancelOrder as a fence: once it is answered, no order sent before can move the vehicle.

Between the gateway and a vehicle there are no sessions: it takes whatever order comes, even one
that lay in the broker while it was switched off. And orders and instant actions are two topics,
which may overtake each other. So the cancelOrder is not sent while an order may be on its way: it
waits until the vehicle has shown the order, or until it must have come or been lost. Where the
vehicle has forgotten, what it has shown says nothing of copies that are still to come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hw_bridge.mqtt.instants import Ask, Asks
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.state import State

QUIET_S = 1.0
"""An order that was sent so long ago has come, or will not come any more."""
MUTE_S = 5.0
"""A vehicle that stands idle for so long after a cancelOrder has taken it, though it does not show
instant actions in its state."""
AGAIN_S = 1.0
"""A vehicle that goes on after it has answered is asked again."""
_AT_WORK = (ActionStatus.RUNNING, ActionStatus.INITIALIZING, ActionStatus.PAUSED)


@dataclass(slots=True)
class Fence:
    """ask: the cancelOrder, None while it waits. rests: the agent has asked to stop short. forgets:
    nothing of what was to be done counts."""

    ask: Ask | None = None
    rests: bool = False
    forgets: bool = False
    idle_s: float = math.inf

    def is_down(
        self, state: State, asks: Asks, ordered_s: float, is_confirmed: bool, now_s: float
    ) -> bool:
        """Whether the vehicle stands, and only orders sent from now on can reach it. ordered_s:
        when the last order was sent. is_confirmed: the vehicle has shown it."""
        is_quiet = now_s - ordered_s >= QUIET_S
        if self.ask is None:
            if is_quiet or (is_confirmed and not self.forgets):
                self.ask = asks.new(names.CANCEL_ORDER, now_s)
            return False
        if is_busy(state):
            self.idle_s = math.inf
            if self.ask.is_over and now_s - self.ask.asked_s > AGAIN_S:
                self.ask = asks.new(names.CANCEL_ORDER, now_s)
            return False
        self.idle_s = min(self.idle_s, now_s)
        is_mute = self.ask.status is None and now_s - self.idle_s >= MUTE_S
        if not (self.ask.is_over or is_mute):
            return False
        asks.drop(self.ask)
        return True

    def forget(self, ordered_s: float, asks: Asks) -> None:
        """The vehicle has forgotten its order since: a cancelOrder sent too soon does not count."""
        if not self.forgets and self.ask is not None and self.ask.asked_s - ordered_s < QUIET_S:
            asks.drop(self.ask)
            self.ask = None
        self.forgets = True


def is_busy(state: State) -> bool:
    """Whether the vehicle has something to do, by its own word."""
    if state.node_states or state.edge_states or state.driving:
        return True
    return any(action.action_status in _AT_WORK for action in state.action_states)
