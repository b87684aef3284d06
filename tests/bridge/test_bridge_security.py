"""Whatever somebody sends to the controller: it is refused, counted, logged; the fleet goes on."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from agent_rig import PaperMotors
from backend_rig import N_COLS, hall
from server_rig import QUICK, Door, door

from fleet_control.backend import Act, Commands, Releases, no_station_jobs
from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import ShortMemory
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.roster import Roster
from hw_bridge.transport import RealTime
from hw_bridge.vda5050.base import MANUFACTURER
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, Link, Topic, pack_link, unpack_link
from hw_bridge.wire.refusals import Refused
from hw_bridge.wire.server import ServerOptions

OPTIONS = ServerOptions(
    heartbeat_ms=QUICK.heartbeat_ms, timeout_ms=QUICK.timeout_ms, handshake_ms=QUICK.handshake_ms,
    look_s=0.02, rate_per_s=2000.0, burst=300.0,
)  # fmt: skip


class LivelyTime(RealTime):
    """The honest unit lives while the controller waits."""

    def __init__(self, live: Callable[[], None]) -> None:
        super().__init__()
        self._live = live

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        self._live()
        super().wait(poller, min(until_s, self.now_s() + 0.005))


class Fleet:
    """U1 is honest and has work; U2 has a key, and whatever holds it does what the test says."""

    def __init__(self, opened: Door) -> None:
        self.door = opened
        self.motors = PaperMotors(0.5, "c.1.1")
        self.motors.change(y_m=1.5)
        identity = Identity(MANUFACTURER, "U1")
        self.time = LivelyTime(self.live)
        self.agent = DriveAgent(identity, self.motors, ShortMemory(), AgentOptions(), 0.0)
        self.honest = opened.device("U1")
        self.n_released = self.done = 0
        self.backend = BridgeBackend(
            hall(2), Roster(("U1", "U2")), [opened.server], self.time, 7,
            options=BridgeOptions(patience_s=0.1),
        )  # fmt: skip
        opened.until(lambda: self.honest.poll(0, zmq.POLLOUT))
        self._say(self.agent.connected(0.0))
        for _ in range(50):  # one that is waited for so briefly may be late on a busy machine
            state = self.backend.connect()
            if state.cells[0] == 0:
                break
        assert state.cells.tolist() == [0, -1]

    def _say(self, messages: list[Outgoing]) -> None:
        for topic, link, payload in messages:
            frames = [topic.value.encode(), pack_link(link), payload]
            try:
                self.honest.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                return

    def live(self) -> None:
        """The honest unit does what it has to."""
        now_s = self.time.now_s()
        while self.honest.poll(0):
            topic, link, payload = self.honest.recv_multipart()
            self.agent.hear(Topic(topic.decode()), unpack_link(link), payload, now_s)
        self.motors.run()
        self._say(self.agent.tick(now_s))

    def step(self) -> None:
        """The controller has a cycle."""
        reports = self.backend.advance(self.time.now_s() + 0.01)
        for unit, done in zip(reports.units.tolist(), reports.done.tolist(), strict=True):
            self.done = done if unit == 0 else self.done

    def until(self, is_so: Any) -> None:
        def go() -> bool:
            self.step()
            return bool(is_so())

        pump, self.door.pump = self.door.pump, lambda seconds=0.0: None  # type: ignore[method-assign]
        try:
            self.door.until(go)
        finally:
            self.door.pump = pump  # type: ignore[method-assign]

    def works(self) -> None:
        """The honest unit does what is released to it now."""
        self.n_released += 1
        step = np.array([self.n_released], dtype=np.int32)
        cell = np.array([self.n_released % N_COLS], dtype=np.int32)
        releases = Releases(
            np.zeros(1, dtype=np.int32), step, cell, np.array([Act.DRIVE], dtype=np.int8)
        )
        self.backend.send(Commands(releases, no_station_jobs()))
        self.until(lambda: self.done == self.n_released)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with door(tmp_path, options=OPTIONS) as opened:
        made = Fleet(opened)
        made.works()
        yield made


def attack(fleet: Fleet, frames: list[bytes], reason: Refused) -> None:
    before = fleet.backend.refused().get(reason.value, 0)
    evil = fleet.door.device("U2")

    def send() -> bool:
        try:
            evil.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    fleet.until(send)
    fleet.until(lambda: fleet.backend.refused().get(reason.value, 0) > before)
    fleet.works()


def state(**changes: Any) -> bytes:
    body: dict[str, Any] = {
        "headerId": 1, "timestamp": "2026-01-01T00:00:00.000Z", "version": "3.0.0",
        "manufacturer": MANUFACTURER, "serialNumber": "U2", "orderId": "", "orderUpdateId": 0,
        "lastNodeId": "c.2.1", "lastNodeSequenceId": 0, "nodeStates": [], "edgeStates": [],
        "driving": False, "actionStates": [], "instantActionStates": [],
        "powerSupply": {"stateOfCharge": 80.0, "charging": False}, "operatingMode": "AUTOMATIC",
        "errors": [], "safetyState": {"activeEmergencyStop": "NONE", "fieldViolation": False},
    }  # fmt: skip
    return json.dumps(body | changes).encode()


LINK = pack_link(Link(seq=1, session=1, epoch=7))
ORDER_LINK = pack_link(Link(seq=1, session=1, epoch=7, base=2, cleared=1))
NODE = {"nodeId": "c.2.2", "released": True}


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([b"state"], Refused.MALFORMED),
        ([b"state", LINK, b"{}", b"{}"], Refused.MALFORMED),
        ([b"state", b"\xc1\xff", b"{}"], Refused.MALFORMED),
        ([b"state", pack_link(Link(seq=-1, session=1)), b"{}"], Refused.MALFORMED),
        ([b"state", pack_link(Link(proto=9)), b"{}"], Refused.MALFORMED),
        ([b"state", LINK, b"{}"], Refused.MALFORMED),
        ([b"state", LINK, b"\xff\xfe\x00"], Refused.MALFORMED),
        ([b"state", LINK, b"[" * 100_000], Refused.MALFORMED),
        ([b"state", LINK, state(operatingMode="WILD")], Refused.MALFORMED),
        ([b"connection", LINK, b"{}"], Refused.MALFORMED),
        ([b"factsheet", LINK, b"null"], Refused.MALFORMED),
        ([b"order", LINK, b"{}"], Refused.WRONG_TOPIC),
        ([b"terminal", LINK, b"{}"], Refused.WRONG_TOPIC),
        ([b"\x00", LINK, b"{}"], Refused.WRONG_TOPIC),
        ([b"state", LINK, b" " * (MAX_MESSAGE_BYTES + 1)], Refused.OVERSIZED),
        ([b"state", LINK, state(serialNumber="U1")], Refused.BROKEN_RULE),
        ([b"state", LINK, state(lastNodeSequenceId=3)], Refused.BROKEN_RULE),
        ([b"state", LINK, state(orderUpdateId=4)], Refused.BROKEN_RULE),
        ([b"state", LINK, state(lastNodeId="c.9.9")], Refused.BROKEN_RULE),
        ([b"state", LINK, state(timestamp="yesterday")], Refused.BROKEN_RULE),
        (
            [b"state", ORDER_LINK, state(orderId="7.1.0", lastNodeSequenceId=8)],
            Refused.BROKEN_RULE,
        ),
        (
            [b"state", ORDER_LINK, state(orderId="7.1.2147483647", lastNodeSequenceId=2)],
            Refused.BROKEN_RULE,
        ),
        (
            [b"state", ORDER_LINK, state(orderId="7.1.0", nodeStates=[
                {**NODE, "sequenceId": 4}, {**NODE, "sequenceId": 2}])],
            Refused.BROKEN_RULE,
        ),
        ([b"state", LINK, state(orderId="somebody-elses")], Refused.FOREIGN_ORDER),
        ([b"state", pack_link(Link(seq=1, epoch=7, session=1, beyond="x")), state()],
         Refused.BROKEN_RULE),
        ([b"state", pack_link(Link(seq=0, epoch=7)), state()], Refused.OLD),
    ],
)  # fmt: skip
def test_bad_messages_of_a_known_device(
    fleet: Fleet, frames: list[bytes], reason: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "hw_bridge"):
        attack(fleet, frames, reason)
    assert f"refused {reason.value} from U2" in caplog.text
    assert all(len(record.getMessage()) < 1000 for record in caplog.records)


def test_old_traffic_that_is_played_again_changes_nothing(fleet: Fleet) -> None:
    said = [b"state", pack_link(Link(seq=5, session=3, epoch=7)), state()]
    evil = fleet.door.device("U2")

    def repeats() -> int:
        try:
            evil.send_multipart(said, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return fleet.backend.refused().get("old", 0) > 3

    fleet.until(repeats)
    assert fleet.backend.devices["U2"].n_received == 1
    fleet.works()


def test_a_message_beyond_all_measure_costs_the_connection(fleet: Fleet) -> None:
    evil = fleet.door.device("U2")
    closed = fleet.door.server.counts["closed"]

    def send() -> bool:
        try:
            evil.send_multipart([b"state", LINK, bytes(4 * MAX_MESSAGE_BYTES)], zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    fleet.until(send)
    fleet.until(lambda: fleet.door.server.counts["closed"] > closed)
    fleet.works()


def test_a_flood_is_dropped_and_logged_at_most_once_a_second(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    evil, seq = fleet.door.device("U2"), 0

    def flood() -> bool:
        nonlocal seq
        for _ in range(500):
            seq += 1
            frames = [b"state", pack_link(Link(seq=seq, session=1, epoch=7)), state()]
            try:
                evil.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                break
        return fleet.backend.refused().get("flood", 0) > 2000

    with caplog.at_level(logging.WARNING, "hw_bridge"):
        fleet.until(flood)
    fleet.works()
    lines = [r for r in caplog.records if "refused flood from U2" in r.getMessage()]
    assert 1 <= len(lines) <= 10
    assert fleet.backend.refused()["flood"] > 100 * len(lines)


def test_keys_that_are_not_those_of_devices(fleet: Fleet) -> None:
    opened = fleet.door
    operator = opened.device("OP")
    fleet.until(lambda: fleet.backend.refused().get("wrong-role", 0))
    public, secret = zmq.curve_keypair()
    stranger = opened.device(None, curve_publickey=public, curve_secretkey=secret,
                             curve_serverkey=opened.store.server_public.encode())  # fmt: skip
    fleet.until(lambda: fleet.backend.refused().get("unknown-key", 0))
    plain = opened.device(None)
    ended = ("handshake", "unfinished-handshake")  # by whichever end is first
    fleet.until(lambda: any(fleet.backend.refused().get(reason, 0) for reason in ended))
    for socket in (operator, stranger, plain):
        assert not socket.poll(0, zmq.POLLOUT)
    fleet.works()


def test_what_is_no_zeromq_at_all(fleet: Fleet) -> None:
    import socket as sockets

    host, port = fleet.door.address.removeprefix("tcp://").rsplit(":", 1)
    rng = np.random.default_rng(1)
    for n_bytes in (0, 1, 64, 1000):
        with sockets.create_connection((host, int(port))) as connection:
            connection.sendall(rng.bytes(n_bytes))
            fleet.step()
    fleet.works()


def test_a_device_that_is_not_on_the_roster(fleet: Fleet, tmp_path: Path) -> None:
    from hw_bridge.wire.keys import Role

    fleet.door.store.add("U3", Role.UNIT)
    newcomer = fleet.door.device("U3")

    def send() -> bool:
        with contextlib.suppress(zmq.Again):
            newcomer.send_multipart([b"state", LINK, state()], zmq.NOBLOCK)
        return bool(fleet.backend.refused().get("not-on-roster", 0))

    fleet.until(send)
    fleet.works()


def test_no_secret_gets_into_a_log_or_a_name(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        attack(fleet, [b"state", LINK, b"{"], Refused.MALFORMED)
    secret = fleet.door.store.secret_of("U2")
    assert secret.secret not in repr(secret)
    for text in (caplog.text, repr(fleet.backend.status()), repr(fleet.door.store.devices())):
        assert secret.secret not in text
        assert fleet.door.store.server_secret() not in text
