"""ORDER records into orders of VDA 5050 and their updates.

A record says all steps that a unit may do; an update says only those behind the last node of the
unit's base, which it repeats, unchanged, as the node to stitch on. So what the unit has confirmed
has to be known, and at most one update may be on its way: the next one goes out when the echo is
there. Until then the same bytes are sent again whenever the courier asks.

The number of an order, and the step at which it begins, are in its name, so that a controller that
has started anew goes on with the order that a unit has in hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fleet_control.backend import Act
from fleet_control.link.messages import RESEND_S, RING
from hw_bridge.labels import Labels
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.translate.headers import Headers
from hw_bridge.vda5050.action import Action, ActionParameter, ActionState, BlockingType
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.names import (
    DROP,
    EPOCH_BITS,
    LOAD_TYPE,
    PICK,
    OrderName,
    is_number,
    step_action_name,
)
from hw_bridge.vda5050.order import Edge, Node, Order
from hw_bridge.wire.frames import Topic

PATIENCE = 5
"""An update that has been sent again so often, while the unit has said as often that it has an
earlier one, is made anew under the next number from what the unit says of its base: it may have
been refused for good."""
LIFE_UPDATES = 1000
"""A controller that goes on with the order of one before leaves out so many orderUpdateIds for each
epoch since then: what has been sent and lost may have had them, and none may say two things."""
_LIVES = 4_000_000
"""So many of them are below 2^32."""
_STATION_TYPE = "floor"
_ACTS = {PICK: Act.LIFT, DROP: Act.LOWER}


@dataclass(frozen=True, slots=True)
class _Said:
    """What the newest state says of the order in hand."""

    name: OrderName
    update: int
    base: int
    actions: tuple[ActionState, ...]


class UnitOrder:
    """The order that a unit's steps go out under.

    base: last step that the unit has confirmed, -1 while it has not taken the order. wanted: last
    step released. told, told_ahead: last step, and cell beyond, of the newest message. update: its
    orderUpdateId. pending: its bytes until the unit echoes it; n_again: how often these have been
    sent again, n_unheeded: how often the unit has said since that it has earlier ones. steps:
    (cell, act, speed) of steps from the base on; nodes: those that have been sent. acts_said: of
    steps whose actions the unit tells, which a controller that has started anew may not know.
    """

    __slots__ = (
        "acts_said", "ahead", "base", "epoch", "is_anew", "made_s", "n_again", "n_unheeded", "name",
        "nodes", "pending", "sent_s", "session", "steps", "told", "told_ahead", "update", "wanted",
    )  # fmt: skip

    def __init__(self, name: OrderName, base: int, update: int) -> None:
        self.name, self.base, self.update = name, base, update
        self.wanted = self.told = base
        self.ahead = self.told_ahead = -1
        self.epoch = self.session = 0
        self.is_anew = False
        self.pending, self.made_s, self.sent_s = b"", 0.0, 0.0
        self.n_again = self.n_unheeded = 0
        self.steps: dict[int, tuple[int, int, float]] = {}
        self.nodes: dict[int, Node] = {}
        self.acts_said: dict[int, int] = {}

    def note(self, record: Any) -> None:
        """Take over what a record says."""
        first, last = int(record["first"]), int(record["last"])
        cells, acts, speeds = record["cells"], record["acts"], record["speeds"]
        if first > self.wanted + 1:
            self.steps.clear()  # the unit says more than it was told; what it has is its own affair
        for step in range(max(first, self.wanted + 1) if self.steps else first, last + 1):
            slot = step % RING
            act = self.acts_said.get(step, int(acts[slot]))
            self.steps[step] = (int(cells[slot]), act, float(speeds[slot]))
        self.wanted, self.ahead = max(last, self.wanted), int(record["ahead"])
        self.epoch, self.session = int(record["epoch"]), int(record["session"])
        self.is_anew = bool(record["is_anew"])

    def confirm(self, base: int) -> None:
        for step in range(max(self.base, self.name.stand), base):
            self.steps.pop(step, None)
            self.nodes.pop(step, None)
        self.base = base
        self.pending, self.n_again, self.n_unheeded = b"", 0, 0

    @property
    def has_news(self) -> bool:
        return self.wanted > self.told or (self.ahead >= 0 and self.ahead != self.told_ahead)


class OrdersOut:
    """The orders of all units, as messages."""

    def __init__(self, floor: FloorNames, headers: Headers, labels: Labels, n_units: int) -> None:
        self._floor, self._headers, self._labels = floor, headers, labels
        self._orders: list[UnitOrder | None] = [None] * n_units
        self._names: list[dict[int, OrderName]] = [{} for _ in range(n_units)]
        self._said: list[_Said | None] = [None] * n_units
        self.n_again = self.n_made_anew = 0

    def take(self, record: Any, now_s: float) -> tuple[UnitOrder, bytes]:
        """The message that is due for an ORDER record, b"" for none."""
        unit, number = int(record["unit"]), int(record["order"])
        order = self._orders[unit]
        if order is None or order.name.number != number:
            order = self._begin(unit, number, int(record["stand"]), int(record["epoch"]))
        order.note(record)
        if order.pending:
            if now_s - order.sent_s < RESEND_S - 1e-9:
                return order, b""  # more is released, and goes out when the echo is there
            order.n_again += 1
            self.n_again += 1
            if order.base < 0 or min(order.n_again, order.n_unheeded) < PATIENCE:
                order.sent_s = now_s
                return order, order.pending
            self._restart(unit, order)
        elif order.base >= 0 and not order.has_news:
            if order.base >= order.wanted:
                return order, b""
            order.told = order.base  # there are steps that the unit has not confirmed after all
        return order, self._make(unit, order, now_s)

    def hear(
        self, unit: int, name: OrderName, update: int, base: int,
        actions: tuple[ActionState, ...], now_s: float,
    ) -> float:  # fmt: skip
        """The newest state of the unit: it has that order and update in hand, up to step `base`.
        actions: those that it tells of. Returns how long this echo took; -1 where none was
        awaited."""
        self._said[unit] = _Said(name, update, base, actions)
        order = self._orders[unit]
        if order is None or order.name != name:
            return -1.0
        if update < order.update:
            order.n_unheeded += 1
            return -1.0
        took_s = now_s - order.made_s if order.pending else -1.0
        if update > order.update:  # made before this controller's time, and taken late
            order.update, order.told = update, base
        order.confirm(base)
        return took_s

    def next(self, unit: int, number: int, now_s: float) -> tuple[UnitOrder, bytes] | None:
        """What has been released of that order since the unit has confirmed what it was sent."""
        order = self._orders[unit]
        if order is None or order.name.number != number or order.pending or not order.has_news:
            return None
        return order, self._make(unit, order, now_s)

    def forget(self, unit: int) -> None:
        """The unit was switched on again, and has forgotten all orders."""
        self._said[unit] = None

    def name(self, unit: int, number: int) -> OrderName:
        """Of an order that the unit has been given, or says that it has in hand."""
        said = self._said[unit]
        if said is not None and said.name.number == number:
            return said.name
        return self._names[unit].get(number, OrderName(number, 0))

    def oldest_s(self) -> float:
        """When the message was made that waits longest for its echo; inf for none."""
        waits = (order.made_s for order in self._orders if order is not None and order.pending)
        return min(waits, default=math.inf)

    def waits_since(self, unit: int) -> float | None:
        order = self._orders[unit]
        return order.made_s if order is not None and order.pending else None

    def _begin(self, unit: int, number: int, stand: int, epoch: int) -> UnitOrder:
        said = self._said[unit]
        if said is not None and said.name.number == number:
            n_lives = (epoch - (number >> EPOCH_BITS)) % _LIVES
            update = max(n_lives * LIFE_UPDATES, said.update + 1) - 1
            order = UnitOrder(said.name, base=said.base, update=update)
            order.acts_said = _acts_of(said)
        else:
            order = UnitOrder(OrderName(number, stand), base=-1, update=-1)
        names = self._names[unit]
        names[number] = order.name
        while len(names) > 4:
            del names[next(iter(names))]
        self._orders[unit] = order
        return order

    def _restart(self, unit: int, order: UnitOrder) -> None:
        self.n_made_anew += 1
        order.n_again = order.n_unheeded = 0
        said = self._said[unit]
        if said is not None and said.name == order.name:
            order.base = said.base
            for step, act in _acts_of(said).items():
                if step in order.steps:
                    cell, _, speed_m_s = order.steps[step]
                    order.steps[step] = cell, act, speed_m_s
                    order.nodes.pop(step, None)
        order.told, order.told_ahead = order.base, -1

    def _make(self, unit: int, order: UnitOrder, now_s: float) -> bytes:
        """The next message of the order: all steps that the unit does not know of."""
        first = max(order.name.stand if order.base < 0 else order.base, min(order.steps))
        nodes = [self._node(order, step) for step in range(first, order.wanted + 1)]
        edges = [self._edge(order, step) for step in range(first + 1, order.wanted + 1)]
        if order.ahead >= 0:
            last = order.steps[order.wanted][0]
            sequence = 2 * (order.wanted + 1 - order.name.stand)
            nodes.append(self._bare_node(order.ahead, sequence, released=False))
            edges.append(self._bare_edge(last, order.ahead, sequence - 1, released=False))
        order.update += 1
        order.told, order.told_ahead, order.made_s = order.wanted, order.ahead, now_s
        order.sent_s = now_s
        message = Order(
            **self._headers.next(unit, Topic.ORDER), order_id=str(order.name),
            order_update_id=order.update, nodes=tuple(nodes), edges=tuple(edges),
        )  # fmt: skip
        order.pending = encode(message)
        return order.pending

    def _node(self, order: UnitOrder, step: int) -> Node:
        """The node of a step, the same whenever it is sent."""
        node = order.nodes.get(step)
        if node is None:
            cell, act, _ = order.steps[step]
            sequence = 2 * (step - order.name.stand)
            actions: tuple[Action, ...] = ()
            if step > order.name.stand and act != Act.DRIVE:
                actions = (self._action(order.name, step, cell, act),)
            node = order.nodes[step] = self._bare_node(cell, sequence, True, actions)
        return node

    def _bare_node(
        self, cell: int, sequence: int, released: bool, actions: tuple[Action, ...] = ()
    ) -> Node:
        return Node(
            node_id=self._floor.names[cell], sequence_id=sequence, released=released,
            actions=actions, node_position=self._floor.position(cell),
        )  # fmt: skip

    def _edge(self, order: UnitOrder, step: int) -> Edge:
        cell, act, speed_m_s = order.steps[step]
        before = order.steps[step - 1][0]
        sequence = 2 * (step - order.name.stand) - 1
        limit = speed_m_s if act == Act.DRIVE and math.isfinite(speed_m_s) else None
        return self._bare_edge(before, cell, sequence, released=True, limit_m_s=limit)

    def _bare_edge(
        self, from_cell: int, to_cell: int, sequence: int, released: bool,
        limit_m_s: float | None = None,
    ) -> Edge:  # fmt: skip
        return Edge(
            edge_id=self._floor.edge(from_cell, to_cell), sequence_id=sequence, released=released,
            actions=(), maximum_speed=limit_m_s,
        )  # fmt: skip

    def _action(self, name: OrderName, step: int, cell: int, act: int) -> Action:
        values = {"stationType": _STATION_TYPE, "loadType": LOAD_TYPE}
        if act == Act.LIFT and (label := self._labels.at(cell)):
            values["loadId"] = label
        return Action(
            action_type=PICK if act == Act.LIFT else DROP,
            action_id=step_action_name(name, step),
            blocking_type=BlockingType.HARD,
            action_parameters=tuple(ActionParameter(key=k, value=v) for k, v in values.items()),
        )


def _acts_of(said: _Said) -> dict[int, int]:
    """What the unit has been told to do at steps of its order, by the actions it tells of."""
    acts = {}
    for state in said.actions:
        act = _ACTS.get(state.action_type)
        order_id, _, step = state.action_id.rpartition(".")
        if act is not None and order_id == str(said.name) and is_number(step):
            acts[int(step)] = int(act)
    return acts
