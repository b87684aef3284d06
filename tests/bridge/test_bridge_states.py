"""What a unit says of itself, in the controller's numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fleet_control.backend import Condition, FaultCode
from fleet_control.errors import FleetError
from fleet_control.link.messages import STATE
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster, RosterError
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.translate.states_in import UNREADABLE_POD, StateError, StatesIn
from hw_bridge.vda5050.action import ActionState, ActionStatus
from hw_bridge.vda5050.base import VERSION, encode
from hw_bridge.vda5050.path import MobileRobotPosition
from hw_bridge.vda5050.state import (
    EmergencyStop,
    Error,
    ErrorLevel,
    Load,
    OperatingMode,
    PowerSupply,
    SafetyState,
    State,
)
from hw_bridge.wire.frames import Link
from layouts import open_layout

N_COLS = 8
ORDER = "7.3.100"
NUMBER = 7 << 32 | 3


def safety(stop: EmergencyStop) -> SafetyState:
    return SafetyState(active_emergency_stop=stop, field_violation=False)


def a_state(**changes: Any) -> State:
    values: dict[str, Any] = {
        "header_id": 1, "timestamp": "2026-01-01T00:00:00.000Z", "version": VERSION,
        "manufacturer": "gridfleet", "serial_number": "U1", "order_id": "", "order_update_id": 0,
        "last_node_id": "", "last_node_sequence_id": 0, "node_states": (), "edge_states": (),
        "driving": False, "action_states": (), "instant_action_states": (),
        "power_supply": PowerSupply(state_of_charge=80.0, charging=False),
        "operating_mode": OperatingMode.AUTOMATIC, "errors": (),
        "safety_state": safety(EmergencyStop.NONE),
    }  # fmt: skip
    return State(**{**values, **changes})


def at(x: float, y: float, theta: float = 0.0, localized: bool = True) -> MobileRobotPosition:
    return MobileRobotPosition(x=x, y=y, theta=theta, map_id="floor", localized=localized)


def reader() -> StatesIn:
    layout = open_layout("hall", np.ones((4, N_COLS), dtype=np.int8))
    return StatesIn(FloorNames(layout), Roster(("U1",)), Labels())


def read(state: State, into: StatesIn | None = None, **link: Any) -> Any:
    header = Link(**{"seq": 5, "session": 2, "epoch": 7, **link})
    row = (into or reader()).read(0, header, encode(state))
    return np.array([row], dtype=STATE)[0]


def under_way(n_done: int = 2, **changes: Any) -> State:
    return a_state(
        order_id=ORDER, last_node_id=f"c.1.{n_done + 1}", last_node_sequence_id=2 * n_done,
        **changes,
    )  # fmt: skip


def test_numbers_count_from_where_the_order_begins() -> None:
    row = read(under_way(2), cleared=2, base=5, tombstone=9, stands=True)
    assert (row["order"], row["tombstone"], row["stands"]) == (NUMBER, 9, 1)
    assert (row["done"], row["cleared"], row["base"]) == (102, 102, 105)
    assert (row["seq"], row["session"], row["epoch"], row["unit"]) == (5, 2, 7, 0)
    assert (row["cell"], row["next"]) == (2, -1)


@pytest.mark.parametrize(
    ("status", "done"),
    [(ActionStatus.WAITING, 101), (ActionStatus.RUNNING, 101), (ActionStatus.RETRIABLE, 101),
     (ActionStatus.FAILED, 101), (ActionStatus.FINISHED, 102)],
)  # fmt: skip
def test_a_lift_is_done_when_its_action_is_finished(status: ActionStatus, done: int) -> None:
    action = ActionState(action_id=f"{ORDER}.102", action_status=status)
    assert read(under_way(2, action_states=(action,)), cleared=1, base=2)["done"] == done


def test_without_an_order_there_are_no_steps() -> None:
    row = read(a_state(mobile_robot_position=at(2.5, 3.5)), cleared=4, base=-1)
    assert (row["order"], row["done"], row["cleared"], row["base"]) == (0, 0, 0, 0)
    assert row["cell"] == 2


@pytest.mark.parametrize(
    ("position", "beyond", "cell", "following"),
    [
        (at(2.6, 3.4), "", 2, -1),
        (at(2.95, 3.5), "", -1, -1),
        (at(2.95, 3.5), "c.1.4", 2, 3),
        (at(2.95, 3.5), "c.1.3", 3, 2),
        (at(2.5, 2.9), "c.2.3", 2, 10),
        (at(0.5, 0.5), "c.1.3", -1, -1),
        (at(2.5, 3.5, localized=False), "", -1, -1),
        (at(math.inf, 3.5), "", -1, -1),
        (at(99.0, -5.0), "", -1, -1),
    ],
)
def test_the_place_of_a_unit_without_an_order(
    position: MobileRobotPosition, beyond: str, cell: int, following: int
) -> None:
    if math.isinf(position.x):
        with pytest.raises(StateError):  # JSON has no such number
            read(a_state(mobile_robot_position=position))
        return
    row = read(a_state(mobile_robot_position=position), beyond=beyond)
    assert (row["cell"], row["next"]) == (cell, following)


@pytest.mark.parametrize("mode", list(OperatingMode))
def test_a_unit_that_a_person_drives_is_not_to_be_had(mode: OperatingMode) -> None:
    row = read(under_way(1, operating_mode=mode), cleared=1, base=1)
    drives = mode in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC)
    assert bool(row["flags"] & Condition.STARTING) == (not drives)
    assert (row["cell"] >= 0) == (drives or mode is OperatingMode.INTERVENED)


@pytest.mark.parametrize(
    ("level", "name", "code"),
    [
        (ErrorLevel.CRITICAL, "NO_POD", FaultCode.NO_POD),
        (ErrorLevel.FATAL, "LIFT_FAILED", FaultCode.LIFT_FAILED),
        (ErrorLevel.CRITICAL, "LOCALIZATION_ERROR", FaultCode.LOST_PLACE),
        (ErrorLevel.FATAL, "wheelFellOff", FaultCode.BROKEN),
        (ErrorLevel.WARNING, "OTHER_ORDER_ACTIVE", FaultCode.NONE),
        (ErrorLevel.URGENT, "BATTERY_OLD", FaultCode.NONE),
    ],
)
def test_errors_that_stop_a_unit_are_faults(level: ErrorLevel, name: str, code: int) -> None:
    errors = (
        Error(error_type="NOTE", error_level=ErrorLevel.WARNING),
        Error(error_type=name, error_level=level),
    )
    assert read(a_state(errors=errors))["fault"] == code


def test_other_words_of_a_state() -> None:
    row = read(a_state(paused=True, mobile_robot_position=at(0.5, 3.5, -math.pi / 2)))
    assert row["flags"] == Condition.PAUSED
    assert row["heading"] == 3
    low = PowerSupply(state_of_charge=12.0, charging=False)
    assert read(a_state(power_supply=low))["flags"] == Condition.LOW_BATTERY
    assert read(a_state(safety_state=safety(EmergencyStop.MANUAL)))["fault"] == FaultCode.BROKEN


@pytest.mark.parametrize(
    ("loads", "pod"),
    [
        (None, -1), ((), -1), ((Load(load_id="P00012"),), 12), ((Load(),), UNREADABLE_POD),
        ((Load(load_id="crate"),), UNREADABLE_POD),
        ((Load(load_id="P9999999999"),), UNREADABLE_POD),
    ],
)  # fmt: skip
def test_what_a_unit_carries(loads: tuple[Load, ...] | None, pod: int) -> None:
    assert read(a_state(loads=loads))["load"] == pod


def test_echoes_of_instant_actions_are_kept_for_the_session() -> None:
    into = reader()

    def states(*names: str) -> tuple[ActionState, ...]:
        return tuple(
            ActionState(action_id=name, action_status=ActionStatus.FINISHED) for name in names
        )

    running = ActionState(action_id="startPause.7.9", action_status=ActionStatus.RUNNING)
    row = read(
        a_state(instant_action_states=(*states("startPause.7.2", "retry.7.4"), running)), into
    )
    assert (row["wish"], row["retried"]) == (7 << 32 | 2, 7 << 32 | 4)
    assert read(a_state(), into)["wish"] == 7 << 32 | 2  # it need not tell for ever
    assert read(a_state(), into, session=3)["wish"] == 0
    odd = states("stopPause.7", "retry.99999999999.1", "x", "stopPause.8.1")
    assert read(a_state(instant_action_states=odd), into, session=3)["wish"] == 8 << 32 | 1


def test_an_order_of_somebody_else_makes_a_unit_unavailable() -> None:
    row = read(a_state(order_id="job-17", last_node_id="A4"))
    assert (row["order"], row["cell"]) == (0, -1)
    assert row["flags"] & Condition.STARTING


@pytest.mark.parametrize(
    ("state", "link"),
    [
        (under_way(3), {"cleared": 3, "base": 2}),
        (under_way(2), {"cleared": 4, "base": 5}),
        (under_way(2), {"cleared": 0, "base": (1 << 31) - 1}),
        (a_state(order_id=ORDER, last_node_id="c.1.1", last_node_sequence_id=3), {"base": 5}),
        (a_state(serial_number="U2"), {}),
        (a_state(manufacturer="acme"), {}),
        (a_state(version="2.0.0"), {}),
        (a_state(last_node_id="c.9.9"), {}),
        (a_state(), {"beyond": "nowhere"}),
    ],
)
def test_states_that_cannot_be_meant(state: State, link: dict[str, Any]) -> None:
    with pytest.raises(StateError) as error:
        read(state, **link)
    assert error.value.is_rule


def test_a_roster_tells_all_its_faults_at_once() -> None:
    with pytest.raises(RosterError) as error:
        Roster(("U1", "U1", "a/b"), ("U1",), makers={"X": "acme"})
    assert len(str(error.value).splitlines()) == 3
    assert isinstance(error.value, FleetError)
    assert Roster(("U1",), makers={"U1": "acme"}).maker("U1") == "acme"
