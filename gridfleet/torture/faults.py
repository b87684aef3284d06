"""Faults of a case, drawn from its seed: what will happen, when, to whom, and for how long.

Every fault ends, so that in the end everything can be done again. What has to wait for its moment
(a unit that is put back needs a free cell) may end a little later than drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gridfleet.torture.case import Case
from layouts import AISLE_KINDS

PURPOSE = 0xFA017
"""Key of the draws of faults among all streams of a seed."""


class FaultKind(StrEnum):
    """What may happen in a case."""

    LINK_NOISE = "link-noise"
    """Messages are lost, doubled, late and overtaken, all the time; one such fault at most."""
    LINK_DOWN = "link-down"
    """Of one unit, or of all."""
    STOP = "stop"
    """A unit stands, says nothing of it, and goes on later."""
    SLOW = "slow"
    DIE = "die"
    """A unit breaks down and says so, until somebody has come."""
    REBOOT = "reboot"
    LOSE_PLACE = "lose-place"
    LIFT_FAILS = "lift-fails"
    LOW_BATTERY = "low-battery"
    BLOCK_CELL = "block-cell"
    TAKE_OFF = "take-off"
    """A unit is carried off the floor, and put back somewhere else."""
    KILL = "kill-controller"
    PAUSE = "pause"
    PAUSE_ALL = "pause-all"
    CLOSE_AREA = "close-area"


K = FaultKind
RATES = {
    K.LINK_DOWN: 1.0, K.STOP: 1.0, K.SLOW: 0.6, K.DIE: 0.7, K.REBOOT: 1.2, K.LOSE_PLACE: 0.5,
    K.LIFT_FAILS: 0.8, K.LOW_BATTERY: 0.2, K.BLOCK_CELL: 0.6, K.TAKE_OFF: 0.4, K.KILL: 0.8,
    K.PAUSE: 0.4, K.PAUSE_ALL: 0.2, K.CLOSE_AREA: 0.3,
}  # fmt: skip
"""Mean number of each in a case."""
LASTS_S = {
    K.LINK_DOWN: (0.4, 25.0), K.STOP: (2.0, 45.0), K.SLOW: (5.0, 45.0), K.DIE: (5.0, 45.0),
    K.REBOOT: (0.5, 15.0), K.LOSE_PLACE: (2.0, 40.0), K.LIFT_FAILS: (1.0, 1.0),
    K.LOW_BATTERY: (20.0, 45.0), K.BLOCK_CELL: (5.0, 45.0), K.TAKE_OFF: (5.0, 30.0),
    K.KILL: (0.2, 20.0), K.PAUSE: (2.0, 30.0), K.PAUSE_ALL: (2.0, 20.0), K.CLOSE_AREA: (5.0, 40.0),
}  # fmt: skip
"""Least and most seconds that each lasts."""
NOISE_SHARE = 0.6
"""Of the cases, those with a noisy link."""
ALL_SHARE = 0.25
"""Of links that go down, those of everybody at once."""


class KillPoint(StrEnum):
    """Where in its cycle the controller is killed."""

    BEFORE_JOURNAL = "before-journal"
    BEFORE_SEND = "before-send"
    AFTER_SEND = "after-send"


@dataclass(frozen=True, slots=True)
class Fault:
    """unit: whom it befalls, -1 for all or none. cells: of areas and blocks. amount: share of speed
    that is left, or how often a lift fails. noise: loss, duplicate, delay_s, reorder of a link."""

    kind: FaultKind
    at_s: float
    lasts_s: float
    unit: int = -1
    cells: tuple[int, ...] = ()
    amount: float = 0.0
    noise: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    point: KillPoint = KillPoint.AFTER_SEND

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s


def draw_faults(case: Case) -> list[Fault]:
    """The faults of the case in the order in which they begin; all end by `case.faults_s`."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([case.seed, PURPOSE])))
    return sorted(_draw(rng, case), key=lambda fault: fault.at_s)


def _draw(rng: np.random.Generator, case: Case) -> Iterator[Fault]:
    if rng.random() < NOISE_SHARE:
        loss, duplicate, reorder = (float(share) for share in rng.uniform(0, (0.4, 0.3, 0.2)))
        noise = loss, duplicate, float(rng.uniform(0, 0.5)), reorder
        yield Fault(K.LINK_NOISE, 0.0, case.faults_s, noise=noise)
    for kind, rate in RATES.items():
        for _ in range(int(rng.poisson(rate))):
            lasts_s = float(rng.uniform(*LASTS_S[kind]))
            at_s = float(rng.uniform(0.0, case.faults_s - lasts_s))
            yield _draw_one(rng, case, kind, at_s, lasts_s)


def _draw_one(
    rng: np.random.Generator, case: Case, kind: FaultKind, at_s: float, lasts_s: float
) -> Fault:
    unit = int(rng.integers(case.n_units))
    aisle = case.layout.cells_of(*AISLE_KINDS)
    cell = int(rng.choice(aisle))
    match kind:
        case K.KILL:
            point = KillPoint(str(rng.choice([str(point) for point in KillPoint])))
            return Fault(kind, at_s, lasts_s, point=point)
        case K.PAUSE_ALL:
            return Fault(kind, at_s, lasts_s)
        case K.BLOCK_CELL:
            return Fault(kind, at_s, lasts_s, cells=(cell,))
        case K.CLOSE_AREA:
            return Fault(kind, at_s, lasts_s, cells=_patch(case, cell))
        case K.LINK_DOWN:
            return Fault(kind, at_s, lasts_s, unit=-1 if rng.random() < ALL_SHARE else unit)
        case K.LIFT_FAILS:
            return Fault(kind, at_s, lasts_s, unit=unit, amount=float(rng.integers(1, 6)))
        case _:
            return Fault(kind, at_s, lasts_s, unit=unit, amount=float(rng.uniform(0.1, 0.6)))


def _patch(case: Case, cell: int) -> tuple[int, ...]:
    """The driveable cells of a square of three by three."""
    layout = case.layout
    row, col = layout.row_col(cell)
    near = [
        layout.cell(r, c)
        for r in range(max(row - 1, 0), min(row + 2, layout.n_rows))
        for c in range(max(col - 1, 0), min(col + 2, layout.n_cols))
    ]
    return tuple(cell for cell in near if layout.driveable[cell])
