"""Made-up orders: arrivals over the day, lines, SKUs, quantities and returns.

Arrivals are a non-homogeneous Poisson process whose rate is constant within each hour of the day,
drawn exactly: the number from the integral of the rate, the times by inverting it (Cinlar 1975,
Introduction to Stochastic Processes, ch. 4). SKUs follow Zipf's law. Every purpose draws from a
stream of its own, so changing one figure leaves the rest of the orders as they were. It leaves out
trends, seasons and SKUs that are bought together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from fleet_control.work.orders import OrderBook
from gridfleet.demand.errors import DemandError
from gridfleet.demand.summary import DemandSummary

SECONDS_PER_HOUR = 3600.0
PURPOSE = 0xDE3A4D
"""Key of the demand streams among all streams of a seed."""
_MOST_LINES = 20_000_000
"""More would not fit into memory."""
_ARRIVALS, _SIZES, _SKUS, _QUANTITIES, _RETURNS, _BACKLOG = range(6)

SHOP_DAY = (
    0.40, 0.25, 0.15, 0.10, 0.10, 0.20, 0.45, 0.75, 1.05, 1.30, 1.45, 1.45,
    1.40, 1.35, 1.30, 1.25, 1.20, 1.20, 1.25, 1.40, 1.65, 1.60, 1.20, 0.75,
)  # fmt: skip
"""Rates by hour of the day in the shape of a web shop: low at night, a plateau
by day, a peak in the evening. An assumption, not a measurement."""


@dataclass(frozen=True, slots=True)
class SyntheticDemand:
    """Figures of made-up orders.

    hours: length of the run. orders_per_hour: mean over the run, returns included. day: rate of
    each of the 24 hours of the day, relative to the others; () for the same at all hours.
    start_hour: hour of the day at time 0. lines_per_order: mean, at least 1; geometric. A SKU drawn
    twice by one order becomes one line, so orders have slightly fewer. n_skus: size of the
    catalogue. zipf: the k-th most popular SKU is ordered k ** -zipf times as often as the first.
    units_per_line: mean, at least 1; geometric. return_share: orders that bring goods back instead.
    due_hours: when an order is due after it was placed. backlog_hours: as many orders as come in so
    many hours on average wait at time 0, when they count as placed.
    """

    hours: float = 8.0
    orders_per_hour: float = 300.0
    day: tuple[float, ...] = SHOP_DAY
    start_hour: float = 8.0
    lines_per_order: float = 2.5
    n_skus: int = 2_000
    zipf: float = 0.8
    units_per_line: float = 1.3
    return_share: float = 0.03
    due_hours: float = 4.0
    backlog_hours: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            f"{field.name} is {getattr(self, field.name)}; give a finite number"
            for field in fields(self)
            if field.name != "day" and not isfinite(getattr(self, field.name))
        ]
        if not faults:
            faults = [text for is_wrong, text in self._demands() if is_wrong]
        if not faults and not self._has_work():
            last = (self.start_hour + self.hours) % 24
            faults = [
                f"day has no orders from {self.start_hour:g} to {last:g} o'clock; give another "
                "start_hour"
            ]
        if faults:
            raise DemandError([f"made-up orders: {fault}" for fault in faults])

    def _has_work(self) -> bool:
        edges, expected = _integrate(self)
        begin, end = np.interp([self.start_hour, self.start_hour + self.hours], edges, expected)
        return bool(end > begin)

    def _demands(self) -> list[tuple[bool, str]]:
        """What must not hold, and how a message says so and names the cure."""
        rates = self.day or (1.0,) * 24
        is_day = len(rates) == 24 and min(rates) >= 0 and sum(rates) < np.inf
        n_lines = (self.hours + self.backlog_hours) * self.orders_per_hour * self.lines_per_order
        above_0 = ("hours", "orders_per_hour", "due_hours")
        at_least_1 = ("lines_per_order", "n_skus", "units_per_line")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return [
            *((values[n] <= 0, f"{n} is {values[n]}; give more than 0") for n in above_0),
            *((values[n] < 1, f"{n} is {values[n]}; give at least 1") for n in at_least_1),
            (n_lines > _MOST_LINES, f"{n_lines:,.0f} lines; ask for at most {_MOST_LINES:,}"),
            (not is_day, f"day has {len(rates)} rates; give 24, none of them negative"),
            (
                not 0 <= self.start_hour < 24,
                f"start_hour is {self.start_hour}; give 0 or more, below 24",
            ),
            (self.backlog_hours < 0, f"backlog_hours is {self.backlog_hours}; give 0 or more"),
            (self.zipf < 0, f"zipf is {self.zipf}; give 0 (all alike) to about 1.5"),
            (not 0 <= self.return_share <= 1, f"return_share is {self.return_share}; give 0 to 1"),
        ]


def make_orders(demand: SyntheticDemand, seed: int) -> tuple[OrderBook, DemandSummary]:
    """Orders of these figures; the same seed gives the same orders.

    SKU numbers are ranks of popularity, the most popular first. There may be no order at all.
    """
    arrivals_s = _draw_arrivals(demand, _stream(seed, _ARRIVALS))
    n_expected = demand.orders_per_hour * demand.backlog_hours
    n_waiting = int(_stream(seed, _BACKLOG).poisson(n_expected))
    placed_s = np.concatenate([np.zeros(n_waiting), arrivals_s])
    line_order, line_sku = _draw_lines(demand, len(placed_s), seed)
    units = _geometric(_stream(seed, _QUANTITIES), demand.units_per_line, len(line_order))
    is_return = _stream(seed, _RETURNS).random(len(placed_s)) < demand.return_share
    # The backlog draws last and stands first, so that it leaves the other orders as they were.
    is_return = np.roll(is_return, n_waiting)
    line_order = (line_order + n_waiting) % max(1, len(placed_s))
    line_order, line_sku, units = _merge(line_order, line_sku, units, demand.n_skus)
    width = len(str(demand.n_skus))
    book = OrderBook(
        placed_s=placed_s,
        due_s=placed_s + demand.due_hours * SECONDS_PER_HOUR,
        order_names=tuple(f"{'R' if back else 'O'}{i + 1}" for i, back in enumerate(is_return)),
        line_order=line_order.astype(np.int32),
        line_sku=line_sku.astype(np.int32),
        line_quantity=np.where(is_return[line_order], -units, units).astype(np.int32),
        sku_names=tuple(f"S{i + 1:0{width}}" for i in range(demand.n_skus)),
    )
    return book, _summarise(demand, book)


def _stream(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(PURPOSE, purpose)))


def _draw_arrivals(demand: SyntheticDemand, rng: np.random.Generator) -> NDArray[np.float64]:
    """float64[n_orders], ascending seconds from time 0."""
    edges, expected = _integrate(demand)
    begin, end = np.interp([demand.start_hour, demand.start_hour + demand.hours], edges, expected)
    n_orders = rng.poisson(demand.orders_per_hour * demand.hours)
    marks = np.sort(rng.uniform(begin, end, n_orders))
    hours = np.interp(marks, expected, edges) - demand.start_hour
    return np.asarray(np.clip(hours, 0.0, demand.hours) * SECONDS_PER_HOUR, dtype=np.float64)


def _integrate(demand: SyntheticDemand) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """float64[k] twice: whole hours around the run, counted on beyond midnight, and the rate
    integrated up to each of them."""
    rates = np.array(demand.day or (1.0,) * 24, dtype=np.float64)
    hours = np.arange(int(demand.start_hour), int(np.ceil(demand.start_hour + demand.hours)))
    expected = np.concatenate([[0.0], np.cumsum(rates[hours % 24])])
    return np.append(hours, hours[-1] + 1).astype(np.float64), expected


def _draw_lines(
    demand: SyntheticDemand, n_orders: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[n_lines] twice: the order, ascending, and the SKU of every line."""
    n_lines = _geometric(_stream(seed, _SIZES), demand.lines_per_order, n_orders)
    line_order = np.repeat(np.arange(n_orders), n_lines)
    weights = np.arange(1, demand.n_skus + 1, dtype=np.float64) ** -demand.zipf
    shares = np.cumsum(weights) / weights.sum()
    draws = _stream(seed, _SKUS).random(len(line_order))
    skus = np.searchsorted(shares, draws, side="right")
    return line_order, np.minimum(skus, demand.n_skus - 1)


def _geometric(rng: np.random.Generator, mean: float, n: int) -> NDArray[np.int64]:
    """int64[n] of 1, 2, 3, ... with that mean."""
    return rng.geometric(1.0 / mean, n)


def _merge(
    line_order: NDArray[np.int64],
    line_sku: NDArray[np.int64],
    units: NDArray[np.int64],
    n_skus: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One line per order and SKU, units added up, sorted by order and SKU."""
    keys, rows = np.unique(line_order * n_skus + line_sku, return_inverse=True)
    merged = np.bincount(rows, weights=units, minlength=len(keys)).astype(np.int64)
    orders, skus = np.divmod(keys, n_skus)
    return orders, skus, merged


def _summarise(demand: SyntheticDemand, book: OrderBook) -> DemandSummary:
    picks = book.line_quantity > 0
    return DemandSummary(
        source="made-up orders",
        n_read=book.n_lines,
        n_orders=book.n_orders,
        n_picks=int(picks.sum()),
        n_returns=int((~picks).sum()),
        n_units_picked=int(book.line_quantity[picks].sum()),
        n_units_returned=int(-book.line_quantity[~picks].sum()),
        n_skus=len(np.unique(book.line_sku)),
        hours=demand.hours,
    )
