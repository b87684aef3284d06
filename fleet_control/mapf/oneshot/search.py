"""The search over configurations: its arrays, and letting them grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.oneshot import search_kernels as kernels
from fleet_control.mapf.oneshot.generator_kernels import N_CANDIDATES, Floor, Scratch
from fleet_control.mapf.oneshot.problem import Problem

MOST_BYTES = 2 << 30
"""Of all arrays; a search that might need more ends where it is."""
_NODES = (
    "configurations", "orders", "parents", "depths", "costs", "bounds", "first_constraint",
    "last_constraint", "first_edge", "n_open", "queue", "is_queued",
)  # fmt: skip
_CONSTRAINTS = ("constraint_parent", "constraint_cell", "constraint_depth", "constraint_next")
_EDGES = ("edge_node", "edge_cost", "edge_next")


def floor_of(problem: Problem) -> Floor:
    """The problem for the kernels."""
    degrees = (problem.moves >= 0).sum(axis=1).astype(np.int32)
    return Floor(problem.moves, degrees, problem.goals, problem.distances, problem.allow_cycles)


class Search:
    """LaCAM* on one problem; `run` goes on where it stopped."""

    def __init__(
        self, problem: Problem, guide: NDArray[np.uint16], n_guided: int, seed: int
    ) -> None:
        self._floor = floor_of(problem)
        self._guided = self._floor._replace(distances=guide)
        self._n_guided = n_guided
        self._tree = _empty_tree(problem)
        self._scratch = _scratch(problem, seed)
        self.is_exhausted = False
        self.is_full = False
        self.n_visits = 0
        kernels.begin(self._floor, self._tree, problem.starts)

    @property
    def is_over(self) -> bool:
        """Whether `run` can do no more."""
        return self.is_exhausted or self.is_full

    @property
    def cost(self) -> int:
        """Of the best solution known to the search, its own or one told; NO_BOUND for none."""
        return int(self._tree.counts[kernels.BOUND])

    @property
    def has_goal(self) -> bool:
        return bool(self._tree.counts[kernels.GOAL] >= 0)

    def tell_cost(self, cost: int) -> None:
        """A solution of that cost is known from elsewhere: only less is looked for."""
        counts = self._tree.counts
        counts[kernels.BOUND] = min(int(counts[kernels.BOUND]), cost)

    def run(self, n_visits: int) -> bool:
        """Visit nodes so often; True, and maybe sooner, when there is a better solution."""
        while n_visits > 0 and not self.is_over:
            why, n_made = kernels.search(
                self._floor, self._guided, self._n_guided, self._tree, self._scratch, n_visits
            )
            n_visits -= n_made
            self.n_visits += n_made
            if why == kernels.FOUND:
                return True
            if why == kernels.EXHAUSTED:
                self.is_exhausted = True
            elif why == kernels.NEEDS_ROOM:
                self._grow()
        return False

    def solution(self) -> NDArray[np.int32]:
        """int32[n_steps + 1, n_agents], ranks along the cheapest way found to the goal."""
        nodes = [int(self._tree.counts[kernels.GOAL])]
        while (parent := int(self._tree.parents[nodes[-1]])) >= 0:
            nodes.append(parent)
        return self._tree.configurations[nodes[::-1]].copy()

    def _grow(self) -> None:
        """Double whatever is nearly full, if there is memory for it."""
        tree = self._tree
        if 2 * sum(array.nbytes for array in tree) > MOST_BYTES:
            self.is_full = True
            return
        n_nodes, n_constraints, n_edges, n_open = tree.counts[: kernels.N_OPEN + 1].tolist()
        grown: dict[str, Any] = {}
        if n_nodes >= len(tree.parents):
            grown |= _longer(tree, _NODES, 2 * n_nodes)
            grown["queue"] = np.zeros(len(grown["parents"]), dtype=np.int32)
        if n_constraints + 6 > len(tree.constraint_cell):
            grown |= _longer(tree, _CONSTRAINTS, 2 * len(tree.constraint_cell))
        if n_edges >= len(tree.edge_node):
            grown |= _longer(tree, _EDGES, 2 * n_edges)
        if n_open + n_nodes + 2 > len(tree.open):
            grown |= _longer(tree, ("open",), 2 * (n_open + n_nodes + 2))
        if 2 * n_nodes >= len(tree.table):
            grown["table"] = np.full(2 * len(tree.table), -1, dtype=np.int32)
        self._tree = tree._replace(**grown)
        if "table" in grown:
            kernels.fill_table(self._tree)


def _longer(tree: kernels.Tree, names: tuple[str, ...], length: int) -> dict[str, Any]:
    grown = {}
    for name in names:
        old = getattr(tree, name)
        grown[name] = np.zeros((length, *old.shape[1:]), dtype=old.dtype)
        grown[name][: len(old)] = old
    return grown


def _empty_tree(problem: Problem) -> kernels.Tree:
    n_agents, n_nodes = problem.n_agents, 256
    counts = np.zeros(kernels.N_COUNTS, dtype=np.int64)
    counts[kernels.GOAL], counts[kernels.BOUND] = -1, kernels.NO_BOUND
    whole: dict[str, Any] = {name: np.zeros(n_nodes, dtype=np.int32) for name in _NODES}
    whole |= {name: np.zeros((n_nodes, n_agents), dtype=np.int32) for name in _NODES[:2]}
    whole |= {name: np.zeros(n_nodes, dtype=np.int64) for name in ("costs", "bounds")}
    whole["is_queued"] = np.zeros(n_nodes, dtype=bool)
    whole |= {name: np.zeros(4096, dtype=np.int32) for name in _CONSTRAINTS + _EDGES}
    ranking = np.argsort(-problem.shortest, kind="stable").astype(np.int32)
    return kernels.Tree(
        counts=counts,
        open=np.zeros(1024, dtype=np.int32),
        table=np.full(1024, -1, dtype=np.int32),
        ranking=ranking,
        fixed=np.zeros(n_agents, dtype=np.int32),
        **whole,
    )


def _scratch(problem: Problem, seed: int) -> Scratch:
    n_agents, n_ranks = problem.n_agents, problem.n_ranks
    over_agents = {
        name: np.zeros(n_agents, dtype=np.int32)
        for name in ("chosen", "counts", "cursors", "partners", "stack")
    }
    return Scratch(
        at_now=np.full(n_ranks, -1, dtype=np.int32),
        at_next=np.full(n_ranks, -1, dtype=np.int32),
        candidates=np.zeros((n_agents, N_CANDIDATES), dtype=np.int32),
        keys=np.zeros(N_CANDIDATES, dtype=np.int64),
        rng=np.array([seed], dtype=np.uint64),
        **over_agents,
    )
