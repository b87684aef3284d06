"""Which orders a unit takes: VDA 5050, section 6.1.2, and docs/decisions/0005-the-link.md.

An order that is refused changes nothing but the errors of the state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.options import AgentOptions, Identity
from hw_bridge.agent.tasks import LIFTING
from hw_bridge.vda5050.action import Action, BlockingType
from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.names import OrderName, order_named
from hw_bridge.vda5050.order import Node, Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import ErrorLevel


class Why(StrEnum):
    """Types of errors, by VDA 5050."""

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
    why: Why
    text: str
    hint: str = ""


class Verdict(Enum):
    BEGIN = "a new order"
    EXTEND = "an update"
    IGNORE = "taken already"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the unit is. place: name of the point reached last, "" unknown. beyond: that of the
    point to which its step is open, while it is between the two, or has it still to do. is_at_rest:
    that step is all it has left, and nothing is on its way to it. n_done: moves done."""

    place: str
    x_m: float
    y_m: float
    n_done: int
    is_available: bool = True
    is_open: bool = False
    beyond: str = ""
    is_at_rest: bool = False
    tombstone: int = 0


def header_faults(message: Message, identity: Identity) -> Iterator[str]:
    """Is it for this unit?"""
    if message.serial_number != identity.serial or message.manufacturer != identity.manufacturer:
        yield f"it is for {message.manufacturer}/{message.serial_number}"


@dataclass(frozen=True, slots=True)
class Judge:
    identity: Identity
    options: AgentOptions

    def verdict(
        self, order: Order, is_anew: bool, held: HeldOrder | None, standing: Standing
    ) -> Verdict | Refusal:
        faults = [*header_faults(order, self.identity), *map(str, message_faults(order))]
        name = order_named(order.order_id)
        if name is None:
            faults.append(f"orderId {order.order_id!r} is not <epoch>.<count>.<stand>")
        if faults or name is None:
            return Refusal(Why.VALIDATION_FAILURE, "; ".join(faults))
        if not standing.is_available:
            return Refusal(Why.MOBILE_ROBOT_NOT_AVAILABLE, "it is not in automatic mode")
        # Given up, or overtaken by its own cancelling: its points may be another's by now.
        if name.number <= standing.tombstone:
            return Refusal(Why.ORDER_UPDATE_FOLLOWING_CANCEL, f"order {name} was cancelled")
        if held is not None and held.order_id == order.order_id:
            return self._judge_update(order, held)
        return self._judge_new(order, name, is_anew, held, standing)

    def _judge_update(self, order: Order, held: HeldOrder) -> Verdict | Refusal:
        mine = held.message
        if order.order_update_id < mine.order_update_id:
            return Refusal(
                Why.OUTDATED_ORDER_UPDATE,
                f"update {order.order_update_id}, it has {mine.order_update_id}",
            )
        if order.order_update_id == mine.order_update_id:
            if (order.nodes, order.edges) == (mine.nodes, mine.edges):
                return Verdict.IGNORE
            return Refusal(
                Why.SAME_ORDER_UPDATE_ID, f"update {order.order_update_id} said something else"
            )
        last = held.stops[held.base].node
        if not _is_same_node(order.nodes[0], last):
            return Refusal(
                Why.VALIDATION_FAILURE,
                f"it begins with node {order.nodes[0].node_id} ({order.nodes[0].sequence_id})",
                f"begin with the last node of the base, {last.node_id} ({last.sequence_id}), as it "
                "was sent",
            )
        known = {task.action.action_id for task in held.tasks}
        again = [a.action_id for node in order.nodes[1:] for a in node.actions
                 if a.action_id in known]  # fmt: skip
        if again:
            return Refusal(Why.VALIDATION_FAILURE, f"action {again[0]} was ordered before")
        return self._judge_content(order, len(held.stops)) or Verdict.EXTEND

    def _judge_new(
        self, order: Order, name: OrderName, is_anew: bool, held: HeldOrder | None,
        standing: Standing,
    ) -> Verdict | Refusal:  # fmt: skip
        if order.order_update_id != 0 or order.nodes[0].sequence_id != 0:
            return Refusal(
                Why.VALIDATION_FAILURE,
                f"it is new here and begins with update {order.order_update_id}, sequenceId "
                f"{order.nodes[0].sequence_id}",
                "a new order begins with 0 and 0",
            )
        if held is not None:
            if not self._may_follow(held, is_anew, standing):
                return Refusal(
                    Why.OTHER_ORDER_ACTIVE, f"order {held.order_id} is not done", "cancel it before"
                )
            if name.number <= held.name.number:
                return Refusal(Why.OUTDATED_ORDER_UPDATE, f"order {held.order_id} is later")
        fault = self._judge_content(order, 0)
        if fault is not None:
            return fault
        return self._judge_start(order, name, is_anew, held, standing) or Verdict.BEGIN

    @staticmethod
    def _may_follow(held: HeldOrder, is_anew: bool, standing: Standing) -> bool:
        """Whether the unit has nothing left to do of the order in hand, but for an open step."""
        if held.is_cancelled:
            return standing.is_at_rest or held.is_done(standing.n_done)
        # An order that counts anew comes from one who knows nothing of the horizon.
        return held.is_idle(standing.n_done) or (is_anew and held.is_done(standing.n_done))

    def _judge_start(
        self, order: Order, name: OrderName, is_anew: bool, held: HeldOrder | None,
        standing: Standing,
    ) -> Refusal | None:  # fmt: skip
        first = order.nodes[0]
        place = standing.place or "an unknown point"
        if not self._is_at(first, standing):
            return Refusal(
                Why.START_NODE_OUT_OF_RANGE,
                f"it begins at {first.node_id}, the unit is at {place} ({standing.x_m:.2f}, "
                f"{standing.y_m:.2f})",
            )
        # The place alone does not tell: a lift that has been finished meanwhile was on the same.
        if held is not None and not is_anew and name.stand != held.step(standing.n_done):
            return Refusal(
                Why.START_NODE_OUT_OF_RANGE,
                f"it begins at step {name.stand}, the unit is at step {held.step(standing.n_done)}",
            )
        # Between two points it can go nowhere but to the one it is on its way to.
        if standing.is_open:
            second = order.nodes[1] if len(order.nodes) > 1 else first
            is_drive = not any(action.action_type in LIFTING for action in second.actions)
            if second.node_id != standing.beyond or not (is_drive and second.released):
                return Refusal(
                    Why.START_NODE_OUT_OF_RANGE,
                    f"the unit stands between {place} and {standing.beyond}",
                    f"begin with {place} and {standing.beyond}",
                )
        return None

    def _is_at(self, node: Node, standing: Standing) -> bool:
        place = node.node_position
        if place is None:
            return False
        if standing.place and standing.place != node.node_id:
            return False
        if standing.is_open:
            return True
        reach_m = self.options.start_tolerance_m
        if not standing.place and place.allowed_deviation_xy is not None:
            reach_m = max(reach_m, place.allowed_deviation_xy.b)
        return math.dist((place.x, place.y), (standing.x_m, standing.y_m)) <= reach_m

    def _judge_content(self, order: Order, n_kept: int) -> Refusal | None:
        options = self.options
        if len(order.nodes) + n_kept > options.max_nodes:
            return Refusal(
                Why.INSUFFICIENT_MEMORY, f"{len(order.nodes) + n_kept} nodes",
                f"it keeps {options.max_nodes} at a time",
            )  # fmt: skip
        unsupported = sorted({*_unsupported_fields(order)})
        if unsupported:
            return Refusal(Why.UNSUPPORTED_PARAMETER, ", ".join(unsupported))
        faults = [*self._action_faults(order)]
        if faults:
            return Refusal(Why.INVALID_ORDER_ACTION, "; ".join(faults))
        places = [node.node_position for node in order.nodes]
        maps = sorted({p.map_id for p in places if p is not None and p.map_id != options.map_id})
        if maps:
            return Refusal(Why.UNKNOWN_MAP_ID, ", ".join(maps), f"it has the map {options.map_id}")
        return self._judge_route(order)

    def _judge_route(self, order: Order) -> Refusal | None:
        for node in order.nodes:
            if node.node_position is None:
                return Refusal(
                    Why.NO_ROUTE_TO_TARGET, f"nobody says where node {node.node_id} is",
                    "it needs nodePosition",
                )  # fmt: skip
        for one, two in zip(order.nodes, order.nodes[1:], strict=False):
            a, b = one.node_position, two.node_position
            if a and b and math.dist((a.x, a.y), (b.x, b.y)) > self.options.longest_edge_m:
                return Refusal(
                    Why.NO_ROUTE_TO_TARGET, f"it is too far from {one.node_id} to {two.node_id}"
                )
        return None

    def _action_faults(self, order: Order) -> Iterator[str]:
        for edge in order.edges:
            for action in edge.actions:
                yield f"{action.action_type} on an edge"
        for node in order.nodes:
            for action in node.actions:
                yield from self._faults_of_action(action)

    def _faults_of_action(self, action: Action) -> Iterator[str]:
        if action.action_type in LIFTING:
            if action.blocking_type is not BlockingType.HARD:
                yield f"{action.action_type} that blocks {action.blocking_type}, not HARD"
            return
        tool = self.options.tool(action.action_type)
        if tool is None or "NODE" not in tool.scopes:
            yield f"it cannot {action.action_type} on a node"
        elif action.blocking_type not in tool.blocking:
            yield f"{action.action_type} that blocks {action.blocking_type}"
        else:
            yield from tool.faults(action)


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


_UNSUPPORTED_OF_EDGES = (
    "maximum_mobile_robot_height", "minimum_load_handling_device_height", "orientation",
    "orientation_type", "direction", "reach_orientation_before_entering", "max_rotation_speed",
    "trajectory", "corridor",
)  # fmt: skip


def _is_same_node(node: Node, mine: Node) -> bool:
    """Parameters of actions may differ: what is known of a load may have grown since."""
    if (node.node_id, node.sequence_id) != (mine.node_id, mine.sequence_id):
        return False
    a, b = node.node_position, mine.node_position
    if a is None or b is None or math.dist((a.x, a.y), (b.x, b.y)) > 1e-3 or a.map_id != b.map_id:
        return False
    return [(a.action_id, a.action_type, a.blocking_type) for a in node.actions] == [
        (a.action_id, a.action_type, a.blocking_type) for a in mine.actions
    ]
