"""What comes in: messages of devices into rows of the courier's records.

What makes no sense is refused, counted and logged with its sender; nothing that a device says stops
anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fleet_control.link.messages import STATE
from hw_bridge.device_links import DeviceLink
from hw_bridge.figures import Figures
from hw_bridge.inbox import Inbox
from hw_bridge.life import Life
from hw_bridge.roster import Roster
from hw_bridge.translate.states_in import StateError, StatesIn
from hw_bridge.translate.stations import StationError
from hw_bridge.transport import Received
from hw_bridge.vda5050.base import MessageError, decode
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.state import Connection
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refusals, Refused

_log = logging.getLogger("hw_bridge")
CELL, LOAD = (list(STATE.names or ()).index(name) for name in ("cell", "load"))


class Incoming:
    """inbox: what is to be told to the courier. connections: own words of units about theirs, by
    serial. factsheets: by serial. states: the latest of units. pod_cells: int32[n_pods], cell of
    each standing pod, -1 for others; what units lift and lower is noted here. usurper: see
    BridgeBackend."""

    def __init__(
        self, roster: Roster, devices: Mapping[str, DeviceLink], states: StatesIn,
        pod_cells: NDArray[np.int32], figures: Figures, refusals: Refusals,
    ) -> None:  # fmt: skip
        self._devices, self.states, self.pod_cells = devices, states, pod_cells
        self._figures, self._refusals = figures, refusals
        self._units = {serial: unit for unit, serial in enumerate(roster.units)}
        self._stations = {serial: number for number, serial in enumerate(roster.stations)}
        self.inbox, self.usurper = Inbox(), 0
        self.connections: dict[str, str] = {}
        self.factsheets: dict[str, Factsheet] = {}
        self._loads = [-1] * len(roster.units)

    def begin(self, life: Life, greet: Callable[[DeviceLink, float], None]) -> None:
        """What is heard from now on is for this life. greet: for devices that do not know of it."""
        self._life, self._greet = life, greet

    def hear(self, received: Received, now_s: float) -> None:
        """Take in a message, or refuse it."""
        device = self._devices.get(received.serial)
        topic, link = received.topic, received.link
        if device is None:
            self._refusals.note(Refused.NOT_ON_ROSTER, received.serial)
            return
        self._figures.received[topic] += 1
        lost = device.hear(link, now_s)
        if lost < 0:
            self._refusals.note(Refused.OLD, received.serial, topic)
            return
        self._note_link(device, link, lost)
        if link.epoch < self._life.epoch:
            self._greet(device, now_s)  # it does not know yet who commands
        try:
            self._take_in(received, now_s)
        except StateError as fault:
            reason = Refused.BROKEN_RULE if fault.is_rule else Refused.MALFORMED
            self._refusals.note(reason, received.serial, f"{topic}: {fault}")
        except (StationError, MessageError) as fault:
            self._refusals.note(Refused.MALFORMED, received.serial, f"{topic}: {fault}")

    def _note_link(self, device: DeviceLink, link: Link, lost: int) -> None:
        if lost:
            self._figures.n_lost += lost
            _log.info("%d messages of %s have been lost", lost, device.serial)
        if device.round_trip_s >= 0.0 and link.echo_ns:
            self._figures.round_trips.note(device.round_trip_s)
        if link.epoch > max(self._life.epoch, self.usurper):
            self.usurper = link.epoch
            _log.error(
                "%s obeys a controller of epoch %d, this one is of epoch %d: another one commands "
                "the fleet", device.serial, link.epoch, self._life.epoch,
            )  # fmt: skip

    def _take_in(self, received: Received, now_s: float) -> None:
        serial, topic, link = received.serial, received.topic, received.link
        unit = self._units.get(serial)
        if unit is not None:
            if topic is Topic.STATE:
                self._hear_state(unit, received, now_s)
            elif topic is Topic.CONNECTION:
                message = decode(Connection, received.payload)
                self.connections[serial] = message.connection_state.value
            elif topic is Topic.FACTSHEET:
                self.factsheets[serial] = decode(Factsheet, received.payload)
            return
        station = self._stations[serial]
        if topic is Topic.TERMINAL:
            row = self._life.desk.hear_terminal(station, link.epoch, received.payload, now_s)
            self.inbox.terminal_rows.append(row)
        elif topic is Topic.LINE:
            self.inbox.line_rows += self._life.desk.hear_lines(
                station, link.epoch, received.payload
            )
        elif topic is Topic.REFUSAL and link.epoch == self._life.epoch:
            self._life.desk.hear_refusals(station, received.payload)

    def _hear_state(self, unit: int, received: Received, now_s: float) -> None:
        link = received.link
        heard = self.states.units[unit]
        before = heard.session
        row = self.states.read(unit, link, received.payload)
        self.inbox.state_rows.append(row)
        if link.session != before:
            self._life.orders.forget(unit)
        self._note_load(unit, row[LOAD], row[CELL])
        if heard.is_foreign:
            text = f"a state about order {heard.order_id[:40]!r}, which is none of ours"
            self._refusals.note(Refused.FOREIGN_ORDER, received.serial, text)
        state = heard.state
        if heard.name is None or state is None or link.epoch != self._life.epoch:
            return
        base = heard.name.stand + link.base
        took_s = self._life.orders.hear(
            unit, heard.name, state.order_update_id, base, state.action_states, now_s
        )
        if took_s >= 0.0:
            self._figures.echoes.note(took_s)
            self.inbox.echoing.append(unit)

    def _note_load(self, unit: int, pod: int, cell: int) -> None:
        """Where pods stand follows from what units carry."""
        before, self._loads[unit] = self._loads[unit], pod
        if before == pod:
            return
        if 0 <= before < len(self.pod_cells):
            self.pod_cells[before] = cell
        if 0 <= pod < len(self.pod_cells):
            self.pod_cells[pod] = -1
