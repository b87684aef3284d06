"""Is a message an order at all? What the schema of VDA 5050 does not say (section 6.1.1)."""

from __future__ import annotations

from collections.abc import Iterator

from hw_bridge.agent.options import Identity
from hw_bridge.vda5050.base import VERSION, Message
from hw_bridge.vda5050.names import ID_PATTERN
from hw_bridge.vda5050.order import Order

MAX_UINT32 = (1 << 32) - 1
MAX_PLACE_M = 1e6


def faults_of(order: Order, identity: Identity) -> list[str]:
    """All that is wrong with its form; nothing where it is an order for this unit."""
    return [*header_faults(order, identity), *_graph_faults(order), *_value_faults(order)]


def header_faults(message: Message, identity: Identity) -> Iterator[str]:
    if message.serial_number != identity.serial or message.manufacturer != identity.manufacturer:
        yield f"it is for {message.manufacturer}/{message.serial_number}"
    if message.version.split(".")[0] != VERSION.split(".")[0]:
        yield f"version {message.version}; this unit speaks {VERSION}"


def _graph_faults(order: Order) -> Iterator[str]:
    nodes, edges = order.nodes, order.edges
    if not nodes:
        yield "it has no nodes"
        return
    if len(edges) != len(nodes) - 1:
        yield f"{len(nodes)} nodes and {len(edges)} edges; there must be one edge fewer"
    first = nodes[0].sequence_id
    if first % 2:
        yield f"the first node has the odd sequenceId {first}"
    if any(node.sequence_id != first + 2 * row for row, node in enumerate(nodes)):
        yield "the sequenceIds of its nodes are not contiguous"
    if any(edge.sequence_id != first + 2 * row + 1 for row, edge in enumerate(edges)):
        yield "the sequenceIds of its edges do not lie between those of its nodes"
    if not nodes[0].released:
        yield "its first node is not released"
    released = [node.released for node in nodes]
    if sorted(released, reverse=True) != released:
        yield "a released node follows one that is not"
    if any(
        edge.released is not node.released for edge, node in zip(edges, nodes[1:], strict=False)
    ):
        yield "an edge is not released exactly when the node behind it is"


def _value_faults(order: Order) -> Iterator[str]:
    if not 0 <= order.order_update_id <= MAX_UINT32:
        yield f"orderUpdateId {order.order_update_id} is no uint32"
    names = {node.node_id for node in order.nodes} | {edge.edge_id for edge in order.edges}
    actions = [action for node in order.nodes for action in node.actions]
    names |= {action.action_id for action in actions} | {order.order_id}
    bad = sorted(name for name in names if not ID_PATTERN.fullmatch(name))
    if bad:
        yield f"names with characters that are not allowed: {', '.join(map(repr, bad[:3]))}"
    if len({action.action_id for action in actions}) < len(actions):
        yield "two of its actions have the same actionId"
    for node in order.nodes:
        place = node.node_position
        if place is not None and not max(abs(place.x), abs(place.y)) < MAX_PLACE_M:
            yield f"node {node.node_id} lies at {place.x}, {place.y}"
