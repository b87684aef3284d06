"""Rules of 2026: actions that take ticks, squares, delays, the order of visits to cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from league_files import write_problem
from numpy.typing import NDArray

from gridfleet.bench.lorr.delays import DelayModel
from gridfleet.bench.lorr.executor import Executor
from gridfleet.bench.lorr.problem import Delays, LeagueProblem, read_problem
from gridfleet.bench.lorr.tick_world import WALL, TickWorld

F, R, C, W = range(4)
EAST, NORTH, WEST, SOUTH = range(4)
ROWS = ["......"] * 6


def problem_of(folder: Path, starts: list[int], counter: int, size: float) -> LeagueProblem:
    path = write_problem(folder, 2026, ROWS, starts, [[35]], agentCounter=counter, agentSize=size)
    return read_problem(path)


def world_of(
    folder: Path, starts: list[int], headings: list[int], counter: int = 3, size: float = 1.0
) -> TickWorld:
    world = TickWorld(problem_of(folder, starts, counter, size))
    world.headings[:] = headings
    return world


def ticked(world: TickWorld, *actions: int) -> tuple[list[int], list[int]]:
    done, hit = world.move(np.array(actions, dtype=np.int8))
    return done.tolist(), hit.tolist()


def test_an_action_takes_its_ticks_and_the_cell_changes_with_the_last(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0], [EAST])
    for cell, count in ((0, 1), (0, 2), (1, 0)):
        ticked(world, F)
        assert (world.cells[0], world.counts[0]) == (cell, count)
    for heading in (EAST, EAST, SOUTH):
        ticked(world, R)
        assert world.headings[0] == heading
    assert world.cells[0] == 1


def test_a_wait_pauses_and_other_commands_go_on_with_what_has_begun(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0], [EAST])
    assert ticked(world, F) == ([F], [-1])
    assert ticked(world, W) == ([W], [-1])
    assert world.counts[0] == 1
    assert ticked(world, R) == ([F], [-1])
    assert ticked(world, C) == ([F], [-1])
    assert (world.cells[0], world.headings[0]) == (1, EAST)


def test_a_wall_makes_only_its_unit_wait(tmp_path: Path) -> None:
    world = world_of(tmp_path, [5, 0], [EAST, EAST])
    assert ticked(world, F, F) == ([W, F], [WALL, -1])


def test_a_train_moves_tick_by_tick(tmp_path: Path) -> None:
    for order in ([0, 1, 2], [2, 1, 0]):
        world = world_of(tmp_path, order, [EAST] * 3)
        for _ in range(3):
            assert ticked(world, F, F, F) == ([F] * 3, [-1] * 3)
        assert world.cells.tolist() == [cell + 1 for cell in order]


def test_following_round_a_corner_waits_until_the_cell_is_clear(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0, 1], [EAST, SOUTH])
    for _ in range(3):
        assert ticked(world, F, F) == ([W, F], [1, -1])
    assert ticked(world, F, W) == ([F, W], [-1, -1])


def test_small_units_follow_round_a_corner_at_once(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0, 1], [EAST, SOUTH], size=0.5)
    for _ in range(3):
        assert ticked(world, F, F) == ([F, F], [-1, -1])
    assert world.cells.tolist() == [1, 7]


def test_a_ring_does_not_rotate(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0, 1, 7, 6], [EAST, SOUTH, WEST, NORTH])
    done, _ = ticked(world, F, F, F, F)
    assert done == [W] * 4


def test_units_face_to_face_wait_both(tmp_path: Path) -> None:
    world = world_of(tmp_path, [0, 1], [EAST, WEST])
    assert ticked(world, F, F)[0] == [W, W]


def test_units_that_drive_into_one_cell_meet_half_way(tmp_path: Path) -> None:
    """The rule looks a tick ahead: who gives orders must see to the rest."""
    world = world_of(tmp_path, [0, 2], [EAST, WEST])
    assert [ticked(world, F, F)[0] for _ in range(3)] == [[F, F], [F, W], [W, W]]


def overlap(
    one: NDArray[np.float64], two: NDArray[np.float64], by_one: NDArray[np.float64],
    by_two: NDArray[np.float64], size: float,
) -> bool:  # fmt: skip
    """Whether the squares overlap at any of many moments of the tick."""
    at = np.linspace(0.0, 1.0, 101)[:, None]
    gap = np.abs((two - one) + at * (by_two - by_one))
    return bool((gap < size - 1e-3).all(axis=1).any())


@pytest.mark.parametrize("seed", range(12))
def test_squares_never_overlap_whatever_is_asked(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counter, size = int(rng.integers(1, 5)), float(rng.choice([0.4, 0.7, 1.0]))
    starts = rng.choice(36, 9, replace=False).tolist()
    world = world_of(tmp_path, starts, rng.integers(4, size=9).tolist(), counter, size)
    steps = np.array([[0, 1], [-1, 0], [0, -1], [1, 0]])
    acting = np.full(9, W)
    for tick in range(60):
        actions = rng.choice([F, F, F, R, C, W], size=9).astype(np.int8)
        along = steps[world.headings]
        share = np.where((world.counts > 0) & (acting == F), world.counts, 0)[:, None] / counter
        at = np.stack(np.divmod(world.cells, 6), axis=1) + along * share
        done, _ = world.move(actions)
        acting = np.where(done != W, done, acting)
        by = along * (done == F)[:, None] / counter
        for one in range(9):
            for two in range(one):
                assert not overlap(at[one], at[two], by[one], by[two], size), (seed, tick)


# ---------------------------------------------------------------------- delays


def test_a_delay_of_d_ticks_is_d_ticks_of_standing() -> None:
    model = DelayModel(Delays(pDelay=1.0, minDelay=3, maxDelay=3), 2)
    assert [model.tick().tolist() for _ in range(3)] == [[True, True]] * 3
    model = DelayModel(Delays(pDelay=0.0), 2)
    assert not any(model.tick().any() for _ in range(50))


@pytest.mark.parametrize("event", ["bernoulli", "poisson"])
@pytest.mark.parametrize("duration", ["uniform", "gaussian"])
def test_delays_are_as_often_and_as_long_as_told(event: str, duration: str) -> None:
    delays = Delays(
        seed=1, pDelay=0.003, minDelay=2, maxDelay=8, eventModel=event, durationModel=duration
    )  # type: ignore[arg-type]
    model = DelayModel(delays, 1000)
    share = np.mean([model.tick().mean() for _ in range(1000)])
    assert 0.012 < share < 0.018  # 0.003 * 5 ticks on average


# ---------------------------------------------------------------------- executor


def staged(
    problem: LeagueProblem, headings: list[int], plan: list[list[int]], window: int = 4
) -> tuple[TickWorld, Executor]:
    world = TickWorld(problem)
    world.headings[:] = headings
    executor = Executor(problem.floor, problem.starts, window)
    executor.end_headings[:] = headings
    executor.take(np.array(plan, dtype=np.int8), world.cells, world.headings)
    return world, executor


def run(world: TickWorld, executor: Executor, delayed: NDArray[np.bool_]) -> list[int]:
    """One tick; commands given."""
    before = world.cells.copy()
    commands = executor.commands(world.cells, world.headings, delayed)
    done, hit = world.move(commands)
    assert (hit == -1).all()
    executor.note(before, world.cells, (done != W) & (world.counts == 0))
    return commands.tolist()


def test_ends_are_where_the_plan_leads(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, [0], 2, 1.0)
    _, executor = staged(problem, [EAST], [[F], [W], [R], [F]])
    assert executor.ends.tolist() == [7]
    assert executor.end_headings.tolist() == [SOUTH]


def test_what_is_beyond_the_window_is_dropped(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, [0], 2, 1.0)
    _, executor = staged(problem, [EAST], [[F], [F], [F], [F]], window=2)
    assert executor.ends.tolist() == [2]


def test_cells_are_visited_in_planned_order_whoever_is_late(tmp_path: Path) -> None:
    """Unit 0 goes over cell 2 before unit 1 crosses it, even if unit 0 is delayed for long."""
    problem = problem_of(tmp_path, [0, 8], 2, 1.0)
    world, executor = staged(problem, [EAST, NORTH], [[F, W], [F, W], [F, W], [W, F]])
    late = np.array([True, False])
    for _ in range(20):
        assert run(world, executor, late) == [W, W]
    for _ in range(8):
        run(world, executor, ~late & late)
    assert world.cells.tolist() == [3, 2]


def test_a_train_is_let_go_in_one_tick_and_stops_with_its_head(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, [0, 1, 2], 3, 1.0)
    world, executor = staged(problem, [EAST] * 3, [[F, F, F], [F, F, F]])
    nobody = np.zeros(3, dtype=bool)
    assert run(world, executor, nobody) == [F, F, F]
    assert run(world, executor, np.array([False, False, True])) == [W, W, W]
    assert run(world, executor, np.array([False, True, False])) == [W, W, F]
    for _ in range(10):
        run(world, executor, nobody)
    assert world.cells.tolist() == [2, 3, 4]


@pytest.mark.parametrize("seed", range(8))
def test_random_plans_are_carried_out_to_their_ends(tmp_path: Path, seed: int) -> None:
    """Valid plans of steps, staged one after the other under delays: everybody gets there."""
    rng = np.random.default_rng(seed)
    starts = rng.choice(36, 8, replace=False).tolist()
    problem = problem_of(tmp_path, starts, int(rng.integers(1, 4)), 1.0)
    world = TickWorld(problem)
    executor = Executor(problem.floor, problem.starts, 3)
    for _ in range(12):
        plan = _free_moves(rng, problem, executor)
        executor.take(plan, world.cells, world.headings)
        for _ in range(int(rng.integers(1, 12))):
            run(world, executor, rng.random(8) < 0.2)
    for _ in range(200):
        run(world, executor, np.zeros(8, dtype=bool))
    assert (world.cells == executor.ends).all(), f"seed {seed}"
    assert (world.headings == executor.end_headings).all(), f"seed {seed}"


def _free_moves(
    rng: np.random.Generator, problem: LeagueProblem, executor: Executor
) -> NDArray[np.int8]:
    """Three steps of random actions; forward only onto cells where nobody is before or after."""
    cells, headings = executor.ends.copy(), executor.end_headings.copy()
    plan = np.full((3, len(cells)), W, dtype=np.int8)
    for row in plan:
        taken = set(cells.tolist())
        for unit in range(len(cells)):
            row[unit] = rng.choice([F, F, R, C, W])
            ahead = int(problem.floor.neighbours[cells[unit], headings[unit]])
            if row[unit] == F and (ahead < 0 or ahead in taken):
                row[unit] = W
            elif row[unit] == F:
                taken.add(ahead)
                cells[unit] = ahead
            elif row[unit] in (R, C):
                headings[unit] = (headings[unit] + (3 if row[unit] == R else 1)) % 4
    return plan
