"""A drive agent on motors of paper, and somebody who sends it orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import Memory, ShortMemory
from hw_bridge.agent.motors import Move, MoveKind, Senses, Trouble
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.agent.tools import Pause
from hw_bridge.vda5050.action import Action, ActionParameter, BlockingType
from hw_bridge.vda5050.base import MANUFACTURER, VERSION, decode, encode
from hw_bridge.vda5050.names import (
    CANCEL_ORDER,
    DROP,
    EPOCH_BITS,
    MAP_ID,
    PICK,
    OrderName,
    instant_name,
    step_action_name,
)
from hw_bridge.vda5050.order import Edge, InstantActions, Node, NodePosition, Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import State
from hw_bridge.vda5050.topics import KINDS
from hw_bridge.wire.frames import Link, Topic

SERIAL = "R0001"
IDENTITY = Identity(MANUFACTURER, SERIAL)
STAMP = "2026-01-01T00:00:00.000Z"
TOOLS = (Pause("wait"), Pause("beep", default_s=1.0))
Step = str | int


class PaperMotors:
    """Does a move whenever `run` is called. Half a move more, and it stands between two points.

    Fails loudly where it is given what motors are not to be given."""

    def __init__(self, x_m: float = 0.0, node: str = "c.1.1") -> None:
        self.moves: list[Move] = []
        self.senses = Senses(x_m, 0.0, 0.0, 0, 0, is_moving=False, is_between=False, node=node)
        self.is_held = self._is_lifting = False
        self.retries = 0
        self.hints: list[tuple[float, float]] = []
        self._kept = 0

    def sense(self) -> Senses:
        return self.senses

    def extend(self, moves: Sequence[Move]) -> None:
        assert moves
        assert self.senses.n_done >= self._kept, "extended before it has stopped"
        assert all(math.isfinite(move.x_m) for move in moves)
        self.moves += moves

    def stop_short(self) -> int:
        kept = self.senses.n_done + int(self.has_begun)
        del self.moves[kept:]
        if self.senses.trouble in (Trouble.NO_POD, Trouble.LIFT_FAILED):
            self.change(trouble=None)
        self._kept = kept
        return kept

    @property
    def has_begun(self) -> bool:
        return self.senses.is_between or (self._is_lifting and self.senses.trouble is None)

    def hold(self, is_held: bool) -> None:
        self.is_held = is_held
        if is_held:
            self.change(is_moving=False)

    def retry(self) -> None:
        self.retries += 1
        self.change(trouble=None)

    def look_ahead(self, x_m: float, y_m: float) -> None:
        self.hints.append((x_m, y_m))

    def change(self, **what: Any) -> None:
        self.senses = replace(self.senses, **what)

    def begin(self) -> None:
        """Set out with the next move."""
        move = self.moves[self.senses.n_done]
        self._is_lifting = move.kind is not MoveKind.DRIVE
        self.change(is_moving=True, is_between=not self._is_lifting)

    def run(self, n_moves: int = 1) -> None:
        """Do so many moves, as far as there are that many and nothing is against it."""
        for _ in range(n_moves):
            if self.is_held or self.senses.trouble or len(self.moves) <= self.senses.n_done:
                break
            move = self.moves[self.senses.n_done]
            load = self.senses.load
            if move.kind is not MoveKind.DRIVE:
                load = (move.load or "P00001") if move.kind is MoveKind.LIFT else ""
            n_done, self._is_lifting = self.senses.n_done + 1, False
            self.change(x_m=move.x_m, y_m=move.y_m, n_done=n_done, n_left=n_done, load=load,
                        node=move.node, is_between=False, is_moving=False)  # fmt: skip


def cell_name(step: Step) -> str:
    return step if isinstance(step, str) else f"c.1.{step + 1}"


@dataclass
class Path:
    """Steps of an order: numbers are columns of row 1 to drive to, "pick" and "drop" what to do
    where the unit is then."""

    name: OrderName
    steps: list[Step]
    manufacturer: str = MANUFACTURER

    def order(self, update: int, first: int, last: int, n_ahead: int = 0, **changes: Any) -> Order:
        """Its nodes first..last, and some more that are not released."""
        nodes, edges = [], []
        for index in range(first, last + n_ahead + 1):
            nodes.append(self._node(index, index <= last))
            if index > first:
                edges.append(
                    Edge(
                        edge_id=f"e.{index}",
                        sequence_id=2 * index - 1,
                        released=index <= last,
                        actions=(),
                    )
                )
        values: dict[str, Any] = {
            "header_id": update,
            "timestamp": STAMP,
            "version": VERSION,
            "manufacturer": self.manufacturer,
            "serial_number": SERIAL,
            "order_id": str(self.name),
            "order_update_id": update,
            "nodes": tuple(nodes),
            "edges": tuple(edges),
        }
        return Order(**{**values, **changes})

    def _node(self, index: int, released: bool) -> Node:
        drives = [step for step in self.steps[: index + 1] if not isinstance(step, str)]
        column, step = drives[-1], self.steps[index]
        actions: tuple[Action, ...] = ()
        if isinstance(step, str):
            kind, _, blocking = step.partition("/")
            actions = (
                Action(
                    action_type=kind,
                    action_id=step_action_name(self.name, self.name.stand + index),
                    blocking_type=BlockingType(blocking or "HARD"),
                    action_parameters=(ActionParameter(key="duration", value=2.0),)
                    if kind not in (PICK, DROP)
                    else (),
                ),
            )
        return Node(
            node_id=cell_name(column),
            sequence_id=2 * index,
            released=released,
            actions=actions,
            node_position=NodePosition(x=float(column), y=0.0, map_id=MAP_ID),
        )


class Rig:
    """Speaks to one agent as a controller would. now_s is the agent's clock."""

    def __init__(
        self, motors: PaperMotors | None = None, memory: Memory | None = None,
        options: AgentOptions | None = None, epoch: int = 5,
    ) -> None:  # fmt: skip
        self.motors = motors if motors is not None else PaperMotors()
        self.memory = memory if memory is not None else ShortMemory()
        self.options = options if options is not None else AgentOptions(tools=TOOLS)
        self.now_s, self.epoch = 100.0, epoch
        self.sent: list[Outgoing] = []
        self.agent = DriveAgent(IDENTITY, self.motors, self.memory, self.options, self.now_s)
        self.hello()

    def name(self, count: int, stand: int = 0, epoch: int | None = None) -> OrderName:
        return OrderName((self.epoch if epoch is None else epoch) << EPOCH_BITS | count, stand)

    def path(self, count: int, steps: Sequence[Step], stand: int = 0) -> Path:
        return Path(self.name(count, stand), list(steps))

    def reboot(self) -> None:
        self.agent = DriveAgent(IDENTITY, self.motors, self.memory, self.options, self.now_s)

    def hear(self, topic: Topic, payload: bytes, **link: Any) -> Rig:
        header = {"seq": 1, "epoch": self.epoch, "session": self.agent.session, **link}
        self.agent.hear(topic, Link(**header), payload, self.now_s)
        return self.tick()

    def hello(self, **link: Any) -> Rig:
        return self.hear(Topic.HELLO, b"", **link)

    def order(self, order: Order, **link: Any) -> Rig:
        return self.hear(Topic.ORDER, encode(order), **link)

    def instant(
        self, kind: str, count: int, parameters: dict[str, Any] | None = None,
        action_id: str | None = None, **link: Any,
    ) -> Rig:  # fmt: skip
        number = self.epoch << EPOCH_BITS | count
        action = Action(
            action_type=kind,
            action_id=instant_name(kind, number) if action_id is None else action_id,
            blocking_type=BlockingType.NONE,
            action_parameters=tuple(
                ActionParameter(key=key, value=value) for key, value in (parameters or {}).items()
            ),
        )
        message = InstantActions(
            header_id=count,
            timestamp=STAMP,
            version=VERSION,
            manufacturer=MANUFACTURER,
            serial_number=SERIAL,
            actions=(action,),
        )
        return self.hear(Topic.INSTANT_ACTIONS, encode(message), **link)

    def cancel(self, name: OrderName, **link: Any) -> Rig:
        count = name.number & 0xFFFFFFFF
        return self.instant(CANCEL_ORDER, count, {"orderId": str(name)}, **link)

    def tick(self, seconds: float = 0.0) -> Rig:
        self.now_s += seconds
        return self.note(self.agent.tick(self.now_s))

    def note(self, messages: list[Outgoing]) -> Rig:
        """Everything that it says is well-formed, whatever was said to it."""
        for topic, link, payload in messages:
            assert link.session == self.agent.session
            message = decode(KINDS[topic.value], payload)
            assert not message_faults(message), payload
        self.sent += messages
        return self

    def run(self, n_moves: int = 1) -> Rig:
        """Let the motors do moves, with the agent awake and the controller heard after each."""
        for _ in range(n_moves):
            self.motors.run()
            self.hello()
        return self

    @property
    def last(self) -> Outgoing:
        return next(out for out in reversed(self.sent) if out.topic is Topic.STATE)

    @property
    def state(self) -> State:
        return msgspec.json.decode(self.last.payload, type=State)

    @property
    def link(self) -> Link:
        return self.last.link

    @property
    def errors(self) -> list[str]:
        return [error.error_type for error in self.state.errors]

    def action(self, action_id: str) -> str:
        states = (*self.state.action_states, *self.state.instant_action_states)
        return next(s.action_status.value for s in states if s.action_id == action_id)

    def instant_status(self, kind: str, count: int) -> str:
        return self.action(instant_name(kind, self.epoch << EPOCH_BITS | count))

    def done(self) -> int:
        """Steps done, as a controller reads them off the state."""
        state = self.state
        name = state.order_id.split(".")
        done = int(name[2]) + state.last_node_sequence_id // 2
        open_ones = [
            action
            for action in state.action_states
            if action.action_id == f"{state.order_id}.{done}" and action.action_status != "FINISHED"
        ]
        return done - len(open_ones)
