"""An order as a vehicle gets it: a way from where it stands, with at most one action, at its end.

Vehicles of other makers differ in what they do with an action on a node that they stand on already,
with one that fails in the midst of an order, and with a way that leads from a place to itself. So
the gateway cuts the work of a unit into orders that leave no room for doubt: the way to a pod ends
with the action that lifts it, and what comes behind it is the next order, which begins when the
action is over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hw_bridge.mqtt.floor import Place
from hw_bridge.vda5050.action import Action, ActionStatus
from hw_bridge.vda5050.order import AllowedDeviation, Edge, Node, NodePosition, Order


@dataclass(slots=True)
class Stop:
    """A node. drive: number of the move that leads to it; of the first, of the last move done
    before. lift: number of the move that its action is, 0 for none."""

    place: Place
    drive: int
    speed_m_s: float = math.inf
    action: Action | None = None
    lift: int = 0
    deviation_m: float = 0.0


@dataclass(slots=True)
class Route:
    """An order of the vehicle, its first update with all stops, later ones from the last before.

    stops: stop i is the node with sequenceId 2 i. update: number of the latest message. begins_at:
    index of the first stop in it. confirmed: latest update that the vehicle has shown, -1 none.
    reached: index of the stop it has reached last. n_sent: messages of this update.
    statuses: by actionId. has_failed: its action has, and that is told.
    """

    order_id: str
    stops: list[Stop]
    update: int = 0
    begins_at: int = 0
    confirmed: int = -1
    reached: int = -1
    is_over: bool = False
    n_sent: int = 0
    has_failed: bool = False
    sent_s: float = -1e9
    began_s: float = 0.0
    statuses: dict[str, ActionStatus] = field(default_factory=dict)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed == self.update

    @property
    def last_move(self) -> int:
        """Number of the last move in it."""
        stop = self.stops[-1]
        return stop.lift or stop.drive

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be added: it ends with an action."""
        return self.stops[-1].action is not None

    @property
    def action_status(self) -> ActionStatus | None:
        """Of the action at its end; None without one, and where the vehicle has not shown it."""
        action = self.stops[-1].action
        return None if action is None else self.statuses.get(action.action_id)

    @property
    def is_action_over(self) -> bool:
        status = self.action_status
        return not self.is_closed or (status is not None and status.is_over)

    def extend(self, stops: list[Stop]) -> None:
        """The next update: it begins with the last stop, as it was."""
        self.begins_at = len(self.stops) - 1
        self.stops += stops
        self.update += 1
        self.n_sent = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """How orders are put for a vehicle. deviation_m: how near a node has to be met. has_deviation,
    has_speed: whether it understands these fields."""

    map_id: str
    deviation_m: float
    has_deviation: bool = True
    has_speed: bool = True

    def order(self, route: Route, header: dict[str, Any]) -> Order:
        first = route.begins_at
        stops = route.stops[first:]
        return Order(
            **header,
            order_id=route.order_id,
            order_update_id=route.update,
            nodes=tuple(self._node(stop, 2 * (first + i)) for i, stop in enumerate(stops)),
            edges=tuple(
                self._edge(before, stop, 2 * (first + i) + 1)
                for i, (before, stop) in enumerate(pairwise(stops))
            ),
        )

    def _node(self, stop: Stop, sequence_id: int) -> Node:
        allowed = None
        if self.has_deviation or stop.deviation_m:
            radius = stop.deviation_m or self.deviation_m
            allowed = AllowedDeviation(a=radius, b=radius, theta=0.0)
        return Node(
            node_id=stop.place.node,
            sequence_id=sequence_id,
            released=True,
            actions=() if stop.action is None else (stop.action,),
            node_position=NodePosition(
                x=stop.place.x_m,
                y=stop.place.y_m,
                map_id=self.map_id,
                allowed_deviation_xy=allowed,
            ),
        )

    def _edge(self, before: Stop, stop: Stop, sequence_id: int) -> Edge:
        has_limit = self.has_speed and math.isfinite(stop.speed_m_s)
        return Edge(
            edge_id=f"e{before.place.node[1:]}{stop.place.node[1:]}",
            sequence_id=sequence_id,
            released=True,
            actions=(),
            maximum_speed=round(stop.speed_m_s, 3) if has_limit else None,
        )
