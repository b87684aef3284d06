"""What goes out in one life of the controller: orders, instant actions, hellos, jobs, acks.

What is due is the courier's business; here it is put into messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from fleet_control.link.books import PLACED
from fleet_control.link.courier import Post
from hw_bridge.device_links import DeviceLink
from hw_bridge.figures import Figures
from hw_bridge.greetings import Greetings
from hw_bridge.life import Life
from hw_bridge.roster import Roster
from hw_bridge.translate.headers import Headers
from hw_bridge.translate.instants_out import instants_message
from hw_bridge.translate.orders_out import UnitOrder
from hw_bridge.transports import Transports
from hw_bridge.wire.frames import Topic


class Outgoing:
    """posted_s: when what was due was looked for last."""

    def __init__(
        self, life: Life, roster: Roster, devices: Mapping[str, DeviceLink], headers: Headers,
        transports: Transports, figures: Figures,
    ) -> None:  # fmt: skip
        self._life, self._roster, self._devices = life, roster, devices
        self._headers, self._transports, self._figures = headers, transports, figures
        self._greetings = Greetings()
        self.posted_s = -np.inf

    def greet(self, device: DeviceLink, now_s: float) -> None:
        self._send(device, Topic.HELLO, b"", now_s)

    def go_on(self, units: Sequence[int], now_s: float) -> None:
        """Units that have just confirmed what they were sent get what has been released since."""
        for unit in units:
            book = self._life.courier.books.units[unit]
            # The courier is not to be run ahead of: it may be cancelling the order.
            if book["stage"] != PLACED or book["cancel"] != 0 or book["is_dead"] != 0:
                continue
            found = self._life.orders.next(unit, int(book["order"]), now_s)
            if found is not None:
                self._send_order(unit, *found, now_s)

    def post(self, now_s: float) -> None:
        """All that is due."""
        self.posted_s = now_s
        post, orders = self._life.courier.post(now_s), self._life.orders
        for record in post.orders:
            order, payload = orders.take(record, now_s)
            if payload:
                self._send_order(int(record["unit"]), order, payload, now_s)
        self._figures.n_again = orders.n_again
        self._figures.n_made_anew = orders.n_made_anew
        self._post_instants(post, now_s)
        for unit in self._greetings.due(post.hellos["unit"].tolist(), now_s):
            self.greet(self._unit(unit), now_s)
        self._post_to_stations(post, now_s)

    def _post_instants(self, post: Post, now_s: float) -> None:
        for unit, records in groupby(post.instants, key=lambda record: int(record["unit"])):
            rows = list(records)
            payload = instants_message(rows, self._headers, self._life.orders.name)
            session = int(rows[0]["session"])
            self._send(self._unit(unit), Topic.INSTANT_ACTIONS, payload, now_s, session)

    def _post_to_stations(self, post: Post, now_s: float) -> None:
        names, desk = self._roster.stations, self._life.desk
        for station, records in groupby(post.jobs, key=lambda record: int(record["station"])):
            payload = desk.jobs(list(records))
            self._send(self._devices[names[station]], Topic.JOB, payload, now_s)
        for station, _, n_lines in post.acks.tolist():
            payload = desk.ack(station, n_lines)
            self._send(self._devices[names[station]], Topic.ACK, payload, now_s)

    def _unit(self, unit: int) -> DeviceLink:
        return self._devices[self._roster.units[unit]]

    def _send_order(self, unit: int, order: UnitOrder, payload: bytes, now_s: float) -> None:
        device = self._unit(unit)
        self._send(device, Topic.ORDER, payload, now_s, order.session, order.is_anew)

    def _send(
        self, device: DeviceLink, topic: Topic, payload: bytes, now_s: float, session: int = 0,
        is_anew: bool = False,
    ) -> None:  # fmt: skip
        self._transports.send(device, topic, payload, now_s, self._life.epoch, session, is_anew)
