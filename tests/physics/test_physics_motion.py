"""Bodies go where they are told, to the millimetre, in about the time that kinematics promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from physics_hall import N_COLS, N_ROWS, Hall, cell, hall, ints

from fleet_control.backend import Act, Commands, Releases, no_station_jobs
from twin.kinematic.engine import KinematicTwin
from twin.people import People
from twin.physics.options import DETAILS, PhysicsOptions
from twin.unit_model import DEFAULT_UNIT, Localisation

LIFT, LOWER = Act.LIFT, Act.LOWER
NEAR_M = 0.005


def random_route(rng: np.random.Generator, start: int, pod: int) -> list[int | tuple[int, Act]]:
    """To the pod, off with it over random cells, set down, and away; no cell twice in a row."""
    row, col = divmod(start, N_COLS)
    pod_row, pod_col = divmod(pod, N_COLS)
    steps: list[int | tuple[int, Act]] = []

    def go(to_row: int, to_col: int) -> None:
        nonlocal row, col
        while col != to_col:
            col += 1 if to_col > col else -1
            steps.append(cell(row, col))
        while row != to_row:
            row += 1 if to_row > row else -1
            steps.append(cell(row, col))

    go(pod_row, pod_col)
    steps.append((cell(row, col), LIFT))
    for _ in range(3):
        go(int(rng.integers(N_ROWS)), int(rng.integers(N_COLS)))
    steps.append((cell(row, col), LOWER))
    return steps


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("seed", range(3))
def test_pods_are_set_down_within_millimetres(seed: int, detail: str) -> None:
    rng = np.random.default_rng(seed)
    start, pod = cell(0, 0), cell(2, 3)
    fleet = Hall([start], [pod], seed=seed, options=PhysicsOptions(detail))
    route = random_route(rng, start, pod)
    fleet.release(0, *route)
    fleet.settle()
    fleet.advance(0.1)
    assert fleet.faults == [0], f"seed {seed}"
    end = route[-1][0]
    assert fleet.twin.pod_cells().tolist() == [end]
    x_m, y_m, yaw = fleet.twin.pod_poses()[0]
    assert np.hypot(*(np.array([x_m, y_m]) - hall().centres_m()[end])) < NEAR_M, f"seed {seed}"
    assert abs(np.remainder(yaw + np.pi, 2 * np.pi) - np.pi) < 0.02, f"seed {seed}"
    assert fleet.twin.n_contacts == 0
    assert fleet.twin.take_mishaps() == []


def test_a_route_takes_about_the_time_of_kinematics() -> None:
    """Without any calibration within 3 %: what is left is lag of wheels and settling."""
    start, pod = cell(0, 0), cell(2, 3)
    route = random_route(np.random.default_rng(5), start, pod)
    fleet = Hall([start], [pod])
    fleet.release(0, *route)
    fleet.settle()
    times = [fleet.twin.time_s]
    twin = KinematicTwin(
        hall(), ints([start]), np.zeros(1, dtype=np.int8), ints([pod]), People(0, seed=0)
    )
    twin.connect()
    pairs = [step if isinstance(step, tuple) else (step, Act.DRIVE) for step in route]
    n = len(pairs)
    releases = Releases(
        ints([0] * n), ints(list(range(1, n + 1))), ints([p[0] for p in pairs]),
        np.array([p[1] for p in pairs], dtype=np.int8),
    )  # fmt: skip
    twin.send(Commands(releases, no_station_jobs()))
    while twin.units["done"][0] < n:
        twin.advance(twin.time_s + 0.5)
    times.append(twin.time_s)
    assert times[0] == pytest.approx(times[1], rel=0.03, abs=0.5)


def test_a_fleet_that_stands_stays_where_it_is() -> None:
    fleet = Hall([cell(1, 1), cell(3, 3)], [cell(1, 2)])
    fleet.release(0, cell(1, 2), (cell(1, 2), LIFT))
    fleet.settle()
    before = fleet.twin.poses()
    fleet.advance(120.0)
    assert np.abs(fleet.twin.poses() - before).max() < 0.003


@pytest.mark.parametrize("detail", DETAILS)
def test_a_unit_that_turns_over_and_over_stays_at_its_centre(detail: str) -> None:
    """As one that waits while its way is planned anew: it turns to where each plan leads first.

    Each turn shifts it by millimetres under a heavy pod; a wall is five centimetres from the pod.
    """
    corner, beside, below = cell(0, 0), cell(0, 1), cell(1, 0)
    fleet = Hall([corner], [corner], seed=1, options=PhysicsOptions(detail))
    fleet.release(0, (corner, LIFT))
    fleet.settle()
    for turn in range(30):
        fleet.show_next(0, beside if turn % 2 else below)
        fleet.advance(1.5)
        off = fleet.twin.poses()[0, :2] - hall().centres_m()[corner]
        assert np.hypot(*off) < 2 * NEAR_M, f"after {turn + 1} turns"
    assert fleet.twin.n_contacts == 0


def test_the_same_seed_gives_the_same_poses() -> None:
    def run() -> bytes:
        fleet = Hall([cell(0, 0), cell(4, 0)], [cell(2, 3)], seed=3)
        fleet.release(0, *random_route(np.random.default_rng(2), cell(0, 0), cell(2, 3)))
        fleet.release(1, cell(4, 1), cell(4, 2), cell(5, 2), cell(5, 1))
        fleet.advance(20.0)
        return fleet.twin.poses().tobytes()

    assert run() == run()


@pytest.mark.parametrize("seed", range(2))
def test_units_that_err_find_their_way_by_markers(seed: int) -> None:
    """Wheels that are off by half a per cent, noisy odometry, markers read to two millimetres."""
    errs = Localisation(odometry_spread=0.05, wheel_error=0.005, marker_m=0.002, marker_rad=0.003)
    fleet = Hall([cell(0, 0)], [cell(2, 3)], replace(DEFAULT_UNIT, localisation=errs), seed)
    route = random_route(np.random.default_rng(seed), cell(0, 0), cell(2, 3))
    fleet.release(0, *route)
    fleet.settle()
    fleet.advance(0.1)
    assert fleet.faults == [0], f"seed {seed}"
    off = fleet.twin.pod_poses()[0, :2] - hall().centres_m()[route[-1][0]]
    assert 1e-4 < np.hypot(*off) < 0.025, f"seed {seed}"
