"""Full detail: units on wheels and casters, with plates that turn and lift pods and their goods.

Wheels turn by motors of limited torque and drive by friction; what is pushed slips or tips over.
Sources of the shapes: twin.physics.parts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.physics.bullet import let_go, load, open_world
from twin.physics.parts import (
    G_M_S2,
    LEFT,
    LIFT,
    PLATE,
    POD,
    RIGHT,
    UNIT,
    WALL,
    Parts,
    tilt_of,
    yaw_of,
)
from twin.physics.space import (
    LEFT_TURN,
    RIGHT_TURN,
    SLIP_M_S,
    TORQUE_SHARE,
    Drawn,
    Load,
    Pair,
    Pose,
    Wall,
)
from twin.physics.standing import Standing
from twin.physics.steer_kernels import HEIGHT, RATE, SPEED
from twin.unit_model import UnitModel

STEPS_A_TICK = 4
STEP_S = 1.0 / 240.0
TICK_S = STEPS_A_TICK * STEP_S
BREAKING_M = 0.0005
"""Contact points farther apart than that are none. A wheel that rolls would keep up to four of them
behind it otherwise, each with its share of the solver's time."""
MAX_UNITS = 100
"""In one world; beyond that the time for each of them grows."""
PLATE_TORQUE_NM = 400.0
BRAKE_GAIN = 0.2
SLEEP_AFTER_TICKS = 20
NOT_HERE = 1 << 40
"""Ticks with nothing to do of a unit that has no body in this world."""


class WheeledSpace:
    """Implements `Space`. reads_wheels: whether anybody asks how far wheels have turned.
    is_shown: in a window."""

    def __init__(
        self, unit: UnitModel, n_units: int, loads: list[Load], walls: list[Wall], *,
        reads_wheels: bool, is_shown: bool = False,
    ) -> None:  # fmt: skip
        self._bullet = p = load()
        self._client = open_world(p, is_shown=is_shown)
        self.close = let_go(self, p, self._client)
        self._unit, self._loads, self._reads_wheels = unit, loads, reads_wheels
        p.setGravity(0, 0, -G_M_S2, physicsClientId=self._client)
        p.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S, numSolverIterations=10, deterministicOverlappingPairs=1,
            contactBreakingThreshold=BREAKING_M, physicsClientId=self._client,
        )  # fmt: skip
        self._parts = Parts(p, self._client, unit)
        self._parts.make_floor()
        self._standing = Standing(
            p, self._client, walls, unit.body.pod_height_m, self._parts.pod_shape, (WALL, POD),
            (UNIT, UNIT),
        )  # fmt: skip
        self.show_pods = self._standing.show_pods
        self.put_obstacle = self._standing.put_obstacle
        self.take_obstacle = self._standing.take_obstacle
        self._bodies = [-1] * n_units
        self._carried = np.full(n_units, -1, dtype=np.int64)
        self._plate_yaw = np.zeros(n_units)
        self._plate_rest = np.zeros(n_units)  # yaw of the pod in the unit's frame at angle 0
        self._told = np.full((n_units, 3), np.nan)
        self._n_still = np.full(n_units, NOT_HERE)  # ticks with nothing to do
        self._is_new = np.ones(n_units, dtype=bool)
        self._offsets: list[tuple[float, ...]] = [()] * n_units

    # ------------------------------------------------------------------ what is where

    def put_unit(self, unit: int, pose: Pose) -> None:
        self._make(unit, pose, None, ())

    def take_unit(self, unit: int) -> None:
        body = self._bodies[unit]
        if body >= 0:
            self._bullet.removeBody(body, physicsClientId=self._client)
            del self._standing.parties[body]
        self._bodies[unit] = self._carried[unit] = -1
        self._n_still[unit] = NOT_HERE

    def draw_unit(self, unit: int) -> Drawn:
        p, body, client = self._bullet, self._bodies[unit], self._client
        place, turn = p.getBasePositionAndOrientation(body, physicsClientId=client)
        velocity = p.getBaseVelocity(body, physicsClientId=client)
        n_joints = p.getNumJoints(body, physicsClientId=client)
        joints = [
            p.getJointState(body, joint, physicsClientId=client)[:2] for joint in range(n_joints)
        ]
        plate = float(self._plate_yaw[unit]), float(self._plate_rest[unit]), self._offsets[unit]
        load = int(self._carried[unit])
        self.take_unit(unit)
        pose = place[0], place[1], yaw_of(turn)
        return Drawn(pose, load, (place, turn, velocity, joints, plate))

    def adopt_unit(self, unit: int, drawn: Drawn) -> None:
        p, client = self._bullet, self._client
        place, turn, velocity, joints, plate = drawn.motion
        pod = None if drawn.load < 0 else drawn.load
        self._make(unit, drawn.pose, pod, plate[2])
        self._plate_yaw[unit], self._plate_rest[unit] = plate[:2]
        body = self._bodies[unit]
        p.resetBasePositionAndOrientation(body, place, turn, physicsClientId=client)
        p.resetBaseVelocity(body, *velocity, physicsClientId=client)
        for joint, (position, speed) in enumerate(joints):
            p.resetJointState(body, joint, position, speed, physicsClientId=client)
        if pod is not None:
            self._hold_plate(unit, joints[PLATE][0], 0.0)
            self._hold_lift(unit, joints[LIFT][0])

    def load_up(self, unit: int, pod: int, pose: Pose, is_up: bool) -> None:
        (x_m, y_m, _), turn = self._pose(unit)
        yaw = yaw_of(turn)
        dx, dy = pose[0] - x_m, pose[1] - y_m
        east, north = math.cos(yaw), math.sin(yaw)
        offset = dx * east + dy * north, dy * east - dx * north, pose[2] - yaw
        self.show_pods([], [pod])
        self._make(unit, (x_m, y_m, yaw), pod, offset)
        self._plate_yaw[unit], self._plate_rest[unit] = pose[2], offset[2]
        if is_up:
            self._bullet.resetJointState(
                self._bodies[unit], LIFT, self._unit.body.lift_m, 0.0, physicsClientId=self._client
            )

    def set_down(self, unit: int) -> Pose:
        p = self._bullet
        link = p.getLinkState(self._bodies[unit], LIFT, physicsClientId=self._client)
        (x_m, y_m, _), yaw = link[4], yaw_of(link[5])
        (unit_x, unit_y, _), turn = self._pose(unit)
        self._make(unit, (unit_x, unit_y, yaw_of(turn)), None, ())
        return x_m, y_m, yaw

    def _make(self, unit: int, pose: Pose, pod: int | None, offset: tuple[float, ...]) -> None:
        """A body of its own for the unit with what it carries, at rest."""
        self.take_unit(unit)
        what = None if pod is None else self._loads[pod]
        self._bodies[unit] = body = self._parts.make_unit(*pose, what, offset)
        self._standing.parties[body], self._offsets[unit] = unit, offset
        self._carried[unit] = -1 if pod is None else pod
        self._told[unit], self._n_still[unit], self._is_new[unit] = np.nan, 0, True
        self._set_activation(unit, self._bullet.ACTIVATION_STATE_DISABLE_SLEEPING)
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
        is_busy = commands[:, :2].any(axis=1) | (commands != self._told).any(axis=1)
        is_busy &= self._n_still < NOT_HERE
        self._sleep_and_wake(is_busy)
        self._command_wheels(commands, is_busy)
        self._command_lifts(commands, is_busy)
        self._told = commands.copy()
        step = self._bullet.stepSimulation
        for _ in range(STEPS_A_TICK):
            step(physicsClientId=self._client)

    def _sleep_and_wake(self, is_busy: NDArray[np.bool_]) -> None:
        """Units that stand for a while cost no time until they have something to do or are hit."""
        p = self._bullet
        was_asleep = self._n_still > SLEEP_AFTER_TICKS
        self._n_still = np.where(is_busy, 0, self._n_still + 1)
        changes = [
            (is_busy & was_asleep, p.ACTIVATION_STATE_WAKE_UP),
            (is_busy & was_asleep, p.ACTIVATION_STATE_DISABLE_SLEEPING),
            (self._n_still == SLEEP_AFTER_TICKS, p.ACTIVATION_STATE_SLEEP),
        ]
        for rows, state in changes:
            for unit in np.flatnonzero(rows).tolist():
                self._set_activation(unit, state)

    def _set_activation(self, unit: int, state: int) -> None:
        self._bullet.changeDynamics(
            self._bodies[unit], -1, activationState=state, physicsClientId=self._client
        )

    def _command_wheels(self, commands: NDArray[np.float64], is_busy: NDArray[np.bool_]) -> None:
        p, body = self._bullet, self._unit.body
        changed = np.flatnonzero(is_busy & (commands[:, :2] != self._told[:, :2]).any(axis=1))
        half = commands[changed, RATE] * (body.track_m / 2)
        spins = (
            np.column_stack([commands[changed, SPEED] - half, commands[changed, SPEED] + half])
            / body.wheel_radius_m
        )
        forces, joints = [body.wheel_torque_nm] * 2, [LEFT, RIGHT]
        control, kind, client = p.setJointMotorControlArray, p.VELOCITY_CONTROL, self._client
        for unit, pair in zip(changed.tolist(), spins.tolist(), strict=True):
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

    def _command_lifts(self, commands: NDArray[np.float64], is_busy: NDArray[np.bool_]) -> None:
        """Plates turn against their units, or with them, and rise as told."""
        turns_with = self._unit.pod_turns
        for unit in np.flatnonzero(is_busy & (self._carried >= 0)).tolist():
            # A plate that is corrected while its unit stands shakes the unit beneath a heavy pod.
            if not turns_with and commands[unit, RATE] != 0.0:
                self._hold_plate(unit, self._plate_target(unit), -float(commands[unit, RATE]))
            if commands[unit, HEIGHT] != self._told[unit, HEIGHT]:
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
        p, client = self._bullet, self._client
        for unit in np.flatnonzero(self._n_still <= SLEEP_AFTER_TICKS + 1).tolist():
            body = self._bodies[unit]
            (x, y, _), turn = p.getBasePositionAndOrientation(body, physicsClientId=client)
            height = 0.0
            if self._carried[unit] >= 0:
                height = p.getJointState(body, LIFT, physicsClientId=client)[0]
            row = x, y, yaw_of(turn), tilt_of(turn), height, self._plate_yaw[unit]
            state[unit, : len(row)] = row
        if self._reads_wheels:
            self._read_wheels(state)

    def _read_wheels(self, state: NDArray[np.float64]) -> None:
        p, client = self._bullet, self._client
        for unit in np.flatnonzero(self._n_still <= 1).tolist():
            turns = np.nan, np.nan
            if not self._is_new[unit]:
                wheels = p.getJointStates(self._bodies[unit], [LEFT, RIGHT], physicsClientId=client)
                turns = wheels[0][0], wheels[1][0]
            self._is_new[unit] = False
            state[unit, LEFT_TURN : RIGHT_TURN + 1] = turns

    def strain(self, state: NDArray[np.float64]) -> None:
        """The larger of the two wheels. Units that stand still have none."""
        p, body, client = self._bullet, self._unit.body, self._client
        half = body.track_m / 2
        state[self._n_still < NOT_HERE, SLIP_M_S : TORQUE_SHARE + 1] = 0.0
        for unit in np.flatnonzero(self._n_still == 0).tolist():
            mine = self._bodies[unit]
            (vx, vy, _), (_, _, rate) = p.getBaseVelocity(mine, physicsClientId=client)
            yaw = yaw_of(self._pose(unit)[1])
            ahead = vx * math.cos(yaw) + vy * math.sin(yaw)
            wheels = p.getJointStates(mine, [LEFT, RIGHT], physicsClientId=client)
            state[unit, SLIP_M_S] = max(
                abs(wheel[1] * body.wheel_radius_m - ahead - side * rate * half)
                for wheel, side in zip(wheels, (-1, 1), strict=True)
            )
            most_nm = max(abs(wheel[3]) for wheel in wheels)
            state[unit, TORQUE_SHARE] = most_nm / body.wheel_torque_nm

    def contacts(self) -> list[Pair]:
        pairs = self._standing.contacts()
        for unit in (party for pair in pairs for party in pair if party >= 0):
            self._n_still[unit] = 0  # it may be pushed
        return pairs
