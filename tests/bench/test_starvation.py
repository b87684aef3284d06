"""Thousands of steps of lifelong path finding: output holds, nobody starves, nothing collides."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.planner_choice import PlannerChoice
from gridfleet.bench.lifelong import Lifelong, LifelongResult, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from layouts import Layout, load, open_layout

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT / "benchmarks"))
from dead_ends import maze, run, scattered  # noqa: E402
from starvation import rates_of  # noqa: E402

STEPS = 5000


def assert_nobody_starves(floor: Layout, n_units: int) -> None:
    result = run_lifelong(floor, Lifelong(n_units, STEPS, planner="epibt"), Unwatched())
    rates = rates_of(result)
    assert result.n_invalid == 0
    assert result.longest_wait() < STEPS / 4
    assert min(rates) > 0.8 * rates[0], f"output falls from {rates[0]} to {min(rates)} tasks a step"


def test_nobody_starves_among_scattered_obstacles() -> None:
    path = SHARED / "movingai" / "random-32-32-20.map"
    if not path.is_file():
        pytest.skip("needs ../shared/movingai/random-32-32-20.map")
    assert_nobody_starves(load(path), 100)


def test_nobody_starves_in_narrow_aisles() -> None:
    """Aisles of one cell between blocks, a third of all cells taken."""
    open_cells = np.ones((13, 16), dtype=np.int8)
    open_cells[2:11].reshape(3, 3, 16)[:, :2, 1:15] = 0
    open_cells[2:11, 8] = 1
    n_units = int(open_cells.sum()) // 3
    assert_nobody_starves(open_layout("aisles", open_cells), n_units)


@pytest.mark.parametrize("seed", [0, 3, 11, 15, 18])
def test_a_crowd_gets_in_and_out_of_dead_ends(seed: int) -> None:
    """Three cells in five taken: in one dead end several want in and several out. Each of these
    floors had a unit that did nothing for 1,300 steps or more, while the escort asked no
    further than the unit next to the one that it had begun with."""
    result = run(scattered, 0.6, seed, 2000, improvements=0)
    assert result.n_invalid == 0
    assert result.longest_wait() < 900, f"seed {seed}"


@pytest.mark.parametrize("seed", [1, 7, 17])
def test_a_crowd_gets_in_and_out_of_dead_ends_of_a_maze(seed: int) -> None:
    result = run(maze, 0.25, seed, 3000, improvements=0)
    assert result.n_invalid == 0
    assert result.longest_wait() < 1000, f"seed {seed}"


def test_a_floor_that_windows_jam_is_set_going_again() -> None:
    """Windows jam these aisles with one cell in seven taken; while the floor is handed over once
    half of all units wait, more is done than by the other planner alone."""
    path = SHARED / "layouts" / "rhcr_kiva.map"
    if not path.is_file():
        pytest.skip("needs ../shared/layouts/rhcr_kiva.map")
    rates = {
        planner: run_lifelong(
            load(path), Lifelong(180, 1000, planner=planner, seed=2), Unwatched()
        ).rate(500)
        for planner in ("windowed", "epibt")
    }
    assert rates["windowed"] > rates["epibt"], rates


def test_the_longest_wait_counts_from_the_start_and_to_the_end() -> None:
    result = LifelongResult(PlannerChoice("epibt", ""), n_working=2, n_steps=100)
    assert result.longest_wait() == 100
    result.done_at, result.done_by = [10, 70, 90], [0, 1, 0]
    assert result.longest_wait() == 80
    result.n_steps = 200
    assert result.longest_wait() == 130
