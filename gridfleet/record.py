"""What a run leaves behind in memory: everything that KPIs and the report are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fleet_control.accounting.unit_ledger import UnitTime
from fleet_control.events import EventKind
from fleet_control.mapf.planner_choice import PlannerChoice
from fleet_control.supervision.status import FleetStatus
from layouts import GridfleetError, Layout
from twin.faults.schedule import FaultRecord

if TYPE_CHECKING:
    from gridfleet.demand import DemandSummary

UNIT_STATES = ("loaded", "empty", "queueing", "at_station", "waiting", "idle", "stopped")
"""Columns of `unit_time_s`. waiting: has somewhere to go, everything released is driven, and the
way on belongs to others. stopped: cannot go on and is led around."""
STATION_STATES = ("picking", "starved", "blocked", "no_work")
"""Columns of `station_time_s`; see docs/kpis.md."""


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """One finished or interrupted run.

    events: columns of the event log (fleet_control.events), equal lengths.
    unit_time_s: float64[n_units, 7], seconds per UNIT_STATES.
    station_time_s: float64[n_stations, 4], seconds per STATION_STATES.
    cells_driven: int64[n_units]. visits: int64[n_cells], arrivals of units at each cell.
    wait_s: float64[n_cells], unit seconds spent waiting on each cell.
    plan_ms: float64[k], wall time of each planning step, milliseconds.
    n_active: units allowed to drive at once; the rest were parked as surplus.
    partial: ended before its time, by Ctrl-C or an error.
    """

    layout: Layout
    n_units: int
    n_active: int
    sim_s: float
    wall_s: float
    partial: bool
    events: dict[str, NDArray[np.generic]]
    unit_time_s: NDArray[np.float64]
    station_time_s: NDArray[np.float64]
    cells_driven: NDArray[np.int64]
    visits: NDArray[np.int64]
    wait_s: NDArray[np.float64]
    plan_ms: NDArray[np.float64]
    contacts: int
    conflicts: int
    planner: PlannerChoice | None = None
    """Which one, and why; None where nobody says."""
    order_due_s: NDArray[np.float64] | None = None
    """float64[n_orders], when each order is due; None without orders, or where none is due."""
    demand: DemandSummary | None = None
    """What became of the order lines; None without orders to read or make up."""
    faults: tuple[FaultRecord, ...] = ()
    """What was injected, in the order of beginning."""
    reference_done_s: NDArray[np.float64] | None = None
    """float64[k], when lines (or errands) were done in the same run without faults; None where
    there is no such run."""
    status: FleetStatus | None = None
    """How the fleet was at the end."""
    station_causes: NDArray[np.int64] | None = None
    """int64[n_stations, 12], ticks by fleet_control.accounting.causes.Cause; None for work without
    stations."""
    unit_time: UnitTime | None = None
    """The account of unit time, waits included; None where nobody kept one."""
    has_bodies: bool = False
    """Whether units had masses and wheels: the physics engine."""
    notes: tuple[str, ...] = ()
    """Sentences a reader must know, such as that a floor without stations ran random errands."""

    @property
    def has_orders(self) -> bool:
        """Whether the run worked on orders; if not, it was a stream of errands."""
        is_placed = self.events["kind"] == EventKind.ORDER_PLACED
        return self.order_due_s is not None or bool(is_placed.any())


class BrokenRunError(GridfleetError, RuntimeError):
    """A run that a broken safety invariant ended. record: what there was until then, partial."""

    def __init__(self, text: str, record: RunRecord) -> None:
        super().__init__(text)
        self.record = record
