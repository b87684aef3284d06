"""Nobody starves where units cannot pass each other: corridors with bays, dead ends, dense floors.

Without an escort all of these had units that waited for two thousand steps and more.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from test_epibt import NO_RINGS, RINGS, Drive, floor_of, maze

from fleet_control.mapf.epibt_escort_kernels import FAR, measure_flight, trace_way
from fleet_control.mapf.grid import CELL_COST, grid_of
from fleet_control.mapf.planner import PlannerOptions
from layouts import Layout, open_layout


def comb(n_teeth: int, depth: int) -> Layout:
    """Dead ends side by side at one corridor."""
    return floor_of("." * (2 * n_teeth + 1), *["@" + ".@" * n_teeth] * depth)


def corridor(length: int, every: int) -> Layout:
    """One cell wide, with a bay for one unit every so many cells."""
    bays = ["." if col % every == every // 2 else "@" for col in range(length)]
    return floor_of("".join(bays), "." * length)


@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("layout", "n_units", "most"),
    [
        (corridor(13, 13), 2, 300), (corridor(21, 5), 2, 300), (corridor(21, 5), 3, 400),
        (corridor(21, 5), 5, 1000), (comb(6, 3), 4, 300), (comb(6, 3), 8, 600),
    ],
    ids=["one bay", "bays 2", "bays 3", "bays 5", "comb 4", "comb 8"],
)  # fmt: skip
def test_nobody_starves_where_units_cannot_pass(
    layout: Layout, n_units: int, most: int, seed: int, options: PlannerOptions
) -> None:
    drive = Drive(grid_of(layout), n_units, seed, options)
    drive.run(1500)
    early = drive.n_done
    drive.run(1500)
    assert drive.longest < most, f"seed {seed}: {drive.longest} steps without a goal"
    assert drive.n_done - early > 0.7 * early, f"seed {seed}: {early}, then less"


@pytest.mark.parametrize("improvements", [0, 40])
@pytest.mark.parametrize("seed", range(2))
def test_nobody_starves_in_a_crowded_maze(seed: int, improvements: int) -> None:
    """One cell in five taken, and improvement does not undo what an escort needs."""
    layout = maze(np.random.default_rng(seed), 6, 8)
    options = replace(RINGS, improvements=improvements)
    drive = Drive(grid_of(layout), int(layout.driveable.sum()) // 5, seed, options)
    drive.run(1500)
    early = drive.n_done
    drive.run(1500)
    assert drive.longest < 1500, f"seed {seed}: {drive.longest} steps without a goal"
    assert drive.n_done - early > 0.7 * early, f"seed {seed}: {early}, then less"


def test_a_unit_in_a_dead_end_comes_out_before_a_more_urgent_one_goes_in() -> None:
    layout = floor_of("....@", "@@.@@", "@@.@@", "@@.@@")
    inside, outside, deep = 12, 2, 17
    drive = Drive(grid_of(layout), 2, 0, NO_RINGS, [inside, outside], [0, deep])
    seen = np.zeros(2, dtype=bool)
    for _ in range(150):
        drive.step()
        seen |= drive.cells == drive.goals
    assert seen.all()


@pytest.mark.parametrize("seed", range(10))
def test_way_and_flight_against_walks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = open_layout("random", (rng.random((7, 8)) > 0.2).astype(np.int8))
    grid = grid_of(layout)
    drive = Drive(grid, 10, seed, NO_RINGS)
    planner, unit = drive.planner, 0
    fields, slot = planner.fields.values, int(planner._slots[unit])
    way, is_on_way = np.zeros(grid.n_cells, np.int32), np.zeros(grid.n_cells, bool)
    cost = int(fields[slot, 4 * grid.compact[drive.cells[unit]] + drive.headings[unit]])
    length = trace_way(
        drive.cells[:1].copy(), drive.headings[:1].copy(), drive.goals[:1].astype(np.int32),
        planner._slots[:1].copy(), planner._loads[:1].copy(), grid.neighbours, grid.surcharges,
        grid.through, grid.zones, grid.compact, fields, CELL_COST, np.empty(1, np.int32), way,
        is_on_way,
    )  # fmt: skip
    cells, heading, spent = way[:length].tolist(), int(drive.headings[unit]), 0
    assert cells[0] == drive.cells[unit]
    assert sorted(cells) == np.flatnonzero(is_on_way).tolist()
    for here, there in pairwise(cells):
        side = grid.neighbours[here].tolist().index(there)
        turns = (side - heading) % 4
        spent += CELL_COST * (1 + min(turns, 4 - turns))
        heading = side
    assert (cells[-1] == drive.goals[unit] and spent == cost) or (length == 1 and cost >= 60000)

    at_now = np.full(grid.n_cells, -1, np.int32)
    at_now[drive.cells] = np.arange(10)
    flight, queue = np.zeros(grid.n_cells, np.int32), np.zeros(grid.n_cells, np.int32)
    here = int(drive.cells[unit])
    measure_flight(
        here, at_now, grid.previous, grid.compact, is_on_way, flight, queue
    )  # fmt: skip
    for cell in drive.free.tolist():
        near, steps, goal = (
            {cell},
            0,
            set(np.flatnonzero((at_now < 0) & ~is_on_way)) & set(drive.free.tolist()),
        )
        while not near & goal and steps < grid.n_cells:
            near |= {int(n) for c in near for n in grid.neighbours[c] if n >= 0 and n != here}
            steps += 1
        if cell != here:
            assert flight[cell] == (steps if steps < grid.n_cells else FAR), f"seed {seed}"
