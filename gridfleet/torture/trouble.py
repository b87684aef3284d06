"""Lets the faults of a case happen to its world, and asks of the controller what people ask then.

Whoever takes a unit off the floor says so; whoever puts one back closes the cell first, and opens
it when the unit has been admitted: nobody could stop the holder of a cell in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from fleet_control.controller import Controller
from fleet_control.operations import Operation, OperationKind
from gridfleet.torture.faults import Fault, FaultKind
from gridfleet.torture.world import World
from layouts import AISLE_KINDS, CellKind, Layout
from twin.agents import Agents
from twin.link import Noise

ASK_AGAIN_S = 5.0
"""Between two requests of somebody who waits for a unit to be admitted."""
OTHER_PLACE_S = 40.0
"""Who waits so long for a place to become empty opens it again and looks for another."""


class Trouble:
    """What of the faults is due, is going on, and has happened.

    counts: faults that have begun, by kind. ends_s: when the last one is over, as drawn.
    """

    def __init__(self, faults: list[Fault], world: World, layout: Layout) -> None:
        self._due = [fault for fault in faults if fault.kind is not FaultKind.KILL]
        self._kills = [fault for fault in faults if fault.kind is FaultKind.KILL]
        self._going_on: list[Fault] = []
        self._world, self._layout = world, layout
        self._operations: list[Operation] = []
        self._returns: dict[int, tuple[int, float]] = {}
        self.counts: Counter[str] = Counter()
        self.ends_s = max((fault.ends_s for fault in faults), default=0.0)
        self._begin: dict[FaultKind, Callable[[Fault], None]] = {
            FaultKind.LINK_NOISE: self._make_noise,
            FaultKind.LINK_DOWN: lambda fault: self._set_down(fault, True),
            FaultKind.STOP: lambda fault: self._agents.set_stopped(fault.unit, True),
            FaultKind.SLOW: lambda fault: self._agents.set_slow(fault.unit, fault.amount),
            FaultKind.DIE: lambda fault: self._agents.break_down(fault.unit),
            FaultKind.REBOOT: lambda fault: self._agents.reboot(fault.unit, fault.lasts_s),
            FaultKind.LOSE_PLACE: lambda fault: self._agents.lose_place(fault.unit),
            FaultKind.LIFT_FAILS: lambda fault: world.twin.fail_acts(fault.unit, int(fault.amount)),
            FaultKind.LOW_BATTERY: lambda fault: self._agents.set_low_battery(fault.unit, True),
            FaultKind.BLOCK_CELL: lambda fault: self._drop_on(fault.cells[0]),
            FaultKind.TAKE_OFF: self._take_off,
            FaultKind.PAUSE: lambda fault: self._ask(OperationKind.PAUSE, unit=fault.unit),
            FaultKind.PAUSE_ALL: lambda _: self._ask(OperationKind.PAUSE_ALL),
            FaultKind.CLOSE_AREA: lambda fault: self._close(_name(fault), fault.cells),
        }
        self._end: dict[FaultKind, Callable[[Fault], None]] = {
            FaultKind.LINK_NOISE: lambda _: world.backend.link.set_noise(Noise()),
            FaultKind.LINK_DOWN: lambda fault: self._set_down(fault, False),
            FaultKind.STOP: lambda fault: self._agents.set_stopped(fault.unit, False),
            FaultKind.SLOW: lambda fault: self._agents.set_slow(fault.unit, 1.0),
            FaultKind.DIE: lambda fault: self._agents.repair(fault.unit),
            FaultKind.LOSE_PLACE: lambda fault: self._agents.find_place(fault.unit),
            FaultKind.LOW_BATTERY: lambda fault: self._agents.set_low_battery(fault.unit, False),
            FaultKind.BLOCK_CELL: lambda fault: world.twin.remove_obstacle(fault.cells[0]),
            FaultKind.TAKE_OFF: self._plan_return,
            FaultKind.PAUSE: lambda fault: self._ask(OperationKind.RESUME, unit=fault.unit),
            FaultKind.PAUSE_ALL: lambda _: self._ask(OperationKind.RESUME_ALL),
            FaultKind.CLOSE_AREA: lambda fault: self._ask(OperationKind.OPEN_AREA, _name(fault)),
        }

    @property
    def _agents(self) -> Agents:
        return self._world.backend.agents

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen, and nothing is going on."""
        return not (self._due or self._kills or self._going_on or self._returns)

    @property
    def away(self) -> list[int]:
        """Units that were carried off and have not been admitted again."""
        return sorted(self._returns)

    def act(self, now_s: float, controller: Controller) -> list[Operation]:
        """Let begin and end what is due; returns what people ask of the controller now."""
        for fault in [fault for fault in self._going_on if fault.ends_s <= now_s]:
            self._going_on.remove(fault)
            if fault.kind in self._end:
                self._end[fault.kind](fault)
        while self._due and self._due[0].at_s <= now_s:
            fault = self._due.pop(0)
            if self._can_happen(fault):
                self.counts[fault.kind] += 1
                self._begin[fault.kind](fault)
                self._going_on.append(fault)
        for unit in list(self._returns):
            self._bring_back(unit, now_s, controller)
        operations, self._operations = self._operations, []
        return operations

    def ask_again(self, operations: list[Operation]) -> None:
        """Nobody was there to listen: people ask once more."""
        self._operations = operations + self._operations

    def due_kill(self, now_s: float) -> Fault | None:
        if not self._kills or self._kills[0].at_s > now_s:
            return None
        self.counts[FaultKind.KILL] += 1
        return self._kills.pop(0)

    def _can_happen(self, fault: Fault) -> bool:
        """A unit that is off the floor has no faults, and one fault of a kind at a time."""
        unit = fault.unit
        if any(on.kind is fault.kind and on.unit == unit for on in self._going_on):
            return False
        is_of_unit = unit >= 0 and fault.kind not in (FaultKind.LINK_DOWN, FaultKind.PAUSE)
        if is_of_unit and (self._world.twin.is_off[unit] or unit in self._returns):
            return False
        if fault.kind is FaultKind.TAKE_OFF:  # it comes back well: nothing else may be going on
            is_well = not any(on.unit == unit for on in self._going_on)
            return is_well and not self._is_at_station(unit)
        going_on = any(on.kind is FaultKind.TAKE_OFF and on.unit == unit for on in self._going_on)
        return not (is_of_unit and going_on)

    def _is_at_station(self, unit: int) -> bool:
        """Where people may be at its pod: nobody takes it away under their hands."""
        x, y, _ = self._world.twin.poses()[unit].tolist()
        kind = self._layout.kinds[self._layout.cell_at(x, y)]
        return kind in (CellKind.STATION, CellKind.QUEUE)

    def _ask(self, kind: OperationKind, name: str = "", unit: int = -1) -> None:
        self._operations.append(Operation(kind, unit=unit, name=name))

    def _close(self, name: str, cells: tuple[int, ...]) -> None:
        asked = Operation(OperationKind.CLOSE_AREA, name=name, cells=cells, speed_m_s=0.5)
        self._operations.append(asked)

    def _make_noise(self, fault: Fault) -> None:
        self._world.backend.link.set_noise(Noise(*fault.noise))

    def _set_down(self, fault: Fault, is_down: bool) -> None:
        self._world.backend.link.set_down(is_down, fault.unit)

    def _drop_on(self, cell: int) -> None:
        self._world.twin.place_obstacle(cell)

    def _take_off(self, fault: Fault) -> None:
        self._agents.take_off(fault.unit)
        self._ask(OperationKind.REMOVE, unit=fault.unit)

    # Bringing a unit back

    def _plan_return(self, fault: Fault) -> None:
        self._returns[fault.unit] = -1, 0.0

    def _bring_back(self, unit: int, now_s: float, controller: Controller) -> None:
        """Close a free cell, put the unit there once the area is empty, open it once it is in."""
        cell, since_s = self._returns[unit]
        executor, name = controller.executor, f"return of {unit}"
        if cell < 0:
            cell = self._free_cell(controller, now_s)
            if cell >= 0:
                self._close(name, (cell,))
                self._returns[unit] = cell, now_s
        elif unit not in self._world.strangers:
            if now_s > since_s and _is_empty(controller, name):
                self._agents.put_on(unit, cell, 0, start_s=1.0)
                self._world.strangers.add(unit)
                self._returns[unit] = cell, now_s
            elif now_s > since_s + OTHER_PLACE_S:
                self._ask(OperationKind.OPEN_AREA, name)
                self._returns[unit] = -1, now_s
        elif executor.is_present[unit] and executor.cell_now(unit) == cell:
            self._ask(OperationKind.OPEN_AREA, name)
            self._world.strangers.discard(unit)
            del self._returns[unit]
        elif now_s > since_s + ASK_AGAIN_S:
            self._ask(OperationKind.ADMIT, unit=unit)
            self._returns[unit] = cell, now_s

    def _free_cell(self, controller: Controller, now_s: float) -> int:
        """A cell of an aisle that nobody holds and nothing lies on, or -1; others later."""
        aisle = self._layout.cells_of(*AISLE_KINDS)
        free = controller.executor.owners[aisle] < 0
        has_way = self._layout.neighbours[aisle].max(axis=1) >= 0
        taken = {cell for cell, _ in self._returns.values()}
        taken |= {cell for fault in self._going_on for cell in fault.cells}
        cells = [cell for cell in aisle[free & has_way].tolist() if cell not in taken]
        return cells[(len(cells) // 2 + int(now_s / OTHER_PLACE_S)) % len(cells)] if cells else -1


def _is_empty(controller: Controller, area: str) -> bool:
    """Whether the area is shown as closed, with nobody inside."""
    supervisor = controller.supervisor
    return area in supervisor.books.closures.areas and not supervisor.operating.inside(area)


def _name(fault: Fault) -> str:
    return f"area at {fault.at_s:.3f}"
