"""A small controller that speaks to one unit, and remembers all that it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import zmq

from hw_bridge.conformance.route import Route, straight_run
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.transport import Time, Transport
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionParameter, ActionState, BlockingType
from hw_bridge.vda5050.base import MANUFACTURER, VERSION, Message, MessageError, encode, timestamp
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.state import ConnectionState, OperatingMode, State
from hw_bridge.vda5050.topics import decode_topic
from hw_bridge.wire.frames import Link, Topic
from layouts import Layout

HELLO_S = 0.4
PATIENCE_S = 20.0
"""A unit may take so long to drive a cell or to come to a stand."""
ANSWER_S = 5.0
"""And so long to answer."""
LOOK_S = 0.05


class CaseFailed(AssertionError):  # noqa: N818 - a verdict
    """The unit does not do what it must; the text says what it does."""


class CaseSkipped(Exception):  # noqa: N818 - a verdict
    """The case cannot be tried on this unit; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """message: decoded, or the text of why it cannot be."""

    at_s: float
    topic: Topic
    link: Link
    message: Message | str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Setup:
    """open_transport: is called again when the link has been cut. epoch: greater than any that the
    unit has heard of. reboot: switches the unit off and on, None where nobody can. is_at_pod:
    there is a pod on the cell where the unit stands. is_behind_gateway: it is a vehicle that speaks
    plain VDA 5050 to a broker, and the gateway answers for it what it does not know of."""

    serial: str
    layout: Layout
    open_transport: Callable[[], Transport]
    time: Time
    epoch: int
    manufacturer: str = MANUFACTURER
    reboot: Callable[[], None] | None = None
    is_at_pod: bool = False
    is_behind_gateway: bool = False
    wall_zero_s: float = 0.0


class Rig:
    """said: all that has come, in order. epoch: ours; cases may raise it."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.epoch = setup, setup.epoch
        self.floor = FloorNames(setup.layout)
        self.said: list[Said] = []
        self.is_quiet = False
        self._state: State | None = None
        self._link = Link()
        self._n_sent = self._n_orders = self._n_instants = 0
        self._headers: dict[Topic, int] = {}
        self._greeted_s = -1e9
        self._transport: Transport | None = None
        self._poller = zmq.Poller()
        self.connect()

    # The link.

    def connect(self) -> None:
        self._transport = self.setup.open_transport()
        self._poller = zmq.Poller()
        self._transport.register(self._poller)

    def cut(self) -> None:
        """The link is gone; time passes by `pass_time`."""
        if self._transport is not None:
            self._transport.close()
        self._transport, self._poller = None, zmq.Poller()

    close = cut

    @property
    def now_s(self) -> float:
        return self.setup.time.now_s()

    def say(self, topic: Topic, payload: bytes, **link: Any) -> None:
        self._n_sent += 1
        header = {"seq": self._n_sent, "epoch": self.epoch, "session": self._link.session, **link}
        if topic is Topic.HELLO:
            header["session"] = 0
        header["sent_ns"] = round(self.now_s * 1e9)
        if self._transport is not None:
            self._transport.send(self.setup.serial, topic, Link(**header), payload)

    def pass_time(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self._look(end_s)

    def until(self, is_so: Callable[[], bool], what: str, seconds: float = ANSWER_S) -> None:
        """Wait for it. Raises CaseFailed."""
        end_s = self.now_s + seconds
        while not is_so():
            if self.now_s >= end_s - 1e-9:
                raise CaseFailed(f"{what}: not within {seconds:g} s; {self.summary()}")
            self._look(end_s)

    def never(self, is_so: Callable[[], bool], what: str, seconds: float) -> None:
        """Watch that it does not happen."""
        end_s = self.now_s + seconds
        while True:
            if is_so():
                raise CaseFailed(f"{what}; {self.summary()}")
            if self.now_s >= end_s - 1e-9:
                return
            self._look(end_s)

    def _look(self, end_s: float) -> None:
        if not self.is_quiet and self.now_s - self._greeted_s >= HELLO_S:
            self._greeted_s = self.now_s
            self.say(Topic.HELLO, b"")
        self.setup.time.wait(self._poller, min(end_s, self.now_s + LOOK_S))
        if self._transport is None:
            return
        for received in self._transport.take():
            if received.serial == self.setup.serial:
                self._note(received.topic, received.link, received.payload)

    def _note(self, topic: Topic, link: Link, payload: bytes) -> None:
        message: Message | str
        try:
            message = decode_topic(topic.value, payload)
        except MessageError as error:
            message = str(error)
        self.said.append(Said(self.now_s, topic, link, message, payload))
        if isinstance(message, State):
            self._state, self._link = message, link

    # What it says.

    @property
    def has_state(self) -> bool:
        return self._state is not None

    @property
    def state(self) -> State:
        if self._state is None:
            raise CaseFailed("it has sent no state that can be read")
        return self._state

    @property
    def link(self) -> Link:
        return self._link

    @property
    def has_extras(self) -> bool:
        """Whether it answers in the link header as gridfleet's agents do."""
        return self._link.session > 0 and self._link.epoch == self.epoch

    def need_extras(self) -> None:
        if not self.has_extras:
            raise CaseSkipped("it answers no epochs and sessions in the link header")

    def need_own_link(self) -> None:
        if self.setup.is_behind_gateway:
            raise CaseSkipped("its link is the broker's, and it drives on to the end of its base")

    def messages(self, topic: Topic) -> list[Said]:
        return [said for said in self.said if said.topic is topic]

    @property
    def factsheet(self) -> Factsheet:
        sheets = [s.message for s in self.said if isinstance(s.message, Factsheet)]
        if not sheets:
            raise CaseFailed("it has sent no factsheet that can be read")
        return sheets[-1]

    @property
    def is_online(self) -> bool:
        said = self.messages(Topic.CONNECTION)
        message = said[-1].message if said else None
        return getattr(message, "connection_state", None) is ConnectionState.ONLINE

    @property
    def errors(self) -> set[str]:
        return {error.error_type for error in self.state.errors}

    def status(self, action_id: str) -> str:
        states: Sequence[ActionState] = (
            *self.state.action_states,
            *self.state.instant_action_states,
        )
        return next((str(s.action_status) for s in states if s.action_id == action_id), "")

    @property
    def last(self) -> int:
        """Index of the node reached last."""
        return self.state.last_node_sequence_id // 2

    def has(self, order: Order) -> bool:
        state = self.state
        return (state.order_id, state.order_update_id) == (order.order_id, order.order_update_id)

    @property
    def is_idle(self) -> bool:
        state = self.state
        is_over = all(action.action_status.is_over for action in state.action_states)
        return not (state.node_states or state.edge_states or state.driving) and is_over

    def summary(self) -> str:
        """Of what it said last, for whoever has to find out why."""
        if self._state is None:
            return "it has sent no state"
        state = self._state
        ahead = "".join("r" if node.released else "h" for node in state.node_states) or "none"
        errors = ", ".join(sorted(self.errors)) or "none"
        return (
            f"it says order {state.order_id or 'none'} update {state.order_update_id}, node "
            f"{state.last_node_id or 'unknown'} ({state.last_node_sequence_id}), ahead {ahead}, "
            f"driving {state.driving}, paused {state.paused}, mode {state.operating_mode}, errors "
            f"{errors}"
        )

    # What is said to it.

    def header(self, topic: Topic) -> dict[str, Any]:
        number = self._headers[topic] = self._headers.get(topic, -1) + 1
        return {
            "header_id": number,
            "timestamp": timestamp(self.setup.wall_zero_s + self.now_s),
            "version": VERSION,
            "manufacturer": self.setup.manufacturer,
            "serial_number": self.setup.serial,
        }

    def cell(self) -> int:
        """Where it stands. Raises CaseFailed where it does not say."""
        state = self.state
        cell = self.floor.cells.get(state.last_node_id, -1)
        place = state.mobile_robot_position
        if cell < 0 and place is not None and place.localized:
            cell = self.floor.cell_near(place.x, place.y)
        if cell < 0:
            raise CaseFailed(f"nobody can tell on which cell it stands; {self.summary()}")
        return cell

    def step(self) -> int:
        """Steps that it has done, in the numbers of the order it has in hand."""
        name = names.order_named(self.state.order_id)
        if name is None:
            return 0
        step = name.stand + self.last
        is_open = self.status(names.step_action_name(name, step)) not in ("", "FINISHED")
        return step - int(is_open)

    def route(
        self, n_steps: int = 0, actions: Sequence[Action] = (), cells: Sequence[int] | None = None
    ) -> Route:
        """A new order's way, straight ahead where there is room, and back at its end. actions: at
        node 1, which is then where the unit stands."""
        if cells is None:
            run = straight_run(self.setup.layout, self.cell(), n_steps)
            if n_steps and len(run) == 1:
                raise CaseSkipped("it has no room to drive: all cells around it are walls")
            there_and_back = [*run, *run[-2::-1]]
            while len(there_and_back) <= n_steps:
                there_and_back += there_and_back[1:]
            cells = there_and_back[: n_steps + 1]
        if actions:
            cells = [cells[0], *cells]
        self._n_orders += 1
        number = self.epoch << names.EPOCH_BITS | self._n_orders
        name = names.OrderName(number, self.step())
        return Route(name, cells, self.floor, {1: tuple(actions)} if actions else {})

    def order(
        self, route: Route, update: int, first: int, last: int, n_ahead: int = 0,
        change: Callable[[Order], Order] | None = None, **link: Any,
    ) -> Order:  # fmt: skip
        """Send an order or an update; returns it."""
        order = route.order(self.header(Topic.ORDER), update, first, last, n_ahead)
        order = order if change is None else change(order)
        self.say(Topic.ORDER, encode(order), **link)
        return order

    def taken(self, order: Order) -> None:
        self.until(lambda: self.has(order), f"order {order.order_id} was not taken")

    def instant(
        self, kind: str, parameters: dict[str, Any] | None = None, action_id: str = "", **link: Any
    ) -> str:
        """Send an instant action; returns its id."""
        self._n_instants += 1
        number = self.epoch << names.EPOCH_BITS | self._n_instants
        action = Action(
            action_type=kind,
            action_id=action_id or names.instant_name(kind, number),
            blocking_type=BlockingType.NONE,
            action_parameters=tuple(
                ActionParameter(key=key, value=value) for key, value in (parameters or {}).items()
            ),
        )
        message = InstantActions(**self.header(Topic.INSTANT_ACTIONS), actions=(action,))
        self.say(Topic.INSTANT_ACTIONS, encode(message), **link)
        return action.action_id

    def cancel(self, order_id: str) -> str:
        named = names.order_named(order_id)
        action_id = ""
        if named is not None:
            action_id = f"{names.instant_name(names.CANCEL_ORDER, named.number)}"
        return self.instant(names.CANCEL_ORDER, {"orderId": order_id}, action_id)

    def ended(self, action_id: str, *status: str, seconds: float = ANSWER_S) -> None:
        wanted = " or ".join(status)
        self.until(
            lambda: self.status(action_id) in status, f"{action_id} is not {wanted}", seconds
        )

    def settle(self) -> None:
        """Before a case: the unit is available, not paused, and has nothing left to do."""
        if self._transport is None:
            self.connect()
        self.is_quiet = False
        self.until(lambda: self.has_state, "it does not connect", PATIENCE_S)
        self.until(
            lambda: self.state.operating_mode is OperatingMode.AUTOMATIC,
            "it is not in automatic mode",
            PATIENCE_S,
        )
        if self.state.paused:
            self.instant(names.STOP_PAUSE)
            self.until(lambda: not self.state.paused, "it stays paused")
        if not self.is_idle:
            self.cancel(self.state.order_id)
            self.until(lambda: self.is_idle, "it does not give up its order", PATIENCE_S)
