"""Topic state: everything that a unit says of itself. Source: VDA 5050 3.0.0, section 6.6.

A state is a whole: any later one repairs what earlier ones failed to say.
"""

from __future__ import annotations

from enum import StrEnum

from hw_bridge.vda5050.action import ActionState
from hw_bridge.vda5050.base import Message, Part
from hw_bridge.vda5050.order import Trajectory


class OperatingMode(StrEnum):
    STARTUP = "STARTUP"
    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    INTERVENED = "INTERVENED"
    MANUAL = "MANUAL"
    SERVICE = "SERVICE"
    TEACH_IN = "TEACH_IN"


class ErrorLevel(StrEnum):
    WARNING = "WARNING"
    """Goes on by itself."""
    URGENT = "URGENT"
    """Goes on, but somebody should look soon."""
    CRITICAL = "CRITICAL"
    """Cannot go on with its order, but may take another."""
    FATAL = "FATAL"
    """Somebody has to come."""


class EmergencyStop(StrEnum):
    MANUAL = "MANUAL"
    REMOTE = "REMOTE"
    NONE = "NONE"


class Map(Part, frozen=True, kw_only=True):
    map_id: str
    map_version: str
    map_status: str
    map_descriptor: str = ""


class ZoneSetStatus(Part, frozen=True, kw_only=True):
    zone_set_id: str
    map_id: str
    zone_set_status: str


class StatePosition(Part, frozen=True, kw_only=True):
    """Of a node in the state: metres, rad."""

    x: float
    y: float
    map_id: str
    theta: float | None = None


class NodeState(Part, frozen=True, kw_only=True):
    node_id: str
    sequence_id: int
    released: bool
    node_descriptor: str = ""
    node_position: StatePosition | None = None


class EdgeState(Part, frozen=True, kw_only=True):
    edge_id: str
    sequence_id: int
    released: bool
    edge_descriptor: str = ""
    trajectory: Trajectory | None = None


class MobileRobotPosition(Part, frozen=True, kw_only=True):
    """Metres and rad, -pi to pi, in the world frame of the map."""

    x: float
    y: float
    theta: float
    map_id: str
    localized: bool
    localization_score: float | None = None
    deviation_range: float | None = None


class Velocity(Part, frozen=True, kw_only=True):
    """m/s and rad/s in the unit's frame."""

    vx: float | None = None
    vy: float | None = None
    omega: float | None = None


class LoadDimensions(Part, frozen=True, kw_only=True):
    """Metres."""

    length: float
    width: float
    height: float | None = None


class Load(Part, frozen=True, kw_only=True):
    load_id: str = ""
    load_type: str = ""
    load_position: str = ""
    load_dimensions: LoadDimensions | None = None
    weight: float | None = None


class PowerSupply(Part, frozen=True, kw_only=True):
    """state_of_charge: per cent, 0 to 100."""

    state_of_charge: float
    charging: bool
    battery_voltage: float | None = None
    battery_current: float | None = None
    battery_health: float | None = None
    range: float | None = None


class ErrorReference(Part, frozen=True, kw_only=True):
    reference_key: str
    reference_value: str


class Error(Part, frozen=True, kw_only=True):
    error_type: str
    error_level: ErrorLevel
    error_references: tuple[ErrorReference, ...] = ()
    error_description: str = ""
    error_hint: str = ""


class Info(Part, frozen=True, kw_only=True):
    info_type: str
    info_level: str
    info_references: tuple[ErrorReference, ...] = ()
    info_descriptor: str = ""


class SafetyState(Part, frozen=True, kw_only=True):
    active_emergency_stop: EmergencyStop
    field_violation: bool


class Request(Part, frozen=True, kw_only=True):
    """zoneRequest or edgeRequest; the ids of the other are empty."""

    request_id: str
    request_type: str
    request_status: str
    zone_id: str = ""
    zone_set_id: str = ""
    edge_id: str = ""
    sequence_id: int | None = None
    trajectory: Trajectory | None = None


class State(Message, frozen=True, kw_only=True):
    order_id: str
    order_update_id: int
    last_node_id: str
    last_node_sequence_id: int
    node_states: tuple[NodeState, ...]
    edge_states: tuple[EdgeState, ...]
    driving: bool
    action_states: tuple[ActionState, ...]
    instant_action_states: tuple[ActionState, ...]
    power_supply: PowerSupply
    operating_mode: OperatingMode
    errors: tuple[Error, ...]
    safety_state: SafetyState
    maps: tuple[Map, ...] = ()
    zone_sets: tuple[ZoneSetStatus, ...] = ()
    mobile_robot_position: MobileRobotPosition | None = None
    velocity: Velocity | None = None
    loads: tuple[Load, ...] | None = None
    paused: bool | None = None
    new_base_request: bool | None = None
    zone_requests: tuple[Request, ...] = ()
    edge_requests: tuple[Request, ...] = ()
    distance_since_last_node: float | None = None
    zone_action_states: tuple[ActionState, ...] = ()
    information: tuple[Info, ...] = ()


class ConnectionState(StrEnum):
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    HIBERNATING = "HIBERNATING"
    CONNECTION_BROKEN = "CONNECTION_BROKEN"


class Connection(Message, frozen=True, kw_only=True):
    """Topic connection: news of the link, no measure of health (section 6.5)."""

    connection_state: ConnectionState
