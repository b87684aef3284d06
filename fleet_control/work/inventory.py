"""Stock on pods and pods on the floor: which SKU is where, and what of it is still free.

Units of stock are set aside in two steps. `promise` claims units of a SKU for an order line as
soon as a station takes the order, wherever they are; `reserve` claims them on one pod when that pod
is chosen. Promises never exceed the stock, so an open line always finds its units on some pod.

A compartment, once given to a SKU, stays with it when it runs empty: returns go back there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError, InvariantError

CARRIED = -1
"""Cell of a pod that stands nowhere."""
_FREE, _HELD, _TAKEN = range(3)


class InventoryError(FleetError, ValueError):
    """Stock or pods that cannot be as stated."""


class Inventory:
    """Stock by pod and SKU, the place of every pod, and the state of every storage cell.

    n_pods, n_skus: how many there are; both are indices. stock_pods, stock_skus, stock_units:
    int32[k], that pod holds so many units of that SKU (rows of the same pod and SKU add up, 0 keeps
    an empty compartment). pod_cells: int32[n_pods], a storage cell each, all different.
    storage_cells: int32[m], where pods may stand.

    pod_cells: int32[n_pods], cell of each pod or CARRIED. home_cells: int32[n_pods], where each
    stood at first. pod_units: int64[n_pods], units on each. n_picked, n_returned: units so far.
    """

    def __init__(
        self,
        n_pods: int,
        n_skus: int,
        stock_pods: NDArray[np.int32],
        stock_skus: NDArray[np.int32],
        stock_units: NDArray[np.int32],
        pod_cells: NDArray[np.int32],
        storage_cells: NDArray[np.int32],
    ) -> None:
        self.n_pods, self.n_skus = n_pods, n_skus
        _check_stock(n_pods, n_skus, stock_pods, stock_skus, stock_units)
        _check_places(n_pods, pod_cells, storage_cells)
        self._on_pod: list[dict[int, int]] = [{} for _ in range(n_pods)]
        self._free: list[dict[int, int]] = [{} for _ in range(n_skus)]
        self._pods_of: list[list[int]] = [[] for _ in range(n_skus)]
        self._unpromised = [0] * n_skus
        self.pod_units = np.zeros(n_pods, dtype=np.int64)
        self.n_picked = self.n_returned = 0
        rows = zip(stock_pods.tolist(), stock_skus.tolist(), stock_units.tolist(), strict=True)
        for pod, sku, units in rows:
            self._add(pod, sku, units)
        self._n_at_start = int(self.pod_units.sum())
        self.storage_cells = np.unique(storage_cells).astype(np.int32)
        self._cell_index = {cell: i for i, cell in enumerate(self.storage_cells.tolist())}
        self._cell_states = np.full(len(self.storage_cells), _FREE, dtype=np.int8)
        self._cell_states[np.searchsorted(self.storage_cells, pod_cells)] = _TAKEN
        self.pod_cells = pod_cells.astype(np.int32)
        self.home_cells = self.pod_cells.copy()
        self.home_cells.setflags(write=False)

    # Stock

    def skus_on(self, pod: int) -> Mapping[int, int]:
        """SKU -> units on the pod, reserved ones included; 0 for an empty compartment."""
        return MappingProxyType(self._on_pod[pod])

    def free_pods(self, sku: int) -> Mapping[int, int]:
        """Pod -> units of the SKU on it that are not reserved; only pods that have some."""
        return MappingProxyType(self._free[sku])

    def pods_with_compartment(self, sku: int) -> Sequence[int]:
        """Pods that hold the SKU or have held it."""
        return tuple(self._pods_of[sku])

    def unpromised(self, sku: int) -> int:
        """Units of the SKU that no order has a claim to."""
        return self._unpromised[sku]

    def stock(self, sku: int) -> int:
        """Units of the SKU on all pods, promised and reserved ones included."""
        return sum(self._on_pod[pod][sku] for pod in self._pods_of[sku])

    def promise(self, sku: int, units: int) -> int:
        """Claim up to that many units of the SKU, wherever they are; returns how many there are."""
        covered = min(units, self._unpromised[sku])
        self._unpromised[sku] -= covered
        return covered

    def reserve(self, pod: int, sku: int, units: int) -> int:
        """Claim up to that many promised units on this pod; returns how many it has free."""
        free = self._free[sku]
        there = free.get(pod, 0)
        if units < there:
            free[pod] = there - units
            return units
        free.pop(pod, None)
        return there

    def unreserve(self, pod: int, sku: int, units: int) -> None:
        """Units reserved on the pod are free there again, and still promised."""
        self._free[sku][pod] = self._free[sku].get(pod, 0) + units

    def take_back_promise(self, sku: int, units: int) -> None:
        """Units promised to an order line are not wanted any more."""
        self._unpromised[sku] += units

    def pick(self, pod: int, sku: int, units: int) -> None:
        """Reserved units leave the pod for good."""
        self._on_pod[pod][sku] -= units
        self.pod_units[pod] -= units
        self.n_picked += units

    def put(self, pod: int, sku: int, units: int) -> None:
        """Returned units go onto the pod and may be promised again."""
        self._add(pod, sku, units)
        self.n_returned += units

    def give_compartment(self, sku: int) -> int:
        """A compartment for a SKU that has none, on the pod with the fewest units; that pod."""
        pod = int(self.pod_units.argmin())
        self._add(pod, sku, 0)
        return pod

    def _add(self, pod: int, sku: int, units: int) -> None:
        there = self._on_pod[pod]
        if sku not in there:
            there[sku] = 0
            self._pods_of[sku].append(pod)
        if units:
            there[sku] += units
            self._free[sku][pod] = self._free[sku].get(pod, 0) + units
            self._unpromised[sku] += units
            self.pod_units[pod] += units

    def check(self) -> None:
        """Raise InvariantError unless units at the start + returned = picked + stock, nowhere
        below zero, and no more is free or promised than there is."""
        n_stock = sum(sum(there.values()) for there in self._on_pod)
        if self._n_at_start + self.n_returned != self.n_picked + n_stock:
            raise InvariantError(
                f"stock is not conserved: {self._n_at_start} units at the start + "
                f"{self.n_returned} returned, but {self.n_picked} picked + {n_stock} in stock"
            )
        for pod, there in enumerate(self._on_pod):
            for sku, units in there.items():
                if not 0 <= self._free[sku].get(pod, 0) <= units:
                    raise InvariantError(
                        f"pod {pod} has {units} units of SKU {sku}, "
                        f"{self._free[sku].get(pod, 0)} of them free"
                    )
        for sku, units in enumerate(self._unpromised):
            if not 0 <= units <= sum(self._free[sku].values()):
                raise InvariantError(f"{units} units of SKU {sku} are unpromised, fewer are free")

    # Pods and storage cells

    def free_cells(self) -> NDArray[np.int32]:
        """int32[k], ascending: storage cells where no pod stands and none is bound for."""
        free: NDArray[np.int32] = self.storage_cells[self._cell_states == _FREE]
        return free

    def is_carried(self, pod: int) -> bool:
        return bool(self.pod_cells[pod] == CARRIED)

    def lift(self, pod: int) -> None:
        """The pod is carried now. Its cell stays held until the unit drives off: `vacate`."""
        if self.pod_cells[pod] == CARRIED:
            raise InventoryError(f"pod {pod} is carried already")
        self._cell_states[self._cell_index[int(self.pod_cells[pod])]] = _HELD
        self.pod_cells[pod] = CARRIED

    def vacate(self, cell: int) -> None:
        """Whoever held the cell has left it."""
        self._expect(cell, _HELD)
        self._cell_states[self._cell_index[cell]] = _FREE

    def hold(self, cell: int) -> None:
        """Keep a free storage cell for a pod on its way."""
        self._expect(cell, _FREE)
        self._cell_states[self._cell_index[cell]] = _HELD

    def lower(self, pod: int, cell: int) -> None:
        """The pod stands on the storage cell that was held for it."""
        self._expect(cell, _HELD)
        self._cell_states[self._cell_index[cell]] = _TAKEN
        self.pod_cells[pod] = cell

    def _expect(self, cell: int, state: int) -> None:
        index = self._cell_index.get(cell)
        if index is None:
            raise InventoryError(f"cell {cell} is not a storage cell")
        found = int(self._cell_states[index])
        if found != state:
            words = ("free", "held", "taken")
            raise InventoryError(f"storage cell {cell} is {words[found]}, not {words[state]}")


def _check_stock(
    n_pods: int,
    n_skus: int,
    pods: NDArray[np.int32],
    skus: NDArray[np.int32],
    units: NDArray[np.int32],
) -> None:
    if not len(pods) == len(skus) == len(units):
        raise InventoryError(
            f"stock arrays differ in length: {len(pods)} pods, {len(skus)} SKUs, {len(units)} units"
        )
    _check_range("stock_pods", pods, n_pods)
    _check_range("stock_skus", skus, n_skus)
    _check_range("stock_units", units, np.iinfo(np.int32).max)


def _check_range(name: str, values: NDArray[np.int32], end: int) -> None:
    outside = (values < 0) | (values >= end)
    if outside.any():
        row = int(outside.argmax())
        raise InventoryError(f"{name}[{row}] is {values[row]}: expected 0 to {end - 1}")


def _check_places(
    n_pods: int, pod_cells: NDArray[np.int32], storage_cells: NDArray[np.int32]
) -> None:
    if pod_cells.shape != (n_pods,):
        raise InventoryError(f"pod_cells has shape {pod_cells.shape} for {n_pods} pods")
    strays = pod_cells[~np.isin(pod_cells, storage_cells)]
    if len(strays):
        raise InventoryError(f"a pod stands on cell {strays[0]}, which is not a storage cell")
    cells, counts = np.unique(pod_cells, return_counts=True)
    if (counts > 1).any():
        cell = cells[counts > 1][0]
        raise InventoryError(f"two pods stand on cell {cell}; give each its own storage cell")
