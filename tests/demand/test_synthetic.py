"""Made-up orders have the figures asked for, and one figure never moves another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleet_control.work.orders import OrderBook
from gridfleet.demand import DemandError, SyntheticDemand, make_orders

BASE = SyntheticDemand(hours=24.0, orders_per_hour=500.0, start_hour=0.0, n_skus=300)


def arrays(book: OrderBook) -> list[np.ndarray]:
    return [book.placed_s, book.due_s, book.line_order, book.line_sku, book.line_quantity]


def test_same_seed_same_orders() -> None:
    (a, _), (b, _), (c, _) = make_orders(BASE, 1), make_orders(BASE, 1), make_orders(BASE, 2)
    assert a.order_names == b.order_names
    assert all(np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b), strict=True))
    assert not np.array_equal(a.placed_s[:100], c.placed_s[:100])


def test_means_are_those_asked_for() -> None:
    demand = replace(BASE, n_skus=100_000, zipf=0.0, lines_per_order=3.0, units_per_line=1.5)
    book, summary = make_orders(demand, 7)
    assert book.n_orders == pytest.approx(12_000, rel=0.05)
    assert book.n_lines / book.n_orders == pytest.approx(3.0, rel=0.05)
    assert np.abs(book.line_quantity).mean() == pytest.approx(1.5, rel=0.05)
    is_return = np.array([name.startswith("R") for name in book.order_names])
    assert is_return.mean() == pytest.approx(0.03, abs=0.01)
    assert np.array_equal(book.line_quantity < 0, is_return[book.line_order])
    assert summary.n_picks + summary.n_returns == summary.n_read == book.n_lines


def test_arrivals_follow_the_day() -> None:
    day = (0.0,) * 8 + (1.0,) * 8 + (3.0,) * 8
    book, _ = make_orders(replace(BASE, day=day, start_hour=10.5, hours=24.0), 3)
    clock_h = (book.placed_s / 3600.0 + 10.5) % 24.0
    by_third = np.histogram(clock_h, bins=[0, 8, 16, 24])[0]
    assert by_third[0] == 0
    assert by_third[2] / by_third[1] == pytest.approx(3.0, rel=0.1)
    assert book.placed_s.min() >= 0.0
    assert book.placed_s.max() <= 24 * 3600.0


def test_part_of_an_hour_gets_its_part_of_the_orders() -> None:
    demand = replace(BASE, day=(), start_hour=8.75, hours=0.5, orders_per_hour=10_000.0)
    book, _ = make_orders(demand, 5)
    assert book.n_orders == pytest.approx(5_000, rel=0.1)
    halves = np.histogram(book.placed_s, bins=[0, 900, 1800])[0]
    assert halves[0] == pytest.approx(halves[1], rel=0.15)


@pytest.mark.parametrize("start_hour", [0.0, 2.5, 8.0, 19.25])
def test_rate_is_the_mean_over_the_run(start_hour: float) -> None:
    demand = SyntheticDemand(hours=4.0, orders_per_hour=2_000.0, start_hour=start_hour)
    book, _ = make_orders(demand, 1)
    assert book.n_orders == pytest.approx(8_000, rel=0.05)


def test_run_in_the_dead_of_night_is_refused() -> None:
    day = (0.0,) * 6 + (1.0,) * 18
    with pytest.raises(DemandError, match="no orders from 1 to 4 o'clock"):
        SyntheticDemand(day=day, start_hour=1.0, hours=3.0)


def test_popularity_falls_as_zipf_says() -> None:
    book, _ = make_orders(replace(BASE, zipf=1.0, lines_per_order=1.0), 11)
    counts = np.bincount(book.line_sku, minlength=300)
    assert counts[0] / counts[9] == pytest.approx(10.0, rel=0.4)
    even, _ = make_orders(replace(BASE, zipf=0.0, lines_per_order=1.0), 11)
    assert np.bincount(even.line_sku, minlength=300).min() > 10


def test_one_figure_does_not_move_the_others() -> None:
    base, _ = make_orders(BASE, 1)
    bigger, _ = make_orders(replace(BASE, units_per_line=9.0, return_share=0.5), 1)
    assert np.array_equal(base.placed_s, bigger.placed_s)
    assert np.array_equal(base.line_sku, bigger.line_sku)
    longer, _ = make_orders(replace(BASE, lines_per_order=6.0), 1)
    assert np.array_equal(base.placed_s, longer.placed_s)


def content(book: OrderBook, n_orders: int) -> list[np.ndarray]:
    """Of the first orders, whenever they come."""
    rows = book.line_order < n_orders
    return [book.line_order[rows], book.line_sku[rows], book.line_quantity[rows]]


@pytest.mark.parametrize(
    "change",
    [
        {"orders_per_hour": 200.0}, {"hours": 30.0}, {"day": ()}, {"start_hour": 11.5},
        {"backlog_hours": 2.0}, {"due_hours": 1.0}, {"pile_lines": 20_000},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_when_orders_come_does_not_change_what_they_are(change: dict[str, float]) -> None:
    base, other = make_orders(BASE, 1)[0], make_orders(replace(BASE, **change), 1)[0]
    n_orders = min(base.n_orders, other.n_orders)
    assert n_orders > 3_000
    assert base.order_names[:n_orders] == other.order_names[:n_orders]
    mine, theirs = content(base, n_orders), content(other, n_orders)
    assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


def test_more_lines_an_order_leave_those_that_there_were() -> None:
    few, many = (
        make_orders(replace(BASE, lines_per_order=mean, n_skus=1_000_000, zipf=0.0), 1)[0]
        for mean in (2.0, 5.0)
    )
    pairs = [set(zip(b.line_order.tolist(), b.line_sku.tolist(), strict=True)) for b in (few, many)]
    assert pairs[0] <= pairs[1]


def test_more_orders_an_hour_come_in_the_same_turn() -> None:
    flat = replace(BASE, day=())
    base, twice = make_orders(flat, 1)[0], make_orders(replace(flat, orders_per_hour=1000.0), 1)[0]
    assert np.allclose(twice.placed_s[:10_000] * 2.0, base.placed_s[:10_000])


@pytest.mark.parametrize("n_skus", [3, 300])
def test_a_pile_of_orders_has_the_lines_asked_for(n_skus: int) -> None:
    book, summary = make_orders(replace(BASE, pile_lines=1_234, n_skus=n_skus), 5)
    assert not book.placed_s.any()
    assert set(book.due_s) == {4 * 3600.0}
    n_last = int((book.line_order == book.n_orders - 1).sum())
    assert 0 <= book.n_lines - 1_234 < n_last
    assert summary.n_orders == book.n_orders


def test_an_order_names_a_sku_once() -> None:
    book, _ = make_orders(replace(BASE, n_skus=5, lines_per_order=4.0), 1)
    pairs = book.line_order.astype(np.int64) * 5 + book.line_sku
    assert len(np.unique(pairs)) == book.n_lines
    assert np.bincount(book.line_order, minlength=book.n_orders).min() >= 1


def test_hardly_any_demand_is_no_error() -> None:
    book, summary = make_orders(replace(BASE, hours=0.001, orders_per_hour=0.001), 1)
    assert book.n_orders == summary.n_orders == 0
    assert summary.sentences()[0].startswith("made-up orders: 0 lines read, 0 orders")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hours", 0.0, "hours is 0.0; give more than 0"),
        ("hours", float("inf"), "hours is inf; give a finite number"),
        ("orders_per_hour", -1.0, "orders_per_hour is -1.0; give more than 0"),
        ("orders_per_hour", 1e9, "60,000,000,000 lines; ask for at most 20,000,000"),
        ("day", (1.0, 2.0), "day has 2 rates; give 24"),
        ("day", (0.0,) * 24, "day has no orders from 0 to 0 o'clock; give another start_hour"),
        ("day", (-1.0,) + (1.0,) * 23, "none of them negative"),
        ("day", (float("nan"),) + (1.0,) * 23, "day has 24 rates"),
        ("start_hour", 24.0, "start_hour is 24.0; give 0 or more, below 24"),
        ("lines_per_order", 0.5, "lines_per_order is 0.5; give at least 1"),
        ("n_skus", 0, "n_skus is 0; give at least 1"),
        ("zipf", -0.1, "zipf is -0.1; give 0 (all alike)"),
        ("units_per_line", 0.0, "units_per_line is 0.0; give at least 1"),
        ("return_share", 1.1, "return_share is 1.1; give 0 to 1"),
        ("due_hours", 0.0, "due_hours is 0.0; give more than 0"),
        ("pile_lines", -1, "pile_lines is -1; give 0 or more"),
        ("pile_lines", 10**9, "1,000,000,000 lines; ask for at most 20,000,000"),
    ],
)
def test_bad_figures_are_named(name: str, value: object, said: str) -> None:
    with pytest.raises(DemandError, match="made-up orders: ") as caught:
        replace(BASE, **{name: value})  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_all_bad_figures_at_once() -> None:
    with pytest.raises(DemandError) as caught:
        SyntheticDemand(hours=-1, zipf=-1, n_skus=0)
    assert caught.value.n_faults == 3
