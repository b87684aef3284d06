"""What is written to vehicles of each version of VDA 5050, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vda_samples import action, factsheet, instants, order, schema_folder, state

from hw_bridge.mqtt.abilities import Abilities, abilities_from
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.versions import (
    connection_from,
    instants_for,
    major_of,
    order_for,
    read_json,
    state_from,
)
from hw_bridge.schemas import Schemas
from hw_bridge.vda5050.action import ActionStatus, BlockingType
from hw_bridge.vda5050.base import MessageError, encode
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import ConnectionState, EmergencyStop, ErrorLevel, OperatingMode

FUZZ = settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[*HealthCheck]
)


def nothing_instant(action_id: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("text", "major"),
    [("v2", 2), ("2.0.0", 2), ("V2.1.0", 2), ("3.0.0", 3), ("v3", 3), ("v1", 0), ("1.1", 0),
     ("", 0), ("two", 0), ("4.0.0", 0), ("9" * 5000, 0)],
)  # fmt: skip
def test_versions(text: str, major: int) -> None:
    assert major_of(text) == major


# To the vehicle.


def test_version_3_is_written_as_it_is() -> None:
    content = json.loads(order_for(order(), "3.0.0"))
    assert content == json.loads(encode(order()))
    assert list(Schemas(schema_folder()).faults("order", content)) == []


def test_an_order_of_version_2() -> None:
    content = json.loads(order_for(order(2, 2), "2.0.0"))
    assert content["version"] == "2.0.0"
    first, second = content["nodes"]
    assert first["nodeDescription"] == "a cell"
    assert first["nodePosition"]["allowedDeviationXY"] == 0.05  # a circle within the ellipse
    (edge,) = content["edges"]
    assert (edge["startNodeId"], edge["endNodeId"]) == (first["nodeId"], second["nodeId"])
    assert (edge["maxSpeed"], edge["maxHeight"], edge["minHeight"]) == (1.5, 2.0, 0.1)
    assert edge["edgeDescription"] == "a way"
    assert "corridor" not in edge
    (act,) = first["actions"]
    assert act["actionDescription"] == "a pod"
    assert "retriable" not in act
    text = json.dumps(content)
    for word in ("Descriptor", "maximum", "minimum", "reachOrientation"):
        assert word not in text


def test_version_2_does_not_know_single() -> None:
    single = action("x", blocking=BlockingType.SINGLE)
    message = replace(instants(), actions=(single,))
    (act,) = json.loads(instants_for(message, "2.1.0"))["actions"]
    assert act["blockingType"] == "HARD"
    (act,) = json.loads(instants_for(message, "3.0.0"))["actions"]
    assert act["blockingType"] == "SINGLE"


# From the vehicle.

STATE_2: dict[str, Any] = {
    "headerId": 5, "timestamp": "2026-03-11T11:40:03.12Z", "version": "2.0.0",
    "manufacturer": "acme", "serialNumber": "V1", "orderId": "1.1", "orderUpdateId": 2,
    "zoneSetId": "", "lastNodeId": "c.1.2", "lastNodeSequenceId": 2,
    "nodeStates": [
        {"nodeId": "c.1.3", "sequenceId": 4, "released": True, "nodeDescription": "x",
         "nodePosition": {"x": 1.0, "y": 2.0, "mapId": "floor"}},
    ],
    "edgeStates": [
        {"edgeId": "e", "sequenceId": 3, "released": True, "edgeDescription": "y"},
    ],
    "agvPosition": {
        "x": 1.5, "y": 2.5, "theta": 3.2, "mapId": "floor", "positionInitialized": False,
        "localizationScore": 0.3,
    },
    "velocity": {"vx": 1, "vy": 0, "omega": 0},
    "loads": [{"loadId": "P00001", "loadType": None, "weight": 3.0}],
    "driving": True, "paused": False, "newBaseRequest": False, "distanceSinceLastNode": 0.4,
    "actionStates": [
        {"actionId": "a.1", "actionType": "pick", "actionDescription": "z",
         "actionStatus": "RUNNING", "resultDescription": "so far"},
        {"actionId": "i.1", "actionStatus": "FINISHED"},
    ],
    "batteryState": {"batteryCharge": 100.4, "batteryHealth": 90, "charging": True, "reach": 3},
    "operatingMode": "TEACHIN",
    "errors": [
        {"errorType": "pathBlocked", "errorLevel": "FATAL", "errorDescription": "a box",
         "errorReferences": [{"referenceKey": "nodeId", "referenceValue": "c.1.3"}]},
    ],
    "information": [{"infoType": "x", "infoLevel": "DEBUG"}],
    "safetyState": {"eStop": "AUTOACK", "fieldViolation": True},
}  # fmt: skip


def test_a_state_of_version_2() -> None:
    told = state_from(STATE_2, lambda action_id: action_id.startswith("i."))
    position = told.mobile_robot_position
    assert position is not None
    assert (position.x, position.y, position.localized) == (1.5, 2.5, False)
    assert position.theta == pytest.approx(3.14159265)  # it said 3.2
    assert (told.power_supply.state_of_charge, told.power_supply.charging) == (100.0, True)
    assert [a.action_id for a in told.action_states] == ["a.1"]
    assert told.action_states[0].action_status is ActionStatus.RUNNING
    assert told.action_states[0].action_result == "so far"
    assert [a.action_id for a in told.instant_action_states] == ["i.1"]
    assert told.operating_mode is OperatingMode.TEACH_IN
    assert told.safety_state.active_emergency_stop is EmergencyStop.MANUAL
    assert told.safety_state.field_violation
    (error,) = told.errors
    assert (error.error_type, error.error_level) == ("pathBlocked", ErrorLevel.FATAL)
    assert [load.load_id for load in told.loads or ()] == ["P00001"]
    assert (told.order_id, told.order_update_id, told.last_node_sequence_id) == ("1.1", 2, 2)
    assert [node.sequence_id for node in told.node_states] == [4]
    # What comes of it is right by version 3, but for the header.
    faults = message_faults(replace(told, version="3.0.0"))
    assert faults == []
    schemas = Schemas(schema_folder())
    assert list(schemas.faults("state", json.loads(encode(told)))) == []


def test_a_state_of_version_3() -> None:
    told = state_from(json.loads(encode(state())), nothing_instant)
    ours = state()
    for name in (
        "order_id", "order_update_id", "last_node_id", "driving", "paused", "operating_mode",
        "action_states", "instant_action_states", "velocity", "safety_state",
    ):  # fmt: skip
        mine = getattr(ours, name)
        if name == "action_states":
            mine = tuple(replace(a, action_descriptor="") for a in mine)
        assert getattr(told, name) == mine
    assert told.mobile_robot_position is not None
    assert told.mobile_robot_position.x == 1.0


def test_what_a_state_leaves_out_is_what_an_idle_vehicle_says() -> None:
    told = state_from({"orderId": None, "lastNodeId": None, "nodeStates": None}, nothing_instant)
    assert (told.order_id, told.last_node_id, told.node_states) == ("", "", ())
    assert told.operating_mode is OperatingMode.AUTOMATIC
    assert told.loads is None  # it cannot tell, which is not the same as nothing
    assert told.mobile_robot_position is None
    assert told.safety_state.active_emergency_stop is EmergencyStop.NONE


def test_what_nobody_knows_is_the_graver_one() -> None:
    told = state_from(
        {
            "operatingMode": "DANCING",
            "errors": [{"errorType": "x", "errorLevel": "SEVERE"}],
            "actionStates": [{"actionId": "a", "actionStatus": "DOUBTFUL"}],
            "safetyState": {"eStop": "SOMEHOW"},
        },
        nothing_instant,
    )
    assert told.operating_mode is OperatingMode.MANUAL
    assert told.errors[0].error_level is ErrorLevel.FATAL
    assert told.action_states[0].action_status is ActionStatus.FAILED
    assert told.safety_state.active_emergency_stop is EmergencyStop.MANUAL


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("CONNECTIONBROKEN", ConnectionState.CONNECTION_BROKEN),
        ("CONNECTION_BROKEN", ConnectionState.CONNECTION_BROKEN),
        ("online", ConnectionState.ONLINE),
        ("OFFLINE", ConnectionState.OFFLINE),
        ("HIBERNATING", ConnectionState.HIBERNATING),
    ],
)
def test_connections(word: str, known: ConnectionState) -> None:
    assert connection_from({"connectionState": word}) is known


def test_abilities_of_version_2() -> None:
    told = abilities_from(
        {
            "protocolLimits": {
                "maxArrayLens": {"order.nodes": 12},
                "timing": {"minOrderInterval": 0.5, "minStateInterval": 0.1},
            },
            "protocolFeatures": {
                "optionalParameters": [{"parameter": "order.edges.maxSpeed", "support": "X"}],
                "agvActions": [
                    {"actionType": "liftUp", "blockingTypes": ["SOFT", "HARD"]},
                    {"actionType": "lower", "blockingTypes": ["SOFT"], "actionParameters": [
                        {"key": "lhd"}, {"key": "speed", "isOptional": True}]},
                ],
            },
            "loadSpecification": {"loadPositions": ["plate"]},
        }
    )  # fmt: skip
    assert (told.lifting(), told.lowering()) == ("liftUp", "lower")
    assert told.skills["liftUp"].blocking is BlockingType.HARD
    assert told.skills["lower"].blocking is BlockingType.SOFT
    assert told.skills["lower"].parameters == {"lhd": True, "speed": False}
    assert (told.max_nodes, told.order_interval_s, told.state_interval_s) == (12, 0.5, 30.0)
    assert told.supports("order.edges.maximumSpeed", "order.edges.maxSpeed")
    assert not told.supports("order.nodes.nodePosition.allowedDeviationXY")


def test_abilities_of_version_3() -> None:
    told = abilities_from(json.loads(encode(factsheet())))
    assert (told.lifting(), told.lowering()) == ("pick", "")
    assert (told.max_nodes, told.state_interval_s) == (64, 1.0)
    assert told.load_positions == ("plate",)


def test_without_a_factsheet_the_usual_is_taken_to_be_known() -> None:
    told = Abilities()
    assert (told.lifting(), told.lowering()) == ("pick", "drop")
    assert told.supports("anything")
    assert "retry" not in told.skills


# Whatever the bytes are.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def try_all(payload: bytes) -> None:
    try:
        content = read_json(payload)
    except MessageError:
        return
    for read in (lambda c: state_from(c, nothing_instant), connection_from, abilities_from):
        try:
            read(content)
        except MessageError as error:
            text = str(error)
        else:
            text = ""
        assert len(text) < 300


@FUZZ
@given(payload=st.binary(max_size=100))
def test_any_bytes(payload: bytes) -> None:
    try_all(payload)


@FUZZ
@given(data=st.data())
def test_mutated_messages(data: st.DataObject) -> None:
    samples = [STATE_2, json.loads(encode(state())), json.loads(encode(factsheet()))]
    content = json.loads(json.dumps(data.draw(st.sampled_from(samples))))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = content
        key = data.draw(st.sampled_from(sorted(holder)))
        while isinstance(holder[key], (dict, list)) and holder[key] and data.draw(st.booleans()):
            holder = holder[key]
            keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
            key = data.draw(st.sampled_from(list(keys)))
        holder[key] = data.draw(JSON)
    try_all(json.dumps(content).encode())


# Where things are.


@pytest.mark.parametrize(
    ("x", "y", "names"),
    [
        (0.5, 2.5, ("c.1.1", "")),
        (0.55, 2.45, ("c.1.1", "")),
        (0.9, 2.5, ("c.1.1", "c.1.2")),
        (1.1, 2.45, ("c.1.2", "c.1.1")),
        (0.5, 2.1, ("c.1.1", "c.2.1")),
        (0.5, 0.52, ("c.3.1", "")),
        (1.0, 2.0, None),
        (-0.3, 2.5, None),
        (0.2, 2.5, None),  # between a cell and a wall
        (9.0, 9.0, None),
        (float("nan"), 1.0, None),
    ],
)
def test_cells_covered(x: float, y: float, names: tuple[str, str] | None) -> None:
    covered = Floor(3, 4, 1.0).covered(x, y, 0.12)
    if names is None:
        assert covered is None
    else:
        assert covered is not None
        first, second = covered
        assert (first.node, "" if second is None else second.node) == names
