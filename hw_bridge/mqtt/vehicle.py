"""One vehicle behind the broker, with the drive agent that speaks for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.mqtt.abilities import abilities_from
from hw_bridge.mqtt.driver import VehicleDriver
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.instants import is_instant
from hw_bridge.mqtt.keeping import Keeper, Kept
from hw_bridge.mqtt.options import MqttOptions
from hw_bridge.mqtt.versions import (
    LATEST,
    connection_from,
    instants_for,
    major_of,
    order_for,
    read_json,
    state_from,
)
from hw_bridge.vda5050.base import decode, encode, timestamp
from hw_bridge.vda5050.fault import UINT32_END
from hw_bridge.vda5050.state import Connection, ConnectionState
from hw_bridge.wire.frames import Link, Topic

LEAST_SILENCE_S, GRACE_S, LONGEST_INTERVAL_S = 5.0, 15.0, 30.0
"""A vehicle that says nothing for three times its interval between states is not heard any more,
nor after so long beyond it; VDA 5050 allows no interval above 30 s."""
SETTLING_S = 8.0
"""So long nothing is said of a vehicle that is met for the first time: by then it should be known
where it stands, and a controller that starts does not have to ask again."""
TICK_S = 0.2
"""A vehicle is looked after at least this often, and whenever there is something new."""
_GONE = (ConnectionState.OFFLINE, ConnectionState.CONNECTION_BROKEN)


@dataclass(frozen=True, slots=True)
class Road:
    """Where a vehicle is reached: INTERFACE/vMAJOR/MANUFACTURER/SERIAL."""

    interface: str
    level: str
    manufacturer: str
    serial: str

    def topic(self, name: str) -> str:
        return f"{self.interface}/{self.level}/{self.manufacturer}/{self.serial}/{name}"


class Vehicle:
    """version: of VDA 5050 that it speaks, as in its headers."""

    def __init__(
        self, road: Road, maker: str, memory: Memory, keeper: Keeper, floor: Floor,
        options: MqttOptions, wall: Callable[[], float], now_s: float,
    ) -> None:  # fmt: skip
        self.road, self._options, self._wall = road, options, wall
        self._keeper = keeper
        self.version = LATEST[major_of(road.level)]
        self._header_ids: dict[str, int] = {}
        self.driver = VehicleDriver(floor, options.driver, int(wall()), self._header, now_s)
        self.driver.progress.label = keeper.kept.label
        self.driver.progress.node = keeper.kept.node
        self.driver.pause.is_ours = keeper.kept.is_paused
        # The gateway is part of the controller: it falls silent together with it, and a vehicle
        # goes on to the end of what it was told then.
        agent_options = AgentOptions(
            deadman_s=math.inf,
            start_tolerance_m=floor.cell_size_m,
            wall_zero_s=wall() - now_s,
        )
        identity = Identity(maker, road.serial)
        self.agent = DriveAgent(identity, self.driver, memory, agent_options, now_s)
        self._connection: ConnectionState | None = None
        self._has_factsheet = False
        self._heard_s, self._met_s = -math.inf, math.inf
        self._is_told, self._has_spoken, self._is_fresh = False, False, True
        self._ticked_s = -math.inf

    def _header(self, topic: str) -> dict[str, Any]:
        number = (self._header_ids.get(topic, -1) + 1) % UINT32_END
        self._header_ids[topic] = number
        return {
            "header_id": number,
            "timestamp": timestamp(self._wall()),
            "version": self.version,
            "manufacturer": self.road.manufacturer,
            "serial_number": self.road.serial,
        }

    # What it says.

    def hear(self, name: str, payload: bytes, is_retained: bool, now_s: float) -> None:
        """Take in a message on one of its topics. Raises MessageError."""
        self._is_fresh = True
        if name == Topic.STATE and is_retained:
            return  # nobody knows how old it is
        content = read_json(payload)
        version = str(content.get("version", ""))[:20]
        if major_of(version) == major_of(self.road.level):
            self.version = version
        if name == Topic.CONNECTION:
            self._connection = connection_from(content)
        elif name == Topic.FACTSHEET:
            self.driver.abilities = abilities_from(content)
            self._has_factsheet = True
        else:
            self.driver.hear(state_from(content, is_instant), now_s)
            self._heard_s, self._met_s = now_s, min(self._met_s, now_s)
            if self._connection in _GONE:
                self._connection = ConnectionState.ONLINE

    def is_there(self, now_s: float) -> bool:
        """Whether it can be believed to be as it has said last."""
        if self._connection in _GONE:
            return False
        interval_s = min(self.driver.abilities.state_interval_s, LONGEST_INTERVAL_S)
        silence_s = min(3.0 * interval_s, interval_s + GRACE_S)
        return now_s - self._heard_s <= max(LEAST_SILENCE_S, silence_s)

    # What is said for it, and to it.

    def tick(self, now_s: float) -> tuple[list[Outgoing], list[tuple[str, bytes]]]:
        """Messages to the controller, and messages to publish."""
        if not self._is_fresh and now_s - self._ticked_s < TICK_S:
            return [], []
        self._is_fresh, self._ticked_s = False, now_s
        if not self.is_there(now_s):
            return self._tell_gone(now_s), []
        told: list[Outgoing] = []
        if self._is_told:
            told = self.agent.tick(now_s)
        elif self._has_spoken or not self.driver.is_forgetting or self._is_slow(now_s):
            # One that has spoken before tells at once what it has forgotten since.
            self._is_told = self._has_spoken = True
            told = self.agent.connected(now_s)
        if not self._has_factsheet and now_s - self._met_s < self._options.factsheet_s:
            return told, []
        mail = self.driver.work(now_s)
        progress, is_paused = self.driver.progress, self.driver.pause.is_ours
        self._keeper.keep(Kept(label=progress.label, node=progress.node, is_paused=is_paused))
        publications = [
            (self.road.topic(Topic.ORDER), order_for(order, self.version)) for order in mail.orders
        ]
        publications += [
            (self.road.topic(Topic.INSTANT_ACTIONS), instants_for(message, self.version))
            for message in mail.instants
        ]
        return told, publications

    def _is_slow(self, now_s: float) -> bool:
        return now_s - self._met_s > SETTLING_S

    def _tell_gone(self, now_s: float) -> list[Outgoing]:
        if not self._is_told:
            return []
        self._is_told = False
        (left,) = self.agent.leaving(now_s)
        state = self._connection if self._connection in _GONE else ConnectionState.CONNECTION_BROKEN
        message = replace(decode(Connection, left.payload), connection_state=state)
        return [left._replace(payload=encode(message))]

    def obey(self, topic: Topic, link: Link, payload: bytes, now_s: float) -> bool:
        """Take in a message of the controller; False where the vehicle is not there."""
        if not self._is_told or not self.is_there(now_s):
            return False
        self._is_fresh = True
        self.agent.hear(topic, link, payload, now_s)
        return True
