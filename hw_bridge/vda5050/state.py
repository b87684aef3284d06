"""Topic state: everything that a unit says of itself. Source: VDA 5050 3.0.0, section 6.6.

A state is a whole: any later one repairs what earlier ones failed to say.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from hw_bridge.vda5050.action import ActionState
from hw_bridge.vda5050.base import Amount, Angle, Message, Part, Percent
from hw_bridge.vda5050.path import (
    BoundingBoxReference,
    IntermediatePath,
    MobileRobotPosition,
    PlannedPath,
    Trajectory,
    Velocity,
)


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
    map_status: Literal["ENABLED", "DISABLED"]
    map_descriptor: str = ""


class ZoneSetStatus(Part, frozen=True, kw_only=True):
    zone_set_id: str
    map_id: str
    zone_set_status: Literal["ENABLED", "DISABLED"]


class StatePosition(Part, frozen=True, kw_only=True):
    """Of a node in the state: metres, rad."""

    x: float
    y: float
    map_id: str
    theta: Angle | None = None


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


class LoadDimensions(Part, frozen=True, kw_only=True):
    """Metres."""

    length: Amount
    width: Amount
    height: Amount | None = None


class Load(Part, frozen=True, kw_only=True):
    load_id: str = ""
    load_type: str = ""
    load_position: str = ""
    bounding_box_reference: BoundingBoxReference | None = None
    load_dimensions: LoadDimensions | None = None
    weight: Amount | None = None


class PowerSupply(Part, frozen=True, kw_only=True):
    """state_of_charge: per cent, 0 to 100."""

    state_of_charge: Percent
    charging: bool
    battery_voltage: float | None = None
    battery_current: float | None = None
    battery_health: Percent | None = None
    range: Amount | None = None


class ErrorReference(Part, frozen=True, kw_only=True):
    reference_key: str
    reference_value: str


class Translation(Part, frozen=True, kw_only=True):
    """translation_key: language, ISO 639-1."""

    translation_key: str
    translation_value: str


class Error(Part, frozen=True, kw_only=True):
    error_type: str
    error_level: ErrorLevel
    error_references: tuple[ErrorReference, ...] = ()
    error_description: str = ""
    error_description_translations: tuple[Translation, ...] = ()
    error_hint: str = ""
    error_hint_translations: tuple[Translation, ...] = ()


class Info(Part, frozen=True, kw_only=True):
    info_type: str
    info_level: Literal["INFO", "DEBUG"]
    info_references: tuple[ErrorReference, ...] = ()
    info_descriptor: str = ""


class SafetyState(Part, frozen=True, kw_only=True):
    active_emergency_stop: EmergencyStop
    field_violation: bool


RequestStatus = Literal["REQUESTED", "GRANTED", "QUEUED", "REVOKED", "EXPIRED"]
"""QUEUED is in the text (section 6.9) and not in the schema: it is read, never written."""


class ZoneRequest(Part, frozen=True, kw_only=True):
    request_id: str
    request_type: Literal["ACCESS", "REPLANNING"]
    zone_id: str
    zone_set_id: str
    request_status: RequestStatus
    trajectory: Trajectory | None = None


class EdgeRequest(Part, frozen=True, kw_only=True):
    request_id: str
    request_type: Literal["CORRIDOR"]
    edge_id: str
    sequence_id: int
    request_status: RequestStatus


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
    planned_path: PlannedPath | None = None
    intermediate_path: IntermediatePath | None = None
    mobile_robot_position: MobileRobotPosition | None = None
    velocity: Velocity | None = None
    loads: tuple[Load, ...] | None = None
    paused: bool | None = None
    new_base_request: bool | None = None
    zone_requests: tuple[ZoneRequest, ...] = ()
    edge_requests: tuple[EdgeRequest, ...] = ()
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
