"""Shapes and masses of what stands and drives on the floor, as pybullet takes them.

Frames: metres; a unit's own frame has its origin on the floor below the middle of its axle, x
ahead, y to the left, z up. Wheels touch the floor as spheres: on cylinders a unit drifts sideways.
"""

from __future__ import annotations

import math
from typing import Any

from twin.physics.space import Load
from twin.physics.standing import UPRIGHT
from twin.unit_model import UnitModel

FLOOR, UNIT, POD, WALL = 1, 2, 4, 8
"""Collision groups. A wheel touches the floor alone; everything else of a unit all but the floor's
own fixtures of it; what stands touches units only."""
LEFT, RIGHT, PLATE, LIFT = 0, 1, 2, 3
"""Joints of a unit; the last two of a laden one only."""
CASTER_M = 0.04
CASTER_GAP_M = 0.001
GROUND_CLEARANCE_M = 0.04
LEG_M = 0.05
G_M_S2 = 9.81


class Parts:
    """Collision shapes of one pybullet world, made once and shared by all bodies of a kind."""

    def __init__(self, bullet: Any, client: int, unit: UnitModel) -> None:
        self._bullet, self._client, self._unit = bullet, client, unit
        self._chassis, self._wheel = self._chassis_shape(), self._wheel_shape()
        self.pod_shape = self._pod_shape()

    def _chassis_shape(self) -> int:
        """A box on two casters, which leave the weight to the wheels unless it leans on them."""
        p, unit = self._bullet, self._unit
        half_z = (unit.body.chassis_height_m - GROUND_CLEARANCE_M) / 2
        caster_z, caster_x = CASTER_M + CASTER_GAP_M, unit.length_m / 2 - 1.5 * CASTER_M
        return int(p.createCollisionShapeArray(
            shapeTypes=[p.GEOM_BOX, p.GEOM_SPHERE, p.GEOM_SPHERE],
            halfExtents=[[unit.length_m / 2, unit.width_m / 2, half_z], [0, 0, 0], [0, 0, 0]],
            radii=[0.0, CASTER_M, CASTER_M],
            collisionFramePositions=[
                [0, 0, GROUND_CLEARANCE_M + half_z], [caster_x, 0, caster_z],
                [-caster_x, 0, caster_z],
            ],
            physicsClientId=self._client,
        ))  # fmt: skip

    def _wheel_shape(self) -> int:
        p = self._bullet
        return int(
            p.createCollisionShape(
                p.GEOM_SPHERE, radius=self._unit.body.wheel_radius_m, physicsClientId=self._client
            )
        )

    def _pod_shape(self) -> int:
        """Shelves on four legs; the legs stand at the corners."""
        p, body, half = self._bullet, self._unit.body, self._unit.pod_side_m / 2
        shelf_z = (body.pod_height_m - body.pod_clear_m) / 2
        leg, leg_z = LEG_M / 2, body.pod_clear_m / 2
        corners = [
            [x, y, leg_z] for x in (leg - half, half - leg) for y in (leg - half, half - leg)
        ]
        return int(p.createCollisionShapeArray(
            shapeTypes=[p.GEOM_BOX] * 5,
            halfExtents=[[half, half, shelf_z]] + [[leg, leg, leg_z]] * 4,
            collisionFramePositions=[[0, 0, body.pod_clear_m + shelf_z], *corners],
            physicsClientId=self._client,
        ))  # fmt: skip

    def make_unit(
        self, x_m: float, y_m: float, yaw: float, load: Load | None, offset: tuple[float, ...] = ()
    ) -> int:
        """A unit that stands there; returns its body. offset: x, y, yaw of the pod on its plate."""
        p, body = self._bullet, self._unit.body
        masses, shapes = [body.wheel_kg] * 2, [self._wheel] * 2
        places = [[0.0, side * body.track_m / 2, body.wheel_radius_m] for side in (1, -1)]
        turns, centres = [UPRIGHT] * 2, [[0.0, 0.0, 0.0]] * 2
        parents, kinds, axes = [0, 0], [p.JOINT_REVOLUTE] * 2, [[0, 1, 0]] * 2
        if load is not None:
            dx, dy, turn = offset
            # The plate is in the chassis' mass; what turns and rises is all the pod's.
            masses += [1.0, load.mass_kg]
            shapes += [-1, self.pod_shape]
            places += [[dx, dy, 0.0], [0.0, 0.0, 0.0]]
            turns += [p.getQuaternionFromEuler([0, 0, turn]), UPRIGHT]
            centres += [[0.0, 0.0, body.pod_clear_m], [*load.shift, self._load_height()]]
            parents += [0, PLATE + 1]
            kinds += [p.JOINT_REVOLUTE, p.JOINT_PRISMATIC]
            axes += [[0, 0, 1], [0, 0, 1]]
        n = len(masses)
        made = int(p.createMultiBody(
            baseMass=body.chassis_kg, baseCollisionShapeIndex=self._chassis,
            basePosition=[x_m, y_m, 0.0],
            baseOrientation=p.getQuaternionFromEuler([0, 0, yaw]),
            baseInertialFramePosition=[0, 0, body.chassis_height_m / 2],
            linkMasses=masses, linkCollisionShapeIndices=shapes, linkVisualShapeIndices=[-1] * n,
            linkPositions=places, linkOrientations=turns, linkInertialFramePositions=centres,
            linkInertialFrameOrientations=[UPRIGHT] * n, linkParentIndices=parents,
            linkJointTypes=kinds, linkJointAxis=axes, flags=p.URDF_ENABLE_SLEEPING,
            physicsClientId=self._client,
        ))  # fmt: skip
        self._set_up_unit(made, n)
        return made

    def _load_height(self) -> float:
        """Goods lie in all shelves alike."""
        body = self._unit.body
        return body.pod_clear_m + (body.pod_height_m - body.pod_clear_m) / 2

    def _set_up_unit(self, unit: int, n_links: int) -> None:
        p, body, client = self._bullet, self._unit.body, self._client
        for link in range(-1, n_links):
            friction = body.wheel_friction if link in (LEFT, RIGHT) else 0.0
            p.changeDynamics(
                unit, link, lateralFriction=friction, linearDamping=0.0, angularDamping=0.0,
                jointDamping=0.0, physicsClientId=client,
            )  # fmt: skip
            is_wheel = link in (LEFT, RIGHT)
            touches = FLOOR if is_wheel else UNIT | POD | WALL | (FLOOR if link == -1 else 0)
            p.setCollisionFilterGroupMask(unit, link, UNIT, touches, physicsClientId=client)

    def make_floor(self) -> int:
        p = self._bullet
        shape = p.createCollisionShape(p.GEOM_PLANE, physicsClientId=self._client)
        made = int(p.createMultiBody(0, shape, physicsClientId=self._client))
        p.changeDynamics(made, -1, lateralFriction=1.0, physicsClientId=self._client)
        p.setCollisionFilterGroupMask(made, -1, FLOOR, UNIT, physicsClientId=self._client)
        return made


def tilt_of(orientation: tuple[float, float, float, float]) -> float:
    """Radians between the body's z axis and the vertical."""
    x, y, _, _ = orientation
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))


def yaw_of(orientation: tuple[float, float, float, float]) -> float:
    """Radians of the body's x axis in the plane, counted as `UNIT.yaw`."""
    x, y, z, w = orientation
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
