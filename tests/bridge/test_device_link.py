"""A device's socket: it notices who is there, and says nothing that would come too late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from hw_bridge.agent.device_link import DeviceLink
from hw_bridge.agent.options import Outgoing
from hw_bridge.transport import Received
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ZmqTransport

SERIAL = "R0001"
STATE = Outgoing(Topic.STATE, Link(seq=1, session=1), b"{}")


def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    end_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.005)


class Controller:
    def __init__(self, store: KeyStore, address: str = "tcp://127.0.0.1:*") -> None:
        self.transport = ZmqTransport([address], store)
        self.address = self.transport.addresses[0]
        self.heard: list[Received] = []

    def look(self) -> bool:
        self.heard += self.transport.take()
        return True

    def close(self) -> None:
        self.transport.close()


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    store = KeyStore.create(tmp_path / "keys")
    store.add(SERIAL, Role.UNIT)
    return store


@pytest.fixture
def controller(store: KeyStore) -> Iterator[Controller]:
    controller = Controller(store)
    yield controller
    controller.close()


@pytest.fixture
def link(store: KeyStore, controller: Controller) -> Iterator[DeviceLink]:
    link = DeviceLink(controller.address, store.secret_of(SERIAL))
    yield link
    link.close()


def test_messages_go_both_ways(controller: Controller, link: DeviceLink) -> None:
    until(lambda: controller.look() and link.has_come_up())
    assert link.is_up
    assert not link.has_come_up()  # told once
    assert link.send(STATE)
    until(lambda: controller.look() and bool(controller.heard))
    assert (controller.heard[0].serial, controller.heard[0].payload) == (SERIAL, b"{}")
    assert controller.transport.send(SERIAL, Topic.HELLO, Link(epoch=3), b"")
    heard = []
    until(lambda: bool(heard.extend(link.take()) or heard))
    assert (heard[0].topic, heard[0].link.epoch) == (Topic.HELLO, 3)


def test_it_notices_another_controller_and_keeps_nothing_for_it(store: KeyStore) -> None:
    first = Controller(store)
    link = DeviceLink(first.address, store.secret_of(SERIAL))
    until(lambda: first.look() and link.has_come_up())
    first.close()
    until(lambda: not link.has_come_up() and not link.is_up)
    assert not link.send(STATE)
    assert link.n_dropped == 1
    second = Controller(store, first.address)
    until(lambda: second.look() and link.has_come_up())
    fresh = Outgoing(Topic.STATE, Link(seq=2, session=1), b"[]")
    assert link.send(fresh)
    until(lambda: second.look() and bool(second.heard))
    assert [message.payload for message in second.heard] == [b"[]"]
    link.close()
    second.close()


def test_a_key_that_is_not_known_is_refused(
    tmp_path: Path, controller: Controller, store: KeyStore
) -> None:
    other = KeyStore.create(tmp_path / "others")
    other.add(SERIAL, Role.UNIT)
    for secret in (other.secret_of(SERIAL), SERIAL):
        link = DeviceLink(controller.address, secret)
        until(lambda known=link: controller.look() and known.take() == [] and known.n_refused > 0)
        assert not link.is_up
        assert not link.send(STATE)
        link.close()
    assert not controller.heard


def test_frames_that_are_none_of_ours_are_counted() -> None:
    context = zmq.Context[zmq.Socket[bytes]]()
    server = context.socket(zmq.ROUTER)
    server.linger = 0
    port = server.bind_to_random_port("tcp://127.0.0.1")
    link = DeviceLink(f"tcp://127.0.0.1:{port}", SERIAL)
    until(lambda: link.has_come_up())
    assert link.send(STATE)
    server.recv_multipart()
    route = SERIAL.encode()
    for frames in ([b"state"], [b"nonsense", b"", b""], [b"hello", b"\xff", b""]):
        server.send_multipart([route, *frames])
    until(lambda: link.take() == [] and link.n_malformed == 3)
    link.close()
    server.close()
    context.term()


@pytest.mark.parametrize("address", ["", "tcp://", "nonsense"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(WireError, match="cannot connect there"):
        DeviceLink(address, SERIAL)
