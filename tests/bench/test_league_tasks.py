"""Rules of tasks: who gets which in 2023, pools and schedules of 2024, repairs of 2026."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from league_files import OPEN_5X5, write_problem
from numpy.typing import NDArray

from gridfleet.bench.lorr.given_tasks import GivenTasks
from gridfleet.bench.lorr.problem import read_problem
from gridfleet.bench.lorr.task_pool import TaskPool


def given(folder: Path, strategy: str, n_units: int, n_tasks: int) -> GivenTasks:
    """Task i is at cell i + 10."""
    tasks = [[index + 10] for index in range(n_tasks)]
    path = write_problem(
        folder, 2023, OPEN_5X5, list(range(n_units)), tasks, taskAssignmentStrategy=strategy
    )
    return GivenTasks(read_problem(path))


def pool_of(folder: Path, n_units: int, tasks: list[list[int]], reveal: float = 1.5) -> TaskPool:
    path = write_problem(folder, 2024, OPEN_5X5, list(range(n_units)), tasks, numTasksReveal=reveal)
    return TaskPool(read_problem(path))


def ids(*values: int) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def test_round_robin_goes_by_unit_and_wraps(tmp_path: Path) -> None:
    tasks = given(tmp_path, "roundrobin", 2, 5)
    seen: list[list[int]] = [[], []]
    for step in range(1, 7):
        for unit in range(2):
            seen[unit].append(int(tasks.goals[unit]) - 10)
        tasks.check(tasks.goals.copy(), step)
    assert seen[0] == [(j * 2) % 5 for j in range(6)]
    assert seen[1] == [(j * 2 + 1) % 5 for j in range(6)]


def test_a_slow_unit_does_not_change_the_tasks_of_others(tmp_path: Path) -> None:
    tasks = given(tmp_path, "roundrobin", 2, 8)
    for step in range(1, 4):
        tasks.check(ids(tasks.goals[0], 0), step)
    assert tasks.goals.tolist() == [10 + 6, 10 + 1]
    assert [index for _, index, _, _ in tasks.assigned] == [0, 1, 2, 4, 6]
    assert tasks.ids.tolist() == [4, 1]


def test_fixed_round_robin_ends(tmp_path: Path) -> None:
    tasks = given(tmp_path, "roundrobin_fixed", 2, 3)
    tasks.check(tasks.goals.copy(), 1)
    assert tasks.goals.tolist() == [12, -1]
    tasks.check(tasks.goals.copy(), 2)
    assert tasks.goals.tolist() == [-1, -1]
    assert tasks.n_finished == 3


def test_greedy_is_one_queue_in_order_of_units(tmp_path: Path) -> None:
    tasks = given(tmp_path, "greedy", 2, 4)
    tasks.check(ids(0, tasks.goals[1]), 1)
    assert tasks.goals.tolist() == [10, 12]
    tasks.check(tasks.goals.copy(), 2)
    assert tasks.goals.tolist() == [13, -1]
    assert tasks.events == [(1, 1, 1), (2, 0, 0), (2, 1, 2)]


def test_a_task_where_the_unit_stands_counts_a_step_later(tmp_path: Path) -> None:
    path = write_problem(tmp_path, 2023, OPEN_5X5, [0], [[3], [3], [4]])
    tasks = GivenTasks(read_problem(path))
    tasks.check(ids(3), 1)
    assert tasks.n_finished == 1
    tasks.check(ids(3), 2)
    assert tasks.events == [(1, 0, 0), (2, 0, 1)]


@pytest.mark.parametrize(("n_units", "reveal", "n_open"), [(3, 1.5, 4), (5, 1.5, 7), (2, 1.0, 2)])
def test_so_many_tasks_are_open(tmp_path: Path, n_units: int, reveal: float, n_open: int) -> None:
    pool = pool_of(tmp_path, n_units, [[20]] * 3, reveal)
    assert len(pool) == len(pool.unopened()) == n_open
    assert pool.take(ids(0, *[-1] * (n_units - 1))) is None
    pool.check(ids(20, *[0] * (n_units - 1)), 1)
    pool.reveal(1)
    assert pool.n_finished == 1
    assert len(pool.unopened()) == n_open
    assert pool.revealed_at == [0] * n_open + [1]
    assert pool.source(ids(n_open)).tolist() == [n_open % 3]  # the file begins again


def test_errands_are_done_in_order_and_one_a_step(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 1, [[5, 6, 6]])
    assert pool.take(ids(0)) is None
    for step, cell in enumerate([6, 5, 5, 6, 6], start=1):
        pool.check(ids(cell), step)
    assert pool.events == [(2, 0, 0, 1), (4, 0, 0, 2), (5, 0, 0, 3)]
    assert pool.n_finished == 1
    assert pool.schedule.tolist() == [-1]


def test_standing_on_the_first_errand_counts_in_the_step_of_the_schedule(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 1, [[5, 6]])
    pool.check(ids(5), 1)
    assert pool.events == []
    assert pool.take(ids(0)) is None
    pool.check(ids(5), 2)
    assert pool.events == [(2, 0, 0, 1)]


def test_unopened_tasks_are_swapped_and_dropped_at_will(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 2, [[20, 21], [22, 23], [24]])
    for schedule in (ids(0, 1), ids(1, 0), ids(-1, 2), ids(2, -1)):
        assert pool.take(schedule) is None
        assert (pool.schedule == schedule).all()


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        (ids(0), (-1, -1, -1, "schedule has 1 entries for 2 units")),
        (ids(0, 9), (9, 1, -1, "task is not open")),
        (ids(0, 0), (0, 0, 1, "task is given to two units")),
        (ids(1, 2), (0, 0, -1, "task is opened and stays")),
        (ids(-1, 2), (0, 0, -1, "task is opened and stays")),
    ],
)
def test_a_wrong_schedule_is_refused_as_a_whole(
    tmp_path: Path, schedule: NDArray[np.int32], fault: tuple[int, int, int, str]
) -> None:
    pool = pool_of(tmp_path, 2, [[20, 21], [22, 23], [24]])
    assert pool.take(ids(0, 1)) is None
    pool.check(ids(20, 0), 1)
    assert pool.take(schedule) == fault
    assert pool.schedule.tolist() == [0, 1]


def test_a_finished_task_is_not_open(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 1, [[20]], reveal=2.0)
    assert pool.take(ids(0)) is None
    pool.check(ids(20), 1)
    assert pool.take(ids(0)) == (0, 0, -1, "task is not open")


def test_2026_repairs_unit_by_unit(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 4, [[20, 21], [22, 23], [24]])
    assert pool.repair(ids(0, 1, 2, 3)) == []
    pool.check(ids(20, 0, 0, 0), 1)
    faults = pool.repair(ids(4, 0, 5, 5))
    assert pool.schedule.tolist() == [0, -1, 5, -1]
    assert faults == [
        (0, 0, -1, "task is opened and stays"),
        (0, 1, 0, "task is given to two units"),
        (5, 3, 2, "task is given to two units"),
    ]
    assert pool.repair(ids(0, -1, 99, 5)) == [(99, 2, -1, "task is not open")]
    assert pool.schedule.tolist() == [0, -1, -1, 5]
