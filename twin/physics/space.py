"""A pybullet world with the units of one share of the fleet, and everything that stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.physics.bullet import load
from twin.physics.parts import (
    G_M_S2,
    LEFT,
    LIFT,
    PLATE,
    RIGHT,
    Load,
    Parts,
    tilt_of,
    yaw_of,
)
from twin.physics.steer_kernels import HEIGHT, RATE, SPEED
from twin.unit_model import UnitModel

STEPS_A_TICK = 4
STEP_S = 1.0 / 240.0
TICK_S = STEPS_A_TICK * STEP_S
AWAY_Z_M = -100.0
"""Where standing pods are kept while they are carried, and units that are off the floor."""
PLATE_TORQUE_NM = 400.0
BRAKE_GAIN = 0.2
OBSTACLE, STANDING_POD = -1, -2
"""Parties of a contact that are no units; as of the collision monitor."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A box that stands: centre and half sides in metres."""

    centre: tuple[float, float]
    half: tuple[float, float]


class Space:
    """Units with wheels, by their place in this space, and all pods by their number.

    State columns, one row per unit: x, y, yaw of the chassis, tilt in radians, height of the plate
    in metres, yaw of the plate.
    """

    def __init__(
        self, unit: UnitModel, n_units: int, n_pods: int, loads: list[Load], walls: list[Wall]
    ) -> None:
        self._bullet = p = load()
        self._client = p.connect(p.DIRECT)
        self._unit, self._loads = unit, loads
        p.setGravity(0, 0, -G_M_S2, physicsClientId=self._client)
        p.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S, numSolverIterations=10, deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )  # fmt: skip
        self._parts = Parts(p, self._client, unit)
        self._floor = self._parts.make_floor()
        self._parties = {self._parts.make_wall(wall.centre, wall.half): OBSTACLE for wall in walls}
        self._pods = [self._parts.make_pod(0.0, 0.0, 0.0) for _ in range(n_pods)]
        self._parties |= dict.fromkeys(self._pods, STANDING_POD)
        for pod in range(n_pods):
            self.take_pod(pod)
        self._obstacles: dict[int, int] = {}
        self._bodies = [-1] * n_units
        self._carried = [-1] * n_units
        self._plate_yaw = np.zeros(n_units)
        self._plate_rest = np.zeros(n_units)  # yaw of the pod in the unit's frame at angle 0
        self._told = np.full((n_units, 2), np.nan)

    # ------------------------------------------------------------------ what stands where

    def put_unit(self, unit: int, x_m: float, y_m: float, yaw: float) -> None:
        self._make(unit, x_m, y_m, yaw, None, ())

    def take_unit(self, unit: int) -> None:
        """The unit is not in this space any more, nor what it carries."""
        body = self._bodies[unit]
        if body >= 0:
            self._bullet.removeBody(body, physicsClientId=self._client)
            del self._parties[body]
        self._bodies[unit] = self._carried[unit] = -1

    def put_pod(self, pod: int, x_m: float, y_m: float, yaw: float) -> None:
        p = self._bullet
        turn = p.getQuaternionFromEuler([0, 0, yaw])
        p.resetBasePositionAndOrientation(
            self._pods[pod], [x_m, y_m, 0.0], turn, physicsClientId=self._client
        )

    def take_pod(self, pod: int) -> None:
        self._bullet.resetBasePositionAndOrientation(
            self._pods[pod], [0.0, 0.0, AWAY_Z_M], [0, 0, 0, 1], physicsClientId=self._client
        )

    def put_obstacle(self, cell: int, wall: Wall) -> None:
        self._obstacles[cell] = body = self._parts.make_wall(wall.centre, wall.half)
        self._parties[body] = OBSTACLE

    def take_obstacle(self, cell: int) -> None:
        body = self._obstacles.pop(cell)
        self._bullet.removeBody(body, physicsClientId=self._client)
        del self._parties[body]

    def load_up(self, unit: int, pod: int, pose: tuple[float, float, float], is_up: bool) -> None:
        """The pod, which stands or is held at that pose, rests on the unit's plate from now on."""
        (x_m, y_m, _), turn = self._pose(unit)
        yaw = yaw_of(turn)
        dx, dy = pose[0] - x_m, pose[1] - y_m
        east, north = math.cos(yaw), math.sin(yaw)
        offset = dx * east + dy * north, dy * east - dx * north, pose[2] - yaw
        self.take_pod(pod)
        self._make(unit, x_m, y_m, yaw, pod, offset)
        self._plate_yaw[unit], self._plate_rest[unit] = pose[2], offset[2]
        if is_up:
            self._bullet.resetJointState(
                self._bodies[unit], LIFT, self._unit.body.lift_m, 0.0, physicsClientId=self._client
            )

    def set_down(self, unit: int) -> tuple[float, float, float]:
        """What the unit carries stands where it is now. Returns x, y, yaw of the pod."""
        p, pod = self._bullet, self._carried[unit]
        link = p.getLinkState(self._bodies[unit], LIFT, physicsClientId=self._client)
        (x_m, y_m, _), yaw = link[4], yaw_of(link[5])
        (unit_x, unit_y, _), turn = self._pose(unit)
        self._make(unit, unit_x, unit_y, yaw_of(turn), None, ())
        self.put_pod(pod, x_m, y_m, yaw)
        return x_m, y_m, yaw

    def _make(
        self, unit: int, x_m: float, y_m: float, yaw: float, pod: int | None,
        offset: tuple[float, ...],
    ) -> None:  # fmt: skip
        """A body of its own for the unit with what it carries, at rest."""
        self.take_unit(unit)
        what = None if pod is None else self._loads[pod]
        self._bodies[unit] = body = self._parts.make_unit(x_m, y_m, yaw, what, offset)
        self._parties[body] = unit
        self._carried[unit] = -1 if pod is None else pod
        self._told[unit] = np.nan
        if pod is not None:
            self._hold_plate(unit, 0.0, 0.0)
            self._hold_lift(unit, 0.0)

    def _pose(self, unit: int) -> tuple[tuple[float, ...], tuple[float, float, float, float]]:
        """Origin of the unit's frame, and its orientation."""
        p = self._bullet
        (x, y, z), turn = p.getBasePositionAndOrientation(
            self._bodies[unit], physicsClientId=self._client
        )
        return (x, y, z), turn

    # ------------------------------------------------------------------ one tick

    def step(self, commands: NDArray[np.float64]) -> None:
        """Tell wheels and lifts what to do, and let a tick pass.

        commands: float64[n, 3], as of `twin.physics.steer_kernels.steer`."""
        self._command_wheels(commands)
        self._command_lifts(commands)
        step = self._bullet.stepSimulation
        for _ in range(STEPS_A_TICK):
            step(physicsClientId=self._client)

    def _command_wheels(self, commands: NDArray[np.float64]) -> None:
        p, body = self._bullet, self._unit.body
        half = commands[:, RATE] * (body.track_m / 2)
        spins = np.column_stack([commands[:, SPEED] - half, commands[:, SPEED] + half])
        spins /= body.wheel_radius_m
        changed = np.flatnonzero((spins != self._told).any(axis=1))
        self._told = spins
        forces, joints = [body.wheel_torque_nm] * 2, [LEFT, RIGHT]
        control, kind, client = p.setJointMotorControlArray, p.VELOCITY_CONTROL, self._client
        for unit, pair in zip(changed.tolist(), spins[changed].tolist(), strict=True):
            if self._bodies[unit] < 0:
                continue
            if pair == [0.0, 0.0]:
                self._brake(unit)
                continue
            control(
                self._bodies[unit], joints, kind, targetVelocities=pair, forces=forces,
                physicsClientId=client,
            )  # fmt: skip

    def _brake(self, unit: int) -> None:
        """Hold the wheels where they are: a motor that is told no speed lets them creep."""
        p, unit_body, joints = self._bullet, self._bodies[unit], [LEFT, RIGHT]
        states = p.getJointStates(unit_body, joints, physicsClientId=self._client)
        p.setJointMotorControlArray(
            unit_body, joints, p.POSITION_CONTROL, targetPositions=[one[0] for one in states],
            forces=[self._unit.body.wheel_torque_nm] * 2, positionGains=[BRAKE_GAIN] * 2,
            physicsClientId=self._client,
        )  # fmt: skip

    def _command_lifts(self, commands: NDArray[np.float64]) -> None:
        """Plates turn against their units, or with them, and rise as told."""
        turns_with = self._unit.pod_turns
        for unit, pod in enumerate(self._carried):
            if pod < 0:
                continue
            # A plate that is corrected while its unit stands shakes the unit beneath a heavy pod.
            if not turns_with and commands[unit, RATE] != 0.0:
                self._hold_plate(unit, self._plate_target(unit), -float(commands[unit, RATE]))
            self._hold_lift(unit, float(commands[unit, HEIGHT]))

    def _plate_target(self, unit: int) -> float:
        """Angle of the plate that keeps the pod's yaw, the nearest of those to where it is."""
        p, body = self._bullet, self._bodies[unit]
        angle = p.getJointState(body, PLATE, physicsClientId=self._client)[0]
        yaw = yaw_of(self._pose(unit)[1])
        off = self._plate_yaw[unit] - self._plate_rest[unit] - yaw - angle
        return float(angle + math.remainder(off, math.tau))

    def _hold_plate(self, unit: int, angle: float, rate: float) -> None:
        p = self._bullet
        p.setJointMotorControl2(
            self._bodies[unit], PLATE, p.POSITION_CONTROL, targetPosition=angle,
            targetVelocity=rate, positionGain=0.3, velocityGain=1.0, force=PLATE_TORQUE_NM,
            physicsClientId=self._client,
        )  # fmt: skip

    def _hold_lift(self, unit: int, height_m: float) -> None:
        p = self._bullet
        p.setJointMotorControl2(
            self._bodies[unit], LIFT, p.POSITION_CONTROL, targetPosition=height_m,
            positionGain=0.3, velocityGain=1.0, force=self._unit.body.lift_force_n,
            physicsClientId=self._client,
        )  # fmt: skip

    def read(self, state: NDArray[np.float64]) -> None:
        """Fill float64[n, 6] with the state of all units; rows of units not here stay."""
        p, client = self._bullet, self._client
        for unit, body in enumerate(self._bodies):
            if body < 0:
                continue
            (x, y, _), turn = p.getBasePositionAndOrientation(body, physicsClientId=client)
            height = 0.0
            if self._carried[unit] >= 0:
                height = p.getJointState(body, LIFT, physicsClientId=client)[0]
            state[unit] = x, y, yaw_of(turn), tilt_of(turn), height, self._plate_yaw[unit]

    def contacts(self) -> list[tuple[int, int]]:
        """Units and what each touches beside the floor: a unit, OBSTACLE or STANDING_POD."""
        found = set()
        for row in self._bullet.getContactPoints(physicsClientId=self._client):
            if row[1] == self._floor or row[2] == self._floor or row[8] > 0.0:
                continue
            one, other = self._parties[row[1]], self._parties[row[2]]
            if one != other:
                found.add((max(one, other), min(one, other)) if min(one, other) < 0 else
                          (min(one, other), max(one, other)))  # fmt: skip
        return sorted(found)

    def close(self) -> None:
        if self._client >= 0:
            self._bullet.disconnect(physicsClientId=self._client)
            self._client = -1
