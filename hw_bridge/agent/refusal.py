"""Why a unit does not take an order: types and levels of errors, by VDA 5050, section 6.6.5.4."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hw_bridge.vda5050.state import ErrorLevel


class Why(StrEnum):
    VALIDATION_FAILURE = "VALIDATION_FAILURE"
    UNSUPPORTED_PARAMETER = "UNSUPPORTED_PARAMETER"
    INVALID_ORDER_ACTION = "INVALID_ORDER_ACTION"
    OUTDATED_ORDER_UPDATE = "OUTDATED_ORDER_UPDATE"
    SAME_ORDER_UPDATE_ID = "SAME_ORDER_UPDATE_ID"
    OTHER_ORDER_ACTIVE = "OTHER_ORDER_ACTIVE"
    ORDER_UPDATE_FOLLOWING_CANCEL = "ORDER_UPDATE_FOLLOWING_CANCEL"
    START_NODE_OUT_OF_RANGE = "START_NODE_OUT_OF_RANGE"
    NO_ROUTE_TO_TARGET = "NO_ROUTE_TO_TARGET"
    MOBILE_ROBOT_NOT_AVAILABLE = "MOBILE_ROBOT_NOT_AVAILABLE"
    UNKNOWN_MAP_ID = "UNKNOWN_MAP_ID"
    INSUFFICIENT_MEMORY = "INSUFFICIENT_MEMORY"

    @property
    def level(self) -> ErrorLevel:
        if self is Why.UNSUPPORTED_PARAMETER:
            return ErrorLevel.CRITICAL
        return ErrorLevel.URGENT if self is Why.INSUFFICIENT_MEMORY else ErrorLevel.WARNING


@dataclass(frozen=True, slots=True)
class Refusal:
    """text: what is wrong. hint: the cure, where there is one."""

    why: Why
    text: str
    hint: str = ""
