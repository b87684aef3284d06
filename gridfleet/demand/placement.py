"""Stock on pods and pods on the floor, so that a run's orders can be filled.

Every SKU gets a share of all compartments in proportion to the square root of its lines: between
equal shares, which leave the popular SKUs on too few pods, and proportional ones, which fill the
floor with them. That is the allocation with the least search for replicated goods (Cohen and
Shenker 2002, Replication Strategies in Unstructured Peer-to-Peer Networks). Compartments are dealt
out to pods in turn, so that pods hold equally many SKUs, and no pod one SKU twice. Sizes and
weights of goods are left out.

What is in random order is sorted by random numbers of its own: SKUs, pods, and cells, which have
theirs by row and column. So the same orders on as many pods lie alike on any floor, and a floor
that is changed here keeps its empty cells elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.draws import Uniforms, stream
from fleet_control.work.inventory import Inventory
from fleet_control.work.orders import OrderBook
from gridfleet.demand.errors import DemandError
from gridfleet.demand.stock_files import Stock
from layouts import POD_STATIONS, CellKind, Layout, traffic

PURPOSE = 0x57AC4D
"""Key of the placement streams among all streams of a seed."""
_SKUS, _PODS, _CELLS = range(3)
_WIDEST = 1 << 16
"""Columns that no floor has: cells are numbered for draws as if all floors were so wide."""
POD_ORDERS = ("popular-near", "random")
_MOST = 1000
"""More than so many times the demand, or average lines per compartment, is a slip."""
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Placement:
    """How stock and pods are laid out.

    fill: share of the usable storage cells where a pod stands. skus_per_pod: compartments of a pod;
    more if the catalogue would not fit otherwise. margin: stock of a SKU as a multiple of what the
    orders pick of it. min_lines: average lines of the SKU that a compartment holds at least, so
    that most lines are picked from one pod; with margin below 1 and 0 of these, lines run short.
    pods: "popular-near" puts the pods with the most wanted goods nearest to the stations, "random"
    anywhere. file: stock from a file (stock_files.py), "" to make up as much as the orders need;
    margin and min_lines then say nothing, and fill and skus_per_pod neither if it names pods.
    """

    fill: float = 0.85
    skus_per_pod: int = 20
    margin: float = 1.2
    min_lines: float = 5.0
    pods: str = "popular-near"
    file: str = ""

    def __post_init__(self) -> None:
        faults = []
        if not 0 < self.fill <= 1:
            faults.append(f"fill is {self.fill}; give a share above 0 and at most 1")
        if self.skus_per_pod < 1:
            faults.append(f"skus_per_pod is {self.skus_per_pod}; give at least 1")
        if not 0 <= self.margin <= _MOST:
            faults.append(f"margin is {self.margin}; give 0 to {_MOST}, 1 to just cover the orders")
        if not 0 <= self.min_lines <= _MOST:
            faults.append(f"min_lines is {self.min_lines}; give 0 to {_MOST}")
        if self.pods not in POD_ORDERS:
            faults.append(f'pods is "{self.pods}"; give one of {", ".join(POD_ORDERS)}')
        if faults:
            raise DemandError([f"placement: {fault}" for fault in faults])


@dataclass(frozen=True, slots=True, eq=False)
class StockPlan:
    """Which pod stands where with what.

    pod_cells: int32[n_pods]. stock_pods, stock_skus, stock_units: int32[k], one row per
    compartment. storage_cells: int32[m], ascending, cells where pods may stand. n_skus: of the
    catalogue. n_unusable: storage cells no loaded unit could leave or reach, left empty.
    """

    pod_cells: Ints
    stock_pods: Ints
    stock_skus: Ints
    stock_units: Ints
    storage_cells: Ints
    n_skus: int
    n_unusable: int = 0

    @property
    def n_pods(self) -> int:
        return len(self.pod_cells)

    def inventory(self) -> Inventory:
        """A new inventory in this state; each run needs its own."""
        return Inventory(
            self.n_pods, self.n_skus, self.stock_pods, self.stock_skus, self.stock_units,
            self.pod_cells, self.storage_cells,
        )  # fmt: skip

    def sentences(self) -> list[str]:
        """The plan for a terminal or a report."""
        told = [
            f"{self.n_pods:,} pods on {len(self.storage_cells):,} storage cells hold "
            f"{int(self.stock_units.sum()):,} units of {self.n_skus:,} SKUs."
        ]
        if self.n_unusable:
            told.append(
                f"{self.n_unusable:,} storage cells stay empty: no aisle beside them for a loaded "
                "unit to come and go."
            )
        return told


def place_stock(
    layout: Layout, book: OrderBook, placement: Placement, seed: int, stock: Stock | None = None
) -> StockPlan:
    """Stock for the orders of the book on pods in the layout; the same seed gives the same plan.

    stock: what there is, of the same SKUs as the book; None to make it up. Every SKU of the book
    has a compartment, and made-up stock for all its picks where `margin` is at least 1. Raises
    DemandError for a layout without usable storage cells, or too few of them.
    """
    all_cells = layout.cells_of(CellKind.STORAGE)
    cells = usable_storage(layout)
    if not len(cells):
        raise DemandError(
            f'layout "{layout.name}" has {len(all_cells)} storage cells, none with an aisle beside '
            "it for a loaded unit to come and go; draw storage cells next to floor cells"
        )
    n_lines = np.bincount(book.line_sku[book.line_quantity > 0], minlength=book.n_skus)
    if stock is not None and stock.pods is not None:
        shelves = _as_stated(stock, len(cells))
    else:
        shelves = _dealt(book, n_lines, len(cells), placement, seed, stock)
    n_copies = np.maximum(1, np.bincount(shelves.skus, minlength=book.n_skus))
    weights = (n_lines / n_copies)[shelves.skus]
    popularity = np.bincount(shelves.pods, weights, minlength=shelves.n_pods)
    return StockPlan(
        pod_cells=_stand(layout, cells, popularity, placement, seed),
        stock_pods=shelves.pods.astype(np.int32),
        stock_skus=shelves.skus.astype(np.int32),
        stock_units=shelves.units.astype(np.int32),
        storage_cells=cells,
        n_skus=book.n_skus,
        n_unusable=len(all_cells) - len(cells),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Shelves:
    """pods, skus, units: int64[k], one row per compartment."""

    n_pods: int
    pods: NDArray[np.int64]
    skus: NDArray[np.int64]
    units: NDArray[np.int64]


def _as_stated(stock: Stock, n_cells: int) -> _Shelves:
    """The pods of a stock file."""
    n_pods = len(stock.pod_names)
    if n_pods > n_cells:
        raise DemandError(
            f"{stock.source} names {n_pods:,} pods; the floor has {n_cells:,} storage cells where "
            "a pod can stand"
        )
    assert stock.pods is not None
    return _Shelves(n_pods, stock.pods, stock.skus, stock.units)


def _dealt(
    book: OrderBook, n_lines: NDArray[np.int64], n_cells: int, placement: Placement, seed: int,
    stock: Stock | None,
) -> _Shelves:  # fmt: skip
    """Compartments dealt out to as many pods as `fill` says."""
    n_pods = pods_to_fill(placement, n_cells)
    n_copies = share_compartments(n_lines, n_pods, placement.skus_per_pod)
    pods, skus = _deal(n_copies, n_pods, seed)
    totals = stock.units if stock is not None else _made_up(book, n_lines, n_copies, placement)
    return _Shelves(n_pods, pods, skus, _spread(totals, n_copies, skus))


def _made_up(
    book: OrderBook, n_lines: NDArray[np.int64], n_copies: NDArray[np.int64], placement: Placement
) -> NDArray[np.int64]:
    """int64[n_skus], units of each SKU: what orders pick with a margin, and enough for a number of
    lines in each compartment."""
    picks = book.line_quantity > 0
    n_units = np.bincount(book.line_sku[picks], book.line_quantity[picks], minlength=book.n_skus)
    wanted = np.ceil(placement.margin * n_units).astype(np.int64)
    per_line = np.where(n_lines > 0, n_units / np.maximum(n_lines, 1), 1.0)
    least = np.ceil(placement.min_lines * per_line).astype(np.int64) * n_copies
    return np.asarray(np.maximum(wanted, least), dtype=np.int64)


def usable_storage(layout: Layout) -> Ints:
    """Ascending int32 ids of the storage cells where a pod can be stored and fetched again."""
    return np.flatnonzero(traffic.usable_storage(layout)).astype(np.int32)


def share_compartments(
    n_lines: NDArray[np.int64], n_pods: int, skus_per_pod: int
) -> NDArray[np.int64]:
    """int64[n_skus], compartments of each SKU: at least 1, at most one per pod, and of what is
    left a share by the square root of its lines."""
    n_skus = len(n_lines)
    n_left = n_pods * skus_per_pod - n_skus
    weights = np.sqrt(n_lines.astype(np.float64))
    if n_left <= 0 or not weights.sum():
        return np.ones(n_skus, dtype=np.int64)
    more = np.floor(n_left * weights / weights.sum()).astype(np.int64)
    return np.asarray(np.minimum(1 + more, n_pods), dtype=np.int64)


def _deal(
    n_copies: NDArray[np.int64], n_pods: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[k] twice: pod and SKU of every compartment. SKUs in random order, the copies of one
    in a row, go round the pods, so that no two copies meet and pods are equally full."""
    order = _shuffled(len(n_copies), seed, _SKUS)
    skus = np.repeat(order, n_copies[order])
    rounds = -(-len(skus) // n_pods)
    # A new order of pods in each round would put copies of one SKU on one pod where rounds meet.
    turns = np.tile(_shuffled(n_pods, seed, _PODS), rounds)
    return turns[: len(skus)], skus


def _shuffled(n: int, seed: int, purpose: int) -> NDArray[np.int64]:
    """int64[n], 0 to n - 1 in random order, which one more does not change."""
    return np.argsort(stream(seed, PURPOSE, purpose).random(n), kind="stable")


def _spread(
    wanted: NDArray[np.int64], n_copies: NDArray[np.int64], skus: NDArray[np.int64]
) -> NDArray[np.int64]:
    """int64[k], units in each compartment: those of its SKU, shared as evenly as can be."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(skus)) + 1])
    runs = np.diff(np.append(starts, len(skus)))
    nth = np.arange(len(skus)) - np.repeat(starts, runs)
    whole, rest = np.divmod(wanted, n_copies)
    return np.asarray(whole[skus] + (nth < rest[skus]), dtype=np.int64)


def _stand(
    layout: Layout,
    cells: Ints,
    popularity: NDArray[Any],
    placement: Placement,
    seed: int,
) -> Ints:
    """int32[n_pods], the cell of each pod. Which cells stay empty is random in either case."""
    chosen = _choose(layout, cells, len(popularity), seed)
    has_goals = any(station.kind in POD_STATIONS for station in layout.stations)
    if placement.pods == "random" or not has_goals:
        return chosen
    chosen = np.sort(chosen)
    distances = _distances(layout, chosen)
    pod_cells = np.empty(len(popularity), dtype=np.int32)
    by_want = np.argsort(-popularity, kind="stable")
    pod_cells[by_want] = chosen[np.argsort(distances, kind="stable")]
    return pod_cells


def cells_with_pods(
    layout: Layout, placement: Placement, seed: int, stock: Stock | None = None
) -> Ints:
    """Ascending int32 ids of the cells where `place_stock` puts pods, whatever the orders are."""
    cells = usable_storage(layout)
    named = stock.pod_names if stock is not None and stock.pods is not None else ()
    n_pods = len(named) or pods_to_fill(placement, len(cells))
    return np.sort(_choose(layout, cells, min(n_pods, len(cells)), seed))


def pods_to_fill(placement: Placement, n_cells: int) -> int:
    """Pods on so many usable storage cells, where no file names them."""
    return max(1, round(placement.fill * n_cells))


def _choose(layout: Layout, cells: Ints, n_pods: int, seed: int) -> Ints:
    """int32[n_pods] of the cells, in random order."""
    rows, cols = np.divmod(cells.astype(np.int64), layout.n_cols)
    drawn = Uniforms(seed, PURPOSE, _CELLS).of_all(rows * _WIDEST + cols)
    chosen: Ints = cells[np.argsort(drawn, kind="stable")[:n_pods]]
    return chosen


def _distances(layout: Layout, cells: Ints) -> NDArray[np.int64]:
    """int64[k], Manhattan distance of each cell to the nearest station that handles pods."""
    goals = np.array([s.cell for s in layout.stations if s.kind in POD_STATIONS], dtype=np.int64)
    rows, cols = np.divmod(cells.astype(np.int64), layout.n_cols)
    goal_rows, goal_cols = np.divmod(goals, layout.n_cols)
    apart = np.abs(rows[:, None] - goal_rows) + np.abs(cols[:, None] - goal_cols)
    return np.asarray(apart.min(axis=1), dtype=np.int64)
