"""The bridge as a backend that can be tried: emulated units over real sockets with keys, in one
thread on a virtual clock. Each `connect` is that of a new controller."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from gridfleet.emulator.building import EmulatorOptions, build_fleet
from gridfleet.emulator.lockstep import LockstepTime, LockstepTransport
from gridfleet.emulator.setting import Setting
from gridfleet.scenario import Scenario
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ServerOptions, ZmqTransport
from layouts import Layout

NO_LIMITS = ServerOptions(rate_per_s=1e9, burst=1e9)
"""An hour of the virtual clock may pass in a second."""


class BridgedFleet:
    """Implements `Backend`. twin, noise: for whoever makes trouble."""

    open: ClassVar[list[BridgedFleet]] = []
    """To be closed when the test is over."""

    def __init__(
        self, layout: Layout, cells: np.ndarray, headings: np.ndarray, pod_cells: np.ndarray,
        seed: int = 3,
    ) -> None:  # fmt: skip
        self._layout = layout
        self.next_epoch = 1
        stations = tuple(station.name for station in layout.stations)
        self._roster = Roster(tuple(f"U{n}" for n in range(1, len(cells) + 1)), stations)
        self._folder = Path(tempfile.mkdtemp(prefix="gridfleet-keys-"))
        store = _keys(self._folder / "keys", self._roster)
        server = ZmqTransport(["tcp://127.0.0.1:*"], store, options=NO_LIMITS)
        setting = Setting(
            layout, Scenario(layout="hall", seed=seed), cells, headings, pod_cells,
            labels=[""] * len(pod_cells),
        )  # fmt: skip
        self._fleet = build_fleet(
            setting, server.addresses[0], *(
                [store.secret_of(serial) for serial in serials]
                for serials in (self._roster.units, stations)
            ), EmulatorOptions(start_s=0.0, seed=seed),
        )  # fmt: skip
        self.twin, self.noise = self._fleet.floor.twin, self._fleet.noise
        serials = [*self._roster.units, *stations]
        self._transport = LockstepTransport(server, self._fleet, serials)
        self._time = LockstepTime(self._fleet, self._transport)
        self._backend: BridgeBackend | None = None
        BridgedFleet.open.append(self)

    def connect(self) -> FleetState:
        self._backend = BridgeBackend(
            self._layout, self._roster, [self._transport], self._time, self.next_epoch,
            pod_cells=self.twin.pod_cells(), labels=Labels(at=self._label_at),
            options=BridgeOptions(gather_s=0.0),
        )  # fmt: skip
        self.next_epoch += 1
        return self._backend.connect()

    def _label_at(self, cell: int) -> str:
        """A controller knows where its pods are; here it looks."""
        pods = np.flatnonzero(self.twin.pod_cells() == cell)
        return pod_name(int(pods[0])) if len(pods) else ""

    def send(self, commands: Commands) -> None:
        self._present().send(commands)

    def advance(self, until_s: float) -> Reports:
        return self._present().advance(until_s)

    def _present(self) -> BridgeBackend:
        if self._backend is None:
            raise FleetError("nobody is connected to the fleet; call connect first")
        return self._backend

    def poses(self) -> np.ndarray:
        return self.twin.poses()

    def close(self) -> None:
        self._fleet.close()
        self._transport.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _keys(folder: Path, roster: Roster) -> KeyStore:
    store = KeyStore.create(folder)
    for serial in roster.units:
        store.add(serial, Role.UNIT)
    for name in roster.stations:
        store.add(name, Role.STATION)
    return store
