"""A pybullet world with the units of one share of the fleet, and everything that stands."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.physics.bullet import load, open_world
from twin.physics.parts import (
    G_M_S2,
    LEFT,
    LIFT,
    PLATE,
    RIGHT,
    UPRIGHT,
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
AWAY_Z_M, AWAY_STEP_M = -100.0, 3.0
"""Where pods are kept while they are carried."""
PLATE_TORQUE_NM = 400.0
BRAKE_GAIN = 0.2
SLEEP_AFTER_TICKS = 20
TILT, PLATE_M = 3, 4
"""Columns of the state that are no pose."""
OBSTACLE, STANDING_POD = -1, -2
"""Parties of a contact that are no units; as of the collision monitor."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A box that stands: centre and half sides in metres."""

    centre: tuple[float, float]
    half: tuple[float, float]


class Space:
    """Units with wheels, by their place in this space, and all pods by their number.

    pod_poses: float64[n_pods, 3], x, y, yaw of every pod that stands.
    State columns, one row per unit: x, y, yaw of the chassis, tilt in radians, height of the plate
    in metres, yaw of the plate.
    """

    def __init__(
        self, unit: UnitModel, n_units: int, loads: list[Load], walls: list[Wall],
        *, is_shown: bool = False,
    ) -> None:  # fmt: skip
        self._bullet = p = load()
        self._client = open_world(p, is_shown=is_shown)
        self._shown_until_s = time.monotonic() if is_shown else None
        self._unit, self._loads = unit, loads
        p.setGravity(0, 0, -G_M_S2, physicsClientId=self._client)
        p.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S, numSolverIterations=10, deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )  # fmt: skip
        self._parts = Parts(p, self._client, unit)
        self._floor = self._parts.make_floor()
        self._parties = {self._parts.make_wall(wall.centre, wall.half): OBSTACLE for wall in walls}
        self._pods: dict[int, int] = {}  # pod: its body, of those that are there for now
        self._spare: list[int] = []
        self.pod_poses = np.zeros((len(loads), 3))
        self._obstacles: dict[int, int] = {}
        self._bodies = [-1] * n_units
        self._carried = [-1] * n_units
        self._plate_yaw = np.zeros(n_units)
        self._plate_rest = np.zeros(n_units)  # yaw of the pod in the unit's frame at angle 0
        self._told = np.full((n_units, 3), np.nan)
        self._n_still = np.zeros(n_units, dtype=np.int64)  # ticks with nothing to do
        self._is_new = np.ones(n_units, dtype=bool)

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

    def show_pods(self, pods: list[int], hidden: list[int]) -> None:
        """Standing pods that have a body from now on, and those that have none any more: nothing is
        near enough to touch them, and bodies that stand cost time as others do."""
        p = self._bullet
        for pod in hidden:
            body = self._pods.pop(pod, None)
            if body is not None:
                self._spare.append(body)
                # Each at a place of its own: bodies that overlap cost time too.
                away = [AWAY_STEP_M * len(self._spare), 0.0, AWAY_Z_M]
                p.resetBasePositionAndOrientation(body, away, UPRIGHT, physicsClientId=self._client)
        for pod in pods:
            x_m, y_m, yaw = self.pod_poses[pod].tolist()
            if not self._spare:
                self._spare.append(self._parts.make_pod(x_m, y_m, yaw))
                self._parties[self._spare[-1]] = STANDING_POD
            self._pods[pod] = body = self._spare.pop()
            turn = p.getQuaternionFromEuler([0, 0, yaw])
            p.resetBasePositionAndOrientation(
                body, [x_m, y_m, 0.0], turn, physicsClientId=self._client
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
        self.show_pods([], [pod])
        self._make(unit, x_m, y_m, yaw, pod, offset)
        self._plate_yaw[unit], self._plate_rest[unit] = pose[2], offset[2]
        if is_up:
            self._bullet.resetJointState(
                self._bodies[unit], LIFT, self._unit.body.lift_m, 0.0, physicsClientId=self._client
            )

    def set_down(self, unit: int) -> None:
        """What the unit carries stands where it is now, and has no body until it is shown."""
        p, pod = self._bullet, self._carried[unit]
        link = p.getLinkState(self._bodies[unit], LIFT, physicsClientId=self._client)
        (x_m, y_m, _), yaw = link[4], yaw_of(link[5])
        (unit_x, unit_y, _), turn = self._pose(unit)
        self._make(unit, unit_x, unit_y, yaw_of(turn), None, ())
        self.pod_poses[pod] = x_m, y_m, yaw

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
        """Tell wheels and lifts what to do, and let a tick pass.

        commands: float64[n, 3], as of `twin.physics.steer_kernels.steer`."""
        is_busy = commands[:, :2].any(axis=1) | (commands != self._told).any(axis=1)
        self._sleep_and_wake(is_busy)
        self._command_wheels(commands)
        self._command_lifts(commands, is_busy)
        self._told = commands.copy()
        step = self._bullet.stepSimulation
        for _ in range(STEPS_A_TICK):
            step(physicsClientId=self._client)
        if self._shown_until_s is not None:
            self._keep_pace()

    def _keep_pace(self) -> None:
        """A window is for watching: no faster than life."""
        assert self._shown_until_s is not None
        self._shown_until_s = max(self._shown_until_s + TICK_S, time.monotonic() - TICK_S)
        time.sleep(max(0.0, self._shown_until_s - time.monotonic()))

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
                if self._bodies[unit] >= 0:
                    self._set_activation(unit, state)

    def _set_activation(self, unit: int, state: int) -> None:
        self._bullet.changeDynamics(
            self._bodies[unit], -1, activationState=state, physicsClientId=self._client
        )

    def _command_wheels(self, commands: NDArray[np.float64]) -> None:
        p, body = self._bullet, self._unit.body
        changed = np.flatnonzero((commands[:, :2] != self._told[:, :2]).any(axis=1))
        half = commands[changed, RATE] * (body.track_m / 2)
        spins = (
            np.column_stack([commands[changed, SPEED] - half, commands[changed, SPEED] + half])
            / body.wheel_radius_m
        )
        forces, joints = [body.wheel_torque_nm] * 2, [LEFT, RIGHT]
        control, kind, client = p.setJointMotorControlArray, p.VELOCITY_CONTROL, self._client
        for unit, pair in zip(changed.tolist(), spins.tolist(), strict=True):
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

    def _command_lifts(self, commands: NDArray[np.float64], is_busy: NDArray[np.bool_]) -> None:
        """Plates turn against their units, or with them, and rise as told."""
        turns_with = self._unit.pod_turns
        for unit, pod in enumerate(self._carried):
            if pod < 0 or not is_busy[unit]:
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
        """Fill float64[n, 6] with the state of all units that may have moved."""
        p, client = self._bullet, self._client
        for unit in np.flatnonzero(self._n_still <= SLEEP_AFTER_TICKS + 1).tolist():
            body = self._bodies[unit]
            if body < 0:
                continue
            (x, y, _), turn = p.getBasePositionAndOrientation(body, physicsClientId=client)
            height = 0.0
            if self._carried[unit] >= 0:
                height = p.getJointState(body, LIFT, physicsClientId=client)[0]
            state[unit] = x, y, yaw_of(turn), tilt_of(turn), height, self._plate_yaw[unit]

    def read_wheels(self, turns: NDArray[np.float64]) -> None:
        """Fill float64[n, 2] with the radians that the wheels of each unit have turned; nan for a
        body that has just been made, and for units that are not here."""
        p, client = self._bullet, self._client
        for unit in np.flatnonzero(self._n_still <= 1).tolist():
            body, is_new = self._bodies[unit], self._is_new[unit]
            self._is_new[unit] = False
            if body < 0 or is_new:
                turns[unit] = np.nan
                continue
            wheels = p.getJointStates(body, [LEFT, RIGHT], physicsClientId=client)
            turns[unit] = wheels[0][0], wheels[1][0]

    def strain(self, slips_m_s: NDArray[np.float64], torque_shares: NDArray[np.float64]) -> None:
        """Fill, for each unit, how fast its wheels slip over the floor and which share of their
        motors' torque they need: the larger of the two wheels. Units that stand still have none."""
        p, body, client = self._bullet, self._unit.body, self._client
        slips_m_s[:] = torque_shares[:] = 0.0
        half = body.track_m / 2
        for unit in np.flatnonzero(self._n_still == 0).tolist():
            mine = self._bodies[unit]
            if mine < 0:
                continue
            (vx, vy, _), (_, _, rate) = p.getBaseVelocity(mine, physicsClientId=client)
            yaw = yaw_of(self._pose(unit)[1])
            ahead = vx * math.cos(yaw) + vy * math.sin(yaw)
            wheels = p.getJointStates(mine, [LEFT, RIGHT], physicsClientId=client)
            slips_m_s[unit] = max(
                abs(wheel[1] * body.wheel_radius_m - ahead - side * rate * half)
                for wheel, side in zip(wheels, (-1, 1), strict=True)
            )
            torque_shares[unit] = max(abs(wheel[3]) for wheel in wheels) / body.wheel_torque_nm

    def contacts(self) -> list[tuple[int, int]]:
        """Units and what each touches beside the floor: a unit, OBSTACLE or STANDING_POD."""
        found = set()
        for row in self._bullet.getContactPoints(physicsClientId=self._client):
            if row[1] == self._floor or row[2] == self._floor or row[8] > 0.0:
                continue
            low, high = sorted((self._parties[row[1]], self._parties[row[2]]))
            if low == high:
                continue
            found.add((high, low) if low < 0 else (low, high))
            for unit in (low, high):
                if unit >= 0:
                    self._n_still[unit] = 0  # it may be pushed
        return sorted(found)

    def close(self) -> None:
        if self._client >= 0:
            self._bullet.disconnect(physicsClientId=self._client)
            self._client = -1
