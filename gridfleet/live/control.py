"""The controller's socket for operators: one ROUTER with CURVE, for holders of operators' keys.

As the socket for devices (hw_bridge.wire.server) it goes by the key of a connection, never by what
the other end says. Whoever asks too much, too often or nonsense is refused and counted.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import zmq

from gridfleet.live.requests import MOST_BYTES
from hw_bridge.wire.addresses import is_local
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.refusals import Refusals, Refused
from hw_bridge.wire.zap import Gate

DOMAIN = "control"
RATE_PER_S, BURST = 20.0, 100.0
RELOAD_S = 1.0
HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 1000, 3000
_log = logging.getLogger("gridfleet")
ANYBODY = "anybody"
"""Who asks where there are no keys."""


@dataclass(frozen=True, slots=True)
class Asked:
    """operator: serial of the key. route: where the answer goes."""

    operator: str
    route: bytes
    payload: bytes


class _Bucket:
    """How much more an operator may ask for now."""

    def __init__(self, now_s: float) -> None:
        self._tokens, self._filled_s = BURST, now_s

    def take(self, now_s: float) -> bool:
        self._tokens = min(BURST, self._tokens + (now_s - self._filled_s) * RATE_PER_S)
        self._filled_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class ControlSocket:
    """address: to bind. store: keys; None for none, on addresses that nobody else can reach.

    refusals: what was not taken. Raises WireError for an address that cannot be bound."""

    def __init__(self, address: str, store: KeyStore | None) -> None:
        if store is None and not is_local(address):
            raise WireError(
                f"{address}: others can reach this address, and without keys anybody may command "
                "the fleet; give the keys, or a loopback address"
            )
        self.refusals = Refusals(time.monotonic)
        self._buckets: dict[str, _Bucket] = {}
        self._reload_s = time.monotonic() + RELOAD_S
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.ROUTER)
        self._gate: Gate | None = None
        try:
            self._configure()
            if store is not None:
                self._gate = Gate(self._context, store, DOMAIN, (Role.OPERATOR,), self.refusals)
                self._gate.guard(self._socket)
            self._bind(address)
        except BaseException:
            self.close()
            raise

    def _configure(self) -> None:
        socket = self._socket
        socket.router_mandatory = 1
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = 64
        socket.maxmsgsize = MOST_BYTES
        socket.heartbeat_ivl = HEARTBEAT_MS
        socket.heartbeat_timeout = socket.heartbeat_ttl = HEARTBEAT_TIMEOUT_MS

    def _bind(self, address: str) -> None:
        self._socket.ipv6 = int("[" in address)
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            raise WireError(f"{address}: {error.strerror}; choose another with --control") from None
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def take(self) -> list[Asked]:
        """All that has been asked, without waiting."""
        now_s = time.monotonic()
        if self._gate is not None:
            self._gate.serve()
            if now_s >= self._reload_s:
                self._reload_s = now_s + RELOAD_S
                self._look_at_keys(self._gate)
        asked: list[Asked] = []
        while True:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return asked
            if (one := self._judge(frames, now_s)) is not None:
                asked.append(one)

    def _look_at_keys(self, gate: Gate) -> None:
        try:
            gate.reload()
        except (WireError, OSError) as error:
            _log.error("operators' keys as they were still count: %s", error)

    def _judge(self, frames: list[zmq.Frame], now_s: float) -> Asked | None:
        operator = self._operator(frames[0])
        if operator is None:
            self.refusals.note(Refused.REVOKED_KEY, str(frames[0].get("Peer-Address")))
            return None
        if len(frames) != 2:
            self.refusals.note(Refused.MALFORMED, operator, f"{len(frames) - 1} frames, not one")
            return None
        if not self._buckets.setdefault(operator, _Bucket(now_s)).take(now_s):
            self.refusals.note(Refused.FLOOD, operator)
            return None
        return Asked(operator, frames[0].bytes, frames[1].bytes)

    def _operator(self, frame: zmq.Frame) -> str | None:
        if self._gate is None:
            return ANYBODY
        public = frame.get("User-Id")
        entry = self._gate.holder(public if isinstance(public, str) else "")
        return entry.serial if entry is not None else None

    def send(self, route: bytes, payload: bytes) -> None:
        """An answer; whoever is gone asks again."""
        try:
            self._socket.send_multipart((route, payload), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise

    def close(self) -> None:
        self._socket.close()
        if self._gate is not None:
            self._gate.close()
            self._gate = None
        self._context.term()
