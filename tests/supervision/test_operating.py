"""What operators ask, and when it is shown as done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hall import CYCLE_S, Hall, hall, rides_in

from fleet_control.backend import Request
from fleet_control.events import EventKind, EventLog
from fleet_control.operations import OperationKind
from fleet_control.supervision.roster import UnitStatus
from fleet_control.work.errands import ErrandStream
from layouts import Heading

K = OperationKind


def with_rides(n_rides: int = 12, n_units: int = 5, seed: int = 1, **what: object) -> Hall:
    layout = hall(chargers=what.pop("chargers", ()))
    work, starts, pods = rides_in(layout, n_rides, n_units, seed, what.pop("service", -1))
    return Hall(work, starts, layout, pods, seed, **what)


def with_stream(n_units: int = 5, seed: int = 1) -> Hall:
    layout, log = hall(), EventLog()
    cells = np.flatnonzero(layout.driveable).astype(np.int32)
    starts = np.random.default_rng(seed).permutation(cells)[:n_units].astype(np.int32)
    work = ErrandStream(cells, np.arange(n_units, dtype=np.int32), starts, seed, log)
    return Hall(work, starts.tolist(), layout, seed=seed, log=log)


def finish(floor: Hall) -> None:
    """Everything is done, once."""
    work = floor.work
    n_rides = len(work._rides)
    floor.until(lambda: sum(work.done.values()) == n_rides, 600.0)
    assert set(work.done.values()) == {1}


# Everyone stands


def test_all_are_stopped_when_the_last_has_said_so() -> None:
    floor = with_rides()
    floor.run(5.0)
    floor.is_mute = {2, 4}
    floor.ask(K.PAUSE_ALL)
    assert not floor.status.is_all_stopped, "asked is not done"
    floor.until(lambda: floor.status.unconfirmed == (2, 4))
    assert not floor.status.is_all_stopped
    assert [state.status for state in floor.status.units][1] is UnitStatus.PAUSED
    floor.run(20.0)
    n_asked = [floor.asked.count(row) for row in set(floor.asked)]
    asked = [unit for _, unit, kind in floor.asked if kind == Request.PAUSE]
    assert max(n_asked) == 1
    assert asked.count(2) == asked.count(4) >= 4
    floor.is_mute = {4}
    floor.cycle()
    assert floor.status.unconfirmed == (4,)
    floor.is_mute = set()
    floor.cycle()
    assert floor.status.unconfirmed == ()
    assert floor.status.is_all_stopped
    cells, n_released = floor.cells, len(floor.released)
    floor.run(30.0)
    assert floor.cells == cells
    assert len(floor.released) == n_released
    assert not floor.happened(EventKind.STOPPED), "nobody is led around who stands as asked"
    floor.ask(K.RESUME_ALL)
    assert not floor.status.is_all_stopped
    finish(floor)


def test_one_unit_paused_and_resumed() -> None:
    floor = with_rides(stops=None)
    floor.run(3.0)
    floor.ask(K.PAUSE, unit=1)
    floor.until(lambda: floor.status.units[1].status is UnitStatus.PAUSED)
    cell = floor.cells[1]
    floor.run(30.0)
    assert floor.cells[1] == cell
    assert floor.status.unconfirmed == ()
    assert not floor.status.is_all_stopped, "nobody has asked all to stand"
    floor.ask(K.RESUME, unit=1)
    finish(floor)


def test_after_a_broken_invariant_everyone_is_asked_to_stand_and_nothing_is_released() -> None:
    floor = with_rides()
    floor.run(5.0)
    commands = floor.controller.halt()
    assert not len(commands.releases.units)
    assert commands.requests.units.tolist() == list(range(floor.n_units))
    assert set(commands.requests.kinds.tolist()) == {Request.PAUSE}
    floor.backend.send(commands)
    n_released = len(floor.released)
    floor.run(20.0)
    assert len(floor.released) == n_released
    assert [state.status for state in floor.status.units] == [UnitStatus.PAUSED] * floor.n_units


# Draining


def test_draining_finishes_tasks_and_begins_none() -> None:
    floor = with_rides(n_rides=16)
    floor.run(4.0)
    assert floor.controller.n_working == floor.n_units
    floor.ask(K.DRAIN)
    n_begun = len(floor.work.begun)
    assert floor.status.is_draining
    assert not floor.status.is_drained
    floor.until(lambda: floor.status.is_drained)
    assert len(floor.work.begun) == n_begun == sum(floor.work.done.values())
    floor.run(20.0)
    assert len(floor.work.begun) == n_begun
    floor.ask(K.UNDRAIN)
    assert not floor.status.is_draining
    finish(floor)


def test_draining_a_stream_of_errands() -> None:
    """Units end the errands that they drive to, and come to rest; later all streams go on with the
    errand that was next."""
    floor = with_stream()
    floor.run(30.0)
    floor.ask(K.DRAIN)
    floor.until(lambda: floor.status.is_drained, 60.0)
    floor.until(lambda: floor.backend._due == [], 20.0)
    cells, n_done = floor.cells, floor.happened(EventKind.ERRAND_DONE)
    floor.run(20.0)
    assert floor.cells == cells
    assert floor.happened(EventKind.ERRAND_DONE) == n_done
    floor.ask(K.UNDRAIN)
    floor.run(60.0)
    assert floor.happened(EventKind.ERRAND_DONE) > n_done + floor.n_units
    assert_streams_are_whole(floor)


def assert_streams_are_whole(floor: Hall) -> None:
    """Every unit has ended its errands in the order in which they began, each once, but for those
    that another took the place of."""
    events = floor.log.columns()
    kinds = EventKind.ERRAND_STARTED, EventKind.TASK_RETURNED, EventKind.ERRAND_DONE
    for unit in range(floor.n_units):
        mine = events["unit"] == unit
        begun, void, done = (events["task"][mine & (events["kind"] == k)].tolist() for k in kinds)
        to_do = [task for task in begun if task not in set(void)]
        assert done == to_do[: len(done)]
        assert len(to_do) <= len(done) + 1


# Areas


@pytest.mark.parametrize("seed", range(6))
def test_nobody_enters_a_closed_area_until_it_is_opened(seed: int) -> None:
    """Who has been released into it gives that up, who is inside leaves by the nearest way."""
    floor = with_rides(n_rides=14, n_units=6, seed=seed)
    floor.run(4.0 + seed)
    area = (18, 19, 20, 26, 27, 28)
    floor.ask(K.CLOSE_AREA, name="A", cells=area, speed_m_s=0.3, margin=1)
    inside = [unit for unit in range(6) if floor.backend.cells_under(unit) & set(area)]
    first = len(floor.released)
    floor.until(lambda: floor.status.areas["A"] == (), 60.0)
    for _ in range(150):
        floor.cycle()
        assert not set(floor.cells) & set(area)
    assert floor.status.areas == {"A": ()}
    entered = {unit for unit, cell, _ in floor.released[first:] if cell in area}
    assert entered <= set(inside)
    floor.ask(K.OPEN_AREA, name="A")
    finish(floor)
    assert floor.status.areas == {}


def test_speed_is_limited_around_a_closed_area() -> None:
    floor = with_rides(n_rides=14)
    floor.run(3.0)
    area, n_cols = (18, 19), floor.layout.n_cols
    assert {speed for _, _, speed in floor.released} == {np.inf}
    floor.ask(K.CLOSE_AREA, name="A", cells=area, speed_m_s=0.3, margin=1)
    first = len(floor.released)
    floor.run(40.0)
    near = {r * n_cols + c for r in (1, 2, 3) for c in (1, 2, 3, 4)}
    slow = {cell for _, cell, speed in floor.released[first:] if speed == np.float32(0.3)}
    fast = {cell for _, cell, speed in floor.released[first:] if speed == np.inf}
    assert slow <= near
    assert not fast & near
    assert slow
    floor.ask(K.OPEN_AREA, name="A")
    first = len(floor.released)
    finish(floor)
    assert {speed for _, _, speed in floor.released[first:]} <= {np.inf}


def test_who_is_inside_leaves_by_the_nearest_way() -> None:
    """A unit without work in the corner of a closed area."""
    layout = hall()
    work, _, _ = rides_in(layout, 0, 0, 0)
    floor = Hall(work, [0, 17], layout)
    area = (0, 1, 8, 9, 16, 17, 24, 25)
    floor.ask(K.CLOSE_AREA, name="A", cells=area)
    floor.until(lambda: floor.status.areas["A"] == ())
    assert floor.cells[0] in (2, 10)
    assert floor.cells[1] == 18


def test_nobody_leaves_an_area_through_another() -> None:
    """Area B around the corner A is empty, and people may be in it."""
    layout = hall()
    work, _, _ = rides_in(layout, 0, 0, 0)
    floor = Hall(work, [0], layout)
    floor.ask(K.CLOSE_AREA, name="B", cells=(2, 10, 16, 17, 18))
    floor.until(lambda: floor.status.areas["B"] == ())
    floor.ask(K.CLOSE_AREA, name="A", cells=(0, 1, 8, 9))
    floor.run(30.0)
    assert floor.status.areas == {"B": (), "A": (0,)}
    assert not {cell for _, cell, _ in floor.released} & {2, 10, 16, 17, 18}
    floor.ask(K.OPEN_AREA, name="B")
    floor.until(lambda: floor.status.areas["A"] == ())


def test_who_was_led_out_to_where_no_way_leads_back_makes_way_for_others() -> None:
    """Row 0 is one-way from cell 0 to cell 3 and nowhere entered; unit 1 rests in it."""
    layout = hall()
    exits = layout.exits.copy()
    exits[[0, 1, 2]] = False
    exits[[0, 1, 2], Heading.EAST] = True
    exits[[8, 9, 10], Heading.NORTH] = False
    exits[3, Heading.WEST] = False
    layout = replace(layout, exits=exits)
    work, _, _ = rides_in(layout, 0, 0, 0)
    floor = Hall(work, [0, 1], layout)
    floor.ask(K.CLOSE_AREA, name="A", cells=(1,))
    floor.until(lambda: floor.cells == [0, 2])
    floor.ask(K.OPEN_AREA, name="A")
    floor.ask(K.CLOSE_AREA, name="B", cells=(0, 1))
    floor.until(lambda: floor.cells[0] not in (0, 1))


def test_who_is_at_a_station_in_a_closed_area_stays_until_people_have_finished() -> None:
    service = 20
    floor = with_rides(n_rides=1, n_units=2, service=service)
    at = [None]

    def is_at_it() -> bool:
        at[0] = next((u for u, cell in enumerate(floor.cells) if cell == service), None)
        return at[0] is not None and floor.work._next.get(at[0]) is None

    floor.until(is_at_it)
    floor.ask(K.CLOSE_AREA, name="A", cells=(service, service + 1))
    floor.run(20.0)
    assert floor.status.areas["A"] == (at[0],)
    assert floor.cells[at[0]] == service
    floor.work.let_go(at[0])
    floor.until(lambda: floor.status.areas["A"] == ())
    finish(floor)


def test_what_lies_on_the_floor_is_driven_around_until_it_is_gone() -> None:
    floor = with_rides(n_rides=10)
    free = [cell for cell in range(48) if floor.controller.executor.owners[cell] < 0]
    wanted = {cell for ride in floor.work._rides for cell in ride}
    cells = tuple([cell for cell in free if cell not in wanted][:4])
    floor.ask(K.BLOCK, cells=cells)
    assert floor.status.n_closed == 4
    finish(floor)
    assert not {cell for _, cell, _ in floor.released} & set(cells)
    floor.ask(K.UNBLOCK, cells=cells)
    assert floor.status.n_closed == 0


def test_errands_that_lead_into_a_closed_area_are_changed() -> None:
    """Those that were on the way there, and those that come while it is closed."""
    floor = with_stream()
    floor.run(20.0)
    area = tuple(range(16, 48))
    floor.ask(K.CLOSE_AREA, name="A", cells=area)
    floor.until(lambda: floor.status.areas["A"] == ())
    n_done = [floor.happened(EventKind.ERRAND_DONE, unit) for unit in range(floor.n_units)]
    floor.run(120.0)
    for unit in range(floor.n_units):
        assert floor.happened(EventKind.ERRAND_DONE, unit) > n_done[unit] + 3
    assert_streams_are_whole(floor)


# Batteries


def test_a_unit_with_a_low_battery_ends_its_task_and_takes_a_free_charger() -> None:
    floor = with_rides(n_rides=20, chargers=(0, 47), n_units=4)
    floor.until(lambda: floor.controller.n_working == 4)
    floor.low = {1, 3}
    floor.until(lambda: {floor.cells[1], floor.cells[3]} == {0, 47}, 200.0)
    begun = [unit for _, unit in floor.work.begun]
    assert (begun.count(1), begun.count(3)) == (1, 1)
    assert sum(floor.work.done.values()) >= 2
    floor.run(10.0)
    assert {floor.cells[1], floor.cells[3]} == {0, 47}
    floor.low = set()
    floor.run(CYCLE_S)
    finish(floor)


def test_a_unit_with_a_low_battery_waits_where_there_is_no_charger_left() -> None:
    floor = with_rides(n_rides=12, chargers=(0,), n_units=3)
    floor.low = {0, 1}
    floor.until(lambda: 0 in (floor.cells[0], floor.cells[1]), 200.0)
    finish(floor)
    assert {unit for _, unit in floor.work.begun} == {2}
