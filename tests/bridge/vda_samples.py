"""Messages of VDA 5050 with all their fields set, for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_bridge.vda5050 import factsheet as sheets
from hw_bridge.vda5050 import state as states
from hw_bridge.vda5050 import zones
from hw_bridge.vda5050.action import (
    Action,
    ActionParameter,
    ActionState,
    ActionStatus,
    BlockingType,
)
from hw_bridge.vda5050.base import VERSION, Message
from hw_bridge.vda5050.order import (
    AllowedDeviation,
    Corridor,
    Edge,
    InstantActions,
    Node,
    NodePosition,
    Order,
)
from hw_bridge.vda5050.path import (
    BoundingBoxReference,
    ControlPoint,
    IntermediatePath,
    MobileRobotPosition,
    PathPoint,
    PlannedPath,
    Trajectory,
    Velocity,
)
from hw_bridge.vda5050.responses import Response, Responses
from hw_bridge.vda5050.visualization import Visualization

SCHEMAS = Path(__file__).resolve().parents[2] / ".." / "shared" / "vda5050"
NOW = "2026-03-11T11:40:03.123Z"
HEADER = {
    "header_id": 7, "timestamp": NOW, "version": VERSION, "manufacturer": "gridfleet",
    "serial_number": "U0001",
}  # fmt: skip


def schema_folder() -> Path:
    """The official schemas; the test is skipped where they are not there."""
    if not SCHEMAS.is_dir():
        pytest.skip("the official schemas are not there: no folder ../shared/vda5050")
    return SCHEMAS


CURVE = Trajectory(
    control_points=(ControlPoint(x=0.0, y=0.0, weight=1.0), ControlPoint(x=1.0, y=0.0)),
    degree=1,
    knot_vector=(0.0, 0.0, 1.0, 1.0),
)
PATH = PlannedPath(trajectory=CURVE, traversed_nodes=("c.1.2",))
SEEN = IntermediatePath(polyline=(PathPoint(x=1.0, y=2.0, eta=NOW, theta=0.5),))
POSE = MobileRobotPosition(
    x=1.0, y=2.0, theta=0.1, map_id="floor", localized=True, localization_score=0.9,
    deviation_range=0.01,
)  # fmt: skip
SPEED = Velocity(vx=1.0, vy=0.0, omega=0.1)
BOX = BoundingBoxReference(x=0.0, y=0.0, z=0.3, theta=0.0)


def action(name: str, kind: str = "pick", blocking: BlockingType = BlockingType.HARD) -> Action:
    return Action(
        action_type=kind, action_id=name, blocking_type=blocking, action_descriptor="a pod",
        action_parameters=(
            ActionParameter(key="loadId", value="P00001"), ActionParameter(key="depth", value=1),
        ),
        retriable=True,
    )  # fmt: skip


def node(number: int, released: bool = True, actions: tuple[Action, ...] = ()) -> Node:
    return Node(
        node_id=f"c.1.{number // 2 + 1}", sequence_id=number, released=released, actions=actions,
        node_descriptor="a cell",
        node_position=NodePosition(
            x=number / 2 + 0.5, y=0.5, map_id="floor", theta=0.0, allowed_deviation_theta=0.1,
            allowed_deviation_xy=AllowedDeviation(a=0.1, b=0.05, theta=0.0),
        ),
    )  # fmt: skip


def edge(number: int, released: bool = True, actions: tuple[Action, ...] = ()) -> Edge:
    return Edge(
        edge_id=f"e.1.{number // 2 + 1}.1.{number // 2 + 2}", sequence_id=number,
        released=released, actions=actions, edge_descriptor="a way", maximum_speed=1.5,
        maximum_mobile_robot_height=2.0, minimum_load_handling_device_height=0.1, orientation=0.0,
        orientation_type="TANGENTIAL", direction="straight", reach_orientation_before_entering=True,
        max_rotation_speed=1.0, trajectory=CURVE, length=1.0,
        corridor=Corridor(
            left_width=0.1, right_width=0.1, corridor_reference_point="CONTOUR",
            release_required=False, release_loss_behavior="STOP",
        ),
    )  # fmt: skip


def order(n_nodes: int = 3, n_released: int = 2, first: int = 0, update: int = 0) -> Order:
    """Nodes first, first + 2, and so on, of which the first n_released are the base."""
    return Order(
        **HEADER, order_id="1.1.0", order_update_id=update, order_description="a task",
        nodes=tuple(
            node(first + 2 * i, i < n_released, (action(f"a.{first + 2 * i}"),))
            for i in range(n_nodes)
        ),
        edges=tuple(
            edge(first + 2 * i + 1, i + 1 < n_released, (action(f"a.{first + 2 * i + 1}"),))
            for i in range(n_nodes - 1)
        ),
    )  # fmt: skip


def instants() -> InstantActions:
    pause = Action(action_type="startPause", action_id="i.1", blocking_type=BlockingType.NONE)
    return InstantActions(**HEADER, actions=(pause,))


def state() -> states.State:
    reference = states.ErrorReference(reference_key="nodeId", reference_value="c.1.2")
    words = (states.Translation(translation_key="de", translation_value="Weg versperrt"),)
    done = ActionState(
        action_id="a.0", action_status=ActionStatus.FINISHED, action_type="pick",
        action_descriptor="a pod", action_result="picked",
    )  # fmt: skip
    return states.State(
        **HEADER, order_id="1.1.0", order_update_id=0, last_node_id="c.1.1",
        last_node_sequence_id=0, driving=True, action_states=(done,),
        node_states=(
            states.NodeState(
                node_id="c.1.2", sequence_id=2, released=True, node_descriptor="a cell",
                node_position=states.StatePosition(x=1.5, y=0.5, map_id="floor", theta=0.0),
            ),
            states.NodeState(node_id="c.1.3", sequence_id=4, released=False),
        ),
        edge_states=(
            states.EdgeState(
                edge_id="e.1.1.1.2", sequence_id=1, released=True, edge_descriptor="a way",
                trajectory=CURVE,
            ),
            states.EdgeState(edge_id="e.1.2.1.3", sequence_id=3, released=False),
        ),
        instant_action_states=(
            ActionState(action_id="i.1", action_status=ActionStatus.FINISHED),
        ),
        zone_action_states=(ActionState(action_id="z.1", action_status=ActionStatus.RUNNING),),
        power_supply=states.PowerSupply(
            state_of_charge=80.0, charging=False, battery_voltage=48.0, battery_current=-3.0,
            battery_health=99.0, range=1000.0,
        ),
        operating_mode=states.OperatingMode.AUTOMATIC,
        errors=(
            states.Error(
                error_type="PATH_BLOCKED", error_level=states.ErrorLevel.CRITICAL,
                error_references=(reference,), error_description="something is in the way",
                error_description_translations=words, error_hint="take it away",
                error_hint_translations=words,
            ),
        ),
        safety_state=states.SafetyState(
            active_emergency_stop=states.EmergencyStop.NONE, field_violation=False
        ),
        maps=(
            states.Map(
                map_id="floor", map_version="1", map_status="ENABLED", map_descriptor="the floor"
            ),
        ),
        zone_sets=(
            states.ZoneSetStatus(zone_set_id="z", map_id="floor", zone_set_status="ENABLED"),
        ),
        planned_path=PATH, intermediate_path=SEEN, mobile_robot_position=POSE, velocity=SPEED,
        loads=(
            states.Load(
                load_id="P00001", load_type="pod", load_position="plate",
                bounding_box_reference=BOX, weight=100.0,
                load_dimensions=states.LoadDimensions(length=1.0, width=1.0, height=2.0),
            ),
        ),
        paused=False, new_base_request=True,
        zone_requests=(
            states.ZoneRequest(
                request_id="r.1", request_type="ACCESS", zone_id="a", zone_set_id="z",
                request_status="REQUESTED", trajectory=CURVE,
            ),
        ),
        edge_requests=(
            states.EdgeRequest(
                request_id="r.2", request_type="CORRIDOR", edge_id="e.1.1.1.2", sequence_id=1,
                request_status="GRANTED",
            ),
        ),
        distance_since_last_node=0.4,
        information=(
            states.Info(
                info_type="wheel", info_level="DEBUG", info_references=(reference,),
                info_descriptor="warm",
            ),
        ),
    )  # fmt: skip


def connection() -> states.Connection:
    return states.Connection(**HEADER, connection_state=states.ConnectionState.ONLINE)


def visualization() -> Visualization:
    return Visualization(
        **HEADER, reference_state_header_id=6, planned_path=PATH, intermediate_path=SEEN,
        mobile_robot_position=POSE, velocity=SPEED,
    )  # fmt: skip


def responses() -> Responses:
    return Responses(
        **HEADER,
        responses=(Response(request_id="r.1", grant_type="GRANTED", lease_expiry=NOW),),
    )


def zone_set() -> zones.ZoneSetMessage:
    corners = tuple(zones.Vertex(x=x, y=y) for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    act = zones.ZoneAction(
        action_type="beep", blocking_type=BlockingType.NONE, action_descriptor="loud",
        action_parameters=(ActionParameter(key="volume", value=3),), retriable=False,
    )  # fmt: skip
    filled: dict[str, dict[str, object]] = {
        "BLOCKED": {"zone_descriptor": "closed"},
        "RELEASE": {"release_loss_behavior": "STOP"},
        "SPEED_LIMIT": {"maximum_speed": 0.5},
        "ACTION": {"entry_actions": (act,), "during_actions": (), "exit_actions": ()},
        "PRIORITY": {"priority_factor": 0.5},
        "PENALTY": {"penalty_factor": 0.5},
        "DIRECTED": {"direction": 0.0, "directed_limitation": "STRICT"},
        "BIDIRECTED": {"direction": 0.0, "bidirected_limitation": "SOFT"},
    }
    members = tuple(
        zones.Zone(zone_id=kind.lower(), zone_type=kind, vertices=corners, **fields)  # type: ignore[arg-type]
        for kind, fields in filled.items()
    )
    return zones.ZoneSetMessage(
        **HEADER,
        zone_set=zones.ZoneSet(
            map_id="floor", zone_set_id="z", zone_set_descriptor="today", zones=members
        ),
    )


def factsheet() -> sheets.Factsheet:
    corner = zones.Vertex(x=0.0, y=0.0)
    return sheets.Factsheet(
        **HEADER,
        type_specification=sheets.TypeSpecification(
            series_name="G1", series_description="lifts pods",
            mobile_robot_kinematics="DIFFERENTIAL", mobile_robot_class="CARRIER",
            maximum_load_mass=500.0, localization_types=("GRID",),
            navigation_types=("PHYSICAL_LINE_GUIDED",), supported_zones=("BLOCKED",),
        ),
        physical_parameters=sheets.PhysicalParameters(
            minimum_speed=0.0, maximum_speed=1.5, maximum_acceleration=1.0,
            maximum_deceleration=1.0, minimum_height=0.3, maximum_height=0.4, width=0.7,
            length=0.8, minimum_angular_speed=0.0, maximum_angular_speed=2.0,
        ),
        protocol_limits=sheets.ProtocolLimits(
            maximum_string_lengths=sheets.MaximumStringLengths(
                maximum_message_length=100_000, maximum_topic_serial_length=50,
                maximum_topic_element_length=50, maximum_id_length=50, id_numerical_only=False,
                maximum_load_id_length=50,
            ),
            maximum_array_lengths=sheets.MaximumArrayLengths(
                **dict.fromkeys(sheets.MaximumArrayLengths.__struct_fields__, 64)
            ),
            timing=sheets.Timing(
                minimum_order_interval=0.05, minimum_state_interval=0.05,
                default_state_interval=1.0, visualization_interval=0.1,
            ),
        ),
        protocol_features=sheets.ProtocolFeatures(
            optional_parameters=(
                sheets.OptionalParameter(
                    parameter="order.nodes.nodePosition", support="REQUIRED", description="where"
                ),
            ),
            mobile_robot_actions=(
                sheets.MobileRobotAction(
                    action_type="pick", action_scopes=("NODE",), pause_allowed=True,
                    cancel_allowed=False, action_description="lift a pod", action_result="its id",
                    blocking_types=(BlockingType.HARD,),
                    action_parameters=(
                        sheets.ParameterSpecification(
                            key="loadId", value_data_type="STRING", description="label",
                            is_optional=True,
                        ),
                    ),
                ),
            ),
        ),
        mobile_robot_geometry=sheets.MobileRobotGeometry(
            wheel_definitions=(
                sheets.WheelDefinition(
                    type="DRIVE", is_active_driven=True, is_active_steered=False,
                    position=sheets.WheelPosition(x=0.0, y=0.3, theta=0.0), diameter=0.2,
                    width=0.05, center_displacement=0.0, constraints="none",
                ),
            ),
            envelopes2d=(
                sheets.Envelope2d(envelope2d_id="e", vertices=(corner,), description="body"),
            ),
            envelopes3d=(
                sheets.Envelope3d(
                    envelope3d_id="f", format="DXF", data={"a": 1}, url="ftp://x", description="b"
                ),
            ),
        ),
        load_specification=sheets.LoadSpecification(
            load_positions=("plate",),
            load_sets=(
                sheets.LoadSet(
                    set_name="pods", load_type="pod", load_positions=("plate",),
                    bounding_box_reference=BOX, description="pods",
                    load_dimensions=sheets.LoadSetDimensions(length=1.0, width=1.0, height=2.0),
                    **{
                        name: 1.0
                        for name in sheets.LoadSet.__struct_fields__
                        if name.startswith(("minimum_", "maximum_")) or name.endswith("_time")
                    },
                ),
            ),
        ),
        mobile_robot_configuration=sheets.MobileRobotConfiguration(
            versions=(sheets.SoftwareVersion(key="software", value="1"),),
            network=sheets.Network(
                dns_servers=("10.0.0.1",), ntp_servers=("10.0.0.1",), local_ip_address="10.0.0.2",
                netmask="255.0.0.0", default_gateway="10.0.0.1",
            ),
            battery_charging=sheets.BatteryCharging(
                critical_low_charging_level=10.0, minimum_desired_charging_level=20.0,
                maximum_desired_charging_level=90.0, minimum_charging_time=60.0,
            ),
        ),
    )  # fmt: skip


def full_messages() -> dict[str, Message]:
    """By topic."""
    return {
        "order": order(),
        "instantActions": instants(),
        "state": state(),
        "connection": connection(),
        "factsheet": factsheet(),
        "visualization": visualization(),
        "zoneSet": zone_set(),
        "responses": responses(),
    }
