"""The watch over a floor: what is cut off and for how long, broken orders, and that nothing of it
changes a decision."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fleet_control.allocation import nearest
from fleet_control.backend import Request
from fleet_control.controller import Controller, ControllerOptions
from fleet_control.errors import InvariantError
from fleet_control.events import EventKind, EventLog
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.mapf.reach import FloorReach
from fleet_control.operations import Operation, OperationKind
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.status import status_of
from fleet_control.work.errands import ErrandStream
from layouts import CellKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.people import People

CYCLE_S = 0.2
K = OperationKind


class Hall:
    """Four units on errands in the upper part of a hall with a corner room, whose door is at row 7,
    column 8 (counted from 0)."""

    def __init__(self, watches: bool = True) -> None:
        kinds = np.full((9, 12), CellKind.FLOOR, dtype=np.int8)
        kinds[6, 7:] = kinds[8, 7] = CellKind.OBSTACLE
        kinds[8, 8] = CellKind.OBSTACLE
        self.layout, self.log = open_layout("hall", kinds), EventLog()
        cells = np.array([0, 15, 30, 45], dtype=np.int32)
        units = np.arange(4, dtype=np.int32)
        goals = np.arange(5 * 12, dtype=np.int32)
        headings = np.zeros(4, dtype=np.int8)
        self.twin = KinematicTwin(
            self.layout, cells, headings, np.empty(0, dtype=np.int32), People(0, 0)
        )
        grid = grid_of(self.layout, lanes_of(self.layout))
        self.controller = Controller(
            grid, self.twin.connect(), planner_named("pibt", grid, 4, PlannerOptions(seed=0)),
            ErrandStream(goals, units, cells, 5, self.log), nearest, ControllerOptions(), self.log,
            reach=FloorReach(self.layout) if watches else None,
        )  # fmt: skip
        self.watch = self.controller.supervisor.watch
        self._cycle = 0

    @property
    def now_s(self) -> float:
        return self._cycle * CYCLE_S

    def run(self, until_s: float, *operations: Operation) -> None:
        while self.now_s < until_s:
            reports = self.twin.advance(self.now_s)
            self.twin.send(self.controller.step(reports, operations))
            operations = ()
            self._cycle += 1

    def cut_offs(self) -> list[tuple[int, float]]:
        events = self.log.columns()
        rows = np.flatnonzero(events["kind"] == EventKind.CUT_OFF)
        return [(int(events["cell"][row]), float(events["value"][row])) for row in rows]


DOOR = (7 * 12 + 8,)
"""Three cells lie behind it in its own row, three below these."""


def test_what_is_cut_off_is_told_and_so_is_its_end() -> None:
    hall = Hall()
    hall.run(20.0)
    assert hall.watch.cut_off.is_harmless
    hall.run(120.0, Operation(K.BLOCK, cells=DOOR))
    assert hall.cut_offs() == [(DOOR[0], 6.0)]
    assert status_of(hall.controller.supervisor).sentences(hall.layout)[0] == (
        "row 8, column 9 is blocked: 6 aisle cells cannot be reached; the rest of the floor works "
        "on"
    )
    hall.run(140.0, Operation(K.UNBLOCK, cells=DOOR))
    assert hall.cut_offs() == [(DOOR[0], 6.0), (-1, 0.0)]
    [spell] = hall.watch.told_spells()
    assert 90.0 <= spell.lasted_s <= 105.0
    assert spell.cut_off.past(hall.layout) == (
        "row 8, column 9 was blocked: 6 aisle cells could not be reached; the rest of the floor "
        "worked on"
    )


def test_spells_go_on_over_short_gaps_and_short_ones_are_dropped() -> None:
    hall = Hall()
    block, unblock = Operation(K.BLOCK, cells=DOOR), Operation(K.UNBLOCK, cells=DOOR)
    hall.run(50.0, block)
    hall.run(80.0, unblock)
    hall.run(120.0, block)
    hall.run(130.0, unblock)
    [spell] = hall.watch.told_spells()
    assert 110.0 <= spell.lasted_s <= 122.0
    hall.run(300.0)
    hall.run(320.0, block)
    hall.run(400.0, unblock)
    assert hall.watch.spells == [spell]


def test_a_cell_with_ways_round_it_is_no_news() -> None:
    hall = Hall()
    hall.run(30.0, Operation(K.BLOCK, cells=(3 * 12 + 6,)))
    assert hall.watch.cut_off.blocked == (3 * 12 + 6,)
    assert hall.watch.cut_off.is_harmless
    assert hall.cut_offs() == []
    assert status_of(hall.controller.supervisor).sentences(hall.layout) == []


def test_watching_changes_no_decision() -> None:
    halls = [Hall(), Hall(watches=False)]
    for hall in halls:
        hall.run(60.0, Operation(K.BLOCK, cells=DOOR))
    seen, blind = halls
    rows = [[row for row in hall.log._rows if row[1] != EventKind.CUT_OFF] for hall in halls]
    assert rows[0] == rows[1]
    assert (seen.controller.executor.cells == blind.controller.executor.cells).all()


def test_it_goes_into_a_snapshot_and_comes_back() -> None:
    hall = Hall()
    hall.run(80.0, Operation(K.BLOCK, cells=DOOR))
    watch = pickle.loads(pickle.dumps(hall.watch))
    assert watch.spells == hall.watch.spells
    assert watch.cut_off == hall.watch.cut_off
    assert watch.waits(0.0) == hall.watch.waits(0.0)


def test_a_unit_that_stands_is_named_with_its_status() -> None:
    hall = Hall()
    hall.run(30.0, Operation(K.PAUSE, unit=2))
    status = status_of(hall.controller.supervisor)
    assert [unit.status for unit in status.units].count(UnitStatus.PAUSED) == 1
    assert status.units[2].status is UnitStatus.PAUSED
    for hold in hall.watch.waits(0.0).holdups:
        assert hold.reason != "paused" or hold.unit == 2


@pytest.mark.parametrize("kind", ["ring", "lost"])
def test_an_order_that_can_never_be_kept_is_a_broken_invariant(kind: str) -> None:
    hall = Hall()
    hall.run(20.0)
    executor = hall.controller.executor
    executor.cut()
    ends = executor.end_cells.tolist()
    for unit, other in ((0, 1), (1, 0)):
        slot = (int(executor.released[unit]) + 1) % executor.cells.shape[1]
        cell = ends[other] if kind == "ring" else int(np.flatnonzero(executor.owners < 0)[0])
        executor.cells[unit, slot], executor._acts[unit, slot] = cell, 0
        executor._tickets[unit, slot] = executor._serving[cell] + 1
        executor.committed[unit] = executor.released[unit] + 1
    hall.watch._books.now_s += 60.0
    told = "in a ring" if kind == "ring" else "nobody has to leave"
    with pytest.raises(InvariantError, match=told):
        hall.watch.look()
    assert Request.PAUSE in hall.controller.halt().requests.kinds
