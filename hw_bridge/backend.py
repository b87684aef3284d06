"""Real units and stations as a backend: the courier's records, as VDA 5050 over transports.

What is released to whom, what is sent again, and what is believed is the courier's business, as in
the twin behind a link (docs/decisions/0005-the-link.md). Here it is translated and carried, and
what cannot be meant is refused. Nothing that a device says stops anything: it is counted, logged
with its sender, and the fleet goes on.

`advance` waits on the sockets. What has come in is gathered for a moment, so that a thousand units
are heard in batches; states that echo an order are answered at once with its next steps.
"""

from __future__ import annotations

import logging
import time as clocks
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from fleet_control.link.books import PLACED
from fleet_control.link.courier import Courier, Post
from fleet_control.link.messages import LINE, STATE, TERMINAL
from hw_bridge.device_links import DeviceLink
from hw_bridge.figures import Figures
from hw_bridge.greetings import Greetings
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.translate.headers import Headers
from hw_bridge.translate.instants_out import instants_message
from hw_bridge.translate.orders_out import OrdersOut, UnitOrder
from hw_bridge.translate.states_in import StateError, StatesIn
from hw_bridge.translate.stations import StationError, Stations
from hw_bridge.transport import Received, Time, Transport
from hw_bridge.vda5050.base import MessageError, decode
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.state import Connection, State
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refusals, Refused
from hw_bridge.wire_log import Way
from layouts import Layout

PATIENCE_S = 10.0
"""How long `connect` waits for units that do not answer."""
_log = logging.getLogger("hw_bridge")
CELL, LOAD = (list(STATE.names or ()).index(name) for name in ("cell", "load"))
_NO_STATES = np.empty(0, dtype=STATE)
_NO_TERMINALS, _NO_LINES = np.empty(0, dtype=TERMINAL), np.empty(0, dtype=LINE)
OnMessage = Callable[[float, Way, str, Topic, Link, bytes], None]
"""Told of every message, as hw_bridge.wire_log.WireLog.note."""


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """patience_s: see PATIENCE_S. gather_s: messages are gathered so long before they are taken in.
    post_s: what is due is looked for so often. wall: seconds since 1970 UTC, for the time stamps of
    messages."""

    patience_s: float = PATIENCE_S
    gather_s: float = 0.002
    post_s: float = 0.01
    wall: Callable[[], float] = clocks.time


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device as it was heard of last. heard_ago_s: inf for never. round_trip_s: -1 unknown.
    connection: its own word on topic connection. waits_s: since when an order is not echoed; -1 for
    none. state, factsheet: of units, None where none came."""

    serial: str
    heard_ago_s: float
    session: int
    epoch: int
    n_received: int
    n_lost: int
    n_sent: int
    round_trip_s: float
    connection: str
    waits_s: float
    state: State | None
    factsheet: Factsheet | None


class BridgeBackend:
    """Implements `fleet_control.backend.Backend`.

    epoch: of the controller's life that begins with `connect`, greater than any before; next_epoch:
    of the one after it, should somebody connect again. pod_cells: int32[n_pods], cell of each
    standing pod as far as the controller knows, -1 for others; what units lift and lower is noted
    here. on_message: for a log of the
    wire. The transports are its own: `close` closes them.

    usurper: the greatest epoch that a device obeys and that is later than this controller's: there
    is another one; 0 for none.
    """

    def __init__(
        self, layout: Layout, roster: Roster, transports: Sequence[Transport], time: Time,
        epoch: int, *, pod_cells: NDArray[np.int32] | None = None, labels: Labels | None = None,
        options: BridgeOptions | None = None, on_message: OnMessage | None = None,
    ) -> None:  # fmt: skip
        if len(roster.stations) != len(layout.stations):
            raise FleetError(
                f"{layout.name} has {len(layout.stations)} stations, the roster names "
                f"{len(roster.stations)}"
            )
        self._roster, self._transports, self._time = roster, list(transports), time
        self._options = options or BridgeOptions()
        self._labels = labels or Labels()
        self._pod_cells = np.array([] if pod_cells is None else pod_cells, dtype=np.int32)
        self._on_message = on_message
        self._layout, self.epoch, self.next_epoch, self.usurper = layout, epoch, epoch, 0
        self.figures = Figures()
        self.refusals = Refusals(time.now_s)
        self._units = {serial: unit for unit, serial in enumerate(roster.units)}
        self._stations = {serial: number for number, serial in enumerate(roster.stations)}
        self.devices = {serial: DeviceLink(serial) for serial in roster.units + roster.stations}
        self._reached_by: dict[str, Transport] = {}
        self._connections: dict[str, str] = {}
        self._factsheets: dict[str, Factsheet] = {}
        self._poller, self._no_poller = zmq.Poller(), zmq.Poller()
        for transport in self._transports:
            transport.register(self._poller)
        self._floor = FloorNames(layout)
        self._headers = Headers(roster, self._options.wall)
        self._states = StatesIn(self._floor, roster, self._labels)
        self._loads = [-1] * len(roster.units)
        self._begin_life()
        self._is_closed = False
        self._inbox = _Inbox()

    def _begin_life(self) -> None:
        """Of the controller: nothing that was asked before counts."""
        roster, layout = self._roster, self._layout
        n_units, n_stations = len(roster.units), len(roster.stations)
        self.epoch = self.next_epoch
        self.next_epoch += 1
        self._orders = OrdersOut(self._floor, self._headers, self._labels, n_units)
        self._desk = Stations(n_stations, self._labels, self._time.now_s())
        self._courier = Courier(n_units, n_stations, layout.n_rows, layout.n_cols, self.epoch)
        for device in self.devices.values():
            device.sent = 0
        self._posted_s, self._has_connected = -np.inf, False
        self._greetings = Greetings()

    # ------------------------------------------------------------------ the seam

    def connect(self) -> FleetState:
        """Hello to all, and wait until they have answered, or none has for as long as patience
        lasts. Units that answer later are heard of later."""
        self._check_open()
        if self._has_connected:
            self._begin_life()
        self._has_connected = True
        self._time.wait(self._poller, self._time.now_s())
        self._exchange()
        n_heard, since_s = self._n_heard(), self._time.now_s()
        while n_heard < len(self._units):
            until_s = since_s + self._options.patience_s
            if self._time.now_s() >= until_s - 1e-9 or not self._pass(until_s):
                break
            if self._n_heard() > n_heard:
                n_heard, since_s = self._n_heard(), self._time.now_s()
        return self._courier.fleet_state(self._time.now_s(), self._pod_cells.copy())

    def _n_heard(self) -> int:
        return int((self._courier.books.units["heard_session"] >= 0).sum())

    def send(self, commands: Commands) -> None:
        self._check_open()
        self._courier.take(commands)
        self._desk.note_down()
        self._post(self._time.now_s())

    def advance(self, until_s: float) -> Reports:
        self._check_open()
        self._exchange()  # what has come in while nobody waited
        while self._time.now_s() < until_s and self._pass(until_s):
            pass
        now_s = self._time.now_s()
        self._post(now_s)
        news = self._desk.hand_out(now_s)
        reports = self._courier.news(now_s)
        return replace(reports, station_news=news) if len(news.stations) else reports

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            for transport in self._transports:
                transport.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise FleetError("the bridge is closed; make a new one")

    # ------------------------------------------------------------------ looking at it

    def status(self) -> list[DeviceStatus]:
        """Of every device, in the order of the roster, units first."""
        now_s = self._time.now_s()
        return [self._status_of(device, now_s) for device in self.devices.values()]

    def _status_of(self, device: DeviceLink, now_s: float) -> DeviceStatus:
        unit = self._units.get(device.serial)
        since_s = None if unit is None else self._orders.waits_since(unit)
        return DeviceStatus(
            device.serial, now_s - device.heard_s, device.session, device.epoch,
            device.n_received, device.n_lost, device.sent, device.round_trip_s,
            self._connections.get(device.serial, ""),
            -1.0 if since_s is None else now_s - since_s,
            None if unit is None else self._states.units[unit].state,
            self._factsheets.get(device.serial),
        )  # fmt: skip

    def unacknowledged_s(self) -> float:
        """Age of the order that waits longest for its echo."""
        return max(0.0, self._time.now_s() - self._orders.oldest_s())

    def refused(self) -> dict[str, int]:
        """What was refused, by reason, here and by the transports."""
        total = self.refusals.counts.copy()
        for transport in self._transports:
            refusals = getattr(transport, "refusals", None)
            if isinstance(refusals, Refusals):
                total += refusals.counts
        return {reason.value: count for reason, count in sorted(total.items())}

    # ------------------------------------------------------------------ what comes in

    def _pass(self, until_s: float) -> bool:
        """Wait for what comes, and take it in. False where nothing came and no time has passed: a
        clock that goes in steps comes no nearer to `until_s`."""
        before_s = self._time.now_s()
        self._time.wait(self._poller, until_s)
        gather_s = self._options.gather_s
        if gather_s > 0.0:
            self._time.wait(self._no_poller, min(until_s, self._time.now_s() + gather_s))
        return self._exchange() or self._time.now_s() > before_s

    def _exchange(self) -> bool:
        """Take in what has come; say what is due. False where nothing came."""
        now_s = self._time.now_s()
        inbox, n_came = self._inbox, 0
        inbox.clear()
        for transport in self._transports:
            for received in transport.take():
                n_came += 1
                self._reached_by[received.serial] = transport
                self._hear(received, now_s)
        if inbox.has_any:
            self._courier.hear(now_s, inbox.states(), inbox.terminals(), inbox.lines())
        self._go_on(now_s)
        if now_s - self._posted_s >= self._options.post_s - 1e-9:
            self._post(now_s)
        return n_came > 0

    def _hear(self, received: Received, now_s: float) -> None:
        device = self.devices.get(received.serial)
        topic, link = received.topic, received.link
        if self._on_message is not None:
            args = (received.serial, topic, link, received.payload)
            self._on_message(now_s, Way.UP, *args)
        if device is None:
            self.refusals.note(Refused.NOT_ON_ROSTER, received.serial)
            return
        self.figures.received[topic] += 1
        lost = device.hear(link, now_s)
        if lost < 0:
            self.refusals.note(Refused.OLD, received.serial, topic)
            return
        self._note_link(device, link, lost)
        if link.epoch < self.epoch:
            self._send(device, Topic.HELLO, b"", now_s)  # it does not know yet who commands
        try:
            self._take_in(received, now_s)
        except StateError as fault:
            reason = Refused.BROKEN_RULE if fault.is_rule else Refused.MALFORMED
            self.refusals.note(reason, received.serial, f"{topic}: {fault}")
        except (StationError, MessageError) as fault:
            self.refusals.note(Refused.MALFORMED, received.serial, f"{topic}: {fault}")

    def _note_link(self, device: DeviceLink, link: Link, lost: int) -> None:
        if lost:
            self.figures.n_lost += lost
            _log.info("%d messages of %s have been lost", lost, device.serial)
        if device.round_trip_s >= 0.0 and link.echo_ns:
            self.figures.round_trips.note(device.round_trip_s)
        if link.epoch > max(self.epoch, self.usurper):
            self.usurper = link.epoch
            _log.error(
                "%s obeys a controller of epoch %d, this one is of epoch %d: another one commands "
                "the fleet", device.serial, link.epoch, self.epoch,
            )  # fmt: skip

    def _take_in(self, received: Received, now_s: float) -> None:
        serial, topic, link = received.serial, received.topic, received.link
        unit = self._units.get(serial)
        if unit is not None:
            if topic is Topic.STATE:
                self._hear_state(unit, received, now_s)
            elif topic is Topic.CONNECTION:
                message = decode(Connection, received.payload)
                self._connections[serial] = message.connection_state.value
            elif topic is Topic.FACTSHEET:
                self._factsheets[serial] = decode(Factsheet, received.payload)
            return
        station = self._stations[serial]
        if topic is Topic.TERMINAL:
            row = self._desk.hear_terminal(station, link.epoch, received.payload, now_s)
            self._inbox.terminal_rows.append(row)
        elif topic is Topic.LINE:
            self._inbox.line_rows += self._desk.hear_lines(station, link.epoch, received.payload)
        elif topic is Topic.REFUSAL and link.epoch == self.epoch:
            self._desk.hear_refusals(station, received.payload)

    def _hear_state(self, unit: int, received: Received, now_s: float) -> None:
        link = received.link
        heard = self._states.units[unit]
        before = heard.session
        row = self._states.read(unit, link, received.payload)
        self._inbox.state_rows.append(row)
        if link.session != before:
            self._orders.forget(unit)
        self._note_load(unit, row[LOAD], row[CELL])
        if heard.is_foreign:
            text = f"a state about order {heard.order_id[:40]!r}, which is none of ours"
            self.refusals.note(Refused.FOREIGN_ORDER, received.serial, text)
        state = heard.state
        if heard.name is None or state is None or link.epoch != self.epoch:
            return
        base = heard.name.stand + link.base
        took_s = self._orders.hear(
            unit, heard.name, state.order_update_id, base, state.action_states, now_s
        )
        if took_s >= 0.0:
            self.figures.echoes.note(took_s)
            self._inbox.echoing.append(unit)

    def _note_load(self, unit: int, pod: int, cell: int) -> None:
        """Where pods stand follows from what units carry."""
        before, self._loads[unit] = self._loads[unit], pod
        if before == pod:
            return
        if 0 <= before < len(self._pod_cells):
            self._pod_cells[before] = cell
        if 0 <= pod < len(self._pod_cells):
            self._pod_cells[pod] = -1

    def _go_on(self, now_s: float) -> None:
        """Units that have just confirmed what they were sent get what has been released since."""
        for unit in self._inbox.echoing:
            book = self._courier.books.units[unit]
            # The courier is not to be run ahead of: it may be cancelling the order.
            if book["stage"] != PLACED or book["cancel"] != 0 or book["is_dead"] != 0:
                continue
            found = self._orders.next(unit, int(book["order"]), now_s)
            if found is not None:
                self._send_order(self.devices[self._roster.units[unit]], *found, now_s)

    # ------------------------------------------------------------------ what goes out

    def _post(self, now_s: float) -> None:
        self._posted_s = now_s
        post = self._courier.post(now_s)
        units = self._roster.units
        for record in post.orders:
            order, payload = self._orders.take(record, now_s)
            if payload:
                device = self.devices[units[record["unit"]]]
                self._send_order(device, order, payload, now_s)
        self.figures.n_again = self._orders.n_again
        self.figures.n_made_anew = self._orders.n_made_anew
        self._post_instants(post, now_s)
        for unit in self._greetings.due(post.hellos["unit"].tolist(), now_s):
            self._send(self.devices[units[unit]], Topic.HELLO, b"", now_s)
        self._post_to_stations(post, now_s)

    def _post_instants(self, post: Post, now_s: float) -> None:
        for unit, records in groupby(post.instants, key=lambda record: int(record["unit"])):
            rows = list(records)
            payload = instants_message(rows, self._headers, self._orders.name)
            device = self.devices[self._roster.units[unit]]
            session = int(rows[0]["session"])
            self._send(device, Topic.INSTANT_ACTIONS, payload, now_s, session)

    def _post_to_stations(self, post: Post, now_s: float) -> None:
        names = self._roster.stations
        for station, records in groupby(post.jobs, key=lambda record: int(record["station"])):
            payload = self._desk.jobs(list(records))
            self._send(self.devices[names[station]], Topic.JOB, payload, now_s)
        for station, _, n_lines in post.acks.tolist():
            payload = self._desk.ack(station, n_lines)
            self._send(self.devices[names[station]], Topic.ACK, payload, now_s)

    def _send_order(
        self, device: DeviceLink, order: UnitOrder, payload: bytes, now_s: float
    ) -> None:
        self._send(device, Topic.ORDER, payload, now_s, order.session, order.is_anew)

    def _send(
        self, device: DeviceLink, topic: Topic, payload: bytes, now_s: float, session: int = 0,
        is_anew: bool = False,
    ) -> None:  # fmt: skip
        """Send, or not: the courier asks again for all that has no echo, and of each thing only the
        newest is kept, so nothing waits here for a device that is not there."""
        link = device.header(now_s, self.epoch, session, is_anew)
        transport = self._reached_by.get(device.serial)
        tried = self._transports if transport is None else [transport]
        if not any(each.send(device.serial, topic, link, payload) for each in tried):
            self.figures.not_sent[topic] += 1
            return
        device.note_sent()
        self.figures.sent[topic] += 1
        if self._on_message is not None:
            self._on_message(now_s, Way.DOWN, device.serial, topic, link, payload)


class _Inbox:
    """Rows of records that have come in since the last look. echoing: units that have confirmed an
    order."""

    def __init__(self) -> None:
        self.state_rows: list[Any] = []
        self.terminal_rows: list[Any] = []
        self.line_rows: list[Any] = []
        self.echoing: list[int] = []

    @property
    def has_any(self) -> bool:
        return bool(self.state_rows or self.terminal_rows or self.line_rows)

    def clear(self) -> None:
        self.state_rows.clear()
        self.terminal_rows.clear()
        self.line_rows.clear()
        self.echoing.clear()

    def states(self) -> NDArray[np.void]:
        return np.array(self.state_rows, dtype=STATE) if self.state_rows else _NO_STATES

    def terminals(self) -> NDArray[np.void]:
        rows = self.terminal_rows
        return np.array(rows, dtype=TERMINAL) if rows else _NO_TERMINALS

    def lines(self) -> NDArray[np.void]:
        return np.array(self.line_rows, dtype=LINE) if self.line_rows else _NO_LINES
