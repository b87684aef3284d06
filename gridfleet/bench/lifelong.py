"""Plain lifelong path finding: every unit has a goal, and another when it is there.

As in the literature: units begin on cells drawn at random, a task is done when its unit stands on
the goal at the end of a step, and the same goal may be that of several units. Steps are the
league's: forward, a quarter turn or a wait; without turning, a unit goes to any neighbour. A joint
step that is invalid makes everybody wait, and is counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import FORWARD, WAIT
from fleet_control.mapf.capacity import parking_cells
from fleet_control.mapf.causal import action_planner_named
from fleet_control.mapf.grid import CELL_COST, EMPTY, Grid, grid_of
from fleet_control.mapf.guidance import NONE
from fleet_control.mapf.guiding import guidance_fault, guidance_named, steered
from fleet_control.mapf.planner import Planner, PlannerOptions, planner_named
from fleet_control.mapf.planner_choice import PLANNER_NAMES, PlannerChoice, chosen_planner
from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.run import Watcher
from gridfleet.bench.lorr.world import World
from gridfleet.bench.search import Search
from gridfleet.typed_files import suggest
from layouts import CellKind, Layout

ENDPOINT_ZONES = ("endpoints", "E", "S")
GOALS = ("uniform", "alternate")


@dataclass(frozen=True, slots=True)
class Lifelong:
    """What to run. goals: "uniform" over endpoints, or "alternate" between these and workstations.
    guidance: a name or a file (fleet_control/mapf/guiding.py). max_working: units that get
    errands; the others stand parked. None for all."""

    units: int
    steps: int
    turning: bool = True
    goals: str = "uniform"
    guidance: str = NONE
    planner: str = "pibt"
    seed: int = 0
    search: Search = field(default_factory=Search)
    max_working: int | None = None


@dataclass(slots=True)
class LifelongResult:
    """done_at, done_by: step and unit of each task that was done. planner_ms: of each step.
    n_invalid: steps. n_working: units that got errands, the first ones."""

    planner: PlannerChoice
    n_working: int
    n_steps: int = 0
    done_at: list[int] = field(default_factory=list)
    done_by: list[int] = field(default_factory=list)
    planner_ms: list[float] = field(default_factory=list)
    n_invalid: int = 0

    def rate(self, first: int = 0) -> float:
        """Tasks a step after the first steps."""
        n_done = sum(1 for step in self.done_at if step > first)
        return n_done / max(self.n_steps - first, 1)

    def longest_wait(self) -> int:
        """Most steps that any working unit has been without reaching a goal, to the run's end."""
        last = [0] * self.n_working
        longest = 0
        for step, unit in zip(self.done_at, self.done_by, strict=True):
            longest = max(longest, step - last[unit])
            last[unit] = step
        return max(longest, self.n_steps - min(last))


def endpoints_of(layout: Layout) -> NDArray[np.int32]:
    """int32[n], cells that errands lead to: named ones, else storage, else all open floor."""
    for name in ENDPOINT_ZONES:
        if layout.zones.get(name):
            return np.array(layout.zones[name], dtype=np.int32)
    for kind in (CellKind.STORAGE, CellKind.FLOOR):
        cells = np.flatnonzero(layout.kinds == kind)
        if len(cells):
            return cells.astype(np.int32)
    raise BenchError(f"{layout.name}: no cell that a unit could be sent to")


class Errands:
    """Draws goals off the parking cells. goals: int32[n_units], of those that work."""

    def __init__(
        self, layout: Layout, wanted: Lifelong, parking: NDArray[np.int32], rng: np.random.Generator
    ) -> None:
        self._rng = rng
        cells = endpoints_of(layout)
        open_cells = cells[~np.isin(cells, parking)]
        if not len(open_cells):
            raise BenchError(f"{layout.name}: units would park on every cell that errands lead to")
        self._sets = [open_cells]
        if wanted.goals == "alternate":
            stations = np.array([station.cell for station in layout.stations], dtype=np.int32)
            if not len(stations):
                raise BenchError(
                    f"{layout.name}: no workstations to alternate with; take --goals uniform"
                )
            self._sets.append(stations)
        n_working = wanted.units - len(parking)
        self._turn = rng.integers(len(self._sets), size=n_working)
        self.goals = np.full(n_working, -1, dtype=np.int32)
        for unit in range(n_working):
            self.draw(unit)

    def draw(self, unit: int) -> None:
        """Another goal for the unit than the one that it has."""
        cells = self._sets[self._turn[unit]]
        self._turn[unit] = (self._turn[unit] + 1) % len(self._sets)
        goal = int(self._rng.choice(cells))
        while goal == self.goals[unit] and len(cells) > 1:
            goal = int(self._rng.choice(cells))
        self.goals[unit] = goal


class Turning:
    """Units turn in steps of their own."""

    def __init__(
        self, world: World, grid: Grid, wanted: Lifelong, is_parked: NDArray[np.bool_]
    ) -> None:
        self.world = world
        options = _options(wanted, turn_cost=CELL_COST)
        planner = action_planner_named(wanted.planner, grid, wanted.units, options)
        self.planner = steered(planner, wanted.guidance, grid, wanted.units)
        self._is_parked = is_parked

    def act(self) -> NDArray[np.int8]:
        return self.planner.act(self.world.cells, self.world.headings, self._is_parked)


class Gliding:
    """Units drive to any side."""

    def __init__(
        self, world: World, grid: Grid, wanted: Lifelong, is_parked: NDArray[np.bool_]
    ) -> None:
        self.world, self._neighbours = world, grid.ways
        options = _options(wanted, turn_cost=0)
        planner = planner_named(wanted.planner, grid, wanted.units, options)
        self.planner: Planner = steered(planner, wanted.guidance, grid, wanted.units)
        self._is_parked = is_parked

    def act(self) -> NDArray[np.int8]:
        """Forward for all that move, after turning them there at no cost."""
        world = self.world
        chosen = self.planner.step(world.cells, world.headings, self._is_parked)
        moves = chosen != world.cells
        for heading in range(4):
            world.headings[moves & (self._neighbours[world.cells, heading] == chosen)] = heading
        return np.where(moves, FORWARD, WAIT).astype(np.int8)


def _options(wanted: Lifelong, turn_cost: int) -> PlannerOptions:
    return PlannerOptions(
        wanted.seed, allow_cycles=True, turn_cost=turn_cost, depth=wanted.search.depth,
        rations_shoves=False, improvements=wanted.search.improvements or 0,
    )  # fmt: skip


def _check(wanted: Lifelong, layout: Layout, n_free: int) -> None:
    faults = []
    if not 1 <= wanted.units <= n_free:
        faults.append(f"{wanted.units} units; {layout.name} has room for 1 to {n_free}")
    if wanted.max_working is not None and wanted.max_working < 1:
        faults.append(f"{wanted.max_working} units at work; give 1 or more")
    if wanted.steps < 1:
        faults.append(f"{wanted.steps} steps are none; give 1 or more")
    if wanted.goals not in GOALS:
        faults.append(f"unknown goals {wanted.goals!r}; {suggest(wanted.goals, GOALS)}")
    if wanted.planner not in PLANNER_NAMES:
        faults.append(
            f"unknown planner {wanted.planner!r}; {suggest(wanted.planner, PLANNER_NAMES)}"
        )
    if fault := guidance_fault(wanted.guidance):
        faults.append(fault)
    if faults:
        raise BenchError(faults)


def _parking(layout: Layout, wanted: Lifelong) -> NDArray[np.int32]:
    """int32[k], cells where the surplus stands. Raises BenchError where they have no room."""
    n_parked = max(wanted.units - (wanted.max_working or wanted.units), 0)
    cells = parking_cells(layout, n_parked)
    if len(cells) < n_parked:
        raise BenchError(
            f"{n_parked} of {wanted.units} units would park, and {layout.name} has room for "
            f"{len(cells)} beside its ways; take {wanted.units - n_parked + len(cells)} units or "
            "fewer"
        )
    return cells


def run_lifelong(layout: Layout, wanted: Lifelong, watcher: Watcher) -> LifelongResult:
    """Tasks done and the time of every step. Raises BenchError for what cannot be run."""
    free = np.flatnonzero(layout.driveable).astype(np.int32)
    _check(wanted, layout, len(free))
    turn_cost = CELL_COST if wanted.turning else 0
    parking = _parking(layout, wanted)
    choice = chosen_planner(wanted.planner, layout, wanted.units, turn_cost, n_parked=len(parking))
    wanted = replace(wanted, planner=choice.name)
    rng = np.random.Generator(np.random.PCG64(wanted.seed))
    n_working = wanted.units - len(parking)
    free = np.setdiff1d(free, parking)
    starts = np.sort(rng.choice(free, n_working, replace=False)).astype(np.int32)
    starts = np.concatenate([rng.permutation(starts), parking]).astype(np.int32)
    errands = Errands(layout, wanted, parking, rng)
    grid = grid_of(layout, guidance_named(wanted.guidance, layout, parking.tolist()))
    grid.through[:, parking] = False
    is_parked = np.arange(wanted.units) >= n_working
    mover = (Turning if wanted.turning else Gliding)(World(layout, starts), grid, wanted, is_parked)
    mover.planner.set_goals(range(n_working), errands.goals.tolist(), EMPTY)
    result = LifelongResult(choice, n_working)
    while result.n_steps < wanted.steps and not watcher.is_stopped():
        began = time.perf_counter()
        actions = mover.act()
        result.planner_ms.append((time.perf_counter() - began) * 1e3)
        result.n_steps += 1
        result.n_invalid += mover.world.move(actions)[1] is not None
        for unit in np.flatnonzero(mover.world.cells[:n_working] == errands.goals).tolist():
            result.done_at.append(result.n_steps)
            result.done_by.append(unit)
            errands.draw(unit)
            mover.planner.set_goal(unit, int(errands.goals[unit]), EMPTY)
        watcher.show(result.n_steps, len(result.done_at), 0)
    return result
