"""Who waits for whom, down to the unit at the end of the chain, and why that one stands.

Two kinds of wait. A unit waits for the one whose ticket is up in its next cell (wait_kernels.py).
One that has driven all that was planned for it and has not reached its goal waits for whoever has
the cell that it would go to next: the planner leaves it where it is, for the other would not move.
Chains of the first kind have an end, since no step with a ring is ever committed; a ring of these
is a broken invariant. Units that stand in each other's way in the planner's eyes are a jam, and the
planner's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.execution.executor import Executor
from fleet_control.execution.wait_kernels import FREE, LOST, RING, find_roots
from layouts import Layout
from layouts.words import listed

MOST_UNITS = 8
"""Units that a sentence names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Holdup:
    """A unit that waits for nobody, and all that wait until it goes on.

    unit, cell: where it stands or passed last. stood_s: for how long it has done no step. reason:
    why, in a word or two. waiting: ascending, those that wait for it through others included.
    """

    unit: int
    cell: int
    stood_s: float
    reason: str
    waiting: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """holdups: those with most waiting first. rings: units that wait for each other by their
    tickets, which must not be. jams: units in each other's way, in the order of waiting, from the
    lowest on. lost: units that wait for a ticket which nobody has, which must not be either.
    """

    holdups: tuple[Holdup, ...]
    rings: tuple[tuple[int, ...], ...]
    jams: tuple[tuple[int, ...], ...]
    lost: tuple[int, ...]

    @property
    def is_broken(self) -> bool:
        """Whether some unit can never be released its next step, whatever the others do."""
        return bool(self.rings or self.lost)

    def sentences(self, layout: Layout) -> list[str]:
        """What there is to say, for people; the worst first, no full stops."""
        told = [
            f"{say_units(ring)} wait for each other in a ring: the order of visits is broken, take "
            "one of them off the floor"
            for ring in self.rings
        ]
        if self.lost:
            told.append(
                f"{say_units(self.lost)} {say_verb(self.lost, 'wait')} for a cell that nobody has "
                "to leave: the order of visits is broken"
            )
        told += [
            f"{say_units(hold.waiting)} {say_verb(hold.waiting, 'wait')} for unit {hold.unit}, "
            f"which has stood at {layout.place(hold.cell)} for {hold.stood_s:.0f} s ({hold.reason})"
            for hold in self.holdups
        ]
        return told + [f"{say_units(jam)} stand in each other's way" for jam in self.jams]


class WaitWatch:
    """Remembers since when each unit has done no step. To be kept up to date every few seconds.

    stood_since_s: float64[n_units], when the unit's last step was noticed.
    """

    def __init__(self, n_units: int, now_s: float) -> None:
        self.stood_since_s = np.full(n_units, now_s)
        self._done = np.full(n_units, -1, dtype=np.int32)

    def note(self, now_s: float, executor: Executor) -> None:
        """Who has done a step since the last time. A stream that begins again counts as one."""
        self.stood_since_s[executor.done != self._done] = now_s
        np.copyto(self._done, executor.done)

    def report(
        self, now_s: float, executor: Executor, wants: NDArray[np.int32] | None = None,
        reasons: Mapping[int, str] | None = None, after_s: float = 10.0,
    ) -> Waits:  # fmt: skip
        """Who waits for whom now.

        wants: int32[n_units], cell that the planner would take each unit to next if it were alone,
        -1 for none. reasons: of units that are known not to go on. after_s: units that have done a
        step since then hold nobody up, and nobody waits who has.
        """
        stands = now_s - self.stood_since_s >= after_s
        waits_for, goes_on = executor.waits()
        roots = _roots(waits_for, goes_on)
        lost = np.flatnonzero(waits_for == LOST).tolist()
        rings = _rings(waits_for, goes_on, roots)
        if wants is not None:
            _add_wishes(executor, wants, waits_for, goes_on)
        waiting = defaultdict(list)
        jam_roots = _roots(waits_for, goes_on)
        for unit in np.flatnonzero((jam_roots >= 0) & stands).tolist():
            waiting[int(jam_roots[unit])].append(unit)
        holdups = [
            self._holdup(now_s, executor, unit, units, reasons or {})
            for unit, units in waiting.items()
            if stands[unit]
        ]
        holdups.sort(key=lambda hold: (-len(hold.waiting), hold.unit))
        jams = [jam for jam in _rings(waits_for, goes_on, jam_roots) if jam not in rings]
        jams = [jam for jam in jams if stands[list(jam)].all()]
        return Waits(tuple(holdups), tuple(rings), tuple(jams), tuple(lost))

    def _holdup(
        self, now_s: float, executor: Executor, unit: int, waiting: Sequence[int],
        reasons: Mapping[int, str],
    ) -> Holdup:  # fmt: skip
        stood_s = now_s - float(self.stood_since_s[unit])
        reason = reasons.get(unit) or _reason(executor, unit)
        return Holdup(unit, executor.cell_now(unit), stood_s, reason, tuple(waiting))


def broken_waits(executor: Executor) -> Waits:
    """Rings and lost units alone: a quick look whether the order of visits is sound."""
    waits_for, goes_on = executor.waits()
    roots = _roots(waits_for, goes_on)
    if (roots > RING).all():
        return Waits((), (), (), ())
    lost = np.flatnonzero(waits_for == LOST).tolist()
    return Waits((), tuple(_rings(waits_for, goes_on, roots)), (), tuple(lost))


def _roots(waits_for: NDArray[np.int32], goes_on: NDArray[np.bool_]) -> NDArray[np.int32]:
    roots = np.empty_like(waits_for)
    find_roots(waits_for, goes_on, roots, np.empty_like(waits_for))
    return roots


def _rings(
    waits_for: NDArray[np.int32], goes_on: NDArray[np.bool_], roots: NDArray[np.int32]
) -> list[tuple[int, ...]]:
    """The rings themselves, without the units that wait for one of their members."""
    rings: list[tuple[int, ...]] = []
    left = set(np.flatnonzero(roots == RING).tolist())
    while left:
        trail = [min(left)]
        while (following := int(waits_for[trail[-1]])) in left and following not in trail:
            trail.append(following)
        if following in trail:
            ring = trail[trail.index(following) :]
            turn = ring.index(min(ring))
            rings.append(tuple(ring[turn:] + ring[:turn]))
        left -= set(trail)
    return sorted(rings)


def _add_wishes(
    executor: Executor, wants: NDArray[np.int32], waits_for: NDArray[np.int32],
    goes_on: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Let units whose path is driven to its end wait for whoever has the cell they want next."""
    at_end = np.full(len(executor.owners), -1, dtype=np.int32)
    here = np.flatnonzero(executor.is_present)
    at_end[executor.end_cells[here]] = here
    is_driven = executor.is_present & (executor.done == executor.committed) & (waits_for == FREE)
    units = np.flatnonzero(is_driven & (wants >= 0))
    others = at_end[wants[units]]
    is_taken = (others >= 0) & (others != units)
    waits_for[units[is_taken]] = others[is_taken]
    goes_on[units[is_taken]] = True


def _reason(executor: Executor, unit: int) -> str:
    """Why a unit that waits for nobody stands, as far as its steps tell."""
    if executor.done[unit] < executor.released[unit]:
        return "stopped"
    if executor.released[unit] < executor.committed[unit]:
        return "held back"
    return "nothing to do"


def say_units(units: Sequence[int]) -> str:
    """Units for people: "unit 4", "units 4, 7 and 9"."""
    told = [str(unit) for unit in units[:MOST_UNITS]]
    if len(units) > MOST_UNITS:
        told.append(f"{len(units) - MOST_UNITS} more")
    return f"{'unit' if len(units) == 1 else 'units'} {listed(told)}"


def say_verb(units: Sequence[int], verb: str) -> str:
    """The verb of a sentence about them: "waits", "wait"."""
    return f"{verb}s" if len(units) == 1 else verb
