"""Fault schedules drawn from a seed: faults of each kind come at their own constant rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

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


def random_schedule(
    seed: int, per_hour: Mapping[FaultKind, float], hours: float, layout: Layout, n_units: int
) -> FaultSchedule:
    """Faults of those kinds at those rates over the whole run. A kind has a stream of its own, so
    that another kind beside it changes nothing of it."""
    faults = []
    for number, kind in enumerate(FaultKind):
        if per_hour.get(kind, 0.0) <= 0.0:
            continue
        stream = np.random.SeedSequence([seed, PURPOSE, number])
        rng = np.random.Generator(np.random.PCG64(stream))
        at_s = 0.0
        while (at_s := at_s + float(rng.exponential(3600.0 / per_hour[kind]))) < hours * 3600.0:
            faults.append(_draw(rng, kind, round(at_s, 1), layout, n_units))
    return schedule_of(faults)


def _draw(
    rng: np.random.Generator, kind: FaultKind, at_s: float, layout: Layout, n_units: int
) -> Fault:
    lasts_s = MEAN_S[kind]
    if math.isfinite(lasts_s):
        lasts_s = round(max(SHORTEST_S, float(rng.exponential(lasts_s))), 1)
    fault = Fault(kind, at_s, lasts_s, unit=int(rng.integers(n_units)))
    match kind:
        case FaultKind.SLOW:
            return replace(fault, factor=round(float(rng.uniform(0.1, 0.8)), 2))
        case FaultKind.DIE:
            where, is_removed = WHERE[int(rng.integers(len(WHERE)))], bool(rng.random() < 0.5)
            back_s = lasts_s if is_removed else math.inf
            return replace(fault, where=where, is_removed=is_removed, back_s=back_s)
        case FaultKind.REBOOT:
            return replace(fault, where=WHERE[int(rng.integers(len(WHERE)))])
        case FaultKind.LIFT_FAILS:
            return replace(fault, times=int(rng.integers(1, 4)))
        case FaultKind.BLOCK_CELL:
            return replace(fault, unit=-1, cells=(_aisle_cell(rng, layout),))
        case FaultKind.LINK_DOWN:
            return replace(fault, unit=-1 if rng.random() < 0.1 else fault.unit)
        case FaultKind.LINK_NOISE:
            loss, duplicate, reorder = (round(float(x), 2) for x in rng.uniform(0.0, 0.3, 3))
            delay_s = round(float(rng.uniform(0.0, 0.5)), 2)
            return replace(
                fault, unit=-1 if rng.random() < 0.3 else fault.unit, loss=loss,
                duplicate=duplicate, delay_s=delay_s, reorder=reorder,
            )  # fmt: skip
        case FaultKind.KILL_CONTROLLER:
            points = tuple(KillPoint)
            return replace(fault, unit=-1, point=points[int(rng.integers(len(points)))])
        case FaultKind.CLOSE_AREA:
            return replace(fault, unit=-1, cells=_patch(rng, layout), speed_m_s=0.5)
        case FaultKind.PAUSE_ALL | FaultKind.DRAIN:
            return replace(fault, unit=-1)
    return fault


def _aisle_cell(rng: np.random.Generator, layout: Layout) -> int:
    return int(rng.choice(layout.cells_of(*AISLE_KINDS)))


def _patch(rng: np.random.Generator, layout: Layout) -> tuple[int, ...]:
    """Up to three by three cells around one of an aisle, where units drive and no station is."""
    row, col = divmod(_aisle_cell(rng, layout), layout.n_cols)
    open_kinds = (*AISLE_KINDS, CellKind.STORAGE)
    return tuple(
        r * layout.n_cols + c
        for r in range(max(row - 1, 0), min(row + 2, layout.n_rows))
        for c in range(max(col - 1, 0), min(col + 2, layout.n_cols))
        if layout.kinds[r * layout.n_cols + c] in open_kinds
    )
