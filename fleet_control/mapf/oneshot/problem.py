"""What is asked of one-shot path finding, as arrays over the cells that units may be on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.lanes import against_lanes
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE, fill_distances
from fleet_control.processors import even_shares, in_threads, usable_processors
from layouts import Layout
from layouts.directions import one_way

T = TypeVar("T")
DENSEST = 0.14
"""Agents a cell."""
MOST_THREADS, FEWEST_A_THREAD = 4, 64
"""Agents; fewer are not worth a thread's start."""


class OneShotError(FleetError, ValueError):
    """Starts and goals that make no problem; a line for each fault."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Agents are numbered as given; cells by rank among those of the graph ("ranks").

    cells: int32[n_ranks], cell of each rank. moves: int32[n_ranks, 4], ranks one step away, filled
    up with -1. is_against: bool[n_ranks, 4], those against the lane of their row or column
    (lanes.py), which nobody has to keep to. starts, goals: int32[n_agents], ranks. distances:
    uint16[n_agents, n_ranks], steps to the agent's goal; graph_kernels.UNREACHABLE where there is
    no way. allow_cycles: whether rings of units may rotate in one step.
    """

    n_rows: int
    n_cols: int
    cells: NDArray[np.int32]
    moves: NDArray[np.int32]
    is_against: NDArray[np.bool_]
    starts: NDArray[np.int32]
    goals: NDArray[np.int32]
    distances: NDArray[np.uint16]
    allow_cycles: bool

    @property
    def n_agents(self) -> int:
        return len(self.starts)

    @property
    def n_ranks(self) -> int:
        return len(self.cells)

    @property
    def is_sparse(self) -> bool:
        """Whether there is room to go round others, and round those that are at their goals."""
        return self.n_agents <= DENSEST * self.n_ranks

    @property
    def shortest(self) -> NDArray[np.int64]:
        """int64[n_agents], steps of each agent if it were alone; their sum bounds all costs."""
        agents = np.arange(self.n_agents)
        steps: NDArray[np.int64] = self.distances[agents, self.starts].astype(np.int64)
        return steps

    def cut_off(self) -> list[int]:
        """Agents that have no way to their goals."""
        return np.flatnonzero(self.shortest == UNREACHABLE).tolist()


def problem_of(
    floor: Layout | Grid,
    starts: NDArray[np.int32],
    goals: NDArray[np.int32],
    allow_cycles: bool = False,
    any_goal: bool = False,
) -> Problem:
    """The problem on the moves of a layout, or of a grid with its lanes and blocked cells.

    starts, goals: cells, each at most once. any_goal: each agent may go to any of the goals; they
    are given out so that the sum of the distances is least. Raises OneShotError with all faults.
    """
    neighbours = floor.neighbours
    may_stand = _standable(floor)
    starts, goals = np.asarray(starts, dtype=np.int32), np.asarray(goals, dtype=np.int32)
    if faults := _faults(floor, may_stand, starts, goals):
        raise OneShotError("\n".join(faults))
    may_stand[starts] = True
    cells = np.flatnonzero(may_stand).astype(np.int32)
    ranks = np.full(len(neighbours), -1, dtype=np.int32)
    ranks[cells] = np.arange(len(cells))
    beside = neighbours[cells]
    towards = np.where(beside >= 0, ranks[beside], -1).astype(np.int32)
    order = np.argsort(towards < 0, axis=1, kind="stable")  # rows with their -1 at the end
    moves = np.ascontiguousarray(np.take_along_axis(towards, order, axis=1))
    streets = one_way(neighbours) & may_stand[:, None]
    is_against = against_lanes(may_stand, streets, floor.n_cols)[cells]
    is_against &= (towards >= 0) & ~streets[cells]
    is_against = np.ascontiguousarray(np.take_along_axis(is_against, order, axis=1))
    problem = Problem(
        floor.n_rows, floor.n_cols, cells, moves, is_against, ranks[starts], ranks[goals],
        _distances(moves, ranks[goals]), allow_cycles,
    )  # fmt: skip
    return _matched(problem) if any_goal else problem


def _standable(floor: Layout | Grid) -> NDArray[np.bool_]:
    """bool[n_cells], where an agent may come to stand; of blocked cells units only drive off."""
    if isinstance(floor, Layout):
        return np.array(floor.driveable)
    barred = np.zeros(floor.n_cells, dtype=bool) if floor.barred is None else floor.barred.any(0)
    return (floor.compact >= 0) & ~barred


def _faults(
    floor: Layout | Grid,
    may_stand: NDArray[np.bool_],
    starts: NDArray[np.int32],
    goals: NDArray[np.int32],
) -> list[str]:
    if starts.shape != goals.shape or starts.ndim != 1:
        return [f"{starts.size} starts and {goals.size} goals; every agent needs one of each"]
    if not len(starts):
        return ["no agents; give at least one start and goal"]
    faults = []
    for word, cells in (("start", starts), ("goal", goals)):
        seen: dict[int, int] = {}
        for agent, cell in enumerate(cells.tolist()):
            if not 0 <= cell < len(may_stand):
                faults.append(f"agent {agent}: {word} {cell} is not on the floor")
                continue
            place = f"row {cell // floor.n_cols + 1}, column {cell % floor.n_cols + 1}"
            if not may_stand[cell] and (word == "goal" or not _may_leave(floor, cell)):
                faults.append(f"agent {agent}: {word} at {place} is blocked; choose a free cell")
            if cell in seen:
                faults.append(f"agents {seen[cell]} and {agent} have the same {word} at {place}")
            seen[cell] = agent
    return faults


def _may_leave(floor: Layout | Grid, cell: int) -> bool:
    return isinstance(floor, Grid) and bool(floor.compact[cell] >= 0)


def sources_of(moves: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Ranks from which one step leads to each, filled up with -1, and which of their moves it is:
    int32[n_ranks, 4] and int8[n_ranks, 4]."""
    ranks, places = np.nonzero(moves >= 0)
    targets = moves[ranks, places]
    order = np.argsort(targets, kind="stable")
    ranks, places, targets = ranks[order], places[order], targets[order]
    column = np.arange(len(targets)) - np.searchsorted(targets, targets)
    sources = np.full(moves.shape, -1, dtype=np.int32)
    which = np.full(moves.shape, -1, dtype=np.int8)
    sources[targets, column] = ranks
    which[targets, column] = places
    return sources, which


def for_agents(n_agents: int, work: Callable[[int, int], T]) -> list[T]:
    """What the work returns for the first and the last agent (left out) of each thread's share."""
    n_threads = max(1, min(usable_processors(), MOST_THREADS, n_agents // FEWEST_A_THREAD))
    return in_threads(n_threads, work, even_shares(n_agents, n_threads))


def _distances(moves: NDArray[np.int32], goals: NDArray[np.int32]) -> NDArray[np.uint16]:
    sources, _ = sources_of(moves)
    distances = np.empty((len(goals), len(moves)), dtype=np.uint16)

    def fill(first: int, last: int) -> bool:
        queue = np.empty(len(moves), dtype=np.int32)
        return fill_distances(goals, first, last, sources, queue, distances)

    if not all(for_agents(len(goals), fill)):
        raise OneShotError(f"ways of {UNREACHABLE} steps or more; the floor is too large")
    return distances


def _matched(problem: Problem) -> Problem:
    """Goals given out by the Hungarian method; agents without a way to theirs only where there is
    no other choice."""
    from scipy.optimize import linear_sum_assignment

    costs = problem.distances[:, problem.starts].T.astype(np.float64)
    costs[costs == UNREACHABLE] = 1e9
    _, taken = linear_sum_assignment(costs)
    return replace(
        problem,
        goals=np.ascontiguousarray(problem.goals[taken]),
        distances=np.ascontiguousarray(problem.distances[taken]),
    )
