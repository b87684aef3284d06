"""Units that drive and get nowhere, against a slow twin that remembers everything."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.execution.wandering import Wanderer, WanderingLimits, WanderingWatch
from fleet_control.mapf.grid import UNREACHABLE
from layouts import open_layout

LIMITS = WanderingLimits(nearer_cells=5, nearer_s=20.0, errand_cells=12, errand_s=40.0)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def test_to_and_fro_is_wandering_and_a_detour_is_not() -> None:
    watch = WanderingWatch(3, 0.0, LIMITS)
    zeros = np.zeros(3, dtype=np.int64)
    ways = [(50, 50), (52, 60), (50, 70), (52, 60), (50, 49), (52, 48)]
    for tick, (still, around) in enumerate(ways):
        driven = np.array([2 * tick, 2 * tick, 0], dtype=np.int64)
        watch.note(10.0 * tick, driven, ints(7, 8, 9), ints(still, around, 50), zeros)
    assert watch.wanderers() == [Wanderer(0, 7, 10, 50.0, False)]
    layout = open_layout("row", np.ones((1, 10), dtype=np.int8))
    assert watch.wanderers()[0].sentence(layout) == (
        "unit 0 has driven 10 cells in 50 s without coming nearer to its goal at row 1, column 8"
    )


def test_one_goal_after_another_is_wandering_too() -> None:
    watch = WanderingWatch(2, 0.0, LIMITS)
    for tick in range(8):
        finished = np.array([0, tick // 3])
        driven = np.array([2 * tick, 2 * tick])
        watch.note(10.0 * tick, driven, ints(tick, tick), ints(20, 20), finished)
    (found,) = watch.wanderers()
    assert found == Wanderer(0, 7, 14, 70.0, True)
    layout = open_layout("row", np.ones((1, 10), dtype=np.int8))
    assert (
        found.sentence(layout) == "unit 0 has driven 14 cells in 70 s without finishing an errand"
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_histories(seed: int) -> None:
    rng = np.random.default_rng(seed)
    watch, n_units = WanderingWatch(5, 0.0, LIMITS), 5
    now_s, driven, finished = 0.0, np.zeros(5, dtype=np.int64), np.zeros(5, dtype=np.int64)
    goals = np.full(n_units, -1, dtype=np.int32)
    histories: list[list[tuple]] = [[(0.0, -1, UNREACHABLE, 0, 0)] for _ in range(n_units)]
    for _ in range(60):
        now_s += float(rng.uniform(1, 6))
        driven += rng.integers(0, 3, n_units)
        goals[rng.random(n_units) < 0.04] = rng.integers(-1, 20)
        finished += rng.random(n_units) < 0.04
        ways = rng.integers(30, 90, n_units).astype(np.int32)
        ways[rng.random(n_units) < 0.02] = UNREACHABLE
        watch.note(now_s, driven, goals.copy(), ways, finished)
        for unit, history in enumerate(histories):
            history.append(
                (now_s, int(goals[unit]), int(ways[unit]), int(driven[unit]), int(finished[unit]))
            )
        expected = [by_memory(unit, history) for unit, history in enumerate(histories)]
        assert watch.wanderers() == [found for found in expected if found], f"seed {seed}"


def by_memory(unit: int, history: list[tuple]) -> Wanderer | None:
    """Look back from now for the last time that the unit was nearer, and that it finished."""
    now_s, goal, _, driven, _ = history[-1]
    nearer = max(row for row in range(len(history)) if is_nearer(history, row))
    done = max(
        row
        for row in range(len(history))
        if row == 0 or history[row][4] != history[row - 1][4] or history[row][1] < 0
    )
    for row, cells, seconds, is_nearing in (
        (nearer, LIMITS.nearer_cells, LIMITS.nearer_s, False),
        (done, LIMITS.errand_cells, LIMITS.errand_s, True),
    ):
        n_cells, passed_s = driven - history[row][3], now_s - history[row][0]
        if n_cells >= cells and passed_s >= seconds:
            return Wanderer(unit, goal, n_cells, passed_s, is_nearing)
    return None


def is_nearer(history: list[tuple], row: int) -> bool:
    _, goal, way, *_ = history[row]
    if row == 0 or goal < 0 or way == UNREACHABLE or history[row - 1][1] != goal:
        return True
    before = []
    for earlier in reversed(history[:row]):
        if earlier[1] != goal or earlier[2] == UNREACHABLE:
            break
        before.append(earlier[2])
    return not before or way < min(before)
