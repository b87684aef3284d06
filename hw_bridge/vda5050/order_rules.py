"""Rules of orders and of instantActions that their schemas do not catch (VDA 5050 3.0.0, 6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hw_bridge.vda5050.action import Action, BlockingType
from hw_bridge.vda5050.fault import Fault, Faults, Rule, id_faults, twice
from hw_bridge.vda5050.order import Edge, InstantActions, Node, Order
from hw_bridge.vda5050.path import Trajectory


def order_faults(order: Order) -> Faults:
    """Of one order or order update, whatever came before it; without its header."""
    yield from id_faults("orderId", order.order_id)
    if not order.nodes:
        yield Fault(Rule.NO_NODES, "nodes", "is empty; one node is the least")
        return
    yield from _chain_faults(order)
    yield from _release_faults(order)
    for index, node in enumerate(order.nodes):
        yield from _node_faults(f"nodes[{index}]", node)
    for index, edge in enumerate(order.edges):
        yield from _edge_faults(f"edges[{index}]", edge)
    placed = list(_placed_actions(order))
    yield from _actions_faults(placed)


def instant_faults(message: InstantActions) -> Faults:
    if not message.actions:
        yield Fault(Rule.NO_ACTIONS, "actions", "is empty; leave the message out")
    placed = [(f"actions[{index}]", action) for index, action in enumerate(message.actions)]
    yield from _actions_faults(placed)
    for place, action in placed:
        if action.blocking_type is not BlockingType.NONE:
            yield Fault(
                Rule.INSTANT_BLOCKING,
                f"{place}.blockingType",
                f"is {action.blocking_type}; of instant actions it is NONE",
            )


def _chain_faults(order: Order) -> Faults:
    """Node, edge, node, and so on, without a gap."""
    nodes, edges = order.nodes, order.edges
    if len(edges) != len(nodes) - 1:
        yield Fault(
            Rule.EDGE_COUNT, "edges", f"{len(edges)} for {len(nodes)} nodes; one less than nodes"
        )
    yield from _sequence_faults("nodes", [node.sequence_id for node in nodes], 0, nodes[0])
    yield from _sequence_faults("edges", [edge.sequence_id for edge in edges], 1, nodes[0])


def _sequence_faults(name: str, sequence_ids: list[int], offset: int, first: Node) -> Faults:
    for index, number in enumerate(sequence_ids):
        place = f"{name}[{index}].sequenceId"
        if number % 2 != offset:
            yield Fault(Rule.PARITY, place, f"{number} is not {'odd' if offset else 'even'}")
        expected = first.sequence_id + 2 * index + offset
        if number != expected:
            yield Fault(Rule.CONTIGUOUS, place, f"is {number}, expected {expected}")


def _release_faults(order: Order) -> Faults:
    nodes, edges = order.nodes, order.edges
    if not nodes[0].released:
        yield Fault(
            Rule.FIRST_RELEASED, "nodes[0].released", "is false; an order begins in its base"
        )
    for index, (node, after) in enumerate(pairwise(nodes), start=1):
        if after.released and not node.released:
            yield Fault(
                Rule.BASE_PREFIX, f"nodes[{index}].released", "is true behind a node of the horizon"
            )
    for index, edge in enumerate(edges[: len(nodes) - 1]):
        if edge.released != nodes[index + 1].released:
            is_so = "true" if edge.released else "false"
            yield Fault(
                Rule.EDGE_RELEASED,
                f"edges[{index}].released",
                f"is {is_so}, that of the node it leads to is not",
            )


def _node_faults(place: str, node: Node) -> Faults:
    yield from id_faults(f"{place}.nodeId", node.node_id)
    position = node.node_position
    if position is None:
        return
    yield from id_faults(f"{place}.nodePosition.mapId", position.map_id)
    allowed = position.allowed_deviation_xy
    if allowed is not None and allowed.a < allowed.b:
        yield Fault(
            Rule.TURNED_ELLIPSE,
            f"{place}.nodePosition.allowedDeviationXY",
            f"a = {allowed.a} is below b = {allowed.b}; swap them and turn theta by pi/2",
        )


def _edge_faults(place: str, edge: Edge) -> Faults:
    yield from id_faults(f"{place}.edgeId", edge.edge_id)
    for name, value in (
        ("maximumSpeed", edge.maximum_speed),
        ("maximumMobileRobotHeight", edge.maximum_mobile_robot_height),
        ("maxRotationSpeed", edge.max_rotation_speed),
        ("length", edge.length),
    ):
        if value is not None and value < 0:
            yield Fault(Rule.LIMIT, f"{place}.{name}", f"{value} is below 0")
    if edge.trajectory is not None:
        yield from trajectory_faults(f"{place}.trajectory", edge.trajectory)


def trajectory_faults(place: str, curve: Trajectory) -> Faults:
    knots = curve.knot_vector
    if knots is None:
        return
    degree = 1 if curve.degree is None else curve.degree
    wanted = len(curve.control_points) + degree + 1
    if len(knots) != wanted:
        yield Fault(
            Rule.KNOTS,
            f"{place}.knotVector",
            f"{len(knots)} knots, {wanted} belong to {len(curve.control_points)} control points "
            f"and degree {degree}",
        )
    if any(after < before for before, after in pairwise(knots)):
        yield Fault(Rule.KNOTS, f"{place}.knotVector", "falls")


def _placed_actions(order: Order) -> Iterator[tuple[str, Action]]:
    lists = [(f"nodes[{index}]", node.actions) for index, node in enumerate(order.nodes)]
    lists += [(f"edges[{index}]", edge.actions) for index, edge in enumerate(order.edges)]
    for place, actions in lists:
        for index, action in enumerate(actions):
            yield f"{place}.actions[{index}]", action


def _actions_faults(placed: list[tuple[str, Action]]) -> Faults:
    first: dict[str, str] = {}
    for place, action in placed:
        yield from id_faults(f"{place}.actionId", action.action_id)
        yield from id_faults(f"{place}.actionType", action.action_type)
        yield from twice(
            Rule.PARAMETER_TWICE,
            f"{place}.actionParameters[{{}}].key",
            (parameter.key for parameter in action.action_parameters),
        )
        before = first.setdefault(action.action_id, place)
        if before != place:
            yield Fault(
                Rule.ACTION_ID_TWICE,
                f"{place}.actionId",
                f"{action.action_id[:60]!r} is that of {before} too",
            )
