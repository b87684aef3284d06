"""What libzmq does by default and must not do to a fleet. Each was seen before it was prevented."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import zmq
from server_rig import LIMIT_S, QUICK, Door, door

from hw_bridge.wire.errors import WireError
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.keys import Role
from hw_bridge.wire.refusals import Refusals, Refused
from hw_bridge.wire.server import ServerOptions, ZmqTransport
from hw_bridge.wire.zap import Gate


def test_a_device_that_is_not_there_is_not_sent_to(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        assert not d.greet("U1")
        u1 = d.device("U1")
        d.say(u1, seq=1)
        d.hear("U1", 1)
        assert d.greet("U1")
        d.gets(u1)
        u1.close()
        d.until(lambda: not d.greet("U1"))
        assert d.server.counts["unreachable"] >= 2
        assert not d.server.is_connected("U1")


def test_nothing_is_lost_to_a_device_that_does_not_read(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        u1 = d.device("U1", rcvhwm=1, rcvbuf=4096)
        d.say(u1, seq=1)
        d.hear("U1", 1)
        n_sent, payload = 0, b"x" * 100_000
        while d.server.send("U1", Topic.ORDER, Link(seq=n_sent + 1), payload):
            n_sent += 1
            assert n_sent < 10_000
        assert d.server.counts["does-not-read"] == 1
        got = [d.gets(u1)[1] for _ in range(n_sent)]
        assert len(set(got)) == n_sent  # all of them, each once
        d.pump(0.05)
        assert not u1.poll(0)  # what was not sent does not come later
        d.until(lambda: d.greet("U1"))


def test_nothing_is_kept_for_a_controller_that_is_not_there(tmp_path: Path) -> None:
    """IMMEDIATE on devices: what they say while nobody hears is not said later, when it is old."""
    with door(tmp_path) as d:
        u1 = d.device("U1")
        d.say(u1, seq=1)
        d.hear("U1", 1)
        d.server.close()
        end_s = time.monotonic() + LIMIT_S
        while u1.poll(0, zmq.POLLOUT):
            assert time.monotonic() < end_s
        with pytest.raises(zmq.Again):
            u1.send_multipart([b"state", b"", b""], zmq.NOBLOCK)


@pytest.mark.parametrize("route", [b"U1", b""])
def test_a_device_that_is_switched_on_again_takes_its_place(tmp_path: Path, route: bytes) -> None:
    """With a routing id of its own: HANDOVER, or the second connection would stay mute. Without:
    it is answered where its newest message came from."""
    with door(tmp_path) as d:
        first = d.device("U1", route)
        d.say(first, seq=9)
        d.hear("U1", 9)
        second = d.device("U1", route)
        d.say(second, seq=1, session=2)
        d.hear("U1", 1)
        assert d.greet("U1")
        assert d.gets(second)[0] == b"hello"
        assert not first.poll(0)


def test_what_the_old_connection_still_says_does_not_draw_answers_there(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        first, second = d.device("U1"), d.device("U1")
        d.say(first, seq=1)
        d.until(lambda: len(d.heard) == 1)  # what two sockets say may come in any order
        d.say(second, seq=1, session=2)
        d.until(lambda: len(d.heard) == 2)
        d.say(first, seq=2)
        d.until(lambda: d.refused(Refused.OLD))
        assert d.greet("U1")
        assert d.gets(second)[0] == b"hello"


def test_a_connection_that_was_taken_over_is_deaf_until_its_heartbeats_end_it(
    tmp_path: Path,
) -> None:
    """libzmq leaves it open, so a device would believe in it for ever."""
    with door(tmp_path) as d:
        first = d.device("U1", b"U1")
        d.say(first, seq=1)
        d.hear("U1", 1)
        second = d.device("U1", b"U1")
        d.say(second, seq=2)
        d.hear("U1", 2)
        second.close()
        d.say(first, seq=3)  # on the deaf connection, or on the next one
        seq = 3
        while not any(message.link.seq > 3 for message in d.heard):
            seq += 1
            d.say(first, seq=seq)
            d.pump(0.05)
            assert seq < 300


def test_without_a_known_key_nobody_comes_in(tmp_path: Path) -> None:
    """CURVE without a ZAP handler encrypts, and lets everybody in."""
    with door(tmp_path) as d:
        public, secret = zmq.curve_keypair()
        stranger = d.device(None, curve_publickey=public, curve_secretkey=secret,
                            curve_serverkey=d.store.server_public.encode())  # fmt: skip
        d.until(lambda: d.refused(Refused.UNKNOWN_KEY) >= 2)  # and it tries again
        assert not stranger.poll(0, zmq.POLLOUT)
        assert not d.heard


def test_a_key_that_is_added_later_opens_the_door_to_who_waits(tmp_path: Path) -> None:
    """A client that is told 400 by ZAP never tries again; so one whose key may come is told 300."""
    with door(tmp_path) as d:
        d.store.add("U3", Role.UNIT)
        secret = d.store.secret_of("U3")
        entry = tmp_path / "keys" / "devices" / "U3.toml"
        text = entry.read_text()
        entry.unlink()
        d.until(lambda: d.store.holder(secret.public) is None)
        u3 = d.device(secret)
        d.until(lambda: d.refused(Refused.UNKNOWN_KEY))
        entry.write_text(text)
        d.say(u3, seq=1)
        assert d.hear("U3", 1).serial == "U3"


def test_a_client_without_curve_is_refused(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        plain = d.device(None)
        # The client closes as soon as it sees what the server wants, and so does the server.
        d.until(lambda: d.refused(Refused.HANDSHAKE) + d.refused(Refused.UNFINISHED))
        assert not plain.poll(0, zmq.POLLOUT)


def test_a_client_for_another_server_is_refused(tmp_path: Path) -> None:
    with door(tmp_path / "a") as a, door(tmp_path / "b") as b:
        lost = a.device(b.store.secret_of("U1"))
        a.until(lambda: a.refused(Refused.HANDSHAKE))
        assert not lost.poll(0, zmq.POLLOUT)


@pytest.mark.parametrize("said", [b"", b"\xff" + bytes(8) + b"\x7f\x03"])
def test_a_peer_that_goes_in_the_middle_of_its_handshake_is_told_apart(
    tmp_path: Path, said: bytes
) -> None:
    with door(tmp_path) as d:
        port = int(d.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as probe:
            probe.sendall(said)
            d.pump(0.05)
        d.until(lambda: d.refused(Refused.UNFINISHED) == 1)
        assert not d.refused(Refused.HANDSHAKE)


def test_a_peer_that_says_nothing_more_is_refused(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        port = int(d.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)):
            d.until(lambda: d.refused(Refused.HANDSHAKE))
        assert d.server.counts["late"] == 1


def test_the_domain_of_zap_is_compared_letter_by_letter(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        u1 = d.device("U1")
        d.say(u1, seq=1)  # the right one lets in
        d.hear("U1", 1)
        with zmq.Context[zmq.Socket[bytes]]() as context:
            gate = Gate(context, d.store, "fleet", (Role.UNIT,), Refusals(time.monotonic))
            for domain, mechanism in ((b"*", b"CURVE"), (b"", b"CURVE"), (b"fleet", b"PLAIN")):
                frames = [b"1.0", b"1", domain, b"127.0.0.1", b"", mechanism, bytes(32)]
                assert gate._answer(frames)[2] == b"400"
            gate.close()


def test_the_key_comes_with_each_message_and_not_the_routing_id(tmp_path: Path) -> None:
    """Anybody may choose any routing id; U2 calls itself U1 and is caught by its key."""
    with door(tmp_path) as d:
        u1 = d.device("U1")
        d.say(u1, seq=1)
        d.hear("U1", 1)
        thief = d.device("U2", b"U1")
        d.say(thief, seq=5)
        d.until(lambda: d.refused(Refused.FOREIGN_SERIAL))
        assert [m.serial for m in d.heard] == ["U1"]
        assert d.greet("U1")
        assert d.gets(u1)[0] == b"hello"
        d.say(u1, seq=2)
        d.hear("U1", 2)


def test_a_thief_is_kept_out_for_a_while_so_that_the_name_is_free_again(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        u1 = d.device("U1", b"U1")
        d.say(u1, seq=1)
        d.hear("U1", 1)
        thief = d.device("U2", b"U1")  # takes the connection of U1 over
        d.say(thief, seq=5)
        d.until(lambda: d.refused(Refused.FOREIGN_SERIAL))
        seq = 1
        while d.heard[-1].link.seq < 2:
            seq += 1
            d.say(u1, seq=seq)
            d.pump(0.02)
            assert seq < 500
        assert {m.serial for m in d.heard} == {"U1"}


def test_a_frozen_device_is_noticed(tmp_path: Path) -> None:
    """Without heartbeats a frozen peer takes messages for ever, as far as the sender can see."""
    with door(tmp_path) as d:
        code = (
            "import sys, zmq, pathlib\n"
            "from hw_bridge.wire.keys import as_client, load_device\n"
            "from hw_bridge.wire.frames import Link, pack_link\n"
            "s = zmq.Context().socket(zmq.DEALER); s.linger = 0\n"
            "as_client(s, load_device(pathlib.Path(sys.argv[1]))); s.connect(sys.argv[2])\n"
            "s.send_multipart([b'state', pack_link(Link(seq=1, session=1)), b'{}'])\n"
            "while True: s.recv_multipart()\n"
        )
        secret = str(d.store.secret_path("U1"))
        with subprocess.Popen(
            [sys.executable, "-c", code, secret, d.address],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as process:
            try:
                d.hear("U1", 1)
                assert d.greet("U1")
                process.send_signal(signal.SIGSTOP)
                began_s = time.monotonic()
                d.until(lambda: not d.greet("U1"))
                assert time.monotonic() - began_s < 5.0
            finally:
                process.kill()


def test_a_revoked_key_loses_its_connection(tmp_path: Path) -> None:
    with door(tmp_path) as d:
        u1, u2 = d.device("U1"), d.device("U2")
        d.say(u1, seq=1)
        d.say(u2, seq=1)
        d.until(lambda: len(d.heard) == 2)
        d.store.__class__(tmp_path / "keys").revoke("U1")
        d.until(lambda: not d.greet("U1"))  # at once nothing goes there any more
        seq = 1
        while u1.poll(0, zmq.POLLOUT):  # and once it speaks, its heartbeats end it
            seq += 1
            u1.send_multipart([b"state", b"", b""], zmq.NOBLOCK)
            d.pump(0.05)
            assert seq < 300
        d.until(lambda: d.refused(Refused.REVOKED_KEY))
        d.say(u2, seq=2)
        d.hear("U2", 2)
        assert {m.link.seq for m in d.heard if m.serial == "U1"} == {1}


def test_keys_that_cannot_be_read_change_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with door(tmp_path) as d:
        u1 = d.device("U1")
        d.say(u1, seq=1)
        d.hear("U1", 1)
        (tmp_path / "keys" / "devices" / "U9.toml").write_text("serial = 3")
        d.until(lambda: "cannot be read" in caplog.text)
        d.say(u1, seq=2)
        d.hear("U1", 2)


def test_more_peers_than_descriptors_a_process_has_at_first(tmp_path: Path) -> None:
    """A connection is an open file; most systems give a process 1,024 unless it asks."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 1000:
        pytest.skip("this system gives no more")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with door(tmp_path, options=ServerOptions(max_peers=500)):
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 756
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    "address", ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*", "tcp://192.168.1.5:7700",
                "tcp://eth0:7700"],
)  # fmt: skip
def test_nobody_commands_a_fleet_without_keys_from_afar(address: str) -> None:
    with pytest.raises(WireError, match="--insecure-plaintext-on-network"):
        ZmqTransport(["tcp://127.0.0.1:*", address], None)


def test_without_keys_on_the_network_only_where_it_is_said(tmp_path: Path) -> None:
    options = ServerOptions(insecure_plaintext_on_network=True)
    server = ZmqTransport(["tcp://0.0.0.0:*"], None, options=options)
    server.close()
    server = ZmqTransport([f"ipc://{tmp_path}/fleet", "tcp://127.0.0.1:*"], None, options=QUICK)
    server.close()


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("127.0.0.1:7700", "no address"),
        ("tcp://127.0.0.1", "no address"),
        ("udp://127.0.0.1:7", "no address"),
        ("tcp://127.0.0.1:99999", "ports go up to"),
        ("tcp://127.0.0.1:1", "Permission denied|Address already"),
    ],
)
def test_an_address_that_cannot_be_bound_is_said(address: str, text: str) -> None:
    if address.endswith(":1") and os.geteuid() == 0:
        pytest.skip("root may bind it")
    with pytest.raises(WireError, match=text):
        ZmqTransport([address], None)
    with pytest.raises(WireError, match="no address"):
        ZmqTransport([], None)


@contextmanager
def raw_device(address: str, serial: bytes) -> Iterator[socket.socket]:
    """A connection that speaks ZMTP 3.0 (RFC 23) by hand, without keys: a library would keep the
    parts of a message until the last."""
    port = int(address.rsplit(":", 1)[1])
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16 + 1 + 31)
    ready = b"\x05READY"
    for name, value in ((b"Socket-Type", b"DEALER"), (b"Identity", serial)):
        ready += bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(greeting + b"\x04" + bytes([len(ready)]) + ready)
        yield raw


def zmtp_part(payload: bytes, is_last: bool) -> bytes:
    return bytes([2 if is_last else 3]) + struct.pack(">Q", len(payload)) + payload


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count bytes")
@pytest.mark.parametrize("n_parts", [3, 1_000_000])
def test_a_message_that_does_not_end_is_cut_off(n_parts: int) -> None:
    """Many messages with as many bytes are nothing to anybody."""
    options = replace(QUICK, unended_bytes=2 * 2**20)
    d = Door(None, options, serials={"U1": Role.UNIT})
    part = bytes(200_000)
    try:
        with raw_device(d.address, b"U1") as raw:
            raw.setblocking(False)
            left, n_sent, total = b"", 0, 0
            while total < 6 * 2**20 and not d.refused(Refused.OVERSIZED):
                if not left:
                    n_sent += 1
                    left = zmtp_part(part, is_last=n_sent % n_parts == 0)
                with suppress(BlockingIOError):
                    n = raw.send(left)
                    left, total = left[n:], total + n
                d.pump()
            if n_parts > 3:
                d.until(lambda: d.refused(Refused.OVERSIZED))
                d.until(lambda: d.server.counts["closed"] == 1)
            else:
                d.until(lambda: d.refused(Refused.WRONG_TOPIC) == n_sent // n_parts)
                assert not d.refused(Refused.OVERSIZED)
    finally:
        d.close()


def test_a_plain_socket_hears_devices_of_the_roster_by_their_routing_id() -> None:
    d = Door(None, QUICK, serials={"U1": Role.UNIT})
    try:
        u1, u9 = d.device(None, b"U1"), d.device(None, b"U9")
        d.say(u9, seq=1)
        d.say(u1, seq=1)
        d.hear("U1", 1)
        d.until(lambda: d.refused(Refused.NOT_ON_ROSTER))
        assert len(d.heard) == 1
        assert d.greet("U1")
        assert d.gets(u1)[0] == b"hello"
    finally:
        d.close()
