"""What blocked cells cut off: drawn floors with their sentences, and random ones by brute force."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from fleet_control.mapf.reach import CutOff, FloorReach
from layouts import AISLE_KINDS, CellKind, Layout, Station, StationKind, load, open_layout

CELLS = {
    ".": CellKind.FLOOR, "#": CellKind.OBSTACLE, "P": CellKind.STORAGE, "S": CellKind.STATION,
    "q": CellKind.QUEUE, "C": CellKind.CHARGER, "K": CellKind.PARKING,
}  # fmt: skip


def drawn(*rows: str) -> Layout:
    """A floor with a station for every S, its queue the q to the right of it."""
    kinds = np.array([[CELLS[c] for c in row] for row in rows], dtype=np.int8)
    flat = "".join(rows)
    stations = []
    for cell in [cell for cell, char in enumerate(flat) if char == "S"]:
        end = cell + 1
        while flat[end : end + 1] == "q":
            end += 1
        queue = tuple(range(cell + 1, end))
        stations.append(Station(f"S{len(stations) + 1}", StationKind.PICK, cell, queue))
    return open_layout("drawn", kinds, stations=tuple(stations))


def cut(layout: Layout, *places: tuple[int, int], pods: tuple[int, ...] = ()) -> CutOff:
    """places: row and column, from 1."""
    blocked = np.zeros(layout.n_cells, dtype=bool)
    blocked[[layout.cell(row - 1, col - 1) for row, col in places]] = True
    return FloorReach(layout).cut_off_by(blocked, pods)


BLIND = (
    "..........",
    ".PPPPPP##.",
    ".........C",
    ".PPPPPP##.",
    "..........",
    "#.########",
    "#.PP#...##",
    "#......S##",
)


def test_nothing_blocked_cuts_off_nothing() -> None:
    assert cut(drawn(*BLIND)) == CutOff()


def test_a_way_round_is_no_cut() -> None:
    found = cut(drawn(*BLIND), (3, 5))
    assert found.is_harmless
    assert found.text == "row 3, column 5 is blocked: there are ways round, all else can be reached"


def test_the_only_aisle_to_a_wing() -> None:
    layout = drawn(
        "........#...S",
        ".PPPPPP.#.PP.",
        ".............",
        ".PPPPPP.#.PP.",
        "........#...C",
    )
    pods = tuple(layout.cell(1, col) for col in (1, 10))
    found = cut(layout, (3, 9), pods=pods)
    assert found.blocked == (layout.cell(2, 8),)
    assert found.stations == ("S1",)
    assert found.chargers == (layout.cell(4, 12),)
    assert found.storage == tuple(layout.cell(row, col) for row in (1, 3) for col in (10, 11))
    assert found.pods == pods[1:]
    assert not found.is_harmless


def test_the_sentence_says_it_all() -> None:
    layout = drawn(*BLIND)
    pods = (layout.cell(6, 2), layout.cell(1, 1), -1)
    found = cut(layout, (6, 2), pods=pods)
    assert found.text == (
        "row 6, column 2 is blocked: 10 aisle cells, 2 storage cells with 1 pod and station 'S1' "
        "cannot be reached; the rest of the floor works on"
    )
    assert found.pods == pods[:1]
    found = cut(layout, *((3, col) for col in range(2, 8)))
    assert found.text.startswith("row 3, columns 2 to 7 are blocked: there are ways round")
    found = cut(layout, (2, 2), (3, 2), (2, 3), (3, 10))
    assert found.text.startswith("3 cells in rows 2 to 3, columns 2 to 3 and row 3, column 10 are")
    assert found.chargers == (layout.cell(2, 9),)
    assert "2 storage cells and 1 charger cannot be reached" in found.text


def test_laden_units_do_not_pass_under_pods() -> None:
    """Empty units still come through the storage, but no pod gets out of the inner aisle."""
    layout = drawn(
        "........",
        ".PPPPPP.",
        ".PPP..P.",
        ".PPPPPP.",
        "........",
    )
    inner = {layout.cell(row, col) for row, col in ((2, 3), (1, 4), (1, 5))}
    assert not cut(layout, (1, 1)).storage
    found = cut(layout, (1, 5))
    assert found.storage == (layout.cell(1, 4),)
    assert layout.cell(1, 4) in inner


def test_a_blocked_queue_cell_cuts_off_its_station() -> None:
    layout = load("teaching")
    station = layout.stations[0]
    blocked = np.zeros(layout.n_cells, dtype=bool)
    blocked[station.queue[1]] = True
    assert FloorReach(layout).cut_off_by(blocked).stations == (station.name,)


def test_many_places_are_counted() -> None:
    layout = open_layout("open", np.ones((9, 9), dtype=np.int8))
    found = cut(layout, *((row, col) for row in (2, 4, 6, 8) for col in (3, 6)))
    assert "row 6, column 3 and 3 more places (8 cells in all) are blocked" in found.text


class Slow:
    """The rules over again, as walks on a graph."""

    def __init__(self, layout: Layout, blocked: np.ndarray) -> None:
        self.layout, self.blocked = layout, blocked
        free = np.flatnonzero(~blocked).tolist()
        aisles = {cell for cell in free if layout.kinds[cell] in AISLE_KINDS}
        pods = {cell for cell in free if layout.kinds[cell] == CellKind.STORAGE}
        empty, laden = self.both_ways(aisles | pods), self.both_ways(aisles)
        self.aisles = aisles & empty[0] & empty[1]
        self.storage = {
            cell
            for cell in pods & empty[0] & empty[1]
            if self.after(cell) & laden[1] and self.before(cell) & laden[0]
        }
        self.stations = {
            station.name
            for station in layout.stations
            if self.is_met(station, laden[0] | self.storage, laden[1] | self.storage)
        }

    def after(self, cell: int) -> set[int]:
        return {c for c in self.layout.neighbours[cell].tolist() if c >= 0 and not self.blocked[c]}

    def before(self, cell: int) -> set[int]:
        if self.blocked[cell]:
            return set()
        return {c for c in range(self.layout.n_cells) if cell in self.layout.neighbours[c]}

    def both_ways(self, cells: set[int]) -> tuple[set[int], set[int]]:
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(sorted(cells))
        graph.add_edges_from((c, t) for c in sorted(cells) for t in self.after(c) if t in cells)
        if not cells:
            return set(), set()
        pieces = nx.strongly_connected_components(graph)
        one = min(max(pieces, key=lambda piece: (len(piece), -min(piece))))
        return nx.descendants(graph, one) | {one}, nx.ancestors(graph, one) | {one}

    def is_met(self, station: Station, from_main: set[int], to_main: set[int]) -> bool:
        zone = {station.cell, *station.queue}
        found, todo = set(), sorted(from_main)
        while todo:
            for there in self.after(todo.pop()):
                if there in zone and there not in found:
                    found.add(there)
                    todo.append(there)
        return station.cell in found and bool((self.after(station.cell) - zone) & to_main)


def random_floor(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    kinds = np.full((rng.integers(4, 9), rng.integers(6, 10)), CellKind.FLOOR, dtype=np.int8)
    for _ in range(rng.integers(2, 7)):
        row, col = rng.integers(0, kinds.shape[0]), rng.integers(0, kinds.shape[1])
        kind = rng.choice([CellKind.OBSTACLE, CellKind.STORAGE, CellKind.CHARGER])
        kinds[row : row + rng.integers(1, 4), col : col + rng.integers(1, 5)] = kind
    n_cols = kinds.shape[1]
    kinds[0, :3] = CellKind.STATION, CellKind.QUEUE, CellKind.QUEUE
    kinds[-1, -1] = CellKind.STATION
    stations = (
        Station("A", StationKind.PICK, 0, queue=(1, 2)),
        Station("B", StationKind.PICK, kinds.size - 1),
        Station("C", StationKind.WORKSTATION, n_cols + 1),
    )
    kinds[1, 1] = CellKind.FLOOR
    exits = rng.random((kinds.size, 4)) > 0.1
    layout = open_layout("random", kinds, stations=stations)
    return Layout(
        "random", layout.n_rows, n_cols, layout.kinds, exits, layout.edge_costs, stations=stations
    )


@pytest.mark.parametrize("seed", range(60))
def test_random_floors_by_brute_force(seed: int) -> None:
    layout = random_floor(seed)
    rng = np.random.default_rng(seed + 1000)
    reach = FloorReach(layout)
    was = Slow(layout, np.zeros(layout.n_cells, dtype=bool))
    for _ in range(4):
        blocked = rng.random(layout.n_cells) < rng.uniform(0, 0.2)
        blocked &= layout.driveable
        pods = rng.permutation(layout.cells_of(CellKind.STORAGE))[:5]
        found, now = reach.cut_off_by(blocked, pods), Slow(layout, blocked)
        gone = was.aisles - now.aisles
        niches = {kind: {c for c in gone if layout.kinds[c] == kind} for kind in CellKind}
        expected = {
            "blocked": set(np.flatnonzero(blocked).tolist()),
            "aisles": {c for c in niches[CellKind.FLOOR] if not blocked[c]},
            "storage": was.storage - now.storage,
            "pods": (was.storage - now.storage) & set(pods.tolist()),
            "chargers": niches[CellKind.CHARGER],
            "parking": niches[CellKind.PARKING],
        }
        for name, cells in expected.items():
            assert getattr(found, name) == tuple(sorted(cells)), f"seed {seed}: {name}"
        names = [s.name for s in layout.stations if s.name in was.stations - now.stations]
        assert list(found.stations) == names, f"seed {seed}"
        assert bool(found.text) == bool(blocked.any())
