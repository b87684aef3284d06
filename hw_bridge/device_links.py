"""The numbers of messages to and from each device, and what they prove."""

from __future__ import annotations

from dataclasses import dataclass

from hw_bridge.wire.frames import Link

NEVER_S = float("-inf")


@dataclass(slots=True)
class DeviceLink:
    """One device. heard_s: when its newest message came. session, seq: of that. n_received, n_lost:
    messages that came, and those that never did. sent: messages to it in this epoch. their_ns: its
    clock at its newest message, by its own word. round_trip_s: the latest; -1 unknown."""

    serial: str
    heard_s: float = NEVER_S
    session: int = 0
    epoch: int = 0
    seq: int = 0
    n_received: int = 0
    n_lost: int = 0
    sent: int = 0
    their_ns: int = 0
    round_trip_s: float = -1.0

    def hear(self, link: Link, now_s: float) -> int:
        """Take note of a message: how many before it never came; -1 for one that is not newer than
        what has been heard."""
        if link.session < self.session or (link.session == self.session and link.seq <= self.seq):
            return -1
        # Of the first message nobody knows what was said to another controller before.
        lost = 0
        if self.n_received:
            lost = link.seq - 1 - (self.seq if link.session == self.session else 0)
        self.session, self.seq, self.epoch = link.session, link.seq, link.epoch
        self.n_received += 1
        self.n_lost += lost
        self.heard_s, self.their_ns = now_s, link.sent_ns
        if link.echo_ns > 0:
            self.round_trip_s = max(0.0, now_s - link.echo_ns * 1e-9)
        return lost

    def header(self, now_s: float, epoch: int, session: int = 0, is_anew: bool = False) -> Link:
        """Of the next message to it; it counts once it has been sent (`note_sent`)."""
        lain_ns = round((now_s - self.heard_s) * 1e9) if self.their_ns else 0
        return Link(
            seq=self.sent + 1, epoch=epoch, session=session, sent_ns=_ns(now_s),
            echo_ns=self.their_ns + lain_ns, anew=is_anew,
        )  # fmt: skip

    def note_sent(self) -> None:
        self.sent += 1


def _ns(now_s: float) -> int:
    return max(1, round(now_s * 1e9))
