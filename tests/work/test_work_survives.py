"""Work under units that fail, cells that close, and line reports that come twice, late or never.

Over seeded random floors, stock and orders; the log is checked by tests/work/conservation.py.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from conservation import faults_of
from failing_fakes import FailingFleet, LateFleet, RepeatingFleet
from sorting_fakes import INDUCT, InstantSorter
from work_fakes import InstantFleet, make_case, rows_of

from fleet_control.events import EventKind, EventLog

SEEDS = range(30)


def faults(fleet: InstantFleet, log: EventLog, **options: bool) -> list[str]:
    return faults_of(log.columns(), fleet.book.line_order, fleet.book.line_quantity, **options)


def totals(fleet: InstantFleet) -> tuple[object, ...]:
    work, stock = fleet.work, fleet.stock
    counts = (
        work.orders_done, work.lines_done, work.units_done, work.lines_short, work.units_short
    )  # fmt: skip
    return (*counts, [stock.stock(sku) for sku in range(stock.n_skus)])


def is_same(first: EventLog, second: EventLog) -> bool:
    one, two = first.columns(), second.columns()
    return all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_done_twice_when_units_fail_at_any_moment(seed):
    fleet, log = make_case(seed, fleet=FailingFleet)
    fleet.run_dry()
    assert faults(fleet, log) == [], f"seed {seed}"
    fleet.stock.check()
    for (pod, sku), units in fleet.on_pod.items():
        assert fleet.stock.skus_on(pod).get(sku, 0) == units
    assert {pod: cell for cell, pod in fleet.pod_at.items()} == dict(
        enumerate(fleet.stock.pod_cells.tolist())
    )
    n_held = len(fleet.stock.storage_cells) - len(fleet.stock.free_cells()) - fleet.stock.n_pods
    assert n_held == 0, "storage cells are held for nobody"
    assert fleet.n_returned == len(rows_of(log, EventKind.TASK_RETURNED)["task"])
    times_s = fleet.work.station_times(fleet.now_s)
    assert (times_s >= 0).all()
    assert np.allclose(times_s.sum(axis=1), fleet.now_s, rtol=0, atol=1e-6)


def test_units_do_fail_in_every_way():
    fleets = [make_case(seed, fleet=FailingFleet)[0] for seed in range(8)]
    for fleet in fleets:
        fleet.run_dry()
    for count in ("n_returned", "n_kept", "n_redirected"):
        assert sum(getattr(fleet, count) for fleet in fleets) > 30, count


@pytest.mark.parametrize("seed", SEEDS)
def test_repeated_line_reports_change_nothing(seed):
    fleet, log = make_case(seed, fleet=RepeatingFleet)
    fleet.run_dry()
    usual, usual_log = make_case(seed)
    usual.run_dry()
    assert is_same(log, usual_log), f"seed {seed}"
    assert totals(fleet) == totals(usual)
    assert fleet.n_repeated > 0 or not fleet.work.lines_done


@pytest.mark.parametrize("seed", SEEDS)
def test_late_and_repeated_line_reports_give_the_same_stock_orders_and_counts(seed):
    """Only without returns: when these are put in decides what stock there is to promise."""
    fleet, log = make_case(seed, fleet=LateFleet, has_returns=False)
    fleet.run_dry()
    usual, _ = make_case(seed, has_returns=False)
    usual.run_dry()
    assert totals(fleet) == totals(usual), f"seed {seed}"
    assert faults(fleet, log) == []


@pytest.mark.parametrize("seed", range(10))
def test_late_and_repeated_line_reports_of_returns(seed):
    fleet, log = make_case(seed, fleet=LateFleet)
    fleet.run_dry()
    assert faults(fleet, log) == [], f"seed {seed}"
    fleet.stock.check()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [InstantFleet, LateFleet])
def test_open_jobs_are_those_that_people_have_not_reported(seed, kind):
    fleet, _ = make_case(seed, fleet=kind)
    n_seen = 0
    for _ in range(600):
        fleet.cycle()
        jobs = fleet.work.open_station_jobs()
        assert (np.diff(jobs.jobs) >= 0).all()
        on_the_way = [row[1:] for _, row in getattr(fleet, "on_the_way", [])]
        for station, queue in enumerate(fleet.people):
            rows = np.flatnonzero(jobs.stations == station)
            left = list(zip(jobs.jobs[rows].tolist(), jobs.lines[rows].tolist(), strict=True))
            told = [(job, line) for at, job, line in on_the_way if at == station]
            with_people = [(job, line) for job, line, _ in queue]
            assert [row for row in left if row not in told] == with_people, f"seed {seed}"
            assert sorted(left) == sorted(told + with_people)
        n_seen += len(jobs.lines)
        signs = np.sign(fleet.book.line_quantity[jobs.lines])
        assert np.array_equal(np.sign(jobs.quantities), signs)
    assert n_seen


@pytest.mark.parametrize("seed", range(8))
def test_work_goes_on_from_a_pickle_as_if_nothing_had_been(seed):
    fleet, log = make_case(seed, fleet=FailingFleet)
    for _ in range(100 + 40 * seed):
        fleet.cycle()
    twin_fleet, twin_log = pickle.loads(pickle.dumps((fleet, log)))
    for one in (fleet, twin_fleet):
        one.run_dry()
    assert is_same(log, twin_log), f"seed {seed}"
    assert totals(fleet) == totals(twin_fleet)
    assert np.array_equal(
        fleet.work.station_times(fleet.now_s), twin_fleet.work.station_times(fleet.now_s)
    )


@pytest.mark.parametrize("seed", range(4))
def test_half_way_nothing_is_done_that_was_not_begun(seed):
    fleet, log = make_case(seed, fleet=FailingFleet)
    fleet.run(80.0)
    assert faults(fleet, log, is_finished=False) == []
    assert faults(fleet, log) != [] or fleet.work.orders_done == fleet.book.n_orders


def kinds(log: EventLog) -> list[int]:
    return [row[1] for row in log._rows]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (EventKind.LINE_DONE, "twice"),
        (EventKind.ORDER_DONE, "done twice"),
        (EventKind.TASK_DONE, "done by a unit that does not have it"),
        (EventKind.TASK_ASSIGNED, "assigned but not open"),
        (EventKind.TASK_RETURNED, "returned by a unit that does not have it"),
        (EventKind.POD_STORED, "did not carry it"),
        (EventKind.POD_LIFTED, "carries a pod already"),
        (EventKind.ERRAND_DONE, "was on the errand None"),
    ],
)
def test_the_check_tells_a_row_too_many_and_a_row_too_few(kind, words):
    fleet, log = make_case(3, fleet=FailingFleet)
    fleet.run_dry()
    assert faults(fleet, log) == []
    row = kinds(log).index(kind)
    again = log._rows[row]
    log._rows.insert(row + 1, again)
    assert any(words in fault for fault in faults(fleet, log))
    del log._rows[row : row + 2]
    assert faults(fleet, log) != []


def run_sorter(seed: int, n_cycles: int = 1500, **options: bool) -> InstantSorter:
    sorter = InstantSorter(seed, **options)
    for _ in range(n_cycles):
        sorter.cycle()
    return sorter


@pytest.mark.parametrize("seed", range(10))
def test_parcels_survive_units_that_fail_and_reports_that_are_late(seed):
    sorter = run_sorter(seed, has_failures=True, has_repeats=True, is_late=True)
    assert faults_of(sorter.log.columns(), is_finished=False) == [], f"seed {seed}"
    work = sorter.work
    assert work.orders_done == len(rows_of(sorter.log, EventKind.ORDER_DONE)["order"]) > 20
    assert sorter.n_returned > 10
    assert sorter.n_kept > 10
    times_s = work.station_times(sorter.now_s)
    assert (times_s >= 0).all()
    assert np.allclose(times_s.sum(axis=1), sorter.now_s, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_parcels_reported_twice_count_once(seed):
    sorter, usual = run_sorter(seed, has_repeats=True), run_sorter(seed)
    assert is_same(sorter.log, usual.log), f"seed {seed}"
    assert sorter.n_repeated > 100


@pytest.mark.parametrize("seed", range(4))
def test_open_jobs_of_parcels_are_those_not_reported(seed):
    sorter = InstantSorter(seed, is_late=True)
    n_seen = 0
    for _ in range(400):
        sorter.cycle()
        jobs = sorter.work.open_station_jobs()
        rows = zip(
            jobs.stations.tolist(), jobs.jobs.tolist(), jobs.lines.tolist(), strict=True
        )  # fmt: skip
        waited_for = [row[1:] for row in sorter.jobs] + [row[1:] for _, row in sorter.on_the_way]
        assert list(rows) == sorted(waited_for, key=lambda row: row[1])
        kinds = [sorter.layout.stations[station].kind for station in jobs.stations.tolist()]
        assert jobs.quantities.tolist() == [-1 if kind is INDUCT else 1 for kind in kinds]
        n_seen += len(kinds)
    assert n_seen


@pytest.mark.parametrize("seed", range(4))
def test_sorting_goes_on_from_a_pickle_as_if_nothing_had_been(seed):
    sorter = run_sorter(seed, 300, has_failures=True)
    twin_sorter = pickle.loads(pickle.dumps(sorter))
    for _ in range(300):
        sorter.cycle()
        twin_sorter.cycle()
    assert is_same(sorter.log, twin_sorter.log)
    assert np.array_equal(sorter.work.station_times(200.0), twin_sorter.work.station_times(200.0))
