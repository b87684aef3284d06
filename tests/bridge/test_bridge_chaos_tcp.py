"""The proxy of bytes: ZeroMQ with CURVE goes through it, and lives through what it does."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import zmq

from hw_bridge.chaos.background import Background
from hw_bridge.chaos.tcp import MOST_BYTES, Flow, TcpProxy

PATIENCE_S = 20.0


def until(claim: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline_s, f"not within {PATIENCE_S:g} s: {what}"


@dataclass
class Wire:
    """A ROUTER, the proxy, and a DEALER, with CURVE; no ZAP, since bytes are what is looked at."""

    chunk_bytes: int = 65536
    context: zmq.Context = field(default_factory=zmq.Context)

    def __post_init__(self) -> None:
        public, secret = zmq.curve_keypair()
        self.router = self.context.socket(zmq.ROUTER)
        self.router.curve_server, self.router.curve_secretkey = True, secret
        self.router.router_handover = True
        port = self.router.bind_to_random_port("tcp://127.0.0.1")
        self.proxy = Background(lambda: TcpProxy(("127.0.0.1", port), chunk_bytes=self.chunk_bytes))
        self.dealer = self.context.socket(zmq.DEALER)
        self.dealer.routing_id, self.dealer.immediate = b"R1", True
        self.dealer.curve_serverkey = public
        self.dealer.curve_publickey, self.dealer.curve_secretkey = zmq.curve_keypair()
        self.dealer.reconnect_ivl = 20
        for one in (self.router, self.dealer):
            one.linger, one.heartbeat_ivl, one.heartbeat_timeout = 0, 50, 300
        self.dealer.connect(self.proxy.ask(lambda proxy: proxy.endpoint))

    def say(self, payload: bytes) -> bool:
        try:
            self.dealer.send(payload, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def hears(self, payload: bytes, for_ms: int = 20) -> bool:
        while self.router.poll(for_ms):
            if self.router.recv_multipart() == [b"R1", payload]:
                return True
        return False

    def meet(self, payload: bytes = b"hello") -> None:
        until(lambda: self.say(payload) and self.hears(payload), "bytes get through")

    def came_again(self) -> bool:
        self.hears(b"", for_ms=5)
        return self.proxy.ask(lambda proxy: proxy.counts.accepted) > 1

    def close(self) -> None:
        self.proxy.stop()
        self.context.destroy(linger=0)


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(getattr(request, "param", 65536))
    wire.meet()
    yield wire
    wire.close()


@pytest.mark.parametrize("wire", [7], indirect=True)
def test_frames_in_pieces_of_a_few_bytes_are_frames(wire: Wire) -> None:
    wire.meet(b"a" * 1000)
    assert wire.proxy.ask(lambda proxy: proxy.counts.carried) > 1000


def test_what_is_stalled_comes_later(wire: Wire) -> None:
    wire.proxy.ask(lambda proxy: proxy.stall(True))
    assert wire.say(b"later")
    assert not wire.hears(b"later")
    wire.proxy.ask(lambda proxy: proxy.stall(False))
    until(lambda: wire.hears(b"later"), "it comes")


def test_a_stall_that_outlasts_the_heartbeats_breaks_the_connection(wire: Wire) -> None:
    wire.proxy.ask(lambda proxy: proxy.stall(True))
    until(wire.came_again, "heartbeats do not come, and the device connects anew")
    wire.proxy.ask(lambda proxy: proxy.stall(False))
    wire.meet()


@pytest.mark.parametrize("flows", [[Flow.IN], [Flow.OUT], list(Flow)])
def test_a_half_open_connection_is_found_out_and_replaced(wire: Wire, flows: list[Flow]) -> None:
    wire.proxy.ask(lambda proxy: proxy.swallow(flows))
    until(wire.came_again, "heartbeats do not come, and the device connects anew")
    assert wire.proxy.ask(lambda proxy: proxy.counts.swallowed) > 0
    wire.proxy.ask(lambda proxy: proxy.swallow([]))
    wire.meet()


def test_a_reset_connection_is_made_again_when_it_can_be(wire: Wire) -> None:
    wire.proxy.ask(lambda proxy: proxy.refuse(True))
    assert wire.proxy.ask(TcpProxy.cut) == 1
    until(lambda: not wire.say(b"x"), "the device sees it")
    until(lambda: wire.proxy.ask(lambda proxy: proxy.counts.refused), "it tries again")
    wire.proxy.ask(lambda proxy: proxy.refuse(False))
    wire.meet()


def test_who_leads_nowhere_resets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = nobody.getsockname()
    with Background(lambda: TcpProxy(address)) as proxy:
        at = proxy.ask(lambda p: p.address)
        with (
            contextlib.suppress(ConnectionResetError),
            socket.create_connection(at, timeout=PATIENCE_S) as near,
        ):
            assert near.recv(1) == b""
        until(lambda: proxy.ask(lambda p: p.counts.refused) == 1, "it is counted")


def test_a_receiver_that_does_not_read_holds_the_sender_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Background(lambda: TcpProxy(server.getsockname())) as proxy,
    ):
        near = socket.create_connection(proxy.ask(lambda p: p.address))
        far, _ = server.accept()
        near.settimeout(0.2)
        with pytest.raises(TimeoutError):
            near.sendall(bytes(100 * MOST_BYTES))
        near.close()
        until(lambda: len(far.recv(1 << 20)) == 0, "what was taken comes, and then the end")
        far.close()
