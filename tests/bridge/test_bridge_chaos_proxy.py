"""The chaos proxy over real loopback sockets with CURVE: what it does to messages, and counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
import zmq

from hw_bridge.chaos.background import Background
from hw_bridge.chaos.counts import Counts
from hw_bridge.chaos.fate import Fates, Noise, Way
from hw_bridge.chaos.gate import DOMAIN, Gate
from hw_bridge.chaos.proxied import Flap, Pair, ProxyKeys, Side
from hw_bridge.chaos.proxy import ChaosProxy

R = TypeVar("R")
SERIALS = ("R1", "R2", "R3")
PATIENCE_S = 20.0
SEED = 7
N = 200
QUICK = 40.0
"""Speed at which what is held up comes within an eighth of a second."""


def until(claim: Callable[[], object], what: str) -> None:
    """Poll until the claim holds; after a while the test has failed."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline_s, f"not within {PATIENCE_S:g} s: {what}"


def new_pair() -> Pair:
    return Pair(*zmq.curve_keypair())


@dataclass
class Rig:
    """A controller's ROUTER, a proxy and devices' DEALERs; messages are [topic, link, payload]."""

    speed: float = 1.0
    context: zmq.Context = field(default_factory=zmq.Context)

    def __post_init__(self) -> None:
        self.keys = ProxyKeys(new_pair(), {serial: new_pair() for serial in SERIALS})
        of_key = {pair.public.decode(): serial for serial, pair in self.keys.devices.items()}
        self.gate = Gate(self.context, of_key)
        self.router: zmq.Socket | None = self._listen("tcp://127.0.0.1:*")
        self.at = self.router.last_endpoint.decode()
        self.proxy = Background(
            lambda: ChaosProxy("tcp://127.0.0.1:*", self.at, self.keys, SEED, self.speed)
        )
        self.endpoint = self.ask(lambda proxy: proxy.endpoint)
        self.dealers = {serial: self.connect(serial) for serial in SERIALS}
        self.heard: list[tuple[str, bytes]] = []
        self.got: dict[str, list[bytes]] = {serial: [] for serial in SERIALS}

    def ask(self, question: Callable[[ChaosProxy], R]) -> R:
        return self.proxy.ask(question)

    def _listen(self, at: str) -> zmq.Socket:
        router = self.context.socket(zmq.ROUTER)
        router.curve_server, router.curve_secretkey = True, self.keys.server.secret
        router.zap_domain, router.linger = DOMAIN, 0
        router.router_mandatory = router.router_handover = True
        router.bind(at)
        return router

    def stop_controller(self) -> None:
        self.router.close(linger=0)
        self.router = None

    def leads_on(self, serial: str) -> bool:
        return serial in self.ask(ChaosProxy.connected)

    def restart_controller(self) -> None:
        until(self._is_bound, "the controller's port is free again")

    def _is_bound(self) -> bool:
        try:
            self.router = self._listen(self.at)
        except zmq.ZMQError:
            return False
        return True

    def connect(self, serial: str, pair: Pair | None = None) -> zmq.Socket:
        pair = pair or self.keys.devices[serial]
        dealer = self.context.socket(zmq.DEALER)
        dealer.routing_id, dealer.linger, dealer.immediate = serial.encode(), 0, True
        dealer.curve_serverkey = self.keys.server.public
        dealer.curve_publickey, dealer.curve_secretkey = pair.public, pair.secret
        dealer.reconnect_ivl, dealer.reconnect_ivl_max = 20, 100
        dealer.connect(self.endpoint)
        return dealer

    def pump(self) -> None:
        """Take what has come in, let in whom the gate knows."""
        self.gate.answer()
        while self.router is not None and self.router.poll(1):
            name, topic, _, payload = self.router.recv_multipart()
            assert topic == b"state"
            self.heard.append((name.decode(), payload))
        for serial, dealer in self.dealers.items():
            while dealer.poll(0):
                self.got[serial].append(dealer.recv_multipart()[-1])

    def say(self, serial: str, payload: bytes) -> bool:
        """From the device; False where it is not connected."""
        try:
            self.dealers[serial].send_multipart([b"state", b"", payload], zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def tell(self, serial: str, payload: bytes) -> bool:
        """From the controller."""
        try:
            self.router.send_multipart([serial.encode(), b"order", b"", payload], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def until(self, claim: Callable[[], object], what: str) -> None:
        def pumped() -> object:
            self.pump()
            return claim()

        until(pumped, what)

    def meet(self, *serials: str) -> None:
        """Until messages of these get through in both directions."""
        for serial in serials or SERIALS:
            self.heard.clear()
            self.until(lambda s=serial: self._greets(s), f"{serial} is heard")
            self.got[serial].clear()
            self.until(lambda s=serial: self.tell(s, b"hello") and self.got[s], f"{serial} hears")
        self.settle()

    def _greets(self, serial: str) -> bool:
        return self.say(serial, b"hello") and any(name == serial for name, _ in self.heard)

    def settle(self) -> None:
        """Until nothing is on its way, then forget what was said."""
        self.until(lambda: not self.on_the_way(), "all have arrived")
        self.until(lambda: not self.router.poll(50), "all are taken")
        self.heard.clear()
        for got in self.got.values():
            got.clear()

    def on_the_way(self) -> int:
        return sum(counts.on_the_way for counts in self.ask(ChaosProxy.totals).values())

    def counts(self, serial: str, way: Way) -> Counts:
        return self.ask(lambda proxy: proxy.counts(serial, way))

    def close(self) -> None:
        self.proxy.stop()
        self.context.destroy(linger=0)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    rig = Rig(getattr(request, "param", 1.0))
    rig.meet()
    yield rig
    rig.close()
    if before:
        until(lambda: len(os.listdir("/proc/self/fd")) <= before, "all sockets are closed")


def number(index: int) -> bytes:
    return b"%d" % index


def test_left_alone_it_is_a_wire(rig: Rig) -> None:
    for index in range(N):
        assert rig.say("R1", number(index))
        assert rig.tell("R2", number(index))
    wanted = [number(index) for index in range(N)]
    rig.until(lambda: len(rig.heard) == N and len(rig.got["R2"]) == N, "all arrive")
    assert [payload for name, payload in rig.heard if name == "R1"] == wanted
    assert rig.got["R2"] == wanted
    assert rig.got["R1"] == rig.got["R3"] == []


NOISE = Noise(loss=0.3, duplicate=0.3, delay_s=0.5, reorder=0.2)


@pytest.mark.parametrize("rig", [QUICK], indirect=True)
def test_noise_is_what_the_seed_says_and_is_counted(rig: Rig) -> None:
    rig.ask(lambda proxy: proxy.set_noise(NOISE, ["R1"]))
    start = rig.counts("R1", Way.UP)
    first = start.taken
    fates = Fates(SEED, "R1", Way.UP)
    for _ in range(first):
        fates.next(Noise())
    copies = [len(fates.next(NOISE)) for _ in range(N)]
    for index in range(N):
        assert rig.say("R1", number(index))
    rig.until(lambda: len(rig.heard) == sum(copies), "all copies arrive")
    counts = rig.counts("R1", Way.UP)
    assert counts.taken - first == N
    assert counts.lost == copies.count(0)
    assert counts.doubled == copies.count(2)
    assert counts.on_the_way == 0
    assert 0 < counts.lost < N
    assert counts.doubled > 0


@pytest.mark.parametrize("rig", [QUICK], indirect=True)
def test_messages_overtake_each_other(rig: Rig) -> None:
    rig.ask(lambda proxy: proxy.set_noise(Noise(reorder=0.5)))
    for index in range(N):
        rig.tell("R3", number(index))
    rig.until(lambda: len(rig.got["R3"]) == N, "all arrive")
    order = [int(payload) for payload in rig.got["R3"]]
    assert sorted(order) == list(range(N))
    assert order != sorted(order)


def test_a_cut_link_breaks_on_both_sides_and_is_made_again(rig: Rig) -> None:
    rig.ask(lambda proxy: proxy.cut(["R1"]))
    rig.until(lambda: not rig.say("R1", b"no"), "the device sees it")
    rig.until(lambda: not rig.tell("R1", b"no"), "the controller sees it")
    rig.settle()
    assert rig.say("R2", b"yes")
    rig.until(lambda: ("R2", b"yes") in rig.heard, "others are not touched")
    assert rig.ask(lambda proxy: proxy.connected()) == ["R2", "R3"]
    rig.ask(lambda proxy: proxy.mend(["R1"]))
    rig.meet("R1")


@pytest.mark.parametrize("side", [Side.DEVICE, Side.CONTROLLER])
def test_a_link_cut_on_one_side_looks_well_from_the_other(rig: Rig, side: Side) -> None:
    say, tell = (lambda: rig.say("R1", b"x")), (lambda: rig.tell("R1", b"x"))
    sees, blind = (say, tell) if side is Side.DEVICE else (tell, say)
    way = Way.DOWN if side is Side.DEVICE else Way.UP
    before = rig.counts("R1", way).cut
    rig.ask(lambda proxy: proxy.cut(["R1"], side))
    rig.until(lambda: not sees(), "the side that is cut sees it")
    assert blind()
    rig.until(lambda: rig.counts("R1", way).cut > before, "what the other side sends is lost")
    rig.ask(lambda proxy: proxy.mend())
    rig.meet()


@pytest.mark.parametrize("way", list(Way))
def test_a_half_open_link_swallows_one_direction(rig: Rig, way: Way) -> None:
    rig.ask(lambda proxy: proxy.silence([way], ["R2"]))
    start = rig.counts("R2", way).swallowed
    for index in range(10):
        assert rig.say("R2", number(index))
        assert rig.tell("R2", number(index))
    rig.until(lambda: rig.counts("R2", way).swallowed == start + 10, "all are swallowed")
    heard = rig.got["R2"] if way is Way.UP else rig.heard
    rig.until(lambda: len(heard) == 10, "the other direction works")
    assert not (rig.heard if way is Way.UP else rig.got["R2"])
    rig.ask(lambda proxy: proxy.mend(["R2"]))
    rig.meet("R2")


@pytest.mark.parametrize("rig", [QUICK], indirect=True)
def test_a_link_that_comes_and_goes(rig: Rig) -> None:
    flap = Flap(up_s=4.0, down_s=4.0)
    rig.ask(lambda proxy: proxy.set_flapping(flap, ["R1"]))
    for turn in range(3):
        rig.until(lambda: not rig.say("R1", b"x"), f"down, {turn}")
        rig.until(lambda: rig.say("R1", b"x"), f"up again, {turn}")
    rig.ask(lambda proxy: proxy.mend())
    rig.meet()


def test_devices_whose_connections_are_dropped_come_back(rig: Rig) -> None:
    assert rig.ask(lambda proxy: proxy.drop_connections()) == len(SERIALS)
    rig.meet()


def test_when_the_controller_goes_the_devices_are_told(rig: Rig) -> None:
    rig.stop_controller()
    rig.until(lambda: not any(map(rig.leads_on, SERIALS)), "the devices' links are gone")
    rig.restart_controller()
    rig.meet()


def test_when_a_device_goes_the_controller_is_told(rig: Rig) -> None:
    rig.dealers.pop("R1").close(linger=0)
    rig.until(lambda: not rig.tell("R1", b"x"), "the controller sees it")
    rig.dealers["R1"] = rig.connect("R1")
    rig.meet("R1")


def test_strangers_and_liars_get_nowhere(rig: Rig) -> None:
    stranger = rig.connect("R9", new_pair())
    until(lambda: rig.ask(lambda proxy: proxy.n_refused), "an unknown key is refused")
    stranger.close(linger=0)
    liar = rig.connect("R2", rig.keys.devices["R1"])
    until(lambda: liar.poll(10, zmq.POLLOUT), "a known key is let in")
    liar.send_multipart([b"state", b"", b"I am R2"])
    rig.until(lambda: rig.counts("R2", Way.UP).forged == 1, "another's serial is refused")
    assert ("R2", b"I am R2") not in rig.heard
    liar.close(linger=0)


def test_what_breaks_in_the_background_is_raised() -> None:
    with pytest.raises(zmq.ZMQError):
        Background(lambda: ChaosProxy("tcp://256.0.0.1:1", "tcp://127.0.0.1:1", _no_keys()))


def _no_keys() -> ProxyKeys:
    return ProxyKeys(new_pair(), {})
