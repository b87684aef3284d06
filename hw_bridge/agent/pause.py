"""startPause and stopPause: the unit stands, and keeps its order."""

from __future__ import annotations

from hw_bridge.agent.instants import Instants
from hw_bridge.agent.motors import Senses
from hw_bridge.vda5050.action import Action, ActionStatus
from hw_bridge.vda5050.names import START_PAUSE


class Pausing:
    """is_asked: somebody wants it to stand. is_paused: it does, since then."""

    def __init__(self, instants: Instants) -> None:
        self._instants = instants
        self._open: Action | None = None
        self.is_asked = self.is_paused = False

    def take(self, action: Action) -> None:
        overtaken = action
        if not self._instants.is_overtaken(action, START_PAUSE):
            self.is_asked = action.action_type == START_PAUSE
            if self.is_asked and not self.is_paused:
                self._instants.note(action, ActionStatus.RUNNING)
            else:
                self.is_paused = self.is_asked
                self._instants.finish(action)
            if self._open is None:
                self._open = action if self.is_asked and not self.is_paused else None
                return
            overtaken, self._open = self._open, action if self.is_asked else None
        self._instants.note(overtaken, ActionStatus.FAILED, "overtaken by a later one")

    def watch(self, senses: Senses) -> None:
        """Notice that the unit stands."""
        if self.is_asked and not self.is_paused and not senses.is_moving:
            self.is_paused = True
            if self._open is not None:
                self._instants.finish(self._open)
                self._open = None
