"""VDA 5050 2.0, 2.1 and 3.0: what is written to a vehicle of each, and what is read from it.

Inside there is version 3.0 only (hw_bridge.vda5050). Version 2 has other names for much of it, one
list for all actions, an upper bound in place of an ellipse, and edges that name their nodes.
Sources: VDA 5050 2.0.0 and 2.1.0, section 6; 3.0.0, section 6 and its list of changes.

Vehicles are read leniently: what a state leaves out is what an idle vehicle would say, and a level
or mode that nobody knows is the graver one. A value of a wrong type is a MessageError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.base import MessageError
from hw_bridge.vda5050.order import InstantActions, Node, Order
from hw_bridge.vda5050.state import (
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    OperatingMode,
    State,
)

Json = dict[str, Any]
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")
LATEST = {2: "2.1.0", 3: "3.0.0"}
"""Version in the header where a vehicle has not told its own."""


def major_of(version: str) -> int:
    """2 or 3, of a topic level (v2) or a header (2.1.0); 0 for what this gateway does not speak."""
    found = _VERSION.fullmatch(version.strip().lower())
    major = int(found.group(1)[:3]) if found else 0
    return major if major in LATEST else 0


# To the vehicle.


def order_for(order: Order, version: str) -> bytes:
    """The order in the words of that version."""
    content = msgspec.to_builtins(order)
    content["version"] = version
    if major_of(version) == 2:
        content["nodes"] = [_node_2(node) for node in content["nodes"]]
        nodes = order.nodes
        content["edges"] = [
            _edge_2(edge, nodes[i], nodes[i + 1]) for i, edge in enumerate(content["edges"])
        ]
    return msgspec.json.encode(content)


def instants_for(message: InstantActions, version: str) -> bytes:
    content = msgspec.to_builtins(message)
    content["version"] = version
    if major_of(version) == 2:
        content["actions"] = [_action_2(action) for action in content["actions"]]
    return msgspec.json.encode(content)


def _node_2(node: Json) -> Json:
    node = _renamed(node, {"nodeDescriptor": "nodeDescription"})
    node["actions"] = [_action_2(action) for action in node["actions"]]
    if "nodePosition" in node:
        position = dict(node["nodePosition"])
        ellipse = position.get("allowedDeviationXY")
        if ellipse is not None:  # a circle within the ellipse
            position["allowedDeviationXY"] = min(ellipse["a"], ellipse["b"])
        node["nodePosition"] = position
    return node


_EDGE_NAMES = {
    "edgeDescriptor": "edgeDescription",
    "maximumSpeed": "maxSpeed",
    "maximumMobileRobotHeight": "maxHeight",
    "minimumLoadHandlingDeviceHeight": "minHeight",
}
_NOT_IN_2 = ("reachOrientationBeforeEntering", "corridor")


def _edge_2(edge: Json, start: Node, end: Node) -> Json:
    edge = _renamed(edge, _EDGE_NAMES)
    for name in _NOT_IN_2:
        edge.pop(name, None)
    edge["startNodeId"], edge["endNodeId"] = start.node_id, end.node_id
    edge["actions"] = [_action_2(action) for action in edge["actions"]]
    return edge


def _action_2(action: Json) -> Json:
    action = _renamed(action, {"actionDescriptor": "actionDescription"})
    action.pop("retriable", None)
    if action["blockingType"] == "SINGLE":
        action["blockingType"] = "HARD"
    return action


def _renamed(content: Json, names: dict[str, str]) -> Json:
    return {names.get(name, name): value for name, value in content.items()}


# From the vehicle.


def read_json(payload: bytes) -> Json:
    """The object in the payload. Raises MessageError."""
    try:
        content = msgspec.json.decode(payload)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"no JSON: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise MessageError("a message is an object in JSON")
    return content


def state_from(content: Json, is_instant: Callable[[str], bool]) -> State:
    """The state of a vehicle of any version. is_instant: whether an actionId was that of an instant
    action, since version 2 has one list for all. Raises MessageError."""
    try:
        return msgspec.convert(_state_3(content, is_instant), State)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise MessageError(f"state: {str(error)[:200]}") from None


def connection_from(content: Json) -> ConnectionState:
    """Raises MessageError."""
    told = _word(content.get("connectionState", ""))
    for known in ConnectionState:
        if _word(known) == told:
            return known
    raise MessageError(f"connectionState is {str(content.get('connectionState'))[:40]!r}")


def _state_3(content: Json, is_instant: Callable[[str], bool]) -> Json:
    """Only what this project looks at, in the words of version 3."""
    actions = [_action_state(action) for action in content.get("actionStates") or ()]
    instants = [_action_state(action) for action in content.get("instantActionStates") or ()]
    mine = [action for action in actions if not is_instant(action["actionId"])]
    instants += [action for action in actions if is_instant(action["actionId"])]
    body = {
        "headerId": content.get("headerId", 0),
        "timestamp": content.get("timestamp", ""),
        "version": content.get("version", ""),
        "manufacturer": content.get("manufacturer", ""),
        "serialNumber": content.get("serialNumber", ""),
        "orderId": content.get("orderId") or "",
        "orderUpdateId": content.get("orderUpdateId") or 0,
        "lastNodeId": content.get("lastNodeId") or "",
        "lastNodeSequenceId": content.get("lastNodeSequenceId") or 0,
        "nodeStates": [_ahead(node, "nodeId") for node in content.get("nodeStates") or ()],
        "edgeStates": [_ahead(edge, "edgeId") for edge in content.get("edgeStates") or ()],
        "driving": content.get("driving", False),
        "actionStates": mine,
        "instantActionStates": instants,
        "powerSupply": _power(content),
        "operatingMode": _mode(content.get("operatingMode", "AUTOMATIC")),
        "errors": [_error(error) for error in content.get("errors") or ()],
        "safetyState": _safety(content.get("safetyState") or {}),
    }
    for name in ("paused", "velocity"):
        if content.get(name) is not None:
            body[name] = content[name]
    if content.get("loads") is not None:
        body["loads"] = [_load(load) for load in content["loads"]]
    position = content.get("mobileRobotPosition") or content.get("agvPosition")
    if position:
        body["mobileRobotPosition"] = _position(position)
    return body


def _ahead(thing: Json, name: str) -> Json:
    return {
        name: thing.get(name, ""),
        "sequenceId": thing["sequenceId"],
        "released": thing.get("released", True),
    }


def _action_state(action: Json) -> Json:
    told = _word(action.get("actionStatus", ""))
    status = next((known for known in ActionStatus if _word(known) == told), ActionStatus.FAILED)
    result = action.get("actionResult") or action.get("resultDescription") or ""
    return {
        "actionId": action["actionId"],
        "actionType": action.get("actionType") or "",
        "actionStatus": status,
        "actionResult": str(result),
    }


def _power(content: Json) -> Json:
    told = content.get("powerSupply")
    if told is None:
        battery = content.get("batteryState") or {}
        told = {
            "stateOfCharge": battery.get("batteryCharge", 100.0),
            "charging": battery.get("charging", False),
        }
    charge = told.get("stateOfCharge", 100.0)
    return {
        "stateOfCharge": min(100.0, max(0.0, float(charge))),  # some sensors say 100.4
        "charging": told.get("charging", False),
    }


def _mode(told: Any) -> OperatingMode:
    word = _word(told)
    return next((mode for mode in OperatingMode if _word(mode) == word), OperatingMode.MANUAL)


def _error(error: Json) -> Json:
    told = _word(error.get("errorLevel", "FATAL"))
    level = next((known for known in ErrorLevel if _word(known) == told), ErrorLevel.FATAL)
    references = error.get("errorReferences") or ()
    return {
        "errorType": str(error.get("errorType", "")),
        "errorLevel": level,
        "errorDescription": str(error.get("errorDescription") or ""),
        "errorReferences": [
            {
                "referenceKey": str(reference.get("referenceKey", "")),
                "referenceValue": str(reference.get("referenceValue", "")),
            }
            for reference in references
        ],
    }


def _safety(told: Json) -> Json:
    word = _word(told.get("activeEmergencyStop", told.get("eStop", "NONE")))
    # AUTOACK of version 2 is acknowledged by the vehicle itself: it is one all the same.
    stop = next((known for known in EmergencyStop if _word(known) == word), EmergencyStop.MANUAL)
    return {"activeEmergencyStop": stop, "fieldViolation": told.get("fieldViolation", False)}


def _load(load: Json) -> Json:
    return {"loadId": load.get("loadId") or "", "loadType": load.get("loadType") or ""}


def _position(told: Json) -> Json:
    theta = float(told.get("theta", 0.0))
    return {
        "x": told["x"],
        "y": told["y"],
        "theta": min(3.14159265358, max(-3.14159265358, theta)),
        "mapId": told.get("mapId") or "",
        "localized": told.get("localized", told.get("positionInitialized", True)),
    }


def _word(text: Any) -> str:
    """Without what versions spell differently: CONNECTIONBROKEN and CONNECTION_BROKEN."""
    return str(text).replace("_", "").upper()
