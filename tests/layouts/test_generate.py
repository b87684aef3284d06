"""Generated floors: every figure honoured, every pod reachable, every fault told at once."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fleet_control.mapf.lanes import lanes_of
from layouts import CellKind, Layout, LayoutError, StationKind, load, save
from layouts.directions import one_way_moves
from layouts.generate import BlockFloor, SortationFloor, StationRow, block_floor, sortation_floor
from layouts.geometry import COL_STEP, ROW_STEP
from layouts.lint import Severity, lint

SIDES = ("north", "east", "south", "west")
ARRAYS = ("kinds", "exits", "edge_costs")


def random_rows(rng: np.random.Generator, kinds: list[str]) -> tuple[StationRow, ...]:
    """One to three rows of stations that a side of 12 cells has room for."""
    sides = rng.permutation(SIDES)[: int(rng.integers(1, 4))].tolist()
    return tuple(
        StationRow(
            side,
            count=int(rng.integers(1, 4)),
            kind=str(rng.choice(kinds)),
            queue=int(rng.integers(1, 6)),
            spacing=int(rng.choice([0, 3, 4])),
        )
        for side in sides
    )


def random_blocks(seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    width, depth = int(rng.integers(2, 6)), int(rng.integers(1, 3))
    if rng.random() < 0.3:
        width, depth = depth, width
    figures = BlockFloor(
        name=f"seed {seed}",
        blocks_across=int(rng.integers(4, 7)),
        blocks_down=int(rng.integers(5, 9)),
        block_width=width,
        block_depth=depth,
        aisle_width=int(rng.integers(1, 3)),
        cross_aisle_width=int(rng.integers(1, 4)),
        highway_width=int(rng.integers(2, 5)),
        margin_width=int(rng.integers(2, 4)),
        stations=random_rows(rng, ["pick", "stow"]),
        chargers=int(rng.integers(0, 7)),
        one_way=bool(rng.random() < 0.5),
        cell_size_m=float(rng.choice([0.8, 1.0, 1.25])),
    )
    return block_floor(figures)


def random_sortation(seed: int) -> Layout:
    rng = np.random.default_rng(1000 + seed)
    return sortation_floor(
        SortationFloor(
            name=f"seed {seed}",
            chutes_across=int(rng.integers(4, 8)),
            chutes_down=int(rng.integers(4, 8)),
            street_width=int(rng.integers(2, 4)),
            highway_width=int(rng.integers(2, 5)),
            stations=random_rows(rng, ["induct"]),
            on_lane=bool(rng.random() < 0.5),
            one_way=bool(rng.random() < 0.5),
        )
    )


def reached(floor: Layout, start: int, is_reversed: bool, may_pass: np.ndarray) -> set[int]:
    """Cells that a unit gets to from `start` (or that get to it), driving through `may_pass` only.
    Goals are entered, not passed. Written from the drawing's meaning alone."""
    seen, waiting = {start}, deque([start])
    while waiting:
        here = waiting.popleft()
        if here != start and not may_pass[here]:
            continue
        row, col = divmod(here, floor.n_cols)
        for heading in range(4):
            sign = -1 if is_reversed else 1
            r, c = row + sign * ROW_STEP[heading], col + sign * COL_STEP[heading]
            if not (0 <= r < floor.n_rows and 0 <= c < floor.n_cols):
                continue
            there = r * floor.n_cols + c
            source = there if is_reversed else here
            if floor.exits[source, heading] and there not in seen:
                seen.add(there)
                waiting.append(there)
    return seen


def may_pass_laden(floor: Layout, station: int) -> np.ndarray:
    """Floor, chargers, parking, and the cells of the one station."""
    may_pass = np.isin(floor.kinds, (CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING))
    own = floor.stations[station]
    may_pass[[own.cell, *own.queue]] = True
    return may_pass


def check_stations(floor: Layout, seed: int) -> None:
    """Queues are one-way chains to the service cell, which has a way out that is no queue."""
    for station in floor.stations:
        chain = [*reversed(station.queue), station.cell]
        for here, there in pairwise(chain):
            assert floor.neighbours[here].tolist().count(there) == 1, seed
            assert (floor.neighbours[here] >= 0).sum() == 1, seed
        ways = [cell for cell in floor.neighbours[station.cell].tolist() if cell >= 0]
        assert ways, seed
        assert not np.isin(floor.kinds[ways], CellKind.QUEUE).any(), seed


@pytest.mark.parametrize("seed", range(30))
def test_every_pod_gets_to_every_station_and_back(seed: int, tmp_path: Path) -> None:
    floor = random_blocks(seed)
    storage = set(floor.cells_of(CellKind.STORAGE).tolist())
    check_stations(floor, seed)
    assert all(station.queue for station in floor.stations), seed
    assert floor.recommended_units > 0
    for index, station in enumerate(floor.stations):
        may_pass = may_pass_laden(floor, index)
        assert storage <= reached(floor, station.cell, False, may_pass), seed
        assert storage <= reached(floor, station.cell, True, may_pass), seed
    save(floor, tmp_path / "f.toml")
    check_equal(load(tmp_path / "f.toml"), floor, seed)


@pytest.mark.parametrize("seed", range(15))
def test_every_chute_is_reached_from_every_induct_station(seed: int, tmp_path: Path) -> None:
    floor = random_sortation(seed)
    check_stations(floor, seed)
    inducts = [i for i, s in enumerate(floor.stations) if s.kind is StationKind.INDUCT]
    chutes = {s.cell for s in floor.stations if s.kind is StationKind.EJECT}
    assert len(chutes) + len(inducts) == len(floor.stations)
    for index in inducts:
        cell, may_pass = floor.stations[index].cell, may_pass_laden(floor, index)
        assert chutes <= reached(floor, cell, False, may_pass), seed
        assert chutes <= reached(floor, cell, True, may_pass), seed
    save(floor, tmp_path / "f.toml")
    check_equal(load(tmp_path / "f.toml"), floor, seed)


@pytest.mark.parametrize("seed", range(0, 30, 3))
def test_the_lint_finds_no_fault(seed: int) -> None:
    for floor in (random_blocks(seed), random_sortation(seed)):
        faults = [str(f) for f in lint(floor) if f.severity is Severity.FAULT]
        assert not faults, (seed, floor.description)


def check_equal(again: Layout, floor: Layout, seed: int) -> None:
    for name in ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(floor, name)), (seed, name)
    for name in ("name", "stations", "cell_size_m", "description", "recommended_units"):
        assert getattr(again, name) == getattr(floor, name), (seed, name)


def test_the_same_figures_give_the_same_floor() -> None:
    first, second = random_blocks(3), random_blocks(3)
    assert all(np.array_equal(getattr(first, n), getattr(second, n)) for n in ARRAYS)


def test_figures_are_honoured() -> None:
    rows = (StationRow("south", 3, queue=5), StationRow("south", 2, "stow", queue=2, spacing=4),
            StationRow("north", 1, queue=4))  # fmt: skip
    floor = block_floor(
        BlockFloor("hall", 5, 6, 4, 2, 1, 2, 4, 3, rows, 7, 5, True, 1.2, 33, "My hall.")
    )
    kinds = [station.kind for station in floor.stations]
    assert kinds.count(StationKind.PICK) == 4
    assert kinds.count(StationKind.STOW) == 2
    queues = sorted(len(station.queue) for station in floor.stations)
    assert queues == [2, 2, 4, 5, 5, 5]
    counts = {kind: len(floor.cells_of(kind)) for kind in CellKind}
    assert counts[CellKind.STORAGE] == 5 * 6 * 4 * 2
    assert (counts[CellKind.CHARGER], counts[CellKind.PARKING]) == (7, 5)
    assert (floor.name, floor.description) == ("hall", "My hall.")
    assert (floor.cell_size_m, floor.recommended_units) == (1.2, 33)
    assert floor.n_rows == 5 + 4 + 6 * 3 - 1 + 4 + 6
    assert floor.n_cols == 1 + 3 + 5 * 6 - 2 + 3 + 1


def test_every_pod_has_an_aisle_beside_it() -> None:
    for seed in range(30):
        floor = random_blocks(seed)
        beside = floor.neighbours[floor.cells_of(CellKind.STORAGE)]
        has_aisle = (floor.kinds[beside] == CellKind.FLOOR) & (beside >= 0)
        assert has_aisle.any(axis=1).all(), seed


def test_one_way_lanes_agree_with_those_of_planning() -> None:
    """Where a lane may only be driven one way, planning does not make that way dear."""
    floors = [
        block_floor(BlockFloor(one_way=True)),
        sortation_floor(SortationFloor(one_way=True, highway_width=4)),
    ]
    for floor in floors:
        around = (CellKind.QUEUE, CellKind.HUMAN)
        outside = np.isin(floor.kinds, around).reshape(floor.n_rows, floor.n_cols).any(axis=1)
        is_hall = (floor.kinds == CellKind.FLOOR) & ~np.repeat(outside, floor.n_cols)
        is_lane = one_way_moves(floor) & is_hall[:, None] & is_hall[floor.neighbours]
        assert is_lane.sum() > 100, floor.name
        lanes = lanes_of(floor)
        assert not (lanes.costs[is_lane] | lanes.closed[is_lane]).any(), floor.name


def test_all_faults_of_the_figures_come_together() -> None:
    rows = (StationRow("suth", 0, "pik", queue=0, spacing=2), StationRow("north", 2, "induct"))
    figures = BlockFloor(
        name=" ", blocks_across=0, block_width=3, block_depth=3, aisle_width=5000, stations=rows,
        chargers=-1, cell_size_m=50.0, recommended_units=-2,
    )  # fmt: skip
    with pytest.raises(LayoutError) as caught:
        block_floor(figures)
    text = "\n".join(caught.value.faults)
    for piece in (
        "blocks_across is 0; give 1 to 1000", "aisle_width is 5000", "chargers is -1",
        "blocks of 3 x 3 hold pods without an aisle", "name is ' '", "cell_size_m is 50.0",
        "recommended_units is -2", "did you mean 'south'?", "did you mean 'pick'?",
        "count is 0", "queue is 0", "spacing is 2", "'induct' is no kind of station here",
    ):  # fmt: skip
        assert piece in text
    assert len(caught.value.faults) == 13


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (BlockFloor(stations=(StationRow("south", 40),)), "40 stations on the south need 120"),
        (BlockFloor(stations=()), "no stations; give at least one row"),
        (BlockFloor(chargers=500), "need 84 groups of 6 along"),
        (BlockFloor(chargers=1, stations=tuple(StationRow(side, 1) for side in SIDES)),
         "all sides have stations"),
        (BlockFloor(blocks_across=900, blocks_down=900), "are more than 1,000,000"),
    ],
)  # fmt: skip
def test_floors_that_do_not_fit(figures: BlockFloor, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        block_floor(figures)


def test_sortation_takes_induct_stations_only() -> None:
    with pytest.raises(LayoutError, match="'pick' is no kind of station here"):
        sortation_floor(SortationFloor(stations=(StationRow("south", 2, "pick"),)))
