"""Instant actions: pausing, cancelling, trying again, asking (VDA 5050, section 6.2.1).

Pauses and retries are numbered by their actionId, so that of a pause and its end the later one
counts, whichever comes last.
"""

from __future__ import annotations

from collections import OrderedDict

from hw_bridge.vda5050.action import Action, ActionState, ActionStatus
from hw_bridge.vda5050.names import instant_named

CLEAR_INSTANT_ACTIONS = "clearInstantActions"
REMEMBERED = 256
"""Actions whose names are known after they have left the state: a second copy does nothing."""


class Instants:
    """What has been asked for at once. has_news: since the last state."""

    def __init__(self, max_states: int) -> None:
        self._max_states = max_states
        self._states: OrderedDict[str, ActionState] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._newest: dict[str, int] = {}
        self.has_news = False

    def is_known(self, action: Action) -> bool:
        return action.action_id in self._known

    def is_overtaken(self, action: Action, kind: str) -> bool:
        """Whether a later one of that kind has come before; notes it if not."""
        named = instant_named(action.action_id)
        if named is None:
            return False
        if named[1] <= self._newest.get(kind, 0):
            return True
        self._newest[kind] = named[1]
        return False

    def note(self, action: Action, status: ActionStatus, result: str = "") -> None:
        state = ActionState(
            action_id=action.action_id,
            action_type=action.action_type,
            action_status=status,
            action_result=result,
        )
        self._known[action.action_id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self.has_news |= self._states.get(action.action_id) != state
        self._states[action.action_id] = state
        self._shed()

    def _shed(self) -> None:
        over = [name for name, state in self._states.items() if state.action_status.is_over]
        for name in over[: max(0, len(self._states) - self._max_states)]:
            del self._states[name]

    def clear(self) -> None:
        """Leave out those that are over."""
        self._states = OrderedDict(
            (name, state) for name, state in self._states.items() if not state.action_status.is_over
        )
        self.has_news = True

    def states(self) -> tuple[ActionState, ...]:
        return tuple(self._states.values())
