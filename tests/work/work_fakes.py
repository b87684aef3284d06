"""Floors, orders and stock by seed, and a fleet that moves in no time and checks what it is told.

The fleet keeps books of its own (where pods stand, what is on them, who set out for which station)
and asserts on every errand and job that they agree, so nothing here trusts the work under test.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from fleet_control.backend import Reports, empty_ints
from fleet_control.events import EventKind, EventLog
from fleet_control.work.fulfilment import FulfilmentOptions, FulfilmentWork
from fleet_control.work.inventory import Inventory
from fleet_control.work.orders import OrderBook
from fleet_control.work.work import Deed, Errand
from layouts import CellKind, Layout, Station, StationKind, open_layout

CYCLE_S = 0.2
PICK, STOW = StationKind.PICK, StationKind.STOW


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def make_floor(kinds: list[StationKind], queues: list[int], n_rows: int = 10) -> Layout:
    """Stations along the western edge with their queues to the east, storage beyond."""
    n_cols = 2 + max(queues, default=0) + 8
    cells = np.full((max(n_rows, len(kinds)), n_cols), CellKind.FLOOR, dtype=np.int8)
    cells[:, -7:] = CellKind.STORAGE
    stations = []
    for row, (kind, length) in enumerate(zip(kinds, queues, strict=True)):
        cells[row, 0] = CellKind.STATION
        cells[row, 1 : 1 + length] = CellKind.QUEUE
        queue = tuple(row * n_cols + col for col in range(1, 1 + length))
        stations.append(Station(f"S{row + 1}", kind, row * n_cols, queue, facing=2))
    return open_layout("fake", cells, stations=tuple(stations))


def make_book(
    lines: list[tuple[int, int, int]],
    n_orders: int,
    n_skus: int,
    placed_s: list[float] | None = None,
) -> OrderBook:
    """lines: (order, SKU, quantity), in the order of orders."""
    orders, skus, quantities = zip(*lines, strict=True) if lines else ((), (), ())
    return OrderBook(
        placed_s=np.array(placed_s or [0.0] * n_orders),
        due_s=np.full(n_orders, np.inf),
        order_names=tuple(f"O{i}" for i in range(n_orders)),
        line_order=ints(*orders),
        line_sku=ints(*skus),
        line_quantity=ints(*quantities),
        sku_names=tuple(f"K{i}" for i in range(n_skus)),
    )


def make_stock(
    layout: Layout, stock: list[tuple[int, int, int]], n_pods: int, n_skus: int
) -> Inventory:
    """stock: (pod, SKU, units). Pods stand on the first storage cells."""
    pods, skus, units = zip(*stock, strict=True) if stock else ((), (), ())
    storage = layout.cells_of(CellKind.STORAGE)
    return Inventory(
        n_pods, n_skus, ints(*pods), ints(*skus), ints(*units), storage[:n_pods], storage
    )


class InstantFleet:
    """Drives a FulfilmentWork: every errand takes a random few cycles, people take random times."""

    def __init__(self, work: FulfilmentWork, layout: Layout, book: OrderBook, stock: Inventory,
                 n_units: int, rng: np.random.Generator) -> None:  # fmt: skip
        self.work, self.layout, self.book, self.rng = work, layout, book, rng
        self.stock = stock
        self.stock_at_start = [stock.stock(sku) for sku in range(stock.n_skus)]
        self.n_slots = [1 + len(station.queue) for station in layout.stations]
        self.station_at = {station.cell: i for i, station in enumerate(layout.stations)}
        self.errands: dict[int, Errand] = {}
        self.at_station: dict[int, int] = {}
        self.pod_of: dict[int, int] = {}
        self.pod_at = {int(cell): pod for pod, cell in enumerate(stock.pod_cells)}
        self.on_pod = Counter(
            {(pod, sku): n for pod in range(stock.n_pods) for sku, n in stock.skus_on(pod).items()}
        )
        self.departed = [set[int]() for _ in layout.stations]
        self.people: list[list[tuple[int, int, int]]] = [[] for _ in layout.stations]
        self.busy_until = [0.0] * len(layout.stations)
        self.now_s = 0.0
        self.n_units, self.most_departed = n_units, 0

    def run(self, until_s: float) -> None:
        while self.now_s < until_s:
            self.cycle()

    def run_dry(self, cap_s: float = 50_000.0) -> None:
        """Until every order is done and every pod is stored."""
        while self.work.orders_done < self.book.n_orders or any(
            self.work.task_of(unit) >= 0 for unit in range(self.n_units)
        ):
            self.cycle()
            assert self.now_s < cap_s, "stuck"
        self.cycle()

    def cycle(self) -> None:
        before_s, self.now_s = self.now_s, self.now_s + CYCLE_S
        for unit in self.rng.permutation(sorted(self.errands)).tolist():
            if self.rng.random() < 0.2:
                self._finish_errand(unit)
        self.work.advance(self.now_s, self._finish_lines(before_s))
        self._begin_tasks()
        for unit, errand in self.work.take_errands():
            self._start_errand(unit, errand)
        self._accept_jobs()

    def _begin_tasks(self) -> None:
        free = [unit for unit in range(self.n_units) if self.work.task_of(unit) < 0]
        tasks = self.work.open_tasks()
        for task in self.rng.permutation(tasks.tasks)[: len(free)].tolist():
            cell = int(tasks.cells[tasks.tasks.tolist().index(task)])
            assert cell in self.pod_at, "a task for a pod that stands elsewhere"
            self.work.begin(task, free.pop(), self.now_s)

    def _start_errand(self, unit: int, errand: Errand) -> None:
        assert unit not in self.errands
        self.at_station.pop(unit, None)
        for units in self.departed:
            units.discard(unit)
        assert errand.is_laden == (unit in self.pod_of)
        if errand.deed is Deed.SERVICE:
            station = self.station_at[errand.cell]
            self.departed[station].add(unit)
            self.most_departed = max(self.most_departed, len(self.departed[station]))
            assert len(self.departed[station]) <= self.n_slots[station]
        if errand.deed is Deed.LOWER:
            bound = [e.cell for e in self.errands.values() if e.deed is Deed.LOWER]
            assert errand.cell not in bound
            assert errand.cell not in self.pod_at
            assert self.layout.kinds[errand.cell] == CellKind.STORAGE
        self.errands[unit] = errand

    def _finish_errand(self, unit: int) -> None:
        errand = self.errands[unit]
        if errand.deed is Deed.LIFT:
            self.pod_of[unit] = self.pod_at.pop(errand.cell)
        elif errand.deed is Deed.LOWER:
            self.pod_at[errand.cell] = self.pod_of.pop(unit)
        else:
            station = self.station_at[errand.cell]
            if station in self.at_station.values():
                return  # the unit before is still there
            self.at_station[unit] = station
        del self.errands[unit]
        self.work.errand_done(unit, self.now_s)

    def _accept_jobs(self) -> None:
        jobs = self.work.take_station_jobs()
        columns = (jobs.stations, jobs.jobs, jobs.lines, jobs.quantities)
        there = {station: self.pod_of[unit] for unit, station in self.at_station.items()}
        for station, job, line, quantity in zip(*(c.tolist() for c in columns), strict=True):
            key = (there[station], int(self.book.line_sku[line]))
            self.on_pod[key] -= quantity
            assert self.on_pod[key] >= 0, "people were sent for more than the pod holds"
            assert quantity * int(self.book.line_quantity[line]) > 0
            self.busy_until[station] = max(self.busy_until[station], self.now_s)
            self.people[station].append((job, line, station))

    def _finish_lines(self, before_s: float) -> Reports:
        rows = []
        for station, queue in enumerate(self.people):
            while queue and self.busy_until[station] <= self.now_s:
                job, line, _ = queue.pop(0)
                time_s = max(self.busy_until[station], before_s)
                rows.append((time_s, station, job, line))
                self.busy_until[station] = time_s + float(self.rng.exponential(1.0))
        return line_reports(self.now_s, sorted(rows))


def line_reports(now_s: float, rows: list[tuple[float, int, int, int]]) -> Reports:
    """rows: (time, station, job, line)."""
    none = empty_ints()
    times, stations, jobs, lines = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Reports(
        now_s, none, none, none, np.empty(0, dtype=np.int8),
        ints(*stations), ints(*jobs), ints(*lines), np.array(times, dtype=np.float64),
    )  # fmt: skip


def make_case(
    seed: int,
    options: FulfilmentOptions | None = None,
    fleet: type[InstantFleet] = InstantFleet,
    *,
    has_returns: bool = True,
) -> tuple[InstantFleet, EventLog]:
    """A random floor with random stock and orders: picks, returns, mixed, shorts and splits."""
    rng = np.random.default_rng(seed)
    n_stations = int(rng.integers(1, 5))
    kinds = [PICK, *rng.choice([PICK, STOW], n_stations - 1).tolist()]
    kinds = [StationKind(kind) for kind in kinds]
    layout = make_floor(kinds, rng.integers(0, 4, n_stations).tolist())
    n_pods, n_skus = int(rng.integers(2, 60)), int(rng.integers(1, 40))
    k = int(rng.integers(0, 4 * n_pods))
    rows = zip(rng.integers(n_pods, size=k), rng.integers(n_skus, size=k),
               rng.integers(0, 12, size=k), strict=True)  # fmt: skip
    stock = make_stock(layout, [(int(p), int(s), int(u)) for p, s, u in rows], n_pods, n_skus)
    n_orders = int(rng.integers(1, 60))
    quantities = rng.integers(-4, 12, size=int(rng.integers(0, 200)))
    quantities = quantities[quantities != 0 if has_returns else quantities > 0]
    orders = np.sort(rng.integers(n_orders, size=len(quantities)))
    skus = rng.integers(n_skus, size=len(quantities))
    lines = list(zip(orders.tolist(), skus.tolist(), quantities.tolist(), strict=True))
    placed_s = np.sort(rng.uniform(0, 300, n_orders)).tolist()
    book = make_book(lines, n_orders, n_skus, placed_s)
    log = EventLog()
    chosen = options or FulfilmentOptions(
        order_slots=int(rng.integers(1, 13)),
        storage_rule=str(rng.choice(["nearest", "home"])),
        return_rule=str(rng.choice(["stow_first", "anywhere"])),
        onward_rule=str(rng.choice(["most_lines", "never"])),
    )
    n_units = int(rng.integers(1, 20))
    work = FulfilmentWork(layout, book, stock, n_units, log, chosen)
    return fleet(work, layout, book, stock, n_units, rng), log


def rows_of(log: EventLog, kind: EventKind) -> dict[str, np.ndarray]:
    """The log's rows of one kind, by column."""
    columns = log.columns()
    chosen = columns["kind"] == kind
    return {name: column[chosen] for name, column in columns.items()}
