"""The order book holds what it was given, unchanged, or says which row is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import ints

from fleet_control.errors import FleetError
from fleet_control.work.orders import OrderBook, OrderError


def make(**change):
    parts = {
        "placed_s": np.array([0.0, 5.0, 5.0]),
        "due_s": np.array([60.0, np.inf, 70.0]),
        "order_names": ("a", "b", "c"),
        "line_order": ints(0, 0, 2),
        "line_sku": ints(1, 0, 1),
        "line_quantity": ints(3, -2, 1),
        "sku_names": ("x", "y"),
    }
    return OrderBook(**{**parts, **change})


def test_sizes_and_line_starts_with_an_order_without_lines():
    book = make()
    assert (book.n_orders, book.n_lines, book.n_skus) == (3, 3, 2)
    assert book.line_starts().tolist() == [0, 2, 2, 3]


def test_the_book_is_a_read_only_copy():
    quantity = ints(3, -2, 1)
    book = make(line_quantity=quantity)
    quantity[0] = 99
    assert book.line_quantity[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        book.line_sku[0] = 1


def test_an_empty_book_is_a_book():
    none = ints()
    book = OrderBook(np.empty(0), np.empty(0), (), none, none, none, ())
    assert book.line_starts().tolist() == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"placed_s": np.array([0.0, 5.0])}, r"placed_s has shape \(2,\), not \(3,\)"),
        ({"line_sku": ints(1, 0)}, r"line_sku has shape \(2,\)"),
        ({"placed_s": np.array([0.0, 5.0, 4.0])}, r"placed_s\[2\] is 4.0: sort"),
        ({"placed_s": np.array([0.0, np.nan, 4.0])}, r"placed_s\[1\] is nan"),
        ({"due_s": np.array([0.0, 1.0, np.nan])}, r"due_s\[2\] is nan: use inf"),
        ({"line_order": ints(0, 0, 3)}, r"line_order\[2\] is 3: there are 3 orders"),
        ({"line_order": ints(0, 2, 1)}, r"line_order\[2\] is 1: sort"),
        ({"line_sku": ints(1, -1, 0)}, r"line_sku\[1\] is -1: there are 2 SKUs"),
        ({"line_quantity": ints(1, 1, 0)}, r"line_quantity\[2\] is 0: leave out"),
    ],
)
def test_faults_name_the_row(change, message):
    with pytest.raises(OrderError, match=message) as caught:
        make(**change)
    assert isinstance(caught.value, FleetError)
    assert isinstance(caught.value, ValueError)
