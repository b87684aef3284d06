"""Fulfilment case by case: the way of a pod, gating, splits, shorts, returns, going onward."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import (
    PICK,
    STOW,
    InstantFleet,
    line_reports,
    make_book,
    make_floor,
    make_stock,
    rows_of,
)

from fleet_control.errors import FleetError
from fleet_control.events import EventKind, EventLog
from fleet_control.work.fulfilment import FulfilmentError, FulfilmentOptions, FulfilmentWork
from fleet_control.work.tasks import TaskError
from fleet_control.work.work import Deed
from layouts import StationKind


class Case:
    """A small floor driven by hand, one call at a time."""

    def __init__(
        self,
        lines,
        stock,
        kinds=(PICK,),
        queues=(0,),
        n_pods=4,
        n_units=6,
        placed_s=None,
        **options,
    ):
        n_skus = 1 + max([sku for _, sku, _ in lines] + [sku for _, sku, _ in stock], default=0)
        n_orders = (
            len(placed_s) if placed_s else 1 + max((order for order, *_ in lines), default=-1)
        )
        self.layout = make_floor(list(kinds), list(queues))
        self.book = make_book(lines, n_orders, n_skus, placed_s)
        self.stock = make_stock(self.layout, stock, n_pods, n_skus)
        self.log = EventLog()
        self.n_units = n_units
        chosen = FulfilmentOptions(**options)
        self.work = FulfilmentWork(self.layout, self.book, self.stock, n_units, self.log, chosen)

    def advance(self, now_s, *done):
        """done: (time, station, job, line)."""
        self.work.advance(now_s, line_reports(now_s, list(done)))

    def jobs(self):
        jobs = self.work.take_station_jobs()
        return list(
            zip(
                jobs.stations.tolist(),
                jobs.jobs.tolist(),
                jobs.lines.tolist(),
                jobs.quantities.tolist(),
                strict=True,
            )
        )

    def rows(self, kind, *names):
        rows = rows_of(self.log, kind)
        return list(zip(*(rows[name].tolist() for name in names), strict=True))

    def finish(self, seed=0):
        fleet = InstantFleet(
            self.work, self.layout, self.book, self.stock, self.n_units, np.random.default_rng(seed)
        )
        fleet.run_dry()
        self.stock.check()
        return fleet


def test_the_way_of_one_pod():
    case = Case([(0, 0, 2), (0, 1, 1)], [(2, 0, 5), (2, 1, 5)], storage_rule="home")
    cell, service = int(case.stock.pod_cells[2]), case.layout.stations[0].cell
    case.advance(1.0)
    tasks = case.work.open_tasks()
    assert (tasks.tasks.tolist(), tasks.cells.tolist()) == ([0], [cell])
    case.work.begin(0, 3, 1.0)
    assert not len(case.work.open_tasks().tasks)
    assert case.work.task_of(3) == 0
    [(unit, errand)] = case.work.take_errands()
    assert (unit, errand.cell, errand.deed, errand.is_laden) == (3, cell, Deed.LIFT, False)
    case.work.errand_done(3, 9.0)
    [(_, errand)] = case.work.take_errands()
    assert (errand.cell, errand.deed, errand.is_laden) == (service, Deed.SERVICE, True)
    assert case.work.follow_on(3, 9.0) is None
    case.work.errand_done(3, 20.0)
    assert case.jobs() == [(0, 0, 0, 2), (0, 0, 1, 1)]
    assert case.jobs() == []
    case.advance(25.0, (24.9, 0, 0, 0))
    assert case.work.take_errands() == []
    case.advance(30.0, (29.5, 0, 0, 1))
    [(_, errand)] = case.work.take_errands()
    assert (errand.cell, errand.deed, errand.is_laden) == (cell, Deed.LOWER, True)
    case.work.errand_done(3, 40.0)
    assert case.work.task_of(3) == -1
    assert case.rows(EventKind.LINE_DONE, "time_s", "order", "station", "pod", "line", "value") == [
        (24.9, 0, 0, 2, 0, 2.0), (29.5, 0, 0, 2, 1, 1.0)]  # fmt: skip
    assert case.rows(EventKind.ORDER_DONE, "time_s", "order", "station", "value") == [
        (29.5, 0, 0, 29.5)
    ]
    assert case.rows(EventKind.POD_SERVED, "time_s", "unit", "pod", "value") == [(30.0, 3, 2, 2.0)]
    names = ("time_s", "task", "unit", "pod", "station", "cell", "value")
    assert case.rows(EventKind.TASK_DONE, *names) == [
        (40.0, 0, 3, 2, 0, cell, 39.0)]  # fmt: skip
    assert case.rows(EventKind.ERRAND_STARTED, "cell", "value") == [
        (cell, -1), (service, cell), (cell, service)]  # fmt: skip
    assert (case.work.tasks_done, case.work.lines_done, case.work.units_done) == (1, 2, 3)
    times_s = case.work.station_times(40.0)[0]
    assert times_s[0] == pytest.approx(9.5)
    assert times_s[3] == pytest.approx(11.5)  # before 1.0 and after 29.5


def lift_all(case, n):
    """n units lift the pods of the first n tasks; units of those sent to the station."""
    for task in case.work.open_tasks().tasks.tolist()[:n]:
        case.work.begin(task, task, 1.0)
    case.work.take_errands()
    for unit in range(n):
        case.work.errand_done(unit, 5.0 + unit)
    return [unit for unit, _ in case.work.take_errands()]


def test_units_wait_under_their_pod_for_a_slot_in_the_order_of_lifting():
    lines = [(0, sku, 1) for sku in range(4)]
    case = Case(lines, [(pod, pod, 5) for pod in range(4)], queues=(1,))
    case.advance(1.0)
    held = [int(cell) for cell in case.stock.pod_cells]
    assert lift_all(case, 4) == [0, 1]
    free = case.stock.free_cells().tolist()
    assert sum(cell in free for cell in held) == 2, "cells of waiting units are not free"
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(12.0, (11.9, 0, job, line))
    sent = case.work.take_errands()
    assert [(unit, errand.deed) for unit, errand in sent] == [(0, Deed.LOWER), (2, Deed.SERVICE)]


def test_tasks_per_station_are_limited_and_refilled_when_one_is_served():
    lines = [(0, sku, 1) for sku in range(8)]
    case = Case(lines, [(pod, pod, 5) for pod in range(8)], n_pods=8, tasks_per_station=3)
    case.advance(1.0)
    assert len(case.work.open_tasks().tasks) == 3
    assert lift_all(case, 3) == [0]
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(12.0, (11.9, 0, job, line))
    assert len(case.work.open_tasks().tasks) == 1
    default = Case(lines, [(pod, pod, 5) for pod in range(8)], n_pods=8, queues=(1,))
    default.advance(1.0)
    assert len(default.work.open_tasks().tasks) == 6


def test_lines_that_came_on_the_way_and_during_the_job_are_served_too():
    case = Case([(0, 0, 1), (1, 0, 2), (2, 0, 3)], [(0, 0, 9)], placed_s=[0.0, 5.0, 12.0])
    case.advance(1.0)
    assert lift_all(case, 1) == [0]
    case.advance(6.0)
    case.work.errand_done(0, 10.0)
    assert case.jobs() == [(0, 0, 0, 1), (0, 0, 1, 2)]
    case.advance(15.0, (13.0, 0, 0, 0), (14.0, 0, 0, 1))
    assert case.jobs() == [(0, 1, 2, 3)]
    assert case.work.take_errands() == []
    case.advance(20.0, (19.0, 0, 1, 2))
    assert case.rows(EventKind.POD_SERVED, "value") == [(3.0,)]
    assert [errand.deed for _, errand in case.work.take_errands()] == [Deed.LOWER]


def test_a_line_larger_than_a_pod_is_split_and_logged_once():
    case = Case([(0, 0, 20)], [(0, 0, 8), (1, 0, 7), (2, 0, 9)])
    case.finish()
    assert case.rows(EventKind.LINE_DONE, "line", "value") == [(0, 20.0)]
    assert case.work.tasks_done == 3
    assert (case.work.lines_done, case.work.units_done) == (1, 20)
    assert case.stock.stock(0) == 4


def test_shorts_complete_their_order_and_hold_up_nobody():
    """Order 0 gets what there is, order 1 nothing, order 2 does not need it."""
    case = Case([(0, 0, 9), (1, 0, 2), (2, 1, 1)], [(0, 0, 4), (1, 1, 1)], n_units=1)
    case.finish()
    assert case.rows(EventKind.LINE_SHORT, "order", "line", "value") == [(0, 0, 5.0), (1, 1, 2.0)]
    assert sorted(case.rows(EventKind.LINE_DONE, "order", "value")) == [(0, 4.0), (2, 1.0)]
    assert sorted(case.rows(EventKind.ORDER_DONE, "order")) == [(0,), (1,), (2,)]
    assert (case.work.lines_short, case.work.units_short) == (1, 7)


def test_orders_without_lines_or_without_any_stock_are_done_when_assigned():
    case = Case([(1, 0, 3)], [], placed_s=[0.0, 1.0])
    case.advance(2.0)
    assert case.rows(EventKind.ORDER_DONE, "order", "value") == [(0, 2.0), (1, 1.0)]
    assert not len(case.work.open_tasks().tasks)


def test_more_orders_than_slots_wait_their_turn():
    case = Case([(i, 0, 1) for i in range(5)], [(0, 0, 9)], order_slots=2)
    case.advance(1.0)
    assert case.rows(EventKind.ORDER_ASSIGNED, "order") == [(0,), (1,)]
    case.finish()
    assert case.work.orders_done == 5


def test_a_return_goes_to_a_pod_with_its_sku_at_the_stow_station():
    case = Case([(0, 0, -3)], [(0, 1, 1), (2, 0, 4)], kinds=(PICK, STOW), queues=(0, 0))
    case.finish()
    assert case.rows(EventKind.RETURN_DONE, "order", "station", "pod", "value") == [(0, 1, 2, 3.0)]
    assert dict(case.stock.skus_on(2)) == {0: 7}
    assert case.rows(EventKind.LINE_DONE, "line") == []


def test_a_return_of_an_unknown_sku_goes_to_the_pod_with_fewest_units():
    case = Case([(0, 2, -3)], [(0, 0, 4), (1, 1, 1), (2, 0, 2), (3, 0, 5)])
    case.finish()
    assert case.rows(EventKind.RETURN_DONE, "station", "pod") == [(0, 1)]
    assert dict(case.stock.skus_on(1)) == {1: 1, 2: 3}


def test_returned_units_can_be_picked_by_later_orders():
    case = Case([(0, 0, -3), (1, 0, 2)], [], placed_s=[0.0, 400.0])
    case.finish()
    assert case.rows(EventKind.LINE_DONE, "order", "value") == [(1, 2.0)]
    assert case.stock.stock(0) == 1


def test_a_mixed_order_is_worked_at_one_pick_station():
    case = Case([(0, 0, -3), (0, 1, 2)], [(1, 1, 5)], kinds=(STOW, PICK), queues=(0, 0))
    case.finish()
    assert case.rows(EventKind.ORDER_ASSIGNED, "station") == [(1,)]
    assert case.rows(EventKind.RETURN_DONE, "station") == [(1,)]


@pytest.mark.parametrize(("rule", "n_tasks"), [("most_lines", 1), ("never", 2)])
def test_a_pod_wanted_at_two_stations(rule, n_tasks):
    """Orders 0 and 1 go to different stations and want the same pod: one ride, or one each."""
    case = Case(
        [(0, 0, 1), (1, 0, 1)], [(0, 0, 9)], kinds=(PICK, PICK), queues=(0, 0), onward_rule=rule
    )
    case.finish()
    assert case.work.tasks_done == n_tasks
    assert sorted(case.rows(EventKind.POD_PRESENTED, "pod", "station")) == [(0, 0), (0, 1)]
    assert len(case.rows(EventKind.POD_STORED, "pod")) == n_tasks


def test_workstations_of_imported_floors_pick():
    case = Case([(0, 0, 1)], [(0, 0, 1)], kinds=(StationKind.WORKSTATION,))
    case.finish()
    assert case.work.lines_done == 1


def test_calls_out_of_turn_are_refused():
    case = Case([(0, 0, 1), (0, 1, 1)], [(0, 0, 1), (1, 1, 1)])
    case.advance(1.0)
    with pytest.raises(TaskError, match="unit 2 has no task"):
        case.work.errand_done(2, 1.0)
    case.work.begin(0, 2, 1.0)
    with pytest.raises(TaskError, match="task 0 is not open"):
        case.work.begin(0, 3, 1.0)
    with pytest.raises(TaskError, match="unit 2 has task 0"):
        case.work.begin(1, 2, 1.0)
    with pytest.raises(TaskError, match="line 0 of job 5"):
        case.advance(2.0, (1.9, 0, 5, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": (STOW,)}, "no pick station"),
        ({"lines": [(0, 0, -1)], "kinds": (StationKind.INDUCT,)}, "neither a pick nor a stow"),
        ({"lines": [(0, 0, -1)], "stock": [], "n_pods": 0}, "no pod to put them on"),
        ({"order_slots": 0}, "order_slots is 0"),
        ({"tasks_per_station": 0}, "tasks_per_station is 0"),
        ({"laden_speed_m_s": -1.0}, "laden_speed_m_s is -1"),
    ],
)
def test_what_could_only_wait_for_ever_is_refused(change, message):
    with pytest.raises(FulfilmentError, match=message):
        Case(**{"lines": [(0, 0, 1)], "stock": [(0, 0, 1)], **change})


def test_orders_and_stock_of_different_skus_are_refused():
    layout = make_floor([PICK], [0])
    with pytest.raises(FulfilmentError, match="orders know 3 SKUs and the inventory 2"):
        FulfilmentWork(layout, make_book([], 0, 3), make_stock(layout, [], 1, 2), 1, EventLog())


@pytest.mark.parametrize("family", ["order", "return", "pod", "storage", "onward"])
def test_unknown_rules_are_refused_by_family(family):
    with pytest.raises(FleetError, match=f'no {family} rule is called "fastest"'):
        Case([(0, 0, 1)], [(0, 0, 1)], **{f"{family}_rule": "fastest"})


def at_work(n_pods=4, **options):
    """A case with a task for each of some pods, one order line each."""
    lines = [(0, sku, 1) for sku in range(n_pods)]
    case = Case(lines, [(pod, pod, 5) for pod in range(n_pods)], n_pods=n_pods, **options)
    case.advance(1.0)
    return case


def closed(case, *cells):
    is_closed = np.zeros(case.layout.n_cells, dtype=bool)
    is_closed[list(cells)] = True
    return is_closed


def test_a_unit_on_its_way_to_a_pod_gives_its_task_back_in_its_old_place():
    case = at_work(queues=(3,))
    before = case.work.open_tasks()
    for task in (0, 2, 1):
        case.work.begin(task, task, 2.0, 7)
    assert case.work.give_back(2, 3.0)
    assert case.work.give_back(0, 3.5)
    assert not case.work.give_back(0, 3.5), "it has nothing left to give"
    after = case.work.open_tasks()
    assert after.tasks.tolist() == [0, 2, 3]
    assert after.cells.tolist() == before.cells[after.tasks].tolist()
    assert [unit for unit, _ in case.work.take_errands()] == [1], "void errands are not told"
    assert [case.work.task_of(unit) for unit in (0, 1, 2)] == [-1, 1, -1]
    cell = int(before.cells[2])
    names = ("time_s", "task", "unit", "pod", "station", "cell")
    assert case.rows(EventKind.TASK_RETURNED, *names)[0] == (3.0, 2, 2, 2, 0, cell)
    assert case.work.give_back(1, 4.0), "also after it has set out"
    case.work.begin(2, 0, 4.0)
    assert case.rows(EventKind.ERRAND_STARTED, "unit", "cell", "value")[-1] == (0, cell, -1)
    case.finish()
    assert [row for row in case.rows(EventKind.TASK_DONE, "task", "unit") if row[0] == 2] == [
        (2, 0)
    ]


def test_a_task_that_comes_back_while_all_others_are_taken_is_open_again():
    case = at_work(1)
    case.work.begin(0, 3, 1.0)
    assert not len(case.work.open_tasks().tasks)
    assert case.work.give_back(3, 2.0)
    assert case.work.open_tasks().tasks.tolist() == [0]
    case.finish()


def test_a_unit_with_a_pod_keeps_its_task_wherever_it_is():
    case = at_work(2)
    assert lift_all(case, 2) == [0], "unit 1 waits under its pod for the slot"
    for unit in (0, 1):
        assert not case.work.give_back(unit, 8.0)
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    assert not case.work.give_back(0, 11.0), "people are at it"
    case.advance(12.0, (11.9, 0, job, line))
    assert not case.work.give_back(0, 12.0), "on its way to storage"
    assert [unit for unit, _ in case.work.take_errands()] == [0, 1]
    assert case.rows(EventKind.TASK_RETURNED, "task") == []
    case.work.errand_done(0, 20.0)
    assert not case.work.give_back(0, 20.0), "it has no task any more"


def test_a_unit_that_cannot_go_on_lets_others_have_the_slot_first():
    case = at_work(3)
    assert lift_all(case, 3) == [0]
    assert not case.work.give_back(1, 9.0)
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(12.0, (11.9, 0, job, line))
    assert [unit for unit, _ in case.work.take_errands()] == [0, 2]
    case.work.errand_done(2, 20.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(22.0, (21.9, 0, job, line))
    assert [unit for unit, _ in case.work.take_errands()] == [2, 1]


def stored_by(rule):
    """A unit that has been told to store pod 0."""
    case = at_work(2, storage_rule=rule)
    lift_all(case, 2)
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(12.0, (11.9, 0, job, line))
    [errand] = [errand for unit, errand in case.work.take_errands() if unit == 0]
    assert errand.deed is Deed.LOWER
    return case, errand.cell


@pytest.mark.parametrize("rule", ["nearest", "home"])
def test_a_pod_is_stored_elsewhere_when_its_cell_is_closed(rule):
    case, cell = stored_by(rule)
    others = case.stock.free_cells().tolist()
    errand = case.work.redirect(0, closed(case, cell, others[0]), 14.0)
    assert errand is not None
    assert (errand.deed, errand.is_laden) == (Deed.LOWER, True)
    assert errand.cell in others[1:]
    service = case.layout.stations[0].cell
    rows, cols = np.divmod(np.array(others[1:]), case.layout.n_cols)
    distances = abs(rows - service // case.layout.n_cols) + abs(cols)
    assert errand.cell == others[1:][distances.argmin()], "the rule is asked again"
    now_free = case.stock.free_cells().tolist()
    assert (cell in now_free, errand.cell in now_free) == (True, False)
    assert case.work.take_errands() == []
    names = ("task", "unit", "pod", "cell", "value")
    assert case.rows(EventKind.ERRAND_STARTED, *names)[-1] == (0, 0, 0, errand.cell, -1)
    case.work.errand_done(0, 30.0)
    assert case.stock.pod_cells[0] == errand.cell
    assert case.rows(EventKind.TASK_DONE, "task", "cell") == [(0, errand.cell)]


def test_a_pod_keeps_its_storage_cell_when_all_others_are_closed():
    case, cell = stored_by("nearest")
    before = case.stock.free_cells().tolist()
    n_rows = len(case.log)
    assert case.work.redirect(0, closed(case, cell, *before), 14.0) is None
    assert case.stock.free_cells().tolist() == before
    assert len(case.log) == n_rows
    case.work.errand_done(0, 30.0)
    assert case.stock.pod_cells[0] == cell


def test_a_storage_errand_that_nobody_has_taken_yet_is_told_once():
    case = at_work(1)
    assert lift_all(case, 1) == [0]
    case.work.errand_done(0, 10.0)
    [(_, job, line, _)] = case.jobs()
    case.advance(12.0, (11.9, 0, job, line))
    held = case.rows(EventKind.ERRAND_STARTED, "cell")[-1][0]
    errand = case.work.redirect(0, closed(case, held), 12.0)
    assert errand is not None
    assert case.work.take_errands() == []


def test_pods_and_stations_have_no_substitute():
    case = at_work(1)
    everywhere = closed(case, *range(case.layout.n_cells))
    assert case.work.redirect(0, everywhere, 1.0) is None, "it has no task"
    case.work.begin(0, 0, 1.0)
    assert case.work.redirect(0, everywhere, 1.0) is None
    [(_, errand)] = case.work.take_errands()
    assert errand.deed is Deed.LIFT
    case.work.errand_done(0, 5.0)
    assert case.work.redirect(0, everywhere, 5.0) is None
    [(_, errand)] = case.work.take_errands()
    assert errand.deed is Deed.SERVICE
    assert case.work.redirect(0, everywhere, 6.0) is None


def test_lines_are_booked_once_and_only_from_jobs_that_were_handed_out():
    case = Case([(0, 0, 1), (0, 1, 1), (1, 2, 1)], [(0, 0, 5), (0, 1, 5), (1, 2, 5)])
    case.advance(1.0)
    assert lift_all(case, 1) == [0]
    case.work.errand_done(0, 10.0)
    with pytest.raises(TaskError, match=r"line 0 of job 0 .* never given to people"):
        case.advance(10.5, (10.4, 0, 0, 0))
    assert not len(case.work.open_station_jobs().jobs), "not handed out yet"
    assert case.jobs() == [(0, 0, 0, 1), (0, 0, 1, 1)]
    assert case.work.open_station_jobs().lines.tolist() == [0, 1]
    case.advance(11.0, (10.9, 0, 0, 0), (10.9, 0, 0, 0))
    assert case.work.open_station_jobs().lines.tolist() == [1]
    for job, line in ((0, 2), (1, 0), (-1, 0)):
        with pytest.raises(TaskError, match=f"line {line} of job {job} "):
            case.advance(11.5, (11.4, 0, job, line))
    case.advance(12.0, (10.9, 0, 0, 0), (11.9, 0, 0, 1))
    case.advance(13.0, (10.9, 0, 0, 0), (11.9, 0, 0, 1))
    assert not len(case.work.open_station_jobs().jobs)
    assert (case.work.lines_done, case.stock.n_picked) == (2, 2)
    times_s = case.work.station_times(13.0)[0]
    assert times_s[0] == pytest.approx(1.9)
    assert times_s.sum() == pytest.approx(13.0)
