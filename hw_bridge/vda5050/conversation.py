"""Rules of what follows on each other between the controller and one unit (VDA 5050 3.0.0, 6.1.3).

Messages may be lost, doubled, late and overtaken on their way, so nothing here counts on having
seen all of them: what the controller sends is looked at in the order of sending, what the unit
sends in the order of its own numbers. A message sent again as it was is no fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hw_bridge.vda5050.action import Action, ActionState
from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.fault import UINT32_END, Fault, Faults, Rule
from hw_bridge.vda5050.names import CANCEL_ORDER
from hw_bridge.vda5050.order import InstantActions, Node, Order
from hw_bridge.vda5050.state import State


@dataclass(slots=True)
class _Sent:
    """The order that was sent last. base: last node of its base. first: the first update seen."""

    order: Order
    base: Node
    first: int


@dataclass(slots=True)
class Conversation:
    """All messages of one unit and to it, in the order in which one end has them."""

    _headers: dict[str, Message] = field(default_factory=dict)
    _sent: _Sent | None = None
    _cancelled: set[str] = field(default_factory=set)
    _actions: dict[str, Action] = field(default_factory=dict)
    _state: State | None = None
    _is_renewed: bool = False
    _session: int = -1
    _seq: int = -1

    def send(self, topic: str, message: Message) -> list[Fault]:
        """Faults of a message to the unit, with all before it."""
        before = self._headers.get(topic)
        if before is not None and before == message:
            return []  # sent again, since nobody has confirmed it
        self._headers[topic] = message
        faults = list(_rising(before, message))
        if isinstance(message, Order):
            faults += self._order_faults(message)
        elif isinstance(message, InstantActions):
            faults += self._instant_faults(message)
        return faults

    def renew(self) -> None:
        """Another controller takes over: its headerIds begin anew, the orders go on. What the one
        before sent last may never have arrived, so the next update stitches on what the unit has.
        """
        self._headers.clear()
        self._is_renewed = True

    def lose_track(self) -> None:
        """Something may have been sent that is not known here: the end of a log is missing."""
        self._headers.clear()
        self._sent = None

    def hear(self, message: Message, session: int, seq: int) -> list[Fault]:
        """Faults of a message of the unit. session, seq: of the link header; one that was overtaken
        is not looked at."""
        if not isinstance(message, State) or (session, seq) <= (self._session, self._seq):
            return []
        before = self._state if session == self._session else None
        self._session, self._seq, self._state = session, seq, message
        faults = list(self._state_faults(message))
        if before is not None:
            faults += _follow_faults(before, message)
        return faults

    def _order_faults(self, order: Order) -> Faults:
        sent = self._sent
        if order.order_id in self._cancelled:
            yield Fault(
                Rule.UPDATE_AFTER_CANCEL, "orderId", f"{order.order_id!r} has been cancelled before"
            )
        if sent is None or sent.order.order_id != order.order_id:
            if sent is not None and order.order_update_id:
                yield Fault(
                    Rule.FIRST_UPDATE,
                    "orderUpdateId",
                    f"order {order.order_id!r} begins with {order.order_update_id}, not with 0",
                )
        else:
            may_stitch = self._is_renewed or self._stitches_on_told(order)
            faults = update_faults(sent.order, sent.base, order)
            yield from (f for f in faults if not (may_stitch and f.rule is Rule.STITCH))
        self._is_renewed = False
        yield from self._reuse_faults(_actions_of(order))
        base = last_of_base(order)
        if base is not None:
            same = sent is not None and sent.order.order_id == order.order_id
            first = sent.first if sent is not None and same else order.order_update_id
            self._sent = _Sent(order, base, first)

    def _stitches_on_told(self, order: Order) -> bool:
        """Whether an update goes on from the base that the unit says it has. One that was sent
        before and that nobody confirms may have been lost, or refused for good."""
        state = self._state
        if state is None or state.order_id != order.order_id or not order.nodes:
            return False
        released = (node.sequence_id for node in state.node_states if node.released)
        return order.nodes[0].sequence_id == max(released, default=state.last_node_sequence_id)

    def _instant_faults(self, message: InstantActions) -> Faults:
        yield from self._reuse_faults(list(message.actions))
        for action in message.actions:
            if action.action_type == CANCEL_ORDER:
                current = self._sent.order.order_id if self._sent is not None else ""
                name = action.parameter("orderId", current)
                if isinstance(name, str) and name:
                    self._cancelled.add(name)

    def _reuse_faults(self, actions: list[Action]) -> Faults:
        for action in actions:
            known = self._actions.setdefault(action.action_id, action)
            if known != action:
                yield Fault(
                    Rule.ACTION_ID_REUSED,
                    "actionId",
                    f"{action.action_id!r} has been another action before",
                )

    def _state_faults(self, state: State) -> Faults:
        sent = self._sent
        if sent is None or state.order_id != sent.order.order_id:
            return
        if state.order_update_id > sent.order.order_update_id:
            yield Fault(
                Rule.UNKNOWN_UPDATE,
                "orderUpdateId",
                f"{state.order_update_id}, but {sent.order.order_update_id} was sent last",
            )


def last_of_base(order: Order) -> Node | None:
    return next((node for node in reversed(order.nodes) if node.released), None)


def update_faults(before: Order, base: Node, order: Order) -> Faults:
    """Of an order with the id of the one before. base: last node of the base so far."""
    number, latest = order.order_update_id, before.order_update_id
    if number < latest:
        yield Fault(Rule.UPDATE_BACK, "orderUpdateId", f"{number} after {latest}")
        return
    if number == latest:
        if (order.nodes, order.edges) != (before.nodes, before.edges):
            yield Fault(Rule.UPDATE_SAME, "orderUpdateId", f"{number} said something else before")
        return
    if order.nodes and order.nodes[0] != base:
        first = order.nodes[0]
        place = (first.node_id, first.sequence_id)
        what = (
            "its content is another"
            if place == (base.node_id, base.sequence_id)
            else (f"it is {first.node_id!r}, {first.sequence_id}")
        )
        yield Fault(
            Rule.STITCH,
            "nodes[0]",
            f"does not stitch to the base, which ends with {base.node_id!r}, {base.sequence_id}: "
            f"{what}",
        )


def _actions_of(order: Order) -> list[Action]:
    of_nodes = [action for node in order.nodes for action in node.actions]
    return of_nodes + [action for edge in order.edges for action in edge.actions]


def _rising(before: Message | None, message: Message) -> Faults:
    if before is None:
        return
    expected = (before.header_id + 1) % UINT32_END
    if message.header_id == before.header_id:
        yield Fault(
            Rule.HEADER_ORDER, "headerId", f"{message.header_id} said something else before"
        )
    elif message.header_id != expected:
        yield Fault(Rule.HEADER_ORDER, "headerId", f"is {message.header_id}, expected {expected}")


def _follow_faults(before: State, state: State) -> Faults:
    """Of two states of one session, the later one second."""
    if (state.header_id - before.header_id) % UINT32_END > UINT32_END // 2 or (
        state.header_id == before.header_id and state != before
    ):
        yield Fault(Rule.HEADER_ORDER, "headerId", f"{state.header_id} after {before.header_id}")
    if (state.order_id, state.order_update_id) != (before.order_id, before.order_update_id):
        if state.order_id == before.order_id and state.order_update_id < before.order_update_id:
            yield Fault(
                Rule.UPDATE_BACK,
                "orderUpdateId",
                f"{state.order_update_id} after {before.order_update_id}",
            )
        return
    if state.last_node_sequence_id < before.last_node_sequence_id:
        yield Fault(
            Rule.PROGRESS_UNDONE,
            "lastNodeSequenceId",
            f"{state.last_node_sequence_id} after {before.last_node_sequence_id}",
        )
    yield from _resumed("actionStates", before.action_states, state.action_states)


def _resumed(place: str, before: tuple[ActionState, ...], after: tuple[ActionState, ...]) -> Faults:
    over = {a.action_id: a.action_status for a in before if a.action_status.is_over}
    for action in after:
        status = over.get(action.action_id)
        if status is not None and status != action.action_status:
            yield Fault(
                Rule.ACTION_RESUMED,
                place,
                f"{action.action_id!r} is {action.action_status} after {status}",
            )
