"""Made-up orders: arrivals over the day, lines, SKUs, quantities and returns.

Arrivals are a non-homogeneous Poisson process whose rate is constant within each hour of the day,
drawn exactly: a process of rate 1, its times mapped by the inverse of the integrated rate (Cinlar
1975, Introduction to Stochastic Processes, ch. 4). SKUs follow Zipf's law. It leaves out trends,
seasons and SKUs that are bought together.

Every purpose has a stream of its own, and in it every order a number of its own; lines have a
stream for each place in their order. So order k is the same however many there are and whenever
they come, and a figure changes only what it is about: line 2 of order 7 wants the same SKU whether
orders have 3 lines or 5 on average, if both have it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from fleet_control.draws import stream
from fleet_control.work.orders import OrderBook
from gridfleet.demand.errors import DemandError
from gridfleet.demand.summary import DemandSummary

SECONDS_PER_HOUR = 3600.0
PURPOSE = 0xDE3A4D
"""Key of the demand streams among all streams of a seed."""
MOST_LINES = 20_000_000
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
    many hours on average wait at time 0, when they count as placed. pile_lines: for a closed
    backlog, orders of at least so many lines in all are placed at time 0, and none by the clock; 0:
    all by the clock.
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
    pile_lines: int = 0

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
        n_hours = self.hours + self.backlog_hours
        n_lines = self.pile_lines or n_hours * self.orders_per_hour * self.lines_per_order
        above_0 = ("hours", "orders_per_hour", "due_hours")
        at_least_1 = ("lines_per_order", "n_skus", "units_per_line")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return [
            *((values[n] <= 0, f"{n} is {values[n]}; give more than 0") for n in above_0),
            *((values[n] < 1, f"{n} is {values[n]}; give at least 1") for n in at_least_1),
            (n_lines > MOST_LINES, f"{n_lines:,.0f} lines; ask for at most {MOST_LINES:,}"),
            (not is_day, f"day has {len(rates)} rates; give 24, none of them negative"),
            (
                not 0 <= self.start_hour < 24,
                f"start_hour is {self.start_hour}; give 0 or more, below 24",
            ),
            (self.backlog_hours < 0, f"backlog_hours is {self.backlog_hours}; give 0 or more"),
            (self.pile_lines < 0, f"pile_lines is {self.pile_lines}; give 0 or more"),
            (self.zipf < 0, f"zipf is {self.zipf}; give 0 (all alike) to about 1.5"),
            (not 0 <= self.return_share <= 1, f"return_share is {self.return_share}; give 0 to 1"),
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """int64[k] each, sorted by order and SKU, which is once in an order at most."""

    order: NDArray[np.int64]
    sku: NDArray[np.int64]
    units: NDArray[np.int64]


def make_orders(demand: SyntheticDemand, seed: int) -> tuple[OrderBook, DemandSummary]:
    """Orders of these figures; the same seed gives the same orders.

    SKU numbers are ranks of popularity, the most popular first. There may be no order at all.
    """
    if demand.pile_lines:
        placed_s, lines = _pile(demand, seed)
    else:
        placed_s = _draw_times(demand, seed)
        lines = _draw_lines(demand, len(placed_s), seed)
    is_return = stream(seed, PURPOSE, _RETURNS).random(len(placed_s)) < demand.return_share
    width = len(str(demand.n_skus))
    book = OrderBook(
        placed_s=placed_s,
        due_s=placed_s + demand.due_hours * SECONDS_PER_HOUR,
        order_names=tuple(f"{'R' if back else 'O'}{i + 1}" for i, back in enumerate(is_return)),
        line_order=lines.order.astype(np.int32),
        line_sku=lines.sku.astype(np.int32),
        line_quantity=np.where(is_return[lines.order], -lines.units, lines.units).astype(np.int32),
        sku_names=tuple(f"S{i + 1:0{width}}" for i in range(demand.n_skus)),
    )
    return book, _summarise(demand, book)


def _pile(demand: SyntheticDemand, seed: int) -> tuple[NDArray[np.float64], _Lines]:
    """The first orders that have enough lines together, all of them there at time 0."""
    n_orders, lines = 0, _draw_lines(demand, 0, seed)
    while len(lines.order) < demand.pile_lines:
        n_missing = demand.pile_lines - len(lines.order)
        # Orders have fewer lines than drawn where SKUs meet, so that one go may not be enough.
        n_orders += 10 + n_orders // 4 + round(1.05 * n_missing / demand.lines_per_order)
        lines = _draw_lines(demand, n_orders, seed)
    n_orders = int(lines.order[demand.pile_lines - 1]) + 1
    n_lines = int(np.searchsorted(lines.order, n_orders))
    kept = (lines.order[:n_lines], lines.sku[:n_lines], lines.units[:n_lines])
    return np.zeros(n_orders), _Lines(*kept)


def _draw_times(demand: SyntheticDemand, seed: int) -> NDArray[np.float64]:
    """float64[n_orders], ascending seconds from time 0: the backlog, then arrivals."""
    n_waiting = len(_unit_process(demand.orders_per_hour * demand.backlog_hours, seed, _BACKLOG))
    n_expected = demand.orders_per_hour * demand.hours
    shares = _unit_process(n_expected, seed, _ARRIVALS) / n_expected
    edges, expected = _integrate(demand)
    begin, end = np.interp([demand.start_hour, demand.start_hour + demand.hours], edges, expected)
    hours = np.interp(begin + (end - begin) * shares, expected, edges) - demand.start_hour
    arrivals_s = np.clip(hours, 0.0, demand.hours) * SECONDS_PER_HOUR
    return np.concatenate([np.zeros(n_waiting), arrivals_s])


def _unit_process(end: float, seed: int, purpose: int) -> NDArray[np.float64]:
    """float64[n], times of a Poisson process of rate 1 from 0 to the end, ascending. A later end
    leaves those before it as they are."""
    rng, gaps = stream(seed, PURPOSE, purpose), [np.empty(0)]
    while (total := sum(float(some.sum()) for some in gaps)) <= end:
        gaps.append(rng.standard_exponential(16 + int(1.1 * (end - total))))
    times = np.cumsum(np.concatenate(gaps))
    return times[: np.searchsorted(times, end)]


def _integrate(demand: SyntheticDemand) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """float64[k] twice: whole hours around the run, counted on beyond midnight, and the rate
    integrated up to each of them."""
    rates = np.array(demand.day or (1.0,) * 24, dtype=np.float64)
    hours = np.arange(int(demand.start_hour), int(np.ceil(demand.start_hour + demand.hours)))
    expected = np.concatenate([[0.0], np.cumsum(rates[hours % 24])])
    return np.append(hours, hours[-1] + 1).astype(np.float64), expected


def _draw_lines(demand: SyntheticDemand, n_orders: int, seed: int) -> _Lines:
    """The lines of the first orders."""
    drawn = stream(seed, PURPOSE, _SIZES).random(n_orders)
    n_lines = _geometric(drawn, demand.lines_per_order)
    weights = np.arange(1, demand.n_skus + 1, dtype=np.float64) ** -demand.zipf
    shares = np.cumsum(weights) / weights.sum()
    keys, units = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for place in range(int(n_lines.max(initial=0))):
        orders = np.flatnonzero(n_lines > place)
        # A number for every order up to the last that has such a line, for it to have its own.
        n_drawn = int(orders[-1]) + 1
        skus, amounts = (
            stream(seed, PURPOSE, purpose, place).random(n_drawn)[orders]
            for purpose in (_SKUS, _QUANTITIES)
        )
        ranks = np.searchsorted(shares, skus, side="right")
        keys.append(orders * demand.n_skus + np.minimum(ranks, demand.n_skus - 1))
        units.append(_geometric(amounts, demand.units_per_line))
    return _merge(np.concatenate(keys), np.concatenate(units), demand.n_skus)


def _geometric(drawn: NDArray[np.float64], mean: float) -> NDArray[np.int64]:
    """int64[k] of 1, 2, 3, ... with that mean, by inversion: the larger the number drawn from [0,
    1), the larger they are, whatever the mean."""
    if mean == 1.0:
        return np.ones(len(drawn), dtype=np.int64)
    failures = np.log1p(-drawn) / np.log1p(-1.0 / mean)
    return np.asarray(1 + np.floor(failures), dtype=np.int64)


def _merge(keys: NDArray[np.int64], units: NDArray[np.int64], n_skus: int) -> _Lines:
    """One line per order and SKU, units added up. keys: order * n_skus + SKU."""
    merged, rows = np.unique(keys, return_inverse=True)
    totals = np.bincount(rows, weights=units, minlength=len(merged)).astype(np.int64)
    return _Lines(*np.divmod(merged, n_skus), totals)


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
