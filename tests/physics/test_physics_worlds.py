"""A fleet over several worlds and processes: what is felt across them; that nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import active_children

import numpy as np
import pytest
from physics_hall import N_COLS, N_ROWS, Hall, cell

from fleet_control.backend import Act
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.floor.world import Contact
from twin.physics import encounters, planar, wheeled
from twin.physics.bullet import PhysicsError
from twin.physics.options import DETAILS, PLANAR, WHEELS, PhysicsOptions
from twin.physics.worlds import deal

LIFT, LOWER = Act.LIFT, Act.LOWER


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    assert not active_children()


@pytest.fixture
def _small_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two units in each, so that a few units are in several."""
    for detail in (wheeled, planar):
        monkeypatch.setattr(detail, "MAX_UNITS", 2)


def busy_hall(options: PhysicsOptions, seed: int = 0) -> Hall:
    """Six units, in three worlds where worlds are small; three of them carry pods about."""
    cells = [cell(row, col) for row in range(0, N_ROWS, 2) for col in (0, 6)]
    fleet = Hall(cells, [cell(row, 2) for row in range(0, N_ROWS, 2)], seed=seed, options=options)
    for unit in range(0, len(cells), 2):
        row = cells[unit] // N_COLS
        fleet.release(
            unit, cell(row, 1), cell(row, 2), (cell(row, 2), LIFT), cell(row, 3),
            cell(row + 1, 3), (cell(row + 1, 3), LOWER), cell(row + 1, 4),
        )  # fmt: skip
        fleet.release(unit + 1, *[cell(row, col) for col in range(7, 11)])
    return fleet


def story(options: PhysicsOptions, seconds: float, seed: int = 0) -> list[bytes]:
    """All that the units are and that their bodies do, as bytes."""
    fleet = busy_hall(options, seed)
    try:
        told = []
        for _ in range(round(seconds / 0.2)):
            fleet.advance(0.2)
            told.append(fleet.twin.poses().tobytes() + fleet.twin.pod_poses().tobytes())
        assert fleet.twin.n_contacts == 0
        return told
    finally:
        fleet.twin.close()


def test_units_are_dealt_evenly_and_by_place() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n_worlds, places = int(rng.integers(1, 9)), rng.uniform(0.0, 50.0, (100, 2))
        counts = np.bincount(deal(places, n_worlds), minlength=n_worlds)
        assert counts.max() - counts.min() <= 2, f"seed {seed}"
    row = np.column_stack([np.arange(12.0), np.zeros(12)])
    assert deal(row, 3).tolist() == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.usefixtures("_small_worlds")
@pytest.mark.parametrize("detail", DETAILS)
def test_results_do_not_depend_on_the_number_of_processes(detail: str) -> None:
    one, *others = (story(PhysicsOptions(detail, n), 4.0) for n in (1, 2, 3))
    assert others == [one, one]


def test_planar_runs_are_the_same_for_the_same_seed() -> None:
    options = PhysicsOptions(PLANAR)
    assert story(options, 15.0, seed=3) == story(options, 15.0, seed=3)


@pytest.mark.usefixtures("_small_worlds")
def test_whole_runs_do_not_depend_on_the_number_of_processes() -> None:
    logs = []
    for processes in (1, 2):
        physics = PhysicsOptions(PLANAR, processes)
        run = Simulation(
            Scenario(layout="teaching", robots=8, engine="physics", hours=0.03, physics=physics)
        )
        try:
            record = run.run()
        finally:
            run.close()
        logs.append([(name, column.tobytes()) for name, column in record.events.items()])
    assert logs[0] == logs[1]
    assert len(logs[0][0][1]) > 0


def crash(detail: str, n_laden: int) -> tuple[Contact, np.ndarray]:
    """First contact of two units that are sent into each other, and their poses soon after."""
    cells = [cell(1, 0), cell(1, 8)]
    fleet = Hall(cells, cells[:n_laden], options=PhysicsOptions(detail))
    for unit in range(n_laden):
        fleet.release(unit, (cells[unit], LIFT))
    fleet.settle()
    assert fleet.twin.n_contacts == 0
    fleet.release(0, *[cell(1, col) for col in range(1, 9)])
    fleet.release(1, *[cell(1, col) for col in range(7, -1, -1)])
    while not fleet.twin.n_contacts:
        assert fleet.twin.time_s < 20.0
        fleet.advance(0.1)
    fleet.advance(0.2)
    fleet.twin.close()
    return fleet.twin.take_contacts()[0], fleet.twin.poses()


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("n_laden", [0, 1, 2])
def test_units_of_two_worlds_crash_as_those_of_one_do(
    detail: str, n_laden: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No controller lets them; that they are sent into each other is the fault injected."""
    together, poses = crash(detail, n_laden)
    for kind in (wheeled, planar):
        monkeypatch.setattr(kind, "MAX_UNITS", 1)
    apart, poses_apart = crash(detail, n_laden)
    assert (apart.unit, apart.other) == (together.unit, together.other) == (0, 1)
    assert apart.time_s == pytest.approx(together.time_s, abs=0.05)
    assert np.abs(poses_apart - poses)[:, :2].max() < 0.03


def passing(detail: str) -> tuple[np.ndarray, set[int]]:
    """Poses of two units that pass each other, one of them laden, and the worlds that they end in.

    float64[n_looks, 2, 3]."""
    fleet = Hall([cell(1, 0), cell(2, 8)], [cell(2, 8)], options=PhysicsOptions(detail))
    fleet.release(1, (cell(2, 8), LIFT))
    fleet.settle()
    fleet.release(0, *[cell(1, col) for col in range(1, 9)])
    fleet.release(1, *[cell(2, col) for col in range(7, -1, -1)], (cell(2, 0), LOWER))
    poses = []
    for _ in range(80):
        fleet.advance(0.2)
        poses.append(fleet.twin.poses())
    assert fleet.twin.n_contacts == 0
    assert fleet.done == [8, 10]
    assert np.hypot(*(fleet.twin.pod_poses()[0, :2] - (0.5, N_ROWS - 2.5))) < 0.005
    worlds = set(fleet.twin._worlds.world_of.tolist())
    fleet.twin.close()
    return np.array(poses), worlds


@pytest.mark.parametrize("detail", DETAILS)
def test_a_unit_that_goes_to_another_world_goes_on_as_it_was(
    detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together = passing(detail)
    assert together == {0}
    for kind in (wheeled, planar):
        monkeypatch.setattr(kind, "MAX_UNITS", 1)
    apart, worlds = passing(detail)
    assert worlds == {0, 1}
    monkeypatch.setattr(encounters, "NEAR_M", 0.2)  # passing is an encounter now
    moved, worlds = passing(detail)
    assert len(worlds) == 1
    assert np.abs(apart - alone).max() < 0.01
    assert np.abs(moved - alone).max() < 0.01


@pytest.mark.usefixtures("_small_worlds")
def test_a_process_that_ends_is_one_clear_error() -> None:
    fleet = busy_hall(PhysicsOptions(WHEELS, 3))
    fleet.advance(0.2)
    child = active_children()[0]
    child.kill()
    child.join()
    with pytest.raises(PhysicsError, match="the process that moves 1 worlds of bodies has ended"):
        fleet.advance(1.0)
    fleet.twin.close()
    fleet.twin.close()
