"""Small random floors on which plans are executed by units out of step, watched by the checker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from checker import Checker

from fleet_control.backend import Act, Commands, no_station_jobs
from fleet_control.execution.executor import Executor
from fleet_control.instant import Chaos, InstantBackend
from layouts import Layout, open_layout
from twin.unit_model import UnitModel

CYCLE_S = 0.3
COMMIT_MOVES = 3


def random_floor(rng: np.random.Generator, pillars: bool) -> tuple[Layout, np.ndarray]:
    """A floor with obstacles, and the cells of its largest connected part.

    Obstacles are anywhere, or pillars that leave two ways round between any two cells.
    """
    open_cells = rng.random(tuple(rng.integers(4, 9, size=2))) > (0.6 if pillars else 0.15)
    if pillars:
        open_cells[::2] = open_cells[:, ::2] = open_cells[-1] = open_cells[:, -1] = True
    layout = open_layout("random", open_cells.astype(np.int8))
    parts, seen = [], set()
    for start in np.flatnonzero(layout.driveable).tolist():
        if start not in seen:
            part, queue = {start}, deque([start])
            while queue:
                for cell in layout.neighbours[queue.popleft()].tolist():
                    if cell >= 0 and cell not in part:
                        part.add(cell)
                        queue.append(cell)
            parts.append(part)
            seen |= part
    return layout, np.array(sorted(max(parts, key=len)), dtype=np.int32)


def executor_of(
    n_cells: int, starts: np.ndarray, base_length: int, unit: UnitModel | None = None,
    n_cols: int = 0,
) -> Executor:  # fmt: skip
    """With every unit admitted on its cell, facing east. unit: of which turns are kept apart, on
    cells of 1 m; n_cols: of the floor then."""
    executor = Executor(n_cells, len(starts), base_length)
    if unit is not None:
        executor.watch_turns(unit.footprint(1.0), n_cols)
    for unit, cell in enumerate(starts.tolist()):
        executor.admit(unit, cell, heading=0)
    return executor


class Floor:
    """Executor and instant backend with chaos; every cycle is checked.

    plan: from the cells and headings at the ends of all paths and the units that must stay to the
    cells one step later. pods: cells where pods stand, for lifting and lowering on the spot.
    """

    def __init__(
        self, seed: int, base_length: int = 3, most: float = 0.6, pillars: bool = False
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.layout, self.cells = random_floor(self.rng, pillars)
        share = self.rng.uniform(0.1, most)
        n_units = max(2, int(share * len(self.cells)))
        starts = self.rng.permutation(self.cells)[:n_units].astype(np.int32)
        self.pods = set(self.rng.permutation(self.cells)[: len(self.cells) // 4].tolist())
        chaos = Chaos(np.random.default_rng(seed + 10_000), step_s=float(self.rng.uniform(0.1, 2)))
        self.backend = InstantBackend(
            self.layout, starts, np.zeros(n_units, dtype=np.int8),
            np.array(sorted(self.pods), dtype=np.int32), chaos=chaos,
        )  # fmt: skip
        self.executor = executor_of(self.layout.n_cells, starts, base_length)
        self.checker = Checker(starts, base_length, f"seed {seed}")
        self.n_cycles = 0
        self.is_ready = np.ones(n_units, dtype=bool)
        self.n_units = n_units

    def plan(self, planner: Callable[..., np.ndarray]) -> np.ndarray:
        """Commit one step of all units; returns those that moved."""
        ex = self.executor
        before = ex.end_cells.copy()
        after = planner(ex.end_cells, ex.end_headings, ex.ahead >= COMMIT_MOVES)
        self.checker.note_plan(before, after)
        return ex.commit(after)

    def act(self, unit: int) -> None:
        """Lift the pod at the end of the unit's path, if there is one, and set it down again."""
        if int(self.executor.end_cells[unit]) in self.pods:
            self.executor.commit_act(unit, Act.LIFT)
            self.executor.commit_act(unit, Act.LOWER)

    def cycle(self) -> None:
        """Release, let time pass, take in the reports; check after each."""
        ex, checker = self.executor, self.checker
        releases = ex.release(self.is_ready)
        checker.note_releases(releases)
        checker.check_owners(ex.owners)
        self.backend.send(Commands(releases, no_station_jobs()))
        self.n_cycles += 1
        reports = self.backend.advance(self.n_cycles * CYCLE_S)
        checker.note_reports(reports)
        for unit in range(self.n_units):
            checker.check_body(unit, self.backend.cells_under(unit))
        ex.absorb(reports)
        checker.check_owners(ex.owners)
        ex.check_holdings()
        assert not reports.faults.any(), checker.label

    def drain(self, limit: int = 3000) -> None:
        """Without further planning everything committed is driven in the end: no deadlock."""
        ex = self.executor
        for _ in range(limit):
            if (ex.done == ex.committed).all() and (ex.cleared == ex.committed).all():
                return
            self.cycle()
        left = np.flatnonzero(ex.done < ex.committed).tolist()
        raise AssertionError(f"{self.checker.label}: units {left} wait for ever")


def random_step(rng: np.random.Generator, layout: Layout):
    """A planner without aim: random moves, followers included, free of conflicts and of rings."""

    def step(cells: np.ndarray, headings: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        here, goal = cells.tolist(), cells.tolist()
        for unit in np.flatnonzero(~fixed).tolist():
            ways = layout.neighbours[here[unit]]
            goal[unit] = int(rng.choice(np.append(ways[ways >= 0], here[unit])))
        while True:
            stop = [u for u in range(len(here)) if goal[u] != here[u] and _is_wrong(u, here, goal)]
            if not stop:
                return np.array(goal, dtype=np.int32)
            unit = int(rng.choice(stop))
            goal[unit] = here[unit]

    return step


def _is_wrong(unit: int, here: list[int], goal: list[int]) -> bool:
    """Whether another unit has the same goal, or following the leader leads back to the unit."""
    if goal.count(goal[unit]) > 1:
        return True
    leader = unit
    for _ in here:
        if goal[leader] not in here or goal[leader] == here[leader]:
            return False
        leader = here.index(goal[leader])
        if leader == unit:
            return True
    return False
