"""The drive agent does what it is ordered to, and says how far it is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from agent_rig import Rig

from hw_bridge.agent.motors import Mode, MoveKind, Trouble
from hw_bridge.wire.frames import Topic

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "vda5050"


def test_it_drives_lifts_and_lowers_by_order() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, "pick", 2, "drop"])
    rig.order(path.order(0, 0, 4))
    assert [move.kind for move in rig.motors.moves] == [
        MoveKind.DRIVE, MoveKind.LIFT, MoveKind.DRIVE, MoveKind.LOWER,
    ]  # fmt: skip
    assert (rig.done(), rig.link.base, rig.link.cleared) == (0, 4, 0)
    assert [node.sequence_id for node in rig.state.node_states] == [2, 4, 6, 8]
    rig.run()
    assert (rig.state.last_node_id, rig.state.last_node_sequence_id) == ("c.1.2", 4)
    assert (rig.done(), rig.link.cleared) == (1, 1)
    assert [action.action_status for action in rig.state.action_states] == ["RUNNING", "WAITING"]
    rig.run()
    assert rig.done() == 2
    assert rig.state.loads is not None
    assert [load.load_type for load in rig.state.loads] == ["pod"]
    rig.run(2)
    assert (rig.done(), rig.link.base, rig.state.loads) == (4, 4, ())
    assert not rig.state.node_states
    assert [action.action_status for action in rig.state.action_states] == ["FINISHED", "FINISHED"]


def test_updates_lengthen_the_order() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2, "pick", 3])
    rig.order(path.order(0, 0, 1, n_ahead=1))
    assert rig.motors.hints == [(2.0, 0.0)]
    assert [node.released for node in rig.state.node_states] == [True, False]
    rig.order(path.order(1, 1, 2))
    assert (rig.state.order_update_id, len(rig.motors.moves)) == (1, 2)
    rig.run(2)
    rig.order(path.order(2, 2, 4))
    rig.run(2)
    assert (rig.done(), rig.link.base) == (4, 4)
    assert not rig.errors


def test_all_that_it_says_is_as_the_schemas_want_it() -> None:
    validators = official_validators()
    rig = Rig()
    path = rig.path(1, [0, 1, "wait/SOFT", "pick", 2, "drop"])
    rig.note(rig.agent.connected(rig.now_s))
    rig.order(path.order(0, 0, 3, n_ahead=2)).run().tick(2.5).run(2)
    rig.order(path.order(0, 0, 4)).hear(Topic.ORDER, b"{")
    rig.motors.change(trouble=Trouble.LIFT_FAILED, charge=0.1, is_localised=False, notes=("dust",))
    rig.instant("startPause", 1).instant("nonsense", 2).cancel(path.name)
    rig.motors.change(mode=Mode.MANUAL, is_emergency_stopped=True)
    rig.tick().note(rig.agent.leaving(rig.now_s))
    assert {out.topic for out in rig.sent} == {Topic.CONNECTION, Topic.FACTSHEET, Topic.STATE}
    for topic, _, payload in rig.sent:
        validators[topic].validate(json.loads(payload))


def official_validators() -> dict[str, Any]:
    jsonschema = pytest.importorskip("jsonschema")
    if not SCHEMAS.is_dir():
        pytest.skip(f"the official schemas are not in {SCHEMAS}")
    checker = jsonschema.FormatChecker()
    return {
        topic: jsonschema.Draft202012Validator(
            json.loads((SCHEMAS / f"{topic}.schema").read_text()), format_checker=checker
        )
        for topic in ("state", "connection", "factsheet")
    }


def test_states_come_with_news_and_once_a_second() -> None:
    rig = Rig()
    n_said = len(rig.sent)
    for _ in range(9):
        rig.tick(0.1)
    assert len(rig.sent) == n_said
    rig.tick(0.1)
    assert len(rig.sent) == n_said + 1
    for change in (
        {"charge": 0.1}, {"is_moving": True}, {"load": "P00007"}, {"is_field_violated": True},
        {"trouble": Trouble.BROKEN}, {"is_charging": True}, {"n_left": 1},
    ):  # fmt: skip
        rig.motors.change(**change)
        rig.tick()
        n_said += 1
        assert len(rig.sent) == n_said + 1
        rig.tick()
        assert len(rig.sent) == n_said + 1
    rig.motors.change(x_m=0.3, charge=0.09)
    rig.tick()
    assert len(rig.sent) == n_said + 1
    assert [out.link.seq for out in rig.sent] == list(range(1, len(rig.sent) + 1))


def test_it_says_when_it_has_to_be_asked_again() -> None:
    rig = Rig()
    assert rig.agent.due_s() == rig.now_s + 1.0
    rig.tick(0.9)
    assert rig.agent.due_s() == pytest.approx(rig.now_s + 0.1)
    rig.tick(0.1).tick(0.2)
    assert rig.agent.due_s() == pytest.approx(rig.now_s + 0.3)  # the silence of its controller


def test_a_unit_that_hears_nothing_stops_and_goes_on_when_it_does() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2, 3])
    rig.order(path.order(0, 0, 3))
    rig.motors.run()
    rig.motors.begin()
    rig.tick(1.5)
    assert len(rig.motors.moves) == 3
    rig.tick(0.01)
    assert len(rig.motors.moves) == 2  # it cannot stop before
    assert rig.link.base == 3
    rig.tick(5.0).hello()
    assert len(rig.motors.moves) == 2
    rig.motors.run()
    rig.hello()
    assert len(rig.motors.moves) == 3
    rig.run()
    assert rig.done() == 3


def test_a_pause_is_told_when_it_stands() -> None:
    rig = Rig()
    rig.order(rig.path(1, [0, 1, 2]).order(0, 0, 2))
    rig.motors.begin()
    rig.motors.hold = lambda is_held: setattr(rig.motors, "is_held", is_held)  # type: ignore[method-assign]
    rig.instant("startPause", 1)
    assert rig.motors.is_held
    assert not rig.state.paused
    assert rig.instant_status("startPause", 1) == "RUNNING"
    rig.motors.change(is_moving=False)
    rig.tick()
    assert rig.state.paused
    assert rig.instant_status("startPause", 1) == "FINISHED"
    assert rig.link.beyond == "c.1.2"
    rig.instant("stopPause", 2)
    assert not rig.motors.is_held
    assert not rig.state.paused
    rig.instant("startPause", 1)  # a second copy
    rig.instant("startPause", 0)  # overtaken
    assert not rig.motors.is_held
    assert rig.instant_status("startPause", 0) == "FAILED"


def test_a_pause_that_is_ended_before_it_stands() -> None:
    rig = Rig()
    rig.order(rig.path(1, [0, 1, 2]).order(0, 0, 2))
    rig.motors.begin()
    rig.motors.hold = lambda is_held: setattr(rig.motors, "is_held", is_held)  # type: ignore[method-assign]
    rig.instant("startPause", 1).instant("stopPause", 2)
    assert rig.instant_status("startPause", 1) == "FAILED"
    assert rig.instant_status("stopPause", 2) == "FINISHED"
    assert not rig.motors.is_held


@pytest.mark.parametrize("trouble", [Trouble.NO_POD, Trouble.LIFT_FAILED])
def test_a_lift_that_fails_is_told_and_tried_again(trouble: Trouble) -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, "pick"])
    rig.order(path.order(0, 0, 2)).run()
    rig.motors.change(trouble=trouble)
    rig.tick()
    assert rig.errors == [trouble.value]
    assert rig.action("5.1.0.2") == "RETRIABLE"
    assert (rig.done(), rig.link.base) == (1, 2)
    rig.instant("retry", 1).instant("retry", 1)
    assert rig.motors.retries == 1
    assert rig.action("5.1.0.2") == "RUNNING"
    rig.run()
    assert rig.done() == 2


def test_tools_work_as_their_blocking_types_say() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, "wait/NONE", "beep/SOFT", "wait/SINGLE", "pick", 2])
    rig.order(path.order(0, 0, 6))
    actions = [f"5.1.0.{step}" for step in range(2, 6)]
    assert len(rig.motors.moves) == 1
    rig.run()
    assert [rig.action(name) for name in actions] == ["RUNNING", "RUNNING", "WAITING", "WAITING"]
    rig.tick(1.0)
    assert len(rig.motors.moves) == 1  # it stands until all that is before the lift is over
    for _ in range(4):
        rig.hello().tick(1.0)
    assert [rig.action(name) for name in actions[:3]] == ["FINISHED", "FINISHED", "FINISHED"]
    assert [move.kind for move in rig.motors.moves[1:]] == [MoveKind.LIFT, MoveKind.DRIVE]
    rig.run(2)
    assert rig.done() == 6


def test_a_tool_that_lets_it_drive() -> None:
    rig = Rig()
    rig.order(rig.path(1, [0, 1, "wait/NONE", 2]).order(0, 0, 3))
    assert len(rig.motors.moves) == 2
    rig.run(2)
    assert rig.action("5.1.0.2") == "RUNNING"
    rig.tick(2.0)
    assert rig.action("5.1.0.2") == "FINISHED"


def test_instant_actions_of_tools_and_questions() -> None:
    rig = Rig()
    rig.instant("beep", 1)
    assert rig.instant_status("beep", 1) == "RUNNING"
    rig.tick(1.0)
    assert rig.instant_status("beep", 1) == "FINISHED"
    n_said = len(rig.sent)
    rig.instant("factsheetRequest", 2)
    assert [out.topic for out in rig.sent[n_said:]] == [Topic.FACTSHEET, Topic.STATE]
    rig.instant("stateRequest", 3)
    assert rig.instant_status("stateRequest", 3) == "FINISHED"
    rig.instant("fly", 4)
    assert rig.errors == ["INVALID_INSTANT_ACTION"]
    assert rig.instant_status("fly", 4) == "FAILED"
    rig.instant("clearInstantActions", 5)
    assert [s.action_type for s in rig.state.instant_action_states] == ["clearInstantActions"]
    assert not rig.errors


def test_the_state_keeps_to_its_limits() -> None:
    rig = Rig()
    for count in range(1, 60):
        rig.instant("stateRequest", count)
    assert len(rig.state.instant_action_states) == rig.options.max_instants
    steps: list[str | int] = [0]
    for _ in range(30):
        steps += ["pick", "drop"]
    path = rig.path(1, steps)
    rig.order(path.order(0, 0, 1))
    for update in range(1, 60):
        rig.run().order(path.order(update, update, update + 1))
    rig.run()
    assert rig.done() == 60
    assert len(rig.state.action_states) <= 6
    assert rig.agent.order is not None
    assert len(rig.agent.order.stops) <= 3


def test_charge_place_and_safety_are_told() -> None:
    rig = Rig()
    rig.motors.change(charge=0.155, is_localised=False, load="?", yaw_rad=4.0)
    rig.tick()
    state = rig.state
    assert state.power_supply.state_of_charge == 15.5
    assert rig.errors == ["LOCALIZATION_ERROR", "LOW_BATTERY"]
    assert state.loads is not None
    assert (state.loads[0].load_id, state.loads[0].load_type) == ("", "pod")
    assert state.mobile_robot_position is not None
    assert state.mobile_robot_position.theta == pytest.approx(4.0 - 2.0 * math.pi)
    assert not state.mobile_robot_position.localized
    assert (state.last_node_id, state.order_id) == ("c.1.1", "")


def test_it_echoes_the_clock_of_the_controller() -> None:
    rig = Rig()
    rig.hello(sent_ns=5_000_000_000).tick(1.0)
    assert rig.link.echo_ns == 6_000_000_000
    assert rig.link.sent_ns == round(rig.now_s * 1e9)
