"""Who may connect to the proxy: the answer to ZeroMQ's authentication requests (ZAP, RFC 27).

The proxy stands where the controller would, so it takes the same keys and no others. A device whose
link is down is left without an answer, until the link is up again: a connection that neither comes
about nor fails. (ZAP's passing failure, 300, does not close the connection in libzmq 4.3.5, and
the client waits for its handshake to time out.)
"""

from __future__ import annotations

import zmq
from zmq.utils import z85

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
DOMAIN = b"fleet"
ACCEPTED, REFUSED = b"200", b"400"
MOST_HELD = 8
"""Requests of one device that wait for an answer; older ones are of connections long gone."""


class Gate:
    """serial_of: public key (Z85) -> serial. n_refused: connections with unknown keys."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], serial_of: dict[str, str]) -> None:
        self._serial_of = serial_of
        self._held: dict[str, list[list[bytes]]] = {}
        self.n_refused = 0
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(ZAP_ENDPOINT)

    def shut(self, serial: str) -> None:
        self._held.setdefault(serial, [])

    def open(self, serial: str) -> bool:
        """Answer who has waited; whether anybody has."""
        held = self._held.pop(serial, [])
        for request in held:
            self._reply(request, ACCEPTED)
        return bool(held)

    def answer(self) -> list[str]:
        """Answer all requests; returns the serials that were let in."""
        let_in = []
        while self.socket.poll(0):
            request = self.socket.recv_multipart()
            serial = self._serial_of.get(_key_of(request))
            if serial is None:
                self.n_refused += 1
                self._reply(request, REFUSED)
            elif serial in self._held:
                self._held[serial] = [*self._held[serial], request][-MOST_HELD:]
            else:
                self._reply(request, ACCEPTED)
                let_in.append(serial)
        return let_in

    def _reply(self, request: list[bytes], status: bytes) -> None:
        peer, empty, version, number = request[:4]
        key = _key_of(request).encode()
        self.socket.send_multipart([peer, empty, version, number, status, b"", key, b""])


def _key_of(request: list[bytes]) -> str:
    """Public key of who asks, Z85; "" for one without."""
    _, _, _, _, _, _, _, mechanism, *credentials = request
    return z85.encode(credentials[0]).decode() if mechanism == b"CURVE" else ""
