"""The same scenario on the twin and on the bridge: the same order of visits in every cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from emulated import NO_LIMITS

from fleet_control.backend import Backend, Commands, Reports
from gridfleet.brain import Brain, Groundwork, lay_groundwork
from gridfleet.emulator.building import EmulatorOptions, build_fleet
from gridfleet.emulator.lockstep import LockstepTime, LockstepTransport
from gridfleet.emulator.setting import setting_of
from gridfleet.scenario import Scenario
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.units import CYCLE_S
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.roster import Roster
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ZmqTransport
from twin.kinematic.engine import KinematicTwin
from twin.people import People

MINUTES = 4
SCENARIO = Scenario(layout="teaching", robots=8, hours=1.0, seed=3)
Visits = dict[int, list[int]]


class Diary:
    """Who was in which cell after whom, as units report it."""

    def __init__(self, cells: np.ndarray) -> None:
        self.visits: Visits = {}
        self._streams = [[cell] for cell in cells.tolist()]
        self._done = [0] * len(cells)

    def note_releases(self, commands: Commands) -> None:
        rows = commands.releases
        for unit, cell in zip(rows.units.tolist(), rows.cells.tolist(), strict=True):
            self._streams[unit].append(cell)

    def note_reports(self, reports: Reports) -> None:
        for unit, done in zip(reports.units.tolist(), reports.done.tolist(), strict=True):
            for cell in self._streams[unit][self._done[unit] + 1 : done + 1]:
                visits = self.visits.setdefault(cell, [])
                if visits[-1:] != [unit]:
                    visits.append(unit)
            self._done[unit] = done


def run(ground: Groundwork, backend: Backend, brains: list[Brain]) -> tuple[Visits, int]:
    """Sequence of units in each cell, and how many lines were done."""
    state = backend.connect()
    diary, brain = Diary(state.cells), Brain(ground, state)
    brains.append(brain)
    reports = backend.advance(0.0)
    for cycle in range(1, round(MINUTES * 60 / CYCLE_S)):
        commands = brain.decide(reports)
        diary.note_releases(commands)
        backend.send(commands)
        reports = backend.advance(cycle * CYCLE_S)
        diary.note_reports(reports)
    return diary.visits, ground.setup.n_done()


def on_the_twin() -> tuple[Visits, int, int]:
    ground = lay_groundwork(SCENARIO)
    headings = np.zeros(ground.n_units, dtype=np.int8)
    people = People(len(ground.layout.stations), SCENARIO.seed, ground.setup.service)
    twin = KinematicTwin(
        ground.layout, ground.fleet.cells, headings, ground.setup.pod_cells, people
    )
    return *run(ground, twin, []), twin.n_contacts


def on_the_bridge(folder: Path) -> tuple[Visits, int, int]:
    ground = lay_groundwork(SCENARIO)
    layout = ground.layout
    stations = tuple(station.name for station in layout.stations)
    roster = Roster(tuple(f"U{n}" for n in range(1, ground.n_units + 1)), stations)
    store = KeyStore.create(folder / "keys")
    for serial, role in roster.roles().items():
        store.add(serial, role)
    assert len(store.devices(Role.UNIT)) == ground.n_units
    server = ZmqTransport(["tcp://127.0.0.1:*"], store, options=NO_LIMITS)
    setting = setting_of(SCENARIO, layout)
    assert set(setting.pod_cells.tolist()) == set(ground.setup.pod_cells.tolist())
    fleet = build_fleet(
        setting, server.addresses[0], [store.secret_of(serial) for serial in roster.units],
        [store.secret_of(name) for name in stations],
        EmulatorOptions(seed=SCENARIO.seed, wrong_scans=0.0),
    )  # fmt: skip
    transport = LockstepTransport(server, fleet, [*roster.units, *stations])
    brains: list[Brain] = []
    backend = BridgeBackend(
        layout, roster, [transport], LockstepTime(fleet, transport), 1,
        pod_cells=ground.setup.pod_cells, labels=Labels(at=pods_of(brains)),
        options=BridgeOptions(gather_s=0.0),
    )  # fmt: skip
    try:
        visits, n_lines = run(ground, backend, brains)
        assert not backend.refused()
        assert backend.figures.n_lost == 0
        return visits, n_lines, fleet.floor.twin.n_contacts
    finally:
        fleet.close()
        backend.close()


def pods_of(brains: list[Brain]) -> Callable[[int], str]:
    """Labels of pods, as the work knows where they stand."""

    def label_at(cell: int) -> str:
        pods = np.flatnonzero(brains[0].setup.work.pod_cells == cell) if brains else []
        return pod_name(int(pods[0])) if len(pods) else ""

    return label_at


def test_twin_and_bridge_visit_cells_in_the_same_order(tmp_path: Path) -> None:
    compile_kernels(SCENARIO.planner)
    on_twin, lines_on_twin, _ = on_the_twin()
    on_bridge, lines_on_bridge, contacts = on_the_bridge(tmp_path)
    assert contacts == 0
    assert lines_on_twin > 5
    assert lines_on_bridge == lines_on_twin
    assert on_bridge == on_twin
