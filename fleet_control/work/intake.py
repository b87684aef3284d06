"""Orders on their way through: placed, given to a station, worked line by line, done.

An order waits until a rule gives it to a station with a free order slot. There every pick is
promised its units; what stock cannot cover is short at once, so that no order ever waits for goods
that do not exist. The order is done, and its slot free again, with its last line.

Orders of the book are placed by the clock, or on call: the next one whenever too few wait (a closed
backlog). Stations are then never without orders, and a run measures what the floor can do.

Orders may be added while the fleet runs, and cancelled. A cancelled order keeps the lines that
people have been given; all others are not wanted any more, and its slot is free when none is left.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass, field
from math import inf

from fleet_control.accounting.station_clock import StationClock
from fleet_control.events import EventKind, EventLog
from fleet_control.operations import NewOrders
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import WaitingLines
from fleet_control.work.order_lines import BookLines, OrderLines
from fleet_control.work.orders import OrderBook
from fleet_control.work.rules import OrderChoice, OrderRule, ReturnChoice, ReturnRule


@dataclass(slots=True)
class Counters:
    """What has been done so far. Units are picked or put in; short lines count only as short if no
    unit was there."""

    lines_done: int = 0
    units_done: int = 0
    orders_done: int = 0
    orders_cancelled: int = 0
    lines_short: int = 0
    units_short: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Who may take orders. stations by index; order_slots: open orders per station."""

    pick_stations: tuple[int, ...]
    stow_stations: tuple[int, ...]
    order_slots: int
    order_rule: OrderRule
    return_rule: ReturnRule


@dataclass(slots=True)
class _Progress:
    """An order at a station. left: line -> units still to do. total: line -> units in all.
    is_cancelled: what is left is only what people have been given."""

    station: int
    left: dict[int, int] = field(default_factory=dict)
    total: dict[int, int] = field(default_factory=dict)
    is_cancelled: bool = False


class Intake:
    """Orders, from being placed to being done. A line is worked where its order is.

    keep_waiting: 0 for orders placed by the clock, or so many that wait for a station at all times.
    Orders that only bring goods back come along, and count only in a book of nothing else.
    ran_out_s: when too few waited for the first time since the book had no more, or inf.
    """

    def __init__(
        self, book: OrderBook, inventory: Inventory, waiting: WaitingLines, clock: StationClock,
        n_stations: int, desk: Desk, log: EventLog, keep_waiting: int = 0,
    ) -> None:  # fmt: skip
        self._book, self._inventory, self._lines = book, inventory, waiting
        self._clock, self._desk, self._log = clock, desk, log
        self.lines = OrderLines(BookLines.of(book))
        self._n_placed = 0
        self._orders: OrderedDict[int, None] = OrderedDict()
        self._returns: OrderedDict[int, None] = OrderedDict()
        self._keep_waiting, self.ran_out_s = keep_waiting, inf
        self._counted = self._returns if all(self.lines.is_return) else self._orders
        self._free_slots = [desk.order_slots] * n_stations
        self._open: dict[int, _Progress] = {}
        self._is_stale = False
        self._closed: Set[int] = frozenset()
        self.counters = Counters()

    @property
    def n_placed(self) -> int:
        """Orders placed so far, those that were added included."""
        return self._n_placed + len(self.lines.placed_s) - self.lines.n_base

    def sku_of(self, line: int) -> int:
        return self.lines.sku_of[line]

    def place(self, now_s: float) -> None:
        """Orders placed by now join those that wait."""
        if self._keep_waiting:
            self._place_on_call(now_s)
            return
        lines = self.lines
        while self._n_placed < lines.n_base and lines.placed_s[self._n_placed] <= now_s:
            self._place(self._n_placed)
            self._n_placed += 1

    def _place_on_call(self, now_s: float) -> None:
        while len(self._counted) < self._keep_waiting:
            if self._n_placed == self.lines.n_base:
                self.ran_out_s = min(self.ran_out_s, now_s)
                return
            self._place(self.lines.call(now_s))
            self._n_placed += 1

    def _place(self, order: int) -> None:
        lines = self.lines
        n_lines = lines.starts[order + 1] - lines.starts[order]
        self._log.add(
            lines.placed_s[order], EventKind.ORDER_PLACED, order=order, value=float(n_lines)
        )
        waiting = self._returns if lines.is_return[order] else self._orders
        waiting[order] = None
        self._is_stale = True

    def add(self, new: NewOrders, now_s: float) -> None:
        """Orders that are placed now, behind those that wait."""
        for order in self.lines.add(new, now_s):
            self._place(order)

    def close_stations(self, closed: Set[int]) -> None:
        """These stations take no orders for now; what they have stays with them."""
        self._closed = closed
        self._is_stale = True

    def hand_out(self, now_s: float) -> set[int]:
        """Give waiting orders to stations with room; returns the stations that have new lines."""
        changed: set[int] = set()
        if not self._is_stale:
            return changed
        self._is_stale = False
        while (chosen := self._choose_order() or self._choose_return()) is not None:
            order, station = chosen
            (self._returns if self.lines.is_return[order] else self._orders).pop(order)
            self._open_at(order, station, now_s)
            changed.add(station)
            if self._keep_waiting:
                self._place_on_call(now_s)
        return changed

    def _choose_order(self) -> tuple[int, int] | None:
        stations = self._open_ones(self._desk.pick_stations)
        if not self._orders or not any(self._free_slots[station] for station in stations):
            return None
        return self._desk.order_rule(
            OrderChoice(self._orders, stations, self._free_slots, self._book, self._inventory)
        )

    def _choose_return(self) -> tuple[int, int] | None:
        if not self._returns or not any(self._free_slots):
            return None
        picks = self._open_ones(self._desk.pick_stations)
        stows = self._open_ones(self._desk.stow_stations)
        if not picks and not stows:
            return None
        return self._desk.return_rule(ReturnChoice(self._returns, picks, stows, self._free_slots))

    def _open_ones(self, stations: tuple[int, ...]) -> tuple[int, ...]:
        if not self._closed:
            return stations
        return tuple(station for station in stations if station not in self._closed)

    def _open_at(self, order: int, station: int, now_s: float) -> None:
        self._log.add(now_s, EventKind.ORDER_ASSIGNED, order=order, station=station)
        self._free_slots[station] -= 1
        progress = _Progress(station)
        for line in range(self.lines.starts[order], self.lines.starts[order + 1]):
            units = self._open_line(order, line, station, now_s)
            if units:
                progress.left[line] = progress.total[line] = units
        if progress.left:
            self._open[order] = progress
            self._clock.add_lines(station, len(progress.left), now_s)
        else:
            self._finish(order, station, now_s)

    def _open_line(self, order: int, line: int, station: int, now_s: float) -> int:
        """Let the line wait for pods; returns how many units will be picked or put in."""
        sku, quantity = self.lines.sku_of[line], self.lines.quantity_of[line]
        if quantity < 0:
            self._lines.add_put(station, line, sku, -quantity)
            return -quantity
        covered = self._inventory.promise(sku, quantity)
        if covered < quantity:
            self._note_short(order, line, station, quantity - covered, now_s)
        if covered:
            self._lines.add_pick(station, line, sku, covered)
        else:
            self.counters.lines_short += 1
            self._clock.line_short(station, now_s)
        return covered

    def _note_short(self, order: int, line: int, station: int, units: int, now_s: float) -> None:
        self.counters.units_short += units
        self._log.add(
            now_s, EventKind.LINE_SHORT, order=order, line=line, station=station,
            value=float(units),
        )  # fmt: skip

    def part_done(self, line: int, units: int, pod: int, time_s: float) -> None:
        """Units of a line were picked from the pod, or put in. A line that several pods served is
        logged once, with all its units, when the last of them is done."""
        order = self.lines.order_of[line]
        progress = self._open[order]
        self.counters.units_done += units
        progress.left[line] -= units
        if progress.left[line]:
            return
        del progress.left[line]
        self._note_done(order, line, progress, pod, time_s)
        self._clock.line_done(progress.station, time_s)
        if progress.left:
            return
        if progress.is_cancelled:
            self._close(order, progress.station)
            return
        del self._open[order]
        self._finish(order, progress.station, time_s)

    def _note_done(self, order: int, line: int, at: _Progress, pod: int, time_s: float) -> None:
        self.counters.lines_done += 1
        kind = EventKind.LINE_DONE if self.lines.quantity_of[line] > 0 else EventKind.RETURN_DONE
        self._log.add(
            time_s, kind, order=order, station=at.station, pod=pod, line=line,
            value=float(at.total[line]),
        )  # fmt: skip

    def _finish(self, order: int, station: int, time_s: float) -> None:
        self.counters.orders_done += 1
        self._free_slots[station] += 1
        self._is_stale = True
        cycle_s = time_s - self.lines.placed_s[order]
        self._log.add(time_s, EventKind.ORDER_DONE, order=order, station=station, value=cycle_s)

    # Orders that are not wanted any more

    def state_of(self, order: int) -> str:
        """Where the order is: "known", "waiting", "open", "cancelled" or "done"."""
        if order in self._open:
            return "cancelled" if self._open[order].is_cancelled else "open"
        if order in self._orders or order in self._returns:
            return "waiting"
        is_placed = order < self._n_placed or order >= self.lines.n_base
        return "done" if is_placed else "known"

    def cancel_waiting(self, order: int, now_s: float) -> None:
        """An order that no station has."""
        waiting = self._returns if self.lines.is_return[order] else self._orders
        waiting.pop(order)
        n_lines = self.lines.starts[order + 1] - self.lines.starts[order]
        self._note_cancelled(order, -1, n_lines, now_s)
        if self._keep_waiting:
            self._place_on_call(now_s)

    def open_lines(self, order: int) -> tuple[int, dict[int, int]]:
        """The station of an open order; line -> units that are not handled, negative to put in."""
        progress, quantity_of = self._open[order], self.lines.quantity_of
        left = progress.left.items()
        return progress.station, {
            line: units if quantity_of[line] > 0 else -units for line, units in left
        }

    def cancel_open(self, order: int, kept: dict[int, int], now_s: float) -> None:
        """Nothing of the order is wanted any more but what people have: `kept`, line -> units."""
        progress = self._open[order]
        gone = [line for line in progress.left if line not in kept]
        for line in gone:
            del progress.left[line]
        for line, units in kept.items():
            progress.total[line] -= progress.left[line] - units
            progress.left[line] = units
        progress.is_cancelled = True
        self._clock.add_lines(progress.station, -len(gone), now_s)
        self._note_cancelled(order, progress.station, len(gone), now_s)
        if not progress.left:
            self._close(order, progress.station)

    def _close(self, order: int, station: int) -> None:
        del self._open[order]
        self._free_slots[station] += 1
        self._is_stale = True

    def _note_cancelled(self, order: int, station: int, n_lines: int, now_s: float) -> None:
        self.counters.orders_cancelled += 1
        self._log.add(
            now_s, EventKind.ORDER_CANCELLED, order=order, station=station, value=float(n_lines)
        )
