"""What happens in a case over the wire, drawn from its seed: when, to whom, for how long.

Times are seconds of the fleet since it began. Every fault ends, so that in the end everything can
be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gridfleet.torture.wire.case import WireCase
from hw_bridge.chaos.fate import QUIET, Noise, Way
from hw_bridge.chaos.proxied import Side
from layouts import AISLE_KINDS

PURPOSE = 0xFA31
"""Key of these draws among all streams of a seed."""


class WireFault(StrEnum):
    """What may happen."""

    NOISE = "noise"
    """Messages are lost, doubled, late and overtaken, all the time; one such fault at most."""
    CUT = "cut"
    """Connections break and cannot be made, on one side or on both."""
    HALF_OPEN = "half-open"
    """Connections stay up, and one direction swallows everything."""
    FLAPPING = "flapping"
    DROPPED = "dropped"
    """Connections break once, and can be made again at once."""
    TCP_STALL = "tcp-stall"
    """All bytes between devices and controller wait."""
    TCP_SWALLOW = "tcp-swallow"
    """Bytes of one direction vanish."""
    TCP_RESET = "tcp-reset"
    """All connections are reset, and new ones too."""
    KILL_CONTROLLER = "kill-controller"
    FREEZE_CONTROLLER = "freeze-controller"
    KILL_EMULATOR = "kill-emulator"
    FREEZE_EMULATOR = "freeze-emulator"
    STOP = "stop"
    SLOW = "slow"
    DIE = "die"
    REBOOT = "reboot"
    LOSE_PLACE = "lose-place"
    LIFT_FAILS = "lift-fails"
    BLOCK_CELL = "block-cell"


F = WireFault
RATES = {
    F.CUT: 0.7, F.HALF_OPEN: 0.5, F.FLAPPING: 0.3, F.DROPPED: 0.5, F.TCP_STALL: 0.3,
    F.TCP_SWALLOW: 0.3, F.TCP_RESET: 0.3, F.KILL_CONTROLLER: 0.6, F.FREEZE_CONTROLLER: 0.3,
    F.KILL_EMULATOR: 0.4, F.FREEZE_EMULATOR: 0.3, F.STOP: 0.2, F.SLOW: 0.2, F.DIE: 0.2,
    F.REBOOT: 0.4, F.LOSE_PLACE: 0.2, F.LIFT_FAILS: 0.2, F.BLOCK_CELL: 0.2,
}  # fmt: skip
"""Mean number of each in a case."""
LASTS_S = {
    F.CUT: (1.0, 15.0), F.HALF_OPEN: (1.0, 15.0), F.FLAPPING: (5.0, 20.0), F.DROPPED: (0.0, 0.0),
    F.TCP_STALL: (0.5, 10.0), F.TCP_SWALLOW: (1.0, 10.0), F.TCP_RESET: (0.5, 10.0),
    F.KILL_CONTROLLER: (0.0, 10.0), F.FREEZE_CONTROLLER: (0.5, 10.0), F.KILL_EMULATOR: (0.0, 5.0),
    F.FREEZE_EMULATOR: (0.5, 10.0), F.STOP: (2.0, 15.0), F.SLOW: (5.0, 20.0), F.DIE: (5.0, 15.0),
    F.REBOOT: (0.5, 8.0), F.LOSE_PLACE: (2.0, 15.0), F.LIFT_FAILS: (0.0, 0.0),
    F.BLOCK_CELL: (5.0, 20.0),
}  # fmt: skip
"""Least and most seconds that each lasts. A process that was killed needs its start on top."""
NOISE_SHARE = 0.5
"""Of the cases, those with noise."""
ALL_SHARE = 0.4
"""Of faults of links, those of all devices at once."""
OF_PROCESSES = (F.KILL_CONTROLLER, F.FREEZE_CONTROLLER, F.KILL_EMULATOR, F.FREEZE_EMULATOR)
OF_BYTES = (F.TCP_STALL, F.TCP_SWALLOW, F.TCP_RESET)
OF_UNITS = (F.STOP, F.SLOW, F.DIE, F.REBOOT, F.LOSE_PLACE, F.LIFT_FAILS, F.BLOCK_CELL)
"""Done by the emulator itself, from a file of faults."""
FIRST_S = 2.0
"""Before that, the fleet comes together."""


@dataclass(frozen=True, slots=True)
class Fault:
    """serials: None for all devices. side: of cuts. way: of half-open links and swallowed bytes.
    mean_s: of both phases of a link that comes and goes. unit, cell, amount: of the units' own."""

    kind: WireFault
    at_s: float
    lasts_s: float
    serials: tuple[str, ...] | None = None
    side: Side = Side.BOTH
    way: Way = Way.UP
    noise: Noise = QUIET
    mean_s: float = 0.0
    unit: int = -1
    cell: int = -1
    amount: float = 0.0

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s

    def __str__(self) -> str:
        whom = "" if self.serials is None else " of " + ", ".join(self.serials)
        return f"{self.kind}{whom} at {self.at_s:.1f} s for {self.lasts_s:.1f} s"


def draw_wire_faults(case: WireCase) -> list[Fault]:
    """The faults of the case in the order in which they begin; all end by `case.faults_s`."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([case.seed, PURPOSE])))
    drawn = sorted(_draw(rng, case), key=lambda fault: fault.at_s)
    for kinds in (OF_PROCESSES, OF_BYTES):
        drawn = _one_at_a_time(drawn, kinds)
    return drawn


def _draw(rng: np.random.Generator, case: WireCase) -> Iterator[Fault]:
    if rng.random() < NOISE_SHARE:
        loss, duplicate, reorder = (float(share) for share in rng.uniform(0, (0.3, 0.3, 0.2)))
        noise = Noise(loss, duplicate, float(rng.uniform(0, 0.4)), reorder)
        yield Fault(F.NOISE, 0.0, case.faults_s, noise=noise)
    for kind, rate in RATES.items():
        for _ in range(int(rng.poisson(rate))):
            lasts_s = float(rng.uniform(*LASTS_S[kind]))
            at_s = float(rng.uniform(FIRST_S, case.faults_s - lasts_s))
            yield _draw_one(rng, case, kind, at_s, lasts_s)


def _draw_one(
    rng: np.random.Generator, case: WireCase, kind: WireFault, at_s: float, lasts_s: float
) -> Fault:
    devices = [*case.serials, *case.stations]
    chosen = None if rng.random() < ALL_SHARE else (str(rng.choice(devices)),)
    side = Side(str(rng.choice([str(side) for side in Side])))
    way = Way(int(rng.integers(2)))
    unit, cell = int(rng.integers(case.n_units)), int(rng.choice(_aisle(case)))
    amount, mean_s = float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.5, 4.0))
    if kind in OF_UNITS:
        return Fault(kind, at_s, lasts_s, unit=unit, cell=cell, amount=amount)
    if kind in OF_PROCESSES:
        return Fault(kind, at_s, lasts_s)
    if kind in OF_BYTES:
        return Fault(kind, at_s, lasts_s, way=way)
    return Fault(kind, at_s, lasts_s, chosen, side, way, mean_s=mean_s)


def _aisle(case: WireCase) -> list[int]:
    cells: list[int] = case.layout.cells_of(*AISLE_KINDS).tolist()
    return cells


def _one_at_a_time(faults: list[Fault], kinds: tuple[WireFault, ...]) -> list[Fault]:
    """A process that is dead cannot be frozen as well: of those that overlap, the first counts."""
    kept, busy_until_s = [], 0.0
    for fault in faults:
        if fault.kind in kinds:
            if fault.at_s < busy_until_s:
                continue
            busy_until_s = fault.ends_s
        kept.append(fault)
    return kept


def unit_faults_text(case: WireCase, faults: list[Fault]) -> str:
    """A file of faults for the emulator (docs/faults.md)."""
    return "\n".join(_entry(case, fault) for fault in faults if fault.kind in OF_UNITS)


def _entry(case: WireCase, fault: Fault) -> str:
    rows = ["[[fault]]", f'kind = "{fault.kind}"', f"at = {fault.at_s:.2f}"]
    if fault.kind is F.BLOCK_CELL:
        row, col = case.layout.row_col(fault.cell)
        rows += [f"cell = [{row + 1}, {col + 1}]"]
    else:
        rows += [f"unit = {fault.unit}"]
    match fault.kind:
        case F.REBOOT:
            rows += [f"seconds = {fault.lasts_s:.2f}"]
        case F.LIFT_FAILS:
            rows += [f"times = {1 + round(3 * fault.amount)}"]
        case F.SLOW:
            rows += [f"minutes = {fault.lasts_s / 60:.4f}", f"factor = {fault.amount:.3f}"]
        case _:
            rows += [f"minutes = {fault.lasts_s / 60:.4f}"]
    return "\n".join([*rows, ""])
