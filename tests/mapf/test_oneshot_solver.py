"""One-shot paths: right, optimal where that can be proved, told where there are none."""

from __future__ import annotations

import heapq
import itertools

import numpy as np
import pytest

from fleet_control.mapf.grid import grid_of, with_blocked
from fleet_control.mapf.oneshot.check import plan_faults
from fleet_control.mapf.oneshot.problem import OneShotError, problem_of
from fleet_control.mapf.oneshot.solver import Budget, Outcome, Solution, solve
from layouts import Layout, open_layout

ENOUGH = Budget(iterations=200_000)


def floor(*rows: str) -> Layout:
    return open_layout("drawn", np.array([[mark == "." for mark in row] for row in rows], np.int8))


def random_floor(rng: np.random.Generator, n_rows: int, n_cols: int, share: float) -> Layout:
    return open_layout("random", (rng.random((n_rows, n_cols)) >= share).astype(np.int8))


def random_pairs(rng: np.random.Generator, layout: Layout, n: int) -> tuple[np.ndarray, np.ndarray]:
    free = np.flatnonzero(layout.driveable).astype(np.int32)
    return rng.permutation(free)[:n], rng.permutation(free)[:n]


def one_way(layout: Layout, *closed: tuple[int, int]) -> Layout:
    """Without the moves from the first to the second of each pair of cells."""
    exits = np.array(layout.exits)
    for cell, target in closed:
        exits[cell, layout.neighbours[cell].tolist().index(target)] = False
    return Layout("one-way", layout.n_rows, layout.n_cols, layout.kinds, exits, layout.edge_costs)


def has_ring(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    moves = {a: b for a, b in zip(before, after, strict=True) if a != b}
    for begin in moves:
        cell, steps = begin, 0
        while cell in moves and steps <= len(moves):
            cell, steps = moves[cell], steps + 1
            if cell == begin:
                return True
    return False


def least_cost(layout: Layout, starts: list[int], goals: list[int], rings: bool) -> int | None:
    """Of all solutions, by Dijkstra's algorithm over all configurations; None for no solution."""
    table = layout.neighbours.tolist()
    target, known = tuple(goals), {tuple(starts): 0}
    heap = [(0, tuple(starts))]
    while heap:
        cost, now = heapq.heappop(heap)
        if now == target:
            return cost
        if cost > known[now]:
            continue
        options = [[cell, *(n for n in table[cell] if n >= 0)] for cell in now]
        for after in itertools.product(*options):
            pairs = set(zip(now, after, strict=True))
            if len(set(after)) < len(after):
                continue
            if any(a != b and (b, a) in pairs for a, b in pairs):
                continue
            if not rings and has_ring(now, after):
                continue
            whole = zip(now, after, goals, strict=True)
            spent = cost + sum(not (a == b == goal) for a, b, goal in whole)
            if spent < known.get(after, 1 << 30):
                known[after] = spent
                heapq.heappush(heap, (spent, after))
    return None


def assert_right(
    layout: Layout, starts: np.ndarray, goals: np.ndarray, found: Solution, rings: bool = False
) -> None:
    assert found.cells is not None
    assert plan_faults(layout, starts, goals, found.cells, rings) == []
    waits = (found.cells[1:] == found.cells[:-1]) & (found.cells[1:] == goals)
    assert int((~waits).sum()) == found.cost >= found.bound


@pytest.mark.parametrize("seed", range(40))
def test_tiny_problems_are_solved_at_the_least_cost_or_proved_to_have_no_solution(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    layout = random_floor(rng, 3, 3, 0.25)
    n_agents = min(2 + seed % 3, int(layout.driveable.sum()))
    starts, goals = random_pairs(rng, layout, n_agents)
    rings = bool(seed & 1)
    wanted = least_cost(layout, starts.tolist(), goals.tolist(), rings)
    found = solve(layout, starts, goals, ENOUGH, seed, allow_cycles=rings)
    if wanted is None:
        assert (found.outcome, found.cells) == (Outcome.UNSOLVABLE, None), f"seed {seed}"
    else:
        assert (found.outcome, found.cost) == (Outcome.OPTIMAL, wanted), f"seed {seed}"
        assert_right(layout, starts, goals, found, rings)


@pytest.mark.parametrize("seed", range(12))
def test_one_way_floors_at_the_least_cost_or_proved(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    layout = open_layout("open", np.ones((3, 3), dtype=np.int8))
    edges = [(a, int(b)) for a in range(9) for b in layout.neighbours[a] if b >= 0]
    layout = one_way(layout, *(edges[k] for k in rng.permutation(len(edges))[:8]))
    starts, goals = random_pairs(rng, layout, 3)
    wanted = least_cost(layout, starts.tolist(), goals.tolist(), rings=False)
    found = solve(layout, starts, goals, ENOUGH, seed)
    expected = Outcome.UNSOLVABLE if wanted is None else Outcome.OPTIMAL
    assert (found.outcome, found.cost) == (expected, wanted or 0), f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_crowded_random_floors_are_solved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = random_floor(rng, 12, 12, 0.1)
    inside = np.flatnonzero(layout.driveable)
    while True:  # only cells that hang together
        problem = problem_of(layout, inside[:1], inside[:1])
        reached = problem.cells[problem.distances[0] < 65535]
        if len(reached) > 60:
            break
        inside = inside[1:]
    n_agents = len(reached) // (2 + seed % 3)
    starts, goals = rng.permutation(reached)[:n_agents], rng.permutation(reached)[:n_agents]
    found = solve(layout, starts, goals, Budget(iterations=3000), seed)
    assert found.cells is not None, f"seed {seed}"
    assert_right(layout, starts, goals, found)


@pytest.mark.parametrize(
    ("rows", "starts", "goals"),
    [
        (("......", "##.###"), [0, 5], [5, 0]),
        (("......", "##.###", "##.###"), [0, 1, 5], [5, 0, 1]),
        (("...#...", "##...##", "...#..."), [0, 6, 14, 20], [20, 14, 6, 0]),
    ],
    ids=["siding", "three at a siding", "four dead ends"],
)
def test_agents_change_places_in_narrow_places(
    rows: tuple[str, ...], starts: list[int], goals: list[int]
) -> None:
    layout = floor(*rows)
    found = solve(layout, np.array(starts), np.array(goals), Budget(iterations=20_000))
    assert_right(layout, np.array(starts), np.array(goals), found)


def test_what_has_no_solution_is_proved() -> None:
    corridor = floor(".....")
    found = solve(corridor, np.array([0, 4]), np.array([4, 0]), Budget())
    assert (found.outcome, found.cells) == (Outcome.UNSOLVABLE, None)
    split = floor("..#..")
    found = solve(split, np.array([0, 3]), np.array([4, 1]), Budget())
    assert found.outcome == Outcome.UNSOLVABLE
    assert found.reason == "no way from start to goal for agents 0, 1"


def test_a_full_square_turns_only_where_rings_may() -> None:
    square, starts, goals = floor("..", ".."), np.array([0, 1, 3, 2]), np.array([1, 3, 2, 0])
    assert solve(square, starts, goals, Budget()).outcome == Outcome.UNSOLVABLE
    found = solve(square, starts, goals, Budget(), allow_cycles=True)
    assert (found.outcome, found.cost) == (Outcome.OPTIMAL, 4)


def test_nothing_to_do_costs_nothing() -> None:
    found = solve(floor("..."), np.array([0, 2]), np.array([0, 2]), Budget())
    assert (found.outcome, found.cost, found.cells.tolist()) == (Outcome.OPTIMAL, 0, [[0, 2]])


def test_the_same_seed_and_iterations_give_the_same_paths() -> None:
    layout = floor(*["." * 10] * 10)
    starts, goals = random_pairs(np.random.default_rng(3), layout, 40)
    runs = [solve(layout, starts, goals, Budget(iterations=400), seed) for seed in (5, 5, 6)]
    assert runs[0].cells.tobytes() == runs[1].cells.tobytes()
    assert runs[0].cells.tobytes() != runs[2].cells.tobytes()
    assert runs[0].iterations == 400


def test_more_iterations_are_never_worse() -> None:
    layout = floor(*["." * 10] * 10)
    starts, goals = random_pairs(np.random.default_rng(4), layout, 50)
    costs = [
        solve(layout, starts, goals, Budget(iterations=n), 0).cost for n in (100, 200, 400, 800)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


def test_a_budget_that_is_over_ends_with_what_there_is() -> None:
    layout = floor(*["." * 8] * 8)
    starts, goals = random_pairs(np.random.default_rng(0), layout, 30)
    found = solve(layout, starts, goals, Budget(is_over=lambda: True))
    assert (found.outcome, found.cells) == (Outcome.UNFINISHED, None)
    looks = iter([False] * 3 + [True] * 10)
    found = solve(layout, starts, goals, Budget(is_over=lambda: next(looks)))
    assert_right(layout, starts, goals, found)


def test_a_search_that_needs_too_much_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet_control.mapf.oneshot.search.MOST_BYTES", 1)
    corridor = floor("." * 12)
    found = solve(corridor, np.array([0, 5, 11]), np.array([11, 5, 0]), Budget())
    assert (found.outcome, found.reason) == (Outcome.UNFINISHED, "the search needs more memory")


def test_blocked_cells_are_left_but_not_entered() -> None:
    layout = floor("...", "...", "...")
    blocked = np.zeros(9, dtype=bool)
    blocked[[3, 4]] = True
    grid = with_blocked(grid_of(layout), blocked)
    found = solve(grid, np.array([3, 2]), np.array([8, 6]), ENOUGH)
    assert found.outcome == Outcome.OPTIMAL
    assert plan_faults(grid, np.array([3, 2]), np.array([8, 6]), found.cells, False) == []
    assert not np.isin(found.cells[1:], [4]).any()
    with pytest.raises(OneShotError, match="agent 0: goal at row 2, column 2 is blocked"):
        solve(grid, np.array([0]), np.array([4]), ENOUGH)


def test_goals_may_be_given_to_whoever_is_near() -> None:
    layout = floor("......")
    found = solve(layout, np.array([0, 5]), np.array([4, 1]), Budget(), any_goal=True)
    assert (found.outcome, found.cost) == (Outcome.OPTIMAL, 2)
    assert found.cells[-1].tolist() == [1, 4]


def test_all_faults_of_starts_and_goals_are_told_at_once() -> None:
    with pytest.raises(OneShotError) as caught:
        solve(floor("..#"), np.array([0, 0, 2]), np.array([1, 9, 0]), Budget())
    assert str(caught.value).splitlines() == [
        "agents 0 and 1 have the same start at row 1, column 1",
        "agent 2: start at row 1, column 3 is blocked; choose a free cell",
        "agent 1: goal 9 is not on the floor",
    ]
    with pytest.raises(OneShotError, match="2 starts and 1 goals"):
        solve(floor(".."), np.array([0, 1]), np.array([1]), Budget())
    with pytest.raises(OneShotError, match="no agents"):
        solve(floor(".."), np.array([], int), np.array([], int), Budget())
