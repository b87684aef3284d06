"""What a unit can do besides driving and lifting: horns, lamps, waiting, chargers."""

from __future__ import annotations

from typing import Protocol

from hw_bridge.vda5050.action import Action, ActionStatus, BlockingType

ANY_BLOCKING = tuple(BlockingType)


class Tool(Protocol):
    """One kind of action. It must end by itself.

    scopes: of NODE and INSTANT. blocking: types that it can be ordered with.
    """

    action_type: str
    scopes: tuple[str, ...]
    blocking: tuple[BlockingType, ...]

    def faults(self, action: Action) -> list[str]:
        """Why the unit cannot do it, in words; nothing where it can."""

    def begin(self, action: Action, now_s: float) -> None: ...

    def look(self, action: Action, now_s: float) -> ActionStatus:
        """How far it is: RUNNING, FINISHED, or FAILED."""

    def stop(self, action: Action) -> None:
        """Give it up."""


class Pause:
    """Takes as long as the parameter `duration` says, in seconds: a wait, or a sound.

    Subclasses may do something in `begin` and `stop`.
    """

    scopes: tuple[str, ...] = ("NODE", "INSTANT")
    blocking = ANY_BLOCKING

    def __init__(self, action_type: str = "wait", default_s: float | None = None) -> None:
        self.action_type = action_type
        self._default_s = default_s
        self._ends_s: dict[str, float] = {}

    def faults(self, action: Action) -> list[str]:
        duration = action.parameter("duration", self._default_s)
        is_number = isinstance(duration, (int, float)) and not isinstance(duration, bool)
        if is_number and 0.0 <= duration < 3600.0:
            return []
        return [f"duration is {duration!r}; give seconds, 0 to 3600"]

    def begin(self, action: Action, now_s: float) -> None:
        duration_s = float(action.parameter("duration", self._default_s))
        self._ends_s[action.action_id] = now_s + duration_s

    def look(self, action: Action, now_s: float) -> ActionStatus:
        if now_s < self._ends_s.get(action.action_id, now_s):
            return ActionStatus.RUNNING
        self._ends_s.pop(action.action_id, None)
        return ActionStatus.FINISHED

    def stop(self, action: Action) -> None:
        self._ends_s.pop(action.action_id, None)
