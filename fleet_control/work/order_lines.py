"""Orders as lists, looked up one by one faster than arrays; more may come at any time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.operations import NewOrders
from fleet_control.work.orders import OrderBook


@dataclass(frozen=True, slots=True, eq=False)
class BookLines:
    """An order book as lists; never changed.

    placed_s, is_return: by order. starts: first line of each order, and one behind the last.
    order_of, sku_of, quantity_of: by line. is_return: whether there is nothing but to put in."""

    book: OrderBook
    placed_s: list[float]
    starts: list[int]
    order_of: list[int]
    sku_of: list[int]
    quantity_of: list[int]
    is_return: list[bool]

    @classmethod
    def of(cls, book: OrderBook) -> BookLines:
        picks = np.bincount(book.line_order[book.line_quantity > 0], minlength=book.n_orders)
        puts = np.bincount(book.line_order[book.line_quantity < 0], minlength=book.n_orders)
        return cls(
            book, book.placed_s.tolist(), book.line_starts().tolist(), book.line_order.tolist(),
            book.line_sku.tolist(), book.line_quantity.tolist(),
            ((picks == 0) & (puts > 0)).tolist(),
        )  # fmt: skip


_State = tuple[BookLines, list[tuple[NewOrders, float]], list[float]]


class OrderLines:
    """The orders of the book, and behind them all that were added since, in the same lists.

    n_base: orders of the book. A snapshot holds the later ones, and when orders of the book were
    placed on call; the book is made anew."""

    def __init__(self, base: BookLines) -> None:
        self.base, self.n_base = base, base.book.n_orders
        self._later: list[tuple[NewOrders, float]] = []
        self._called_s: list[float] = []
        self._share()

    def _share(self) -> None:
        """The lists of the book itself, until there is more."""
        base = self.base
        self.placed_s, self.starts, self.is_return = base.placed_s, base.starts, base.is_return
        self.order_of, self.sku_of = base.order_of, base.sku_of
        self.quantity_of = base.quantity_of
        self._numbers: dict[str, int] = {}

    def _own(self) -> None:
        """Lists that may be changed."""
        base = self.base
        if self.placed_s is not base.placed_s:
            return
        self.placed_s, self.starts = list(base.placed_s), list(base.starts)
        self.is_return, self.order_of = list(base.is_return), list(base.order_of)
        self.sku_of, self.quantity_of = list(base.sku_of), list(base.quantity_of)

    def add(self, new: NewOrders, now_s: float) -> range:
        """Orders placed now; returns their numbers."""
        self._own()
        self._later.append((new, now_s))
        first, n_new = len(self.placed_s), len(new.names)
        quantities, skus = new.line_quantity.tolist(), new.line_sku.tolist()
        self.placed_s += [now_s] * n_new
        self.order_of += (new.line_order + first).tolist()
        self.sku_of += skus
        self.quantity_of += quantities
        ends = np.searchsorted(new.line_order, np.arange(n_new), side="right").tolist()
        starts = [0, *ends[:-1]]
        self.starts += [self.starts[-1] + end for end in ends]
        self.is_return += [
            start < end and max(quantities[start:end]) < 0
            for start, end in zip(starts, ends, strict=True)
        ]
        if self._numbers:
            self._numbers.update({name: first + row for row, name in enumerate(new.names)})
        return range(first, first + n_new)

    def call(self, now_s: float) -> int:
        """The next order of the book is placed now, whatever time the book names; returns it. All
        orders of the book are placed in this way, or none."""
        self._own()
        order = len(self._called_s)
        self.placed_s[order] = now_s
        self._called_s.append(now_s)
        return order

    def number_of(self, name: str) -> int:
        """The order of that name, -1 where there is none."""
        if not self._numbers:
            self._numbers = {self.name_of(order): order for order in range(len(self.placed_s))}
        return self._numbers.get(name, -1)

    def name_of(self, order: int) -> str:
        if order < self.n_base:
            return self.base.book.order_names[order]
        row = order - self.n_base
        for new, _ in self._later:
            if row < len(new.names):
                return new.names[row]
            row -= len(new.names)
        raise IndexError(order)

    def due_s(self) -> NDArray[np.float64]:
        """float64[n_orders], inf where nobody waits. An order that was placed on call has as long
        as by the book."""
        book, n_called = self.base.book, len(self._called_s)
        due_s = book.due_s.copy()
        due_s[:n_called] += np.array(self._called_s) - book.placed_s[:n_called]
        return np.concatenate([due_s, *(new.due_s for new, _ in self._later)])

    def __getstate__(self) -> _State:
        return self.base, self._later, self._called_s

    def __setstate__(self, state: _State) -> None:
        self.base, later, called_s = state
        self.n_base, self._later, self._called_s = self.base.book.n_orders, [], []
        self._share()
        for placed_s in called_s:
            self.call(placed_s)
        for new, placed_s in later:
            self.add(new, placed_s)
