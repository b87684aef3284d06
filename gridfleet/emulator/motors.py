"""The motors of one emulated unit: what hw_bridge.agent.motors asks for, on the simulated floor.

Move n is the twin's step `zero + n`. A unit that was switched on between two centres has a step
left, which is its move 1; it does not go on with it before it is told to.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from fleet_control.backend import Act, FaultCode
from gridfleet.emulator.floor import Floor
from hw_bridge.agent.motors import Mode, Move, MoveKind, Senses, Trouble
from twin.causes import Cause
from twin.floor.mechanics import is_between, is_standing
from twin.floor.step_kernels import RING

_ACTS = {MoveKind.DRIVE: Act.DRIVE, MoveKind.LIFT: Act.LIFT, MoveKind.LOWER: Act.LOWER}
_TROUBLES = {code: Trouble[code.name] for code in FaultCode if code}
UNREADABLE = "?"
SLOWEST_M_S = 0.01
MOST_AHEAD = RING - 4
"""Steps that the twin is given ahead of a unit; the rest wait here."""


class SimulatedMotors:
    """Implements `Motors` for one life of a unit, between two switchings on."""

    def __init__(self, floor: Floor, unit: int) -> None:
        self._floor, self._unit = floor, unit
        record = floor.twin.units[unit]
        self._zero = int(record["done"])
        self._last_step = int(record["released"])
        """The step that the unit will have done when it has done all that the twin knows of."""
        self._last_cell = int(floor.twin.step_cells[unit, self._last_step % RING])
        self._waiting: deque[Move] = deque()
        self._loads: dict[int, str] = {}
        if self._last_step > self._zero:
            self.hold(True)

    def sense(self) -> Senses:
        floor, unit = self._floor, self._unit
        record = floor.twin.units[unit]
        done, along, fault = int(record["done"]), float(record["along"]), int(record["fault"])
        between = is_between(record)
        is_started = floor.time_s >= floor.starts_s[unit]
        drift_x, drift_y = floor.localisation.drift_m(unit, along)
        return Senses(
            x_m=float(record["x"]) + drift_x,
            y_m=float(record["y"]) + drift_y,
            yaw_rad=_wrapped(float(record["yaw"])),
            n_done=done - self._zero,
            n_left=int(record["cleared"]) - self._zero,
            is_moving=not is_standing(record),
            is_between=between,
            is_localised=is_started and fault != FaultCode.LOST_PLACE,
            node=floor.name_of_step(unit, done) if is_started else "",
            beyond=floor.name_of_step(unit, done + 1) if between else "",
            load=self._load(int(record["carried"])),
            trouble=self._trouble(fault, done),
            mode=Mode.AUTOMATIC if is_started else Mode.STARTUP,
            charge=floor.batteries.charge.item(unit),
            is_charging=floor.is_charging.item(unit),
        )

    def _load(self, pod: int) -> str:
        return "" if pod < 0 else self._floor.labels[pod] or UNREADABLE

    def _trouble(self, fault: int, done: int) -> Trouble | None:
        if fault:
            return _TROUBLES[FaultCode(fault)]
        # Only now, since it may still be told to stop before.
        is_next = bool(self._waiting) and done == self._last_step and not self._is_possible()
        return Trouble.PATH_BLOCKED if is_next else None

    def extend(self, moves: Sequence[Move]) -> None:
        if not moves:
            return
        self._waiting.extend(moves)
        self._floor.hinder(self._unit, Cause.FORGOTTEN, 1.0)
        self.feed()

    def feed(self) -> None:
        """Give the twin what has to be done next, as far as it can remember it and do it."""
        done = int(self._floor.twin.units["done"][self._unit])
        while self._waiting and self._last_step - done < MOST_AHEAD and self._is_possible():
            self._give(self._waiting.popleft())

    def _is_possible(self) -> bool:
        """Whether the next move leads to a cell beside the last one, as units drive."""
        move = self._waiting[0]
        if move.kind is not MoveKind.DRIVE:
            return True
        return self._floor.can_drive(self._last_cell, self._floor.cell_at(move.x_m, move.y_m))

    def _give(self, move: Move) -> None:
        self._last_step += 1
        if move.kind is MoveKind.DRIVE:
            self._last_cell = self._floor.cell_at(move.x_m, move.y_m)
        elif move.kind is MoveKind.LIFT:
            self._loads[self._last_step] = move.load
        speed_m_s = max(move.speed_m_s, SLOWEST_M_S)
        self._floor.give_step(
            self._unit, self._last_step, self._last_cell, _ACTS[move.kind], speed_m_s
        )

    def stop_short(self) -> int:
        floor, unit = self._floor, self._unit
        self._waiting.clear()
        self._last_step = floor.stop_short(unit)
        self._last_cell = int(floor.twin.step_cells[unit, self._last_step % RING])
        return self._last_step - self._zero

    def hold(self, is_held: bool) -> None:
        self._floor.hinder(self._unit, Cause.ASKED, 0.0 if is_held else 1.0)
        if not is_held:
            self._floor.hinder(self._unit, Cause.FORGOTTEN, 1.0)

    def retry(self) -> None:
        self._floor.twin.retry(self._unit)

    def look_ahead(self, x_m: float, y_m: float) -> None:
        cell = self._floor.cell_at(x_m, y_m)
        if not self._waiting and self._floor.can_drive(self._last_cell, cell):
            self._floor.look_ahead(self._unit, self._last_step + 1, cell)

    def expected_load(self) -> str:
        """Label of the pod that the unit was sent to lift with the step that it has done last."""
        done = int(self._floor.twin.units["done"][self._unit])
        self._loads = {step: load for step, load in self._loads.items() if step >= done}
        return self._loads.get(done, "")


def _wrapped(yaw_rad: float) -> float:
    """The same angle from -pi to pi, as VDA 5050 has it."""
    return math.remainder(yaw_rad, 2.0 * math.pi)
