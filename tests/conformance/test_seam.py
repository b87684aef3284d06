"""What the seam promises, tried on every backend (fleet_control/backend.py says it in words)."""

from __future__ import annotations

import numpy as np
import pytest
from backends import BACKENDS, N_COLS, PATIENT, SOLID, Maker, Rig, cell, ints

from fleet_control.backend import (
    Act,
    Commands,
    FaultCode,
    FleetState,
    Outlook,
    no_releases,
    no_station_jobs,
)  # fmt: skip
from fleet_control.errors import FleetError, InvariantError

LIFT, LOWER = Act.LIFT, Act.LOWER


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def make(request: pytest.FixtureRequest) -> Maker:
    return request.param


def row(number: int, first: int, last: int) -> list[int]:
    """Cells of a row, both ends included, in either direction."""
    step = 1 if last >= first else -1
    return [cell(number, col) for col in range(first, last + step, step)]


def same(a: FleetState, b: FleetState) -> bool:
    names = ("cells", "headings", "carried_pods", "pod_cells")
    return all((getattr(a, name) == getattr(b, name)).all() for name in names)


def test_connect_tells_where_everything_is(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0), cell(2, 3)], pods=[cell(1, 1), cell(4, 4)], headings=2)
    state = rig.connect()
    assert state.cells.tolist() == [cell(0, 0), cell(2, 3)]
    assert state.headings.tolist() == [2, 2]
    assert state.carried_pods.tolist() == [-1, -1]
    assert state.pod_cells.tolist() == [cell(1, 1), cell(4, 4)]
    assert state.time_s == 0.0 or make in PATIENT
    assert [column.dtype for column in (state.cells, state.headings, state.carried_pods)] == [
        np.int32, np.int8, np.int32,
    ]  # fmt: skip


def test_what_connect_gives_belongs_to_the_caller(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)], pods=[cell(1, 1)])
    before = rig.connect()
    for column in (before.cells, before.headings, before.carried_pods, before.pod_cells):
        column[:] = 3
    assert rig.connect().cells.tolist() == [cell(0, 0)]
    assert rig.connect().pod_cells.tolist() == [cell(1, 1)]


def test_nothing_moves_without_a_release(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0), cell(3, 3)], pods=[cell(3, 3)])
    before = rig.connect()
    for _ in range(5):
        reports = rig.advance(1.0)
        assert not len(reports.units)
        assert not len(reports.lines)
    assert same(before, rig.connect())


def test_time_passes_only_in_advance(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.release(0, *row(0, 1, 4))
    assert not rig.done[0]
    rig.settle()
    now_s = rig.backend.advance(rig.now_s).time_s
    assert rig.backend.advance(now_s - 5.0).time_s == now_s
    assert rig.backend.advance(0.0).time_s == now_s


def test_steps_are_done_in_order_and_told_once(make: Maker) -> None:
    rig = Rig(make, [cell(2, 2), cell(5, 7)])
    rig.connect()
    rig.release(0, cell(2, 3), cell(1, 3), cell(1, 2), cell(2, 2))  # a square, back to the start
    rig.settle(pause_s=0.1)
    assert rig.done == [4, 0]
    told = [int(r.done[0]) for r in rig.reports if 0 in r.units]
    assert told == sorted(told)
    assert all(1 not in r.units for r in rig.reports)
    assert not len(rig.advance(1.0).units)
    state = rig.connect()
    assert state.cells.tolist() == [cell(2, 2), cell(5, 7)]
    assert state.headings.tolist() == [3, 0]


def test_only_released_steps_are_done(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.release(0, *row(0, 1, 3))
    rig.settle()
    rig.advance(30.0)
    assert rig.done == [3]
    assert rig.connect().cells.tolist() == [cell(0, 3)]


def test_releases_come_in_batches(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0), cell(5, 7)])
    rig.connect()
    for col in range(1, N_COLS):
        rows = rig.rows(0, cell(0, col)) + rig.rows(1, cell(5, N_COLS - 1 - col))
        rig.send(rows)
        rig.advance(0.3)
    rig.settle()
    assert rig.done == [N_COLS - 1, N_COLS - 1]
    assert rig.cleared == rig.done
    assert rig.connect().cells.tolist() == [cell(0, N_COLS - 1), cell(5, 0)]


def test_more_steps_than_any_memory_of_them(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    for _ in range(12):
        rig.release(0, *row(0, 1, N_COLS - 1))
        rig.settle(pause_s=1.0)
        rig.release(0, *row(0, N_COLS - 2, 0))
        rig.settle(pause_s=1.0)
    assert rig.done == [12 * 2 * (N_COLS - 1)]


def seconds_to(make: Maker, batches: list[list[int]]) -> float:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    for batch in batches:
        rig.release(0, *batch)
        rig.settle(pause_s=0.1)
    return rig.now_s


@pytest.mark.parametrize("name", [name for name in BACKENDS if "out of step" not in name])
def test_a_run_released_ahead_does_not_stop_between_cells(name: str) -> None:
    """Released cell by cell a unit stops in every one, which takes longer where motion does."""
    make = BACKENDS[name]
    cells = row(0, 1, N_COLS - 1)
    at_once, one_by_one = seconds_to(make, [cells]), seconds_to(make, [[c] for c in cells])
    assert at_once <= one_by_one
    if at_once > 1.0:
        assert at_once < 0.75 * one_by_one


def test_cells_behind_are_cleared_at_the_latest_at_rest(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.release(0, *row(0, 1, 5), cell(1, 5), cell(0, 5))
    rig.settle(pause_s=0.1)
    assert rig.cleared == rig.done == [7]


def test_a_unit_carries_a_pod_from_cell_to_cell(make: Maker) -> None:
    home, end = cell(1, 1), cell(3, 4)
    rig = Rig(make, [cell(0, 0)], pods=[cell(5, 0), home])
    rig.connect()
    rig.release(0, cell(0, 1), home, (home, LIFT))
    rig.settle()
    state = rig.connect()
    assert state.carried_pods.tolist() == [1]
    assert state.pod_cells.tolist() == [cell(5, 0), -1]
    rig = restarted(rig, state)
    rig.release(0, *row(1, 2, 4), cell(2, 4), end)
    rig.settle()
    rig.release(0, (end, LOWER))
    rig.settle()
    state = rig.connect()
    assert state.carried_pods.tolist() == [-1]
    assert state.pod_cells.tolist() == [cell(5, 0), end]


def restarted(rig: Rig, state: FleetState) -> Rig:
    """The same backend as a controller sees it that has just connected."""
    again = object.__new__(Rig)
    again.__dict__ = dict(rig.__dict__)
    n_units = len(state.cells)
    again.faults = [0] * n_units
    if state.done is None:
        again.steps = [[(int(start), Act.DRIVE)] for start in state.cells]
        again.done, again.cleared = [0] * n_units, [0] * n_units
    else:  # units remember their steps, and the numbers go on
        again.done, again.cleared = state.done.tolist(), state.cleared.tolist()
    return again


def test_unladen_units_pass_under_pods(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)], pods=row(0, 0, 4))
    rig.connect()
    rig.release(0, *row(0, 1, 5))
    rig.settle()
    state = rig.connect()
    assert state.carried_pods.tolist() == [-1]
    assert state.pod_cells.tolist() == row(0, 0, 4)


@pytest.mark.parametrize(
    ("steps", "fault", "n_done"),
    [
        ([(cell(2, 2), LIFT)], FaultCode.NO_POD, 0),
        ([(cell(2, 2), LOWER)], FaultCode.NO_POD, 0),
        ([cell(2, 3), (cell(2, 3), LOWER)], FaultCode.NO_POD, 1),
        ([cell(2, 3), (cell(2, 3), LIFT), (cell(2, 3), LIFT)], FaultCode.POD_IN_THE_WAY, 2),
        (
            [cell(2, 3), (cell(2, 3), LIFT), cell(2, 4), (cell(2, 4), LOWER)],
            FaultCode.POD_IN_THE_WAY,
            3,
        ),
    ],
)
def test_what_cannot_be_done_is_a_fault(make, steps, fault, n_done) -> None:
    if make in SOLID and n_done == 3:
        pytest.skip("nobody gets to where a pod stands with another one")
    rig = Rig(make, [cell(2, 2), cell(5, 0)], pods=[cell(2, 3), cell(2, 4)])
    rig.connect()
    rig.release(0, *steps)
    rig.settle()
    assert rig.faults[0] == fault
    assert rig.done[0] == n_done
    last = rig.steps[0][-1][0]
    rig.release(0, last - N_COLS)  # is never driven
    rig.release(1, cell(5, 1), cell(5, 2))  # the other unit goes on
    rig.settle()
    rig.advance(10.0)
    assert rig.done == [n_done, 2]
    state = rig.connect()
    assert state.cells[0] == rig.steps[0][n_done][0]
    reports = restarted(rig, state).advance(1.0)  # the fault is news again
    assert reports.units.tolist() == [0]
    assert reports.faults.tolist() == [fault]


def test_a_failed_act_leaves_pods_alone(make: Maker) -> None:
    rig = Rig(make, [cell(2, 3)], pods=[cell(2, 3), cell(2, 4)])
    rig.connect()
    rig.release(0, (cell(2, 3), LIFT), cell(2, 4), (cell(2, 4), LOWER))
    rig.settle()
    state = rig.connect()
    assert state.carried_pods.tolist() == [0]
    assert state.pod_cells.tolist() == [-1, cell(2, 4)]


def test_lines_are_finished_in_the_order_given(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.give_lines((0, 7, 70, 1), (0, 7, 71, 3), (1, 8, 80, 1), (0, 9, 90, -2))
    assert not rig.lines
    while len(rig.lines) < 4:
        assert rig.now_s < 200
        rig.advance(0.5)
    by_station = [[line[1:] for line in rig.lines if line[1] == station] for station in (0, 1)]
    assert by_station == [[(0, 7, 70), (0, 7, 71), (0, 9, 90)], [(1, 8, 80)]]
    times_s = [line[0] for line in rig.lines if line[1] == 0]
    assert (np.diff([0.0, *times_s]) > 0).all()  # one after another, each taking its time
    rig.give_lines((1, 10, 100, 1))
    given_s = rig.now_s
    while len(rig.lines) < 5:
        assert rig.now_s < 300
        rig.advance(0.5)
    assert rig.lines[-1][1:] == (1, 10, 100)
    assert rig.lines[-1][0] > given_s
    assert not len(rig.advance(30.0).lines)


def test_people_and_units_do_not_wait_for_each_other(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.give_lines((0, 1, 1, 1), (0, 1, 2, 1))
    rig.release(0, *row(0, 1, 4))
    rig.settle()
    assert rig.done == [4]
    rig.advance(60.0)
    assert [line[3] for line in rig.lines] == [1, 2]


def test_connect_after_half_the_work_is_the_truth_again(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0), cell(3, 0)], pods=[cell(0, 3)])
    rig.connect()
    rig.release(0, *row(0, 1, 3), (cell(0, 3), LIFT), cell(1, 3))
    rig.settle()
    state = rig.connect()
    assert state.time_s == pytest.approx(rig.now_s, abs=0.05)
    assert state.cells.tolist() == [cell(1, 3), cell(3, 0)]
    assert state.headings.tolist() == [3, 0]
    assert state.carried_pods.tolist() == [0, -1]
    assert state.pod_cells.tolist() == [-1]
    again = restarted(rig, state)
    assert not len(again.advance(1.0).units)
    before = list(again.done)
    again.release(0, cell(2, 3), (cell(2, 3), LOWER))
    again.release(1, cell(3, 1))
    again.settle()
    assert again.done == [before[0] + 2, before[1] + 1]
    state = again.connect()
    assert state.pod_cells.tolist() == [cell(2, 3)]


def test_connect_while_a_released_step_is_open_is_refused_or_tells_it(make: Maker) -> None:
    rig = Rig(make, [cell(3, 0), cell(0, 0)])
    rig.connect()
    rig.release(1, *row(0, 1, 4))
    if hasattr(rig.backend, "next_epoch"):
        state = rig.connect()
        if make not in PATIENT:  # else the steps may not have reached it
            assert state.bases.tolist() == [0, 4]
        rig.resend(1, 0 if state.done is None else int(state.done[1]))
    else:
        with pytest.raises(FleetError, match="unit 1 has done 0 of 4 released steps"):
            rig.connect()
    rig.settle()
    assert rig.done == [0, 4]
    assert rig.connect().cells.tolist() == [cell(3, 0), cell(0, 4)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 2, cell(2, 3), 0)], "unit 0: step 2 is released after step 0"),
        ([(0, 1, cell(2, 3), 0), (0, 3, cell(2, 4), 0)], "step 3 is released after step 1"),
        ([(0, 0, cell(2, 3), 0)], "unit 0: step 0 is released after step 0"),
        ([(0, 1, cell(2, 4), 0)], "no drive leads from cell 18 to cell 20"),
        ([(0, 1, cell(2, 2), 0)], "no drive leads from cell 18 to cell 18"),
        ([(1, 1, cell(1, 0), 0)], "no drive leads from cell 7 to cell 8"),
        ([(1, 1, -1, 0)], "no drive leads from cell 7 to cell -1"),
        ([(0, 1, 1000, 0)], "no drive leads from cell 18 to cell 1000"),
        ([(0, 1, cell(2, 3), 1)], "LIFT on cell 19 from cell 18"),
        ([(0, 1, cell(2, 3), 2)], "LOWER on cell 19 from cell 18"),
        ([(0, 1, cell(2, 2), 3)], "unit 0, step 1: 3 is no act"),
        ([(2, 1, cell(2, 3), 0)], "unit 2, which does not exist"),
        ([(-1, 1, cell(2, 3), 0)], "unit -1, which does not exist"),
    ],
)
def test_a_release_that_continues_no_stream_is_refused(make, rows, message) -> None:
    rig = Rig(make, [cell(2, 2), cell(0, 7)])
    before = rig.connect()
    good = (1, 1, cell(0, 6), 0)
    for batch in (rows, [good, *rows] if rows[0][0] != 1 else rows):
        with pytest.raises(InvariantError, match=message):
            rig.send(batch)
    assert not len(rig.advance(20.0).units)
    assert same(before, rig.connect())
    rig.steps[1].append((cell(0, 6), Act.DRIVE))
    rig.send([good])  # the stream is where it was
    rig.settle()
    assert rig.done == [0, 1]


def history(make: Maker) -> list[tuple]:
    rng = np.random.default_rng(5)
    rig = Rig(make, [cell(0, 0), cell(2, 0), cell(4, 0)], pods=[cell(4, 1)])
    rig.connect()
    rig.give_lines((0, 1, 1, 2), (1, 2, 2, 1))
    for col in range(1, N_COLS):
        order = rng.permutation(3)
        rig.send([row for unit in order for row in rig.rows(unit, cell(2 * unit, col))])
        if col == 1:
            rig.release(2, (cell(4, 1), LIFT))
        rig.advance(0.4)
    rig.settle()
    return [told(reports) for reports in rig.reports]


def told(batch: object) -> tuple:
    """All columns of a batch of reports, those of batches within it too, as plain lists."""
    columns = (getattr(batch, name) for name in batch.__slots__ if name != "time_s")
    return tuple(c.tolist() if isinstance(c, np.ndarray) else told(c) for c in columns)


def test_two_equal_instances_say_the_same(make: Maker) -> None:
    assert history(make) == history(make)


def test_reports_have_the_promised_types(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.release(0, cell(0, 1))
    for reports in (rig.advance(0.0), rig.advance(20.0), rig.advance(1.0)):
        for name in ("units", "done", "cleared", "line_stations", "line_jobs", "lines"):
            assert getattr(reports, name).dtype == np.int32, name
        assert reports.faults.dtype == np.int8
        assert reports.line_times_s.dtype == np.float64


def test_nothing_to_do_is_fine(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.backend.send(Commands(no_releases(), no_station_jobs()))
    assert not len(rig.advance(0.2).units)
    assert rig.connect().pod_cells.tolist() == []


def test_an_outlook_is_no_permission(make: Maker) -> None:
    """Whoever is told where it will go next stays on its cell, and has nothing new to say."""
    rig = Rig(make, [cell(1, 1)])
    before = rig.connect()
    outlook = Outlook(ints([0]), ints([1]), ints([cell(0, 1)]))
    rig.backend.send(Commands(no_releases(), no_station_jobs(), outlook))
    assert not len(rig.advance(10.0).units)
    assert rig.connect().cells.tolist() == before.cells.tolist()
    rig.release(0, cell(0, 1))
    rig.settle()
    assert rig.connect().cells.tolist() == [cell(0, 1)]


def test_close_may_be_called_again(make: Maker) -> None:
    rig = Rig(make, [cell(0, 0)])
    rig.connect()
    rig.backend.close()
    rig.backend.close()
