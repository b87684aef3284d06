"""What one unit of a live fleet does, from what is said with it, look by look."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.names import DROP, PICK
from hw_bridge.vda5050.order import Order
from hw_bridge.vda5050.state import EmergencyStop, OperatingMode, State
from twin.legs import LegKind
from twin.unit_model import UnitModel

TURNED_RAD = 0.3
"""A unit whose heading changed by less has not turned."""
MARGIN_M = 0.15
"""What a unit that drives by itself needs beyond its braking distance before it slows down, at the
most, and what positions are wrong by."""
_LIFTS = {PICK: LegKind.LIFT, DROP: LegKind.LOWER}
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """A leg. Times by the unit's clock; length as in twin.legs.Legs."""

    kind: LegKind
    is_laden: bool
    begin_s: float
    end_s: float
    length: float
    is_free: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """One state, as far as it matters. at_m: of the unit. base_m: of the last node it may go to."""

    time_s: float
    is_driving: bool
    node: str
    at_m: Place
    yaw_rad: float
    is_laden: bool
    is_well: bool
    base_m: Place | None


@dataclass(slots=True)
class UnitTalk:
    """Orders and states of one unit in the order in which they were sent and heard.

    places: of all nodes that orders have named, common to all units. limits: edges by order and
    sequence, and their speed limit.
    """

    unit: UnitModel
    places: dict[str, Place]
    limits: dict[tuple[str, int], float] = field(default_factory=dict)
    stood: _Look | None = None
    under_way: list[_Look] = field(default_factory=list)
    passed: list[tuple[str, int]] = field(default_factory=list)
    running: dict[str, tuple[float, bool, bool]] = field(default_factory=dict)
    last_s: float = -math.inf

    def begin_anew(self) -> None:
        """What comes next does not follow what was."""
        self.stood = None
        self.under_way.clear()
        self.running.clear()
        self.last_s = -math.inf

    def send(self, order: Order) -> None:
        """Note where nodes are and which edges are slow."""
        for node in order.nodes:
            if node.node_position is not None:
                self.places[node.node_id] = node.node_position.x, node.node_position.y
        for edge in order.edges:
            if edge.maximum_speed is not None:
                self.limits[order.order_id, edge.sequence_id] = edge.maximum_speed

    def hear(self, state: State, time_s: float) -> Iterator[Row]:
        """The legs that this state ends. One that comes late is not taken in."""
        if time_s < self.last_s or state.mobile_robot_position is None:
            return
        self.last_s = time_s
        look = self._look(state, time_s)
        yield from self._follow_actions(state, look)
        if look.is_driving:
            if self.stood is not None:
                self.under_way.append(look)
                self.passed.append((state.order_id, state.last_node_sequence_id))
            return
        if self.stood is not None and self.under_way:
            self.passed.append((state.order_id, state.last_node_sequence_id))
            row = self._leg(self.stood, look)
            if row is not None:
                yield row
        self.stood = look
        self.under_way.clear()
        self.passed = [(state.order_id, state.last_node_sequence_id)]

    def _look(self, state: State, time_s: float) -> _Look:
        position = state.mobile_robot_position
        assert position is not None
        released = [node.node_id for node in state.node_states if node.released]
        safety = state.safety_state
        is_well = (
            not state.errors
            and not state.paused
            and state.operating_mode is OperatingMode.AUTOMATIC
            and safety.active_emergency_stop is EmergencyStop.NONE
            and not safety.field_violation
        )
        return _Look(
            time_s, state.driving, state.last_node_id, (position.x, position.y), position.theta,
            bool(state.loads), is_well, self.places.get(released[-1]) if released else None,
        )  # fmt: skip

    # ------------------------------------------------------------------ lifts

    def _follow_actions(self, state: State, look: _Look) -> Iterator[Row]:
        for action in state.action_states:
            kind = _LIFTS.get(action.action_type)
            if kind is None:
                continue
            begun = self.running.get(action.action_id)
            if action.action_status is ActionStatus.RUNNING:
                if begun is None:
                    self.running[action.action_id] = look.time_s, look.is_laden, look.is_well
                elif not look.is_well:
                    self.running[action.action_id] = begun[0], begun[1], False
            elif begun is not None:
                del self.running[action.action_id]
                if action.action_status is ActionStatus.FINISHED:
                    is_free = begun[2] and look.is_well
                    yield Row(kind, begun[1], begun[0], look.time_s, 0.0, is_free)

    # ------------------------------------------------------------------ runs and turns

    def _leg(self, stood: _Look, stands: _Look) -> Row | None:
        turned = math.remainder(stands.yaw_rad - stood.yaw_rad, 2.0 * math.pi)
        has_turned = abs(turned) > TURNED_RAD
        begin_s = self.under_way[0].time_s
        is_well = all(look.is_well for look in (stood, *self.under_way, stands))
        if stands.node == stood.node:
            if not has_turned:
                return None
            quarters = float(round(abs(turned) / (math.pi / 2)))
            return Row(LegKind.TURN, stood.is_laden, begin_s, stands.time_s, quarters, is_well)
        here, there = self.places.get(stood.node), self.places.get(stands.node)
        if has_turned or here is None or there is None:
            return None
        length_m = math.dist(here, there)
        is_free = is_well and self._is_unhindered(stood, there) and not self._is_limited(stood)
        return Row(LegKind.RUN, stood.is_laden, begin_s, stands.time_s, length_m, is_free)

    def _is_unhindered(self, stood: _Look, end_m: Place) -> bool:
        """Whether each time that it was allowed more it had not begun to brake for less."""
        limits = self.unit.laden if stood.is_laden else self.unit.empty
        allowed_m = self.under_way[0].base_m or stood.base_m
        for look in self.under_way[1:]:
            if allowed_m is None:
                return False
            if look.base_m != allowed_m:
                driven_m = math.dist(stood.at_m, look.at_m)
                top = min(limits.speed_m_s, math.sqrt(2.0 * limits.accel_m_s2 * driven_m))
                needed_m = top**2 / (2.0 * limits.decel_m_s2) + MARGIN_M
                if math.dist(look.at_m, allowed_m) < needed_m and allowed_m != end_m:
                    return False
                allowed_m = look.base_m or allowed_m
        return True

    def _is_limited(self, stood: _Look) -> bool:
        """Whether an edge that it has passed is slower than the unit."""
        own = (self.unit.laden if stood.is_laden else self.unit.empty).speed_m_s
        first, last = self.passed[0], self.passed[-1]
        if first[0] != last[0]:  # another order on the way: not known any more
            return bool(self.limits)
        return any(
            self.limits.get((first[0], sequence), math.inf) < own
            for sequence in range(first[1] + 1, last[1], 2)
        )
