"""Makes the orders of a vehicle out of the moves that it has to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hw_bridge.mqtt.abilities import Abilities
from hw_bridge.mqtt.floor import Place
from hw_bridge.mqtt.lifting import Unable, action_for
from hw_bridge.mqtt.progress import DriverOptions, Progress
from hw_bridge.mqtt.route import Route, Stop, Wording
from hw_bridge.vda5050.order import Order
from hw_bridge.vda5050.state import State

Header = Callable[[str], dict[str, Any]]
"""Of the next message on a topic."""


class Ordering:
    """life: differs from one start of the gateway to another, so that names of orders and actions
    never come again. unable: why the lift or lower looked at last cannot be ordered, "" if it can.
    """

    def __init__(
        self, progress: Progress, options: DriverOptions, life: int, header: Header
    ) -> None:
        self._progress, self._options, self._life, self._header = progress, options, life, header
        self._n_routes = self._n_actions = 0
        self.unable = ""

    def begin(self, state: State, abilities: Abilities, now_s: float) -> Route | None:
        """A new order, from where the vehicle stands; None where there is nothing it could do."""
        here, _ = self._progress.standing(state)
        if here is None:
            return None
        n_done = self._progress.n_done
        first = Stop(here, n_done, deviation_m=self._deviation_m(here, state))
        stops = [first, *self._drives(n_done + 1, abilities)]
        self._add_action(stops[-1], n_done + len(stops), abilities)
        if len(stops) == 1 and first.action is None:
            return None
        self._n_routes += 1
        return Route(f"{self._life}.{self._n_routes}", stops, began_s=now_s)

    def lengthen(self, route: Route, abilities: Abilities, now_s: float) -> Route | None:
        """The same order with an update; None where nothing can be added. An action on a node that
        has been sent without it is the next order."""
        drives = self._drives(route.last_move + 1, abilities)
        if not drives:
            return None
        self._add_action(drives[-1], drives[-1].drive + 1, abilities)
        route.extend(drives)
        route.began_s = now_s
        return route

    def message(self, route: Route, abilities: Abilities, now_s: float) -> Order:
        """The newest update of an order, to be sent now."""
        route.sent_s = now_s
        route.n_sent += 1
        wording = Wording(
            self._options.map_id,
            self._options.deviation_m,
            abilities.supports("order.nodes.nodePosition.allowedDeviationXY"),
            abilities.supports("order.edges.maximumSpeed", "order.edges.maxSpeed"),
        )
        return wording.order(route, self._header("order"))

    def _deviation_m(self, here: Place, state: State) -> float:
        """How far from its first node the vehicle may be; 0 for as far as from any."""
        pose = state.mobile_robot_position
        off_m = 0.0 if pose is None else here.distance_m(pose.x, pose.y)
        least_m = self._options.deviation_m
        return round(off_m + least_m, 3) if off_m > least_m else 0.0

    def _drives(self, number: int, abilities: Abilities) -> list[Stop]:
        """Stops of the drives from that move on, as many as fit into a message."""
        stops: list[Stop] = []
        moves = self._progress.moves
        while number in moves and len(stops) < abilities.max_nodes - 1:
            move = moves[number]
            if self._progress.is_lift(number):
                break
            stops.append(Stop(Place(move.node, move.x_m, move.y_m), number, move.speed_m_s))
            number += 1
        return stops

    def _add_action(self, stop: Stop, number: int, abilities: Abilities) -> None:
        """Give a stop the lift or lower that is the move of this number, if it is one."""
        self.unable = ""
        if not self._progress.is_lift(number):
            return
        move = self._progress.moves[number]
        action_id = f"{self._life}.a{self._n_actions + 1}"
        action = action_for(move, self._progress.label, abilities, action_id)
        if isinstance(action, Unable):
            self.unable = action.why
        else:
            self._n_actions += 1
            stop.action, stop.lift = action, number
