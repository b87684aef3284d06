"""A run has jammed where work is on the way for ten minutes and nothing comes of it."""

from __future__ import annotations

import numpy as np
import pytest
from made_outcomes import made

from gridfleet.experiments.measures.jams import JAM_MINUTES, jam_begins

N = 40


def _minutes(value: float, but: float, first: int, n: int) -> np.ndarray:
    values = np.full(N, value)
    values[first : first + n] = but
    return values


def test_a_floor_that_flows_has_no_jam() -> None:
    assert jam_begins(made()) is None


@pytest.mark.parametrize(("n", "found"), [(9, None), (10, 20), (15, 20)])
def test_ten_minutes_without_a_task_are_a_jam(n: int, found: int | None) -> None:
    outcome = made(n_minutes=N, columns={"tasks": _minutes(8.0, 0.0, 20, n)})
    assert jam_begins(outcome) == found


@pytest.mark.parametrize(("first", "found"), [(0, 0), (30, 30), (31, None)])
def test_a_jam_may_be_at_either_end(first: int, found: int | None) -> None:
    outcome = made(n_minutes=N, columns={"tasks": _minutes(8.0, 0.0, first, N - first)})
    assert jam_begins(outcome) == found


@pytest.mark.parametrize(("share", "found"), [(0.85, None), (0.95, 10)])
def test_waiting_nearly_all_the_time_is_a_jam(share: float, found: int | None) -> None:
    way_s = 1200.0
    waiting_s = _minutes(60.0, share * way_s, 10, 10)
    columns = {"unit_waiting_s": waiting_s, "unit_loaded_s": way_s - waiting_s, "unit_empty_s": 0.0}
    assert jam_begins(made(n_minutes=N, columns=columns)) == found


def test_a_fleet_without_work_has_no_jam() -> None:
    still = dict.fromkeys(("tasks", "unit_loaded_s", "unit_empty_s", "unit_waiting_s"), 0.0)
    assert jam_begins(made(n_minutes=N, columns=still)) is None


def test_a_unit_that_parks_while_nothing_is_ordered_is_no_jam() -> None:
    """Ten minutes without a task count only where units were on the way in each of them."""
    quiet = {"tasks": 0.0, "unit_loaded_s": 0.0, "unit_waiting_s": 0.0}
    drives_once = {**quiet, "unit_empty_s": _minutes(0.0, 5.0, 20, 2)}
    assert jam_begins(made(n_minutes=N, columns=drives_once)) is None
    drives_on = {**quiet, "unit_empty_s": _minutes(0.0, 5.0, 20, 10)}
    assert jam_begins(made(n_minutes=N, columns=drives_on)) == 20


def test_errands_count_where_there_are_no_tasks() -> None:
    flows = {"tasks": 0.0, "errands": 3.0}
    assert jam_begins(made(n_minutes=N, work="errands", columns=flows)) is None
    assert jam_begins(made(n_minutes=N, work="errands", columns={"tasks": 8.0})) == 0


def test_a_run_that_broke_jammed_where_it_broke() -> None:
    assert jam_begins(made(n_minutes=7, failure="units touched")) == 7


@pytest.mark.parametrize("n_minutes", [0, 1, JAM_MINUTES - 1])
def test_a_run_below_ten_minutes_cannot_be_told_to_jam(n_minutes: int) -> None:
    assert jam_begins(made(n_minutes=n_minutes, columns={"tasks": 0.0})) is None
