"""Topic order: nodes and edges that a unit may drive, and those that it may hope for.

Source: VDA 5050 3.0.0, sections 6.1 and 6.2. Of the order, the released prefix is the base: it is
never changed. What follows is the horizon: news, no permission.
"""

from __future__ import annotations

from msgspec import field

from hw_bridge.vda5050.action import Action
from hw_bridge.vda5050.base import Message, Part


class AllowedDeviation(Part, frozen=True, kw_only=True):
    """Ellipse in metres, its axis turned by theta in rad."""

    a: float
    b: float
    theta: float


class NodePosition(Part, frozen=True, kw_only=True):
    """x, y in metres in the world frame (x east, y north), theta in rad, -pi to pi."""

    x: float
    y: float
    map_id: str
    theta: float | None = None
    allowed_deviation_xy: AllowedDeviation | None = field(name="allowedDeviationXY", default=None)
    allowed_deviation_theta: float | None = None


class Node(Part, frozen=True, kw_only=True):
    node_id: str
    sequence_id: int
    released: bool
    actions: tuple[Action, ...]
    node_position: NodePosition | None = None
    node_descriptor: str = ""


class ControlPoint(Part, frozen=True, kw_only=True):
    x: float
    y: float
    weight: float | None = None


class Trajectory(Part, frozen=True, kw_only=True):
    """NURBS."""

    control_points: tuple[ControlPoint, ...]
    degree: int | None = None
    knot_vector: tuple[float, ...] | None = None


class Corridor(Part, frozen=True, kw_only=True):
    left_width: float
    right_width: float
    corridor_reference_point: str = ""
    release_required: bool | None = None
    release_loss_behavior: str = ""


class Edge(Part, frozen=True, kw_only=True):
    edge_id: str
    sequence_id: int
    released: bool
    actions: tuple[Action, ...]
    edge_descriptor: str = ""
    maximum_speed: float | None = None
    maximum_mobile_robot_height: float | None = None
    minimum_load_handling_device_height: float | None = None
    orientation: float | None = None
    orientation_type: str = ""
    direction: str = ""
    reach_orientation_before_entering: bool | None = None
    max_rotation_speed: float | None = None
    trajectory: Trajectory | None = None
    length: float | None = None
    corridor: Corridor | None = None


class Order(Message, frozen=True, kw_only=True):
    order_id: str
    order_update_id: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    order_description: str = ""


class InstantActions(Message, frozen=True, kw_only=True):
    """Topic instantActions: to be done at once, whatever the order."""

    actions: tuple[Action, ...]
