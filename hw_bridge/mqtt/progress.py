"""What a vehicle still has to do, and how far it is, by what it says of itself.

Moves are numbered as in hw_bridge.agent.motors. A move is done when the vehicle says so and its
position does not say otherwise: vehicles call a node reached from some distance on, when their tail
is still in the cell before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_bridge.agent.motors import Move, MoveKind
from hw_bridge.mqtt.floor import Floor, Place
from hw_bridge.mqtt.route import Route, Stop
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.path import MobileRobotPosition
from hw_bridge.vda5050.state import State

UNREADABLE = "?"
"""Label of a pod that nobody can tell."""


@dataclass(frozen=True, slots=True)
class DriverOptions:
    """map_id: as the vehicle calls the floor. deviation_m: how near it has to come to the centre of
    a cell while it drives. standing_m: how far off a centre it may stand."""

    map_id: str = names.MAP_ID
    deviation_m: float = 0.05
    standing_m: float = 0.12


class Progress:
    """n_done: moves done. last: number of the last one that is still to be done. here: where the
    last one done led to, None where that is not known. node: name of the cell whose centre it
    reached last, as far as anybody remembers. label: of what the vehicle carries, as far as it was
    told."""

    def __init__(self, floor: Floor, options: DriverOptions) -> None:
        self._floor, self._options = floor, options
        self.moves: dict[int, Move] = {}
        self.n_done = self.last = 0
        self.here: Place | None = None
        self._beyond: Place | None = None
        self.node = self.label = ""

    def add(self, moves: Sequence[Move]) -> None:
        for move in moves:
            self.last += 1
            self.moves[self.last] = move

    def keep_until(self, last: int) -> None:
        """Leave undone what comes after that move."""
        self.last = max(last, self.n_done)
        for number in [number for number in self.moves if number > self.last]:
            del self.moves[number]

    def forget(self, state: State) -> None:
        """Nothing that was to be done counts any more; the vehicle is where it says."""
        self.keep_until(self.n_done)
        self.here = self._beyond = None
        if state.loads is not None and not state.loads:
            self.label = ""
        self._be_at(*self.standing(state))

    def _be_at(self, here: Place | None, beyond: Place | None = None) -> None:
        self.here, self._beyond = here, beyond
        if here is not None:
            self.node = here.node

    def is_lift(self, number: int) -> bool:
        """Whether that move lifts or lowers."""
        move = self.moves.get(number)
        return move is not None and move.kind is not MoveKind.DRIVE

    def next_place(self) -> Place | None:
        """Where the next move leads, if it is a drive."""
        move = self.moves.get(self.n_done + 1)
        if move is None or move.kind is not MoveKind.DRIVE:
            return None
        return Place(move.node, move.x_m, move.y_m)

    def standing(self, state: State) -> tuple[Place | None, Place | None]:
        """The cell whose centre it reached last, and the one that it covers beside it."""
        pose = state.mobile_robot_position
        # One that has forgotten covers a second cell until it is told to go there.
        ahead = self.next_place() or self._beyond
        if pose is None:
            here = self.here or self._floor.named(state.last_node_id)
            return here, ahead if state.driving else None
        if self.here is not None:
            near_m = self._options.deviation_m if ahead else self._options.standing_m
            is_near = self.here.distance_m(pose.x, pose.y) <= near_m
            return self.here, None if is_near else ahead
        covered = self._floor.covered(pose.x, pose.y, self._options.standing_m)
        if covered is None:
            return None, None
        first, second = covered
        if second is None:
            return first, None
        # The one reached last comes first: which step it is at depends on it. The vehicle knows, or
        # else what it told last; a guess might free the other.
        for node in (state.last_node_id, self.node):
            if node == first.node:
                return first, second
            if node == second.node:
                return second, first
        return None, None

    def load(self, state: State) -> str:
        """Label of what it carries. Vehicles without a sensor are believed to have done what they
        were told, and those that cannot read labels carry what they were told to lift."""
        if state.loads is None:
            return self.label
        if not state.loads:
            return ""
        told = state.loads[0].load_id
        return told if names.pod_named(told) >= 0 else self.label or UNREADABLE

    def is_carried_away(self, route: Route | None, state: State) -> bool:
        """Whether it stands where nothing that it was told can have brought it."""
        pose = state.mobile_robot_position
        if pose is None or self.here is None or not pose.localized:
            return False
        places = [self.here]
        if route is not None:
            places += [stop.place for stop in route.stops[max(0, route.reached) :]]
        reach_m = 1.5 * self._floor.cell_size_m
        return all(place.distance_m(pose.x, pose.y) > reach_m for place in places)

    def follow(self, route: Route, state: State) -> None:
        """Take in a state that is about this route."""
        route.confirmed = max(route.confirmed, min(state.order_update_id, route.update))
        for told in state.action_states:
            route.statuses[told.action_id] = told.action_status
        index = min(state.last_node_sequence_id // 2, len(route.stops) - 1)
        while index > max(route.reached, 0) and not self._has_met(route, index, state):
            index -= 1
        route.reached = max(route.reached, index)
        for stop in route.stops[: route.reached + 1]:
            self._count(route, stop)
        is_at_end = route.reached == len(route.stops) - 1 and not state.node_states
        route.is_over = route.is_confirmed and is_at_end and route.is_action_over

    def _has_met(self, route: Route, index: int, state: State) -> bool:
        pose, stop = state.mobile_robot_position, route.stops[index]
        if pose is None or state.last_node_sequence_id // 2 > index:
            return True
        off_m = stop.place.distance_m(pose.x, pose.y)
        if off_m <= (self._options.deviation_m if state.driving else self._options.standing_m):
            return True
        return index + 1 < len(route.stops) and _is_between(
            stop.place, route.stops[index + 1].place, pose
        )

    def _count(self, route: Route, stop: Stop) -> None:
        if stop.drive > self.n_done:
            self._finish(stop.drive, stop.place)
        if stop.lift <= self.n_done or stop.action is None:
            return
        if route.statuses.get(stop.action.action_id) is ActionStatus.FINISHED:
            move = self.moves[stop.lift]
            is_lift = move.kind is MoveKind.LIFT
            self.label = (move.load or UNREADABLE) if is_lift else ""
            self._finish(stop.lift, stop.place)

    def _finish(self, number: int, place: Place) -> None:
        self.n_done = number
        self._be_at(place)
        self.last = max(self.last, number)
        for old in [old for old in self.moves if old <= number]:
            del self.moves[old]


def _is_between(here: Place, ahead: Place, pose: MobileRobotPosition) -> bool:
    """Whether a point lies on the way from one place to the next."""
    dx, dy = ahead.x_m - here.x_m, ahead.y_m - here.y_m
    px, py = pose.x - here.x_m, pose.y - here.y_m
    along, across = px * dx + py * dy, abs(px * dy - py * dx)
    return along > 4.0 * across and along <= dx * dx + dy * dy
