"""Execution is safe and lives, whatever the delays: properties over seeded random floors."""

from __future__ import annotations

import numpy as np
import pytest
from floors import Floor, executor_of, random_step

from fleet_control.backend import Act, Releases, Reports
from fleet_control.errors import InvariantError
from fleet_control.execution.executor import Executor
from fleet_control.execution.kernels import RING
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.planner import PlannerOptions, planner_named


@pytest.mark.parametrize("seed", range(40))
def test_random_plans_are_executed_safely_and_to_the_end(seed: int) -> None:
    floor = Floor(seed, base_length=1 + seed % 4, most=0.8)
    planner = random_step(floor.rng, floor.layout)
    for _ in range(60):
        for unit in floor.plan(planner).tolist():
            if floor.rng.random() < 0.3 and floor.executor.ahead[unit] < 6:
                floor.act(unit)
        floor.cycle()
    floor.drain()
    assert floor.checker.n_open == 0
    n_visits = sum(map(len, floor.checker.visited.values())) - floor.n_units
    assert int(floor.executor.driven.sum()) == n_visits
    assert int(floor.executor.visits.sum()) == int(floor.executor.driven.sum())


@pytest.mark.parametrize("seed", range(24))
def test_every_errand_finishes_with_the_real_planner(seed: int) -> None:
    """Five goals for every unit, some with a pod to lift; who has finished goes on at random."""
    floor = Floor(seed, most=0.6, pillars=True)
    options = PlannerOptions(seed=seed)
    planner = planner_named("pibt", grid_of(floor.layout), floor.n_units, options)
    goals = floor.rng.choice(floor.cells, floor.n_units)
    n_left = np.full(floor.n_units, 5)
    for unit, goal in enumerate(goals.tolist()):
        planner.set_goal(unit, goal, 0)
    while (n_left > 0).any():
        assert floor.n_cycles < 4000, f"seed {seed}: errands left {n_left}"
        floor.plan(planner.step)
        for unit in np.flatnonzero(floor.executor.end_cells == goals).tolist():
            if floor.executor.ahead[unit] < 6:
                floor.act(unit)
            n_left[unit] -= 1
            goals[unit] = floor.rng.choice(floor.cells)
            planner.set_goal(unit, int(goals[unit]), 0)
        floor.cycle()
    floor.drain()


def executor_at(*cells: int, n_cells: int = 16) -> Executor:
    """Units on a floor of 4 x 4 cells."""
    return executor_of(n_cells, np.array(cells, dtype=np.int32), 3)


@pytest.mark.parametrize(
    ("cells", "chosen", "kind"),
    [
        ([0, 1], [1, 0], "edge"),
        ([0, 1, 5, 4], [1, 5, 4, 0], "cycle"),
        ([0, 1, 5, 4, 10], [1, 5, 4, 0, 10], "cycle"),
        ([0, 2], [1, 1], "vertex"),
        ([0, 1], [1, 1], "vertex"),
    ],
)
def test_a_step_that_events_cannot_execute_is_refused(cells, chosen, kind) -> None:
    executor = executor_at(*cells)
    with pytest.raises(InvariantError, match=f"{kind} conflict of units"):
        executor.commit(np.array(chosen, dtype=np.int32))
    assert executor.n_conflicts == 1
    assert executor.committed.tolist() == [0] * len(cells)
    assert not len(released(executor).units)


def released(executor: Executor) -> Releases:
    """What is released where all units are ready."""
    return executor.release(np.ones(len(executor.done), dtype=bool))


def report(done: int, cleared: int, unit: int = 0) -> Reports:
    one = np.array([unit], dtype=np.int32)
    none = np.empty(0, dtype=np.int32)
    counts = [np.array([value], dtype=np.int32) for value in (done, cleared)]
    faults = np.zeros(1, dtype=np.int8)
    return Reports(1.0, one, *counts, faults, none, none, none, np.empty(0))


def test_a_long_train_moves_at_once() -> None:
    """Followers are no ring: everyone takes the cell of the one ahead."""
    executor = executor_at(0, 1, 2)
    assert executor.commit(np.array([1, 2, 3], dtype=np.int32)).tolist() == [0, 1, 2]
    assert released(executor).units.tolist() == [2]
    executor.absorb(report(1, 1, unit=2))
    assert released(executor).units.tolist() == [1]


@pytest.mark.parametrize(("done", "cleared"), [(3, 0), (0, 2), (2, 3), (1, 3)])
def test_a_report_beyond_what_was_released_is_refused(done: int, cleared: int) -> None:
    executor = executor_at(0, 15)
    for cell in (1, 2):
        executor.commit(np.array([cell, 15], dtype=np.int32))
    assert len(released(executor).units) == 2
    with pytest.raises(InvariantError, match="unit 0 reports step"):
        executor.absorb(report(done, cleared))
    assert executor.owners[[0, 1, 2]].tolist() == [0, 0, 0]


def test_a_cell_is_freed_by_proof_and_by_nothing_else() -> None:
    executor = executor_at(0, 4)
    executor.commit(np.array([1, 0], dtype=np.int32))
    assert released(executor).units.tolist() == [0]
    executor.absorb(report(1, 0))  # arrived, but the rear has not left
    assert not len(released(executor).units)
    executor.absorb(report(1, 1))
    assert released(executor).units.tolist() == [1]


def test_a_cell_is_held_until_the_act_on_it_is_left_behind() -> None:
    """LIFT on a cell and driving on: the cell is free once the drive says so, not at the lift."""
    executor = executor_at(0, 4)
    executor.commit_act(0, Act.LIFT)
    executor.commit(np.array([1, 0], dtype=np.int32))
    assert released(executor).units.tolist() == [0, 0]
    executor.absorb(report(1, 1))
    assert executor.owners[0] == 0
    assert not len(released(executor).units)
    executor.absorb(report(1, 2))
    assert executor.owners[0] == -1
    assert released(executor).units.tolist() == [1]


def test_two_units_on_one_cell_are_refused_at_the_start() -> None:
    with pytest.raises(InvariantError, match="belongs to unit 0"):
        executor_at(3, 3)


def test_committing_more_than_the_ring_holds_is_refused() -> None:
    executor = executor_at(0)
    for step in range(RING - 1):
        executor.commit(np.array([1 - step % 2], dtype=np.int32))
    with pytest.raises(InvariantError, match="commit fewer moves ahead"):
        executor.commit(np.array([1 - (RING - 1) % 2], dtype=np.int32))
    with pytest.raises(InvariantError, match="commit fewer moves ahead"):
        executor.commit_act(0, Act.LIFT)


def test_a_unit_that_waits_is_told_once_what_for() -> None:
    """Unit 0 drives 0 -> 1 and waits there for unit 1 to leave 2."""
    executor = executor_at(0, 2)
    executor.commit(np.array([1, 3], dtype=np.int32))
    executor.commit(np.array([2, 3], dtype=np.int32))
    given = released(executor)
    assert given.cells.tolist() == [1, 3]
    told = executor.outlook()
    assert (told.units.tolist(), told.steps.tolist(), told.cells.tolist()) == ([0], [2], [2])
    assert not len(executor.outlook().units)
