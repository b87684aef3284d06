"""Real units and stations as a backend: the courier's records, as VDA 5050 over transports.

What is released to whom, what is sent again, and what is believed is the courier's business, as in
the twin behind a link (docs/decisions/0005-the-link.md). Here it is translated and carried, and
what cannot be meant is refused. Nothing that a device says stops anything: it is counted, logged
with its sender, and the fleet goes on.

`advance` waits on the sockets. What has come in is gathered for a moment, so that a thousand units
are heard in batches; states that echo an order are answered at once with its next steps.
"""

from __future__ import annotations

import time as clocks
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import zmq
from numpy.typing import NDArray

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from fleet_control.link.courier import Courier
from hw_bridge.device_links import DeviceLink
from hw_bridge.figures import Figures
from hw_bridge.incoming import Incoming
from hw_bridge.labels import Labels
from hw_bridge.life import Life
from hw_bridge.outgoing import Outgoing
from hw_bridge.roster import Roster
from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.translate.headers import Headers
from hw_bridge.translate.orders_out import OrdersOut
from hw_bridge.translate.states_in import StatesIn
from hw_bridge.translate.stations import Stations
from hw_bridge.transport import Time, Transport
from hw_bridge.transports import OnMessage, Transports
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.state import State
from hw_bridge.wire.refusals import Refusals
from layouts import Layout

PATIENCE_S = 10.0
"""How long `connect` waits for units that do not answer."""


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
    standing pod as far as the controller knows, -1 for others. on_message: for a log of the wire.
    The transports are its own: `close` closes them.

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
        self._roster, self._time = roster, time
        self._options = options or BridgeOptions()
        self._labels = labels or Labels()
        self._layout, self.epoch, self.next_epoch = layout, epoch, epoch
        self.figures = Figures()
        self._transports = Transports(transports, self.figures, on_message)
        self.refusals = Refusals(time.now_s)
        self.devices = {serial: DeviceLink(serial) for serial in roster.units + roster.stations}
        self._no_poller = zmq.Poller()
        self._floor = FloorNames(layout)
        self._headers = Headers(roster, self._options.wall)
        self._incoming = Incoming(
            roster, self.devices, StatesIn(self._floor, roster, self._labels),
            np.array([] if pod_cells is None else pod_cells, dtype=np.int32), self.figures,
            self.refusals,
        )  # fmt: skip
        self._begin_life()
        self._is_closed = False

    def _begin_life(self) -> None:
        """Of the controller: nothing that was asked before counts."""
        roster, layout = self._roster, self._layout
        n_units, n_stations = len(roster.units), len(roster.stations)
        self.epoch = self.next_epoch
        self.next_epoch += 1
        self._life = Life(
            self.epoch,
            Courier(n_units, n_stations, layout.n_rows, layout.n_cols, self.epoch),
            OrdersOut(self._floor, self._headers, self._labels, n_units),
            Stations(n_stations, self._labels, self._time.now_s()),
        )
        self._outgoing = Outgoing(
            self._life, roster, self.devices, self._headers, self._transports, self.figures
        )
        self._incoming.begin(self._life, self._outgoing.greet)
        for device in self.devices.values():
            device.sent = 0
        self._has_connected = False

    # ------------------------------------------------------------------ the seam

    def connect(self) -> FleetState:
        """Hello to all, and wait until they have answered, or none has for as long as patience
        lasts. Units that answer later are heard of later."""
        self._check_open()
        if self._has_connected:
            self._begin_life()
        self._has_connected = True
        self._time.wait(self._transports.poller, self._time.now_s())
        self._exchange()
        n_heard, since_s = self._n_heard(), self._time.now_s()
        while n_heard < len(self._roster.units):
            until_s = since_s + self._options.patience_s
            if self._time.now_s() >= until_s - 1e-9 or not self._pass(until_s):
                break
            if self._n_heard() > n_heard:
                n_heard, since_s = self._n_heard(), self._time.now_s()
        return self._life.courier.fleet_state(self._time.now_s(), self._incoming.pod_cells.copy())

    def _n_heard(self) -> int:
        return int((self._life.courier.books.units["heard_session"] >= 0).sum())

    def send(self, commands: Commands) -> None:
        self._check_open()
        self._life.courier.take(commands)
        self._life.desk.note_down()
        self._outgoing.post(self._time.now_s())

    def advance(self, until_s: float) -> Reports:
        self._check_open()
        self._exchange()  # what has come in while nobody waited
        while self._time.now_s() < until_s and self._pass(until_s):
            pass
        now_s = self._time.now_s()
        self._outgoing.post(now_s)
        news = self._life.desk.hand_out(now_s)
        reports = self._life.courier.news(now_s)
        return replace(reports, station_news=news) if len(news.stations) else reports

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._transports.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise FleetError("the bridge is closed; make a new one")

    # ------------------------------------------------------------------ looking at it

    @property
    def usurper(self) -> int:
        return self._incoming.usurper

    def status(self) -> list[DeviceStatus]:
        """Of every device, in the order of the roster, units first."""
        now_s = self._time.now_s()
        n_units = len(self._roster.units)
        return [
            self._status_of(number if number < n_units else None, device, now_s)
            for number, device in enumerate(self.devices.values())
        ]

    def _status_of(self, unit: int | None, device: DeviceLink, now_s: float) -> DeviceStatus:
        since_s = None if unit is None else self._life.orders.waits_since(unit)
        return DeviceStatus(
            device.serial, now_s - device.heard_s, device.session, device.epoch,
            device.n_received, device.n_lost, device.sent, device.round_trip_s,
            self._incoming.connections.get(device.serial, ""),
            -1.0 if since_s is None else now_s - since_s,
            None if unit is None else self._incoming.states.units[unit].state,
            self._incoming.factsheets.get(device.serial),
        )  # fmt: skip

    def unacknowledged_s(self) -> float:
        """Age of the order that waits longest for its echo."""
        return max(0.0, self._time.now_s() - self._life.orders.oldest_s())

    def refused(self) -> dict[str, int]:
        """What was refused, by reason, here and by the transports."""
        total = self.refusals.counts + self._transports.refused()
        return {reason.value: count for reason, count in sorted(total.items())}

    # ------------------------------------------------------------------ waiting

    def _pass(self, until_s: float) -> bool:
        """Wait for what comes, and take it in. False where nothing came and no time has passed: a
        clock that goes in steps comes no nearer to `until_s`."""
        before_s = self._time.now_s()
        self._time.wait(self._transports.poller, until_s)
        gather_s = self._options.gather_s
        if gather_s > 0.0:
            self._time.wait(self._no_poller, min(until_s, self._time.now_s() + gather_s))
        return self._exchange() or self._time.now_s() > before_s

    def _exchange(self) -> bool:
        """Take in what has come; say what is due. False where nothing came."""
        now_s = self._time.now_s()
        inbox, n_came = self._incoming.inbox, 0
        inbox.clear()
        for received in self._transports.take(now_s):
            n_came += 1
            self._incoming.hear(received, now_s)
        if inbox.has_any:
            self._life.courier.hear(now_s, inbox.states(), inbox.terminals(), inbox.lines())
        self._outgoing.go_on(inbox.echoing, now_s)
        if now_s - self._outgoing.posted_s >= self._options.post_s - 1e-9:
            self._outgoing.post(now_s)
        return n_came > 0
