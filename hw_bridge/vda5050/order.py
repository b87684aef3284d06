"""Topic order: nodes and edges that a unit may drive, and those that it may hope for.

Source: VDA 5050 3.0.0, sections 6.1 and 6.2. Of the order, the released prefix is the base: it is
never changed. What follows is the horizon: news, no permission.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from hw_bridge.vda5050.action import Action
from hw_bridge.vda5050.base import Amount, Angle, Message, Natural, Part
from hw_bridge.vda5050.path import Trajectory


class AllowedDeviation(Part, frozen=True, kw_only=True):
    """Ellipse in metres, its axis turned by theta in rad."""

    a: Amount
    b: Amount
    theta: Annotated[float, Meta(ge=-1.570796327, le=1.570796327)]


class NodePosition(Part, frozen=True, kw_only=True):
    """x, y in metres in the world frame (x east, y north), theta in rad, -pi to pi."""

    x: float
    y: float
    map_id: str
    theta: Angle | None = None
    allowed_deviation_xy: AllowedDeviation | None = field(name="allowedDeviationXY", default=None)
    allowed_deviation_theta: Annotated[float, Meta(ge=0.0, le=3.141592654)] | None = None


class Node(Part, frozen=True, kw_only=True):
    node_id: str
    sequence_id: Natural
    released: bool
    actions: tuple[Action, ...]
    node_position: NodePosition | None = None
    node_descriptor: str = ""


class Corridor(Part, frozen=True, kw_only=True):
    left_width: Amount
    right_width: Amount
    corridor_reference_point: Literal["KINEMATIC_CENTER", "CONTOUR"] | None = None
    release_required: bool | None = None
    release_loss_behavior: Literal["STOP", "RETURN"] | None = None


class Edge(Part, frozen=True, kw_only=True):
    edge_id: str
    sequence_id: Natural
    released: bool
    actions: tuple[Action, ...]
    edge_descriptor: str = ""
    maximum_speed: float | None = None
    maximum_mobile_robot_height: float | None = None
    minimum_load_handling_device_height: float | None = None
    orientation: Angle | None = None
    orientation_type: Literal["GLOBAL", "TANGENTIAL"] | None = None
    direction: str = ""
    reach_orientation_before_entering: bool | None = None
    max_rotation_speed: float | None = None
    trajectory: Trajectory | None = None
    length: float | None = None
    corridor: Corridor | None = None


class Order(Message, frozen=True, kw_only=True):
    order_id: str
    order_update_id: Natural
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    order_description: str = ""


class InstantActions(Message, frozen=True, kw_only=True):
    """Topic instantActions: to be done at once, whatever the order."""

    actions: tuple[Action, ...]
