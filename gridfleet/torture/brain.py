"""The controller of a case, which can be killed and comes back by its inputs.

It is a deterministic function of its inputs, so a new one that is given the same inputs again is
the old one again, up to the last cycle that was noted before it was killed. What has happened since
it learns from the backend, as at every start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet_control.allocation import optimal
from fleet_control.backend import Backend, Commands, FleetState, Reports
from fleet_control.controller import Controller
from fleet_control.events import EventLog
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.operations import Operation
from fleet_control.work.fulfilment import FulfilmentWork
from fleet_control.work.options import FulfilmentOptions
from fleet_control.work.valve import Valve
from gridfleet.torture.case import Case
from gridfleet.wiring import controller_options

PLANNER = "pibt"


@dataclass(frozen=True, slots=True, eq=False)
class Mind:
    """All that is lost when a controller is killed."""

    controller: Controller
    work: FulfilmentWork
    log: EventLog


class Brain:
    """The controller of a case.

    mind: the one that decides; while the controller is down, the one that did last.
    """

    def __init__(self, case: Case, state: FleetState) -> None:
        self._case, self._state = case, state
        self._inputs: list[tuple[Reports, tuple[Operation, ...]] | FleetState] = []
        self.mind = make_mind(case, state)

    def step(self, reports: Reports, operations: Sequence[Operation]) -> Commands:
        """One control cycle, its input noted first."""
        self._inputs.append((reports, tuple(operations)))
        return self.mind.controller.step(reports, operations)

    def recover(self, backend: Backend) -> None:
        """A new controller goes through all inputs of the one that was killed, asks the backend
        what has happened since, and tells it all that it may not have been told."""
        self.mind = make_mind(self._case, self._state)
        for noted in self._inputs:
            if isinstance(noted, FleetState):
                self.mind.controller.reconcile(noted)
            else:
                self.mind.controller.step(*noted)
        state = backend.connect()
        self._inputs.append(state)
        backend.send(self.mind.controller.reconcile(state))

    @property
    def is_done(self) -> bool:
        """Whether it holds everything to be done."""
        mind = self.mind
        return mind.work.orders_done == self._case.orders.n_orders and not mind.controller.n_working


def make_mind(case: Case, state: FleetState) -> Mind:
    """Grid, planner, work and controller of the case, from the beginning."""
    log = EventLog()
    grid = grid_of(case.layout, lanes_of(case.layout))
    planner = planner_named(PLANNER, grid, case.n_units, PlannerOptions(seed=case.seed))
    stock = case.inventory()
    work = FulfilmentWork(case.layout, case.orders, stock, case.n_units, log, FulfilmentOptions())
    valve = Valve(work, case.n_units)
    options = controller_options(case.unit, case.layout.cell_size_m, case.max_working)
    controller = Controller(grid, state, planner, valve, optimal, options, log)
    valve.watch(controller.executor.find_cells, grid.zones)
    return Mind(controller, work, log)
