"""One case of torture, drawn from a seed: a floor, a fleet, stock and orders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleet_control.work.inventory import Inventory
from fleet_control.work.orders import OrderBook
from gridfleet.torture.floors import draw_floor
from layouts import AISLE_KINDS, CellKind, Layout
from twin.unit_model import DEFAULT_UNIT, UnitModel

Ints = NDArray[np.int32]
PURPOSE = 0x70B7
"""Key of the draws of a case among all streams of a seed."""
LEAST_UNITS, MOST_UNITS = 3, 12
MOST_SHARE = 0.2
"""Units per cell of aisle; more do not carry loads past each other on floors so small."""
LEAST_STORAGE = 6
ORDER_S = 70.0
"""Orders come in over so many seconds."""
RETURN_SHARE = 0.1
TURNING_SHARE = 0.25
"""Of cases whose pods turn with their units, beyond the cell, between walls that leave room."""
TURNING_PURPOSE = 0x7095
TURNING_UNIT = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True)
TURNING_GAP_M = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """unit_cells: int32[n_units], where units stand at the start. pod_cells: int32[n_pods].
    stock_pods, stock_skus, stock_units: int32[k], more than all orders need. faults_s: seconds in
    which faults happen. unit: sizes and limits of all units."""

    seed: int
    layout: Layout
    unit_cells: Ints
    max_working: int
    pod_cells: Ints
    stock_pods: Ints
    stock_skus: Ints
    stock_units: Ints
    orders: OrderBook
    faults_s: float = 100.0
    unit: UnitModel = DEFAULT_UNIT

    @property
    def n_units(self) -> int:
        return len(self.unit_cells)

    def inventory(self) -> Inventory:
        """The stock as the controller's work wants it; a new one each time, for it changes."""
        return Inventory(
            len(self.pod_cells), self.orders.n_skus, self.stock_pods, self.stock_skus,
            self.stock_units, self.pod_cells, self.layout.cells_of(CellKind.STORAGE),
        )  # fmt: skip


def draw_case(seed: int) -> Case:
    """The case of that seed, the same every time."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE])))
    layout = _large_enough(rng)
    storage = layout.cells_of(CellKind.STORAGE)
    n_aisle = len(layout.cells_of(*AISLE_KINDS))
    n_units = min(int(rng.integers(LEAST_UNITS, MOST_UNITS + 1)), int(MOST_SHARE * n_aisle))
    n_units = max(n_units, LEAST_UNITS)
    n_pods = int(rng.uniform(0.4, 0.8) * len(storage))
    pod_cells = np.sort(rng.permutation(storage)[:n_pods]).astype(np.int32)
    starts = rng.permutation(layout.cells_of(*AISLE_KINDS, CellKind.STORAGE))
    starts = starts[layout.neighbours[starts].max(axis=1) >= 0]
    pods, skus = _draw_stock(rng, n_pods)
    orders = _draw_orders(rng, int(skus.max()) + 1)
    unit = _draw_unit(seed)
    return Case(
        seed=seed,
        layout=replace(layout, wall_gap_m=TURNING_GAP_M) if unit.pod_turns else layout,
        unit_cells=starts[:n_units].astype(np.int32),
        max_working=int(rng.integers(2, 1 + n_units)),
        pod_cells=pod_cells,
        stock_pods=pods,
        stock_skus=skus,
        stock_units=_enough(rng, skus, orders),
        orders=orders,
        unit=unit,
    )


def _draw_unit(seed: int) -> UnitModel:
    """By draws of its own: the rest of a case is the same with either unit."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, TURNING_PURPOSE])))
    return TURNING_UNIT if rng.random() < TURNING_SHARE else DEFAULT_UNIT


def _large_enough(rng: np.random.Generator) -> Layout:
    while True:
        layout = draw_floor(rng)
        if len(layout.cells_of(CellKind.STORAGE)) >= LEAST_STORAGE:
            return layout


def _draw_stock(rng: np.random.Generator, n_pods: int) -> tuple[Ints, Ints]:
    """Pod and SKU of each compartment; every SKU is somewhere."""
    n_skus = int(rng.integers(1, 2 + n_pods))
    pods = np.concatenate([rng.integers(n_pods, size=n_skus), np.arange(n_pods)])
    skus = np.concatenate([np.arange(n_skus), rng.integers(n_skus, size=n_pods)])
    rows = np.unique(np.column_stack([pods, skus]), axis=0).astype(np.int32)
    return rows[:, 0].copy(), rows[:, 1].copy()


def _draw_orders(rng: np.random.Generator, n_skus: int) -> OrderBook:
    """Four to nine orders of one to three lines; a few are returns."""
    n_orders = int(rng.integers(4, 10))
    line_order = np.repeat(np.arange(n_orders), rng.integers(1, 4, size=n_orders))
    quantities = rng.integers(1, 6, size=len(line_order))
    is_return = (rng.random(n_orders) < RETURN_SHARE)[line_order]
    return OrderBook(
        placed_s=np.sort(rng.uniform(0, ORDER_S, n_orders)),
        due_s=np.full(n_orders, np.inf),
        order_names=tuple(f"O{i}" for i in range(n_orders)),
        line_order=line_order.astype(np.int32),
        line_sku=rng.integers(n_skus, size=len(line_order)).astype(np.int32),
        line_quantity=np.where(is_return, -quantities, quantities).astype(np.int32),
        sku_names=tuple(f"K{i}" for i in range(n_skus)),
    )


def _enough(rng: np.random.Generator, skus: Ints, orders: OrderBook) -> Ints:
    """Units in each compartment: together at least as many of every SKU as are ordered, but hardly
    ever all in one pod."""
    wanted = np.zeros(orders.n_skus, dtype=np.int64)
    np.add.at(wanted, orders.line_sku, np.maximum(orders.line_quantity, 0))
    n_compartments = np.bincount(skus, minlength=orders.n_skus)
    share = -(-wanted // np.maximum(n_compartments, 1))
    return (share[skus] + rng.integers(0, 3, size=len(skus))).astype(np.int32)
