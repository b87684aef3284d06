"""What makes orders safe over a link: sessions, epochs, tombstones, giving up, coming back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from agent_rig import PaperMotors, Rig

from hw_bridge.agent.memory import FileMemory, LostMemoryError, ShortMemory
from hw_bridge.agent.motors import Mode, Trouble
from hw_bridge.vda5050.base import encode
from hw_bridge.wire.frames import Link, Topic


def test_orders_for_another_session_do_not_even_prove_that_somebody_is_there() -> None:
    rig = Rig()
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    rig.tick(1.0)
    for session in (0, 2):
        rig.order(order, session=session)
        assert rig.state.order_id == ""
        assert not rig.errors
    rig.order(order, epoch=4)
    assert rig.agent.refused == {"session": 2, "epoch": 1}
    rig.tick(0.6)
    rig.order(order)
    assert rig.state.order_id == "5.1.0"
    rig.hello(session=2).hello(session=1)
    assert rig.agent.refused["session"] == 3


def test_a_later_controller_is_answered_at_once_and_shuts_out_the_one_before() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 1))
    n_said = len(rig.sent)
    rig.hello(epoch=6)
    assert len(rig.sent) == n_said + 1
    assert rig.link.epoch == 6
    rig.order(path.order(1, 1, 2))
    assert rig.state.order_update_id == 0
    rig.order(path.order(1, 1, 2), epoch=6)  # the order goes on under its old name
    assert rig.state.order_update_id == 1


def test_an_unknown_topic_is_counted() -> None:
    rig = Rig()
    rig.hear(Topic.ZONE_SET, b"{}")
    assert rig.agent.refused == {"topic": 1}


def test_a_cancel_stops_where_it_can() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2, "pick", 3])
    rig.order(path.order(0, 0, 4)).run()
    rig.motors.begin()
    rig.cancel(path.name)
    assert rig.instant_status("cancelOrder", 1) == "RUNNING"
    assert (rig.link.base, rig.link.stands, rig.link.tombstone) == (2, False, path.name.number)
    assert [node.node_id for node in rig.state.node_states] == ["c.1.3"]
    assert rig.action("5.1.0.3") == "FAILED"
    assert len(rig.motors.moves) == 2
    rig.run()
    assert rig.instant_status("cancelOrder", 1) == "FINISHED"
    assert (rig.link.base, rig.done(), rig.link.stands) == (2, 2, True)
    assert (rig.state.order_id, rig.state.node_states) == ("5.1.0", ())


def test_a_cancel_of_a_unit_that_is_held_between_two_points() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 2))
    rig.motors.begin()
    rig.instant("startPause", 1).cancel(path.name)
    assert (rig.link.base, rig.done(), rig.link.stands) == (1, 0, True)
    assert rig.link.beyond == "c.1.2"
    for steps, answer in (
        ([0], "START_NODE_OUT_OF_RANGE"),
        ([0, 2], "START_NODE_OUT_OF_RANGE"),
        ([0, "pick"], "START_NODE_OUT_OF_RANGE"),
    ):
        rig.order(rig.path(2, steps).order(0, 0, len(steps) - 1))
        assert rig.errors == [answer]
    rig.order(rig.path(2, [0, 1, 0]).order(0, 0, 2))
    assert (rig.state.order_id, rig.link.base, rig.link.stands) == ("5.2.0", 2, False)
    assert len(rig.motors.moves) == 1  # that step is with the motors already
    rig.instant("stopPause", 2).run()
    assert [move.node for move in rig.motors.moves] == ["c.1.2", "c.1.1"]
    rig.run()
    assert rig.done() == 2


def test_an_open_step_may_end_after_it_was_told() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 2))
    rig.motors.begin()
    rig.instant("startPause", 1).cancel(path.name).instant("stopPause", 2).run()
    assert (rig.link.base, rig.done(), rig.link.stands) == (1, 1, True)
    rig.order(rig.path(2, [0, 1]).order(0, 0, 1))
    assert rig.errors == ["START_NODE_OUT_OF_RANGE"]
    rig.order(rig.path(3, [1, 2], stand=1).order(0, 0, 1))
    assert not rig.errors


def test_a_unit_that_stands_for_no_known_reason_is_waited_for() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 2))
    rig.motors.begin()
    rig.motors.change(is_moving=False)
    rig.cancel(path.name)
    assert not rig.link.stands
    rig.tick(0.5).hello()
    assert not rig.link.stands
    rig.tick(0.5)
    assert (rig.link.stands, rig.link.base) == (True, 1)


def test_a_lift_that_has_begun_is_finished_before_the_order_is_given_up() -> None:
    rig = Rig()
    path = rig.path(1, [0, "pick", 1])
    rig.order(path.order(0, 0, 2))
    rig.motors.begin()
    rig.cancel(path.name)
    assert (rig.link.base, rig.link.stands) == (1, False)
    assert rig.action("5.1.0.1") == "RUNNING"
    rig.motors.change(is_moving=False)  # halted
    rig.instant("startPause", 1).tick(5.0)
    assert not rig.link.stands
    rig.instant("stopPause", 2)
    rig.motors.change(is_moving=True)
    rig.run()
    assert (rig.done(), rig.link.base, rig.link.stands) == (1, 1, True)


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_lift_that_fails_or_has_not_begun_is_given_up_with_the_order(has_begun: bool) -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, "pick", 2])
    rig.order(path.order(0, 0, 3)).run()
    if has_begun:
        rig.motors.begin()
    rig.cancel(path.name)
    if has_begun:
        assert (rig.link.base, rig.link.stands) == (2, False)
        rig.motors.change(trouble=Trouble.LIFT_FAILED, is_moving=False)
        rig.tick()
    assert rig.action("5.1.0.2") == "FAILED"
    assert (rig.done(), rig.link.base, rig.link.stands) == (1, 1, True)
    assert not rig.errors
    rig.order(rig.path(2, [1, "pick"], stand=1).order(0, 0, 1))
    assert rig.state.order_id == "5.2.1"


def test_a_cancel_that_overtakes_its_order() -> None:
    rig = Rig()
    old, new = rig.path(1, [0, 1, 2]), rig.path(2, [2, 3], stand=2)
    rig.order(old.order(0, 0, 2)).cancel(new.name)
    assert rig.instant_status("cancelOrder", 2) == "FAILED"
    assert rig.errors == ["NO_ORDER_TO_CANCEL"]
    assert rig.link.tombstone == new.name.number
    assert (rig.state.order_id, rig.link.base, rig.link.stands) == ("5.1.0", 2, False)
    rig.run(2)  # what it has in hand it does
    rig.order(new.order(0, 0, 1))
    assert rig.state.order_id == "5.1.0"
    assert "ORDER_UPDATE_FOLLOWING_CANCEL" in rig.errors


def test_a_cancel_of_an_idle_unit() -> None:
    rig = Rig()
    rig.instant("cancelOrder", 9)
    assert rig.instant_status("cancelOrder", 9) == "FAILED"
    assert rig.errors == ["NO_ORDER_TO_CANCEL"]
    path = rig.path(1, [0, 1])
    rig.order(path.order(0, 0, 1)).run().cancel(path.name)
    assert rig.instant_status("cancelOrder", 1) == "FAILED"
    assert (rig.link.stands, rig.link.tombstone) == (True, path.name.number)
    rig.order(path.order(1, 1, 1))
    assert "ORDER_UPDATE_FOLLOWING_CANCEL" in rig.errors


def test_a_cancel_of_an_older_order_is_history() -> None:
    rig = Rig()
    old, new = rig.path(1, [0, 1]), rig.path(2, [1, 2], stand=1)
    rig.order(old.order(0, 0, 1)).run().order(new.order(0, 0, 1)).cancel(old.name)
    assert rig.link.tombstone == 0
    assert rig.state.order_id == "5.2.1"
    rig.run()
    assert rig.done() == 2


def test_a_cancel_without_a_name_is_for_the_order_in_hand() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 2)).instant("cancelOrder", 1)
    assert rig.instant_status("cancelOrder", 1) == "FINISHED"
    assert (rig.link.base, rig.link.tombstone) == (0, path.name.number)


def test_a_unit_that_was_switched_off_between_two_points_finishes_that_step_only() -> None:
    rig = Rig()
    rig.order(rig.path(1, [0, 1, 2]).order(0, 0, 2))
    rig.motors.begin()
    rig.motors.change(is_moving=False, beyond="c.1.2")
    rig.reboot()
    rig.hello()
    assert (rig.agent.session, rig.link.base, rig.link.beyond) == (2, -1, "c.1.2")
    assert rig.motors.is_held
    rig.order(rig.path(2, [0, 2]).order(0, 0, 1))
    assert rig.errors == ["START_NODE_OUT_OF_RANGE"]
    rig.order(rig.path(3, [0, 1, 2], stand=7).order(0, 0, 2))
    assert not rig.motors.is_held
    assert len(rig.motors.moves) == 1
    rig.run(2)
    assert rig.done() == 9


def test_new_motors_between_two_points_are_given_that_step() -> None:
    motors = PaperMotors()
    motors.change(is_between=True, beyond="c.1.2", x_m=0.5)
    motors.stop_short = lambda: motors.senses.n_done  # type: ignore[method-assign]
    rig = Rig(motors)
    assert rig.link.beyond == "c.1.2"
    rig.order(rig.path(1, [0, 1, 2]).order(0, 0, 2))
    assert [move.node for move in motors.moves] == ["c.1.2", "c.1.3"]


def test_a_unit_that_cannot_tell_what_it_covers_has_to_be_pushed() -> None:
    motors = PaperMotors()
    motors.change(is_between=True, x_m=0.5)
    rig = Rig(motors)
    assert rig.state.operating_mode == "STARTUP"
    rig.order(rig.path(1, [0, 1]).order(0, 0, 1))
    assert rig.errors == ["MOBILE_ROBOT_NOT_AVAILABLE"]
    motors.change(is_between=False, x_m=1.0, node="c.1.2")
    rig.tick()
    assert rig.state.operating_mode == "AUTOMATIC"


@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.SERVICE, Mode.STARTUP])
def test_a_person_at_the_controls_ends_order_and_session(mode: Mode) -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    rig.order(path.order(0, 0, 2)).run()
    rig.motors.change(mode=mode)
    rig.tick()
    assert (rig.state.order_id, rig.state.last_node_id, rig.link.base) == ("", "", -1)
    # Of the session before, "no order" would say that the order has never come.
    assert (rig.state.operating_mode, rig.link.session, rig.link.seq) == (mode.value, 2, 1)
    assert len(rig.motors.moves) == 1
    rig.motors.change(mode=Mode.AUTOMATIC, x_m=5.0, node="c.1.6")
    rig.tick()
    assert (rig.state.last_node_id, rig.link.session) == ("c.1.6", 2)
    rig.order(path.order(1, 2, 2), session=1)
    rig.order(rig.path(2, [5, 6], stand=1).order(0, 0, 1))
    assert rig.state.order_id == "5.2.1"


def test_starting_is_no_session_of_its_own() -> None:
    motors = PaperMotors()
    motors.change(mode=Mode.STARTUP)
    rig = Rig(motors)
    assert rig.state.operating_mode == "STARTUP"
    motors.change(mode=Mode.AUTOMATIC)
    rig.tick()
    assert (rig.link.session, rig.state.operating_mode) == (1, "AUTOMATIC")


def test_memory_lasts(tmp_path: Path) -> None:
    path = tmp_path / "R0001.json"
    rig = Rig(memory=FileMemory(path))
    rig.cancel(rig.name(7)).hello(epoch=9)
    rig.memory = FileMemory(path)
    rig.reboot()
    assert (rig.agent.session, rig.agent.epoch) == (2, 9)
    assert rig.agent.tombstone == rig.name(7).number
    assert FileMemory(path).boot() == 3
    assert stat.S_ISREG(path.stat().st_mode)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["R0001.json"]


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"session": "x"}', b'{"lives": 3}', b'{"session": -1}']
)
def test_a_memory_that_cannot_be_read_is_not_guessed(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(text)
    with pytest.raises(LostMemoryError, match=r"memory\.json"):
        FileMemory(path)


def test_a_short_memory_counts_too() -> None:
    memory = ShortMemory()
    assert [memory.boot(), memory.boot(), memory.load()] == [1, 2, (0, 0)]


class HonestMotors(PaperMotors):
    """They promise no move that they were never given."""

    def stop_short(self) -> int:
        self._kept = min(super().stop_short(), max(self.senses.n_done, len(self.moves)))
        return self._kept


def test_a_cancel_right_after_the_order_keeps_both_cells_of_a_unit_between_two() -> None:
    """Both come in one batch, before the agent looks at its motors again."""
    motors = HonestMotors()
    motors.change(is_between=True, x_m=0.4, beyond="c.1.2")
    rig = Rig(motors)
    path = rig.path(1, [0, 1, 2])
    order, link = path.order(0, 0, 1), Link(seq=1, epoch=rig.epoch, session=1)
    rig.agent.hear(Topic.ORDER, link, encode(order), rig.now_s)
    rig.cancel(path.name)
    assert (rig.link.base, rig.link.beyond) == (1, "c.1.2")
