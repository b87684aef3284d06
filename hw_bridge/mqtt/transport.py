"""Vehicles behind an MQTT broker as devices of the bridge.

To the controller they look like any other unit: a drive agent speaks for each of them
(hw_bridge.mqtt.vehicle). Which they are is found from their own topics; their serials have to be on
the roster. Whoever may publish on a vehicle's topics is that vehicle: the broker's access rules
have to see to it (docs/mqtt.md).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import zmq

from hw_bridge.agent.memory import FileMemory, LostMemoryError
from hw_bridge.mqtt.broker import UP_TOPICS, Broker, Heard
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.keeping import Keeper
from hw_bridge.mqtt.options import MqttError, MqttOptions
from hw_bridge.mqtt.vehicle import Road, Vehicle
from hw_bridge.mqtt.versions import major_of
from hw_bridge.transport import Received
from hw_bridge.vda5050.base import MANUFACTURER, MessageError
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refusals, Refused
from layouts.layout import Layout

_log = logging.getLogger("hw_bridge")


class MqttTransport:
    """serials: units that may come over the broker. makers: manufacturers by serial, as on the
    roster; of others any manufacturer is taken. state_folder: what must not be forgotten of each
    vehicle."""

    def __init__(
        self, layout: Layout, serials: Sequence[str], options: MqttOptions, state_folder: Path,
        makers: Mapping[str, str] | None = None, clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._floor, self._options = Floor.of(layout), options
        self._serials, self._makers = frozenset(serials), dict(makers or {})
        self._folder = state_folder
        self._clock, self._wall = clock, wall
        self.refusals = Refusals(clock)
        self.vehicles: dict[str, Vehicle] = {}
        try:
            state_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MqttError(f"{state_folder}: {error.strerror}; give a folder to write") from None
        self._broker = Broker(options)
        self._dropped: Counter[Refused] = Counter()
        self._connection = ""

    @property
    def is_connected(self) -> bool:
        """To the broker."""
        return self._broker.is_connected

    @property
    def refusal(self) -> str:
        """Why the broker does not let the gateway in; "" while it does, or is not there."""
        return self._broker.refusal

    def register(self, poller: zmq.Poller) -> None:
        poller.register(self._broker.wake_fd, zmq.POLLIN)

    def take(self) -> list[Received]:
        now_s = self._clock()
        for heard in self._broker.take():
            self._hear(heard, now_s)
        self._note_drops()
        self._note_connection()
        if not self._broker.is_connected:
            return []
        received = []
        for serial, vehicle in self.vehicles.items():
            told, publications = vehicle.tick(now_s)
            for topic, payload in publications:
                self._broker.publish(topic, payload)
            received += [Received(serial, *outgoing) for outgoing in told]
        return received

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        vehicle = self.vehicles.get(serial)
        if vehicle is None or not self._broker.is_connected:
            return False
        if not vehicle.obey(topic, link, payload, self._clock()):
            return False
        self._broker.wake()
        return True

    def close(self) -> None:
        self._broker.close()

    def _hear(self, heard: Heard, now_s: float) -> None:
        levels = heard.topic.split("/")
        if len(levels) != 5 or levels[4] not in UP_TOPICS:
            self.refusals.note(Refused.WRONG_TOPIC, heard.topic)
            return
        road, name = Road(*levels[:4]), levels[4]
        vehicle = self._vehicle(road, now_s)
        if vehicle is None:
            return
        try:
            vehicle.hear(name, heard.payload, heard.is_retained, now_s)
        except MessageError as error:
            self.refusals.note(Refused.MALFORMED, heard.topic, str(error))

    def _vehicle(self, road: Road, now_s: float) -> Vehicle | None:
        known = self.vehicles.get(road.serial)
        if known is not None and known.road == road:
            return known
        where = road.topic("+")
        if road.serial not in self._serials:
            self.refusals.note(Refused.NOT_ON_ROSTER, where)
        elif not major_of(road.level):
            text = "this gateway speaks VDA 5050 2 and 3"
            self.refusals.note(Refused.WRONG_VERSION, where, text)
        elif known is not None:
            text = f"{known.road.topic('+')} has this serial already"
            self.refusals.note(Refused.FOREIGN_SERIAL, where, text)
        elif self._makers.get(road.serial, road.manufacturer) != road.manufacturer:
            text = f"on the roster it is of {self._makers[road.serial]}"
            self.refusals.note(Refused.FOREIGN_SERIAL, where, text)
        else:
            return self._admit(road, now_s)
        return None

    def _admit(self, road: Road, now_s: float) -> Vehicle | None:
        maker = self._makers.get(road.serial, MANUFACTURER)
        try:
            memory = FileMemory(self._folder / f"{road.serial}.json")
        except LostMemoryError as error:
            self.refusals.note(Refused.LOST_MEMORY, road.topic("+"), str(error))
            return None
        keeper = Keeper(self._folder / f"{road.serial}.kept.json")
        vehicle = Vehicle(
            road, maker, memory, keeper, self._floor, self._options, self._wall, now_s
        )
        self.vehicles[road.serial] = vehicle
        return vehicle

    def _note_connection(self) -> None:
        """Log what becomes of the connection to the broker."""
        broker, where = self._broker, self._options.address
        told = "connected" if broker.is_connected else broker.refusal or "not connected"
        if broker.absence and not broker.is_connected and not broker.refusal:
            told += f": {broker.absence}"
        if told == self._connection:
            return
        self._connection = told
        if broker.refusal:
            _log.error("broker %s does not let the gateway in: %s", where, broker.refusal)
        else:
            level = logging.INFO if broker.is_connected else logging.WARNING
            _log.log(level, "broker %s: %s", where, told)

    def _note_drops(self) -> None:
        """What the thread of the connection did not let in."""
        for reason, count in self._broker.dropped.items():
            if count > self._dropped[reason]:
                self.refusals.counts[reason] += count - self._dropped[reason]
                self._dropped[reason] = count
