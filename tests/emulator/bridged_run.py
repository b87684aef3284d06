"""A run of a scenario over the bridge, in lockstep with an emulated fleet that may be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from emulated import NO_LIMITS

from gridfleet.brain import Brain, lay_groundwork
from gridfleet.emulator.building import EmulatorOptions, build_fleet
from gridfleet.emulator.fleet import EmulatedFleet
from gridfleet.emulator.lockstep import LockstepTime, LockstepTransport
from gridfleet.emulator.setting import setting_of
from gridfleet.scenario import Scenario
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.units import CYCLE_S
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster
from hw_bridge.transports import OnMessage
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.keys import KeyStore
from hw_bridge.wire.server import ZmqTransport
from twin.faults import FaultSchedule


class BridgedRun:
    """ground, backend, brain, fleet: what it is made of; the brain comes with `connect`."""

    def __init__(
        self, folder: Path, scenario: Scenario, options: EmulatorOptions,
        schedule: FaultSchedule | None = None, on_message: OnMessage | None = None,
    ) -> None:  # fmt: skip
        self.scenario, self._options, self._schedule = scenario, options, schedule
        self.ground = lay_groundwork(scenario)
        compile_kernels(self.ground.planner.name)
        layout, n_units = self.ground.layout, self.ground.n_units
        stations = tuple(station.name for station in layout.stations)
        self._roster = Roster(tuple(f"U{n}" for n in range(1, n_units + 1)), stations)
        self._store = KeyStore.create(folder / "keys")
        for serial, role in self._roster.roles().items():
            self._store.add(serial, role)
        self._server = ZmqTransport(["tcp://127.0.0.1:*"], self._store, options=NO_LIMITS)
        self.fleet = self._emulate()
        serials = [*self._roster.units, *stations]
        transport = LockstepTransport(self._server, self.fleet, serials)
        self._time = LockstepTime(self.fleet, transport)
        self.backend = BridgeBackend(
            layout, self._roster, [transport], self._time, 1,
            pod_cells=self.ground.setup.pod_cells, labels=Labels(at=self._label_at),
            options=BridgeOptions(gather_s=0.0), on_message=on_message,
        )  # fmt: skip
        self.brain: Brain | None = None
        self._cycle = 0

    def _emulate(self) -> EmulatedFleet:
        keys = [
            [self._store.secret_of(serial) for serial in serials]
            for serials in (self._roster.units, self._roster.stations)
        ]
        setting = setting_of(self.scenario, self.ground.layout)
        address = self._server.addresses[0]
        return build_fleet(setting, address, *keys, self._options, self._schedule)

    def _label_at(self, cell: int) -> str:
        """As the work knows where pods stand."""
        pods = np.flatnonzero(self.brain.setup.work.pod_cells == cell) if self.brain else []
        return pod_name(int(pods[0])) if len(pods) else ""

    def go(self, seconds: float) -> None:
        """Cycle after cycle."""
        if self.brain is None:
            self.brain = Brain(self.ground, self.backend.connect())
        for _ in range(round(seconds / CYCLE_S)):
            reports = self.backend.advance(self._cycle * CYCLE_S)
            self.backend.send(self.brain.decide(reports))
            self._cycle += 1

    def kill_emulator(self) -> None:
        """Nothing is said or saved any more; another one takes up the floor."""
        self.fleet.close()
        self._schedule = None
        self.fleet = self._emulate()
        self._time.attend(self.fleet)

    @property
    def contacts(self) -> int:
        return self.fleet.floor.twin.n_contacts

    @property
    def lines(self) -> int:
        return self.ground.setup.n_done()

    def close(self) -> None:
        self.fleet.close()
        self.backend.close()


@contextmanager
def bridged(*args: object, **options: object) -> Iterator[BridgedRun]:
    run = BridgedRun(*args, **options)
    try:
        yield run
    finally:
        run.close()
