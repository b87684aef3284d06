"""Paths cut behind what is released, steps given up, units admitted and removed: still safe."""

from __future__ import annotations

import numpy as np
import pytest
from floors import Floor, executor_of, random_step

from fleet_control.backend import Act
from fleet_control.errors import InvariantError
from fleet_control.execution.executor import NOWHERE, Executor
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from layouts import Heading


@pytest.mark.parametrize("seed", range(30))
def test_paths_may_be_cut_at_any_moment(seed: int) -> None:
    """Whatever units are doing: what is released is done, what is planned anew is safe."""
    floor = Floor(seed, base_length=1 + seed % 4, most=0.8)
    planner = random_step(floor.rng, floor.layout)
    ex = floor.executor
    for _ in range(80):
        floor.plan(planner)
        if floor.rng.random() < 0.3:
            n_open = int((ex.committed - ex.released).sum())
            floor.checker.note_cut()
            assert ex.cut() == n_open
            assert (ex.committed == ex.released).all()
            check_ends(floor)
        floor.cycle()
    floor.drain()
    assert floor.checker.n_open == 0


def check_ends(floor: Floor) -> None:
    """The planner goes on from where the last released step of each unit leads."""
    starts = [steps[0][0] for steps in floor.checker.steps]
    for unit, steps in enumerate(floor.checker.steps):
        cells = [cell for cell, act in steps if act == Act.DRIVE]
        assert floor.executor.end_cells[unit] == cells[-1]
        heading = 0
        if len(cells) > 1:
            heading = floor.layout.neighbours[cells[-2]].tolist().index(cells[-1])
        assert floor.executor.end_headings[unit] == heading, (unit, starts[unit])


@pytest.mark.parametrize("seed", range(12))
def test_cutting_again_and_again_keeps_nobody_from_its_goal(seed: int) -> None:
    """Three goals for every unit while paths are cut in one cycle of three."""
    floor = Floor(seed, most=0.5, pillars=True)
    options = PlannerOptions(seed=seed)
    planner = planner_named("pibt", grid_of(floor.layout), floor.n_units, options)
    ex = floor.executor
    goals = floor.rng.choice(floor.cells, floor.n_units)
    n_left = np.full(floor.n_units, 3)
    for unit, goal in enumerate(goals.tolist()):
        planner.set_goal(unit, goal, 0)
    while (n_left > 0).any():
        assert floor.n_cycles < 6000, f"seed {seed}: goals left {n_left}"
        floor.plan(planner.step)
        floor.cycle()
        there = (ex.cells_now == goals) & (ex.done == ex.committed)
        for unit in np.flatnonzero(there).tolist():
            n_left[unit] -= 1
            goals[unit] = floor.rng.choice(floor.cells)
            planner.set_goal(unit, int(goals[unit]), 0)
        if floor.rng.random() < 0.33:
            floor.checker.note_cut()
            ex.cut()
    floor.drain()


def given(executor: Executor) -> list[tuple[int, int]]:
    """(unit, cell) of all that is released where everyone is ready."""
    releases = executor.release(np.ones(len(executor.done), dtype=bool))
    return list(zip(releases.units.tolist(), releases.cells.tolist(), strict=True))


def plan(executor: Executor, *steps: list[int]) -> None:
    for cells in steps:
        executor.commit(np.array(cells, dtype=np.int32))


def row_of_four(*starts: int) -> Executor:
    return executor_of(8, np.array(starts, dtype=np.int32), 3)


def test_who_gives_up_steps_frees_their_cells_for_others() -> None:
    executor = row_of_four(0, 7)
    plan(executor, [1, 7], [2, 3])  # unit 1 is let down to row 0 by the next rows of the floor
    assert given(executor) == [(0, 1), (0, 2), (1, 3)]
    executor.cut()
    executor.retract(0, 1)
    assert executor.held_cells(0).tolist() == [0, 1]
    assert executor.owners.tolist() == [0, 0, -1, 1, -1, -1, -1, 1]
    executor.check_holdings()
    plan(executor, [1, 2])
    assert given(executor) == [(1, 2)]


def test_an_act_given_up_keeps_the_cell_it_was_to_be_done_on() -> None:
    executor = row_of_four(0, 7)
    executor.commit_act(0, Act.LIFT)
    assert given(executor) == [(0, 0)]
    executor.cut()
    executor.retract(0, 0)
    assert executor.held_cells(0).tolist() == [0]
    assert executor.released.tolist() == [0, 0]
    executor.check_holdings()
    plan(executor, [1, 7])
    assert given(executor) == [(0, 1)]


@pytest.mark.parametrize("kept", [-1, 2, 3])
def test_a_contradictory_retraction_is_refused(kept: int) -> None:
    executor = row_of_four(0, 7)
    plan(executor, [1, 7], [2, 7])
    given(executor)
    executor.cut()
    with pytest.raises(InvariantError, match="says that it keeps"):
        executor.retract(0, kept)


def test_steps_are_not_taken_back_while_paths_are_committed() -> None:
    executor = row_of_four(0, 7)
    plan(executor, [1, 7], [2, 7], [3, 7], [4, 7], [5, 7])
    given(executor)
    with pytest.raises(InvariantError, match="cut before"):
        executor.retract(0, 1)
    with pytest.raises(InvariantError, match="cut before"):
        executor.remove(0)


def test_a_unit_taken_off_the_floor_leaves_its_cells_to_others() -> None:
    executor = row_of_four(0, 2)
    plan(executor, [1, 2])
    given(executor)
    executor.cut()
    executor.remove(0)
    assert executor.owners.tolist() == [-1, -1, 1, -1, -1, -1, -1, -1]
    assert executor.end_cells.tolist() == [NOWHERE, 2]
    executor.check_holdings()
    plan(executor, [NOWHERE, 1], [NOWHERE, 0])
    assert given(executor) == [(1, 1), (1, 0)]
    with pytest.raises(InvariantError, match="belongs to unit 1"):
        executor.admit(0, 1, heading=2)
    executor.admit(0, 5, heading=2)
    assert executor.held_cells(0).tolist() == [5]
    executor.check_holdings()


def test_units_that_are_not_ready_get_nothing_and_keep_their_turn() -> None:
    executor = row_of_four(0, 2)
    plan(executor, [1, 3], [2, 4])
    releases = executor.release(np.array([True, False]))
    assert releases.cells.tolist() == [1]  # 2 is still held by unit 1
    assert given(executor) == [(1, 3), (1, 4)]


def test_a_closed_cell_is_entered_by_nobody_and_may_be_left() -> None:
    executor = row_of_four(0, 3)
    executor.bars[1, Heading.EAST] = executor.bars[5, Heading.WEST] = True  # into 2, 3 and 4
    plan(executor, [1, 4], [2, 5])
    assert given(executor) == [(0, 1), (1, 4), (1, 5)]
    executor.bars[:] = False
    assert given(executor) == [(0, 2)]


@pytest.mark.parametrize("seed", range(20))
def test_wrong_holdings_are_found(seed: int) -> None:
    """One entry of the reservation table changed at random, of a unit under way."""
    floor = Floor(seed, most=0.7)
    planner = random_step(floor.rng, floor.layout)
    for _ in range(10):
        floor.plan(planner)
        floor.cycle()
    ex = floor.executor
    ex.check_holdings()
    cell = int(floor.rng.integers(len(ex.owners)))
    others = [unit for unit in range(-1, floor.n_units) if unit != ex.owners[cell]]
    ex.owners[cell] = floor.rng.choice(others)
    with pytest.raises(InvariantError, match="in the books"):
        ex.check_holdings()
