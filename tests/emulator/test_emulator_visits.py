"""The same scenario on the twin and on the bridge: the same order of visits in every cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from bridged_run import BridgedRun, bridged

from fleet_control.backend import Backend, Commands, Reports
from gridfleet.brain import Brain, Groundwork, lay_groundwork
from gridfleet.emulator.building import EmulatorOptions
from gridfleet.scenario import Scenario
from gridfleet.wiring.units import CYCLE_S
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


def run(
    ground: Groundwork, backend: Backend, owner: BridgedRun | None = None
) -> tuple[Visits, int]:
    """Sequence of units in each cell, and how many lines were done."""
    state = backend.connect()
    diary, brain = Diary(state.cells), Brain(ground, state)
    if owner is not None:
        owner.brain = brain  # who knows the labels of pods
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
    return *run(ground, twin), twin.n_contacts


def on_the_bridge(folder: Path) -> tuple[Visits, int, int]:
    options = EmulatorOptions(seed=SCENARIO.seed, wrong_scans=0.0)
    with bridged(folder, SCENARIO, options) as it:
        pods = it.fleet.floor.twin.pod_cells()
        assert set(pods.tolist()) == set(it.ground.setup.pod_cells.tolist())
        visits, n_lines = run(it.ground, it.backend, it)
        assert not it.backend.refused()
        assert it.backend.figures.n_lost == 0
        return visits, n_lines, it.contacts


def test_twin_and_bridge_visit_cells_in_the_same_order(tmp_path: Path) -> None:
    on_twin, lines_on_twin, _ = on_the_twin()
    on_bridge, lines_on_bridge, contacts = on_the_bridge(tmp_path)
    assert contacts == 0
    assert lines_on_twin > 5
    assert lines_on_bridge == lines_on_twin
    assert on_bridge == on_twin
