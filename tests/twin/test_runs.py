"""Whole runs on small floors: safe, complete, repeatable; and the monitor fires when it must."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.backend import Commands, Releases, no_station_jobs
from fleet_control.events import EventKind
from gridfleet.kpis import kpis
from gridfleet.run_folder import EVENTS, write_events
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import open_layout
from twin.kinematic.engine import KinematicTwin
from twin.people import People


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_on_the_teaching_floor(seed: int) -> None:
    record = Simulation(Scenario(layout="teaching", hours=1, seed=seed)).run()
    figures = kpis(record)
    assert record.contacts == 0, f"seed {seed}"
    assert record.conflicts == 0
    assert not (record.events["kind"] == EventKind.FAULT).any()
    assert figures["orders_completed"] > 0.7 * figures["orders_placed"]
    assert np.allclose(record.unit_time_s.sum(axis=1), record.sim_s)
    assert np.allclose(record.station_time_s.sum(axis=1), record.sim_s)


def test_the_same_seed_gives_the_same_bytes(tmp_path) -> None:
    files = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        record = Simulation(Scenario(layout="teaching", hours=0.3, seed=5)).run()
        write_events(folder, record.events)
        files.append((folder / EVENTS).read_bytes())
    assert files[0] == files[1]


def row_twin(cells: list[int]) -> KinematicTwin:
    layout = open_layout("row", np.ones((1, 12), dtype=np.int8))
    starts = np.array(cells, dtype=np.int32)
    headings = np.zeros(len(cells), dtype=np.int8)
    return KinematicTwin(layout, starts, headings, np.empty(0, dtype=np.int32), People(0, 0))


def drive(twin: KinematicTwin, unit: int, cells: list[int]) -> None:
    n = len(cells)
    releases = Releases(
        np.full(n, unit, dtype=np.int32),
        np.arange(1, n + 1, dtype=np.int32),
        np.array(cells, dtype=np.int32),
        np.zeros(n, dtype=np.int8),
    )
    twin.send(Commands(releases, no_station_jobs()))


def test_the_monitor_fires_when_a_held_cell_is_released() -> None:
    twin = row_twin([0, 5])
    drive(twin, 0, [1, 2, 3, 4, 5])
    twin.advance(20.0)
    assert twin.n_contacts == 1
    contact = twin.take_contacts()[0]
    assert {contact.unit, contact.other} == {0, 1}


def test_a_straight_run_keeps_to_its_limits() -> None:
    twin = row_twin([0])
    drive(twin, 0, list(range(1, 11)))
    speeds, places = [], []
    for cycle in range(1, 300):
        twin.advance(cycle * 0.04)
        places.append(float(twin.poses()[0, 0]))
        if len(places) > 1:
            speeds.append((places[-1] - places[-2]) / 0.04)
    assert max(speeds) == pytest.approx(1.5, abs=1e-6)
    assert max(abs(np.diff(speeds))) <= 1.0 * 0.04 + 1e-6
    assert places[-1] == pytest.approx(10.5)
    assert twin.n_contacts == 0
