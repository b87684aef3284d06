"""Operators over real sockets with keys: heard, refused, answered when it is on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from live_twin import SCENARIO, Controller, make_world

from fleet_control.events import EventKind
from fleet_control.journal import Journal
from fleet_control.operations import OperationKind
from gridfleet.journal_head import make_codec
from gridfleet.journalled import replay_run
from gridfleet.live.client import ControlError, OperatorClient, operator_key
from gridfleet.live.control import ControlSocket
from gridfleet.live.desk import OperatorDesk
from gridfleet.live.requests import Reply, decode_request
from gridfleet.live.status import StatusBoard
from hw_bridge.wire.keys import KeyStore, Role, as_client

DEADLINE_S = 10.0


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    made = KeyStore.create(tmp_path / "keys")
    made.add("anna", Role.OPERATOR)
    made.add("R001", Role.UNIT)
    return made


class Rig:
    """A controller over a twin, and a socket of an operator in the same thread."""

    def __init__(
        self, path: Path, store: KeyStore, operator: str = "anna", silent: tuple[int, ...] = ()
    ) -> None:
        self.control = ControlSocket("tcp://127.0.0.1:*", store)
        self.desk = OperatorDesk(self.control, StatusBoard())
        self.path, self.world = path, make_world()
        for unit in silent:
            self.world.link.set_down(True, unit)
        self.controller = Controller(path, self.world, desk=self.desk)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        as_client(self.socket, store.secret_of(operator))
        self.socket.connect(self.control.address)
        self.n_asked = 0

    def ask(self, command: str, **fields: Any) -> Reply:
        self.n_asked += 1
        number = fields.pop("id", f"n{self.n_asked}")
        self.socket.send(msgspec.json.encode({"id": number, "command": command, **fields}))
        return self.answer()

    def answer(self) -> Reply:
        """Cycle after cycle until there is one."""
        end_s = time.monotonic() + DEADLINE_S
        while not self.socket.poll(1):
            assert time.monotonic() < end_s, "no answer"
            self.controller.cycles(1)
        return msgspec.json.decode(self.socket.recv(), type=Reply)

    def status(self) -> dict[str, Any]:
        return self.ask("status").result

    def close(self) -> None:
        self.socket.close()
        self.context.term()
        self.control.close()
        self.controller.die()


@pytest.fixture
def rig(tmp_path: Path, store: KeyStore) -> Iterator[Rig]:
    made = Rig(tmp_path / "live.journal", store)
    yield made
    made.close()


def kinds_in(path: Path) -> list[OperationKind]:
    codec = make_codec()
    with Journal.read(path) as journal:
        values = [codec.decode(record.data) for record in journal.records() if record.kind == 1]
    return [asked.kind for _, operations in values for asked in operations]


def test_a_pause_is_journalled_before_it_is_answered_and_shown_until_confirmed(rig: Rig) -> None:
    rig.controller.drive(20.0)
    reply = rig.ask("pause", everyone=True)
    assert reply.ok
    assert kinds_in(rig.path) == [OperationKind.PAUSE_ALL]
    while not (status := rig.status())["is_all_stopped"]:
        assert status["unconfirmed"]
        rig.controller.drive(1.0)
    assert status["conditions"] == {"paused": 8}
    assert rig.ask("resume", everyone=True).ok
    rig.controller.drive(30.0)
    assert rig.status()["conditions"] == {"working": 8}
    assert rig.controller.run.brain.setup.n_done() > 0
    assert replay_run(rig.path).outcome.difference == ""


def test_a_fleet_waits_for_a_unit_until_it_is_removed(tmp_path: Path, store: KeyStore) -> None:
    rig = Rig(tmp_path / "live.journal", store, silent=(4,))
    try:
        rig.controller.drive(15.0)
        status = rig.status()
        assert status["awaited"] == ["R005"]
        assert status["conditions"] == {"awaited": 1, "working": 7}
        assert status["work"]["units_working"] == 0
        assert "has not said where it stands" in rig.ask("admit", unit="R005").errors[0]
        assert rig.ask("remove", unit="R005").ok
        assert kinds_in(rig.path)[-1] == OperationKind.LEAVE_OUT
        rig.controller.drive(15.0)
        status = rig.status()
        assert status["conditions"] == {"absent": 1, "working": 7}
        assert status["work"]["units_working"] > 0
        assert "is not on the floor as far as is known" in rig.ask("remove", unit="R005").errors[0]
    finally:
        rig.close()


def test_the_same_request_is_done_once(rig: Rig) -> None:
    orders = [{"name": "A-1", "lines": [{"sku": "SKU-00001", "quantity": 1}]}]
    first_sku = rig.controller.run.brain.setup.work.order_lines.base.book.sku_names[0]
    orders[0]["lines"][0]["sku"] = first_sku
    assert rig.ask("add-orders", orders=orders, id="same").ok
    assert rig.ask("add-orders", orders=orders, id="same").ok
    assert kinds_in(rig.path) == [OperationKind.ADD_ORDERS]
    again = rig.ask("add-orders", orders=orders, id="other")
    assert again.errors == ("there is an order 'A-1' already",)


@pytest.mark.parametrize(
    ("command", "fields", "told"),
    [
        ("puase", {}, "unknown command 'puase'; did you mean 'pause'?"),
        ("pause", {"units": ["R01"]}, "no unit 'R01' is on the roster; did you mean 'R001'?"),
        ("pause", {}, "name units, or everyone, and not both"),
        ("pause", {"unit": "R001"}, "unknown field unit"),
        ("remove", {"unit": 5}, "Expected str, got int"),
        ("open", {"name": "x"}, "no area 'x' is closed; there is none"),
        ("close", {"name": "north"}, "the floor has no zone 'north'"),
        ("block", {"cells": [[0, 1]]}, "row 0, column 1 is off the floor"),
        ("cancel-task", {"task": 9999}, "there is no task 9999 under way"),
        ("cancel-order", {"order": "nope"}, "there is no order 'nope'"),
        ("admit", {"unit": "R001"}, "is on the floor already"),
        (
            "add-orders",
            {"orders": [{"name": "B", "lines": [{"sku": "zzz", "quantity": 0}]}]},
            "unknown SKU 'zzz'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    rig: Rig, command: str, fields: dict[str, Any], told: str
) -> None:
    reply = rig.ask(command, **fields)
    assert not reply.ok
    assert any(told in error for error in reply.errors), reply.errors


def test_orders_that_are_added_are_done_and_survive_a_restart(rig: Rig) -> None:
    work = rig.controller.run.brain.setup.work
    sku = work.order_lines.base.book.sku_names[3]
    before = work.order_lines.n_base
    orders = [
        {"name": f"rush-{n}", "lines": [{"sku": sku, "quantity": 1}], "due_in_s": 600.0}
        for n in range(3)
    ]
    assert rig.ask("add-orders", orders=orders).ok
    rig.controller.run.books.recorder._snapshot_cycles = 50
    rig.controller.drive(30.0)
    rig.controller.die()
    rig.world.advance_alone(rig.world.time_s + 1.0)
    rig.controller = Controller(rig.path, rig.world, desk=rig.desk)
    work = rig.controller.run.brain.setup.work
    assert [work.order_lines.name_of(before + n) for n in range(3)] == [
        "rush-0",
        "rush-1",
        "rush-2",
    ]
    ended = rig.controller.drive(900.0)
    events = ended.record.events
    done = events["order"][events["kind"] == EventKind.ORDER_DONE]
    assert {before, before + 1, before + 2} <= set(done.tolist())
    assert len(ended.record.order_due_s) == before + 3
    assert replay_run(rig.path).outcome.difference == ""


def test_a_task_is_cancelled_until_its_pod_is_lifted(rig: Rig) -> None:
    """A unit that stands under the pod already is about to lift it."""
    while not (rows := [row for row in rig.status()["units"] if row["task"] is not None]):
        rig.controller.drive(1.0)
    on_the_way = (row for row in rows if rig.ask("cancel-task", task=row["task"]).ok)
    row = next(on_the_way)
    task, name = row["task"], row["serial"]
    rig.controller.drive(1.0)
    assert {row["serial"]: row["task"] for row in rig.status()["units"]}[name] != task
    events = rig.controller.run.brain.log.columns()
    cancelled = events["task"][events["kind"] == EventKind.TASK_CANCELLED].tolist()
    assert cancelled == [task]
    while not (rows := [row for row in rig.status()["units"] if row["is_laden"]]):
        rig.controller.drive(1.0)
    reply = rig.ask("cancel-task", task=rows[0]["task"])
    assert not reply.ok
    assert "has lifted" in reply.errors[0]
    rig.controller.run.brain.setup.work._inventory.check()


def test_only_operators_are_heard(tmp_path: Path, store: KeyStore) -> None:
    rig = Rig(tmp_path / "live.journal", store, operator="R001")
    try:
        rig.socket.send(b'{"id": "1", "command": "drain"}')
        end_s = time.monotonic() + DEADLINE_S
        while not rig.control.refusals.counts:
            assert time.monotonic() < end_s
            rig.controller.cycles(1)
        assert dict(rig.control.refusals.counts) == {"wrong-role": 1}
        assert not rig.socket.poll(50)
    finally:
        rig.close()


def test_nobody_answers(store: KeyStore) -> None:
    with (
        OperatorClient("tcp://127.0.0.1:9", operator_key(store.folder), 0.2) as client,
        pytest.raises(ControlError, match=r"no answer within 0.2 s.*anna an operator"),
    ):
        client.ask("status")


def test_who_the_operator_is(store: KeyStore, tmp_path: Path) -> None:
    assert operator_key(store.folder).serial == "anna"
    assert operator_key(store.secret_path("anna")).serial == "anna"
    with pytest.raises(ControlError, match="R001 is a unit, not an operator"):
        operator_key(store.secret_path("R001"))
    store.add("ben", Role.OPERATOR)
    with pytest.raises(ControlError, match="say which with --as: anna, ben"):
        operator_key(store.folder)
    with pytest.raises(ControlError, match="did you mean 'anna'"):
        operator_key(store.folder, "ana")
    with pytest.raises(ControlError, match="no keys here"):
        operator_key(tmp_path)


@pytest.mark.parametrize("payload", [b"", b"[1]", b"\xff", b'{"command": 5}', b"{}"])
def test_rubbish_is_answered(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"request|command"):
        decode_request(payload)


def test_the_scenario_of_the_rig_has_orders() -> None:
    assert SCENARIO.orders == "synthetic"
