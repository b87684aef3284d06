"""Orders from a file: read, judged, cut to a window, and grouped into an OrderBook.

Lines are told apart by a preset (presets.py). Nothing is dropped silently: every line is picked,
stowed, or counted in the DemandSummary with the reason why it was set aside. Lines of one order id
make one order, placed at the earliest of their times and due at the earliest of theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fleet_control.work.orders import OrderBook
from gridfleet.demand.errors import DemandError
from gridfleet.demand.faults import check_known, check_lines
from gridfleet.demand.presets import OrderColumns, Preset, find_preset
from gridfleet.demand.stock_files import Stock
from gridfleet.demand.summary import ADJUSTMENT, OUTSIDE, SERVICE, DemandSummary
from gridfleet.demand.table import OrderTable, read_table

SECONDS_PER_HOUR = 3600.0
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """Which orders to read.

    path: .csv or .parquet. preset: name in PRESETS. columns: None for those of the preset.
    start: beginning of the window as an ISO date and time, which becomes time 0; "" for the first
    order with work in it. hours: length of the window; None for all that follow. due_hours: when an
    order is due after it was placed, where the file does not say.
    """

    path: str | Path
    preset: str = "plain"
    columns: OrderColumns | None = None
    start: str = ""
    hours: float | None = None
    due_hours: float = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """What to make of each line. keep: bool[k], lines to pick or stow. set_aside: the others,
    counted by reason. service_codes: services by code. All within the window."""

    keep: Bools
    set_aside: dict[str, int]
    service_codes: dict[str, int]


def read_orders(source: OrderFile, stock: Stock | None = None) -> tuple[OrderBook, DemandSummary]:
    """The orders of the file within its window, and what became of all its lines.

    stock: its SKUs are all there are, and become those of the book. Raises DemandError with all
    faults of the file, or if no line is left to work on.
    """
    preset = find_preset(source.preset)
    start_s = _check_window(source)
    columns = source.columns or preset.columns
    table = read_table(Path(source.path), columns, has_prices=preset.has_adjustments)
    is_return_order = _begins(table, "order_id", preset.return_prefix)
    check_lines(table, preset, is_return_order)
    is_service, is_adjustment = _find_what_is_no_work(table, preset, is_return_order)
    is_work = ~(is_service | is_adjustment)
    if stock is not None:
        check_known(table, is_work, stock)
    if not is_work.any():
        raise DemandError(
            f"{table.source} has no line to pick or stow: {is_service.sum():,} are services and "
            f"{is_adjustment.sum():,} stock adjustments; check the preset"
        )
    orders = _Orders.group(table, source.due_hours)
    if np.isnan(start_s):
        start_s = float(orders.placed_s[orders.index[is_work]].min())
    is_inside = _find_window(table, orders, is_work, start_s, source.hours)
    set_aside = {
        OUTSIDE: int((~is_inside).sum()),
        SERVICE: int((is_service & is_inside).sum()),
        ADJUSTMENT: int((is_adjustment & is_inside).sum()),
    }
    lines = _Lines(
        keep=is_work & is_inside,
        set_aside={reason: n_lines for reason, n_lines in set_aside.items() if n_lines},
        service_codes=_count(table.texts["sku"][is_service & is_inside]),
    )
    catalogue = stock.sku_names if stock is not None else None
    book = _build_book(table, lines.keep, orders, start_s, catalogue)
    return book, _summarise(table, lines, book)


def _check_window(source: OrderFile) -> float:
    """Start of the window in seconds since 1970, nan for the first order."""
    faults = []
    for name in ("hours", "due_hours"):
        value = getattr(source, name)
        if value is not None and not (isfinite(value) and value > 0):
            faults.append(f"{name} is {value}; give a number of hours above 0")
    start_s = float("nan")
    if source.start:
        try:
            moment = datetime.fromisoformat(source.start)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            start_s = moment.timestamp()
        except ValueError:
            faults.append(
                f'start "{source.start}" is not a date and time; write it as 2011-11-14 08:00:00'
            )
    if faults:
        raise DemandError(faults)
    return start_s


def _begins(table: OrderTable, name: str, prefix: str) -> Bools:
    """bool[k], whether the field begins with the prefix; nowhere for an empty prefix."""
    if not prefix:
        return np.zeros(len(table), dtype=bool)
    return np.array([text.startswith(prefix) for text in table.texts[name]], dtype=bool)


def _find_what_is_no_work(
    table: OrderTable, preset: Preset, is_return_order: Bools
) -> tuple[Bools, Bools]:
    """bool[k] twice: services, and corrections of the stock among the rest."""
    is_goods = re.compile(preset.goods).match
    is_service = np.array([is_goods(sku) is None for sku in table.texts["sku"]], dtype=bool)
    is_adjustment = np.zeros(len(table), dtype=bool)
    if preset.has_adjustments:
        quantities, prices = table.values["quantity"], table.values["unit_price"]
        is_adjustment = (quantities < 0) & (prices == 0) & ~is_return_order & ~is_service
    return is_service, is_adjustment


def _count(codes: NDArray[np.object_]) -> dict[str, int]:
    """Lines by code, the most frequent first."""
    return dict(Counter(codes.tolist()).most_common())


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """index: int64[k], order of each line by first appearance. names, placed_s, due_s: per order,
    times in seconds since 1970."""

    index: NDArray[np.int64]
    names: list[str]
    placed_s: Floats
    due_s: Floats

    @staticmethod
    def group(table: OrderTable, due_hours: float) -> _Orders:
        numbers: dict[str, int] = {}
        ids = table.texts["order_id"].tolist()
        index = np.array([numbers.setdefault(name, len(numbers)) for name in ids], dtype=np.int64)
        placed_s = np.full(len(numbers), np.inf)
        np.minimum.at(placed_s, index, table.values["placed_at"])
        due_s = np.full(len(numbers), np.inf)
        if "due_at" in table.values:
            np.fmin.at(due_s, index, table.values["due_at"])
        due_s = np.where(np.isfinite(due_s), due_s, placed_s + due_hours * SECONDS_PER_HOUR)
        return _Orders(index, list(numbers), placed_s, due_s)


def _find_window(
    table: OrderTable, orders: _Orders, is_work: Bools, start_s: float, hours: float | None
) -> Bools:
    """bool[k], lines of orders placed within the window; DemandError if none of them is work."""
    end_s = np.inf if hours is None else start_s + hours * SECONDS_PER_HOUR
    placed_s = orders.placed_s[orders.index]
    is_inside: Bools = (placed_s >= start_s) & (placed_s < end_s)
    if (is_inside & is_work).any():
        return is_inside
    window = "on" if hours is None else f"to {_say_time(end_s)}"
    first, last = placed_s[is_work].min(), placed_s[is_work].max()
    raise DemandError(
        f"{table.source} has no order from {_say_time(start_s)} {window}; its orders are from "
        f"{_say_time(first)} to {_say_time(last)}"
    )


def _build_book(
    table: OrderTable,
    keep: Bools,
    orders: _Orders,
    start_s: float,
    catalogue: tuple[str, ...] | None,
) -> OrderBook:
    """Orders by time, then by place in the file; lines of an order as in the file. catalogue: None
    for the SKUs that are ordered."""
    kept = np.flatnonzero(keep)
    used = np.unique(orders.index[kept])
    by_time = used[np.argsort(orders.placed_s[used], kind="stable")]
    rank = np.empty(len(orders.names), dtype=np.int64)
    rank[by_time] = np.arange(len(by_time))
    line_order = rank[orders.index[kept]]
    by_order = np.argsort(line_order, kind="stable")
    kept = kept[by_order]
    skus = table.texts["sku"][kept].tolist()
    names = catalogue or sorted(set(skus))
    numbers = {name: i for i, name in enumerate(names)}
    return OrderBook(
        placed_s=orders.placed_s[by_time] - start_s,
        due_s=orders.due_s[by_time] - start_s,
        order_names=tuple(orders.names[i] for i in by_time.tolist()),
        line_order=line_order[by_order].astype(np.int32),
        line_sku=np.array([numbers[sku] for sku in skus], dtype=np.int32),
        line_quantity=table.values["quantity"][kept].astype(np.int32),
        sku_names=tuple(names),
    )


def _summarise(table: OrderTable, lines: _Lines, book: OrderBook) -> DemandSummary:
    picks = book.line_quantity > 0
    return DemandSummary(
        source=table.source,
        n_read=len(table),
        n_orders=book.n_orders,
        n_picks=int(picks.sum()),
        n_returns=int((~picks).sum()),
        n_units_picked=int(book.line_quantity[picks].sum()),
        n_units_returned=int(-book.line_quantity[~picks].sum()),
        n_skus=len(np.unique(book.line_sku)),
        hours=float(book.placed_s[-1]) / SECONDS_PER_HOUR,
        set_aside=lines.set_aside,
        service_codes=lines.service_codes,
    )


def _say_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
