"""A small emulated fleet, a controller's socket beside it in one thread on a virtual clock, and
orders written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import zmq

from gridfleet.emulator.building import EmulatorOptions, build_fleet
from gridfleet.emulator.fleet import EmulatedFleet
from gridfleet.emulator.lockstep import LockstepTime, LockstepTransport
from gridfleet.emulator.setting import Setting
from gridfleet.scenario import Scenario
from hw_bridge.transport import Received
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionParameter, BlockingType
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.order import Edge, InstantActions, Node, NodePosition, Order
from hw_bridge.vda5050.state import State
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ServerOptions, ZmqTransport
from layouts import CellKind, Layout, Station, StationKind, open_layout
from twin.faults import FaultSchedule

N_ROWS, N_COLS = 6, 8
NO_LIMITS = ServerOptions(rate_per_s=1e9, burst=1e9)
"""An hour of the virtual clock may pass in a second."""
_states = msgspec.json.Decoder(State)


def hall(chargers: tuple[int, ...] = ()) -> Layout:
    """Open floor of 6 x 8 cells with a station on its southern edge."""
    kinds = np.ones((N_ROWS, N_COLS), dtype=np.int8)
    kinds.reshape(-1)[list(chargers)] = CellKind.CHARGER
    station = Station("S1", StationKind.PICK, cell=(N_ROWS - 1) * N_COLS + 2)
    return open_layout("hall", kinds, stations=(station,))


def setting(cells: list[int], pods: list[int] | None = None, layout: Layout | None = None):
    return Setting(
        layout or hall(),
        Scenario(layout="hall"),
        np.array(cells, dtype=np.int32),
        np.zeros(len(cells), dtype=np.int8),
        np.array(pods or [], dtype=np.int32),
        labels=[""] * len(pods or []),
    )


@dataclass
class Rig:
    """heard: the latest state and link header of each unit. said: all that came. epoch: of the
    controller that writes orders."""

    fleet: EmulatedFleet
    transport: LockstepTransport
    time: LockstepTime
    epoch: int = 1
    heard: dict[str, tuple[State, Link]] = field(default_factory=dict)
    said: list[Received] = field(default_factory=list)
    n_said: int = 0
    poller: zmq.Poller = field(default_factory=zmq.Poller)

    def until(self, is_so, limit_s: float = 60.0, hello_s: float = 0.5) -> None:
        """Let time pass until that is so; the controller is heard of all the while."""
        end_s, greeted_s = self.time.now_s() + limit_s, -np.inf
        while not is_so():
            assert self.time.now_s() < end_s, self.heard
            if self.time.now_s() >= greeted_s + hello_s:
                greeted_s = self.time.now_s()
                self.greet()
            self.time.wait(self.poller, end_s)
            self.take()

    def run(self, seconds: float, hello_s: float = 0.5) -> None:
        end_s = self.time.now_s() + seconds - 1e-9
        self.until(lambda: self.time.now_s() >= end_s, seconds + 1.0, hello_s)

    def greet(self) -> None:
        for serial in list(self.heard):
            self.say(serial, Topic.HELLO, b"", session=0)

    def take(self) -> None:
        for message in self.transport.take():
            self.said.append(message)
            if message.topic is Topic.STATE:
                self.heard[message.serial] = _states.decode(message.payload), message.link

    def say(self, serial: str, topic: Topic, payload: bytes, **link: object) -> None:
        self.n_said += 1
        session = self.heard[serial][1].session if serial in self.heard else 0
        header = {"seq": self.n_said, "epoch": self.epoch, "session": session, **link}
        is_sent = self.transport.send(serial, topic, Link(**header), payload)
        assert is_sent or topic is Topic.HELLO

    def order(self, serial: str, count: int, cells: list[int | str], stand: int = 0) -> None:
        """A new order: from the first cell to the others; "pick" and "drop" where it is then."""
        name = names.OrderName(self.epoch << 32 | count, stand)
        self.say(serial, Topic.ORDER, order_of(serial, name, cells))

    def instant(self, serial: str, kind: str, number: int, **parameters: str) -> None:
        action = Action(
            action_id=names.instant_name(kind, number), action_type=kind,
            blocking_type=BlockingType.NONE,
            action_parameters=tuple(ActionParameter(key=k, value=v) for k, v in parameters.items()),
        )  # fmt: skip
        message = InstantActions(**header_of(serial), actions=(action,))
        self.say(serial, Topic.INSTANT_ACTIONS, encode(message))


def header_of(serial: str) -> dict[str, object]:
    return {
        "header_id": 0, "timestamp": "2026-01-01T00:00:00.000Z", "version": "3.0.0",
        "manufacturer": "gridfleet", "serial_number": serial,
    }  # fmt: skip


def order_of(serial: str, name: names.OrderName, cells: list[int | str]) -> bytes:
    centres_m = hall().centres_m()
    nodes: list[Node] = []
    edges: list[Edge] = []
    here = before = -1
    for index, cell in enumerate(cells):
        before, here = here, here if isinstance(cell, str) else cell
        actions: tuple[Action, ...] = ()
        if isinstance(cell, str):
            action_id = names.step_action_name(name, name.stand + index)
            parameters = (ActionParameter(key="loadId", value="P00007"),) * (cell == names.PICK)
            actions = (
                Action(action_id=action_id, action_type=cell, blocking_type=BlockingType.HARD,
                       action_parameters=parameters),
            )  # fmt: skip
        x, y = centres_m[here].tolist()
        position = NodePosition(x=x, y=y, map_id=names.MAP_ID)
        nodes.append(
            Node(node_id=names.node_id(here, N_COLS), sequence_id=2 * index, released=True,
                 actions=actions, node_position=position)
        )  # fmt: skip
        if index:
            edge_id = names.edge_id(before, here, N_COLS)
            edges.append(
                Edge(edge_id=edge_id, sequence_id=2 * index - 1, released=True, actions=())
            )
    message = Order(**header_of(serial), order_id=str(name), order_update_id=0,
                    nodes=tuple(nodes), edges=tuple(edges))  # fmt: skip
    return encode(message)


@contextmanager
def rig(
    folder: Path, cells: list[int], pods: list[int] | None = None,
    options: EmulatorOptions | None = None, schedule: FaultSchedule | None = None,
    layout: Layout | None = None,
) -> Iterator[Rig]:  # fmt: skip
    """Units U1 and so on, and the station S1, with keys in the folder."""
    serials = [f"U{number}" for number in range(1, len(cells) + 1)]
    store = keys(folder, serials)
    server = ZmqTransport(["tcp://127.0.0.1:*"], store, options=NO_LIMITS)
    fleet = None
    try:
        fleet = build_fleet(
            setting(cells, pods, layout), server.addresses[0],
            [store.secret_of(serial) for serial in serials], [store.secret_of("S1")],
            options or EmulatorOptions(start_s=0.0), schedule,
        )  # fmt: skip
        transport = LockstepTransport(server, fleet, [*serials, "S1"])
        made = Rig(fleet, transport, LockstepTime(fleet, transport))
        made.until(lambda: len(made.heard) == len(cells))
        yield made
    finally:
        if fleet is not None:
            fleet.close()
        server.close()


def keys(folder: Path, units: list[str]) -> KeyStore:
    if (folder / "keys").exists():
        return KeyStore(folder / "keys")
    store = KeyStore.create(folder / "keys")
    for serial in units:
        store.add(serial, Role.UNIT)
    store.add("S1", Role.STATION)
    return store
