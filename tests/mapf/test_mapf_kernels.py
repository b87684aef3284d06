"""The kernels of path finding against slow twins: recursive PIBT, a heap, progress by the book.

The calls of a real planner are recorded and their arguments read by name, so that scratch arrays
may come and go.
"""

from __future__ import annotations

import heapq
import inspect
from typing import Any

import numpy as np
import pytest

from fleet_control.mapf import pibt
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, TURN_COST, UNREACHABLE, Grid, grid_of
from fleet_control.mapf.guidance import Guidance
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.mapf.priority_kernels import UNLIMITED
from layouts import CellKind, load, open_layout

MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014) on Python's unbounded integers."""
    z = value * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


class Recursive:
    """Algorithm 1 of Okumura et al. (2022) as it is written, on the arguments of `plan_step`."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.a = arguments
        self.cells = arguments["cells"].tolist()
        self.at_now = {cell: unit for unit, cell in enumerate(self.cells)}
        self.chosen: list[int | None] = [None] * len(self.cells)
        self.taken: set[int] = set()
        for unit in np.flatnonzero(arguments["fixed"]).tolist():
            self._take(unit, self.cells[unit])
        for unit in arguments["order"].tolist():
            if self.chosen[unit] is None:
                self.decide(unit, int(arguments["max_shoves"][unit]), is_root=True)

    def _take(self, unit: int, cell: int) -> None:
        self.chosen[unit] = cell
        self.taken.add(cell)

    def decide(self, unit: int, n_shoves: int, is_root: bool = False) -> bool:
        """Whether the unit moves; of those it pushes, `n_shoves` may do what they would not."""
        here = self.cells[unit]
        is_shoved, is_idle = False, int(self.a["goals"][unit]) < 0
        for _, cell in sorted(self.candidates(unit), key=lambda pair: pair[0]):
            if is_shoved and not n_shoves:
                break
            left = n_shoves - is_shoved
            is_shoved |= cell == here and not is_root and not is_idle
            occupant = self.at_now.get(cell, unit)
            if cell in self.taken or self.chosen[occupant] == here != cell:
                continue
            if occupant != unit and self.chosen[occupant] is not None:
                if not self.a["allow_cycles"] and self.leads_back(unit, occupant):
                    continue
            elif occupant != unit:
                self._take(unit, cell)
                if self.decide(occupant, left):
                    return True
                continue
            self._take(unit, cell)
            return True
        self._take(unit, here)
        return False

    def leads_back(self, unit: int, leader: int | None) -> bool:
        while leader is not None and self.chosen[leader] not in (None, self.cells[leader]):
            leader = self.at_now.get(self.chosen[leader])
            if leader == unit:
                return True
        return False

    def candidates(self, unit: int) -> list[tuple[int, int]]:
        a, here, goal = self.a, self.cells[unit], int(self.a["goals"][unit])
        heading, dice = int(a["headings"][unit]), mix(int(a["salt"]) + unit)
        zone = int(a["zones"][goal]) if goal >= 0 else -1
        field, found = a["fields"][a["slots"][unit]], []
        for step in range(5):
            cell = int(a["neighbours"][here, step]) if step < 4 else here
            taken = step < 4 and cell in self.at_now
            if step < 4:
                is_open = cell >= 0 and a["through"][a["loads"][unit], cell]
                if cell < 0 or not (is_open or cell == goal or zone == a["zones"][cell] >= 0):
                    continue
                turns = (0, 1, 2, 1)[(step - heading) % 4]
                cost = turns * int(a["turn_cost"]) + int(a["surcharges"][here, step])
                ahead = int(field[4 * a["compact"][cell] + step]) if goal >= 0 else 2
                if ahead == UNREACHABLE:
                    continue
                cost += ahead
            else:
                cost = int(field[4 * a["compact"][here] + heading]) if goal >= 0 else 0
            found.append((cost << 5 | (dice >> 8 * step & 15) | taken << 4, cell))
        return found


def random_fleet(seed: int, options: PlannerOptions):
    """A planner with goals on a random floor with storage and lanes, and where its units are."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(
        [CellKind.OBSTACLE, CellKind.FLOOR, CellKind.STORAGE], (7, 8), p=(0.1, 0.7, 0.2)
    )
    layout = open_layout("random", kinds.astype(np.int8))
    free = np.flatnonzero(layout.driveable)
    n_units = max(2, int(len(free) * rng.uniform(0.2, 0.9)))
    cells = rng.permutation(free)[:n_units].astype(np.int32)
    planner = planner_named("pibt", grid_of(layout, lanes_of(layout)), n_units, options)
    for unit in range(n_units):
        if rng.random() < 0.8:
            planner.set_goal(unit, int(rng.choice(free)), int(rng.integers(2)))
    return rng, layout, planner, cells, rng.integers(0, 4, n_units).astype(np.int8)


@pytest.mark.parametrize("allow_cycles", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_the_kernel_chooses_what_the_recursion_chooses(
    monkeypatch: pytest.MonkeyPatch, seed: int, allow_cycles: bool
) -> None:
    kernel, calls = pibt.plan_step, []
    names = inspect.signature(kernel.py_func).parameters

    def recorded(*arguments):
        named = dict(zip(names, arguments, strict=True))
        expected = Recursive(named).chosen
        kernel(*arguments)
        calls.append((named["chosen"].tolist(), expected))

    monkeypatch.setattr(pibt, "plan_step", recorded)
    monkeypatch.setattr(pibt, "SHOVE_AFTER", 2)
    options = PlannerOptions(seed=seed, allow_cycles=allow_cycles)
    rng, layout, planner, cells, headings = random_fleet(seed, options)
    for _ in range(12):
        after = planner.step(cells, headings, rng.random(len(cells)) < 0.1)
        for unit in np.flatnonzero(after != cells).tolist():
            headings[unit] = layout.neighbours[cells[unit]].tolist().index(after[unit])
        cells = after
    assert len(calls) == 12
    for number, (chosen, expected) in enumerate(calls):
        assert chosen == expected, f"seed {seed}, step {number}"


@pytest.mark.parametrize("seed", range(10))
def test_progress_and_priorities_by_the_book(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    kernel = pibt.track_progress
    names = list(inspect.signature(kernel.py_func).parameters)
    state: dict[int, dict[str, int]] = {}

    def recorded(*arguments):
        a = dict(zip(names, arguments, strict=True))
        before = {name: a[name].tolist() for name in ("since", "best", "last_progress", "bonus")}
        kernel(*arguments)
        for unit in range(len(a["cells"])):
            old = {name: values[unit] for name, values in before.items()}
            state[unit] = slow_progress(a, unit, old)
            for name, value in state[unit].items():
                assert a[name][unit] == value, f"seed {seed}, unit {unit}: {name}"

    monkeypatch.setattr(pibt, "track_progress", recorded)
    monkeypatch.setattr(pibt, "EPOCH", 4)
    monkeypatch.setattr(pibt, "PATIENCE", 3)
    rng, _, planner, cells, headings = random_fleet(seed, PlannerOptions(seed=seed))
    for _ in range(30):
        cells = planner.step(cells, headings, rng.random(len(cells)) < 0.3)
        headings = rng.integers(0, 4, len(cells)).astype(np.int8)
    assert len(state) == len(cells)


def slow_progress(a: dict[str, Any], unit: int, old: dict[str, int]) -> dict[str, int]:
    """What the arrays have to say of one unit after the call."""
    goal, cell, step = int(a["goals"][unit]), int(a["cells"][unit]), int(a["step"])
    if goal in (-1, cell):
        return {"keys": 1, "since": step, "max_shoves": 0}
    state = 4 * int(a["compact"][cell]) + int(a["headings"][unit])
    distance = int(a["fields"][a["slots"][unit], state])
    best = min(distance, old["best"])
    last = step if best < old["best"] else old["last_progress"]
    bonus = old["bonus"]
    if a["redraw"]:
        bonus = int(a["draws"][unit]) if step - last >= a["patience"] else 0
    age = step - old["since"]
    return {
        "best": best, "last_progress": last, "bonus": bonus, "keys": -age - bonus,
        "max_shoves": UNLIMITED if bonus else (step - last) // int(a["shove_after"]),
    }  # fmt: skip


def by_heap(grid: Grid, goal: int, load: int) -> dict[tuple[int, int], int]:
    """Cost from every (cell, heading), searched backwards from the goal with a heap."""
    found: dict[tuple[int, int], int] = {}
    heap = [(0, goal, heading) for heading in range(4)]
    while heap:
        cost, cell, heading = heapq.heappop(heap)
        if (cell, heading) in found:
            continue
        found[cell, heading] = cost
        for turned in ((heading + 1) % 4, (heading + 3) % 4):
            heapq.heappush(heap, (cost + TURN_COST, cell, turned))
        before = int(grid.previous[cell, heading])
        same_zone = grid.zones[cell] >= 0 and grid.zones[cell] == grid.zones[goal]
        if before >= 0 and (grid.through[load, cell] or cell == goal or same_zone):
            way = CELL_COST + int(grid.surcharges[before, heading])
            heapq.heappush(heap, (cost + way, before, heading))
    return found


@pytest.mark.parametrize("load_kind", [0, 1])
def test_fields_lead_through_the_lane_of_their_own_station_only(load_kind: int) -> None:
    layout = load("teaching")
    grid = grid_of(layout, lanes_of(layout))
    fields = DistanceFields(grid, n_units=2)
    goals = [layout.stations[0].cell, layout.stations[0].queue[-1]]
    goals += [int(layout.cells_of(kind)[0]) for kind in (CellKind.STORAGE, CellKind.FLOOR)]
    for goal in goals:
        expected = by_heap(grid, goal, load_kind)
        for cell in np.flatnonzero(layout.driveable).tolist():
            for heading in range(4):
                found = fields.distance(cell, heading, goal, load_kind)
                assert found == expected.get((cell, heading), UNREACHABLE), layout.place(goal)


def test_distances_beyond_16_bits_saturate_and_stay_reachable() -> None:
    """A lane so dear that its far end costs more than a field can say."""
    layout = open_layout("row", np.ones((1, 12), dtype=np.int8))
    costs = np.full((12, 4), 9000, dtype=np.int32)
    lanes = Guidance(costs, np.zeros((12, 4), dtype=bool), np.ones(12, dtype=bool))
    grid = grid_of(layout, lanes)
    fields = DistanceFields(grid, n_units=1)
    found = [fields.distance(cell, 0, 11, 0) for cell in range(12)]
    assert found == [min(by_heap(grid, 11, 0)[cell, 0], 65534) for cell in range(12)]
    assert found[0] == 65534
