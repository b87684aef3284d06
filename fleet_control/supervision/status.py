"""The fleet in words, for whoever has to act: who is how, what is closed, who has not confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.execution.waits import Holdup, Waits, say_units, say_verb
from fleet_control.execution.wandering import Wanderer
from fleet_control.mapf.reach import CutOff
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.supervisor import Supervisor
from layouts import Layout


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
    awaited: units of which nobody knows where they stand; nothing moves until that is known.
    areas: name of every closed area -> units that are still inside. stranded: units without a way
    to their goal. n_closed: cells that nobody enters. holdups, jams: who waits for whom.
    wanderers: units that drive and get nowhere. cut_off: what cannot be reached because of what is
    closed, as of the last look."""

    time_s: float
    units: tuple[UnitState, ...]
    unconfirmed: tuple[int, ...]
    awaited: tuple[int, ...]
    is_all_stopped: bool
    is_draining: bool
    is_drained: bool
    areas: dict[str, tuple[int, ...]]
    stranded: tuple[int, ...]
    n_closed: int
    holdups: tuple[Holdup, ...]
    jams: tuple[tuple[int, ...], ...]
    wanderers: tuple[Wanderer, ...]
    cut_off: CutOff

    def sentences(self, layout: Layout) -> list[str]:
        """What is wrong with the floor as a whole, for people; no full stops."""
        cut_off = [] if self.cut_off.is_harmless else [self.cut_off.text]
        wandering = [wanderer.sentence(layout) for wanderer in self.wanderers]
        waits = Waits(self.holdups, (), self.jams, ())
        return [*self._roll_call(), *cut_off, *waits.sentences(layout), *wandering]

    def _roll_call(self) -> list[str]:
        if not self.awaited:
            return []
        it = "it" if len(self.awaited) == 1 else "each"
        return [
            f"nothing moves until it is known where {say_units(self.awaited)} "
            f"{say_verb(self.awaited, 'stand')}: see that {it} is on and knows its place, or is "
            "off the floor, and say which are"
        ]


def status_of(supervisor: Supervisor) -> FleetStatus:
    """How the fleet is now."""
    books, operating = supervisor.books, supervisor.operating
    unconfirmed, waits = operating.unconfirmed(), supervisor.watch.waits()
    return FleetStatus(
        time_s=books.now_s,
        units=tuple(_unit_state(supervisor, unit) for unit in range(len(books.executor.done))),
        unconfirmed=tuple(unconfirmed),
        awaited=tuple(supervisor.roll_call.awaited()),
        is_all_stopped=operating.is_all_paused and not unconfirmed,
        is_draining=books.driving.is_draining,
        is_drained=books.driving.is_draining and not books.driving.n_working,
        areas={name: tuple(operating.inside(name)) for name in books.closures.areas},
        stranded=tuple(books.driving.stranded()),
        n_closed=int(books.executor.is_closed.sum()),
        holdups=waits.holdups,
        jams=waits.jams,
        wanderers=tuple(supervisor.watch.wanderers()),
        cut_off=supervisor.watch.cut_off,
    )


def _unit_state(supervisor: Supervisor, unit: int) -> UnitState:
    books = supervisor.books
    is_here = bool(books.executor.is_present[unit])
    return UnitState(
        unit=unit,
        status=supervisor.watch.status(unit),
        cell=books.executor.cell_now(unit) if is_here else -1,
        has_task=not books.driving.is_free[unit] and unit not in books.driving.parking,
        is_led_around=unit in books.closures.units,
    )
