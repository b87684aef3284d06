"""The order that a unit has in hand: what of it is allowed, done, and hoped for.

Nodes are counted by index, sequenceId / 2. Each takes one move of the motors as a rule: to drive
there, or to lift or lower where the node before is; more where somebody orders both on one node,
and none where a tool does something on the spot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hw_bridge.agent.motors import Move, MoveKind
from hw_bridge.agent.tasks import LIFTING, STANDING, Task
from hw_bridge.vda5050.action import ActionState, ActionStatus
from hw_bridge.vda5050.names import OrderName
from hw_bridge.vda5050.order import Edge, Node, Order
from hw_bridge.vda5050.state import EdgeState, NodeState

SAME_PLACE_M = 0.01
KEPT_ACTIONS = 4
"""Actions that are over are told until so many later ones are over too, since an order may be that
of a whole day; those of the node reached last are always told."""


@dataclass(slots=True)
class Stop:
    """A node of the base. first, end: numbers of its first and its last move; end is first - 1
    where there is none."""

    node: Node
    first: int
    end: int
    state: NodeState
    edge: EdgeState | None


@dataclass(slots=True)
class Leg:
    move: Move
    node: int
    task: Task | None


class HeldOrder:
    """base: index of the last node of which it may do something; once cancelled, it is the one
    before `last` where a lift that was to be done at `last` has been given up. last: of the one
    reached last. origin: number of the move that brought the unit to the first node."""

    def __init__(self, order: Order, name: OrderName, origin: int) -> None:
        self.name, self.order_id = name, order.order_id
        self.message = order
        self.origin = origin
        self.base = self.last = 0
        self.is_cancelled = self.stands = False
        self.legs: dict[int, Leg] = {}
        self.tasks: list[Task] = []
        self.stops: dict[int, Stop] = {}
        self.horizon: tuple[tuple[NodeState, ...], tuple[EdgeState, ...]] = ((), ())
        self.ahead: Node | None = None
        self._add(order.nodes[0], None)
        self.extend(order)

    def extend(self, order: Order) -> None:
        """Take an update: its nodes after the first, which is the last of the base."""
        self.message = order
        ahead: list[Node] = []
        for node, edge in zip(order.nodes[1:], order.edges, strict=True):
            if node.released:
                self._add(node, edge)
            else:
                ahead.append(node)
        n_ahead = len(ahead)
        self.horizon = (
            tuple(_node_state(node) for node in ahead),
            tuple(_edge_state(edge) for edge in order.edges[len(order.edges) - n_ahead :]),
        )
        self.ahead = ahead[0] if ahead else None
        self.base = (order.nodes[-1 - n_ahead].sequence_id) // 2

    def _add(self, node: Node, edge: Edge | None) -> None:
        index = node.sequence_id // 2
        first = self.stops[index - 1].end + 1 if index else self.origin + 1
        end = first - 1
        lifts = [action for action in node.actions if action.action_type in LIFTING]
        moves: list[tuple[Move, Task | None]] = []
        if edge is not None and self._leads_away(index, node):
            speed = edge.maximum_speed if edge.maximum_speed is not None else math.inf
            moves.append((_move(MoveKind.DRIVE, node, speed), None))
        for action in node.actions:
            task = Task(action, index)
            self.tasks.append(task)
            if action in lifts:
                task.move = first + len(moves)
                load = str(action.parameter("loadId", ""))
                moves.append((_move(LIFTING[action.action_type], node, math.inf, load), task))
        for move, task_of in moves:
            end += 1
            self.legs[end] = Leg(move, index, task_of)
        state = None if edge is None else _edge_state(edge)
        self.stops[index] = Stop(node, first, end, _node_state(node), state)

    def _leads_away(self, index: int, node: Node) -> bool:
        before, here = self.stops[index - 1].node.node_position, node.node_position
        if before is None or here is None:
            return True
        return math.dist((before.x, before.y), (here.x, here.y)) > SAME_PLACE_M

    def advance(self, n_done: int, given: int) -> None:
        """Note the nodes reached. n_done: moves done; given: last move that the motors have."""
        while self.last < self.base and self._is_reached(self.last + 1, n_done, given):
            self.last += 1
            self._prune()

    def _is_reached(self, index: int, n_done: int, given: int) -> bool:
        stop = self.stops[index]
        if stop.end >= stop.first and self.legs[stop.first].move.kind is MoveKind.DRIVE:
            return n_done >= stop.first
        # At the place of the node before: reached as soon as the unit has done with that.
        is_free = n_done >= self.stops[index - 1].end
        if stop.end >= stop.first:
            return is_free and given >= stop.first
        return is_free and not any(
            task.node < index and not task.status.is_over and task.action.blocking_type in STANDING
            for task in self.tasks
        )

    def _prune(self) -> None:
        """Forget what lies behind. The node before the last is kept while the last is worked on."""
        behind = self.last - 2
        stop = self.stops.pop(behind, None)
        if stop is not None:
            for number in range(stop.first, stop.end + 1):
                self.legs.pop(number, None)
        over = [task for task in self.tasks if task.status.is_over and task.node < self.last]
        for task in over[:-KEPT_ACTIONS]:
            self.tasks.remove(task)

    def done(self, n_done: int) -> int:
        """Index of the last node where the motors have done everything."""
        return self.last if self.stops[self.last].end <= n_done else self.last - 1

    def step(self, n_done: int) -> int:
        """The same in the numbers of the controller's steps."""
        return self.name.stand + self.done(n_done)

    def cut(self, kept: int) -> None:
        """Allow nothing beyond move `kept`, and hope for nothing."""
        self.horizon, self.ahead = ((), ()), None
        for number in [number for number in self.legs if number > kept]:
            del self.legs[number]
        while self.base > 0 and not self._is_kept(self.base, kept):
            if self.base > self.last:
                del self.stops[self.base]
            self.base -= 1

    def _is_kept(self, index: int, kept: int) -> bool:
        stop = self.stops[index]
        return stop.first <= kept if stop.end >= stop.first else index <= self.last

    def is_idle(self, n_done: int) -> bool:
        """Whether nothing is left to do, and no update is waited for."""
        if self.ahead is not None or self.last < self.base or self.stops[self.base].end > n_done:
            return False
        return all(task.status.is_over for task in self.tasks)

    def is_done(self, n_done: int) -> bool:
        """Whether nothing of the base is left to do."""
        return self.last >= self.base and self.stops[self.base].end <= n_done

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that only a look shows."""
        if self.is_cancelled:
            return not self.stands
        return any(task.move == 0 and not task.status.is_over for task in self.tasks)

    def node_states(self) -> tuple[NodeState, ...]:
        base = (self.stops[index].state for index in range(self.last + 1, self.base + 1))
        return (*base, *self.horizon[0])

    def edge_states(self) -> tuple[EdgeState, ...]:
        edges = (self.stops[index].edge for index in range(self.last + 1, self.base + 1))
        return (*(edge for edge in edges if edge is not None), *self.horizon[1])

    def action_states(self) -> tuple[ActionState, ...]:
        states = [task.state() for task in self.tasks]
        if self.ahead is not None:
            actions = (action for node in self.message.nodes if not node.released
                       for action in node.actions)  # fmt: skip
            states += [
                ActionState(
                    action_id=action.action_id,
                    action_type=action.action_type,
                    action_status=ActionStatus.WAITING,
                )
                for action in actions
            ]
        return tuple(states)


def _move(kind: MoveKind, node: Node, speed_m_s: float, load: str = "") -> Move:
    position = node.node_position
    x_m, y_m = (position.x, position.y) if position is not None else (math.nan, math.nan)
    return Move(kind, x_m, y_m, speed_m_s, node.node_id, load)


def _node_state(node: Node) -> NodeState:
    return NodeState(node_id=node.node_id, sequence_id=node.sequence_id, released=node.released)


def _edge_state(edge: Edge) -> EdgeState:
    return EdgeState(edge_id=edge.edge_id, sequence_id=edge.sequence_id, released=edge.released)
