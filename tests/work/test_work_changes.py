"""Orders that come and go while pods are on their way, and stations that open and close."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from test_work_fulfilment import Case
from work_fakes import PICK, InstantFleet, ints, make_case, rows_of

from fleet_control.events import EventKind
from fleet_control.journal import snapshot
from fleet_control.operations import NewOrders
from fleet_control.work.order_lines import BookLines, OrderLines
from fleet_control.work.tasks import CANCELLED_REST_S, CLOSED_S
from fleet_control.work.work import Deed

SEEDS = range(24)


def new_orders(*orders: list[tuple[int, int]], names: str = "N") -> NewOrders:
    """Of each order its lines: (SKU, quantity)."""
    rows = [(row, *line) for row, order in enumerate(orders) for line in order]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    called = tuple(f"{names}{row}" for row in range(len(orders)))
    return NewOrders(called, np.full(len(orders), 900.0), *(ints(*column) for column in columns))


class ChangingFleet(InstantFleet):
    """Now and then an order or a task is cancelled, orders come, a station closes or opens."""

    closed: frozenset[int] = frozenset()
    is_calm = False
    n_new = 0

    def cycle(self) -> None:
        if not self.is_calm and self.rng.random() < 0.1:
            self._change()
        super().cycle()
        begun = {self.station_at[e.cell] for e in self.errands.values() if e.deed is Deed.SERVICE}
        assert begun <= set(range(len(self.layout.stations)))

    def _change(self) -> None:
        rng, work = self.rng, self.work
        match rng.integers(5):
            case 0:
                stations = range(len(self.layout.stations))
                self.closed = frozenset(s for s in stations if rng.random() < 0.4)
                work.close_stations(self.closed, self.now_s)
            case 1:
                self._add()
            case 2:
                for task in work.open_tasks().tasks[:1].tolist():
                    assert work.unit_of(task) == -1
                    assert work.cancel_task(task, self.now_s) == ""
            case 3:
                order = int(rng.integers(len(work.order_lines.placed_s)))
                work.cancel_order(order, self.now_s)
            case _:
                self._give_back()

    def _give_back(self) -> None:
        for unit in list(self.errands)[:1]:
            task = self.work.task_of(unit)
            if self.work.give_back(unit, self.now_s):
                del self.errands[unit]
                if self.work.unit_of(task) is not None:
                    assert self.work.cancel_task(task, self.now_s) == ""

    def _add(self) -> None:
        rng, stock = self.rng, self.stock
        sign = [-1, 1] if self.book.line_quantity.min(initial=0) < 0 else [1]
        orders = [
            [(int(rng.integers(stock.n_skus)), int(rng.choice(sign) * rng.integers(1, 5)))
             for _ in range(rng.integers(0, 4))]
            for _ in range(2)
        ]  # fmt: skip
        self.n_new += 1
        assert self.work.add_orders(new_orders(*orders, names=f"N{self.n_new}-"), self.now_s) == ""

    def _accept_jobs(self) -> None:
        jobs, lines = self.work.take_station_jobs(), self.work.order_lines
        if not len(jobs.stations):
            return
        assert jobs.pods is not None
        assert jobs.skus is not None
        there = {station: self.pod_of[unit] for unit, station in self.at_station.items()}
        columns = (jobs.stations, jobs.jobs, jobs.lines, jobs.quantities, jobs.pods, jobs.skus)
        for station, job, line, quantity, pod, sku in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            assert (pod, sku) == (there[station], lines.sku_of[line])
            self.on_pod[pod, sku] -= quantity
            assert self.on_pod[pod, sku] >= 0
            self.busy_until[station] = max(self.busy_until[station], self.now_s)
            self.people[station].append((job, line, station))

    def run_dry(self, cap_s: float = 50_000.0) -> None:
        """Everything is open again, and all is done that can be."""
        self.is_calm = True
        self.work.close_stations(frozenset(), self.now_s)
        work = self.work
        while work.orders_done + work.orders_cancelled < len(work.order_lines.placed_s) or any(
            work.task_of(unit) >= 0 for unit in range(self.n_units)
        ):
            self.cycle()
            assert self.now_s < cap_s, "stuck"


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_changes_nothing_is_lost_or_done_twice(seed: int) -> None:
    fleet, log = make_case(seed, fleet=ChangingFleet)
    fleet.run(400.0)
    fleet.run_dry()
    fleet.stock.check()
    lines, work = fleet.work.order_lines, fleet.work
    assert not work._waiting.counts.any(), f"seed {seed}"
    assert work._waiting.n_waiting == [0] * len(fleet.layout.stations)
    done, gone = (rows_of(log, kind) for kind in (EventKind.ORDER_DONE, EventKind.ORDER_CANCELLED))
    ended = Counter(done["order"].tolist() + gone["order"].tolist())
    assert ended == Counter(range(len(lines.placed_s))), f"seed {seed}"
    cancelled = set(gone["order"].tolist())
    handled = np.zeros(len(lines.order_of))
    for kind, sign in ((EventKind.LINE_DONE, 1), (EventKind.RETURN_DONE, -1),
                       (EventKind.LINE_SHORT, 1)):  # fmt: skip
        rows = rows_of(log, kind)
        handled[rows["line"]] += sign * rows["value"]
    for line, (order, wanted) in enumerate(zip(lines.order_of, lines.quantity_of, strict=True)):
        if order in cancelled:
            assert 0 <= handled[line] * np.sign(wanted) <= abs(wanted)
        else:
            assert handled[line] == wanted, f"seed {seed}, line {line}"
    for (pod, sku), units in fleet.on_pod.items():
        assert fleet.stock.skus_on(pod).get(sku, 0) == units
    opened, ended_tasks = rows_of(log, EventKind.TASK_OPENED)["task"], np.concatenate(
        [rows_of(log, kind)["task"] for kind in (EventKind.TASK_DONE, EventKind.TASK_CANCELLED)]
    )  # fmt: skip
    assert sorted(opened.tolist()) == sorted(ended_tasks.tolist())
    total = [stock - asked for stock, asked in _promises(fleet)]
    assert total == [0] * fleet.stock.n_skus


def _promises(fleet: ChangingFleet) -> list[tuple[int, int]]:
    """Units that nobody has a claim to, and units free on pods: the same once all is done."""
    stock = fleet.stock
    return [
        (stock.unpromised(sku), sum(stock.free_pods(sku).values())) for sku in range(stock.n_skus)
    ]


def test_a_closed_station_gets_no_orders_and_no_tasks() -> None:
    case = Case([(0, 0, 1), (1, 0, 1), (2, 0, 1)], [(0, 0, 9), (1, 0, 9)], (PICK, PICK), (0, 0))
    case.work.close_stations({0}, 0.0)
    case.advance(0.0)
    assert {station for _, station in case.rows(EventKind.ORDER_ASSIGNED, "order", "station")} == {
        1
    }
    assert case.rows(EventKind.TASK_OPENED, "station") == [(1,)]
    case.work.close_stations({1}, 1.0)
    case.advance(1.0)
    assert not len(case.work.open_tasks().tasks)
    case.work.close_stations(set(), 2.0)
    case.advance(2.0)
    assert len(case.work.open_tasks().tasks) == 1
    case.finish()


def test_a_task_returned_for_a_closed_station_is_not_offered_again() -> None:
    case = Case([(0, 0, 1)], [(0, 0, 9)])
    case.advance(0.0)
    case.work.begin(0, 3, 0.0)
    case.work.close_stations({0}, 1.0)
    assert case.work.task_of(3) == 0, "what is under way stays so"
    assert case.work.give_back(3, 2.0)
    assert not len(case.work.open_tasks().tasks)
    case.advance(1.0 + CLOSED_S)
    assert case.work.unit_of(0) is None
    assert case.rows(EventKind.TASK_CANCELLED, "task") == [(0,)]
    case.work.close_stations(set(), 500.0)
    case.finish()


def test_the_pod_of_a_cancelled_task_rests() -> None:
    case = Case([(0, 0, 1)], [(0, 0, 9)], n_pods=1)
    case.advance(0.0)
    assert case.work.cancel_task(0, 1.0) == ""
    case.advance(2.0)
    assert not len(case.work.open_tasks().tasks)
    case.advance(1.0 + CANCELLED_REST_S)
    assert case.work.open_tasks().tasks.tolist() == [1]
    assert case.work.cancel_task(0, 200.0) == "task 0 is not open"


def test_an_order_is_cancelled_wherever_it_is() -> None:
    lines = [(0, 0, 1), (0, 1, 1), (1, 0, 2), (2, 0, 1)]
    case = Case(lines, [(0, 0, 9), (1, 1, 9)], order_slots=2, placed_s=[0.0, 0.0, 0.0, 500.0])
    case.advance(0.0)
    work = case.work
    assert work.cancel_order(3, 1.0) == "order 'O3' is not placed yet"
    assert work.cancel_order(9, 1.0) == "there is no order of number 9"
    assert work.cancel_order(2, 1.0) == ""  # waits for a station
    assert work.cancel_order(0, 1.0) == ""  # two tasks are open for it and order 1
    assert work.cancel_order(0, 1.0) == "order 'O0' is done already"
    assert case.rows(EventKind.ORDER_CANCELLED, "order", "station", "value") == [
        (2, -1, 1.0), (0, 0, 2.0),
    ]  # fmt: skip
    case.advance(2.0)
    assert len(work.open_tasks().tasks) == 1, "nobody wants the other pod any more"
    work.begin(int(work.open_tasks().tasks[0]), 0, 3.0)
    work.take_errands()
    work.errand_done(0, 4.0)
    assert work.cancel_order(1, 5.0) == "", "the pod is on its way, with nothing to do now"
    work.take_errands()
    work.errand_done(0, 6.0)
    assert [errand.deed for _, errand in work.take_errands()] == [Deed.LOWER]
    assert work.lines_done == 0
    case.stock.check()


def test_lines_that_people_have_are_handled_although_their_order_is_cancelled() -> None:
    case = Case([(0, 0, 2), (0, 1, 1)], [(0, 0, 9), (1, 1, 9)])
    case.advance(0.0)
    tasks = case.work.open_tasks().tasks.tolist()
    case.work.begin(tasks[0], 0, 0.0)
    case.work.take_errands()
    case.work.errand_done(0, 1.0)
    case.work.take_errands()
    case.work.errand_done(0, 2.0)
    [(station, job, line, units)] = case.jobs()
    assert case.work.cancel_order(0, 3.0) == ""
    assert case.rows(EventKind.ORDER_CANCELLED, "value") == [(1.0,)]
    case.advance(9.0, (8.0, station, job, line))
    assert (case.work.lines_done, case.work.units_done, units) == (1, 2, 2)
    assert not case.rows(EventKind.ORDER_DONE, "order")
    assert case.work.cancel_order(0, 10.0) == "order 'O0' is done already"
    case.stock.check()


def test_orders_that_make_no_sense_are_refused_whole() -> None:
    case = Case([(0, 0, 1)], [(0, 0, 9)])
    work = case.work
    assert "numbered 0 to 0" in work.add_orders(new_orders([(0, 1), (7, 1)]), 0.0)
    assert work.add_orders(new_orders([(0, 1)], names="O"), 0.0) == "there is an order 'O0' already"
    assert len(work.order_lines.placed_s) == 1
    assert work.add_orders(new_orders([(0, 1)]), 5.0) == ""
    assert "'N0' already" in work.add_orders(new_orders([(0, 1)]), 6.0)
    assert work.orders_placed == 1, "order O0 is placed when the work looks"
    case.advance(6.0)
    assert work.orders_placed == 2


def test_added_orders_go_into_a_snapshot_and_the_book_does_not() -> None:
    case = Case([(0, 0, 1)], [(0, 0, 9)])
    lines = OrderLines(BookLines.of(case.book))
    assert lines.placed_s is lines.base.placed_s
    lines.add(new_orders([(0, 2), (0, -1)], [], [(0, -3)]), 7.5)
    data = snapshot.dumps(lines, {"base": lines.base})
    assert b"O0" not in data
    again = snapshot.loads(data, {"base": lines.base})
    for name in ("placed_s", "starts", "order_of", "sku_of", "quantity_of", "is_return"):
        assert getattr(again, name) == getattr(lines, name), name
    assert again.placed_s == [0.0, 7.5, 7.5, 7.5]
    assert again.starts == [0, 1, 3, 3, 4]
    assert again.is_return == [False, False, False, True]
    assert [again.name_of(order) for order in range(4)] == ["O0", "N0", "N1", "N2"]
    assert (again.number_of("N2"), again.number_of("N9")) == (3, -1)
    assert again.due_s().tolist() == [np.inf, 900.0, 900.0, 900.0]
    assert lines.base.placed_s == [0.0]
