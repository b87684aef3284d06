"""One-shot path finding: a first solution, then better ones for as long as the budget lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.grid import Grid
from fleet_control.mapf.oneshot.guide import guide_of
from fleet_control.mapf.oneshot.placer import Placer
from fleet_control.mapf.oneshot.problem import Problem, problem_of
from fleet_control.mapf.oneshot.refiner import Refiner
from fleet_control.mapf.oneshot.search import Search
from layouts import Layout

VISITS = 50_000
"""Agents times visits between two looks at the budget, before the first solution."""
PLACED = 16
"""Agents placed anew between two looks at the budget."""
GROUPS = 8
"""Groups planned anew between two looks at the budget."""
MORE_VISITS = 20_000
"""Visits in between, divided by n_agents ** 1.5: few agents may be proved optimal, many never."""


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Budget:
    """iterations: visits of configurations and groups planned anew, in all; the same iterations
    give the same paths. is_over: asked in between, for a clock or a person. Both may be left out:
    then only proof ends it."""

    iterations: int | None = None
    is_over: Callable[[], bool] = field(default=never)


class Outcome(StrEnum):
    OPTIMAL = "optimal"
    SOLVED = "solved"
    UNSOLVABLE = "unsolvable"
    """Proved: there is no solution."""
    UNFINISHED = "unfinished"
    """The budget or the memory ended before a first solution."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """cells: int32[n_steps + 1, n_agents], cell of each agent after each step; None where there are
    none. cost: steps of all agents that are not spent waiting at the goal. bound: what they cost at
    least. iterations: that were made. reason: why there are no paths, where that is known."""

    outcome: Outcome
    cells: NDArray[np.int32] | None
    cost: int
    bound: int
    iterations: int
    reason: str = ""


def solve(
    floor: Layout | Grid,
    starts: NDArray[np.int32],
    goals: NDArray[np.int32],
    budget: Budget,
    seed: int = 0,
    allow_cycles: bool = False,
    any_goal: bool = False,
) -> Solution:
    """Paths for all agents at once; see problem.problem_of for the arguments. Headings and turns
    are left out; one-way rules, lanes and blocked cells hold."""
    return solve_problem(problem_of(floor, starts, goals, allow_cycles, any_goal), budget, seed)


def solve_problem(
    problem: Problem,
    budget: Budget,
    seed: int = 0,
    on_better: Callable[[int, int], None] | None = None,
) -> Solution:
    """The same for a problem at hand. on_better: told cost and iterations of solutions, the first
    one and better ones at looks at the budget."""
    bound = int(problem.shortest.sum())
    if cut_off := problem.cut_off():
        return Solution(Outcome.UNSOLVABLE, None, 0, 0, 0, _cut_off_text(cut_off))
    run = _Run(problem, budget, seed)
    if not run.find_first():
        outcome = Outcome.UNSOLVABLE if run.search.is_exhausted else Outcome.UNFINISHED
        reason = "the search needs more memory" if run.search.is_full else ""
        return Solution(outcome, None, 0, bound, run.made, reason)
    told = run.cost
    if on_better:
        on_better(told, run.made)
    while not run.is_optimal and run.goes_on():
        run.improve()
        if on_better and run.cost < told:
            told = run.cost
            on_better(told, run.made)
    outcome = Outcome.OPTIMAL if run.is_optimal else Outcome.SOLVED
    cells = np.ascontiguousarray(problem.cells[run.ranks()])
    return Solution(outcome, cells, run.cost, bound, run.made)


class _Run:
    """One problem under work: the search, and the refiner once there is a solution."""

    def __init__(self, problem: Problem, budget: Budget, seed: int) -> None:
        self._problem, self._budget, self._seed = problem, budget, seed
        guide, n_guided = guide_of(problem)
        self.search = Search(problem, guide, n_guided, seed)
        self._placer: Placer | None = None
        self._refiner: Refiner | None = None
        self._bound = int(problem.shortest.sum())
        self.made = 0

    @property
    def cost(self) -> int:
        return self._refiner.cost if self._refiner else self.search.cost

    @property
    def is_optimal(self) -> bool:
        return self.cost == self._bound or self.search.is_exhausted

    def goes_on(self) -> bool:
        return self._left(1) > 0 and not self._budget.is_over()

    def find_first(self) -> bool:
        if self.search.has_goal:
            return True
        chunk = max(1, VISITS // self._problem.n_agents)
        while self.goes_on() and not self.search.is_over:
            if self._visit(chunk):
                return True
        return False

    def improve(self) -> None:
        """Some agents placed anew; once they all are, a few groups planned anew, a few
        configurations visited."""
        if self._refiner is None:
            if self._place():
                self._refiner = Refiner(self._problem, self._best(), self._seed)
                self._placer = None  # its tables of a large floor are as large as the search's
            return
        n_groups = self._left(GROUPS)
        self._refiner.run(n_groups)
        self.made += n_groups
        self.search.tell_cost(self._refiner.cost)
        if self._visit(max(1, int(MORE_VISITS / self._problem.n_agents**1.5))):
            self._refiner = Refiner(self._problem, self.search.solution(), self._seed + self.made)

    def _place(self) -> bool:
        """Whether all are placed, or that is not worth while."""
        problem = self._problem
        if self._placer is None:
            if not problem.is_sparse:
                return True
            self._placer = Placer(problem, self.search.solution(), self._seed)
        n_agents = self._left(PLACED)
        self._placer.run(n_agents)
        self.made += n_agents
        return self._placer.is_done or self._placer.is_stuck

    def _best(self) -> NDArray[np.int32]:
        """The solution that the search found, or a better one of the placer."""
        placer = self._placer
        if placer is None or not placer.is_done or placer.cost >= self.search.cost:
            return self.search.solution()
        return placer.solution()

    def ranks(self) -> NDArray[np.int32]:
        return self._refiner.solution() if self._refiner else self.search.solution()

    def _visit(self, n_visits: int) -> bool:
        n_visits = self._left(n_visits)
        before = self.search.n_visits
        is_better = self.search.run(n_visits)
        self.made += self.search.n_visits - before
        return is_better

    def _left(self, wanted: int) -> int:
        """So many iterations, or what the budget has left."""
        limit = self._budget.iterations
        return wanted if limit is None else max(0, min(wanted, limit - self.made))


def _cut_off_text(agents: list[int]) -> str:
    shown = ", ".join(map(str, agents[:10])) + (" and more" if len(agents) > 10 else "")
    return f"no way from start to goal for {'agent' if len(agents) == 1 else 'agents'} {shown}"
