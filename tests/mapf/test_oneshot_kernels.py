"""Kernels of one-shot search against brute-force twins on seeded random floors."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import pytest

from fleet_control.mapf.oneshot import path_kernels as paths
from fleet_control.mapf.oneshot import placer as placers
from fleet_control.mapf.oneshot import problem as problems
from fleet_control.mapf.oneshot.check import plan_faults
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE
from fleet_control.mapf.oneshot.guide import flow_guide, lane_guide
from fleet_control.mapf.oneshot.placer import Placer
from fleet_control.mapf.oneshot.problem import Problem, problem_of
from fleet_control.mapf.oneshot.refiner import Refiner
from fleet_control.mapf.oneshot.search import Search
from layouts import open_layout


def random_problem(seed: int, side: int = 7, n_agents: int = 10, rings: bool = False) -> Problem:
    """On the largest part of a random floor that hangs together."""
    rng = np.random.default_rng(seed)
    layout = open_layout("random", (rng.random((side, side)) > 0.15).astype(np.int8))
    free = np.flatnonzero(layout.driveable)
    whole = problem_of(layout, free, free)
    reached = max((whole.cells[row < UNREACHABLE] for row in whole.distances), key=len)
    starts, goals = rng.permutation(reached)[:n_agents], rng.permutation(reached)[:n_agents]
    return problem_of(layout, starts, goals, rings)


def solution_of(problem: Problem, seed: int) -> np.ndarray:
    search = Search(problem, problem.distances, 0, seed)
    assert search.run(20_000), f"seed {seed}"
    return search.solution()


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_a_plain_search(seed: int) -> None:
    problem = random_problem(seed)
    moves = problem.moves.tolist()
    for agent, goal in enumerate(problem.goals.tolist()):
        wanted, ring, steps = np.full(problem.n_ranks, UNREACHABLE), {goal}, 0
        while ring:
            wanted[list(ring)] = steps
            steps += 1
            ring = {
                rank for rank in range(problem.n_ranks)
                if wanted[rank] == UNREACHABLE and ring & set(moves[rank])
            }  # fmt: skip
        assert problem.distances[agent].tolist() == wanted.tolist()


def corridors(seed: int, n_agents: int = 25) -> Problem:
    """Blocks of shelves with some gaps, so that rows and columns between them have lanes."""
    rng = np.random.default_rng(seed)
    cells = np.ones((10, 13), dtype=np.int8)
    cells[1::3, 1:12] = rng.random((3, 11)) < 0.3
    layout = open_layout("blocks", cells)
    free = rng.permutation(np.flatnonzero(layout.driveable)).astype(np.int32)
    return problem_of(layout, free[:n_agents], rng.permutation(free)[:n_agents])


@pytest.mark.parametrize("guide_of", [flow_guide, lane_guide])
@pytest.mark.parametrize("seed", range(5))
def test_guides_lead_to_the_goals(
    guide_of: Callable[[Problem], tuple[np.ndarray, int]], seed: int
) -> None:
    for problem in (random_problem(seed, side=9, n_agents=25), corridors(seed)):
        guide, n_steps = guide_of(problem)
        assert n_steps == problem.shortest.max()
        for agent, goal in enumerate(problem.goals.tolist()):
            is_cut_off = problem.distances[agent] == UNREACHABLE
            assert ((guide[agent] == UNREACHABLE) == is_cut_off).all()
            assert guide[agent, goal] == 0
            for rank in np.flatnonzero(~is_cut_off & (guide[agent] > 0)):
                ahead = problem.moves[rank][problem.moves[rank] >= 0]
                assert guide[agent, ahead].min() < guide[agent, rank]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_agents", [9, 25])
def test_steps_against_lanes_and_onto_goals_are_dear(seed: int, n_agents: int) -> None:
    """Onto goals where agents are few."""
    problem = corridors(seed, n_agents)
    assert problem.is_against.any()
    assert problem.is_sparse == (n_agents == 9)
    is_goal = problem.is_sparse & np.isin(np.arange(problem.n_ranks), problem.goals)
    steps = {
        (rank, there): 1 + int(is_against) + int(is_goal[there])
        for rank, row in enumerate(problem.moves.tolist())
        for there, is_against in zip(row, problem.is_against[rank], strict=True)
        if there >= 0
    }
    against = np.argwhere(problem.is_against).tolist()
    for rank, place in against:  # the way back is along the lane
        there = int(problem.moves[rank, place])
        assert steps[there, rank] == 1 + int(is_goal[rank])
    guide, _ = lane_guide(problem)
    for agent, goal in enumerate(problem.goals.tolist()):
        wanted = np.full(problem.n_ranks, UNREACHABLE)
        wanted[goal] = 0
        for _ in range(problem.n_ranks):  # Bellman-Ford
            for (a, b), cost in steps.items():
                wanted[a] = min(wanted[a], wanted[b] + cost)
        assert guide[agent].tolist() == wanted.tolist(), f"seed {seed}"


@pytest.mark.parametrize("rings", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_placed_agents_have_paths_that_fit_together(seed: int, rings: bool) -> None:
    problem = random_problem(seed, side=9, n_agents=12, rings=rings)
    solution = solution_of(problem, seed)
    placer = Placer(problem, solution, seed)
    while not placer.is_done:
        placer.run(1)
    assert_solves(problem, placer.solution(), placer.cost, f"seed {seed}")


def test_who_finds_no_path_takes_that_of_the_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """With hardly any search all take theirs, which fit together."""
    monkeypatch.setattr(placers, "MOST_LABELS", 2)
    problem = random_problem(4, side=9, n_agents=20)
    solution = solution_of(problem, 4)
    placer = Placer(problem, solution, 0)
    placer.run(200)
    assert placer.is_done
    assert placer.is_stuck
    assert_solves(problem, placer.solution(), placer.cost, "all known")


def test_two_that_rest_side_by_side_let_a_third_through() -> None:
    """A road two cells wide, cut by the goals of the two that are planned first."""
    layout = open_layout("road", np.ones((2, 9), dtype=np.int8))
    starts, goals = np.array([3, 12, 0], np.int32), np.array([4, 13, 8], np.int32)
    problem = problem_of(layout, starts, goals)
    placer = Placer(problem, solution_of(problem, 0), 0)
    placer.run(100)
    assert placer.is_done
    assert_solves(problem, placer.solution(), placer.cost, "road")


def assert_solves(problem: Problem, ranks: np.ndarray, cost: int, told: str) -> None:
    is_free = np.zeros((problem.n_rows, problem.n_cols), dtype=np.int8)
    is_free.flat[problem.cells] = 1
    floor = open_layout("same", is_free)
    starts, goals = problem.cells[problem.starts], problem.cells[problem.goals]
    cells = problem.cells[ranks]
    assert plan_faults(floor, starts, goals, cells, problem.allow_cycles) == [], told
    assert sum(paths.cost_of(cells[:, k], goals[k]) for k in range(problem.n_agents)) == cost, told


def test_any_number_of_threads_fills_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for n_threads in (1, 3):
        monkeypatch.setattr(problems, "usable_processors", lambda n=n_threads: n)
        monkeypatch.setattr(problems, "FEWEST_A_THREAD", 1)
        problem = corridors(3)
        found.append((problem.distances.tolist(), lane_guide(problem)[0].tolist()))
    assert found[0] == found[1]


def test_bits_of_times_are_found() -> None:
    rng = np.random.default_rng(0)
    for n_times in (1, 63, 64, 65, 200):
        for share in (0.02, 0.5, 0.98):
            busy = rng.random(n_times) < share
            words = np.zeros(-(-n_times // 64), dtype=np.uint64)
            for time in np.flatnonzero(busy).tolist():
                words[time >> 6] |= np.uint64(1 << (time & 63))
            for time in range(n_times + 1):
                later = [t for t in range(time, n_times) if busy[t]]
                empty = [t for t in range(time, n_times) if not busy[t]]
                assert paths._next_time(words, time, paths.EMPTY, n_times) == [*later, n_times][0]
                assert paths._next_time(words, time, paths.FULL, n_times) == [*empty, n_times][0]


def cheapest(problem: Problem, others: np.ndarray, agent: int) -> int:
    """Cost of the best path around others (int32[n_times, n]), by Dijkstra over (time, rank)."""
    n_times, goal = len(others), int(problem.goals[agent])
    heap, done = [(0, 0, int(problem.starts[agent]))], set()
    while heap:
        cost, time, here = heapq.heappop(heap)
        if (time, here) in done:
            continue
        done.add((time, here))
        if here == goal and not (others[time:] == goal).any():
            return cost
        if time + 1 == n_times:
            continue
        now, after = others[time], others[time + 1]
        for there in {here, *problem.moves[here].tolist()} - {-1}:
            if (after == there).any() or ((now == there) & (after == here)).any():
                continue
            if not problem.allow_cycles and makes_ring(now.tolist(), after.tolist(), here, there):
                continue
            spent = cost + (not here == there == goal)
            heapq.heappush(heap, (spent, time + 1, there))
    raise AssertionError("the old path is a way")


def makes_ring(now: list[int], after: list[int], here: int, there: int) -> bool:
    target = dict(zip(now, after, strict=True))
    cell, seen = there, set()
    while cell in target and target[cell] != cell and cell not in seen:
        seen.add(cell)
        cell = target[cell]
        if cell == here:
            return there != here
    return False


@pytest.mark.parametrize("seed", range(8))
def test_single_paths_are_right_and_nearly_the_cheapest(seed: int) -> None:
    problem = random_problem(seed, rings=bool(seed & 1))
    solution = solution_of(problem, seed)
    refiner = Refiner(problem, solution, seed)
    plan, n_exact = refiner._plan, 0
    for agent in range(problem.n_agents):
        old = int(plan.costs[agent])
        paths.take(plan, agent)
        others = np.delete(solution, agent, axis=1)
        assert paths.find_path(refiner._floor, plan, refiner._labels, agent, old), f"seed {seed}"
        path, goal = plan.paths[agent], problem.goals[agent]
        waits = (path[1:] == goal) & (path[:-1] == goal)
        assert plan.costs[agent] == (~waits).sum() == paths.cost_of(path, goal)
        best = cheapest(problem, others, agent)
        assert best <= plan.costs[agent] <= old
        n_exact += best == plan.costs[agent]
        assert not paths.find_path(refiner._floor, plan, refiner._labels, agent, best - 1)
        plan.paths[agent] = solution[:, agent]
        plan.costs[agent] = old
        paths.put(plan, agent)
    assert n_exact >= problem.n_agents - 1, f"seed {seed}"


@pytest.mark.parametrize("seed", range(5))
def test_the_refiner_keeps_its_books(seed: int) -> None:
    problem = random_problem(seed, side=9, n_agents=25)
    refiner = Refiner(problem, solution_of(problem, seed), seed)
    refiner.run(150)
    plan = refiner._plan
    at = np.full_like(plan.at, -1)
    for agent, path in enumerate(plan.paths):
        at[path, np.arange(path.size)] = agent
        assert plan.costs[agent] == paths.cost_of(path, problem.goals[agent])
    assert (at == plan.at).all()
    for time in range(plan.paths.shape[1]):
        bits = (plan.busy[:, time >> 6] >> np.uint64(time & 63)) & np.uint64(1)
        assert (bits.astype(bool) == (at[:, time] >= 0)).all()
    assert plan.costs.sum() == refiner.cost


def test_a_table_that_grows_finds_all_configurations_again() -> None:
    problem = random_problem(1, side=4, n_agents=4)
    search = Search(problem, problem.distances, 0, 0)
    while not search.is_over:
        search.run(100_000)
    tree = search._tree
    n_nodes = int(tree.counts[0])
    assert n_nodes > 1024, "the test is of growing arrays"
    known = {tuple(row) for row in tree.configurations[:n_nodes].tolist()}
    assert len(known) == n_nodes
    assert sorted(tree.table[tree.table >= 0].tolist()) == list(range(n_nodes))
