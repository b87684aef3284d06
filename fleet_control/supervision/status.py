"""The fleet in words, for whoever has to act: who is how, what is closed, who has not confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.supervisor import Supervisor

STOPPED_AFTER_S = 5.0
"""A unit that has steps to do and has done none for so long is shown as stopped."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """cell: where it is, -1 for a unit that is not on the floor. has_task. is_led_around: its cells
    are closed to the others."""

    unit: int
    status: UnitStatus
    cell: int
    has_task: bool
    is_led_around: bool


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """units: all of them. unconfirmed: asked to stand, and have not said that they do: until this
    is empty nothing is stopped. is_all_stopped: everyone was asked to stand and has confirmed.
    areas: name of every closed area -> units that are still inside. stranded: units without a way
    to their goal. n_closed: cells that nobody enters."""

    time_s: float
    units: tuple[UnitState, ...]
    unconfirmed: tuple[int, ...]
    is_all_stopped: bool
    is_draining: bool
    is_drained: bool
    areas: dict[str, tuple[int, ...]]
    stranded: tuple[int, ...]
    n_closed: int


def status_of(supervisor: Supervisor) -> FleetStatus:
    """How the fleet is now."""
    books, operating = supervisor.books, supervisor.operating
    unconfirmed = operating.unconfirmed()
    return FleetStatus(
        time_s=books.now_s,
        units=tuple(_unit_state(supervisor, unit) for unit in range(len(books.executor.done))),
        unconfirmed=tuple(unconfirmed),
        is_all_stopped=operating.is_all_paused and not unconfirmed,
        is_draining=operating.is_draining,
        is_drained=operating.is_draining and not books.driving.n_working,
        areas={name: tuple(operating.inside(name)) for name in books.closures.areas},
        stranded=tuple(books.driving.stranded()),
        n_closed=int(books.executor.is_closed.sum()),
    )


def _unit_state(supervisor: Supervisor, unit: int) -> UnitState:
    books = supervisor.books
    is_here = bool(books.executor.is_present[unit])
    return UnitState(
        unit=unit,
        status=supervisor.roster.status(unit, books.now_s, STOPPED_AFTER_S),
        cell=books.executor.cell_now(unit) if is_here else -1,
        has_task=not books.driving.is_free[unit] and unit not in books.driving.parking,
        is_led_around=unit in books.closures.units,
    )
