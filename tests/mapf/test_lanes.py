"""Lanes: alternating, one way in aisles, and never the end of a way that there was."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf.lanes import STRICT, lanes_of
from layouts import AISLE_KINDS, CellKind, Heading, Layout, library_names, load, open_layout
from layouts.directions import one_way_moves
from layouts.geometry import opposite

EMPTY = (CellKind.OBSTACLE, CellKind.HUMAN, CellKind.STATION, CellKind.QUEUE)
"""Where no unit drives through; stations are entered by those bound for them only."""
LADEN = (*EMPTY, CellKind.STORAGE)


def floor_of(*rows: str) -> Layout:
    kinds = {
        ".": CellKind.FLOOR, "#": CellKind.OBSTACLE, "P": CellKind.STORAGE, "S": CellKind.STATION,
    }  # fmt: skip
    return open_layout("drawn", np.array([[kinds[c] for c in row] for row in rows], dtype=np.int8))


def parts(layout: Layout, closed: np.ndarray, barred: tuple[CellKind, ...]) -> set[frozenset[int]]:
    """Cells with ways to and fro between them."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(np.flatnonzero(~np.isin(layout.kinds, barred)).tolist())
    for cell in list(graph):
        for heading, there in enumerate(layout.neighbours[cell].tolist()):
            if there in graph and not closed[cell, heading]:
                graph.add_edge(cell, there)
    return {frozenset(part) for part in nx.strongly_connected_components(graph)}


def all_ways_round_exist(layout: Layout, closed: np.ndarray) -> bool:
    """Whether a laden unit gets from cell to cell of every closed move in some other way."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    is_open = ~np.isin(layout.kinds, LADEN)
    for cell in np.flatnonzero(is_open).tolist():
        for heading, there in enumerate(layout.neighbours[cell].tolist()):
            if there >= 0 and is_open[there] and not closed[cell, heading]:
                graph.add_edge(cell, there)
    moves = zip(*np.nonzero(closed), strict=True)
    ends = [(int(cell), int(layout.neighbours[cell, heading])) for cell, heading in moves]
    return all(end in graph and nx.has_path(graph, cell, end) for cell, end in ends)


BLOCKS = (
    ".............",
    ".PPP.PPP.PPP.",
    ".............",
    ".PPP.PPP.PPP.",
    ".............",
    ".PPP.PPP.PPP.",
    ".............",
)


def test_aisles_are_one_way_and_alternate() -> None:
    layout = floor_of(*BLOCKS)
    closed = lanes_of(layout, rule=STRICT).closed
    ways = {row: closed[[layout.cell(row, col) for col in (2, 3, 6, 10)]] for row in (0, 2, 4, 6)}
    for row, moves in ways.items():
        assert (moves == moves[0]).all()
        assert moves[0].sum() == 1
        assert moves[0, [Heading.EAST, Heading.WEST]].any()
        assert row == 0 or (moves[0] != ways[row - 2][0]).any()
    assert not closed[layout.cells_of(CellKind.STORAGE)].any()


def test_wide_aisles_cost_but_stay_open() -> None:
    layout = floor_of("......", "......", "######", "......", "......")
    lanes = lanes_of(layout)
    assert not lanes.closed.any()
    assert lanes.costs.any()


def test_a_dead_end_stays_open_both_ways() -> None:
    layout = floor_of(".....###", ".PPP.###", "........", ".PPP.###", ".....###")
    closed = lanes_of(layout, rule=STRICT).closed
    end = [layout.cell(2, col) for col in (5, 6, 7)]
    assert not closed[end].any()


def test_no_lane_leads_into_a_corner_that_only_a_station_leaves() -> None:
    layout = floor_of("....", "S##.", ".##.", "....")
    closed, none = lanes_of(layout, rule=STRICT).closed, np.zeros((layout.n_cells, 4), dtype=bool)
    assert parts(layout, closed, EMPTY) == parts(layout, none, EMPTY)
    assert not closed[layout.cell(0, 0)].any()


def test_parked_units_count_as_walls() -> None:
    layout = floor_of("......", "......", "......")
    assert not lanes_of(layout, rule=STRICT).closed.any()
    parked = [layout.cell(1, col) for col in range(1, 5)]
    assert lanes_of(layout, parked, STRICT).closed.any()


SMALL = [name for name in library_names() if load(name).n_cells < 4000]


@pytest.mark.parametrize("name", SMALL)
def test_every_closed_move_of_a_ready_floor_has_a_way_round(name: str) -> None:
    layout = load(name)
    assert all_ways_round_exist(layout, lanes_of(layout, rule=STRICT).closed)


@pytest.mark.parametrize("name", library_names())
def test_ready_floors_stay_connected(name: str) -> None:
    layout = load(name)
    closed, none = lanes_of(layout, rule=STRICT).closed, np.zeros((layout.n_cells, 4), dtype=bool)
    for barred in (LADEN, EMPTY):
        assert parts(layout, closed, barred) == parts(layout, none, barred)


@pytest.mark.parametrize("name", library_names())
def test_ready_floors_with_stations_have_lanes_that_close_nothing(name: str) -> None:
    layout = load(name)
    assert layout.stations
    gentle, strict = lanes_of(layout), lanes_of(layout, rule=STRICT)
    assert not gentle.closed.any()
    assert np.array_equal(gentle.costs > 0, strict.costs > 0)
    assert gentle.costs.sum() < strict.costs.sum()


def test_aisles_without_stations_are_closed_against_the_lane() -> None:
    layout = floor_of(*BLOCKS)
    assert np.array_equal(lanes_of(layout).closed, lanes_of(layout, rule=STRICT).closed)


@pytest.mark.parametrize("name", library_names())
def test_no_one_way_street_of_a_ready_floor_is_against_a_lane(name: str) -> None:
    layout = load(name)
    is_street = one_way_moves(layout)
    is_street[~np.isin(layout.kinds, AISLE_KINDS)] = False
    lanes = lanes_of(layout, rule=STRICT)
    assert not lanes.costs[is_street].any()
    assert not lanes.closed[is_street].any()


def test_a_lane_leads_the_way_of_the_street_that_it_goes_on() -> None:
    """Whichever way that is: rows of which the middle is one-way, and the ends are not."""
    for against in (Heading.EAST, Heading.WEST):
        layout = floor_of(*["........"] * 3)
        exits = layout.exits.copy()
        exits[[layout.cell(1, col) for col in range(2, 6)], against] = False
        layout = replace(layout, exits=exits)
        costs = lanes_of(layout).costs
        for end in (layout.cell(1, 1), layout.cell(1, 6)):
            assert costs[end, against] > 0
            assert costs[end, opposite(against)] == 0


@pytest.mark.parametrize("seed", range(40))
def test_no_way_is_lost_on_random_floors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = np.full((rng.integers(5, 14), rng.integers(5, 14)), CellKind.FLOOR, dtype=np.int8)
    for _ in range(rng.integers(2, 9)):
        row, col = rng.integers(0, kinds.shape[0]), rng.integers(0, kinds.shape[1])
        kind = rng.choice([CellKind.OBSTACLE, CellKind.STORAGE, CellKind.STATION])
        kinds[row : row + rng.integers(1, 4), col : col + rng.integers(1, 6)] = kind
    layout = open_layout("random", kinds)
    parked = rng.permutation(layout.cells_of(CellKind.FLOOR))[: rng.integers(0, 4)].tolist()
    closed = lanes_of(layout, parked, STRICT).closed
    none = np.zeros((layout.n_cells, 4), dtype=bool)
    for barred in (LADEN, EMPTY):
        assert parts(layout, closed, barred) == parts(layout, none, barred), f"seed {seed}"
    assert not (closed & (layout.neighbours < 0)).any()
    assert all_ways_round_exist(layout, closed), f"seed {seed}"
