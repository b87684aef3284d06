"""Blocked cells: nobody enters, whoever is inside may leave, and no way that exists is lost."""

from __future__ import annotations

import heapq

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.field_kernels import fill_field
from fleet_control.mapf.grid import (
    CELL_COST,
    TURN_COST,
    UNREACHABLE,
    Grid,
    barred_moves,
    grid_of,
    with_blocked,
)
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.pibt import PibtPlanner
from fleet_control.mapf.pibt_kernels import plan_step
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.mapf.priority_kernels import track_progress
from gridfleet.timed_planner import TimedPlanner
from layouts import (
    AISLE_KINDS,
    CellKind,
    Heading,
    Layout,
    Station,
    StationKind,
    load,
    open_layout,
)
from layouts.traffic import traffic_of


def random_floor(seed: int) -> tuple[Layout, np.ndarray]:
    """A floor with blocks of storage and obstacles and a station, and blocked cells."""
    rng = np.random.default_rng(seed)
    kinds = np.full((rng.integers(6, 12), rng.integers(6, 12)), CellKind.FLOOR, dtype=np.int8)
    for _ in range(rng.integers(2, 8)):
        row, col = rng.integers(0, kinds.shape[0]), rng.integers(0, kinds.shape[1])
        kind = rng.choice([CellKind.OBSTACLE, CellKind.STORAGE])
        kinds[row : row + rng.integers(1, 4), col : col + rng.integers(1, 6)] = kind
    kinds[0, :3] = CellKind.STATION, CellKind.QUEUE, CellKind.QUEUE
    station = Station("S1", StationKind.PICK, 0, queue=(1, 2))
    layout = open_layout("random", kinds, stations=(station,))
    return layout, rng.random(layout.n_cells) < rng.uniform(0.02, 0.25)


def grids(layout: Layout, blocked: np.ndarray) -> tuple[Grid, Grid, Grid]:
    """Without blocked cells, with them, and with them but without lanes."""
    grid = grid_of(layout, lanes_of(layout))
    return grid, with_blocked(grid, blocked), with_blocked(grid_of(layout), blocked)


def reachable(grid: Grid, load_kind: int) -> set[tuple[int, int]]:
    """(from, to) of cells between which the way leads through cells meant for driving through."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    is_through = grid.through[load_kind]
    graph.add_nodes_from(np.flatnonzero(is_through).tolist())
    for cell, heading in np.argwhere(grid.neighbours >= 0).tolist():
        there = int(grid.neighbours[cell, heading])
        if is_through[cell] and is_through[there]:
            graph.add_edge(cell, there)
    return {(cell, there) for cell in graph for there in nx.descendants(graph, cell)}


def by_heap(grid: Grid, goal: int, load_kind: int) -> dict[tuple[int, int], int]:
    """Distances to the goal by Dijkstra backwards over (cell, heading), moves read forwards."""
    found = {(goal, heading): 0 for heading in range(4)}
    heap = [(0, goal, heading) for heading in range(4)]
    zone = grid.zones[goal]
    while heap:
        way, cell, heading = heapq.heappop(heap)
        if found[cell, heading] < way:
            continue
        steps = [(TURN_COST, cell, (heading + turn) % 4) for turn in (1, 3)]
        in_zone = zone >= 0 and grid.zones[cell] == zone
        if grid.through[load_kind, cell] or cell == goal or in_zone:
            for before in np.flatnonzero(grid.neighbours[:, heading] == cell).tolist():
                cost = CELL_COST + int(grid.surcharges[before, heading])
                steps.append((cost, before, heading))
        for cost, before, turned in steps:
            if way + cost < found.get((before, turned), UNREACHABLE):
                found[before, turned] = way + cost
                heapq.heappush(heap, (way + cost, before, turned))
    return found


def assert_fields_are_right(planner: PibtPlanner, grid: Grid, layout: Layout, goal: int) -> None:
    for load_kind in (0, 1):
        expected = by_heap(grid, goal, load_kind)
        for cell in np.flatnonzero(layout.driveable).tolist():
            for heading in range(4):
                found = planner.fields.distance(cell, heading, goal, load_kind)
                assert found == expected.get((cell, heading), UNREACHABLE), layout.place(cell)


@pytest.mark.parametrize("seed", range(40))
def test_no_way_is_lost_but_those_into_blocked_cells(seed: int) -> None:
    layout, blocked = random_floor(seed)
    grid, shut, without_lanes = grids(layout, blocked)
    ways = layout.neighbours
    leads_in = (ways >= 0) & blocked[ways]
    assert (shut.neighbours[leads_in] == -1).all(), f"seed {seed}"
    inside = blocked[:, None] & ~leads_in
    assert (shut.neighbours[inside] == ways[inside]).all(), f"seed {seed}: who is inside may leave"
    outside = ~blocked[:, None] & ~leads_in
    was_open = outside & (grid.neighbours >= 0)
    assert (shut.neighbours[was_open] >= 0).all(), f"seed {seed}: what was open stays open"
    for load_kind in (0, 1):
        assert reachable(shut, load_kind) == reachable(without_lanes, load_kind), f"seed {seed}"
    assert with_blocked(shut, np.zeros_like(blocked)) is grid
    twice = with_blocked(with_blocked(grid, ~blocked), blocked)
    assert (twice.neighbours == shut.neighbours).all(), f"seed {seed}"
    assert shut.neighbours.dtype == grid.neighbours.dtype
    for flag in ("C_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
        assert shut.neighbours.flags[flag] == grid.neighbours.flags[flag]


@pytest.mark.parametrize("seed", range(12))
def test_fields_are_those_of_the_blocked_floor_and_come_back(seed: int) -> None:
    layout, blocked = random_floor(seed)
    grid, shut, _ = grids(layout, blocked)
    planner = PibtPlanner(grid, 2, PlannerOptions())
    rng = np.random.default_rng(seed)
    goals = [layout.stations[0].cell, *rng.permutation(np.flatnonzero(layout.driveable))[:2]]
    slots = [planner.fields.hold(int(goal), 0) for goal in goals]
    before = planner.fields.values[slots].copy()
    planner.set_blocked(blocked)
    for goal in goals:
        assert_fields_are_right(planner, shut, layout, int(goal))
    planner.set_blocked(np.zeros_like(blocked))
    planner.fields.refresh()
    assert (planner.fields.values[slots] == before).all(), f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_closed_areas_are_left_but_not_entered(seed: int) -> None:
    """Inside an area all moves are there, as far as no cell is blocked; out of it too."""
    layout, blocked = random_floor(seed)
    blocked &= np.random.default_rng(seed).random(layout.n_cells) < 0.3
    closed = np.zeros((layout.n_rows, layout.n_cols), dtype=bool)
    closed[2:5, 1:5] = True
    closed = closed.reshape(-1)
    grid, ways = grid_of(layout, lanes_of(layout)), layout.neighbours
    shut = with_blocked(grid, blocked, closed).neighbours
    leads_in = (ways >= 0) & (blocked[ways] | (closed[ways] & ~closed[:, None]))
    assert (shut[leads_in] == -1).all(), f"seed {seed}"
    inside = (blocked | closed)[:, None] & ~leads_in
    assert (shut[inside] == ways[inside]).all(), f"seed {seed}"
    both = with_blocked(grid, blocked | closed).neighbours
    outside = ~(blocked | closed)
    assert (shut[outside] == both[outside]).all(), f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_no_area_is_entered_from_another(seed: int) -> None:
    """However two areas overlap: whoever moves gets into none that it was not in."""
    layout, blocked = random_floor(seed)
    rng = np.random.default_rng(seed)
    areas = [np.zeros((layout.n_rows, layout.n_cols), dtype=bool) for _ in range(2)]
    for area in areas:
        row, col = rng.integers(0, 4, size=2)
        area[row : row + 3, col : col + 4] = True
    masks = [area.reshape(-1) for area in areas]
    moves = barred_moves(layout.neighbours, blocked, *masks)
    for cell, heading in np.argwhere(layout.neighbours >= 0).tolist():
        there = layout.neighbours[cell, heading]
        entered = [mask for mask in masks if mask[there] and not mask[cell]]
        assert moves[cell, heading] == bool(blocked[there] or entered), f"seed {seed}"
    assert not moves[layout.neighbours < 0].any()


@pytest.mark.parametrize("seed", range(6))
def test_an_area_is_left_from_its_middle(seed: int) -> None:
    layout = open_layout("open", np.ones((11, 11), dtype=np.int8))
    run = Run(layout, seed)
    closed = np.zeros((11, 11), dtype=bool)
    closed[2:9, 2:9] = True
    closed = closed.reshape(-1)
    run.free = np.flatnonzero(~closed)
    for unit in range(len(run.goals)):
        run.goals[unit] = run.rng.choice(run.free)
        run.planner.set_goal(unit, int(run.goals[unit]), 0)
    run.planner.set_blocked(np.zeros_like(closed), closed)
    assert closed[run.cells].any()
    n_inside = len(run.cells)
    for _ in range(100):
        was_outside = ~closed[run.cells]
        run.step()
        assert not closed[run.cells[was_outside]].any(), f"seed {seed}"
        n_inside = closed[run.cells].sum()
    assert n_inside == 0, f"seed {seed}"


class Run:
    """Units with random goals; cells are blocked and opened under way, every step is checked."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.layout, self.label = layout, f"seed {seed}"
        traffic = traffic_of(layout, AISLE_KINDS)
        self.free = np.flatnonzero(traffic.largest_piece(strong=True))
        n_units = max(2, int(len(self.free) * self.rng.uniform(0.1, 0.3)))
        self.cells = self.rng.choice(self.free, n_units, replace=False).astype(np.int32)
        self.headings = np.zeros(n_units, dtype=np.int8)
        self.planner = PibtPlanner(grid_of(layout, lanes_of(layout)), n_units, PlannerOptions(seed))
        self.goals = self.rng.choice(self.free, n_units)
        for unit in range(n_units):
            self.planner.set_goal(unit, int(self.goals[unit]), 0)
        self.blocked = np.zeros(layout.n_cells, dtype=bool)
        self._check = ConflictCheck(layout.n_cells, n_units)
        self.n_done = 0

    def block(self, cells: np.ndarray) -> None:
        self.blocked[:] = False
        self.blocked[cells] = True
        self.planner.set_blocked(self.blocked)

    def step(self, fixed: np.ndarray | None = None) -> None:
        before = self.cells
        fixed = np.zeros(len(before), dtype=bool) if fixed is None else fixed
        self.cells = self.planner.step(before, self.headings, fixed)
        assert not self._check.of_step(before, self.cells), self.label
        moved = np.flatnonzero(self.cells != before)
        assert not self.blocked[self.cells[moved]].any(), self.label
        steps = layout_steps(self.layout)
        self.headings[moved] = [steps[d] for d in (self.cells[moved] - before[moved]).tolist()]
        assert (self.layout.neighbours[before[moved], self.headings[moved]] >= 0).all()
        for unit in np.flatnonzero(self.cells == self.goals).tolist():
            self.n_done += 1
            self.goals[unit] = self.rng.choice(self.free)
            self.planner.set_goal(unit, int(self.goals[unit]), 0)


def layout_steps(layout: Layout) -> dict[int, int]:
    return {
        1: Heading.EAST, -1: Heading.WEST, -layout.n_cols: Heading.NORTH,
        layout.n_cols: Heading.SOUTH,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_nobody_enters_and_the_rest_goes_on(seed: int) -> None:
    layout, _ = random_floor(seed)
    run = Run(layout, seed)
    for _ in range(6):
        run.block(run.rng.choice(run.free, run.rng.integers(0, 6), replace=False))
        for _ in range(25):
            run.step()
    run.block(np.empty(0, dtype=int))
    done = run.n_done
    for _ in range(100):
        run.step()
    assert run.n_done > done, f"seed {seed}: open again, but nobody gets anywhere"


@pytest.mark.parametrize("seed", range(10))
def test_who_is_inside_comes_out(seed: int) -> None:
    """A fifth of the units find their cells blocked, with free floor around."""
    layout = open_layout("open", np.ones((9, 11), dtype=np.int8))
    run = Run(layout, seed)
    inside = np.flatnonzero(run.rng.random(len(run.cells)) < 0.2)
    run.block(run.cells[inside])
    for unit in inside.tolist():
        if run.goals[unit] in np.flatnonzero(run.blocked):
            run.goals[unit] = np.flatnonzero(~run.blocked)[0]
            run.planner.set_goal(unit, int(run.goals[unit]), 0)
    for _ in range(60):
        run.step()
    walled_in = [
        unit for unit in inside.tolist()
        if (run.blocked[layout.neighbours[run.cells[unit]]]
            | (layout.neighbours[run.cells[unit]] < 0)).all()
    ]  # fmt: skip
    stuck = [unit for unit in inside.tolist() if run.blocked[run.cells[unit]]]
    assert stuck == walled_in, f"seed {seed}"


def test_an_aisle_is_two_way_while_the_way_round_is_blocked() -> None:
    """Two aisles around an island, one way each; with one blocked, the other serves both."""
    kinds = np.ones((5, 8), dtype=np.int8)
    kinds[1:4, 1:7] = CellKind.OBSTACLE
    layout = open_layout("ring", kinds)
    grid = grid_of(layout, lanes_of(layout))
    top, bottom = layout.cell(0, 4), layout.cell(4, 4)
    assert (grid.neighbours[[top, bottom]] >= 0).sum() == 2
    blocked = np.zeros(layout.n_cells, dtype=bool)
    blocked[top] = True
    shut = with_blocked(grid, blocked)
    assert (shut.neighbours[bottom] >= 0).sum() == 2


def test_a_unit_with_no_way_to_its_goal_makes_way() -> None:
    """A blind aisle: unit 0 at its mouth wants to its blocked end, unit 1 inside to the mouth."""
    kinds = np.zeros((3, 6), dtype=np.int8)
    kinds[1] = kinds[0, 0] = kinds[2, 0] = CellKind.FLOOR
    layout = open_layout("blind", kinds)
    planner = PibtPlanner(grid_of(layout), 2, PlannerOptions())
    end, mouth = layout.cell(1, 5), layout.cell(1, 0)
    blocked = np.zeros(layout.n_cells, dtype=bool)
    blocked[end] = True
    planner.set_blocked(blocked)
    planner.set_goal(0, end, 0)
    planner.set_goal(1, mouth, 0)
    cells = np.array([mouth, layout.cell(1, 2)], dtype=np.int32)
    headings, fixed = np.array([0, 2], dtype=np.int8), np.zeros(2, dtype=bool)
    for _ in range(4):
        cells = planner.step(cells, headings, fixed)
    assert cells[1] == mouth
    planner.set_blocked(np.zeros_like(blocked))
    planner.clear_goal(1, 0)
    for _ in range(8):
        cells = planner.step(cells, headings, fixed)
    assert cells[0] == end


@pytest.mark.parametrize("seed", range(3))
def test_blocking_and_opening_again_changes_no_decision(seed: int) -> None:
    layout = load("teaching")
    run, other = Run(layout, seed), Run(layout, seed)
    for _ in range(10):
        run.step()
        other.step()
    other.block(run.rng.choice(run.free, 5))
    run.rng = np.random.default_rng(1)
    other.rng = np.random.default_rng(1)
    other.block(np.empty(0, dtype=int))
    for _ in range(80):
        run.step()
        other.step()
        assert (run.cells == other.cells).all(), f"seed {seed}"


def test_a_detour_is_no_lack_of_progress() -> None:
    """Whose way has become longer starts with no bonus and may not shove more than before."""
    layout = load("teaching")
    run = Run(layout, 0)
    for _ in range(30):
        run.step()
    planner = run.planner
    behind = planner._distances(run.cells, run.headings) - planner._best
    has_goal = planner._best < UNREACHABLE
    run.block(run.rng.choice(run.free, 10, replace=False))
    planner._refresh_fields(run.cells, run.headings)
    now = planner._distances(run.cells, run.headings)
    fine = has_goal & (now < UNREACHABLE)
    assert fine.any()
    assert (now - planner._best <= np.maximum(behind, 0))[fine].all()


def test_the_stopwatch_passes_blocked_cells_on() -> None:
    layout = open_layout("row", np.ones((1, 5), dtype=np.int8))
    planner = PibtPlanner(grid_of(layout), 1, PlannerOptions())
    timed = TimedPlanner(planner)
    timed.set_goal(0, 4, 0)
    blocked = np.zeros(5, dtype=bool)
    blocked[2] = True
    timed.set_blocked(blocked)
    cells, headings = np.array([1], dtype=np.int32), np.zeros(1, dtype=np.int8)
    assert timed.step(cells, headings, np.zeros(1, dtype=bool))[0] == 1
    assert timed.fields.distance(1, 0, 4, 0) == UNREACHABLE


@pytest.mark.parametrize("seed", range(12))
def test_the_next_cell_is_the_one_that_a_lone_unit_drives_to(seed: int) -> None:
    layout, blocked = random_floor(seed)
    run = Run(layout, seed)
    run.planner.set_blocked(blocked)
    units = range(len(run.cells))
    for _ in range(10):
        run.step()
        ways = run.planner.ways_left(run.cells, run.headings)
        found = run.planner.next_cells(run.cells, run.headings)
        for unit in units:
            goal, here = int(run.goals[unit]), (int(run.cells[unit]), int(run.headings[unit]))
            way = by_heap(run.planner._grid, goal, 0).get(here, UNREACHABLE)
            assert ways[unit] == way, f"seed {seed}"
            assert (found[unit] < 0) == (way == UNREACHABLE or here[0] == goal), f"seed {seed}"
        alone = PibtPlanner(run.planner._grid, 1, PlannerOptions())
        unit = int(run.rng.integers(len(units)))
        alone.set_goal(0, int(run.goals[unit]), 0)
        one = slice(unit, unit + 1)
        after = alone.step(run.cells[one], run.headings[one], np.zeros(1, dtype=bool))
        costs = by_heap(run.planner._grid, int(run.goals[unit]), 0)
        if found[unit] >= 0:
            ends = [int(after[0]), int(found[unit])]
            ways_on = [way_over(run, unit, end, costs) for end in ends]
            assert ways_on[0] == ways_on[1] == ways[unit], f"seed {seed}"


def way_over(run: Run, unit: int, cell: int, ways: dict[tuple[int, int], int]) -> int:
    """Cost of the unit's way to its goal with that cell as the next."""
    here, grid = int(run.cells[unit]), run.planner._grid
    heading = layout_steps(run.layout)[cell - here]
    turns = min((heading - int(run.headings[unit])) % 4, (int(run.headings[unit]) - heading) % 4)
    cost = turns * TURN_COST + CELL_COST + int(grid.surcharges[here, heading])
    return cost + ways[cell, int(heading)]


def test_kernels_compile_once() -> None:
    """Whatever is blocked, and with lanes or without, the kernels see arrays of one type."""
    layout = load("teaching")
    for grid in (grid_of(layout), grid_of(layout, lanes_of(layout))):
        planner = PibtPlanner(grid, 1, PlannerOptions())
        cells, headings = layout.cells_of(CellKind.FLOOR)[:1], np.zeros(1, dtype=np.int8)
        planner.set_goal(0, int(layout.cells_of(CellKind.FLOOR)[-1]), 0)
        for blocked in (np.zeros(layout.n_cells, dtype=bool), np.ones(layout.n_cells, dtype=bool)):
            planner.set_blocked(blocked)
            planner.step(cells, headings, np.zeros(1, dtype=bool))
    for kernel in (plan_step, track_progress, fill_field):
        assert len(kernel.signatures) == 1
