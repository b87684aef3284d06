"""Who is let in: the server's end of ZAP, the authentication protocol of ZeroMQ (RFC 27).

Without a handler, CURVE encrypts and lets everybody in. This one is asked for every connection and
answers in the caller's loop, so that there is no thread and no lock. It must exist before the
socket is bound. The domain is compared letter by letter; there are no wildcards.
"""

from __future__ import annotations

import zmq
from zmq.utils import z85

from hw_bridge.wire.keys import DeviceKey, KeyStore, Role
from hw_bridge.wire.refusals import Refusals, Refused

ENDPOINT = "inproc://zeromq.zap.01"
_VERSION = b"1.0"
_PER_TURN = 2000
"""Connections judged before messages have their turn."""


class Gate:
    """The only ZAP handler of its context: lets holders of keys in, of these roles.

    quarantined: public keys that are turned away for now.
    """

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], store: KeyStore, domain: str,
        roles: tuple[Role, ...], refusals: Refusals,
    ) -> None:  # fmt: skip
        self.store, self.quarantined = store, set[str]()
        self._domain, self._roles, self._refusals = domain.encode(), roles, refusals
        self._revoked = {entry.public for entry in store.revoked()}
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(ENDPOINT)

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Let nobody in to this socket but those who prove that they hold a key. Before bind."""
        socket.curve_server = 1
        socket.curve_secretkey = self.store.server_secret().encode()
        socket.zap_domain = self._domain

    def serve(self) -> None:
        """Answer all who knock."""
        for _ in range(_PER_TURN):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self.socket.send_multipart(self._answer(frames))

    def reload(self) -> bool:
        """Look at the keys again; True where they have changed. Raises WireError."""
        is_changed = self.store.reload()
        if is_changed:
            self._revoked = {entry.public for entry in self.store.revoked()}
        return is_changed

    def holder(self, public: str) -> DeviceKey | None:
        """Who holds the key, if they may be here at this moment."""
        entry = self.store.holder(public)
        return entry if entry is not None and entry.role in self._roles else None

    def _answer(self, frames: list[bytes]) -> list[bytes]:
        """ZAP: version, request id, status, text, user id, metadata."""
        request = frames[1] if len(frames) > 1 else b""
        status, text, public = self._judge(frames)
        user = public.encode() if status == b"200" else b""
        return [_VERSION, request, status, text, user, b""]

    def _judge(self, frames: list[bytes]) -> tuple[bytes, bytes, str]:
        is_ours = len(frames) == 7 and frames[0] == _VERSION and frames[2] == self._domain
        if not is_ours or frames[5] != b"CURVE" or len(frames[6]) != 32:
            self._refusals.note(Refused.HANDSHAKE, "?", "no CURVE request of this domain")
            return b"400", b"not here", ""
        public, peer = z85.encode(frames[6]).decode(), frames[3].decode(errors="replace")
        entry = self.store.holder(public)
        if entry is None:
            return self._turn_away(public, peer)
        if entry.role not in self._roles:
            self._refusals.note(Refused.WRONG_ROLE, peer, f"{entry.serial} is a {entry.role}")
            return b"400", b"not in this role", ""
        if public in self.quarantined:
            return b"300", b"not now", ""
        return b"200", b"OK", public

    def _turn_away(self, public: str, peer: str) -> tuple[bytes, bytes, str]:
        """A client that gets 400 does not try again; its key may yet be added, though. 300 tells it
        nothing, and it begins again when the time for its handshake is over."""
        if public in self._revoked:
            self._refusals.note(Refused.REVOKED_KEY, peer)
            return b"400", b"revoked", ""
        self._refusals.note(Refused.UNKNOWN_KEY, peer, f"public key {public}")
        return b"300", b"unknown", ""

    def close(self) -> None:
        self.socket.close()
