"""What units could do: the same with any number of threads, in the order that brute force finds."""

from __future__ import annotations

import numpy as np
import pytest

import fleet_control.mapf.epibt_ahead as epibt_ahead
from fleet_control.mapf.epibt_ahead import Outlook
from fleet_control.mapf.field_kernels import NO_WAY
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import CELL_COST, EMPTY, LADEN, UNREACHABLE, Grid, grid_of
from fleet_control.mapf.guidance import guidance_of_costs
from fleet_control.mapf.operations import TURNED, operations_of
from fleet_control.mapf.scene import Scene
from layouts import CellKind, open_layout


def scattered(rng: np.random.Generator, dearest: float) -> Grid:
    """A floor of scattered obstacles and storage; some moves cost up to so many cells more."""
    mix = [CellKind.OBSTACLE, CellKind.FLOOR, CellKind.STORAGE]
    kinds = rng.choice(mix, (9, 11), p=(0.15, 0.7, 0.15))
    floor = open_layout("scattered", kinds.astype(np.int8))
    extra = rng.random((99, 4)) * dearest * (rng.random((99, 4)) < 0.3)
    return grid_of(floor, guidance_of_costs(floor, extra))


class Drawn:
    """Units anywhere, half of them laden, some nowhere, some without a goal, some at it."""

    def __init__(self, seed: int, depth: int, dearest: float) -> None:
        rng = np.random.default_rng(seed)
        self.grid, self.table = scattered(rng, dearest), operations_of(depth)
        free = np.flatnonzero(self.grid.compact >= 0)
        n = int(rng.integers(1, 30))
        self.cells = rng.choice(free, n).astype(np.int32)
        self.cells[rng.random(n) < 0.1] = -1
        self.headings = rng.integers(0, 4, n).astype(np.int8)
        self.goals = rng.choice(free, n).astype(np.int32)
        self.goals[rng.random(n) < 0.1] = -1
        at_goal = (rng.random(n) < 0.1) & (self.cells >= 0)
        self.goals[at_goal] = self.cells[at_goal]
        self.loads = rng.choice([EMPTY, LADEN], n).astype(np.int8)
        self.fields = DistanceFields(self.grid, n + 1, turn_cost=CELL_COST)
        self.slots = np.array(
            [
                self.fields.hold(goal, load) if goal >= 0 else 0
                for goal, load in zip(self.goals.tolist(), self.loads.tolist(), strict=True)
            ],
            dtype=np.int32,
        )

    def outlook(self) -> Outlook:
        found = Outlook(self.table, len(self.cells))
        scene = Scene(
            self.cells, self.headings, self.goals, self.slots, self.loads, self.grid,
            self.fields.values,
        )  # fmt: skip
        found.fill(scene)
        return found

    def cost(self, unit: int, operation: int) -> int | None:
        """By a walk of its own; None for what cannot be driven."""
        cell, heading = int(self.cells[unit]), int(self.headings[unit])
        goal, load, cost = int(self.goals[unit]), int(self.loads[unit]), 0
        is_there = cell == goal
        for action in self.table.actions[operation].tolist():
            if not is_there or action == 0:
                cost += CELL_COST
            if action == 0:
                cost += int(self.grid.surcharges[cell, heading])
                cell = int(self.grid.neighbours[cell, heading])
                if cell < 0 or not (self.grid.through[load, cell] or cell == goal):
                    return None
                is_there |= cell == goal
            heading = (heading + int(TURNED[action])) % 4
        if goal < 0:
            return 0 if operation == 0 else cost
        left = self.fields.distance(cell, heading, goal, load)
        if left == UNREACHABLE:
            return int(NO_WAY) + cost if operation == 0 else None
        return cost + left


@pytest.mark.parametrize("room", [1, 4, 256], ids="room for {} costs".format)
@pytest.mark.parametrize("depth", [3, 4, 6], ids="{} steps".format)
def test_operations_are_in_the_order_of_what_they_cost(
    room: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epibt_ahead, "ROOM", room)
    for seed in range(12):
        drawn = Drawn(seed, depth, dearest=0.0 if seed % 2 else 9.0)
        outlook = drawn.outlook()
        for unit in np.flatnonzero(drawn.cells >= 0).tolist():
            costs = [drawn.cost(unit, one) for one in range(len(drawn.table.actions))]
            wanted = sorted(
                (one for one, cost in enumerate(costs) if cost is not None),
                key=lambda one: (costs[one], -one),
            )
            count = int(outlook.counts[unit])
            place = f"seed {seed}, unit {unit}"
            assert outlook.ranked[unit, :count].tolist() == wanted, place
            assert [int(outlook.costs[unit, one]) for one in wanted] == [
                costs[one] for one in wanted
            ], place


@pytest.mark.parametrize("seed", range(8))
def test_any_number_of_threads_sees_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(seed, depth=4, dearest=5.0)
    alone = drawn.outlook()
    monkeypatch.setattr(epibt_ahead, "FEWEST_A_THREAD", 1)
    for n_processors in (1, 2, 3, 4):
        monkeypatch.setattr(epibt_ahead, "usable_processors", lambda n=n_processors: n)
        together = drawn.outlook()
        on_floor = drawn.cells >= 0
        for name in ("reach", "ranked", "counts", "costs"):
            first, second = getattr(alone, name), getattr(together, name)
            assert np.array_equal(first[on_floor], second[on_floor]), f"seed {seed}, {name}"
