"""Distance fields against networkx on seeded random floors."""

from __future__ import annotations

import pickle

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf import field_filling
from fleet_control.mapf.field_kernels import FAR, fill_dear_field, fill_field, repair_field
from fleet_control.mapf.fields import MOST_CHANGES, DistanceFields
from fleet_control.mapf.grid import CELL_COST, TURN_COST, UNREACHABLE, grid_of, with_blocked
from fleet_control.mapf.guidance import Guidance
from fleet_control.mapf.lanes import LaneRule, lanes_of
from layouts import CellKind, Layout, open_layout


def random_floor(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    share = (0.25, 0.6, 0.15)
    kinds = (CellKind.OBSTACLE, CellKind.FLOOR, CellKind.STORAGE)
    return open_layout("random", rng.choice(kinds, size=(7, 9), p=share).astype(np.int8))


def only_costs(costs: np.ndarray) -> Guidance:
    return Guidance(costs, np.zeros(costs.shape, dtype=bool), np.ones(len(costs), dtype=bool))


def brute_force(layout: Layout, goal: int, load: int, costs: np.ndarray) -> dict[tuple, int]:
    """Distances by Dijkstra over an explicit graph of (cell, heading)."""
    grid = grid_of(layout, only_costs(costs))
    graph = nx.DiGraph()
    for cell in np.flatnonzero(layout.driveable).tolist():
        for heading in range(4):
            for turned in ((heading + 1) % 4, (heading - 1) % 4):
                graph.add_edge((cell, heading), (cell, turned), weight=TURN_COST)
            ahead = int(grid.neighbours[cell, heading])
            if ahead >= 0 and (ahead == goal or grid.through[load, ahead]):
                weight = CELL_COST + int(costs[cell, heading])
                graph.add_edge((cell, heading), (ahead, heading), weight=weight)
    sources = {(goal, heading) for heading in range(4)}
    return nx.multi_source_dijkstra_path_length(graph.reverse(), sources)


@pytest.mark.parametrize("dear", [8, 300])
@pytest.mark.parametrize("seed", range(12))
def test_field_is_the_shortest_distance(seed: int, dear: int) -> None:
    layout = random_floor(seed)
    rng = np.random.default_rng(seed + 1000)
    costs = rng.choice([0, dear], size=(layout.n_cells, 4)).astype(np.int32)
    fields = DistanceFields(grid_of(layout, only_costs(costs)), n_units=4)
    assert fields._filler.is_cheap == (dear == 8)
    for load in (0, 1):
        goal = int(rng.choice(np.flatnonzero(layout.driveable)))
        expected = brute_force(layout, goal, load, costs)
        for cell in np.flatnonzero(layout.driveable).tolist():
            for heading in range(4):
                found = fields.distance(cell, heading, goal, load)
                assert found == expected.get((cell, heading), UNREACHABLE), f"seed {seed}"


@pytest.mark.parametrize("costs", [[0], [0, 1, 5], [0, 5, 18, 100]])
@pytest.mark.parametrize("turn_cost", [1, CELL_COST, TURN_COST, 40])
def test_cheap_and_dear_fields_are_filled_alike(turn_cost: int, costs: list[int]) -> None:
    """Of every goal, laden and empty, many at once and a single one."""
    layout = random_floor(turn_cost)
    surcharges = np.random.default_rng(turn_cost).choice(costs, (layout.n_cells, 4))
    cheap, dear = both_ways(layout, surcharges, turn_cost)
    goals = np.flatnonzero(layout.driveable).tolist()
    for load in (0, 1):
        found = [*cheap.hold_all(goals[1:], load), cheap.hold(goals[0], load)]
        right = [dear.hold(goal, load) for goal in [*goals[1:], goals[0]]]
        assert (cheap.values[found] == dear.values[right]).all()
    assert len(fill_field.signatures) == len(fill_dear_field.signatures) == 1


def test_large_distances_saturate_alike() -> None:
    layout = open_layout("lane", np.ones((2, 600), dtype=np.int8))
    cheap, dear = both_ways(layout, np.full((layout.n_cells, 4), 120), TURN_COST)
    values, right = (fields.values[fields.hold(0, 0)] for fields in (cheap, dear))
    assert 0.1 < (values == FAR).mean() < 0.9
    assert (values == right).all()


def both_ways(
    layout: Layout, costs: np.ndarray, turn_cost: int
) -> tuple[DistanceFields, DistanceFields]:
    """Fields with a bucket of its own room for every distance, and without."""
    grid = grid_of(layout, only_costs(costs))
    cheap, dear = (DistanceFields(grid, n_units=4, turn_cost=turn_cost) for _ in range(2))
    assert cheap._filler.is_cheap
    dear._filler.is_cheap = False
    return cheap, dear


@pytest.mark.parametrize(("costs", "turn_cost"), [([3, 30, 300], TURN_COST), ([0, 1], 0)])
def test_what_buckets_have_no_room_for(costs: list[int], turn_cost: int) -> None:
    layout = random_floor(0)
    surcharges = np.random.default_rng(0).choice(costs, (layout.n_cells, 4))
    grid = grid_of(layout, only_costs(surcharges))
    assert not DistanceFields(grid, n_units=4, turn_cost=turn_cost)._filler.is_cheap


@pytest.mark.parametrize("seed", range(6))
def test_costs_from_many_cells_to_many_goals(seed: int) -> None:
    """With fewer slots than goals, most of them in use; some goals are asked for twice."""
    layout = random_floor(seed)
    rng = np.random.default_rng(seed)
    free = np.flatnonzero(layout.driveable).astype(np.int32)
    cells, headings = rng.choice(free, 5), rng.integers(4, size=5).astype(np.int8)
    goals = rng.choice(free, 12).tolist()
    few, many = DistanceFields(grid_of(layout), 1, memory_mb=0), DistanceFields(grid_of(layout), 1)
    held = few.hold_all(free[: rng.integers(9)].tolist(), 1)
    found = few.costs(cells, headings, goals, 0)
    for goal, row in zip(goals, found.tolist(), strict=True):
        starts = zip(cells.tolist(), headings.tolist(), strict=True)
        assert row == [many.distance(*start, goal, 0) for start in starts], f"seed {seed}"
    for slot in held:
        few.let_go(slot)
    assert len(few.hold_all(goals[:9], 1)) == 9  # nothing else is in use
    assert few.costs(cells, headings, [], 0).shape == (0, 5)


def test_fields_do_not_depend_on_threads() -> None:
    layout = random_floor(3)
    goals = np.flatnonzero(layout.driveable).tolist()
    one, many = (DistanceFields(grid_of(layout), n_units=4) for _ in range(2))
    one._filler._scratch = one._filler._scratch[:1]
    many._filler._scratch *= 3  # of as many threads
    many._filler._scratch = [
        field_filling._Scratch(len(goals), TURN_COST) for _ in many._filler._scratch
    ]
    first, second = one.hold_all(goals, 0), many.hold_all(goals, 0)
    assert first == second
    assert (one.values[first] == many.values[second]).all()


def test_a_field_in_use_is_never_evicted() -> None:
    layout = open_layout("open", np.ones((6, 6), dtype=np.int8))
    fields = DistanceFields(grid_of(layout), n_units=1, memory_mb=0)
    slot = fields.hold(0, 0)
    before = fields.values[slot].copy()
    for goal in range(1, 36):
        fields.let_go(fields.hold(goal, 0))
    assert (fields.values[slot] == before).all()


@pytest.mark.parametrize("seed", range(30))
def test_repaired_fields_are_those_made_anew(seed: int) -> None:
    """Cells are blocked and opened a few at a time; fields are used now and then in between."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(5, 13, size=2)
    kinds = rng.choice([0, 1, 2], size=shape, p=[0.12, 0.7, 0.18]).astype(np.int8)
    layout = open_layout("random", kinds)
    rule = LaneRule(int(rng.choice([0, 8, 3000])), closes_aisles=True)
    grid = grid_of(layout, lanes_of(layout, rule=rule))
    free = np.flatnonzero(layout.driveable)
    fields = DistanceFields(grid, n_units=40)
    wanted = [(int(goal), int(rng.integers(2))) for goal in rng.choice(free, 8, replace=False)]
    slots = [fields.hold(*key) for key in wanted]
    blocked = np.zeros(layout.n_cells, dtype=bool)
    for _ in range(25):
        toggled = rng.choice(free, rng.integers(1, 4))
        blocked[toggled] = ~blocked[toggled]
        closed = blocked & (rng.random(layout.n_cells) < 0.5)
        now = with_blocked(grid, blocked, closed)
        fields.change_moves(now)
        if rng.random() < 0.3:
            fields.hold(*wanted[rng.integers(len(wanted))])
        if rng.random() < 0.6:
            fields.refresh()
            anew = DistanceFields(now, n_units=40)
            for key, slot in zip(wanted, slots, strict=True):
                assert (fields.values[slot] == anew.values[anew.hold(*key)]).all(), f"seed {seed}"
    assert fields.n_repaired > 40
    assert len(repair_field.signatures) == 1


def test_saturated_fields_are_made_anew() -> None:
    layout = open_layout("row", np.ones((1, 12), dtype=np.int8))
    grid = grid_of(layout, only_costs(np.full((12, 4), 9000, dtype=np.int32)))
    fields = DistanceFields(grid, n_units=1)
    slot = fields.hold(11, 0)
    before = fields.values[slot].copy()
    blocked = np.arange(12) == 5
    for shut in (blocked, ~blocked & False):
        fields.change_moves(with_blocked(grid, shut))
        fields.refresh()
    assert (fields.values[slot] == before).all()
    assert fields.n_repaired < 2


def test_a_field_that_missed_too_many_changes_is_made_anew() -> None:
    layout = open_layout("open", np.ones((9, 9), dtype=np.int8))
    grid = grid_of(layout)
    fields = DistanceFields(grid, n_units=1)
    slot = fields.hold(40, 0)
    for n_changes in (MOST_CHANGES, MOST_CHANGES + 1):
        for change in range(n_changes):
            fields.change_moves(with_blocked(grid, np.arange(81) == change % 40))
        n_filled = fields.n_filled
        fields.refresh()
        assert (fields.n_filled == n_filled) == (n_changes <= MOST_CHANGES)
        anew = DistanceFields(with_blocked(grid, np.arange(81) == (n_changes - 1) % 40), n_units=1)
        assert (fields.values[slot] == anew.values[anew.hold(40, 0)]).all()


@pytest.mark.parametrize("seed", range(6))
def test_fields_come_back_from_a_snapshot_as_they_were(seed: int) -> None:
    """Held ones up to date, held ones out of date, and cached ones that nobody holds."""
    rng = np.random.default_rng(seed)
    layout = random_floor(seed)
    grid = grid_of(layout, lanes_of(layout))
    goals = rng.choice(np.flatnonzero(layout.driveable), 6, replace=False).tolist()
    fields = DistanceFields(grid, n_units=4)
    slots = [fields.hold(goal, 0) for goal in goals]
    fields.let_go(slots[0])
    for _ in range(2):
        fields.change_moves(with_blocked(grid, rng.random(layout.n_cells) < 0.1))
        fields.hold(goals[1], 0)
    again: DistanceFields = pickle.loads(pickle.dumps(fields))
    for name in ("neighbours", "previous", "ways", "surcharges"):
        kept, new = getattr(fields._grid, name), getattr(again._grid, name)
        assert (kept == new).all()
        assert (kept.dtype, kept.flags.c_contiguous) == (new.dtype, new.flags.c_contiguous)
        assert kept.flags.writeable == new.flags.writeable
    assert again.has_due
    assert (again.values[slots[1:]] == fields.values[slots[1:]]).all(), f"seed {seed}"
    for some in (fields, again):
        some.refresh()
        assert [some.hold(goal, 0) for goal in goals] == slots
    assert (again.values[slots] == fields.values[slots]).all(), f"seed {seed}"
