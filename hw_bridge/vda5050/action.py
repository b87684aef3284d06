"""Actions of orders and of instantActions, and how far they are (VDA 5050 3.0.0, section 6.2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from hw_bridge.vda5050.base import Part


class BlockingType(StrEnum):
    """What a unit may do beside the action."""

    NONE = "NONE"
    SOFT = "SOFT"
    """Other actions, no driving."""
    SINGLE = "SINGLE"
    """Driving, no other actions."""
    HARD = "HARD"
    """Nothing."""


class ActionStatus(StrEnum):
    WAITING = "WAITING"
    INITIALIZING = "INITIALIZING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RETRIABLE = "RETRIABLE"
    FINISHED = "FINISHED"
    FAILED = "FAILED"

    @property
    def is_over(self) -> bool:
        return self in (ActionStatus.FINISHED, ActionStatus.FAILED)


class ActionParameter(Part, frozen=True, kw_only=True):
    key: str
    value: Any


class Action(Part, frozen=True, kw_only=True):
    """action_id: unique for good, so that nothing is done twice."""

    action_type: str
    action_id: str
    blocking_type: BlockingType
    action_descriptor: str = ""
    action_parameters: tuple[ActionParameter, ...] = ()
    retriable: bool | None = None

    def parameter(self, key: str, default: Any = None) -> Any:
        """Value of a parameter, or the default."""
        return next((p.value for p in self.action_parameters if p.key == key), default)


class ActionState(Part, frozen=True, kw_only=True):
    action_id: str
    action_status: ActionStatus
    action_type: str = ""
    action_descriptor: str = ""
    action_result: str = ""
