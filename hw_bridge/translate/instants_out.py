"""INSTANT records into instantActions of VDA 5050."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fleet_control.backend import Request
from hw_bridge.translate.headers import Headers
from hw_bridge.vda5050.action import Action, ActionParameter, BlockingType
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.names import (
    CANCEL_ORDER,
    RETRY,
    START_PAUSE,
    STOP_PAUSE,
    OrderName,
    instant_name,
)
from hw_bridge.vda5050.order import InstantActions
from hw_bridge.wire.frames import Topic

_TYPES = {
    Request.CANCEL: CANCEL_ORDER,
    Request.PAUSE: START_PAUSE,
    Request.RESUME: STOP_PAUSE,
    Request.RETRY: RETRY,
}


def instants_message(
    records: Sequence[Any], headers: Headers, order_name: Callable[[int, int], OrderName]
) -> bytes:
    """One message for all INSTANT records of a unit. order_name: of an order, by unit and number.

    The ids of the actions are made of their numbers, so that one that is sent again is known."""
    unit = int(records[0]["unit"])
    actions = []
    for record in records:
        action_type = _TYPES[Request(int(record["request"]))]
        number = int(record["number"])
        parameters: tuple[ActionParameter, ...] = ()
        if action_type == CANCEL_ORDER:
            order_id = str(order_name(unit, number))
            parameters = (ActionParameter(key="orderId", value=order_id),)
        actions.append(
            Action(
                action_type=action_type,
                action_id=instant_name(action_type, number),
                blocking_type=BlockingType.NONE,
                action_parameters=parameters,
            )
        )
    header = headers.next(unit, Topic.INSTANT_ACTIONS)
    return encode(InstantActions(**header, actions=tuple(actions)))
