"""Search through a window: never a conflict, near the best on tiny floors, nobody stuck.

Every step is checked by rules of its own (test_epibt.Drive, fleet_control/mapf/conflicts.py).
"""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from test_epibt import NO_RINGS, RINGS, Drive, floor_of, maze
from test_epibt_escort import comb, corridor

from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.grid import CELL_COST, EMPTY, UNREACHABLE, Grid, grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import Planner, PlannerOptions, planner_named
from fleet_control.mapf.window_kernels import shift_plans
from fleet_control.mapf.window_search_kernels import find_path
from fleet_control.mapf.windowed import (
    JAMMED_AFTER,
    PATIENCE,
    WINDOW,
    WindowedPlanner,
    is_jammed,
)
from layouts import CellKind, Layout, load, open_layout

GLIDING = PlannerOptions(turn_cost=0, allow_cycles=True, rations_shoves=False)
OPTIONS = {"rings": RINGS, "no rings": NO_RINGS}


class WindowDrive(Drive):
    """Turning and driving by the windowed planner."""

    def __init__(
        self, grid: Grid, n_units: int, seed: int, options: PlannerOptions = RINGS,
        cells: list[int] | None = None, goals: list[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(grid, n_units, seed, options, cells, goals)
        self.planner = WindowedPlanner(grid, n_units, options)
        for unit in range(n_units):
            self.planner.set_goal(unit, int(self.goals[unit]), EMPTY)


class Gliding:
    """Units that go to any side without turning, each step checked."""

    def __init__(
        self, grid: Grid, n_units: int, seed: int, options: PlannerOptions = GLIDING,
        name: str = "windowed",
    ) -> None:  # fmt: skip
        self.rng = np.random.default_rng(seed)
        self.grid, self.seed = grid, seed
        self.free = np.flatnonzero(grid.compact >= 0)
        self.cells = self.rng.choice(self.free, n_units, replace=False).astype(np.int32)
        self.headings = np.zeros(n_units, dtype=np.int8)
        self.goals = self.rng.choice(self.free, n_units).astype(np.int32)
        self.planner: Planner = planner_named(name, grid, n_units, options)
        self.planner.set_goals(range(n_units), self.goals.tolist(), EMPTY)
        self.check = ConflictCheck(grid.n_cells, n_units)
        self.kinds = {"vertex", "edge"} | (set() if options.allow_cycles else {"cycle"})
        self.n_done = self.now = 0

    def step(self, fixed: np.ndarray | None = None) -> None:
        self.now += 1
        fixed = np.zeros(len(self.cells), dtype=bool) if fixed is None else fixed
        after = self.planner.step(self.cells, self.headings, fixed)
        where = f"seed {self.seed}, step {self.now}"
        found = [c for c in self.check.of_step(self.cells, after) if c.kind in self.kinds]
        assert not found, f"{where}: {found[0]}"
        assert not (fixed & (after != self.cells)).any(), f"{where}: a fixed unit moves"
        for unit in np.flatnonzero(after != self.cells).tolist():
            ways = self.grid.neighbours[self.cells[unit]].tolist()
            assert after[unit] in ways, f"{where}: unit {unit} jumps"
            self.headings[unit] = ways.index(after[unit])
        self.cells = after

    def run(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.step()
            for unit in np.flatnonzero(self.cells == self.goals).tolist():
                self.n_done += 1
                self.goals[unit] = self.rng.choice(self.free)
                self.planner.set_goal(unit, int(self.goals[unit]), EMPTY)


def ring(n_rows: int, n_cols: int) -> Grid:
    """A one-way way round, with one-way bridges across it."""
    bare = "." + "@" * (n_cols - 2) + "."
    rows = [bare if row % 3 and row < n_rows - 1 else "." * n_cols for row in range(n_rows)]
    layout = floor_of(*rows)
    return grid_of(layout, lanes_of(layout))


def floors(seed: int) -> dict[str, Grid]:
    rng = np.random.default_rng(seed)
    scattered = (rng.random((8, 10)) > 0.2).astype(np.int8)
    return {
        "open": grid_of(open_layout("open", np.ones((7, 8), dtype=np.int8))),
        "scattered": grid_of(open_layout("scattered", scattered)),
        "maze": grid_of(maze(rng, 5, 6)),
        "corridor": grid_of(corridor(15, 5)),
        "comb": grid_of(comb(5, 2)),
        "one-way ring": ring(7, 8),
    }


@pytest.mark.parametrize("rings", list(OPTIONS))
@pytest.mark.parametrize("seed", range(3))
def test_no_conflicts_when_units_turn(seed: int, rings: str) -> None:
    """Some units must wait now and then, as those that work on something must."""
    for grid in floors(seed).values():
        rng = np.random.default_rng(seed)
        n_units = max(2, int(grid.n_compact * rng.uniform(0.1, 0.7)))
        drive = WindowDrive(grid, n_units, seed, OPTIONS[rings])
        for _ in range(12):
            drive.fixed = rng.random(n_units) < 0.2
            drive.run(10)


@pytest.mark.parametrize("rings", [True, False])
@pytest.mark.parametrize("turn_cost", [0, 7])
@pytest.mark.parametrize("seed", range(2))
def test_no_conflicts_on_cells(seed: int, turn_cost: int, rings: bool) -> None:
    for grid in floors(seed).values():
        rng = np.random.default_rng(seed)
        n_units = max(2, int(grid.n_compact * rng.uniform(0.1, 0.8)))
        options = replace(GLIDING, turn_cost=turn_cost, allow_cycles=rings)
        drive = Gliding(grid, n_units, seed, options)
        for _ in range(60):
            drive.step(rng.random(n_units) < 0.2)
        drive.run(60)


def fewest_steps(grid: Grid, starts: tuple[int, ...], goals: tuple[int, ...]) -> int:
    """Until all are at their goals at once, by a search over all joint places; -1 for never."""
    seen, queue = {starts}, deque([(starts, 0)])
    while queue:
        places, n_steps = queue.popleft()
        if places == goals:
            return n_steps
        choices = [[p, *[c for c in grid.neighbours[p].tolist() if c >= 0]] for p in places]
        for after in product(*choices):
            if len(set(after)) < len(after) or after in seen:
                continue
            goes = dict(zip(places, after, strict=True))
            if any(a != b and goes.get(b) == a for a, b in goes.items()):
                continue
            seen.add(after)
            queue.append((after, n_steps + 1))
    return -1


@pytest.mark.parametrize("n_units", [2, 3, 4])
def test_close_to_the_fewest_steps_on_a_tiny_floor(n_units: int) -> None:
    """Against exhaustive search: never fewer steps, and within a quarter of them over all cases."""
    grid = grid_of(floor_of("...", ".@.", "..."))
    free = np.flatnonzero(grid.compact >= 0).tolist()
    rng = np.random.default_rng(n_units)
    taken = least = 0
    for number in range(40):
        starts = tuple(rng.permutation(free)[:n_units].tolist())
        goals = tuple(rng.permutation(free)[:n_units].tolist())
        fewest = fewest_steps(grid, starts, goals)
        if fewest < 0:
            continue
        drive = Gliding(grid, n_units, number)
        drive.cells = np.array(starts, dtype=np.int32)
        drive.planner.set_goals(range(n_units), goals, EMPTY)
        n_steps = 0
        while tuple(drive.cells.tolist()) != goals:
            drive.step()
            n_steps += 1
            assert n_steps < 400, f"case {number}: {starts} to {goals}"
        assert n_steps >= fewest
        taken, least = taken + n_steps, least + fewest
    assert taken <= 1.25 * least, f"{taken} steps, {least} would do"


@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
def test_every_exchange_of_places_on_a_small_floor(options: PlannerOptions) -> None:
    grid = grid_of(floor_of("...", ".@.", "..."))
    free = np.flatnonzero(grid.compact >= 0).tolist()
    for number, goals in enumerate(permutations(free, 2)):
        drive = WindowDrive(grid, 2, number, options, free[:2], list(goals))
        for _ in range(60):
            if (drive.cells == drive.goals).all():
                break
            drive.step()
        assert (drive.cells == drive.goals).all(), f"goals {goals}"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("layout", "n_units"),
    [(corridor(13, 13), 2), (corridor(21, 5), 4), (comb(6, 3), 5)],
    ids=["one bay", "bays", "comb"],
)
def test_nobody_starves_where_units_cannot_pass(layout: Layout, n_units: int, seed: int) -> None:
    """Where the window is too short to see a way, the planner beneath finds one."""
    drive = WindowDrive(grid_of(layout), n_units, seed)
    drive.run(3000)
    assert drive.longest < 1000, f"seed {seed}: {drive.longest} steps without a goal"


def test_a_floor_is_jammed_by_one_for_long_or_by_half_for_a_while() -> None:
    driving = np.zeros(20, dtype=np.int64)
    assert not is_jammed(driving)
    assert not is_jammed(driving[:0])
    half = driving.copy()
    half[:10] = JAMMED_AFTER
    assert not is_jammed(half)
    half[10] = JAMMED_AFTER
    assert is_jammed(half)
    one = driving.copy()
    one[3] = PATIENCE
    assert is_jammed(one)


@pytest.mark.parametrize("seed", range(2))
def test_more_done_than_step_by_step(seed: int) -> None:
    grid = grid_of(open_layout("open", np.ones((14, 14), dtype=np.int8)))
    done = {}
    for name in ("pibt", "windowed"):
        drive = Gliding(grid, 50, seed, name=name)
        drive.run(400)
        done[name] = drive.n_done
    assert done["windowed"] > 1.1 * done["pibt"], f"seed {seed}: {done}"


def taken_by(planner: WindowedPlanner, unit: int, here: int, there: int, time: int) -> bool:
    """Whether a step is in conflict with the plan of anybody else. Rings are allowed."""
    for other in range(len(planner._ends)):
        if other == unit or time > planner._ends[other]:
            continue
        plan = planner._cells[other].tolist()
        if time + 1 <= planner._ends[other] and plan[time + 1] == there:
            return True
        if time + 1 <= planner._ends[other] and plan[time] == there and plan[time + 1] == here:
            return True
    return False


def cheapest(drive: Drive | Gliding, unit: int, turn_cost: int) -> float:
    """Of all paths through the window, step by step; a goal that is reached is kept."""
    grid, planner = drive.grid, drive.planner
    assert isinstance(planner, WindowedPlanner)
    goal, field = int(drive.goals[unit]), planner.fields.values[planner._safe.slots[unit]]
    reached = {(int(drive.cells[unit]), int(drive.headings[unit])): 0}
    for time in range(WINDOW):
        after: dict[tuple[int, int], int] = {}
        for (cell, heading), cost in reached.items():
            moves = [(cell, heading, 0 if cell == goal else CELL_COST)]
            for ahead in range(4):
                there = int(grid.neighbours[cell, ahead])
                if turn_cost and (ahead - heading) % 2 == 1:
                    moves.append((cell, ahead, turn_cost))
                if there >= 0 and (ahead == heading or not turn_cost):
                    moves.append((there, ahead, CELL_COST))
            for there, ahead, paid in moves:
                if not taken_by(planner, unit, cell, there, time):
                    state = there, ahead
                    after[state] = min(after.get(state, UNREACHABLE), cost + paid)
        reached = after
    ends = [cost + int(field[4 * grid.compact[c] + h]) for (c, h), cost in reached.items()]
    return min(ends, default=np.inf)


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_the_cheapest_path(seed: int, turns: bool) -> None:
    """Against all paths there are, around the plans of others, for goals out of reach."""
    rng = np.random.default_rng(seed)
    layout = open_layout("long", (rng.random((5, 80)) > 0.1).astype(np.int8))
    grid = grid_of(layout)
    drive = (WindowDrive if turns else Gliding)(grid, 20, seed)
    drive.run(20)
    planner, nobody = drive.planner, np.zeros(20, dtype=bool)
    assert isinstance(planner, WindowedPlanner)
    drive.step()
    planner.set_goals(range(20), drive.goals.tolist(), EMPTY)
    aims = planner._safe.look(drive.cells, drive.headings)
    floor, window = planner._floor(), planner._window(nobody, np.ones(20, dtype=np.int64))
    shift_plans(
        floor, window, drive.cells, drive.headings, aims, False, planner._ages, planner._is_delayed
    )
    n_looked_at = 0
    for unit in np.flatnonzero(planner._is_put).tolist():
        way = int(planner.ways_left(drive.cells, drive.headings)[unit])
        if n_looked_at == 3 or not CELL_COST * WINDOW < way < UNREACHABLE:
            continue
        n_looked_at += 1
        planner._used[planner._used == unit] = -1
        missing = np.flatnonzero(~planner._is_put)
        kept = planner._ends[missing].copy()
        planner._ends[missing] = -1  # who has no plan yet is in nobody's way
        least = cheapest(drive, unit, CELL_COST if turns else 0)
        planner._ends[missing] = kept
        found = find_path(floor, window, planner._labels, unit, 0)
        assert found == (least if np.isfinite(least) else -1), f"seed {seed}, unit {unit}"
        times = np.arange(planner._ends[unit] + 1)
        planner._used[planner._cells[unit, times], times] = unit
    assert n_looked_at


def test_goals_and_closed_cells_may_change_at_any_time() -> None:
    """Within a window: units go for the new goals, nobody enters a blocked cell, and who is off the
    floor is in nobody's way."""
    layout = load("teaching")
    grid = grid_of(layout, lanes_of(layout))
    rng = np.random.default_rng(5)
    aisles = np.flatnonzero(layout.kinds == CellKind.FLOOR)
    n_units = 15
    planner = WindowedPlanner(grid, n_units, PlannerOptions(seed=1))
    check = ConflictCheck(grid.n_cells, n_units - 1)
    cells = rng.choice(aisles, n_units, replace=False).astype(np.int32)
    cells[0] = -1
    headings = np.zeros(n_units, dtype=np.int8)
    blocked = np.zeros(grid.n_cells, dtype=bool)
    for step in range(300):
        if step % 7 == 0:
            unit = int(rng.integers(1, n_units))
            planner.set_goal(unit, int(rng.choice(aisles)), EMPTY)
            planner.clear_goal(int(rng.integers(1, n_units)), EMPTY)
        if step % 40 == 39:
            blocked[:] = False
            blocked[rng.choice(aisles, 5, replace=False)] = True
            planner.set_blocked(blocked)
        after = planner.step(cells, headings, rng.random(n_units) < 0.3)
        assert after[0] == -1
        assert not check.of_step(cells[1:], after[1:]), f"step {step}"
        moved = after != cells
        assert not blocked[after[moved]].any(), f"step {step}: onto a blocked cell"
        for unit in np.flatnonzero(moved).tolist():
            headings[unit] = layout.neighbours[cells[unit]].tolist().index(after[unit])
        cells = after


@pytest.mark.parametrize("turns", [False, True])
def test_a_copy_goes_on_the_same_way(turns: bool) -> None:
    """Same seed, same steps; and the same again from a snapshot in the middle."""
    grid = grid_of(maze(np.random.default_rng(1), 5, 6))
    drives = [(WindowDrive if turns else Gliding)(grid, 12, 3) for _ in range(2)]
    for drive in drives:
        drive.run(60)
    drives[1].planner = pickle.loads(pickle.dumps(drives[1].planner))
    for drive in drives:
        drive.run(100)
    assert (drives[0].cells == drives[1].cells).all()
    assert drives[0].n_done == drives[1].n_done > 0
