"""What the server knows of each device that it may hear: where it is, and how much it says."""

from __future__ import annotations

from hw_bridge.wire.frames import Topic
from hw_bridge.wire.keys import Role

FROM_UNITS = frozenset(
    {Topic.STATE, Topic.CONNECTION, Topic.FACTSHEET, Topic.VISUALIZATION, Topic.HELLO}
)
FROM_STATIONS = frozenset(
    {Topic.TERMINAL, Topic.LINE, Topic.REFUSAL, Topic.CONNECTION, Topic.HELLO}
)
MAY_SAY = {Role.UNIT: FROM_UNITS, Role.STATION: FROM_STATIONS, Role.OPERATOR: frozenset[Topic]()}
"""Topics that a device of each role may send."""


class Peer:
    """A device. route: routing id under which its newest message came, b"" while not connected.

    session, seq: of its newest message. tokens, filled_s: its token bucket."""

    __slots__ = ("filled_s", "may_say", "route", "seq", "serial", "session", "tokens")

    def __init__(self, serial: str, role: Role, burst: float, now_s: float) -> None:
        self.serial, self.may_say = serial, MAY_SAY[role]
        self.route = b""
        self.session = self.seq = 0
        self.tokens, self.filled_s = burst, now_s

    def may_speak(self, now_s: float, rate_per_s: float, burst: float) -> bool:
        """Whether this message is not one too many."""
        tokens = self.tokens + (now_s - self.filled_s) * rate_per_s
        self.tokens, self.filled_s = min(tokens, burst), now_s
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def is_newest(self, session: int, seq: int) -> bool:
        """Whether nothing newer has been heard; then this is the newest."""
        if session < self.session or (session == self.session and seq <= self.seq):
            return False
        self.session, self.seq = session, seq
        return True
