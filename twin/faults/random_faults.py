"""Fault schedules drawn from a seed: faults of each kind come at their own constant rate.

Each kind has a stream of times, and each fault a stream for all else, so that neither another kind
beside it nor another floor or fleet changes when the k-th fault of a kind comes, how long it lasts
or how bad it is. Its unit and its cell are numbers from 0 to 1, mapped onto those that there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from fleet_control.draws import stream
from layouts import AISLE_KINDS, CellKind, Layout
from twin.faults.schedule import Fault, FaultKind, FaultSchedule, KillPoint, Where, schedule_of

PURPOSE = 0xFA177
"""Key of these random streams among all streams of a seed."""
MEAN_S = {
    FaultKind.STOP: 90.0,
    FaultKind.SLOW: 300.0,
    FaultKind.DIE: 600.0,
    FaultKind.REBOOT: 30.0,
    FaultKind.LOSE_PLACE: 120.0,
    FaultKind.LOW_BATTERY: 900.0,
    FaultKind.LIFT_FAILS: math.inf,
    FaultKind.BLOCK_CELL: 300.0,
    FaultKind.LINK_DOWN: 30.0,
    FaultKind.LINK_NOISE: 300.0,
    FaultKind.KILL_CONTROLLER: 15.0,
    FaultKind.CLOSE_AREA: 300.0,
    FaultKind.PAUSE: 60.0,
    FaultKind.PAUSE_ALL: 30.0,
    FaultKind.DRAIN: 120.0,
}
"""Mean time that a fault lasts, exponentially distributed, but SHORTEST_S at least. Assumed, as are
the shares below: floors differ, and a file says what is known of one."""
SHORTEST_S = 5.0
WHERE = (Where.ANYWHERE, Where.MID_EDGE, Where.UNDER_POD, Where.LADEN)
DEFAULT_KINDS = tuple(
    kind
    for kind in FaultKind
    if kind not in (FaultKind.KILL_CONTROLLER, FaultKind.PAUSE_ALL, FaultKind.DRAIN)
)
"""Kinds of a random schedule that names none: all but those that stop the whole floor."""
Choice = TypeVar("Choice")


def random_schedule(
    seed: int, per_hour: Mapping[FaultKind, float], hours: float, layout: Layout, n_units: int
) -> FaultSchedule:
    """Faults of those kinds at those rates over the whole run."""
    faults = []
    for number, kind in enumerate(FaultKind):
        if per_hour.get(kind, 0.0) <= 0.0:
            continue
        times, at_s, nth = stream(seed, PURPOSE, number), 0.0, 0
        while (at_s := at_s + float(times.exponential(3600.0 / per_hour[kind]))) < hours * 3600.0:
            rng = stream(seed, PURPOSE, number, nth)
            faults.append(_draw(rng, kind, round(at_s, 1), layout, n_units))
            nth += 1
    return schedule_of(faults)


def _draw(
    rng: np.random.Generator, kind: FaultKind, at_s: float, layout: Layout, n_units: int
) -> Fault:
    """Everything is drawn before it is mapped onto the floor and the fleet."""
    lasts_s = MEAN_S[kind]
    if math.isfinite(lasts_s):
        lasts_s = round(max(SHORTEST_S, float(rng.exponential(lasts_s))), 1)
    of_units, of_cells, of_where, *figures = rng.random(8).tolist()
    fault = Fault(kind, at_s, lasts_s, unit=int(of_units * n_units))
    match kind:
        case FaultKind.SLOW:
            return replace(fault, factor=_between(0.1, 0.8, figures[0]))
        case FaultKind.DIE:
            is_removed = figures[0] < 0.5
            back_s = lasts_s if is_removed else math.inf
            return replace(
                fault, where=_one_of(WHERE, of_where), is_removed=is_removed, back_s=back_s
            )
        case FaultKind.REBOOT:
            return replace(fault, where=_one_of(WHERE, of_where))
        case FaultKind.LIFT_FAILS:
            return replace(fault, times=_one_of((1, 2, 3), figures[0]))
        case FaultKind.BLOCK_CELL:
            return replace(fault, unit=-1, cells=(_aisle_cell(of_cells, layout),))
        case FaultKind.LINK_DOWN:
            return replace(fault, unit=-1 if figures[0] < 0.1 else fault.unit)
        case FaultKind.LINK_NOISE:
            loss, duplicate, reorder = (_between(0.0, 0.3, drawn) for drawn in figures[1:4])
            return replace(
                fault, unit=-1 if figures[0] < 0.3 else fault.unit, loss=loss,
                duplicate=duplicate, delay_s=_between(0.0, 0.5, figures[4]), reorder=reorder,
            )  # fmt: skip
        case FaultKind.KILL_CONTROLLER:
            return replace(fault, unit=-1, point=_one_of(tuple(KillPoint), figures[0]))
        case FaultKind.CLOSE_AREA:
            return replace(fault, unit=-1, cells=_patch(of_cells, layout), speed_m_s=0.5)
        case FaultKind.PAUSE_ALL | FaultKind.DRAIN:
            return replace(fault, unit=-1)
    return fault


def _between(low: float, high: float, drawn: float) -> float:
    return round(low + (high - low) * drawn, 2)


def _one_of(choices: Sequence[Choice], drawn: float) -> Choice:
    return choices[int(drawn * len(choices))]


def _aisle_cell(drawn: float, layout: Layout) -> int:
    return int(_one_of(layout.cells_of(*AISLE_KINDS).tolist(), drawn))


def _patch(drawn: float, layout: Layout) -> tuple[int, ...]:
    """Up to three by three cells around one of an aisle, where units drive and no station is."""
    row, col = divmod(_aisle_cell(drawn, layout), layout.n_cols)
    open_kinds = (*AISLE_KINDS, CellKind.STORAGE)
    return tuple(
        r * layout.n_cols + c
        for r in range(max(row - 1, 0), min(row + 2, layout.n_rows))
        for c in range(max(col - 1, 0), min(col + 2, layout.n_cols))
        if layout.kinds[r * layout.n_cols + c] in open_kinds
    )
