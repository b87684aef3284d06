"""Parcels: every one dropped once at its own chute, room at stations kept, streams apart."""

from __future__ import annotations

import numpy as np
import pytest
from sorting_fakes import InstantSorter
from work_fakes import ints, line_reports, make_floor, rows_of

from fleet_control.events import EventKind, EventLog
from fleet_control.work.parcels import ParcelStream
from fleet_control.work.sortation import SortationError, SortationWork
from fleet_control.work.tasks import TaskError
from layouts import StationKind

INDUCT, EJECT = StationKind.INDUCT, StationKind.EJECT


@pytest.fixture(params=range(10), ids=lambda seed: f"seed{seed}")
def sorter(request: pytest.FixtureRequest) -> InstantSorter:
    sorter = InstantSorter(request.param)
    for _ in range(3000):
        sorter.cycle()
    return sorter


def test_parcels_are_dropped_once_in_time_and_at_an_eject_station(sorter):
    placed, done = (rows_of(sorter.log, k) for k in (EventKind.ORDER_PLACED, EventKind.ORDER_DONE))
    assert len(done["order"]) == len(np.unique(done["order"])) > 50
    assert (done["value"] > 0).all()
    arrived_s = dict(zip(placed["order"].tolist(), placed["time_s"].tolist(), strict=True))
    starts = np.array([arrived_s[order] for order in done["order"].tolist()])
    assert np.allclose(done["time_s"] - starts, done["value"])
    kinds = {sorter.layout.stations[s].kind for s in done["station"].tolist()}
    assert kinds == {EJECT}
    cells = rows_of(sorter.log, EventKind.TASK_DONE)["cell"].tolist()
    assert set(cells) <= {s.cell for s in sorter.layout.stations if s.kind is EJECT}


def test_counters_and_tasks_agree_with_the_log(sorter):
    work = sorter.work
    assert work.orders_done == work.lines_done == work.units_done
    assert work.orders_done == len(rows_of(sorter.log, EventKind.LINE_DONE)["line"])
    opened, begun, done = (
        rows_of(sorter.log, kind)["task"].tolist()
        for kind in (EventKind.TASK_OPENED, EventKind.TASK_ASSIGNED, EventKind.TASK_DONE)
    )
    assert opened == list(range(len(opened)))
    assert len(set(begun)) == len(begun)
    assert set(done) <= set(begun) <= set(opened)
    assert len(done) == len(set(done)) == work.tasks_done


def test_parcels_leave_an_induct_station_in_the_order_of_arrival(sorter):
    assigned = rows_of(sorter.log, EventKind.ORDER_ASSIGNED)
    for station in np.unique(assigned["station"]):
        orders = assigned["order"][assigned["station"] == station]
        assert (np.diff(orders) > 0).all()


def test_station_times_sum_to_elapsed(sorter):
    times_s = sorter.work.station_times(sorter.now_s)
    assert (times_s >= 0).all()
    assert np.allclose(times_s.sum(axis=1), sorter.now_s, rtol=0, atol=1e-6)
    assert times_s[:, 0].sum() > 0


def test_same_seed_same_log():
    sorters = [InstantSorter(5), InstantSorter(5)]
    for sorter in sorters:
        for _ in range(500):
            sorter.cycle()
    first, second = (sorter.log.columns() for sorter in sorters)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_parcels_are_poisson_and_uniform():
    drawn, again = (
        ParcelStream(7, 3600.0, [1, 2], ints(3, 5, 8)).take(6000.0, {}) for _ in range(2)
    )
    assert drawn == again
    times_s, stations, chutes = (np.array(column) for column in zip(*drawn, strict=True))
    assert (np.diff(times_s) > 0).all()
    for station in (1, 2):
        gaps_s = np.diff(times_s[stations == station])
        assert gaps_s.mean() == pytest.approx(2.0, rel=0.08)
        assert gaps_s.std() == pytest.approx(2.0, rel=0.12)
        shares = np.bincount(chutes[stations == station], minlength=9)[[3, 5, 8]]
        assert shares / shares.sum() == pytest.approx([1 / 3] * 3, abs=0.04)


def test_rate_is_that_of_the_whole_floor():
    log = EventLog()
    layout = make_floor([INDUCT, INDUCT, INDUCT, EJECT], [0, 0, 0, 0])
    work = SortationWork(layout, 1, 6000.0, 1, log)
    work.advance(3600.0, line_reports(3600.0, []))
    n_placed = len(rows_of(log, EventKind.ORDER_PLACED)["order"])
    assert n_placed == pytest.approx(6000, abs=4 * 6000**0.5)
    assert len(work.open_tasks().tasks) == 3  # as many as fit, not as many as there are parcels


@pytest.mark.parametrize(
    ("kinds", "rate", "message"),
    [
        ([INDUCT], 10.0, "1 and 0"),
        ([EJECT], 10.0, "0 and 1"),
        ([INDUCT, EJECT], 0.0, "parcels_per_hour is 0"),
        ([INDUCT, EJECT], float("inf"), "parcels_per_hour is inf"),
    ],
)
def test_floors_and_rates_that_cannot_sort_are_refused(kinds, rate, message):
    layout = make_floor(kinds, [0] * len(kinds))
    with pytest.raises(SortationError, match=message):
        SortationWork(layout, 1, rate, 0, EventLog())


def test_calls_out_of_turn_are_refused():
    layout = make_floor([INDUCT, EJECT], [1, 0])
    with pytest.raises(SortationError, match="units_per_chute is 0"):
        SortationWork(layout, 1, 10.0, 0, EventLog(), units_per_chute=0)
    work = SortationWork(layout, 2, 36_000.0, 0, EventLog())
    work.advance(10.0, line_reports(10.0, []))
    work.begin(0, 0, 10.0)
    with pytest.raises(TaskError, match="unit 1 has no task"):
        work.errand_done(1, 10.0)
    with pytest.raises(TaskError, match="task 0 is not open"):
        work.begin(0, 1, 10.0)
    with pytest.raises(TaskError, match="unit 0 has task 0 and cannot begin 1"):
        work.begin(1, 0, 10.0)
    with pytest.raises(TaskError, match="job 4"):
        work.advance(10.2, line_reports(10.2, [(10.1, 0, 4, 0)]))
    work.errand_done(0, 11.0)
    with pytest.raises(TaskError, match=r"parcel 0 of job 0 .* never given"):
        work.advance(11.2, line_reports(11.2, [(11.1, 0, 0, 0)]))
    assert work.take_station_jobs().lines.tolist() == [0]
    with pytest.raises(TaskError, match=r"parcel 3 of job 0 .* never given"):
        work.advance(11.2, line_reports(11.2, [(11.1, 0, 0, 3)]))


def test_a_ride_goes_back_until_it_has_a_parcel():
    log = EventLog()
    work = SortationWork(make_floor([INDUCT, EJECT], [1, 0]), 3, 36_000.0, 0, log)
    work.advance(10.0, line_reports(10.0, []))
    assert work.open_tasks().tasks.tolist() == [0, 1], "as many as have room"
    for task in (0, 1):
        work.begin(task, task, 10.0, 50)
    assert work.give_back(0, 10.5)
    assert not work.give_back(0, 10.5)
    assert work.open_tasks().tasks.tolist() == [0]
    assert [unit for unit, _ in work.take_errands()] == [1]
    assert (work.task_of(0), work.task_of(1)) == (-1, 1)
    work.advance(11.0, line_reports(11.0, []))
    assert work.open_tasks().tasks.tolist() == [0], "it has kept its room"
    work.begin(0, 2, 12.0)
    work.errand_done(1, 13.0)
    assert not work.give_back(1, 13.0), "a parcel is being put on it"
    work.take_station_jobs()
    work.advance(14.0, line_reports(14.0, [(13.9, 0, 0, 0)]))
    assert not work.give_back(1, 14.0)
    names = ("time_s", "task", "unit", "station", "cell")
    returned = rows_of(log, EventKind.TASK_RETURNED)
    assert [returned[name].tolist() for name in names] == [[10.5], [0], [0], [0], [0]]
    assert len(work.open_tasks().tasks) == 1, "unit 1 has made room"
