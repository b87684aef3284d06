"""Less detail for large fleets: every unit one box that slides over the floor and cannot tip.

There is no floor and no weight. Each control tick a box is given the velocity that it is told, as
far as grip and motors of its unit could have changed it (twin.physics.planar_kernels); bodies that
meet stop and push each other. A laden unit is a box as large as its pod: the chassis beneath is a
yaw. Lifts take their time and cannot fail. A laden unit touches standing pods, an empty one none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.physics.bullet import let_go, load, open_world
from twin.physics.parts import G_M_S2, POD, UNIT, WALL, yaw_of
from twin.physics.planar_kernels import RATE_NOW, VX, find_velocities, take_poses
from twin.physics.space import (
    LEFT_TURN,
    N_COLUMNS,
    RIGHT_TURN,
    SLIP_M_S,
    TORQUE_SHARE,
    YAW,
    Drawn,
    Load,
    Pair,
    Pose,
    Wall,
)
from twin.physics.standing import Standing, box_on_floor
from twin.unit_model import Body, UnitModel

STEPS_A_TICK = 2
STEP_S = 1.0 / 60.0
TICK_S = STEPS_A_TICK * STEP_S
MAX_UNITS = 500
"""In one world: larger ones cost a little less, but one core at most."""
LADEN = 16
"""Collision group of laden units, beside those of twin.physics.parts."""
UPRIGHT_KG_M2 = 1e7
"""Moment of inertia against tipping."""
BODY_FRICTION = 0.3
STILL_TICKS = 3
STILL_M_S = 1e-4
NOT_HERE = 1 << 40


@dataclass(frozen=True, slots=True)
class _Box:
    """Collision shape, half sides, collision group and mask."""

    shape: int
    half: tuple[float, float]
    group: int
    mask: int


class PlanarSpace:
    """Implements `Space`."""

    def __init__(
        self, unit: UnitModel, n_units: int, loads: list[Load], walls: list[Wall], *,
        reads_wheels: bool, is_shown: bool = False,
    ) -> None:  # fmt: skip
        self._bullet = p = load()
        self._client = open_world(p, is_shown=is_shown)
        self.close = let_go(self, p, self._client)
        self._unit, self._loads, self._reads_wheels = unit, loads, reads_wheels
        p.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S, numSolverIterations=10, deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )  # fmt: skip
        half_pod = unit.pod_side_m / 2
        empty_half, laden_half = (unit.length_m / 2, unit.width_m / 2), (half_pod, half_pod)
        pod_shape = self._box_shape(laden_half)
        self._empty = _Box(self._box_shape(empty_half), empty_half, UNIT, UNIT | LADEN | WALL)
        self._laden = _Box(pod_shape, laden_half, LADEN, UNIT | LADEN | WALL | POD)
        self._standing = Standing(
            p, self._client, walls, unit.body.pod_height_m, pod_shape, (WALL, POD),
            (UNIT | LADEN, LADEN),
        )  # fmt: skip
        self.show_pods = self._standing.show_pods
        self.put_obstacle = self._standing.put_obstacle
        self.take_obstacle = self._standing.take_obstacle
        self._bodies = [-1] * n_units
        self._carried = np.full(n_units, -1, dtype=np.int64)
        self._raw, self._mounts = np.zeros((n_units, 7)), np.zeros((n_units, 4))
        self._keeps, self._grips = np.zeros(n_units, dtype=np.uint8), np.ones((n_units, 3))
        self._shares = np.zeros(n_units)
        self._told = np.zeros((n_units, 3))
        self._n_still = np.full(n_units, NOT_HERE)
        self._turns, self._is_new = np.zeros((n_units, 2)), np.ones(n_units, dtype=bool)

    def _box_shape(self, half: tuple[float, float]) -> int:
        half_z = self._unit.body.pod_height_m / 2
        return box_on_floor(self._bullet, self._client, half, half_z)

    # ------------------------------------------------------------------ what is where

    def put_unit(self, unit: int, pose: Pose) -> None:
        self._make(unit, pose, -1, (0.0, 0.0, 0.0, 0.0))

    def take_unit(self, unit: int) -> None:
        body = self._bodies[unit]
        if body >= 0:
            self._bullet.removeBody(body, physicsClientId=self._client)
            del self._standing.parties[body]
        self._bodies[unit] = self._carried[unit] = -1
        self._n_still[unit] = NOT_HERE

    def draw_unit(self, unit: int) -> Drawn:
        pod, raw = int(self._carried[unit]), self._raw[unit].copy()
        drawn = Drawn(self._body_pose(unit), pod, (raw, self._mounts[unit].copy()))
        self.take_unit(unit)
        return drawn

    def adopt_unit(self, unit: int, drawn: Drawn) -> None:
        raw, mount = drawn.motion
        self._make(unit, drawn.pose, drawn.load, mount)
        self._raw[unit] = raw

    def load_up(self, unit: int, pod: int, pose: Pose, is_up: bool) -> None:
        x_m, y_m, yaw = self._chassis_pose(unit)
        east, north = np.cos(pose[2]), np.sin(pose[2])
        dx, dy = pose[0] - x_m, pose[1] - y_m
        mount = dx * east + dy * north, dy * east - dx * north, yaw - pose[2], pose[2]
        self.show_pods([], [pod])
        self._make(unit, pose, pod, mount)

    def set_down(self, unit: int) -> Pose:
        pod_pose, chassis_pose = self._body_pose(unit), self._chassis_pose(unit)
        self.put_unit(unit, chassis_pose)
        return pod_pose

    def _body_pose(self, unit: int) -> Pose:
        x_m, y_m, z, w = self._raw[unit, :4].tolist()
        return x_m, y_m, yaw_of((0.0, 0.0, z, w))

    def _chassis_pose(self, unit: int) -> Pose:
        state = np.zeros((len(self._bodies), N_COLUMNS))
        take_poses(np.array([unit]), self._raw, self._mounts, self._told, state)
        x_m, y_m, yaw = state[unit, :3].tolist()
        return x_m, y_m, yaw

    def _make(self, unit: int, pose: Pose, pod: int, mount: tuple[float, ...]) -> None:
        """A body of its own for the unit with what it carries, at rest."""
        self.take_unit(unit)
        p, client, body = self._bullet, self._client, self._unit.body
        box, mass_kg = self._empty, body.chassis_kg + 2 * body.wheel_kg
        if pod >= 0:
            box, mass_kg = self._laden, mass_kg + self._loads[pod].mass_kg
        turn = p.getQuaternionFromEuler([0, 0, pose[2]])
        made = int(p.createMultiBody(
            mass_kg, box.shape, -1, [pose[0], pose[1], 0.0], turn, physicsClientId=client
        ))  # fmt: skip
        inertia = mass_kg * (box.half[0] ** 2 + box.half[1] ** 2) / 3.0
        p.changeDynamics(
            made, -1, localInertiaDiagonal=[UPRIGHT_KG_M2, UPRIGHT_KG_M2, inertia],
            lateralFriction=BODY_FRICTION, linearDamping=0.0, angularDamping=0.0,
            physicsClientId=client,
        )  # fmt: skip
        p.setCollisionFilterGroupMask(made, -1, box.group, box.mask, physicsClientId=client)
        self._bodies[unit], self._carried[unit] = made, pod
        self._standing.parties[made] = unit
        self._raw[unit] = pose[0], pose[1], turn[2], turn[3], 0.0, 0.0, 0.0
        self._mounts[unit], self._grips[unit] = mount, grip_of(body, mass_kg, inertia)
        self._keeps[unit] = pod >= 0 and not self._unit.pod_turns
        self._n_still[unit], self._is_new[unit] = 0, True

    # ------------------------------------------------------------------ one tick

    def step(self, commands: NDArray[np.float64]) -> None:
        is_busy = commands[:, :2].any(axis=1) | (commands != self._told).any(axis=1)
        is_busy |= np.abs(self._raw[:, VX:]).max(axis=1) > STILL_M_S
        is_busy &= self._n_still < NOT_HERE
        self._n_still = np.where(is_busy, 0, self._n_still + 1)
        self._told = commands.copy()
        rows = self._moving()
        find_velocities(
            TICK_S, rows, self._raw, self._keeps, self._grips, commands, self._mounts, self._shares
        )
        reset, client, bodies = self._bullet.resetBaseVelocity, self._client, self._bodies
        for unit, (vx, vy, rate) in zip(
            rows.tolist(), self._raw[rows, VX : RATE_NOW + 1].tolist(), strict=True
        ):
            reset(bodies[unit], (vx, vy, 0.0), (0.0, 0.0, rate), physicsClientId=client)
        for _ in range(STEPS_A_TICK):
            self._bullet.stepSimulation(physicsClientId=client)

    def _moving(self) -> NDArray[np.int64]:
        """Units that have something to do, or had a moment ago."""
        return np.flatnonzero(self._n_still <= STILL_TICKS)

    def read(self, state: NDArray[np.float64]) -> None:
        pose, velocity = self._bullet.getBasePositionAndOrientation, self._bullet.getBaseVelocity
        client, bodies, rows = self._client, self._bodies, self._moving()
        if not len(rows):
            return
        found = []
        for unit in rows.tolist():
            (x, y, _), (_, _, z, w) = pose(bodies[unit], physicsClientId=client)
            (vx, vy, _), (_, _, rate) = velocity(bodies[unit], physicsClientId=client)
            found.append((x, y, z, w, vx, vy, rate))
        self._raw[rows] = found
        before = state[rows, : YAW + 1]
        take_poses(rows, self._raw, self._mounts, self._told, state)
        if self._reads_wheels:
            self._turn_wheels(rows, before, state)

    def _turn_wheels(
        self, rows: NDArray[np.int64], before: NDArray[np.float64], state: NDArray[np.float64]
    ) -> None:
        """Wheels that there are not turn as those of a unit would that moved so without slip."""
        body = self._unit.body
        dx, dy, turn = (state[rows, : YAW + 1] - before).T
        turn -= 2.0 * np.pi * np.round(turn / (2.0 * np.pi))
        way = dx * np.cos(before[:, YAW]) + dy * np.sin(before[:, YAW])
        half = turn * body.track_m / 2
        self._turns[rows] += np.column_stack([way - half, way + half]) / body.wheel_radius_m
        state[rows, LEFT_TURN : RIGHT_TURN + 1] = self._turns[rows]
        is_new = rows[self._is_new[rows]]
        state[is_new, LEFT_TURN : RIGHT_TURN + 1] = np.nan
        self._is_new[rows] = False

    def strain(self, state: NDArray[np.float64]) -> None:
        """Grip shows as motion that comes too late, not as slip."""
        is_here = self._n_still < NOT_HERE
        state[is_here, SLIP_M_S] = 0.0
        state[is_here, TORQUE_SHARE] = np.where(self._n_still == 0, self._shares, 0.0)[is_here]

    def contacts(self) -> list[Pair]:
        pairs = self._standing.contacts()
        for unit in (party for pair in pairs for party in pair if party >= 0):
            self._n_still[unit] = 0  # it may be pushed
        return pairs


def grip_of(body: Body, mass_kg: float, inertia_kg_m2: float) -> tuple[float, float, float]:
    """A row of `grips` (twin.physics.planar_kernels)."""
    most_n = body.wheel_friction * mass_kg * G_M_S2
    ahead_n = min(most_n, 2.0 * body.wheel_torque_nm / body.wheel_radius_m)
    moment_nm = ahead_n * body.track_m / 2
    return ahead_n / mass_kg, most_n / mass_kg, moment_nm / inertia_kg_m2
