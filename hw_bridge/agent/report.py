"""States, connection messages and link headers: what the agent says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hw_bridge.agent.complaints import Complaints
from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.instants import Instants
from hw_bridge.agent.motors import MoveKind, Senses
from hw_bridge.agent.options import AgentOptions, Identity
from hw_bridge.vda5050.base import VERSION
from hw_bridge.vda5050.names import LOAD_TYPE
from hw_bridge.vda5050.path import MobileRobotPosition
from hw_bridge.vda5050.state import (
    EmergencyStop,
    Info,
    Load,
    Map,
    OperatingMode,
    PowerSupply,
    SafetyState,
    State,
)

UNREADABLE = "?"
NO_STOP = SafetyState(active_emergency_stop=EmergencyStop.NONE, field_violation=False)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Headers:
    """Headers of VDA 5050: each topic is counted by itself."""

    def __init__(self, identity: Identity, wall_zero_s: float) -> None:
        self._identity = identity
        self._zero = EPOCH + timedelta(seconds=wall_zero_s)
        self._ids: dict[str, int] = {}

    def next(self, topic: str, now_s: float) -> Mapping[str, Any]:
        number = self._ids.get(topic, -1) + 1
        self._ids[topic] = number
        stamp = (self._zero + timedelta(seconds=now_s)).isoformat(timespec="milliseconds")
        return {
            "header_id": number & 0xFFFFFFFF,
            "timestamp": stamp.replace("+00:00", "Z"),
            "version": VERSION,
            "manufacturer": self._identity.manufacturer,
            "serial_number": self._identity.serial,
        }


def state_of(
    header: Mapping[str, Any], options: AgentOptions, senses: Senses, mode: OperatingMode,
    order: HeldOrder | None, is_paused: bool, instants: Instants, complaints: Complaints,
) -> State:  # fmt: skip
    """The whole state. Where there is no order, the unit says which point it knows itself at."""
    place = senses.node if mode is OperatingMode.AUTOMATIC else ""
    safety = NO_STOP
    if senses.is_emergency_stopped or senses.is_field_violated:
        stop = EmergencyStop.MANUAL if senses.is_emergency_stopped else EmergencyStop.NONE
        safety = SafetyState(active_emergency_stop=stop, field_violation=senses.is_field_violated)
    return State(
        **header,
        order_id=order.order_id if order is not None else "",
        order_update_id=order.message.order_update_id if order is not None else 0,
        last_node_id=order.stops[order.last].node.node_id if order is not None else place,
        last_node_sequence_id=2 * order.last if order is not None else 0,
        node_states=order.node_states() if order is not None else (),
        edge_states=order.edge_states() if order is not None else (),
        action_states=order.action_states() if order is not None else (),
        instant_action_states=instants.states(),
        driving=senses.is_moving and not is_lifting(order, senses),
        paused=is_paused,
        loads=_loads(senses.load),
        power_supply=PowerSupply(
            state_of_charge=round(100.0 * senses.charge, 1), charging=senses.is_charging
        ),
        operating_mode=mode,
        errors=complaints.errors(senses, options.low_charge),
        safety_state=safety,
        maps=(_map(options),),
        mobile_robot_position=_position(senses, options.map_id),
        information=tuple(Info(info_type="NOTE", info_level="INFO", info_descriptor=note)
                          for note in senses.notes),
    )  # fmt: skip


def news_of(senses: Senses, order: HeldOrder | None) -> tuple[object, ...]:
    """What has to be told at once when it changes (section 6.6), as far as these say."""
    return (
        senses.n_done, senses.n_left, senses.is_moving, senses.is_between, senses.trouble,
        senses.mode, senses.load, senses.is_localised, senses.is_charging,
        senses.is_emergency_stopped, senses.is_field_violated, senses.node,
        None if order is None
        else (order.last, order.base, [task.status for task in order.tasks]),
    )  # fmt: skip


def is_lifting(order: HeldOrder | None, senses: Senses) -> bool:
    leg = order.legs.get(senses.n_done + 1) if order is not None else None
    return leg is not None and leg.move.kind is not MoveKind.DRIVE


def _loads(label: str) -> tuple[Load, ...]:
    if not label:
        return ()
    return (Load(load_id="" if label == UNREADABLE else label, load_type=LOAD_TYPE),)


def _map(options: AgentOptions) -> Map:
    return Map(map_id=options.map_id, map_version=options.map_version, map_status="ENABLED")


def _position(senses: Senses, map_id: str) -> MobileRobotPosition:
    return MobileRobotPosition(
        x=senses.x_m,
        y=senses.y_m,
        theta=math.remainder(senses.yaw_rad, 2.0 * math.pi),
        map_id=map_id,
        localized=senses.is_localised,
    )
