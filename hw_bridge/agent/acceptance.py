"""Which orders a unit takes: VDA 5050, section 6.1.2, and docs/decisions/0005-the-link.md.

An order that is refused changes nothing but the errors of the state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hw_bridge.agent.content import content_fault
from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.options import AgentOptions, Identity
from hw_bridge.agent.refusal import Refusal, Why
from hw_bridge.agent.tasks import LIFTING
from hw_bridge.agent.whereabouts import Whereabouts
from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.names import OrderName, order_named
from hw_bridge.vda5050.order import Node, Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import OperatingMode


class Verdict(Enum):
    BEGIN = "a new order"
    EXTEND = "an update"
    IGNORE = "taken already"


def header_faults(message: Message, identity: Identity) -> Iterator[str]:
    """Is it for this unit?"""
    if message.serial_number != identity.serial or message.manufacturer != identity.manufacturer:
        yield f"it is for {message.manufacturer}/{message.serial_number}"


@dataclass(frozen=True, slots=True)
class Judge:
    identity: Identity
    options: AgentOptions

    def verdict(
        self, order: Order, is_anew: bool, where: Whereabouts, tombstone: int
    ) -> Verdict | Refusal:
        """is_anew, tombstone: see hw_bridge.wire.frames."""
        faults = [*header_faults(order, self.identity), *map(str, message_faults(order))]
        name = order_named(order.order_id)
        if name is None:
            faults.append(f"orderId {order.order_id!r} is not <epoch>.<count>.<stand>")
        if faults or name is None:
            return Refusal(Why.VALIDATION_FAILURE, "; ".join(faults))
        if where.mode is not OperatingMode.AUTOMATIC:
            return Refusal(Why.MOBILE_ROBOT_NOT_AVAILABLE, f"its mode is {where.mode}")
        # Given up, or overtaken by its own cancelling: its points may be another's by now.
        if name.number <= tombstone:
            return Refusal(Why.ORDER_UPDATE_FOLLOWING_CANCEL, f"order {name} was cancelled")
        if where.order is not None and where.order.order_id == order.order_id:
            return self._judge_update(order, where.order)
        return self._judge_new(order, name, is_anew, where)

    def _judge_update(self, order: Order, held: HeldOrder) -> Verdict | Refusal:
        mine, update = held.message, order.order_update_id
        if update < mine.order_update_id:
            text = f"update {update}, it has {mine.order_update_id}"
            return Refusal(Why.OUTDATED_ORDER_UPDATE, text)
        if update == mine.order_update_id:
            if (order.nodes, order.edges) == (mine.nodes, mine.edges):
                return Verdict.IGNORE
            return Refusal(Why.SAME_ORDER_UPDATE_ID, f"update {update} said something else")
        first, last = order.nodes[0], held.stops[held.base].node
        if not _is_same_node(first, last):
            text = f"it begins with node {first.node_id} ({first.sequence_id})"
            hint = f"begin with {last.node_id} ({last.sequence_id}), its last one, as it was sent"
            return Refusal(Why.VALIDATION_FAILURE, text, hint)
        known = {task.action.action_id for task in held.tasks}
        actions = {action.action_id for node in order.nodes[1:] for action in node.actions}
        if again := sorted(actions & known):
            return Refusal(Why.VALIDATION_FAILURE, f"{', '.join(again)} ordered before")
        return content_fault(order, self.options, len(held.stops)) or Verdict.EXTEND

    def _judge_new(
        self, order: Order, name: OrderName, is_anew: bool, where: Whereabouts
    ) -> Verdict | Refusal:
        held, first = where.order, order.nodes[0]
        if order.order_update_id != 0 or first.sequence_id != 0:
            text = f"new, and it begins with {order.order_update_id} and {first.sequence_id}"
            hint = "a new order begins with orderUpdateId 0 and sequenceId 0"
            return Refusal(Why.VALIDATION_FAILURE, text, hint)
        if held is not None and not _may_follow(held, is_anew, where):
            text = f"order {held.order_id} is not done"
            return Refusal(Why.OTHER_ORDER_ACTIVE, text, "cancel it before")
        if held is not None and name.number <= held.name.number:
            return Refusal(Why.OUTDATED_ORDER_UPDATE, f"order {held.order_id} is later")
        if fault := content_fault(order, self.options, 0):
            return fault
        if text := self._start_fault(order, name, is_anew, where):
            return Refusal(Why.START_NODE_OUT_OF_RANGE, text)
        return Verdict.BEGIN

    def _start_fault(self, order: Order, name: OrderName, is_anew: bool, where: Whereabouts) -> str:
        """Why it cannot begin with that order; "" where it can."""
        first, held, senses = order.nodes[0], where.order, where.senses
        place = where.place or "an unknown point"
        if not self._is_at(first, where):
            at = f"{place} ({senses.x_m:.2f}, {senses.y_m:.2f})"
            return f"it begins at {first.node_id}, the unit is at {at}"
        # The place alone does not tell: a lift that has been finished meanwhile was on the same.
        step = name.stand if held is None or is_anew else held.step(senses.n_done)
        if name.stand != step:
            return f"it begins at step {name.stand}, the unit is at step {step}"
        # Between two points it can go nowhere but to the one it is on its way to.
        if where.is_open and not _leads_to(order, where.open_to):
            return f"the unit stands between {place} and {where.open_to}: begin with these two"
        return ""

    def _is_at(self, node: Node, where: Whereabouts) -> bool:
        place = node.node_position
        if place is None or where.place not in (node.node_id, ""):
            return False
        if where.is_open:
            return True
        reach_m = self.options.start_tolerance_m
        if not where.place and place.allowed_deviation_xy is not None:
            reach_m = max(reach_m, place.allowed_deviation_xy.b)
        senses = where.senses
        return math.dist((place.x, place.y), (senses.x_m, senses.y_m)) <= reach_m


def _may_follow(held: HeldOrder, is_anew: bool, where: Whereabouts) -> bool:
    """Whether the unit has nothing left to do of the order in hand, but for an open step."""
    n_done = where.senses.n_done
    if held.is_cancelled:
        return where.is_at_rest or held.is_done(n_done)
    # An order that counts anew comes from one who knows nothing of the horizon.
    return held.is_idle(n_done) or (is_anew and held.is_done(n_done))


def _leads_to(order: Order, node_id: str) -> bool:
    """Whether the first thing to do is to drive there."""
    second = order.nodes[1] if len(order.nodes) > 1 else order.nodes[0]
    is_drive = not any(action.action_type in LIFTING for action in second.actions)
    return second.node_id == node_id and second.released and is_drive


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
