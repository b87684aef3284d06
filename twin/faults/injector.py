"""Lets the faults of a schedule happen, once per control cycle, and keeps what really happened.

Operations and kills are not done here but handed out: they concern the controller. Faults of one
kind and unit may overlap; the unit is well again when the last of them is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet_control.errors import FleetError
from fleet_control.operations import Operation, OperationKind
from layouts import Layout
from twin.faults.moments import Moments
from twin.faults.returns import Returns
from twin.faults.schedule import (
    LINK_KINDS,
    OPERATION_KINDS,
    Fault,
    FaultKind,
    FaultRecord,
    FaultSchedule,
)
from twin.faults.targets import FaultTargets
from twin.link import Noise

K = FaultKind
_ASKED_FIRST = {
    K.CLOSE_AREA: OperationKind.CLOSE_AREA,
    K.PAUSE: OperationKind.PAUSE,
    K.PAUSE_ALL: OperationKind.PAUSE_ALL,
    K.DRAIN: OperationKind.DRAIN,
}
_ASKED_LAST = {
    K.CLOSE_AREA: OperationKind.OPEN_AREA,
    K.PAUSE: OperationKind.RESUME,
    K.PAUSE_ALL: OperationKind.RESUME_ALL,
    K.DRAIN: OperationKind.UNDRAIN,
}


@dataclass(slots=True)
class _Active:
    """A fault that has begun. ends_s: when, if time ends it. is_off: its unit has been carried
    off. cell: where it happened."""

    number: int
    fault: Fault
    ends_s: float
    cell: int
    is_off: bool = False


class FaultInjector:
    """Raises FleetError for a schedule with faults of messages where there is no link.

    records: what was injected so far, in the order of beginning.
    """

    def __init__(self, schedule: FaultSchedule, targets: FaultTargets, layout: Layout) -> None:
        if schedule.needs_link and targets.link is None:
            first = next(fault for fault in schedule.faults if fault.kind in LINK_KINDS)
            raise FleetError(
                f"a fault of kind {first.kind} at {first.at_s:g} s needs a link to happen to, and "
                "units are reached without one; run with a link"
            )
        faults = list(enumerate(schedule.faults))
        self._kills = [(n, fault) for n, fault in faults if fault.kind is K.KILL_CONTROLLER]
        self._due = [(n, fault) for n, fault in faults if fault.kind is not K.KILL_CONTROLLER]
        self._targets, self._moments = targets, Moments(targets.world, layout)
        self._returns = Returns(targets, layout)
        self._active: list[_Active] = []
        self._operations: list[Operation] = []
        self._records: dict[int, FaultRecord] = {}

    @property
    def records(self) -> list[FaultRecord]:
        return list(self._records.values())

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen or end."""
        return not (self._due or self._kills or self._active)

    def act(self, now_s: float) -> None:
        """Let end and begin what is due; called once per control cycle."""
        for active in list(self._active):
            self._go_on(active, now_s)
        back = self._returns.act(now_s)
        self._operations += self._returns.take_operations()
        for unit in back:
            for active in [a for a in self._active if a.is_off and a.fault.unit == unit]:
                self._close(active, now_s)
        waiting = []
        for place, (number, fault) in enumerate(self._due):
            if fault.at_s > now_s:
                waiting += self._due[place:]
                break
            if self._can_begin(fault):
                self._start(number, fault, now_s)
            else:
                waiting.append((number, fault))
        self._due = waiting

    def due_kills(self, now_s: float) -> list[Fault]:
        """Kills of the controller that are due, each once; it is down for `lasts_s`."""
        due = [(number, fault) for number, fault in self._kills if fault.at_s <= now_s]
        self._kills = self._kills[len(due) :]
        for number, fault in due:
            ends_s = now_s + fault.lasts_s
            self._records[number] = FaultRecord(number, fault.kind, -1, -1, now_s, ends_s)
        return [fault for _, fault in due]

    def due_operations(self, now_s: float) -> list[Operation]:
        """What people ask of the controller now, each once. now_s: of the `act` before."""
        operations, self._operations = self._operations, []
        return operations

    def ask_again(self, operations: list[Operation]) -> None:
        """Nobody was there to listen: the same operations are due once more."""
        self._operations = [*operations, *self._operations]

    def _can_begin(self, fault: Fault) -> bool:
        if fault.unit < 0 or fault.kind in LINK_KINDS or fault.kind in OPERATION_KINDS:
            return True
        return not self._is_down(fault.unit) and self._moments.has_come(fault)

    def _is_down(self, unit: int) -> bool:
        return any(a.fault.unit == unit and a.fault.kind is K.DIE for a in self._active)

    def _start(self, number: int, fault: Fault, now_s: float) -> None:
        cell = fault.cells[0] if fault.cells else -1
        if fault.unit >= 0:
            cell = self._moments.cell_of(fault.unit)
        self._active.append(_Active(number, fault, now_s + fault.lasts_s, cell))
        self._records[number] = FaultRecord(
            number, fault.kind, fault.unit, cell, now_s, float("inf")
        )
        self._begin(fault)

    def _go_on(self, active: _Active, now_s: float) -> None:
        fault = active.fault
        if fault.kind is K.LIFT_FAILS:
            if self._targets.world.units["fails"][fault.unit] == 0:
                self._close(active, now_s)
        elif now_s < active.ends_s:
            return
        elif fault.is_removed and not active.is_off:
            self._returns.take_off(fault.unit)
            active.is_off, active.ends_s = True, now_s + fault.back_s
        elif fault.is_removed:
            self._returns.begin(fault.unit, active.cell, now_s)
            active.ends_s = float("inf")  # ends when the unit is at work again
        else:
            self._close(active, now_s)
            self._end(fault)

    def _close(self, active: _Active, now_s: float) -> None:
        self._active.remove(active)
        record = self._records[active.number]
        self._records[active.number] = replace(record, ended_s=now_s)

    def _same(self, fault: Fault) -> list[Fault]:
        """Faults that go on, of that kind and done to the same."""
        return [a.fault for a in self._active if _concerns(a.fault) == _concerns(fault)]

    def _begin(self, fault: Fault) -> None:
        units, world, unit = self._targets.units, self._targets.world, fault.unit
        match fault.kind:
            case K.STOP:
                units.set_stopped(unit, True)
            case K.SLOW:
                self._set_slow(fault)
            case K.DIE:
                units.break_down(unit)
            case K.REBOOT:
                units.reboot(unit, fault.lasts_s)
            case K.LOSE_PLACE:
                units.lose_place(unit)
            case K.LOW_BATTERY:
                units.set_low_battery(unit, True)
            case K.LIFT_FAILS:
                world.fail_acts(unit, fault.times)
            case K.BLOCK_CELL:
                world.place_obstacle(fault.cells[0])
            case K.LINK_DOWN:
                self._set_down(fault)
            case K.LINK_NOISE:
                self._set_noise(fault)
            case _:
                self._ask(fault, _ASKED_FIRST[fault.kind])

    def _end(self, fault: Fault) -> None:
        """The fault is no longer among those active, but others of its kind may be."""
        units, unit, goes_on = self._targets.units, fault.unit, bool(self._same(fault))
        match fault.kind:
            case K.STOP:
                units.set_stopped(unit, goes_on)
            case K.SLOW:
                self._set_slow(fault)
            case K.DIE:
                units.repair(unit)
            case K.LOSE_PLACE if not goes_on and not self._is_down(unit):
                units.find_place(unit)
            case K.LOW_BATTERY:
                units.set_low_battery(unit, goes_on)
            case K.BLOCK_CELL if not goes_on:
                self._targets.world.remove_obstacle(fault.cells[0])
            case K.LINK_DOWN:
                self._set_down(fault)
            case K.LINK_NOISE:
                self._set_noise(fault)
            case kind if kind in OPERATION_KINDS and not goes_on:
                self._ask(fault, _ASKED_LAST[kind])

    def _set_slow(self, fault: Fault) -> None:
        factors = [other.factor for other in self._same(fault)]
        self._targets.units.set_slow(fault.unit, min(factors, default=1.0))

    def _set_down(self, fault: Fault) -> None:
        assert self._targets.link is not None
        self._targets.link.set_down(bool(self._same(fault)), fault.unit)

    def _set_noise(self, fault: Fault) -> None:
        assert self._targets.link is not None
        latest = self._same(fault)[-1:]
        noises = [Noise(f.loss, f.duplicate, f.delay_s, f.reorder) for f in latest]
        self._targets.link.set_noise(noises[0] if noises else Noise(), fault.unit)

    def _ask(self, fault: Fault, kind: OperationKind) -> None:
        asked = Operation(kind, unit=fault.unit, name=fault.name)
        if kind is OperationKind.CLOSE_AREA:
            asked = replace(
                asked, cells=fault.cells, speed_m_s=fault.speed_m_s, margin=fault.margin
            )
        self._operations.append(asked)


def _concerns(fault: Fault) -> tuple[FaultKind, int, str, tuple[int, ...]]:
    return fault.kind, fault.unit, fault.name, fault.cells
