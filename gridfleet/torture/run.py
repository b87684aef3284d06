"""One case from its first cycle to its last, watched by the oracle at every cycle.

Faults happen for `faults_s` seconds; then everything that can be done has to be done within
`REST_S`, or the case counts as stuck. What breaks the controller ends the case and is told.
"""

from __future__ import annotations

import numpy as np

from fleet_control.allocation import optimal
from fleet_control.backend import Reports
from fleet_control.controller import Controller
from fleet_control.errors import FleetError
from fleet_control.events import EventKind, EventLog
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.work.fulfilment import FulfilmentWork
from fleet_control.work.options import FulfilmentOptions
from fleet_control.work.valve import Valve
from gridfleet.torture.case import Case, draw_case
from gridfleet.torture.goods import Goods
from gridfleet.torture.oracle import BodySizes, Oracle, Violation, say_waits
from gridfleet.torture.result import CaseResult
from gridfleet.torture.witness import WatchedPeople, scene_of, waits_of
from gridfleet.wiring import controller_options
from gridfleet.wiring.units import CYCLE_S
from twin.kinematic.engine import KinematicTwin
from twin.people import ServiceTimes
from twin.unit_model import DEFAULT_UNIT

PLANNER = "pibt"
SERVICE = ServiceTimes(line_s=3.0)
REST_S = 900.0
"""After the last fault, far more than any case needs that goes on at all."""


def run_case(seed: int) -> CaseResult:
    """Draw the case of the seed and run it."""
    return CaseRun(draw_case(seed)).run()


class CaseRun:
    """A case wired up. `run` runs it once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        layout, unit = case.layout, DEFAULT_UNIT
        self._log = EventLog()
        self._people = WatchedPeople(layout, case.seed, SERVICE)
        headings = np.zeros(case.n_units, dtype=np.int8)
        self.twin = KinematicTwin(
            layout, case.unit_cells, headings, case.pod_cells, self._people, unit
        )
        self.controller = self._make_controller()
        sizes = BodySizes(unit.length_m, unit.width_m, unit.pod_side_m, layout.cell_size_m)
        self.oracle = Oracle(layout, sizes, case.n_units, len(case.pod_cells))
        self.goods = _goods_of(case)
        self._cycle = 0

    def _make_controller(self) -> Controller:
        case = self.case
        grid = grid_of(case.layout, lanes_of(case.layout))
        options = PlannerOptions(seed=case.seed)
        planner = planner_named(PLANNER, grid, case.n_units, options)
        self._work = FulfilmentWork(
            case.layout, case.orders, case.inventory(), case.n_units, self._log, FulfilmentOptions()
        )
        valve = Valve(self._work, case.n_units)
        controller = Controller(
            grid, self.twin.connect(), planner, valve, optimal,
            controller_options(DEFAULT_UNIT, case.layout.cell_size_m, case.max_working), self._log,
        )  # fmt: skip
        valve.watch(lambda: controller.executor.cells_now, grid.zones >= 0)
        return controller

    def run(self) -> CaseResult:
        """To the end of the work, or until it is stuck or broken."""
        extra: list[Violation] = []
        is_stuck = False
        try:
            reports = self.twin.advance(0.0)
            while not self._is_over():
                if self.now_s >= self.case.faults_s + REST_S:
                    is_stuck = True
                    break
                reports = self._step(reports)
        except FleetError as error:
            extra.append(Violation(self.now_s, "halted", f"{type(error).__name__}: {error}"))
        if is_stuck:
            extra += [Violation(self.now_s, "stuck", what) for what in self._say_stuck()]
        return self._result(extra, is_stuck)

    @property
    def now_s(self) -> float:
        return self._cycle * CYCLE_S

    def _step(self, reports: Reports) -> Reports:
        """One control cycle; the oracle looks when the commands of it are out."""
        self.twin.send(self.controller.step(reports))
        self.oracle.look(scene_of(self.twin, self.controller))
        self._cycle += 1
        reports = self.twin.advance(self.now_s)
        for handling in self._people.take_handlings(self.twin):
            self.goods.note(handling)
        return reports

    def _is_over(self) -> bool:
        """The faults are over, all orders are done, and no unit has anything left to do."""
        if self.now_s < self.case.faults_s or self._cycle % 5:
            return False
        return self._work.orders_done == self.case.orders.n_orders and not self.controller.n_working

    def _say_stuck(self) -> list[str]:
        n_open = len(self.goods.open)
        told = f"{n_open} lines are not done, {REST_S:g} s after the last fault"
        return [told, *say_waits(self.case.layout, waits_of(self.controller))]

    def _result(self, extra: list[Violation], is_stuck: bool) -> CaseResult:
        contacts = [
            Violation(contact.time_s, "overlap", f"unit {contact.unit} touched {contact.other}")
            for contact in self.twin.take_contacts()
        ]
        lost, doubled = self._count_tasks(is_over=not (extra or is_stuck))
        found = [*self.oracle.violations, *contacts, *self.goods.violations, *lost, *doubled]
        found = sorted([*found, *extra], key=lambda violation: violation.time_s)
        return CaseResult(
            seed=self.case.seed,
            faults={},
            overlaps=sum(violation.kind == "overlap" for violation in found),
            lost_tasks=len(lost),
            doubled_tasks=len(doubled) + len(self.goods.doubled),
            is_stuck=is_stuck,
            violations=tuple(found),
            sim_s=self.now_s,
        )

    def _count_tasks(self, is_over: bool) -> tuple[list[Violation], list[Violation]]:
        """Lines and trips with pods that are lost: told to be done, or nobody's, and not done; and
        trips that ended twice."""
        events = self._log.columns()
        kinds = events["kind"]
        told = set(events["line"][np.isin(kinds, (EventKind.LINE_DONE, EventKind.RETURN_DONE))].tolist())
        ended = events["task"][kinds == EventKind.TASK_DONE].tolist()
        opened = set(events["task"][kinds == EventKind.TASK_OPENED].tolist())
        lost = [
            f"line {line} is not done, but told to be" if line in told else f"line {line} is lost"
            for line in self.goods.open
            if line in told or is_over
        ]
        if is_over:
            lost += [f"task {task} was never finished" for task in sorted(opened - set(ended))]
        doubled = [f"task {task} ended twice" for task in sorted(opened) if ended.count(task) > 1]
        return (
            [Violation(self.now_s, "goods", what) for what in lost],
            [Violation(self.now_s, "goods", what) for what in doubled],
        )


def _goods_of(case: Case) -> Goods:
    orders = case.orders
    stock = {
        (pod, sku): units
        for pod, sku, units in zip(
            case.stock_pods.tolist(), case.stock_skus.tolist(), case.stock_units.tolist(),
            strict=True,
        )
    }  # fmt: skip
    return Goods(
        dict(enumerate(orders.line_quantity.tolist())), dict(enumerate(orders.line_sku.tolist())),
        stock,
    )  # fmt: skip
