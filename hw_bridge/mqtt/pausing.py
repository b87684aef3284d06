"""Makes a vehicle pause and go on: whatever it does or loses, it is asked until it is so."""

from __future__ import annotations

from hw_bridge.mqtt.abilities import Abilities
from hw_bridge.mqtt.instants import Ask, Asks
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.state import State

AGAIN_S = 2.0


class VehiclePause:
    """is_ours: the gateway has asked the vehicle to pause, and not yet seen it go on. A vehicle
    that was paused by somebody beside it is left alone."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self._latest: Ask | None = None
        self.is_ours = False

    def is_paused(self, state: State) -> bool:
        if state.paused is not None:
            return state.paused
        # Versions before 3 need not say it.
        latest = self._latest
        if latest is None or latest.action.action_type != names.START_PAUSE:
            return False
        return latest.status is ActionStatus.FINISHED

    def watch(self, state: State, abilities: Abilities, is_wanted: bool, now_s: float) -> None:
        """Ask for what is not so yet."""
        is_paused = self.is_paused(state)
        if is_wanted:
            if not is_paused:
                self._ask(names.START_PAUSE, abilities, now_s)
        elif self.is_ours:
            latest = self._latest
            is_asked = latest is not None and latest.action.action_type == names.STOP_PAUSE
            is_granted = is_asked and latest is not None and latest.is_over
            if is_granted and not is_paused:
                self.is_ours = False
            else:
                self._ask(names.STOP_PAUSE, abilities, now_s)

    def _ask(self, action_type: str, abilities: Abilities, now_s: float) -> None:
        if action_type not in abilities.skills:
            return
        latest = self._latest
        if latest is not None and latest.action.action_type == action_type:
            if not latest.is_over or now_s - latest.asked_s < AGAIN_S:
                return
        elif latest is not None:
            self._asks.drop(latest)
        self._latest = self._asks.new(action_type, now_s)
        self.is_ours = True
