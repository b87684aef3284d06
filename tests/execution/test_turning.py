"""Turns that reach beyond their cell: bodies within what they hold, and nobody waits for ever."""

from __future__ import annotations

import numpy as np
import pytest
from checker import BrokenError
from floors import executor_of
from turning import UNIT, TurningChecker, TurningFloor

from fleet_control.backend import Reports
from fleet_control.errors import InvariantError
from fleet_control.execution import turns as turns_module
from fleet_control.execution.turn_kernels import find_hindrance
from fleet_control.footprint import Footprint
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.kinematic.engine import KinematicTwin


def drive(floor: TurningFloor, n_plans: int = 40, interrupts: float = 0.0) -> None:
    while interrupts and (floor.executor.done < floor.executor.committed).any():
        floor.cycle()  # a pod whose lifting is given up would stand in everybody's way
    for _ in range(n_plans):
        floor.plan()
        floor.cycle()
        if floor.rng.random() < interrupts:
            floor.interrupt(int(floor.rng.integers(len(floor.is_ready))))
    floor.drain()


@pytest.mark.parametrize("seed", range(8))
def test_bodies_keep_to_cells_and_rims_and_everything_is_driven(seed: int) -> None:
    floor = TurningFloor(seed, base_length=1 + seed % 4)
    drive(floor)
    assert floor.twin.n_contacts == 0
    assert floor.checker.n_open == 0
    assert (floor.executor.turns.rims == -1).all()
    assert (floor.twin.units["carried"] >= 0).sum() == (len(floor.is_ready) + 1) // 2


@pytest.mark.parametrize("seed", range(100, 108))
def test_units_that_stop_half_way_through_a_turn_keep_their_rims(seed: int) -> None:
    floor = TurningFloor(seed)
    drive(floor, interrupts=0.3)
    assert floor.twin.n_contacts == 0
    assert floor.checker.n_open == 0


def ignore_rims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Footprint, "turns_touch", lambda self: np.zeros((2, 2), dtype=bool))
    monkeypatch.setattr(Footprint, "sweeps", lambda self: np.zeros(2, dtype=bool))


def test_the_checker_and_the_monitor_see_rims_that_are_ignored(monkeypatch) -> None:
    ignore_rims(monkeypatch)
    seen = 0
    n_contacts = 0
    for seed in range(12):
        floor = TurningFloor(seed, base_length=1 + seed % 4)
        try:
            drive(floor)
        except BrokenError as error:
            seen += "overlap" in str(error)
        n_contacts += floor.twin.n_contacts
    assert seen >= 1
    assert n_contacts >= seen


def test_the_executor_sees_two_turns_that_could_touch(monkeypatch) -> None:
    """With the release broken, its own look at all turns under way is enough."""
    monkeypatch.setattr(
        turns_module, "release_turning", _without_hindrance(turns_module.release_turning)
    )
    with pytest.raises(InvariantError, match="another beside it could touch it"):
        drive(TurningFloor(1))


def _without_hindrance(release):
    def broken(*arguments):
        *before, touch, sweeps, n_rows, n_cols = arguments
        return release(*before, np.zeros_like(touch), np.zeros_like(sweeps), n_rows, n_cols)

    return broken


def test_nobody_turns_while_a_tail_is_in_the_rim() -> None:
    """Unit 0 drives 5 -> 6; unit 1, laden, comes to 5 from the west behind it and turns there."""
    ex = executor_of(16, np.array([5, 4], dtype=np.int32), 3, UNIT, 4)
    ex.turns.is_laden[:], ex.turns.is_sure[:] = 1, True
    for step in ([6, 5], [6, 9]):
        ex.commit(np.array(step, dtype=np.int32))
    is_ready = np.ones(2, dtype=bool)
    assert ex.release(is_ready).cells.tolist() == [6]
    ex.absorb(reports([0], done=[0], cleared=[1]))
    assert ex.release(is_ready).cells.tolist() == [5], "its tail is hardly out of the cell"
    waits_for, goes_on = ex.waits()
    assert (waits_for[1], goes_on[1]) == (0, False)
    ex.absorb(reports([0], done=[1], cleared=[1]))
    assert ex.release(is_ready).cells.tolist() == [9]
    assert ex.turns.rims_of(1).tolist() == [5]
    assert ex.turns.beside(ex.turns.rims_of(1)).tolist() == [1, 4, 5, 6, 9]
    ex.check_holdings()
    ex.absorb(reports([1], done=[2], cleared=[2]))
    assert not len(ex.turns.rims_of(1))
    ex.check_holdings()


def reports(units: list[int], done: list[int], cleared: list[int]) -> Reports:
    columns = [np.array(column, dtype=np.int32) for column in (units, done, cleared)]
    none = np.empty(0, dtype=np.int32)
    faults = np.zeros(len(units), dtype=np.int8)
    return Reports(0.0, *columns, faults, none, none, none, np.empty(0))


def hindrance_by_hand(unit, cell, load, rims, rim_loads, touch, sweeps, owners, last, shape) -> set:
    """Everybody who keeps the unit from turning."""
    found = set()
    row, col = divmod(cell, shape[1])
    for near_row, near_col in ((row, col + 1), (row - 1, col), (row, col - 1), (row + 1, col)):
        if not (0 <= near_row < shape[0] and 0 <= near_col < shape[1]):
            continue
        near = near_row * shape[1] + near_col
        if rims[near] not in (-1, unit) and touch[load][rim_loads[near]]:
            found.add(int(rims[near]))
        if sweeps[load] and owners[near] not in (-1, unit) and last[owners[near]] == cell:
            found.add(int(owners[near]))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_hindrances_are_those_found_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape, n_units, n_found = (4, 5), 8, 0
    for _ in range(200):
        cells = rng.integers(-1, 20, (n_units, 32)).astype(np.int32)
        done = rng.integers(0, 90, n_units).astype(np.int32)
        rims, owners = (rng.integers(-1, n_units, 20).astype(np.int32) for _ in range(2))
        rim_loads = rng.integers(0, 2, 20).astype(np.int8)
        touch = np.triu(rng.random((2, 2)) < 0.7)
        touch |= touch.T
        sweeps, load = rng.random(2) < 0.7, np.int8(rng.integers(2))
        unit, cell = int(rng.integers(n_units)), int(rng.integers(20))
        last = cells[np.arange(n_units), done % 32]
        expected = hindrance_by_hand(
            unit, cell, load, rims, rim_loads, touch, sweeps, owners, last, shape
        )
        found = find_hindrance(
            unit, cell, load, rims, rim_loads, touch, sweeps, owners, cells, done, *shape
        )
        assert (found == -1) == (not expected), f"seed {seed}"
        assert found == -1 or found in expected, f"seed {seed}"
        n_found += found >= 0
    assert 40 < n_found < 190


def whole_run(minutes: float, layout: str = "teaching") -> RunRecord:
    return Simulation(Scenario(layout=layout, hours=minutes / 60, seed=1, unit=UNIT)).run()


def watch(monkeypatch: pytest.MonkeyPatch) -> list[TurningChecker]:
    """From now on the checker looks over the shoulder of every kinematic twin."""
    checkers: list[TurningChecker] = []
    connect, send, advance = KinematicTwin.connect, KinematicTwin.send, KinematicTwin.advance

    def connect_watched(twin):
        state = connect(twin)
        checkers.append(TurningChecker(state.cells, 8, "whole run", twin._layout, UNIT))
        return state

    def send_watched(twin, commands):
        checkers[-1].note_releases(commands.releases)
        send(twin, commands)

    def advance_watched(twin, until_s):
        reports = advance(twin, until_s)
        checkers[-1].note_reports(reports)
        checkers[-1].look(twin.poses(), twin.units["carried"] >= 0)
        return reports

    monkeypatch.setattr(KinematicTwin, "connect", connect_watched)
    monkeypatch.setattr(KinematicTwin, "send", send_watched)
    monkeypatch.setattr(KinematicTwin, "advance", advance_watched)
    return checkers


def test_in_a_whole_run_every_body_is_within_what_it_holds(monkeypatch) -> None:
    checkers = watch(monkeypatch)
    record = whole_run(minutes=2)
    assert record.contacts == 0
    assert sum(checkers[-1].done) > 200


@pytest.mark.parametrize("layout", ["teaching", "pick-and-stow"])
def test_the_monitor_sees_rims_that_are_ignored_in_a_whole_run(monkeypatch, layout: str) -> None:
    assert whole_run(12, layout).contacts == 0
    ignore_rims(monkeypatch)
    assert whole_run(12, layout).contacts > 0


def test_units_that_fit_their_cells_are_not_watched() -> None:
    simulation = Simulation(Scenario(layout="teaching"))
    assert simulation.brain.controller.executor.turns is None
