"""Distance fields against networkx on seeded random floors."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, TURN_COST, UNREACHABLE, grid_of
from fleet_control.mapf.lanes import Lanes
from layouts import CellKind, Layout, open_layout


def random_floor(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    share = (0.25, 0.6, 0.15)
    kinds = (CellKind.OBSTACLE, CellKind.FLOOR, CellKind.STORAGE)
    return open_layout("random", rng.choice(kinds, size=(7, 9), p=share).astype(np.int8))


def only_costs(costs: np.ndarray) -> Lanes:
    return Lanes(costs, np.zeros(costs.shape, dtype=bool), np.ones(len(costs), dtype=bool))


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


@pytest.mark.parametrize("seed", range(12))
def test_field_is_the_shortest_distance(seed: int) -> None:
    layout = random_floor(seed)
    rng = np.random.default_rng(seed + 1000)
    costs = rng.choice([0, 8], size=(layout.n_cells, 4)).astype(np.int32)
    fields = DistanceFields(grid_of(layout, only_costs(costs)), n_units=4)
    for load in (0, 1):
        goal = int(rng.choice(np.flatnonzero(layout.driveable)))
        expected = brute_force(layout, goal, load, costs)
        for cell in np.flatnonzero(layout.driveable).tolist():
            for heading in range(4):
                found = fields.distance(cell, heading, goal, load)
                assert found == expected.get((cell, heading), UNREACHABLE), f"seed {seed}"


def test_a_field_in_use_is_never_evicted() -> None:
    layout = open_layout("open", np.ones((6, 6), dtype=np.int8))
    fields = DistanceFields(grid_of(layout), n_units=1, memory_mb=0)
    slot = fields.hold(0, 0)
    before = fields.values[slot].copy()
    for goal in range(1, 36):
        fields.let_go(fields.hold(goal, 0))
    assert (fields.values[slot] == before).all()
