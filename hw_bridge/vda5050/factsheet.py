"""Topic factsheet: what a unit is and can (VDA 5050 3.0.0, section 6.10).

Lengths in metres, masses in kg, times in s. A limit of 0 or one that is not set is none.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from hw_bridge.vda5050.action import BlockingType
from hw_bridge.vda5050.base import Amount, Message, Natural, Part, Percent
from hw_bridge.vda5050.path import BoundingBoxReference
from hw_bridge.vda5050.zones import Vertex, ZoneType


class TypeSpecification(Part, frozen=True, kw_only=True):
    """mobile_robot_kinematics: DIFFERENTIAL, OMNIDIRECTIONAL, THREE_WHEEL. mobile_robot_class:
    FORKLIFT, CONVEYOR, TUGGER, CARRIER."""

    series_name: str
    mobile_robot_kinematics: str
    mobile_robot_class: str
    maximum_load_mass: Amount
    localization_types: tuple[str, ...]
    navigation_types: tuple[str, ...]
    series_description: str = ""
    supported_zones: tuple[ZoneType, ...] = ()


class PhysicalParameters(Part, frozen=True, kw_only=True):
    minimum_speed: Amount
    maximum_speed: Amount
    maximum_acceleration: Amount
    maximum_deceleration: float
    minimum_height: float
    maximum_height: float
    width: float
    length: float
    minimum_angular_speed: Amount | None = None
    maximum_angular_speed: Amount | None = None


class MaximumStringLengths(Part, frozen=True, kw_only=True):
    maximum_message_length: Natural | None = None
    maximum_topic_serial_length: Natural | None = None
    maximum_topic_element_length: Natural | None = None
    maximum_id_length: Natural | None = None
    id_numerical_only: bool | None = None
    maximum_load_id_length: Natural | None = None


def _length(name: str) -> Any:
    return field(name=name, default=None)


class MaximumArrayLengths(Part, frozen=True, kw_only=True):
    order_nodes: Natural | None = _length("order.nodes")
    order_edges: Natural | None = _length("order.edges")
    node_actions: Natural | None = _length("node.actions")
    edge_actions: Natural | None = _length("edge.actions")
    actions_parameters: Natural | None = _length("actions.actionsParameters")
    instant_actions: Natural | None = None
    trajectory_knot_vector: Natural | None = _length("trajectory.knotVector")
    trajectory_control_points: Natural | None = _length("trajectory.controlPoints")
    zone_set_zones: Natural | None = _length("zoneSet.zones")
    state_node_states: Natural | None = _length("state.nodeStates")
    state_edge_states: Natural | None = _length("state.edgeStates")
    state_loads: Natural | None = _length("state.loads")
    state_action_states: Natural | None = _length("state.actionStates")
    state_instant_action_states: Natural | None = _length("state.instantActionStates")
    state_zone_action_states: Natural | None = _length("state.zoneActionStates")
    state_errors: Natural | None = _length("state.errors")
    state_information: Natural | None = _length("state.information")
    error_error_references: Natural | None = _length("error.errorReferences")
    information_info_references: Natural | None = _length("information.infoReferences")


class Timing(Part, frozen=True, kw_only=True):
    minimum_order_interval: Amount
    minimum_state_interval: Amount
    default_state_interval: Amount | None = None
    visualization_interval: Amount | None = None


class ProtocolLimits(Part, frozen=True, kw_only=True):
    maximum_string_lengths: MaximumStringLengths
    maximum_array_lengths: MaximumArrayLengths
    timing: Timing


class OptionalParameter(Part, frozen=True, kw_only=True):
    parameter: str
    support: Literal["SUPPORTED", "REQUIRED"]
    description: str = ""


class ParameterSpecification(Part, frozen=True, kw_only=True):
    key: str
    value_data_type: Literal["BOOL", "NUMBER", "INTEGER", "STRING", "OBJECT", "ARRAY"]
    description: str = ""
    is_optional: bool | None = None


class MobileRobotAction(Part, frozen=True, kw_only=True):
    action_type: str
    action_scopes: tuple[Literal["INSTANT", "NODE", "EDGE", "ZONE"], ...]
    pause_allowed: bool
    cancel_allowed: bool
    action_description: str = ""
    action_parameters: tuple[ParameterSpecification, ...] = ()
    action_result: str = ""
    blocking_types: tuple[BlockingType, ...] = ()


class ProtocolFeatures(Part, frozen=True, kw_only=True):
    optional_parameters: tuple[OptionalParameter, ...]
    mobile_robot_actions: tuple[MobileRobotAction, ...]


class WheelPosition(Part, frozen=True, kw_only=True):
    x: float
    y: float
    theta: float | None = None


class WheelDefinition(Part, frozen=True, kw_only=True):
    type: str
    is_active_driven: bool
    is_active_steered: bool
    position: WheelPosition
    diameter: float
    width: float
    center_displacement: float | None = None
    constraints: str = ""


class Envelope2d(Part, frozen=True, kw_only=True):
    envelope2d_id: str
    vertices: tuple[Vertex, ...]
    description: str = ""


class Envelope3d(Part, frozen=True, kw_only=True):
    envelope3d_id: str
    format: str
    data: dict[str, Any] | None = None
    url: str = ""
    description: str = ""


class MobileRobotGeometry(Part, frozen=True, kw_only=True):
    wheel_definitions: tuple[WheelDefinition, ...] = ()
    envelopes2d: tuple[Envelope2d, ...] = ()
    envelopes3d: tuple[Envelope3d, ...] = ()


class LoadSetDimensions(Part, frozen=True, kw_only=True):
    length: float
    width: float
    height: float | None = None


class LoadSet(Part, frozen=True, kw_only=True):
    set_name: str
    load_type: str
    load_positions: tuple[str, ...] = ()
    bounding_box_reference: BoundingBoxReference | None = None
    load_dimensions: LoadSetDimensions | None = None
    maximum_weight: Amount | None = None
    minimum_loadhandling_height: Amount | None = None
    maximum_loadhandling_height: Amount | None = None
    minimum_loadhandling_depth: float | None = None
    maximum_loadhandling_depth: float | None = None
    minimum_loadhandling_tilt: float | None = None
    maximum_loadhandling_tilt: float | None = None
    maximum_speed: Amount | None = None
    maximum_acceleration: Amount | None = None
    maximum_deceleration: float | None = None
    pick_time: Amount | None = None
    drop_time: Amount | None = None
    description: str = ""


class LoadSpecification(Part, frozen=True, kw_only=True):
    load_positions: tuple[str, ...] = ()
    load_sets: tuple[LoadSet, ...] = ()


class SoftwareVersion(Part, frozen=True, kw_only=True):
    key: str
    value: str


class Network(Part, frozen=True, kw_only=True):
    dns_servers: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    local_ip_address: str = ""
    netmask: str = ""
    default_gateway: str = ""


class BatteryCharging(Part, frozen=True, kw_only=True):
    critical_low_charging_level: Percent | None = None
    minimum_desired_charging_level: Percent | None = None
    maximum_desired_charging_level: Percent | None = None
    minimum_charging_time: Amount | None = None


class MobileRobotConfiguration(Part, frozen=True, kw_only=True):
    versions: tuple[SoftwareVersion, ...] = ()
    network: Network | None = None
    battery_charging: BatteryCharging | None = None


class Factsheet(Message, frozen=True, kw_only=True):
    type_specification: TypeSpecification
    physical_parameters: PhysicalParameters
    protocol_limits: ProtocolLimits
    protocol_features: ProtocolFeatures
    mobile_robot_geometry: MobileRobotGeometry
    load_specification: LoadSpecification
    mobile_robot_configuration: MobileRobotConfiguration | None = None
