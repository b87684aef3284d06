"""Curves and poses that several topics share (VDA 5050 3.0.0, sections 6.2, 6.6 and 6.7)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from hw_bridge.vda5050.base import Amount, Angle, Part, Share


class ControlPoint(Part, frozen=True, kw_only=True):
    x: float
    y: float
    weight: float | None = None


class Trajectory(Part, frozen=True, kw_only=True):
    """NURBS: as many knots as control points + degree + 1."""

    control_points: tuple[ControlPoint, ...]
    degree: Annotated[int, Meta(ge=1)] | None = None
    knot_vector: tuple[Share, ...] | None = None


class PlannedPath(Part, frozen=True, kw_only=True):
    """Way over the nodes of the base that a unit has chosen by itself."""

    trajectory: Trajectory
    traversed_nodes: tuple[str, ...] = ()


class PathPoint(Part, frozen=True, kw_only=True):
    """eta: when it will be there, as a timestamp."""

    x: float
    y: float
    eta: str
    theta: Angle | None = None


class IntermediatePath(Part, frozen=True, kw_only=True):
    """Way that the unit sees free before it."""

    polyline: tuple[PathPoint, ...]


class MobileRobotPosition(Part, frozen=True, kw_only=True):
    """Metres and rad, -pi to pi, in the world frame of the map."""

    x: float
    y: float
    theta: Angle
    map_id: str
    localized: bool
    localization_score: Share | None = None
    deviation_range: Amount | None = None


class Velocity(Part, frozen=True, kw_only=True):
    """m/s and rad/s in the unit's frame."""

    vx: float | None = None
    vy: float | None = None
    omega: float | None = None


class BoundingBoxReference(Part, frozen=True, kw_only=True):
    """Point of a load in the unit's frame: metres, rad."""

    x: float
    y: float
    z: float
    theta: float | None = None
