"""What was refused, by reason: counted always, logged at most once a second for each peer."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

LOG_EVERY_S = 1.0
MAX_PEERS = 10_000
"""So many peers are told apart in the log; an attacker may make up any number of them."""
_log = logging.getLogger("hw_bridge")


class Refused(StrEnum):
    """Why a connection or a message was not taken."""

    UNKNOWN_KEY = "unknown-key"
    REVOKED_KEY = "revoked-key"
    WRONG_ROLE = "wrong-role"
    HANDSHAKE = "handshake"
    """No CURVE at all, or not for this server's key, or not in time."""
    UNFINISHED = "unfinished-handshake"
    """The peer went in the middle of it."""
    FOREIGN_SERIAL = "foreign-serial"
    """A known key under the serial of somebody else."""
    NOT_ON_ROSTER = "not-on-roster"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    FLOOD = "flood"
    WRONG_TOPIC = "wrong-topic"
    OLD = "old"
    """Said before something that has been heard already: late, doubled or replayed."""
    BROKEN_RULE = "broken-rule"
    """Valid JSON that VDA 5050 does not allow, or that contradicts itself."""
    FOREIGN_ORDER = "foreign-order"
    """A state about an order that is not ours."""
    WRONG_VERSION = "wrong-version"
    """Of VDA 5050, behind a broker."""
    LOST_MEMORY = "lost-memory"
    """What the gateway has to remember of a vehicle cannot be read."""


class Refusals:
    """counts: by reason. clock: seconds, for the limit of the log."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.counts: Counter[Refused] = Counter()
        self._clock = clock
        self._logged: dict[tuple[Refused, str], tuple[float, int]] = {}

    def note(self, reason: Refused, peer: str, text: str = "") -> None:
        """peer: serial or address."""
        self.counts[reason] += 1
        now_s, key = self._clock(), (reason, peer)
        logged_s, n_silent = self._logged.get(key, (float("-inf"), 0))
        if now_s - logged_s < LOG_EVERY_S:
            self._logged[key] = (logged_s, n_silent + 1)
            return
        if len(self._logged) >= MAX_PEERS:
            self._logged.clear()
        self._logged[key] = (now_s, 0)
        more = f" ({n_silent} more of these since the last line)" if n_silent else ""
        _log.warning("refused %s from %s%s%s", reason.value, peer, text and f": {text}", more)
