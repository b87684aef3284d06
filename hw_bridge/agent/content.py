"""Can a unit do what an order says? (VDA 5050, sections 6.1.4.2, 6.1.4.3, 6.1.4.8, 6.1.4.10)"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from hw_bridge.agent.options import AgentOptions
from hw_bridge.agent.refusal import Refusal, Why
from hw_bridge.agent.tasks import LIFTING
from hw_bridge.vda5050.action import Action, BlockingType
from hw_bridge.vda5050.order import Order

_UNSUPPORTED_OF_EDGES = (
    "maximum_mobile_robot_height", "minimum_load_handling_device_height", "orientation",
    "orientation_type", "direction", "reach_orientation_before_entering", "max_rotation_speed",
    "trajectory", "corridor",
)  # fmt: skip


def content_fault(order: Order, options: AgentOptions, n_kept: int) -> Refusal | None:
    """n_kept: nodes that the unit has to remember beside those of the order."""
    n_nodes = len(order.nodes) + n_kept
    if n_nodes > options.max_nodes:
        hint = f"it keeps {options.max_nodes} at a time"
        return Refusal(Why.INSUFFICIENT_MEMORY, f"{n_nodes} nodes", hint)
    if unsupported := sorted({*_unsupported_fields(order)}):
        return Refusal(Why.UNSUPPORTED_PARAMETER, ", ".join(unsupported))
    if faults := [*_action_faults(order, options)]:
        return Refusal(Why.INVALID_ORDER_ACTION, "; ".join(faults))
    places = [node.node_position for node in order.nodes]
    maps = {place.map_id for place in places if place is not None} - {options.map_id}
    if maps:
        hint = f"it has the map {options.map_id}"
        return Refusal(Why.UNKNOWN_MAP_ID, ", ".join(sorted(maps)), hint)
    if faults := [*_route_faults(order, options.longest_edge_m)]:
        return Refusal(Why.NO_ROUTE_TO_TARGET, "; ".join(faults))
    return None


def _unsupported_fields(order: Order) -> Iterator[str]:
    for node in order.nodes:
        place = node.node_position
        if place is not None and place.theta is not None:
            yield "nodePosition.theta"
        if place is not None and place.allowed_deviation_theta is not None:
            yield "nodePosition.allowedDeviationTheta"
    for edge in order.edges:
        for field in _UNSUPPORTED_OF_EDGES:
            if getattr(edge, field) not in (None, ""):
                yield f"edge.{field}"


def _action_faults(order: Order, options: AgentOptions) -> Iterator[str]:
    for edge in order.edges:
        for action in edge.actions:
            yield f"{action.action_type} on an edge"
    for node in order.nodes:
        for action in node.actions:
            yield from _faults_of_action(action, options)


def _faults_of_action(action: Action, options: AgentOptions) -> Iterator[str]:
    if action.action_type in LIFTING:
        if action.blocking_type is not BlockingType.HARD:
            yield f"{action.action_type} that blocks {action.blocking_type}, not HARD"
        return
    tool = options.tool(action.action_type)
    if tool is None or "NODE" not in tool.scopes:
        yield f"it cannot {action.action_type} on a node"
    elif action.blocking_type not in tool.blocking:
        yield f"{action.action_type} that blocks {action.blocking_type}"
    else:
        yield from tool.faults(action)


def _route_faults(order: Order, longest_m: float) -> Iterator[str]:
    for node in order.nodes:
        if node.node_position is None:
            yield f"nobody says where node {node.node_id} is"
    for one, two in pairwise(order.nodes):
        a, b = one.node_position, two.node_position
        if a and b and math.dist((a.x, a.y), (b.x, b.y)) > longest_m:
            yield f"it is too far from {one.node_id} to {two.node_id}"
