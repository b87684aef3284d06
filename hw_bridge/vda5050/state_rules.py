"""Rules of what a unit says of itself that the schemas do not catch (VDA 5050 3.0.0, 6.6, 6.10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.fault import UINT32_END, Fault, Faults, Rule, id_faults, twice
from hw_bridge.vda5050.order_rules import trajectory_faults
from hw_bridge.vda5050.state import EdgeState, NodeState, State
from hw_bridge.vda5050.visualization import Visualization


def state_faults(state: State) -> Faults:
    """Of one state, whatever came before it; without its header."""
    if state.order_id:
        yield from id_faults("orderId", state.order_id)
    elif state.order_update_id or state.node_states or state.edge_states:
        yield Fault(
            Rule.IDLE,
            "orderId",
            "is empty, but there are an orderUpdateId, nodeStates or edgeStates",
        )
    yield from _number_faults(state)
    yield from _ahead_faults(state)
    yield from _action_faults(state)
    yield from _enabled_faults(state)
    requests = [f"zoneRequests[{i}]" for i in range(len(state.zone_requests))]
    requests += [f"edgeRequests[{i}]" for i in range(len(state.edge_requests))]
    ids = [request.request_id for request in state.zone_requests]
    ids += [request.request_id for request in state.edge_requests]
    yield from _placed_twice(Rule.REQUEST_TWICE, requests, ids)
    if state.planned_path is not None:
        yield from trajectory_faults("plannedPath.trajectory", state.planned_path.trajectory)


def _number_faults(state: State) -> Faults:
    if state.order_update_id < 0:
        yield Fault(Rule.STATE_NUMBER, "orderUpdateId", f"{state.order_update_id} is below 0")
    last = state.last_node_sequence_id
    if last < 0 or last % 2:
        yield Fault(Rule.STATE_NUMBER, "lastNodeSequenceId", f"{last} is no sequenceId of a node")


def _ahead_faults(state: State) -> Faults:
    """What is still to be driven, in order, and nothing that is behind."""
    last = state.last_node_sequence_id if state.last_node_id else -1
    yield from _list_faults("nodeStates", state.node_states, last)
    yield from _list_faults("edgeStates", state.edge_states, last)


def _list_faults(name: str, things: Sequence[NodeState | EdgeState], last: int) -> Faults:
    yield from _rising_faults(name, things, last)
    for index, (before, after) in enumerate(pairwise(things), start=1):
        if after.released and not before.released:
            yield Fault(Rule.STATE_BASE, f"{name}[{index}].released", "is true behind the horizon")


def _rising_faults(name: str, things: Sequence[NodeState | EdgeState], last: int) -> Faults:
    for index, thing in enumerate(things):
        if thing.sequence_id <= last:
            yield Fault(
                Rule.STATE_SEQUENCE,
                f"{name}[{index}].sequenceId",
                f"{thing.sequence_id} is not above {last}, which comes before it",
            )
        last = thing.sequence_id


def _action_faults(state: State) -> Faults:
    for name, states in (
        ("actionStates", state.action_states),
        ("instantActionStates", state.instant_action_states),
        ("zoneActionStates", state.zone_action_states),
    ):
        for index, action in enumerate(states):
            yield from id_faults(f"{name}[{index}].actionId", action.action_id)
        yield from twice(
            Rule.STATE_ACTION_TWICE,
            f"{name}[{{}}].actionId",
            (action.action_id for action in states),
        )


def _enabled_faults(state: State) -> Faults:
    maps = [(i, m.map_id) for i, m in enumerate(state.maps) if m.map_status == "ENABLED"]
    zones = [(i, z.map_id) for i, z in enumerate(state.zone_sets) if z.zone_set_status == "ENABLED"]
    for name, enabled in (("maps", maps), ("zoneSets", zones)):
        places = [f"{name}[{i}]" for i, _ in enabled]
        yield from _placed_twice(Rule.ONE_ENABLED, places, [map_id for _, map_id in enabled])


def _placed_twice(rule: Rule, places: Sequence[str], names: Iterable[str]) -> Faults:
    first: dict[str, str] = {}
    for place, name in zip(places, names, strict=True):
        before = first.setdefault(name, place)
        if before != place:
            yield Fault(rule, place, f"{name[:60]!r} is that of {before} too")


def visualization_faults(message: Visualization) -> Faults:
    number = message.reference_state_header_id
    if not 0 <= number < UINT32_END:
        yield Fault(Rule.HEADER_ID, "referenceStateHeaderId", f"{number} is no uint32")
    if message.planned_path is not None:
        yield from trajectory_faults("plannedPath.trajectory", message.planned_path.trajectory)


def factsheet_faults(message: Factsheet) -> Faults:
    body, battery = message.physical_parameters, None
    if message.mobile_robot_configuration is not None:
        battery = message.mobile_robot_configuration.battery_charging
    pairs: list[tuple[str, float | None, float | None]] = [
        ("physicalParameters.minimumSpeed", body.minimum_speed, body.maximum_speed),
        ("physicalParameters.minimumHeight", body.minimum_height, body.maximum_height),
        (
            "physicalParameters.minimumAngularSpeed",
            body.minimum_angular_speed,
            body.maximum_angular_speed,
        ),
    ]
    if battery is not None:
        place = "mobileRobotConfiguration.batteryCharging.minimumDesiredChargingLevel"
        pairs.append(
            (place, battery.minimum_desired_charging_level, battery.maximum_desired_charging_level)
        )
    for place, least, most in pairs:
        if least is not None and most is not None and least > most:
            yield Fault(Rule.MINIMUM_MAXIMUM, place, f"{least} is above the maximum, {most}")
