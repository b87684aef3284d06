"""The decisions of fulfilment, one family of rules each, chosen by name.

A rule is a function of a frozen choice that holds all it may look at; it changes nothing. A new
rule is one function and one line in its registry. "Nearest" is by Manhattan distance: cheap, and
on a floor of lanes close enough to rank pods and cells.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fleet_control.errors import FleetError
from fleet_control.work.inventory import Inventory
from fleet_control.work.orders import OrderBook


class UnknownRuleError(FleetError, ValueError):
    """No rule of that name."""


@dataclass(frozen=True, slots=True, eq=False)
class OrderChoice:
    """Which waiting order goes to which station. waiting: orders, oldest first, never empty.
    stations: those that may take them. free_slots: open orders each station has room for, by
    station index."""

    waiting: Collection[int]
    stations: Sequence[int]
    free_slots: Sequence[int]
    book: OrderBook
    inventory: Inventory


@dataclass(frozen=True, slots=True, eq=False)
class ReturnChoice:
    """Which waiting return goes to which station: as OrderChoice, with stow stations apart."""

    waiting: Collection[int]
    pick_stations: Sequence[int]
    stow_stations: Sequence[int]
    free_slots: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class PodChoice:
    """Which pod to bring to a station. lines: int32[n_pods], open lines of the station that the
    pod has free units for, wholly or in part; 0 for pods in use. cells: int32[n_pods]."""

    station: int
    station_cell: int
    n_cols: int
    lines: NDArray[np.int32]
    cells: NDArray[np.int32]
    inventory: Inventory


@dataclass(frozen=True, slots=True, eq=False)
class StorageChoice:
    """Where to store a pod after a station. free_cells: int32[k], ascending, never empty: those
    that are free and may be driven to."""

    pod: int
    station_cell: int
    n_cols: int
    free_cells: NDArray[np.int32]
    inventory: Inventory


@dataclass(frozen=True, slots=True, eq=False)
class OnwardChoice:
    """Whether to carry a pod from a station straight to another. stations: int32[k], ascending,
    others with room that the pod can serve. cells, lines: int32[k], service cell of each and its
    open lines that the pod can serve."""

    cell: int
    n_cols: int
    stations: NDArray[np.int32]
    cells: NDArray[np.int32]
    lines: NDArray[np.int32]


OrderRule = Callable[[OrderChoice], tuple[int, int] | None]
"""(order, station), or None to let all of them wait."""
ReturnRule = Callable[[ReturnChoice], tuple[int, int] | None]
PodRule = Callable[[PodChoice], int]
"""A pod with lines, or -1."""
StorageRule = Callable[[StorageChoice], int]
"""One of the free cells."""
OnwardRule = Callable[[OnwardChoice], int]
"""A station, or -1 to store the pod."""


def manhattan(cells: NDArray[np.int32], cell: int, n_cols: int) -> NDArray[np.int32]:
    """int32[k], rows plus columns between each of the cells and one cell."""
    rows, cols = np.divmod(cells, n_cols)
    row, col = divmod(cell, n_cols)
    distances: NDArray[np.int32] = np.abs(rows - row) + np.abs(cols - col)
    return distances


def _most_free(stations: Sequence[int], free_slots: Sequence[int]) -> int:
    """The station with most free order slots, the first of equals; -1 if all are full."""
    best = max(stations, key=free_slots.__getitem__, default=-1)
    return best if best >= 0 and free_slots[best] > 0 else -1


def oldest(choice: OrderChoice) -> tuple[int, int] | None:
    """The oldest order goes to the station with most free order slots."""
    station = _most_free(choice.stations, choice.free_slots)
    return (next(iter(choice.waiting)), station) if station >= 0 else None


def stow_first(choice: ReturnChoice) -> tuple[int, int] | None:
    """The oldest return goes to a stow station, or to a pick station where there is no other."""
    station = _most_free(choice.stow_stations or choice.pick_stations, choice.free_slots)
    return (next(iter(choice.waiting)), station) if station >= 0 else None


def anywhere(choice: ReturnChoice) -> tuple[int, int] | None:
    """The oldest return goes to the station with most free order slots, whatever its kind."""
    stations = sorted([*choice.pick_stations, *choice.stow_stations])
    station = _most_free(stations, choice.free_slots)
    return (next(iter(choice.waiting)), station) if station >= 0 else None


def most_lines(choice: PodChoice) -> int:
    """The pod that serves most open lines of the station; of equals the nearest, then the first."""
    most = int(choice.lines.max(initial=0))
    if most == 0:
        return -1
    pods = np.flatnonzero(choice.lines == most)
    distances = manhattan(choice.cells[pods], choice.station_cell, choice.n_cols)
    return int(pods[distances.argmin()])


def nearest(choice: StorageChoice) -> int:
    """The free storage cell nearest to the station, the first of equals."""
    distances = manhattan(choice.free_cells, choice.station_cell, choice.n_cols)
    return int(choice.free_cells[distances.argmin()])


def home(choice: StorageChoice) -> int:
    """The cell where the pod stood at first; the nearest one if that is not to be had."""
    cell = int(choice.inventory.home_cells[choice.pod])
    return cell if (choice.free_cells == cell).any() else nearest(choice)


def onward_to_most_lines(choice: OnwardChoice) -> int:
    """The station with most lines for the pod; of equals the nearest, then the first."""
    rows = np.flatnonzero(choice.lines == choice.lines.max())
    distances = manhattan(choice.cells[rows], choice.cell, choice.n_cols)
    return int(choice.stations[rows[distances.argmin()]])


def never_onward(choice: OnwardChoice) -> int:
    """Every pod is stored between stations."""
    return -1


ORDER_RULES: dict[str, OrderRule] = {"oldest": oldest}
RETURN_RULES: dict[str, ReturnRule] = {"stow_first": stow_first, "anywhere": anywhere}
POD_RULES: dict[str, PodRule] = {"most_lines": most_lines}
STORAGE_RULES: dict[str, StorageRule] = {"nearest": nearest, "home": home}
ONWARD_RULES: dict[str, OnwardRule] = {"most_lines": onward_to_most_lines, "never": never_onward}

Rule = TypeVar("Rule")


def find_rule(rules: Mapping[str, Rule], name: str, what: str) -> Rule:
    """The rule of that name; `what` names the family in the error, such as "pod rule"."""
    if name in rules:
        return rules[name]
    near = difflib.get_close_matches(name, rules, n=1, cutoff=0.0)
    raise UnknownRuleError(
        f'no {what} is called "{name}"; did you mean "{near[0]}"? There are: {", ".join(rules)}'
    )
