"""Capacity and parking: the surplus stands aside densely, and the floor around it stays one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf.capacity import assign_parking, driving_capacity, parking_cells
from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import CellKind, Layout, load, open_layout


def random_floor(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    kinds = np.full((rng.integers(6, 16), rng.integers(6, 16)), CellKind.FLOOR, dtype=np.int8)
    for _ in range(rng.integers(0, 6)):
        row, col = rng.integers(0, kinds.shape[0]), rng.integers(0, kinds.shape[1])
        kinds[row : row + rng.integers(1, 3), col : col + rng.integers(1, 5)] = CellKind.OBSTACLE
    return open_layout("random", kinds)


def open_graph(layout: Layout, closed: set[int]) -> nx.Graph[int]:
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(cell for cell in layout.cells_of(CellKind.FLOOR).tolist())
    graph.remove_nodes_from(closed)
    for cell in list(graph):
        graph.add_edges_from((cell, c) for c in layout.neighbours[cell].tolist() if c in graph)
    return graph


@pytest.mark.parametrize("seed", range(40))
def test_what_was_connected_stays_connected(seed: int) -> None:
    layout = random_floor(seed)
    before = open_graph(layout, set())
    wanted = int(np.random.default_rng(seed).integers(1, len(before)))
    parking = parking_cells(layout, wanted).tolist()
    assert len(set(parking)) == len(parking) <= wanted
    after = open_graph(layout, set(parking))
    for part in nx.connected_components(before):
        left = part - set(parking)
        assert len(left) < 2 or nx.is_connected(after.subgraph(left)), f"seed {seed}"
    dead_ends = {cell for cell in after if after.degree[cell] < 2}
    assert dead_ends <= {cell for cell in before if before.degree[cell] < 2}, f"seed {seed}"


def test_parking_fills_remote_corners() -> None:
    layout = open_layout("hall", np.ones((20, 20), dtype=np.int8))
    parking = set(parking_cells(layout, 40).tolist())
    assert len(parking) == 40
    assert {0, 19, 380, 399} <= parking
    assert layout.cell(10, 10) not in parking


def test_a_crowd_parks_around_a_core() -> None:
    """Where corners make no room for all: what is left is in the middle, whole and without dead
    ends, about as large as wanted."""
    rng = np.random.default_rng(4)
    kinds = np.where(rng.random((32, 32)) < 0.2, CellKind.OBSTACLE, CellKind.FLOOR)
    layout = open_layout("scattered", kinds.astype(np.int8))
    n_cells = len(layout.cells_of(CellKind.FLOOR))
    for n_wanted in (400, 500, 600):
        parking = set(parking_cells(layout, n_wanted).tolist())
        assert n_wanted - 10 <= len(parking) <= n_wanted
        core = open_graph(layout, parking)
        assert len(core) == n_cells - len(parking)
        assert nx.is_connected(core)
        assert min(dict(core.degree).values()) >= 2
        rows = np.array(sorted(core)) // 32
        side = np.sqrt(len(core) / n_cells)  # of a square part of the floor
        assert rows.std() < 1.1 * side * np.arange(32).std()


def test_the_surplus_takes_its_cells_from_the_capacity() -> None:
    layout = open_layout("hall", np.ones((40, 40), dtype=np.int8))
    capacity = driving_capacity(layout)
    assert driving_capacity(layout, capacity) == capacity
    fewer = driving_capacity(layout, 800)
    assert 0 < fewer < capacity
    share = capacity / layout.n_cells
    assert fewer == pytest.approx(share * (layout.n_cells - (800 - fewer)), abs=2)


def test_windows_carry_more() -> None:
    layout = open_layout("hall", np.ones((40, 40), dtype=np.int8))
    assert driving_capacity(layout, has_windows=True) == pytest.approx(
        1.363 * driving_capacity(layout), abs=2
    )
    assert driving_capacity(layout, 800, has_windows=True) < driving_capacity(
        layout, has_windows=True
    )


def test_a_surplus_that_parks_keeps_the_output_of_the_best_fleet(tmp_path: Path) -> None:
    """On a floor with dead ends 120 units do far less than 30. 60 of which 30 work do not."""
    is_open = np.random.default_rng(7).random((18, 18)) > 0.2
    rows = ["".join(".@"[not cell] for cell in row) for row in is_open]
    floor = tmp_path / "crowded.map"
    floor.write_text("\n".join(["type octile", "height 18", "width 18", "map", *rows]) + "\n")
    rates = {}
    for n_units, n_working in ((30, 30), (120, 120), (60, 30)):
        scenario = Scenario(
            layout=str(floor), robots=n_units, max_working=n_working, hours=0.2, planner="windowed"
        )
        figures = kpis(Simulation(scenario).run())
        assert (figures["contacts"], figures["conflicts"]) == (0, 0)
        assert figures["n_active"] == n_working
        rates[n_units] = figures["tasks_per_hour"]
    assert rates[120] < 0.6 * rates[30], rates
    assert rates[60] > 0.8 * rates[30], rates


def test_parking_is_given_to_those_who_stand_near() -> None:
    layout = open_layout("hall", np.ones((4, 9), dtype=np.int8))
    starts = np.array([0, 8, 20], dtype=np.int32)
    assert assign_parking(layout, starts, np.array([8, 27], dtype=np.int32)) == {1: 8, 0: 27}


@pytest.mark.parametrize("seed", range(3))
def test_a_fleet_scattered_over_the_floor_parks_its_surplus(seed: int) -> None:
    """The scenario has 90 units stand anywhere; 25 may drive, the others find their way aside."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(24 * 24)[:90]
    starts = [[int(cell) // 24 + 1, int(cell) % 24 + 1] for cell in cells]
    floor = "type octile\nheight 24\nwidth 24\nmap\n" + ("." * 24 + "\n") * 24
    simulation = scattered(floor, starts, seed)
    record = simulation.run()
    figures = kpis(record)
    assert (figures["contacts"], figures["conflicts"], figures["n_active"]) == (0, 0, 25)
    parking = simulation.brain.setup.parking
    at = simulation.brain.controller.executor.cells_now[list(parking)]
    assert set(at.tolist()) == set(parking.values()), f"seed {seed}"
    assert figures["tasks_done"] > 25 * 5


def scattered(floor: str, starts: list[list[int]], seed: int) -> Simulation:

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hall.map"
        path.write_text(floor)
        assert load(path).n_cells == 576
        return Simulation(
            Scenario(
                layout=str(path), robots=90, hours=0.25, seed=seed, max_working=25,
                starts=[tuple(pair) for pair in starts],
            )
        )  # fmt: skip
