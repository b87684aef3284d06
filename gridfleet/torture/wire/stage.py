"""Everything that a case needs to run: keys, proxies, and the two processes at their ends.

    emulator -> bytes (TcpProxy) -> messages (ChaosProxy) -> controller

Everything lies in the folder of the case, so that one that has failed can be looked at.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gridfleet.torture.wire.case import SCENARIO, WireCase
from gridfleet.torture.wire.entries import Entries, Entry
from gridfleet.torture.wire.faults import Fault, unit_faults_text
from gridfleet.torture.wire.processes import Actor
from hw_bridge.chaos.background import Background
from hw_bridge.chaos.proxied import Pair, ProxyKeys, Tap
from hw_bridge.chaos.proxy import ChaosProxy
from hw_bridge.chaos.tcp import TcpProxy
from hw_bridge.wire.keys import KeyStore, Role

KEYS, STATE, JOURNAL, OUT = "keys", "state", "run.journal", "run"
FAULTS, WIRE_LOG, TRUTH_LOG = "faults.toml", "wire.jsonl", "truth.bin"
CONTROLLER_LOG, EMULATOR_LOG, EVENT_LOG = "controller.log", "emulator.log", "events.log"
OPERATOR = "oracle"
FIRST_PORT, N_PORTS, PORTS_EACH = 10_000, 20_000, 37


class Stage:
    """`with Stage(...) as stage:`; everything is gone after it but the folder.

    proxy, wire: the dials of messages and bytes. controller, emulator: the processes, not started.
    truth: address of the side channel. control: that of the operators' socket.
    """

    def __init__(
        self, case: WireCase, faults: list[Fault], folder: Path, speed: float, entries: Entries,
        tap: Tap | None = None,
    ) -> None:  # fmt: skip
        self.case, self.folder, self.speed = case, folder, speed
        self._stack = ExitStack()
        (folder / OUT).mkdir()
        keys = make_keys(case, folder / KEYS)
        ports = free_ports(3, case.seed)
        bind, self.control, self.truth = (f"tcp://127.0.0.1:{port}" for port in ports)
        (folder / FAULTS).write_text(unit_faults_text(case, faults), encoding="utf-8")
        self.proxy = self._run(
            lambda: ChaosProxy("tcp://127.0.0.1:*", bind, keys, case.seed, speed, tap)
        )
        target = address_of(self.proxy.ask(lambda proxy: proxy.endpoint))
        self.wire = self._run(lambda: TcpProxy(target))
        self.controller = self._actor("controller", entries.controller, CONTROLLER_LOG, {
            "scenario": folder / SCENARIO, "bind": bind, "keys": folder / KEYS,
            "journal": folder / JOURNAL, "control": self.control, "out": folder / OUT,
            "log": folder / EVENT_LOG, "wire_log": folder / WIRE_LOG, "speed": speed,
        })  # fmt: skip
        self.emulator = self._actor("emulator", entries.emulator, EMULATOR_LOG, {
            "scenario": folder / SCENARIO, "keys": folder / KEYS, "state": folder / STATE,
            "connect": self.wire.ask(lambda wire: wire.endpoint), "truth": self.truth,
            "speed": speed, "fault_file": folder / FAULTS if (folder / FAULTS).stat().st_size
            else None,
        })  # fmt: skip

    def _run(self, make: Callable[[], Any]) -> Background[Any]:
        return self._stack.enter_context(Background(make))

    def _actor(self, name: str, entry: Entry, log: str, options: dict[str, Any]) -> Actor:
        actor = Actor(name, entry, options, self.folder / log)
        self._stack.callback(actor.close)
        return actor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._stack.close()


def make_keys(case: WireCase, folder: Path) -> ProxyKeys:
    """Keys of controller, units, stations and an operator, as files and for the proxy."""
    store = KeyStore.create(folder)
    store.add(OPERATOR, Role.OPERATOR)
    devices = {}
    for role, serials in ((Role.UNIT, case.serials), (Role.STATION, case.stations)):
        for serial in serials:
            store.add(serial, role)
            secret = store.secret_of(serial)
            devices[serial] = Pair(secret.public.encode(), secret.secret.encode())
    server = Pair(store.server_public.encode(), store.server_secret().encode())
    return ProxyKeys(server, devices)


def free_ports(n: int, number: int) -> list[int]:
    """Ports that nobody listens at just now, and that the system gives to nobody who connects.

    While nobody listens at one of those, whoever connects to it again and again is given it as its
    own some day, and is connected to itself. number: where to begin to look, different for those
    that look at the same time."""
    ports: list[int] = []
    for guess in itertools.count(os.getpid() * PORTS_EACH + number * n):
        port = FIRST_PORT + guess % N_PORTS
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
        if len(ports) == n:
            break
    return ports


def address_of(endpoint: str) -> tuple[str, int]:
    """Host and port of tcp://HOST:PORT."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return host, int(port)
