"""All transports of a bridge as one: a device is answered where it was heard last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import zmq

from hw_bridge.device_links import DeviceLink
from hw_bridge.figures import Figures
from hw_bridge.transport import Received, Transport
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refusals, Refused
from hw_bridge.wire_log import Way

OnMessage = Callable[[float, Way, str, Topic, Link, bytes], None]
"""Told of every message, as hw_bridge.wire_log.WireLog.note."""


class Transports:
    """each: the transports. figures: what is sent, or cannot be, is counted there. on_message: for
    a log of the wire."""

    def __init__(
        self, transports: Sequence[Transport], figures: Figures, on_message: OnMessage | None
    ) -> None:
        self.each, self._figures = list(transports), figures
        self._on_message = on_message
        self._reached_by: dict[str, Transport] = {}
        self.poller = zmq.Poller()
        for transport in self.each:
            transport.register(self.poller)

    def take(self, now_s: float) -> Iterator[Received]:
        """What has come in, from all of them."""
        for transport in self.each:
            for received in transport.take():
                self._reached_by[received.serial] = transport
                if self._on_message is not None:
                    self._on_message(
                        now_s, Way.UP, received.serial, received.topic, received.link,
                        received.payload,
                    )  # fmt: skip
                yield received

    def send(
        self, device: DeviceLink, topic: Topic, payload: bytes, now_s: float, epoch: int,
        session: int = 0, is_anew: bool = False,
    ) -> None:  # fmt: skip
        """Send, or not: the courier asks again for all that has no echo, and of each thing only the
        newest is kept, so nothing waits here for a device that is not there."""
        link = device.header(now_s, epoch, session, is_anew)
        transport = self._reached_by.get(device.serial)
        tried = self.each if transport is None else [transport]
        if not any(each.send(device.serial, topic, link, payload) for each in tried):
            self._figures.not_sent[topic] += 1
            return
        device.note_sent()
        self._figures.sent[topic] += 1
        if self._on_message is not None:
            self._on_message(now_s, Way.DOWN, device.serial, topic, link, payload)

    def refused(self) -> Counter[Refused]:
        """What they have not let in, by reason."""
        total = Counter[Refused]()
        for transport in self.each:
            refusals = getattr(transport, "refusals", None)
            if isinstance(refusals, Refusals):
                total += refusals.counts
        return total

    def close(self) -> None:
        for transport in self.each:
            transport.close()
