"""What every kind of work hands to a run when it is made ready for a floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import empty_ints
from fleet_control.events import EventLog
from fleet_control.work.order_lines import OrderLines
from fleet_control.work.work import Work
from gridfleet.demand import DemandSummary
from gridfleet.scenario import Scenario
from layouts import Layout
from twin.people import ServiceTimes

Ints = NDArray[np.int32]
Columns = dict[str, NDArray[np.generic]]
DueTimes = NDArray[np.float64] | None


class RunWork(Work, Protocol):
    """Work that says how much of it is done. tasks_done: so far."""

    tasks_done: int


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """What work is made ready for. cells: int32[n_units], where units stand at the start. n_active:
    units that the floor can have driving at once. parking: int32[k], cells for the others."""

    layout: Layout
    scenario: Scenario
    cells: Ints
    n_active: int
    log: EventLog
    parking: Ints = field(default_factory=empty_ints)

    @property
    def n_units(self) -> int:
        return len(self.cells)


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """How much the work has done so far, by the name of its figure."""

    work: RunWork
    name: str

    def __call__(self) -> int:
        return int(getattr(self.work, self.name))


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How much of everything the work has done so far, by the names of its figures."""

    work: RunWork
    names: tuple[str, ...]

    def __call__(self) -> dict[str, int]:
        return {name: int(getattr(self.work, name)) for name in self.names}


@dataclass(frozen=True, slots=True, eq=False)
class KnownDue:
    """Due times that the orders themselves name."""

    orders: OrderLines

    def __call__(self, events: Columns) -> DueTimes:
        return self.orders.due_s()


@dataclass(frozen=True, slots=True)
class NeverDue:
    """There are no orders."""

    def __call__(self, events: Columns) -> DueTimes:
        return None


@dataclass(frozen=True, slots=True)
class NoMoreNotes:
    """All is known at the start."""

    def __call__(self) -> list[str]:
        return []


@dataclass(frozen=True, slots=True, eq=False)
class WorkSetup:
    """Work, and what a run has to know about it.

    counted: what the run counts on the screen, of which `n_done` gives the number so far; progress:
    all such numbers.
    n_active: units that may have work at once. service: people, or a chute, at each station.
    pod_cells: int32[n_pods], where pods stand at the start. parking: cell of every unit that stands
    aside for good. notes: sentences that a reader must know; later_notes: those that the run itself
    gave cause for. demand: where orders came from. station_times: float64[n_stations, 4], seconds
    up to a time; station_causes: int64[n_stations, 12], ticks. due_s: from the columns of the event
    log, when every order is due; None where there are no orders. fixed: what is made from the
    scenario and never changes, by name: a snapshot of the run leaves it out.
    """

    work: RunWork
    counted: str
    n_done: Callable[[], int]
    progress: Callable[[], dict[str, int]]
    n_active: int
    service: ServiceTimes | list[ServiceTimes]
    pod_cells: Ints = field(default_factory=empty_ints)
    parking: dict[int, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    later_notes: Callable[[], list[str]] = NoMoreNotes()
    demand: DemandSummary | None = None
    station_times: Callable[[float], NDArray[np.float64]] | None = None
    station_causes: Callable[[float], NDArray[np.int64]] | None = None
    due_s: Callable[[Columns], DueTimes] = NeverDue()
    fixed: dict[str, object] = field(default_factory=dict)
