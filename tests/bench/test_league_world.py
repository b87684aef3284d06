"""The joint action of a step: what is valid, and that one invalid action makes everybody wait."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gridfleet.bench.lorr.world import World
from layouts import CellKind, Layout, open_layout

F, R, C, W = range(4)
EAST, NORTH, WEST, SOUTH = range(4)


def floor_of(*rows: str) -> Layout:
    kinds = [[CellKind.OBSTACLE if char == "@" else CellKind.FLOOR for char in row] for row in rows]
    return open_layout("floor", np.array(kinds, dtype=np.int8))


def world_of(floor: Layout, cells: list[int], headings: list[int]) -> World:
    world = World(floor, np.array(cells, dtype=np.int32))
    world.headings[:] = headings
    return world


def moved(world: World, *actions: int) -> str:
    """What was wrong, "" if nothing."""
    before = world.cells.copy(), world.headings.copy()
    done, fault = world.move(np.array(actions, dtype=np.int8))
    if fault is not None:
        assert (done == W).all()
        assert (world.cells == before[0]).all()
        assert (world.headings == before[1]).all()
        return f"{fault[0]} {fault[1]} {fault[2]}"
    return ""


def test_all_begin_east_and_turn_clockwise_by_r() -> None:
    world = world_of(floor_of("..."), [0], [EAST])
    for heading in (SOUTH, WEST, NORTH, EAST):
        assert not moved(world, R)
        assert world.headings[0] == heading
    assert not moved(world, C)
    assert world.headings[0] == NORTH


def test_forward_goes_along_the_heading() -> None:
    floor = floor_of("...", "...", "...")
    for heading, cell in ((EAST, 5), (NORTH, 1), (WEST, 3), (SOUTH, 7)):
        world = world_of(floor, [4], [heading])
        assert not moved(world, F)
        assert world.cells[0] == cell


def test_following_is_legal() -> None:
    world = world_of(floor_of("...."), [0, 1, 2], [EAST] * 3)
    assert not moved(world, F, F, F)
    assert world.cells.tolist() == [1, 2, 3]


def test_rotating_along_a_ring_is_legal() -> None:
    world = world_of(floor_of("..", ".."), [0, 1, 3, 2], [EAST, SOUTH, WEST, NORTH])
    assert not moved(world, F, F, F, F)
    assert world.cells.tolist() == [1, 3, 2, 0]


def test_changing_places_is_not() -> None:
    world = world_of(floor_of("...", "..."), [0, 1, 3], [EAST, WEST, EAST])
    assert moved(world, F, F, F) == "edge conflict 0 1"


def test_ending_on_one_cell_is_not() -> None:
    world = world_of(floor_of("..."), [0, 2], [EAST, WEST])
    assert moved(world, F, F) == "vertex conflict 0 1"
    assert moved(world_of(floor_of(".."), [0, 1], [EAST, EAST]), F, W) == "vertex conflict 0 1"


def test_leaving_the_map_or_hitting_an_obstacle_is_not() -> None:
    floor = floor_of("..", "@.")
    text = "moves off the map or onto an obstacle"
    assert moved(world_of(floor, [1, 0], [EAST, EAST]), F, W) == f"{text} 0 -1"  # no wrap
    assert moved(world_of(floor, [0, 1], [NORTH, EAST]), F, W) == f"{text} 0 -1"
    assert moved(world_of(floor, [0, 1], [SOUTH, EAST]), F, W) == f"{text} 0 -1"


def test_a_vector_of_another_size_or_an_unknown_action_is_not() -> None:
    world = world_of(floor_of(".."), [0, 1], [EAST, EAST])
    assert moved(world, W) == "1 actions for 2 units -1 -1"
    assert moved(world, W, 7) == "incorrect action 1 -1"


def is_valid(
    floor: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8], actions: NDArray[np.int8]
) -> tuple[bool, list[int]]:
    """The rule by its words, over all pairs."""
    steps = ((0, 1), (-1, 0), (0, -1), (1, 0))
    after = []
    for cell, heading, action in zip(cells.tolist(), headings, actions, strict=True):
        row, col = divmod(cell, floor.n_cols)
        if action == F:
            row, col = row + steps[heading][0], col + steps[heading][1]
        if not (0 <= row < floor.n_rows and 0 <= col < floor.n_cols):
            return False, []
        if not floor.driveable[row * floor.n_cols + col]:
            return False, []
        after.append(row * floor.n_cols + col)
    for one in range(len(after)):
        for two in range(one):
            swaps = after[one] == cells[two] and after[two] == cells[one]
            if after[one] == after[two] or swaps:
                return False, []
    return True, after


@pytest.mark.parametrize("seed", range(30))
def test_the_kernel_agrees_with_the_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = np.where(rng.random((4, 4)) < 0.15, CellKind.OBSTACLE, CellKind.FLOOR)
    floor = open_layout("floor", kinds.astype(np.int8))
    free = np.flatnonzero(floor.driveable)
    n_units = int(rng.integers(1, min(7, len(free))))
    n_valid = 0
    for _ in range(60):
        cells = rng.choice(free, n_units, replace=False).tolist()
        world = world_of(floor, cells, rng.integers(4, size=n_units).tolist())
        actions = rng.choice([F, F, R, C, W], size=n_units).astype(np.int8)
        right, after = is_valid(floor, world.cells, world.headings, actions)
        assert (moved(world, *actions.tolist()) == "") == right, f"seed {seed}"
        if right:
            n_valid += 1
            assert world.cells.tolist() == after
    assert n_valid
