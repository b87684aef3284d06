"""Units that cannot go on: led around, relieved of what they do not carry, tried again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hall import CYCLE_S, Hall, hall, rides_in
from test_operating import finish, with_rides

from fleet_control.backend import FaultCode, FleetState, Request, Retractions
from fleet_control.errors import InvariantError
from fleet_control.events import EventKind
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.stops import StopOptions
from fleet_control.work.work import Deed

SOON = StopOptions(block_after_s=4.0, try_after_s=8.0, lift_tries=3, rest_s=20.0)
PATIENT = replace(SOON, block_after_s=15.0)
"""Nobody is led around only since chance made a step of it last long."""


def asked_of(floor: Hall, unit: int) -> list[int]:
    return [kind for _, other, kind in floor.asked if other == unit]


def stop(floor: Hall, unit: int) -> None:
    """It says nothing of it, finishes the step that it is at, and then stands."""
    floor.backend._is_paused[unit] = True
    floor.is_mute.add(unit)


def go_on(floor: Hall, unit: int) -> None:
    floor.backend._is_paused[unit] = False
    floor.is_mute.discard(unit)
    floor.backend._begin_step(unit, floor.now_s)


def first(floor: Hall, deed: Deed) -> int:
    """A unit on its way to that deed, with steps to do."""
    executor = floor.controller.executor

    def found() -> list[int]:
        return [
            unit for unit in range(floor.n_units)
            if floor.work._next.get(unit) is deed and executor.released[unit] > executor.done[unit]
        ]  # fmt: skip

    floor.until(found)
    return found()[0]


def test_a_unit_that_stands_gives_up_its_steps_and_an_empty_one_its_task() -> None:
    floor = with_rides(stops=SOON)
    unit = first(floor, Deed.LIFT)
    task = floor.work.task_of(unit)
    stop(floor, unit)
    floor.run(SOON.block_after_s - 1.0)
    assert not floor.status.units[unit].is_led_around, "it is only waited for at first"
    floor.until(lambda: floor.status.units[unit].is_led_around, 10.0)
    assert Request.CANCEL in asked_of(floor, unit)
    floor.until(lambda: floor.happened(EventKind.GAVE_UP, unit))
    assert floor.work.returned[task] == 1
    assert set(floor.controller.executor.held_cells(unit).tolist()) == set(
        floor.backend.cells_under(unit)
    )
    assert floor.controller.executor.is_closed[list(floor.backend.cells_under(unit))].all()
    floor.until(lambda: floor.work.done[task] == 1)
    go_on(floor, unit)
    finish(floor)
    assert floor.happened(EventKind.GOES_ON, unit)


def test_a_laden_unit_keeps_its_task() -> None:
    floor = with_rides(stops=SOON)
    unit = first(floor, Deed.LOWER)
    task = floor.work.task_of(unit)
    floor.backend._faults[unit] = FaultCode.BROKEN
    floor.run(60.0)
    assert floor.status.units[unit].status is UnitStatus.FAULTED
    assert floor.work.task_of(unit) == task
    assert not floor.work.returned[task]
    floor.backend._faults[unit] = FaultCode.NONE
    floor.backend._begin_step(unit, floor.now_s)
    finish(floor)


def test_a_unit_that_may_still_be_lifting_keeps_its_task_until_that_is_known() -> None:
    """It is silent in the middle of a lift: nobody knows whether the pod is on its plate."""
    floor = with_rides(stops=SOON, step_s=3.0)
    driving = floor.controller.driving
    floor.until(lambda: driving.is_acting.any())
    unit = int(np.flatnonzero(driving.is_acting)[0])
    task = floor.work.task_of(unit)
    report = floor.backend._news
    floor.backend._retractions = lambda: Retractions(  # type: ignore[method-assign]
        np.empty(0, np.int32), np.empty(0, np.int32)
    )

    def silent():
        reports = report()
        keep = reports.units != unit
        columns = (getattr(reports, name)[keep] for name in ("units", "done", "cleared", "faults"))
        return type(reports)(
            reports.time_s, *columns, reports.line_stations, reports.line_jobs, reports.lines,
            reports.line_times_s,
        )  # fmt: skip

    floor.backend._news = silent  # type: ignore[method-assign]
    floor.run(30.0)
    assert floor.status.units[unit].is_led_around
    assert floor.work.task_of(unit) == task
    assert not floor.work.returned[task]


@pytest.mark.parametrize("n_fails", [1, 2])
def test_a_lift_that_fails_is_tried_again(n_fails: int) -> None:
    floor = with_rides(stops=PATIENT)
    for unit in range(floor.n_units):
        floor.backend.fail_acts(unit, n_fails)
    finish(floor)
    assert not floor.work.returned
    for unit in range(floor.n_units):
        assert asked_of(floor, unit).count(Request.RETRY) == n_fails


def test_only_tries_of_the_same_lift_count() -> None:
    """A plate that works the second time every time is slow, and no reason to rest."""
    floor = with_rides(n_rides=8, n_units=1, stops=PATIENT)
    for n_done in range(8):
        floor.backend.fail_acts(0, 1)
        floor.until(lambda n=n_done: sum(floor.work.done.values()) > n)
    assert not floor.work.returned
    assert asked_of(floor, 0).count(Request.RETRY) == 8


def test_a_unit_whose_lift_fails_three_times_rests_and_gets_tasks_again() -> None:
    floor = with_rides(n_rides=14, stops=PATIENT)
    floor.until(lambda: floor.controller.n_working == floor.n_units)
    unit = first(floor, Deed.LIFT)
    floor.backend.fail_acts(unit, 3)
    floor.until(lambda: sum(floor.work.returned.values()) == 1)
    assert asked_of(floor, unit).count(Request.RETRY) == 2
    assert asked_of(floor, unit)[-1] == Request.CANCEL
    n_begun, since_s = len(floor.work.begun), floor.now_s
    floor.run(SOON.rest_s - 1.0)
    assert unit not in [other for _, other in floor.work.begun[n_begun:]]
    finish(floor)
    assert floor.now_s > since_s + SOON.rest_s
    assert all(count == 1 for count in floor.work.returned.values())


def test_a_lowering_that_fails_is_tried_after_a_while_again_and_again() -> None:
    floor = with_rides(stops=PATIENT)
    unit = first(floor, Deed.LOWER)
    task = floor.work.task_of(unit)
    floor.backend.fail_acts(unit, 7)
    finish(floor)
    assert floor.work.returned[task] == 0
    assert asked_of(floor, unit).count(Request.RETRY) >= 4


def test_what_a_unit_has_seen_is_driven_around_and_tried_after_a_while() -> None:
    floor = with_rides(n_rides=14, stops=SOON)
    unit = first(floor, Deed.LOWER)
    executor = floor.controller.executor
    cell = executor.cell_of(unit, int(executor.done[unit]) + 1)
    floor.backend._faults[unit] = FaultCode.PATH_BLOCKED
    floor.cycle()
    is_told = floor.happened(EventKind.CELL_BLOCKED, unit)
    if not is_told:  # the step had begun
        pytest.skip("the unit had passed already")
    assert executor.is_closed[cell]
    seen = floor.controller.supervisor.closures.seen
    floor.run(SOON.try_after_s - 1.0)
    assert cell in seen
    floor.run(2.0)
    assert cell not in seen
    finish(floor)
    assert floor.status.n_closed == 0


# Restarts


def state_of(floor: Hall, **columns: object) -> FleetState:
    """What units that remember their steps would say now."""
    backend, n_units = floor.backend, floor.n_units
    cells = np.array([backend._steps[u][backend._done[u]][0] for u in range(n_units)], np.int32)
    said = {
        "cells": cells, "done": backend._done.copy(), "cleared": backend._cleared.copy(),
        "bases": np.array([len(steps) - 1 for steps in backend._steps], np.int32),
    } | columns  # fmt: skip
    return FleetState(
        floor.now_s, said["cells"], backend._headings.copy(), backend._carried.copy(),
        backend._pod_cells.copy(), said["done"], said["cleared"], said["bases"],
    )  # fmt: skip


def test_units_have_gone_on_while_there_was_no_controller() -> None:
    floor = with_rides()
    floor.run(5.0)
    floor.now_s += 30.0
    floor.backend.advance(floor.now_s)  # everyone does all its steps, and nobody listens
    executor = floor.controller.executor
    assert (floor.backend._done > executor.done).any()
    commands = floor.controller.reconcile(state_of(floor))
    assert (executor.done == floor.backend._done).all()
    for unit in range(floor.n_units):
        assert set(executor.held_cells(unit).tolist()) >= floor.backend.cells_under(unit)
    assert (commands.releases.steps <= executor.released[commands.releases.units]).all()
    finish(floor)


def test_a_unit_that_is_silent_at_a_restart_keeps_all_that_it_had() -> None:
    floor = with_rides(stops=SOON)
    floor.run(5.0)
    unit = int(np.argmax(floor.controller.executor.released - floor.controller.executor.done))
    held = floor.controller.executor.held_cells(unit).tolist()
    state = state_of(floor)
    state.cells[unit] = state.done[unit] = state.cleared[unit] = -1
    floor.controller.reconcile(state)
    assert floor.status.units[unit].status is UnitStatus.LOST
    assert floor.controller.executor.held_cells(unit).tolist() == held
    n_released = floor.controller.executor.released[unit]
    released = floor.controller.step(floor.backend.advance(floor.now_s + CYCLE_S)).releases
    assert unit not in released.units
    assert floor.controller.executor.released[unit] == n_released


def test_a_unit_that_was_switched_on_again_meanwhile_holds_its_steps_until_it_says_where() -> None:
    floor = with_rides()
    floor.run(5.0)
    executor = floor.controller.executor
    unit = int(np.argmax(executor.released - executor.done))
    held, done = executor.held_cells(unit).tolist(), int(executor.done[unit])
    assert executor.released[unit] > done
    state = state_of(floor)
    state.done[unit] = state.cleared[unit] = state.bases[unit] = -1
    floor.controller.reconcile(state)
    assert executor.held_cells(unit).tolist() == held
    supervisor = floor.controller.supervisor
    reports = floor.backend._news()
    told = Retractions(np.array([unit], np.int32), np.array([done], np.int32))
    supervisor.stops.retract(type(reports)(
        floor.now_s, *(column[:0] for column in (reports.units,) * 3), reports.faults[:0],
        reports.lines[:0], reports.lines[:0], reports.lines[:0], np.empty(0), retractions=told,
    ))  # fmt: skip
    assert executor.held_cells(unit).tolist() == held[: 1 + done - int(executor.cleared[unit])]


def test_two_units_on_one_cell_are_told() -> None:
    layout = hall()
    work, starts, _ = rides_in(layout, 0, 3, 0)
    floor = Hall(work, starts, layout)
    supervisor = floor.controller.supervisor
    supervisor._admission.take_off(0)
    supervisor._admission.take_off(1)
    state = state_of(floor)
    state.cells[:2] = 47
    with pytest.raises(InvariantError, match="two units report the same cell"):
        floor.controller.reconcile(state)
