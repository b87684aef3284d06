"""Ground that units may touch, against rectangles that are moved and turned and sampled."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fleet_control.footprint import EMPTY, LADEN, STEPS, Footprint
from twin.unit_model import DEFAULT_UNIT

N_SIDE = 41


def points(half_x: float, half_y: float, yaw: float, x: float, y: float) -> np.ndarray:
    """float64[k, 2], points all over a rectangle, its sides included; x east, y north."""
    grid = np.linspace(-1, 1, N_SIDE) * (1 - 1e-6)
    u, v = (axis.reshape(-1) for axis in np.meshgrid(grid * half_x, grid * half_y))
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.column_stack([x + u * cos - v * sin, y + u * sin + v * cos])


def touched(some: list[np.ndarray], cell_m: float) -> set[tuple[int, int]]:
    """Offsets (rows, columns) of the cells that the points are in."""
    cells = np.floor(np.concatenate(some) / cell_m + 0.5).astype(int)
    return {(-north, east) for east, north in np.unique(cells, axis=0).tolist()}


def bodies(foot: Footprint, load: int, yaw: float, pod_yaw: float, x: float, y: float) -> list:
    found = [points(foot.length_m / 2, foot.width_m / 2, yaw, x, y)]
    if load == LADEN:
        found.append(points(foot.pod_side_m / 2, foot.pod_side_m / 2, pod_yaw, x, y))
    return found


def random_footprint(rng: np.random.Generator) -> Footprint:
    length, width, pod = rng.uniform(0.3, 2.6, 3).round(2).tolist()
    return Footprint(length, width, pod, bool(rng.integers(2)), float(rng.choice([0.7, 1.0, 1.5])))


@pytest.mark.parametrize("seed", range(30))
def test_cells_are_those_that_samples_of_the_body_touch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    foot = random_footprint(rng)
    for load in (EMPTY, LADEN):
        heading = int(rng.integers(4))
        yaw, (row, col) = heading * math.pi / 2, STEPS[heading]
        standing = bodies(foot, load, yaw, 0.0, 0.0, 0.0)
        assert touched(standing, foot.cell_m) == foot.standing(load, heading), f"seed {seed}"
        driving = [
            body
            for way in np.linspace(0, foot.cell_m, 30)
            for body in bodies(foot, load, yaw, 0.0, col * way, -row * way)
        ]
        assert touched(driving, foot.cell_m) == foot.driving(load, heading), f"seed {seed}"


@pytest.mark.parametrize("seed", range(30))
def test_a_turn_touches_no_cell_but_those_and_reaches_no_further(seed: int) -> None:
    """A quarter turn of a long body need not touch all cells of the circle."""
    rng = np.random.default_rng(seed)
    foot = random_footprint(rng)
    for load in (EMPTY, LADEN):
        turning = [
            body
            for yaw in np.linspace(0, math.pi / 2, 60)
            for body in bodies(foot, load, yaw, yaw if foot.pod_turns else 0.0, 0.0, 0.0)
        ]
        furthest = max(float(np.abs(body).max()) for body in turning)
        assert furthest == pytest.approx(foot.reach_m(load), rel=1e-3), f"seed {seed}"
        assert touched(turning, foot.cell_m) <= foot.turning(load), f"seed {seed}"


def test_a_turning_pod_reaches_into_the_four_rims_and_no_further() -> None:
    foot = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True).footprint(1.0)
    assert foot.turning(LADEN) == {(0, 0), *STEPS}
    assert foot.turning(EMPTY) == foot.standing(LADEN, 0) == {(0, 0)}
    assert foot.rim_m == pytest.approx(0.8 / math.sqrt(2) - 0.5)
    assert foot.needs_rims
    assert foot.clears_neighbours
    assert foot.sweeps().tolist() == [False, True]
    assert foot.turns_touch().tolist() == [[False, True], [True, True]]
    assert not replace(foot, pod_turns=False).needs_rims
    assert not replace(foot, pod_side_m=0.9).clears_neighbours
    assert not replace(foot, pod_side_m=1.0).stands_in_cell
    assert replace(foot, pod_side_m=foot.largest_pod_m(0.2)).clears_neighbours
    largest = replace(foot, pod_side_m=foot.largest_pod_m(0.05))
    assert largest.rim_m == pytest.approx(0.05)


@pytest.mark.parametrize("seed", range(20))
def test_turns_touch_where_some_orientations_of_two_bodies_overlap(seed: int) -> None:
    """Of bodies as long as wide, so that the corners of both can meet on the common border."""
    rng = np.random.default_rng(seed)
    side, pod = rng.uniform(0.4, 0.8), rng.uniform(0.5, 0.95)
    foot = Footprint(side, side, pod, True, 1.0)
    angles = np.linspace(0, math.pi / 2, 19)
    for one in (EMPTY, LADEN):
        for other in (EMPTY, LADEN):
            halves = [max(side, pod if load else 0.0) / 2 for load in (one, other)]
            reach = sum(max((h * (np.cos(a) + np.sin(a))) for a in angles) for h in halves)
            assert foot.turns_touch()[one, other] == (reach > 1.0), f"seed {seed}"


def test_without_pods_nobody_is_laden() -> None:
    foot = DEFAULT_UNIT.footprint(0.8, has_pods=False)
    assert foot.loads == (EMPTY,)
    assert foot.needs_rims
    assert foot.turns_touch().tolist() == [[True, False], [False, False]]
