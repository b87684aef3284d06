"""A closed backlog: orders are placed as they are needed, so that some always wait."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sorting_fakes import InstantSorter
from work_fakes import InstantFleet, line_reports, make_book, make_case, make_floor, rows_of

from fleet_control.events import EventKind, EventLog
from fleet_control.work.fulfilment import FulfilmentWork
from fleet_control.work.order_lines import BookLines, OrderLines
from fleet_control.work.sortation import SortationError, SortationWork
from layouts import StationKind

SEEDS = range(12)


def closed_case(seed: int, n_waiting: int) -> tuple[InstantFleet, EventLog]:
    """A random case of work_fakes whose book is placed on call."""
    fleet, _ = make_case(seed, has_returns=seed % 2 == 0)
    log = EventLog()
    work = FulfilmentWork(
        fleet.layout, fleet.book, fleet.stock, fleet.n_units, log, keep_waiting=n_waiting
    )
    fleet.work = work
    return fleet, log


def is_return(fleet: InstantFleet, order: int) -> bool:
    quantities = fleet.book.line_quantity[fleet.book.line_order == order]
    return bool(len(quantities) and (quantities < 0).all())


def waiting_counts(fleet: InstantFleet, log: EventLog) -> tuple[list[int], int]:
    """Orders with something to pick (or empty) that wait at the end of each moment until the book
    runs out, from the log alone; and how many there are in the book."""
    n_counted = sum(not is_return(fleet, order) for order in range(fleet.book.n_orders))
    counts, n_waiting, n_placed = [], 0, 0
    events = log.columns()
    rows = zip(*(events[name].tolist() for name in ("kind", "order")), strict=True)
    for kind, order in rows:
        if kind in (EventKind.ORDER_PLACED, EventKind.ORDER_ASSIGNED):
            if is_return(fleet, order):
                continue
            n_waiting += 1 if kind == EventKind.ORDER_PLACED else -1
            n_placed += kind == EventKind.ORDER_PLACED
            counts.append(n_waiting if n_placed < n_counted else -1)
    return counts, n_counted


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n_waiting", [1, 4])
def test_so_many_wait_as_long_as_there_are_orders(seed: int, n_waiting: int) -> None:
    fleet, log = closed_case(seed, n_waiting)
    fleet.run_dry()
    counts, n_counted = waiting_counts(fleet, log)
    while_there_are = [n for n in counts if n >= 0]
    if n_counted > n_waiting:
        # One is given to a station before the next is placed, at the same moment.
        assert set(while_there_are[n_waiting:]) <= {n_waiting - 1, n_waiting}, f"seed {seed}"
    placed, done = (rows_of(log, k) for k in (EventKind.ORDER_PLACED, EventKind.ORDER_DONE))
    assert placed["order"].tolist() == list(range(fleet.book.n_orders)), f"seed {seed}"
    placed_s = placed["time_s"]
    assert (np.diff(placed_s) >= 0).all()
    assert np.allclose(done["value"], done["time_s"] - placed_s[done["order"]]), f"seed {seed}"
    assert fleet.work.ran_out_s < fleet.now_s


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_end_of_every_cycle_so_many_wait(seed: int) -> None:
    fleet, _ = closed_case(seed, 3)
    waiting = fleet.work._intake._counted
    while fleet.work.ran_out_s == float("inf") and fleet.now_s < 2000.0:
        fleet.cycle()
        assert len(waiting) == 3 or fleet.work.ran_out_s <= fleet.now_s, f"seed {seed}"


def test_a_cancelled_order_is_replaced_at_once() -> None:
    layout = make_floor([StationKind.PICK], [1])
    fleet, _ = make_case(1)
    book = make_book([(order, 0, 1) for order in range(30)], 30, fleet.stock.n_skus)
    work = FulfilmentWork(layout, book, fleet.stock, 2, EventLog(), keep_waiting=2)
    work.advance(5.0, line_reports(5.0, []))
    waiting = list(work._intake._counted)
    assert len(waiting) == 2
    assert not work.cancel_order(waiting[0], 6.0)
    assert list(work._intake._counted) == [waiting[1], waiting[1] + 1]
    assert "not placed yet" in work.cancel_order(29, 6.0)


def test_returns_alone_count_where_there_is_nothing_else() -> None:
    layout = make_floor([StationKind.STOW], [1])
    fleet, _ = make_case(1)
    book = make_book([(order, 0, -1) for order in range(60)], 60, fleet.stock.n_skus)
    work = FulfilmentWork(layout, book, fleet.stock, 2, EventLog(), keep_waiting=5)
    work.advance(0.2, line_reports(0.2, []))
    assert work.orders_placed == 12 + 5


def test_due_times_count_from_placing_and_survive_a_snapshot() -> None:
    book = make_book([(0, 0, 1), (1, 0, 1), (2, 0, 1)], 3, 1, [0.0, 10.0, 20.0])
    object.__setattr__(book, "due_s", np.array([100.0, 60.0, np.inf]))
    lines = OrderLines(BookLines.of(book))
    assert [lines.call(7.0), lines.call(9.0)] == [0, 1]
    for known in (lines, pickle.loads(pickle.dumps(lines))):
        assert known.due_s().tolist() == [107.0, 59.0, np.inf]
        assert known.placed_s[:2] == [7.0, 9.0]
        assert known.base.placed_s == [0.0, 10.0, 20.0]
        assert known.call(30.0) == 2


@pytest.mark.parametrize("seed", range(5))
def test_so_many_parcels_wait_at_each_induct_station(seed: int) -> None:
    sorter = InstantSorter(seed)
    sorter.work = work = SortationWork(
        sorter.layout, len(sorter.stopped_until), 60.0, seed, sorter.log, keep_waiting=6
    )
    for _ in range(1500):
        sorter.cycle()
        assert {len(parcels) for parcels in work._waiting.values()} == {6}, f"seed {seed}"
    placed = rows_of(sorter.log, EventKind.ORDER_PLACED)
    assert placed["order"].tolist() == list(range(work.orders_placed))
    assert work.orders_done > 20


def test_parcels_that_are_kept_waiting_are_bound_for_the_same_chutes() -> None:
    layout = make_floor([StationKind.INDUCT, StationKind.EJECT, StationKind.EJECT], [0, 0, 0])
    kept, clocked = (
        SortationWork(layout, 1, 36_000.0, 3, EventLog(), keep_waiting=n) for n in (50, 0)
    )
    for work in (kept, clocked):
        work.advance(20.0, line_reports(20.0, []))
    assert kept._chute_of[:50] == clocked._chute_of[:50]
    with pytest.raises(SortationError, match="keep_waiting is -1"):
        SortationWork(layout, 1, 10.0, 0, EventLog(), keep_waiting=-1)
