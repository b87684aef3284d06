"""Vehicles of another maker behind the MQTT gateway as a backend that can be tried, on a virtual
clock and without a broker: what is published arrives a moment later."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import zmq

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from gridfleet.emulator.stations import EmulatedStations
from hw_bridge.agent.memory import ShortMemory
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.keeping import Kept
from hw_bridge.mqtt.options import BrokerAddress, MqttOptions
from hw_bridge.mqtt.vehicle import Road, Vehicle
from hw_bridge.roster import Roster
from hw_bridge.stations.memory import TransientMemory
from hw_bridge.stations.terminal import TerminalAgent
from hw_bridge.transport import Received
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.frames import Link, Topic
from layouts import Layout
from layouts.geometry import cell_centres_m, yaw_rad
from twin.people import People

sys.path.append(str(Path(__file__).resolve().parents[1] / "bridge"))
from plain_vehicle import PlainVehicle

DT = 0.05
LATE_S = 0.02
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


class _Keeper:
    kept = Kept()

    def keep(self, kept: Kept) -> None:
        self.kept = kept


class GatewayedFleet:
    """Implements `Backend`, and `Transport` and `Time` for the bridge in it."""

    def __init__(
        self, layout: Layout, cells: np.ndarray, headings: np.ndarray, pod_cells: np.ndarray
    ) -> None:
        self._layout, self._now_s, self.next_epoch = layout, 0.0, 1
        self._centres = cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m)
        self._pods = {self._place(cell): pod_name(pod) for pod, cell in enumerate(pod_cells)}
        self._n_pods = len(pod_cells)
        self._roster = Roster(
            tuple(f"V{n}" for n in range(1, len(cells) + 1)),
            tuple(station.name for station in layout.stations),
        )
        self._down: list[tuple[float, int, str, bytes]] = []
        self._vehicles, self._gates = [], []
        for unit, serial in enumerate(self._roster.units):
            version = VERSIONS[unit % len(VERSIONS)]
            vehicle = PlainVehicle(version, *self._place(cells[unit]), {})
            vehicle.serial, vehicle.pods, vehicle.start_s = serial, self._pods, 0.3
            vehicle.theta = float(yaw_rad(int(headings[unit])))
            gate = self._gate(serial, vehicle)
            vehicle.publish = lambda topic, payload, retain, gate=gate: gate.hear(
                topic, payload, retain, self._now_s
            )
            self._vehicles.append(vehicle)
            self._gates.append(gate)
        self._terminals = {
            name: TerminalAgent(TransientMemory(), 0.0) for name in self._roster.stations
        }
        self._people = EmulatedStations(
            list(self._terminals.values()), People(len(layout.stations), seed=3), 0, 0.0, 0.0
        )
        self._backend: BridgeBackend | None = None

    def _place(self, cell: int) -> tuple[float, float]:
        x, y = self._centres[cell].tolist()
        return x, y

    def _gate(self, serial: str, vehicle: PlainVehicle) -> Vehicle:
        return Vehicle(
            Road("uagv", f"v{vehicle.major}", "acme", serial), "gridfleet", ShortMemory(),
            _Keeper(), Floor.of(self._layout),
            MqttOptions(BrokerAddress("broker", 1883), factsheet_s=0.0), lambda: 1e9, 0.0,
        )  # fmt: skip

    # The seam.

    def connect(self) -> FleetState:
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        pod_cells = np.full(self._n_pods, -1, dtype=np.int32)
        for place, label in self._pods.items():
            distances = np.hypot(*(self._centres - np.array(place)).T)
            pod_cells[int(label[1:])] = int(distances.argmin())
        self._backend = BridgeBackend(
            self._layout, self._roster, [self], self, epoch, pod_cells=pod_cells,
            labels=Labels(at=self._label_at), options=BridgeOptions(gather_s=0.0),
        )  # fmt: skip
        return self._backend.connect()

    def _label_at(self, cell: int) -> str:
        return self._pods.get(self._place(cell), "")

    def send(self, commands: Commands | str, *message: object) -> bool | None:  # type: ignore[override]
        """Of a backend with commands; of a transport with a serial, topic, header and payload."""
        if isinstance(commands, str):
            return self._deliver(commands, *message)  # type: ignore[arg-type]
        self._present().send(commands)
        return None

    def advance(self, until_s: float) -> Reports:
        return self._present().advance(until_s)

    def _present(self) -> BridgeBackend:
        if self._backend is None:
            raise FleetError("nobody is connected to the fleet; call connect first")
        return self._backend

    def close(self) -> None:
        """There is nothing to let go of."""

    def poses(self) -> np.ndarray:
        return np.array([(vehicle.x, vehicle.y, vehicle.theta) for vehicle in self._vehicles])

    def fail_acts(self, unit: int, times: int) -> None:
        self._vehicles[unit].fails_picks = times

    # Time.

    def now_s(self) -> float:
        return self._now_s

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        """One step, to the time asked for at most."""
        dt = min(DT, until_s - self._now_s)
        if dt <= 0.0:
            return
        self._now_s += dt
        due = [entry for entry in self._down if entry[0] <= self._now_s]
        self._down = [entry for entry in self._down if entry[0] > self._now_s]
        for _, unit, topic, payload in due:
            self._vehicles[unit].hear(topic, payload)
        for vehicle in self._vehicles:
            vehicle.step(dt)
        self._people.work(self._now_s)

    # Transport.

    def register(self, poller: zmq.Poller) -> None: ...

    def take(self) -> list[Received]:
        received = []
        for unit, gate in enumerate(self._gates):
            told, publications = gate.tick(self._now_s)
            for topic, payload in publications:
                name = topic.rsplit("/", 1)[1]
                self._down.append((self._now_s + LATE_S, unit, name, payload))
            received += [Received(gate.road.serial, *outgoing) for outgoing in told]
        for serial, terminal in self._terminals.items():
            received += [Received(serial, *out) for out in terminal.tick(self._now_s)]
        return received

    def _deliver(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        terminal = self._terminals.get(serial)
        if terminal is None:
            unit = self._roster.units.index(serial)
            return self._gates[unit].obey(topic, link, payload, self._now_s)
        terminal.hear(topic, link, payload, self._now_s)
        self._people.look(list(self._terminals).index(serial), self._now_s)
        return True
