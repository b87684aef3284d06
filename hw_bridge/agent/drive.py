"""What the agent has told the motors: never a move beyond the base of the order in hand."""

from __future__ import annotations

from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.motors import Motors, MoveKind, Senses
from hw_bridge.agent.tasks import is_held_back

REST_S = 1.0
"""A unit that has not moved for so long, whyever, stands."""


class Drive:
    """given: number of the last move that the motors have and will do."""

    def __init__(self, motors: Motors) -> None:
        self._motors = motors
        self.given = self._stopped_at = 0
        self._is_held = False
        self._hint: tuple[float, float] | None = None
        self._still_at: tuple[int, float] = (-1, 0.0)

    def stop_short(self) -> int:
        """Forget what can be left undone; returns the number of the last move still to be done."""
        self.given = self._stopped_at = self._motors.stop_short()
        self._hint = None
        return self.given

    def hold(self, is_held: bool) -> bool:
        """Whether that is something new to the motors."""
        if is_held is self._is_held:
            return False
        self._is_held = is_held
        self._motors.hold(is_held)
        return True

    def give(self, order: HeldOrder, senses: Senses) -> bool:
        """Hand the motors what they may do and do not have yet; whether there was anything."""
        if senses.n_done < self._stopped_at:
            return False  # stopping: they take nothing before they are where they stop
        moves = []
        number = self.given + 1
        while (leg := order.legs.get(number)) is not None:
            if order.tasks and is_held_back(order.tasks, leg.node, leg.task):
                break
            moves.append(leg.move)
            number += 1
        if moves:
            self._motors.extend(moves)
            self.given += len(moves)
        if leg is None and order.ahead is not None:
            self._look_ahead(order)
        return bool(moves)

    def _look_ahead(self, order: HeldOrder) -> None:
        place = order.ahead.node_position if order.ahead is not None else None
        if place is not None and (place.x, place.y) != self._hint:
            self._hint = (place.x, place.y)
            self._motors.look_ahead(place.x, place.y)

    def is_at_rest(self, order: HeldOrder, senses: Senses, now_s: float) -> bool:
        """Whether the unit stands and will not go on to where it was to stop."""
        if senses.is_moving:
            self._still_at = (-1, 0.0)
            return False
        if senses.n_done >= self.given or senses.trouble is not None:
            return True
        leg = order.legs.get(senses.n_done + 1)
        if leg is not None and leg.move.kind is not MoveKind.DRIVE:
            return False  # halted in the middle of a lift: it will finish, and then has done it
        if self._is_held or senses.is_emergency_stopped or senses.is_field_violated:
            return True
        if self._still_at[0] != senses.n_done:
            self._still_at = (senses.n_done, now_s)
        return now_s - self._still_at[1] >= REST_S
