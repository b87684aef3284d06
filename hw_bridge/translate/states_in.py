"""Topic state into STATE records: what a unit says of itself, in the controller's numbers.

Nothing is believed that a unit cannot mean: what is malformed, contradicts itself, or breaks a rule
of VDA 5050 raises StateError and changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fleet_control.backend import Condition, FaultCode
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.base import MessageError, decode
from hw_bridge.vda5050.names import (
    BROKEN,
    LIFT_FAILED,
    LOST_PLACE,
    NO_POD,
    PATH_BLOCKED,
    POD_IN_THE_WAY,
    RETRY,
    START_PAUSE,
    STOP_PAUSE,
    OrderName,
    instant_named,
    order_named,
)
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import EmergencyStop, Error, ErrorLevel, OperatingMode, State
from hw_bridge.wire.frames import Link

LOW_CHARGE, CHARGED = 20.0, 50.0
"""Per cent: a unit below the first has to charge, up to the second, or it would be back at once."""
UNREADABLE_POD = (1 << 31) - 1
"""Of a load whose label says nothing: no pod has that number."""
_INT32_END = 1 << 31
_FAULTS = {
    NO_POD: FaultCode.NO_POD,
    POD_IN_THE_WAY: FaultCode.POD_IN_THE_WAY,
    LIFT_FAILED: FaultCode.LIFT_FAILED,
    PATH_BLOCKED: FaultCode.PATH_BLOCKED,
    LOST_PLACE: FaultCode.LOST_PLACE,
    BROKEN: FaultCode.BROKEN,
}
_STOPPING = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)
_DRIVING = (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC)
_BY_HAND = (
    OperatingMode.STARTUP, OperatingMode.MANUAL, OperatingMode.SERVICE, OperatingMode.TEACH_IN,
)  # fmt: skip
Row = tuple[int, ...]
"""Fields of a STATE record, in its order."""


class StateError(ValueError):
    """A state that cannot be meant; the text says why. is_rule: it can be read, but breaks one."""

    def __init__(self, text: str, *, is_rule: bool) -> None:
        super().__init__(text)
        self.is_rule = is_rule


@dataclass(slots=True)
class Heard:
    """What is kept of a unit. name: the order of its newest state, None for none or one that is not
    ours (is_foreign). wish, retried: greatest numbers in this session. is_low: has to charge."""

    state: State | None = None
    order_id: str = ""
    name: OrderName | None = None
    is_foreign: bool = False
    is_low: bool = False
    session: int = 0
    wish: int = 0
    retried: int = 0
    instants: tuple[object, ...] = field(default=())


class StatesIn:
    """units: what is kept of each."""

    def __init__(self, floor: FloorNames, roster: Roster, labels: Labels) -> None:
        self._floor, self._labels = floor, labels
        self._serials = roster.units
        self._makers = [roster.maker(serial) for serial in roster.units]
        self.units = [Heard() for _ in roster.units]

    def read(self, unit: int, link: Link, payload: bytes) -> Row:
        """The STATE record. Raises StateError."""
        try:
            state = decode(State, payload)
        except MessageError as error:
            raise StateError(str(error), is_rule=False) from None
        heard = self.units[unit]
        self._check(unit, state)
        name, is_foreign = heard.name, heard.is_foreign
        if state.order_id != heard.order_id:
            name = order_named(state.order_id) if state.order_id else None
            is_foreign = bool(state.order_id) and name is None
        done, cleared, base = _steps(state, link, name)
        cell, beyond = self._place(state, link, is_foreign)
        heard.is_low = state.power_supply.state_of_charge < (
            CHARGED if heard.is_low else LOW_CHARGE
        )
        flags = _flags(state) | (Condition.STARTING if is_foreign else 0)
        flags |= Condition.LOW_BATTERY if heard.is_low else 0
        self._keep(heard, state, link, name, is_foreign)
        return (
            link.seq, name.number if name else 0, link.tombstone, heard.wish, heard.retried, unit,
            link.session, link.epoch, done, cleared, base, cell, beyond, self._load(state),
            _fault(state), flags, int(link.stands), _heading(state),
        )  # fmt: skip

    def _check(self, unit: int, state: State) -> None:
        if state.serial_number != self._serials[unit] or state.manufacturer != self._makers[unit]:
            raise StateError(
                f"it is of {state.manufacturer}/{state.serial_number}, the unit is "
                f"{self._makers[unit]}/{self._serials[unit]}",
                is_rule=True,
            )
        faults = message_faults(state)
        if faults:
            raise StateError("; ".join(map(str, faults[:3])), is_rule=True)

    def _place(self, state: State, link: Link, is_foreign: bool) -> tuple[int, int]:
        """The centre reached last, and the cell beyond while the unit is between two; -1 each."""
        position = state.mobile_robot_position
        is_lost = position is not None and not position.localized
        if is_foreign or is_lost or state.operating_mode in _BY_HAND:
            return -1, -1
        beyond = -1
        if link.beyond:
            beyond = self._floor.cells.get(link.beyond, -1)
            if beyond < 0:
                raise StateError(f"no cell is called {link.beyond[:40]!r}", is_rule=True)
        if state.last_node_id:
            cell = self._floor.cells.get(state.last_node_id, -1)
            if cell < 0:
                raise StateError(f"no cell is called {state.last_node_id[:40]!r}", is_rule=True)
            return cell, beyond
        if position is None:
            return -1, -1
        if beyond >= 0:
            cell = self._floor.cell_between(position.x, position.y, beyond)
        else:
            cell = self._floor.cell_near(position.x, position.y)
        return cell, beyond if cell >= 0 else -1

    def _load(self, state: State) -> int:
        """Pod that the unit carries, -1 for none. One that cannot tell is taken to carry none: no
        more than the fleet itself has any other way to know."""
        if not state.loads:
            return -1
        pod = self._labels.pod_of(state.loads[0].load_id)
        return pod if 0 <= pod < UNREADABLE_POD else UNREADABLE_POD

    @staticmethod
    def _keep(
        heard: Heard, state: State, link: Link, name: OrderName | None, is_foreign: bool
    ) -> None:
        heard.order_id, heard.name, heard.is_foreign = state.order_id, name, is_foreign
        if link.session != heard.session:
            heard.session, heard.wish, heard.retried, heard.instants = link.session, 0, 0, ()
        if state.instant_action_states != heard.instants:
            heard.instants = state.instant_action_states
            _note_instants(heard, state)
        heard.state = state


def _steps(state: State, link: Link, name: OrderName | None) -> tuple[int, int, int]:
    """Steps done, cleared, and allowed, in the numbers of the order; without one there are none."""
    if name is None:
        return 0, 0, 0
    done = name.stand + state.last_node_sequence_id // 2
    if state.action_states and state.last_node_sequence_id:
        action_id = f"{state.order_id}.{done}"
        for action in state.action_states:
            if action.action_id == action_id and action.action_status is not ActionStatus.FINISHED:
                done -= 1
                break
    cleared, base = name.stand + link.cleared, name.stand + link.base
    if not (done <= base < _INT32_END and cleared <= min(done + 1, base)):
        raise StateError(
            f"steps do not fit: done {done}, cleared {cleared}, base {base}", is_rule=True
        )
    return done, cleared, base


def _note_instants(heard: Heard, state: State) -> None:
    for action in state.instant_action_states:
        if not action.action_status.is_over:
            continue
        named = instant_named(action.action_id)
        if named is None:
            continue
        action_type, number = named
        if action_type in (START_PAUSE, STOP_PAUSE):
            heard.wish = max(heard.wish, number)
        elif action_type == RETRY:
            heard.retried = max(heard.retried, number)


def _flags(state: State) -> int:
    flags = int(Condition.PAUSED) if state.paused else 0
    if state.operating_mode not in _DRIVING:
        flags |= Condition.STARTING
    return flags


def _fault(state: State) -> int:
    if state.safety_state.active_emergency_stop is not EmergencyStop.NONE:
        return int(FaultCode.BROKEN)
    if not state.errors:
        return 0
    return max(_code(error) for error in state.errors)


def _code(error: Error) -> int:
    if error.error_level not in _STOPPING:
        return 0
    named = _FAULTS.get(error.error_type)
    if named is not None:
        return int(named)
    is_place = "LOCALI" in error.error_type.upper()
    return int(FaultCode.LOST_PLACE if is_place else FaultCode.BROKEN)


def _heading(state: State) -> int:
    position = state.mobile_robot_position
    if position is None or not math.isfinite(position.theta):
        return 0
    return round(position.theta / (math.pi / 2)) % 4
