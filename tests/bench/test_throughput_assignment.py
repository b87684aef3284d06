"""Assignment for throughput: ways, tasks near units, greedy pairs and exchanges."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet_control.assignment.throughput import LOYALTY, N_NEAR, WAY_WEIGHT, ThroughputAssignment
from fleet_control.assignment.ways import Ways
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid, grid_of
from layouts import CellKind, open_layout


def open_grid(n_rows: int, n_cols: int) -> Grid:
    return grid_of(open_layout("open", np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8)))


def estimating(grid: Grid) -> Ways:
    ways = Ways(grid)
    ways.table = np.zeros((0, 4), dtype=np.uint16)
    return ways


def free(n: int) -> NDArray[np.bool_]:
    return np.ones(n, dtype=bool)


def test_estimates_are_exact_on_an_open_floor() -> None:
    grid = open_grid(5, 6)
    exact, estimate = Ways(grid), estimating(grid)
    fields = DistanceFields(grid, 1, turn_cost=CELL_COST)
    rng = np.random.default_rng(0)
    for cell, goal, heading in rng.integers(0, [30, 30, 5], size=(300, 3)).tolist():
        heading -= 1
        if heading >= 0:
            right = fields.distance(cell, heading, goal, EMPTY) // CELL_COST
        else:
            right = min(fields.distance(cell, h, goal, EMPTY) for h in range(4)) // CELL_COST
        assert exact.cost(cell, heading, goal) == estimate.cost(cell, heading, goal) == right


def test_lengths_go_from_the_first_errand_to_the_last() -> None:
    ways = Ways(open_grid(4, 4))
    lengths = ways.lengths(np.array([0, 1, 3, 6]), np.array([5, 0, 3, 0, 3, 15], dtype=np.int32))
    assert lengths.tolist() == [0, 3, 6]


def test_the_nearest_pairs_come_first() -> None:
    """Unit 0 could have both, but unit 1 is nearer to task 0."""
    ways = Ways(open_grid(1, 10))
    cells, headings = np.array([4, 9], dtype=np.int32), np.array([0, 2], dtype=np.int8)
    firsts = np.array([8, 0], dtype=np.int32)
    got = ThroughputAssignment(ways).assign(
        cells, headings, free(2), np.full(2, -1, dtype=np.int32), firsts, np.zeros(2, np.int32)
    )
    assert got.tolist() == [1, 0]


def test_short_tasks_are_worth_a_small_detour() -> None:
    ways = Ways(open_grid(1, 10))
    arguments = (
        np.array([4], dtype=np.int32), np.zeros(1, dtype=np.int8), free(1),
        np.full(1, -1, dtype=np.int32), np.array([5, 6], dtype=np.int32),
    )  # fmt: skip
    assignment = ThroughputAssignment(ways)
    for length, row in ((WAY_WEIGHT - 1, 0), (WAY_WEIGHT + 1, 1)):
        lengths = np.array([length, 0], dtype=np.int32)
        assert assignment.assign(*arguments, lengths).tolist() == [row]


def test_a_unit_keeps_its_task_unless_another_is_clearly_nearer() -> None:
    ways = Ways(open_grid(1, 20))
    held = np.array([1], dtype=np.int32)
    for nearer, row in ((LOYALTY - 1, 1), (LOYALTY + 1, 0)):
        firsts = np.array([12 - nearer, 12], dtype=np.int32)
        got = ThroughputAssignment(ways).assign(
            np.zeros(1, np.int32), np.zeros(1, np.int8), free(1), held, firsts,
            np.zeros(2, np.int32),
        )  # fmt: skip
        assert got.tolist() == [row]


def test_units_that_are_not_free_get_none_and_few_tasks_go_round() -> None:
    ways = Ways(open_grid(6, 6))
    is_free = np.array([True, False, True, True])
    got = ThroughputAssignment(ways).assign(
        np.arange(4, dtype=np.int32), np.zeros(4, np.int8), is_free, np.full(4, -1, np.int32),
        np.array([30, 31], dtype=np.int32), np.zeros(2, np.int32),
    )  # fmt: skip
    assert got[1] == -1
    assert sorted(got.tolist()) == [-1, -1, 0, 1]
    none = ThroughputAssignment(ways).assign(
        np.arange(4, dtype=np.int32), np.zeros(4, np.int8), is_free, np.full(4, -1, np.int32),
        np.empty(0, dtype=np.int32), np.empty(0, np.int32),
    )  # fmt: skip
    assert none.tolist() == [-1] * 4


def greedy(costs: NDArray[np.int64]) -> int:
    """Total cost of taking the cheapest pair again and again."""
    total, left = 0, costs.astype(float)
    for _ in range(min(costs.shape)):
        unit, task = np.unravel_index(left.argmin(), left.shape)
        total += int(left[unit, task])
        left[unit], left[:, task] = np.inf, np.inf
    return total


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_exact", [True, False])
def test_not_worse_than_greedy_over_all_pairs(seed: int, is_exact: bool) -> None:
    rng = np.random.default_rng(seed)
    grid = open_grid(int(rng.integers(3, 40)), int(rng.integers(3, 40)))
    ways = Ways(grid) if is_exact else estimating(grid)
    n_units, n_tasks = (int(n) for n in rng.integers(1, 40, size=2))
    cells = rng.integers(grid.n_cells, size=n_units).astype(np.int32)
    headings = rng.integers(4, size=n_units).astype(np.int8)
    firsts = rng.integers(grid.n_cells, size=n_tasks).astype(np.int32)
    zeros = np.zeros(n_tasks, dtype=np.int32)
    got = ThroughputAssignment(ways).assign(
        cells, headings, free(n_units), np.full(n_units, -1, np.int32), firsts, zeros
    )
    taken = got[got >= 0].tolist()
    assert len(taken) == len(set(taken)) == min(n_units, n_tasks), f"seed {seed}"
    costs = np.array([
        [ways.cost(cell, heading, goal) for goal in firsts.tolist()]
        for cell, heading in zip(cells.tolist(), headings.tolist(), strict=True)
    ])  # fmt: skip
    total = sum(int(costs[unit, task]) for unit, task in enumerate(got.tolist()) if task >= 0)
    assert total <= 1.1 * greedy(costs) + LOYALTY, f"seed {seed}"
    assert N_NEAR >= 2


def test_the_same_question_has_the_same_answer() -> None:
    rng = np.random.default_rng(5)
    ways = estimating(open_grid(50, 60))
    arguments = (
        rng.integers(3000, size=200).astype(np.int32), rng.integers(4, size=200).astype(np.int8),
        rng.random(200) < 0.7, np.full(200, -1, np.int32),
        rng.integers(3000, size=300).astype(np.int32), rng.integers(90, size=300).astype(np.int32),
    )  # fmt: skip
    assignment = ThroughputAssignment(ways)
    first = assignment.assign(*arguments)
    assert (first == assignment.assign(*arguments)).all()
    assert (first == ThroughputAssignment(ways).assign(*arguments)).all()
