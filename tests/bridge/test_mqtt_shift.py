"""A vehicle of another maker fills orders, as the only one of a live fleet, through a real broker:
it fetches a pod, takes it to a station, waits for the person there, and takes it back."""

from __future__ import annotations

import threading
import time as clocks
from pathlib import Path

import numpy as np
import zmq
from mqtt_rig import ConnectedVehicle, running_mosquitto
from plain_vehicle import PlainVehicle

from gridfleet.emulator.stations import EmulatedStations
from gridfleet.live.books import begun
from gridfleet.live.head import LiveHead
from gridfleet.live.run import LiveRun
from gridfleet.scenario import Scenario
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.mqtt.options import BrokerAddress, MqttOptions
from hw_bridge.mqtt.transport import MqttTransport
from hw_bridge.roster import Roster
from hw_bridge.stations.memory import TransientMemory
from hw_bridge.stations.terminal import TerminalAgent
from hw_bridge.transport import RealTime, Received
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.frames import Link, Topic
from layouts.geometry import cell_centres_m
from twin.people import People

SPEED = 8.0
LIMIT_S = 60.0


class Terminals:
    """Stations in this process, with people who work there: implements `Transport`."""

    def __init__(self, names: tuple[str, ...], time: RealTime) -> None:
        self._time = time
        self._agents = {name: TerminalAgent(TransientMemory(), time.now_s()) for name in names}
        people = People(len(names), seed=3)
        self._people = EmulatedStations(list(self._agents.values()), people, 0, 0.0, time.now_s())

    def n_finished(self) -> int:
        """Lines that people have done."""
        return sum(agent.n_finished for agent in self._agents.values())

    def register(self, poller: zmq.Poller) -> None: ...

    def close(self) -> None: ...

    def take(self) -> list[Received]:
        now_s = self._time.now_s()
        self._people.work(now_s)
        return [
            Received(name, *outgoing)
            for name, agent in self._agents.items()
            if agent.due_s() <= now_s
            for outgoing in agent.tick(now_s)
        ]

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        if serial not in self._agents:
            return False
        self._agents[serial].hear(topic, link, payload, self._time.now_s())
        self._people.look(list(self._agents).index(serial), self._time.now_s())
        return True


def test_orders_are_filled(tmp_path: Path) -> None:
    scenario = Scenario(layout="teaching", robots=1, seed=3)

    def head(ground: object) -> LiveHead:
        names = tuple(station.name for station in ground.layout.stations)  # type: ignore[attr-defined]
        return LiveHead(units=("V1",), stations=names, begin_unix_s=clocks.time(), speed=SPEED,
                        until_s=None)  # fmt: skip

    with (
        running_mosquitto(tmp_path) as broker,
        begun(tmp_path / "fleet.journal", scenario, head, clocks.time()) as books,
    ):
        layout, setup = books.ground.layout, books.ground.setup
        centres = cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m)
        places = [tuple(place) for place in centres.tolist()]
        pods = {places[cell]: pod_name(pod) for pod, cell in enumerate(setup.pod_cells.tolist())}
        vehicle = PlainVehicle("2.0.0", *places[int(books.ground.fleet.cells[0])], pods)
        connected = ConnectedVehicle(vehicle, broker.port)
        time = RealTime(0.0, SPEED)
        names = tuple(station.name for station in layout.stations)
        labels = Labels(at=lambda cell: vehicle.pods.get(places[cell], ""))
        terminals = Terminals(names, time)
        gateway = MqttTransport(
            layout, ["V1"], MqttOptions(BrokerAddress("127.0.0.1", broker.port)),
            tmp_path / "vehicles", clock=time.now_s,
        )  # fmt: skip
        backend = BridgeBackend(
            layout, Roster(("V1",), names), [gateway, terminals], time, books.epoch,
            pod_cells=np.array(setup.pod_cells, dtype=np.int32), labels=labels,
            options=BridgeOptions(patience_s=30.0),
        )  # fmt: skip
        is_over = threading.Event()
        life = threading.Thread(target=_live, args=(connected, is_over), daemon=True)
        life.start()
        try:
            run = LiveRun(books, backend, time)
            run.start()
            end_s = clocks.monotonic() + LIMIT_S
            ended = run.run(lambda: vehicle.n_dropped or clocks.monotonic() > end_s)
            assert ended.failure is None, ended.text
            assert vehicle.n_dropped, (vehicle.log[-9:], backend.status()[0])
            assert vehicle.problems == []
            assert terminals.n_finished() > 0
        finally:
            is_over.set()
            life.join()
            backend.close()
            connected.close()


def _live(connected: ConnectedVehicle, is_over: threading.Event) -> None:
    then_s = clocks.monotonic()
    while not is_over.wait(0.005):
        now_s = clocks.monotonic()
        connected.pump((now_s - then_s) * SPEED)
        then_s = now_s
