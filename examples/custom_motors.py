"""A drive unit of your own: two driven wheels, a lift, a camera that reads markers on the floor.

    python examples/custom_motors.py --connect tcp://HOST:5555 --key R0001.toml --memory R0001.json

`DiffDrive` is what an integrator writes: it implements hw_bridge.agent.motors.Motors on top of the
calls that your hardware has. Here that is `Hardware`, which simulates encoders, motor drivers and
limit switches, so that the example runs anywhere; replace it by yours. docs/drive-agent.md goes
through it step by step.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from hw_bridge.agent.memory import FileMemory
from hw_bridge.agent.motors import Mode, Move, MoveKind, Senses, Trouble
from hw_bridge.agent.run import run_unit, stop_on_signals
from hw_bridge.wire.keys import load_device

STEP_S = 0.02
"""Period of the control loop."""


class Hardware:
    """What a small robot's drivers offer. Wheels follow their commands with a delay."""

    TICKS_PER_M = 4000.0
    TRACK_M = 0.5
    TOP_SPEED_M_S = 2.0
    WHEEL_DELAY_S = 0.08
    LIFT_S = 2.0
    MARKER_RANGE_M = 0.06

    def __init__(self, x_m: float, y_m: float, pods: dict[str, str], cell_m: float, n_rows: int):
        self._x, self._y, self._yaw = x_m, y_m, 0.0
        self._speeds = [0.0, 0.0]
        self._pwm = [0.0, 0.0]
        self._ticks = [0.0, 0.0]
        self._lift, self._lift_pwm = 0.0, 0.0
        self._pods, self._carried = pods, ""
        self._cell_m, self._n_rows = cell_m, n_rows

    def set_wheels(self, left: float, right: float) -> None:
        """Share of the top speed, -1 to 1."""
        self._pwm = [max(-1.0, min(1.0, left)), max(-1.0, min(1.0, right))]

    def set_lift(self, pwm: float) -> None:
        self._lift_pwm = pwm

    def read_encoders(self) -> tuple[int, int]:
        return int(self._ticks[0]), int(self._ticks[1])

    def read_lift(self) -> tuple[bool, bool]:
        """Limit switches: down, up."""
        return self._lift <= 0.0, self._lift >= 1.0

    def read_gyro_rad_s(self) -> float:
        return (self._speeds[1] - self._speeds[0]) / self.TRACK_M

    def read_marker(self) -> tuple[str, float, float, float] | None:
        """Name of the marker under the camera, and where the unit is; None where there is none."""
        column, row = int(self._x // self._cell_m), int(self._y // self._cell_m)
        centre = (column + 0.5) * self._cell_m, (row + 0.5) * self._cell_m
        if math.dist((self._x, self._y), centre) > self.MARKER_RANGE_M:
            return None
        return f"c.{self._n_rows - row}.{column + 1}", self._x, self._y, self._yaw

    def read_pod(self) -> str:
        """Label of the pod over the unit, "" where there is none."""
        marker = self.read_marker()
        return self._carried or (self._pods.get(marker[0], "") if marker is not None else "")

    def read_charge(self) -> float:
        return 0.8

    def pass_time(self, seconds: float) -> None:
        """Of the simulation only: the world goes on."""
        for side in (0, 1):
            wanted = self._pwm[side] * self.TOP_SPEED_M_S
            share = min(1.0, seconds / self.WHEEL_DELAY_S)
            self._speeds[side] += (wanted - self._speeds[side]) * share
            self._ticks[side] += self._speeds[side] * seconds * self.TICKS_PER_M
        turn = self.read_gyro_rad_s() * seconds
        way = (self._speeds[0] + self._speeds[1]) / 2.0 * seconds
        self._x += way * math.cos(self._yaw + turn / 2.0)
        self._y += way * math.sin(self._yaw + turn / 2.0)
        self._yaw += turn
        was_down, was_up = self.read_lift()
        self._lift = max(0.0, min(1.0, self._lift + self._lift_pwm * seconds / self.LIFT_S))
        is_down, is_up = self.read_lift()
        marker = self.read_marker()
        if is_up and not was_up and marker is not None:
            self._carried = self._pods.pop(marker[0], "")
        if is_down and not was_down and self._carried and marker is not None:
            self._pods[marker[0]] = self._carried
            self._carried = ""


class DiffDrive:
    """Implements `Motors`. Call `control` every STEP_S seconds.

    Moves are done one after the other; a straight run over several points is driven without a
    stop. It brakes for the last point that it was given, so that a later one may come any time.
    """

    CRUISE_M_S, BRAKE_M_S2 = 1.0, 1.0
    GENTLE_M_S2, CREEP_M_S, CREEP_M = 0.6, 0.04, 0.02
    """It brakes more gently than it could, and creeps the last bit: wheels follow with a delay."""
    TURN_RAD_S, TURN_GAIN = 1.5, 4.0
    STEER_GAIN = 3.0
    STRAIGHT_RAD, ON_POINT_M = 0.02, 0.01
    AT_POINT_M = 0.05
    """Farther from a point it covers the cell on the other side, too."""
    CLEAR_M = 0.9
    """So far from a point, the body has left its cell: half a cell and half the body's length."""
    PATIENCE_S = 5.0
    """A lift that has not arrived after this has failed."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._moves: list[Move] = []
        self._n_done = 0
        self._is_held = False
        self._trouble: Trouble | None = None
        self._speed = 0.0
        self._began_lift_s = -1.0
        self._time_s = 0.0
        self._ticks = hardware.read_encoders()
        marker = hardware.read_marker()
        self._node, self._x, self._y, self._yaw = marker or ("", 0.0, 0.0, 0.0)
        self._is_localised = marker is not None
        self._from = self._x, self._y

    # What the agent asks.

    def sense(self) -> Senses:
        left_m = math.dist(self._from, (self._x, self._y))
        is_between = self._is_between()
        is_under_way = self._next() is not None and not self._is_held and self._trouble is None
        n_left = self._n_done + int(is_between and left_m >= self.CLEAR_M)
        down, _ = self._hardware.read_lift()
        return Senses(
            x_m=self._x, y_m=self._y, yaw_rad=self._yaw, n_done=self._n_done, n_left=n_left,
            is_moving=is_under_way or abs(self._speed) > 0.01, is_between=is_between,
            is_localised=self._is_localised, node=self._node,
            load="" if down else self._hardware.read_pod() or "?", trouble=self._trouble,
            mode=Mode.AUTOMATIC if self._is_localised else Mode.STARTUP,
            charge=self._hardware.read_charge(),
        )  # fmt: skip

    def _is_between(self) -> bool:
        return math.dist(self._from, (self._x, self._y)) > self.AT_POINT_M

    def extend(self, moves: Sequence[Move]) -> None:
        self._moves += moves

    def stop_short(self) -> int:
        """A lift that has begun is finished; a drive ends at the next point where it can."""
        kept, move = self._n_done, self._next()
        if move is not None and move.kind is not MoveKind.DRIVE:
            kept += int(self._began_lift_s >= 0.0 and self._trouble is None)
        elif move is not None and (self._is_between() or self._speed > self.CREEP_M_S):
            brake_m = self._speed**2 / (2.0 * self.BRAKE_M_S2)
            here = self._x, self._y
            for number in range(self._n_done, len(self._moves)):
                kept = number + 1
                target = self._moves[number].x_m, self._moves[number].y_m
                brake_m -= math.dist(here, target)
                here = target
                if brake_m <= self.ON_POINT_M:
                    break
        del self._moves[kept:]
        if kept == self._n_done:
            self._trouble = None
        return kept

    def hold(self, is_held: bool) -> None:
        self._is_held = is_held

    def retry(self) -> None:
        self._trouble, self._began_lift_s = None, -1.0

    def look_ahead(self, x_m: float, y_m: float) -> None:
        """It does not turn before it has to."""

    # What it does.

    def turn(self, now_s: float) -> None:
        """Bring world and control up to that time. With real hardware, just call `control`."""
        self._time_s = self._time_s or now_s
        while self._time_s < now_s:
            self._time_s += STEP_S
            self._hardware.pass_time(STEP_S)
            self.control()

    def control(self) -> None:
        self._locate()
        move = self._next()
        if self._is_held or self._trouble is not None or move is None:
            self._hardware.set_lift(0.0)
            self._drive(0.0, 0.0)
        elif move.kind is MoveKind.DRIVE:
            self._go(move)
        else:
            self._act(move)

    def _next(self) -> Move | None:
        return self._moves[self._n_done] if self._n_done < len(self._moves) else None

    def _locate(self) -> None:
        """Odometry, put right by every marker."""
        ticks = self._hardware.read_encoders()
        ways = [(now - before) / Hardware.TICKS_PER_M
                for now, before in zip(ticks, self._ticks, strict=True)]  # fmt: skip
        self._ticks = ticks
        way, turn = sum(ways) / 2.0, (ways[1] - ways[0]) / Hardware.TRACK_M
        self._x += way * math.cos(self._yaw + turn / 2.0)
        self._y += way * math.sin(self._yaw + turn / 2.0)
        self._yaw = math.remainder(self._yaw + turn, math.tau)
        marker = self._hardware.read_marker()
        if marker is not None:
            if not self._is_localised:
                self._from = marker[1], marker[2]
            self._node, self._x, self._y, self._yaw = marker
            self._is_localised = True

    def _go(self, move: Move) -> None:
        away_m = math.dist((self._x, self._y), (move.x_m, move.y_m))
        wanted = math.atan2(move.y_m - self._y, move.x_m - self._x)
        error = math.remainder(wanted - self._yaw, math.tau)
        ahead_m = away_m * math.cos(error)
        if ahead_m <= self.ON_POINT_M and away_m < 0.2:
            self._arrive(move)
            return
        is_standing = abs(self._speed) < 0.05
        if is_standing and abs(error) > self.STRAIGHT_RAD:
            self._drive(0.0, max(-1.0, min(1.0, self.TURN_GAIN * error)) * self.TURN_RAD_S)
            return
        limit = min(move.speed_m_s, self.CRUISE_M_S)
        way_m = max(self._way_to_stop() - self.CREEP_M, 0.0)
        speed = min(limit, math.sqrt(2.0 * self.GENTLE_M_S2 * way_m))
        self._drive(max(speed, self.CREEP_M_S), self.STEER_GAIN * error)

    def _way_to_stop(self) -> float:
        """Metres to the end of the straight run that it is on."""
        here, way_m = (self._x, self._y), 0.0
        course = 0.0
        for move in self._moves[self._n_done :]:
            target = move.x_m, move.y_m
            bearing = math.atan2(target[1] - here[1], target[0] - here[0])
            is_first = way_m == 0.0
            if move.kind is not MoveKind.DRIVE:
                break
            if not is_first and abs(math.remainder(bearing - course, math.tau)) > 0.1:
                break
            way_m += math.dist(here, target)
            here, course = target, bearing
        return way_m

    def _arrive(self, move: Move) -> None:
        self._n_done += 1
        self._from = move.x_m, move.y_m
        self._node = move.node or self._node

    def _act(self, move: Move) -> None:
        self._drive(0.0, 0.0)
        if abs(self._speed) > 0.01:
            return
        down, up = self._hardware.read_lift()
        is_lift = move.kind is MoveKind.LIFT
        if self._began_lift_s < 0.0:
            if is_lift and not self._hardware.read_pod():
                self._trouble = Trouble.NO_POD
                return
            self._began_lift_s = self._time_s
        self._hardware.set_lift(1.0 if is_lift else -1.0)
        if up if is_lift else down:
            self._hardware.set_lift(0.0)
            self._began_lift_s = -1.0
            self._n_done += 1
        elif self._time_s - self._began_lift_s > self.PATIENCE_S:
            self._hardware.set_lift(0.0)
            self._trouble = Trouble.LIFT_FAILED

    def _drive(self, speed_m_s: float, turn_rad_s: float) -> None:
        """Change speed no faster than it may, and set the wheels."""
        change = self.BRAKE_M_S2 * STEP_S
        self._speed += max(-change, min(change, speed_m_s - self._speed))
        side = turn_rad_s * Hardware.TRACK_M / 2.0
        top = Hardware.TOP_SPEED_M_S
        self._hardware.set_wheels((self._speed - side) / top, (self._speed + side) / top)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--connect", required=True, help="address of the controller")
    parser.add_argument("--key", type=Path, required=True, help="secret file from gridfleet keys")
    parser.add_argument("--memory", type=Path, required=True, help="file of its own, on disk")
    given = parser.parse_args()
    motors = DiffDrive(Hardware(0.5, 0.5, {"c.1.1": "P00001"}, cell_m=1.0, n_rows=1))
    with stop_on_signals() as stop:
        run_unit(
            motors, load_device(given.key), given.connect, FileMemory(given.memory), stop.is_set,
            turn=motors.turn, turn_s=STEP_S,
        )  # fmt: skip


if __name__ == "__main__":
    main()
