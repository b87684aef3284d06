"""The controller's socket: one ROUTER for all devices, with CURVE and ZAP.

Who a message comes from is what its connection has proved, never what it says: libzmq hands out
the key of the connection with every frame (User-Id), and the key's file says whose it is. A device
is answered where its newest message came from. What is not in order is refused and counted; none
of it stops anything.

What libzmq does by default and must not here:
- messages to a peer that is not there, or does not read, vanish: ROUTER_MANDATORY makes both
  errors, which are "not sent";
- a second connection under a routing id stays mute until the first one dies: HANDOVER;
- a peer that has frozen looks like one that listens: ZMTP heartbeats;
- a connection that has been handed over is not closed but deaf; it is its heartbeats that end it.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zmq

from hw_bridge.transport import Received
from hw_bridge.wire.addresses import allow_many_files, is_local
from hw_bridge.wire.endless import EndlessMessages
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, FrameError, Link, Topic, pack_link, unpack_link
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.peers import Peer
from hw_bridge.wire.ports import shut_port
from hw_bridge.wire.refusals import Refusals, Refused
from hw_bridge.wire.watch import Fate, Watch
from hw_bridge.wire.zap import Gate

DOMAIN = "fleet"
DEVICE_ROLES = (Role.UNIT, Role.STATION)
_KICK = "inproc://kick"
_TOPICS = {str(topic).encode(): topic for topic in Topic}
_NO_HANDSHAKE = {
    Fate.FAILED: (Refused.HANDSHAKE, "no CURVE, or not for this server's key"),
    Fate.LATE: (Refused.HANDSHAKE, "not over in time, or turned away"),
    Fate.GAVE_UP: (
        Refused.UNFINISHED, "the peer went: it has no CURVE, or only tried whether anybody is here"
    ),
}  # fmt: skip
_log = logging.getLogger("hw_bridge")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """rate_per_s, burst: messages that a device may send, by the clock given to the transport; one
    in order sends about 3 a second. queue: messages kept for one that is slow to read. max_peers:
    connections. per_turn: messages taken before others have their turn. quarantine_s: how long a
    key is turned away that has been used under somebody else's name. look_s: how often the keys are
    looked at, and connections for messages that do not end: more than unended_bytes of one.
    heartbeat_ms, timeout_ms: of ZMTP; a connection on which nothing has come for that long is dead.
    handshake_ms: how long one may take to prove who it is, the time included in which nobody here
    looks."""

    rate_per_s: float = 100.0
    burst: float = 300.0
    queue: int = 32
    max_peers: int = 4096
    per_turn: int = 5000
    quarantine_s: float = 10.0
    look_s: float = 1.0
    unended_bytes: int = 8 * 1024 * 1024
    heartbeat_ms: int = 500
    timeout_ms: int = 1500
    handshake_ms: int = 5000
    insecure_plaintext_on_network: bool = False


class ZmqTransport:
    """Implements `hw_bridge.transport.Transport` for devices that connect by ZeroMQ.

    store: keys; None for no encryption and no proof of who is who, which is only for addresses that
    nobody else can reach, or where options say so. serials: devices that may be heard then, with
    their roles. clock: seconds, of the limits.
    """

    def __init__(
        self, addresses: Sequence[str], store: KeyStore | None, *,
        serials: dict[str, Role] | None = None, options: ServerOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._options = options = options or ServerOptions()
        _check_addresses(addresses, store is not None, options)
        self.refusals = Refusals(clock)
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._peers: dict[str, Peer] = {}
        self._plain = dict(serials or {}) if store is None else {}
        self._quarantine: dict[str, float] = {}
        self._look_s = clock() + options.look_s
        self._endless = EndlessMessages(options.unended_bytes)
        allow_many_files(options.max_peers + 256)
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.ROUTER)
        self._gate: Gate | None = None
        self._watch: Watch | None = None
        try:
            self._open(addresses, store)
        except BaseException:
            self.close()
            raise

    def _open(self, addresses: Sequence[str], store: KeyStore | None) -> None:
        _configure(self._socket, self._options)
        if store is not None:
            self._gate = Gate(self._context, store, DOMAIN, DEVICE_ROLES, self.refusals)
            self._gate.guard(self._socket)
        self._watch = Watch(self._socket)
        self.addresses = [_bind(self._socket, address) for address in addresses]
        self._socket.bind(_KICK)

    def register(self, poller: zmq.Poller) -> None:
        poller.register(self._socket, zmq.POLLIN)
        if self._gate is not None:
            poller.register(self._gate.socket, zmq.POLLIN)
        if self._watch is not None:
            poller.register(self._watch.socket, zmq.POLLIN)

    def take(self) -> list[Received]:
        is_due = self._clock() >= self._look_s
        self._look_after_connections(is_due)
        now_s, taken = self._clock(), []
        for _ in range(self._options.per_turn):
            try:
                first = self._socket.recv(zmq.NOBLOCK, False)
            except zmq.Again:
                break
            self._endless.note(first)
            received = self._judge(first, self._rest(first), now_s)
            if received is not None:
                taken.append(received)
        if is_due and self._watch is not None:
            self._look_s = now_s + self._options.look_s
            self._end_endless(self._watch)
        return taken

    def _rest(self, frame: zmq.Frame) -> list[bytes]:
        """Frames behind the routing id. recv_multipart would ask the socket after each of them
        whether there is more, which costs more than all the rest."""
        parts = []
        while frame.more:
            frame = self._socket.recv(0, False)
            parts.append(frame.bytes)
        return parts

    def _look_after_connections(self, is_due: bool) -> None:
        if self._gate is not None:
            self._gate.serve()
            if is_due:
                self._look_at_keys(self._gate, self._clock())
        if self._watch is not None:
            self._take_news(self._watch)

    def _take_news(self, watch: Watch) -> None:
        for connection in watch.news():
            self.counts[connection.fate.name.lower()] += 1
            if connection.fate in _NO_HANDSHAKE:
                reason, text = _NO_HANDSHAKE[connection.fate]
                self.refusals.note(reason, connection.peer, text)
            elif connection.fate is Fate.NOT_ACCEPTED:
                _log.error("a connection was not accepted: %s", connection.peer)

    def _end_endless(self, watch: Watch) -> None:
        for descriptor in self._endless.found(list(watch.ports)):
            port = watch.ports[descriptor]
            if port is not None:
                text = "a message of more and more parts that does not end"
                self.refusals.note(Refused.OVERSIZED, port.name, text)
                shut_port(port)

    def _look_at_keys(self, gate: Gate, now_s: float) -> None:
        for public in [key for key, end_s in self._quarantine.items() if end_s <= now_s]:
            del self._quarantine[public]
            gate.quarantined.discard(public)
        try:
            if not gate.reload():
                return
        except (WireError, OSError) as error:
            _log.error("the keys as they were still count, since they cannot be read: %s", error)
            return
        allowed = {entry.serial for entry in gate.store.devices(*DEVICE_ROLES)}
        for serial in [serial for serial in self._peers if serial not in allowed]:
            route = self._peers.pop(serial).route
            if route:
                self._cut(route)
            _log.warning("the key of %s is revoked: its connection is closed", serial)

    def _judge(self, first: zmq.Frame, parts: list[bytes], now_s: float) -> Received | None:
        """The message, if it is in order and its sender who it says; else it is counted."""
        route = first.bytes
        peer = self._sender(first, route, now_s)
        if peer is None:
            return None
        if not peer.may_speak(now_s, self._options.rate_per_s, self._options.burst):
            self.refusals.note(Refused.FLOOD, peer.serial)
            return None
        received = self._read(parts, peer)
        if received is not None and peer.is_newest(received.link.session, received.link.seq):
            peer.route = route
        elif received is not None:
            self.refusals.note(Refused.OLD, peer.serial, received.topic.value)
            return None
        return received

    def _sender(self, frame: zmq.Frame, route: bytes, now_s: float) -> Peer | None:
        if self._gate is None:
            serial = route.decode(errors="replace")
            if serial not in self._plain:
                self.refusals.note(Refused.NOT_ON_ROSTER, repr(serial))
                return None
            return self._peer(serial, self._plain[serial], now_s)
        public = frame.get("User-Id")
        entry = self._gate.holder(public if isinstance(public, str) else "")
        if entry is None:
            self.refusals.note(Refused.REVOKED_KEY, str(frame.get("Peer-Address")))
            self._cut(route)
            return None
        # Ids that the ROUTER has made up begin with a zero.
        if route[0] != 0 and route != entry.serial.encode():
            self._catch(entry.serial, entry.public, route, now_s)
            return None
        return self._peer(entry.serial, entry.role, now_s)

    def _peer(self, serial: str, role: Role, now_s: float) -> Peer:
        peer = self._peers.get(serial)
        if peer is None:
            peer = self._peers[serial] = Peer(serial, role, self._options.burst, now_s)
        return peer

    def _catch(self, serial: str, public: str, route: bytes, now_s: float) -> None:
        """Somebody with a key of their own uses the name of another: the connection is cut, and the
        key turned away for a while, so that the other one gets its name back."""
        text = f"it called itself {route.decode(errors='replace')!r}"
        self.refusals.note(Refused.FOREIGN_SERIAL, serial, text)
        if self._gate is not None:
            self._gate.quarantined.add(public)
            self._quarantine[public] = now_s + self._options.quarantine_s
        self._cut(route)

    def _read(self, parts: list[bytes], peer: Peer) -> Received | None:
        if len(parts) != 3:
            text = f"{len(parts)} frames instead of topic, link header and payload"
            self.refusals.note(Refused.MALFORMED, peer.serial, text)
            return None
        name, header, payload = parts
        topic = _TOPICS.get(name)
        if topic is None or topic not in peer.may_say:
            self.refusals.note(Refused.WRONG_TOPIC, peer.serial, topic or "unknown")
            return None
        if len(payload) > MAX_MESSAGE_BYTES or len(header) > MAX_MESSAGE_BYTES:
            self.refusals.note(Refused.OVERSIZED, peer.serial, f"{len(payload)} bytes of {topic}")
            return None
        try:
            link = unpack_link(header)
        except FrameError as error:
            self.refusals.note(Refused.MALFORMED, peer.serial, str(error))
            return None
        return Received(peer.serial, topic, link, payload)

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        peer = self._peers.get(serial)
        if peer is None or not peer.route:
            self.counts["unreachable"] += 1
            return False
        frames = (peer.route, topic.value.encode(), pack_link(link), payload)
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            self.counts["does-not-read"] += 1
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self.counts["unreachable"] += 1
            peer.route = b""
            return False
        return True

    def is_connected(self, serial: str) -> bool:
        """As far as anybody knows: a connection that has died is found out by its heartbeats."""
        peer = self._peers.get(serial)
        return peer is not None and bool(peer.route)

    def _cut(self, route: bytes) -> None:
        """Close a connection. libzmq has no call for that, but a newcomer under the same routing id
        takes it over; what the other says afterwards is not read, and its heartbeats end it."""
        newcomer = self._context.socket(zmq.DEALER)
        newcomer.linger = 0
        newcomer.routing_id = route
        newcomer.connect(_KICK)
        self._socket.get(zmq.EVENTS)  # lets the ROUTER notice
        newcomer.close()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._socket.close()
        if self._gate is not None:
            self._gate.close()
            self._gate = None
        self._context.term()


def _configure(socket: zmq.Socket[bytes], options: ServerOptions) -> None:
    socket.router_mandatory = 1
    socket.router_handover = 1
    socket.linger = 0
    socket.sndhwm = options.queue
    socket.rcvhwm = 1000
    socket.backlog = options.max_peers
    # Beyond this libzmq cuts the connection; what is smaller, and too large, is refused by name.
    socket.maxmsgsize = 2 * MAX_MESSAGE_BYTES
    socket.handshake_ivl = options.handshake_ms
    socket.heartbeat_ivl = options.heartbeat_ms
    socket.heartbeat_timeout = socket.heartbeat_ttl = options.timeout_ms


def _check_addresses(addresses: Sequence[str], is_encrypted: bool, options: ServerOptions) -> None:
    if not addresses:
        raise WireError("no address to bind; such as tcp://127.0.0.1:7700")
    is_open = [address for address in addresses if not is_local(address)]
    if is_open and not is_encrypted and not options.insecure_plaintext_on_network:
        raise WireError(
            f"{is_open[0]}: others can reach this address, and without keys anybody may command "
            "the fleet; give the keys, or say --insecure-plaintext-on-network"
        )


def _bind(socket: zmq.Socket[bytes], address: str) -> str:
    """Returns the address as bound, with its port."""
    socket.ipv6 = address.startswith(("tcp://[", "tcp://*"))
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise WireError(f"{address}: {error.strerror}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
