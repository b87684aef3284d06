"""The orders of a run as arrays: who wants how many of what, since when and until when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError


class OrderError(FleetError, ValueError):
    """Order arrays that do not fit together."""


@dataclass(frozen=True, slots=True, eq=False)
class OrderBook:
    """All orders of a run with their lines; immutable.

    placed_s: float64[n_orders], seconds since the start, ascending and finite. due_s:
    float64[n_orders], inf where nobody waits. order_names: n_orders names, for people.
    line_order: int32[n_lines], index of each line's order, ascending. line_sku: int32[n_lines],
    index into sku_names. line_quantity: int32[n_lines], units to pick (positive) or customer
    returns to stow (negative), never 0. sku_names: n_skus names.

    An order without lines is allowed; it is done as soon as it is placed. Raises OrderError that
    names the first row at fault, counted from 0.
    """

    placed_s: NDArray[np.float64]
    due_s: NDArray[np.float64]
    order_names: tuple[str, ...]
    line_order: NDArray[np.int32]
    line_sku: NDArray[np.int32]
    line_quantity: NDArray[np.int32]
    sku_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("placed_s", "due_s"):
            self._freeze(name, np.float64, self.n_orders, "one per order name")
        for name in ("line_order", "line_sku", "line_quantity"):
            self._freeze(name, np.int32, len(self.line_order), "one per line")
        self._check_orders()
        self._check_lines()

    def _freeze(self, name: str, dtype: type[np.generic], length: int, why: str) -> None:
        """Own, contiguous, read-only copies, so that nobody changes an order on the way."""
        array = np.array(getattr(self, name), dtype=dtype)
        if array.shape != (length,):
            raise OrderError(f"{name} has shape {array.shape}, not ({length},): {why}")
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    def _check_orders(self) -> None:
        _refuse(~np.isfinite(self.placed_s), "placed_s", self.placed_s, "give a time in seconds")
        earlier = np.diff(self.placed_s, prepend=-np.inf) < 0
        _refuse(earlier, "placed_s", self.placed_s, "sort orders by the time they were placed")
        _refuse(np.isnan(self.due_s), "due_s", self.due_s, "use inf for an order nobody waits for")

    def _check_lines(self) -> None:
        orders, skus = self.line_order, self.line_sku
        outside = (orders < 0) | (orders >= self.n_orders)
        _refuse(outside, "line_order", orders, f"there are {self.n_orders} orders")
        earlier = np.diff(orders, prepend=0) < 0
        _refuse(earlier, "line_order", orders, "sort lines by their order")
        outside = (skus < 0) | (skus >= self.n_skus)
        _refuse(outside, "line_sku", skus, f"there are {self.n_skus} SKUs")
        empty = self.line_quantity == 0
        _refuse(empty, "line_quantity", self.line_quantity, "leave out lines of no units")

    @property
    def n_orders(self) -> int:
        return len(self.order_names)

    @property
    def n_lines(self) -> int:
        return len(self.line_order)

    @property
    def n_skus(self) -> int:
        return len(self.sku_names)

    def without_orders(self) -> OrderBook:
        """The same goods, and nobody wants any."""
        times, numbers = np.empty(0, dtype=np.float64), np.empty(0, dtype=np.int32)
        return OrderBook(times, times, (), numbers, numbers, numbers, self.sku_names)

    def line_starts(self) -> NDArray[np.int64]:
        """int64[n_orders + 1]: order i has the lines from its start up to the next one's."""
        return np.searchsorted(self.line_order, np.arange(self.n_orders + 1))


def _refuse(at_fault: NDArray[np.bool_], name: str, values: NDArray[np.generic], cure: str) -> None:
    if at_fault.any():
        row = int(at_fault.argmax())
        raise OrderError(f"{name}[{row}] is {values[row]}: {cure}")
