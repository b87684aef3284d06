"""A world in which things go wrong: the twin behind a link, and a schedule of faults."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from fleet_control.operations import Operation
from layouts import Layout
from twin.faults.injector import FaultInjector
from twin.faults.schedule import Fault, FaultRecord, FaultSchedule
from twin.faults.targets import FaultTargets
from twin.floor.twin import Twin
from twin.linked import LinkedTwin

if TYPE_CHECKING:
    from fleet_control.controller import Controller


class ControllerBooks:
    """What people see of the controller that is at work now, before they put a unit down."""

    def __init__(self, controller: Callable[[], Controller]) -> None:
        self._controller = controller

    def is_held(self, cell: int) -> bool:
        return bool(self._controller().executor.owners[cell] >= 0)

    def is_admitted(self, unit: int) -> bool:
        return bool(self._controller().executor.is_present[unit])


class TroubledWorld:
    """backend: what the controller speaks to. Faults happen in `act`, once a control cycle."""

    def __init__(
        self, layout: Layout, twin: Twin, schedule: FaultSchedule, seed: int,
        books: ControllerBooks,
    ) -> None:  # fmt: skip
        self.backend = LinkedTwin(layout, twin, seed)
        targets = FaultTargets(twin, self.backend.agents, self.backend.link, books)
        self._injector = FaultInjector(schedule, targets, layout)

    @property
    def records(self) -> list[FaultRecord]:
        """What was injected so far."""
        return self._injector.records

    def act(self, now_s: float) -> tuple[list[Operation], Fault | None]:
        """Let happen what is due. Returns what people ask of the controller now, and the fault that
        kills it in this cycle, if one does."""
        self._injector.act(now_s)
        kills = self._injector.due_kills(now_s)
        return self._injector.due_operations(now_s), kills[0] if kills else None

    def go_without_controller(
        self, operations: list[Operation], cycle: int, down_s: float, cycle_s: float
    ) -> int:
        """The controller is dead from that cycle on; nobody hears what people ask, so they ask
        again. Returns the first cycle for which it is back."""
        self._injector.ask_again(operations)
        for _ in range(max(1, math.ceil(down_s / cycle_s))):
            cycle += 1
            self._injector.act(cycle * cycle_s)
            self._injector.due_kills(cycle * cycle_s)  # dead already
            self.backend.advance_alone(cycle * cycle_s)
        return cycle
