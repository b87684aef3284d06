"""Fits the kinematic parameters of a unit to the times that its free legs took.

Runs of both loads are fitted together, since what a unit needs to settle is the same for both and
for turns; then turns, with that known; then lifts. Accelerating and braking cannot be told apart by
times from stand to stand: their ratio stays as commanded. What cannot be measured stays as
commanded too, and is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gridfleet.calibration.errors import CalibrationError
from gridfleet.calibration.lifts import fit_lifts
from gridfleet.calibration.rows import LOADS, Fitted
from gridfleet.calibration.runs import fit_runs
from gridfleet.calibration.turns import fit_turns
from twin.kinematic.engine import TICK_S
from twin.legs import Legs
from twin.unit_model import Calibration, UnitModel

DIGITS = 5
"""Of figures in a unit model: far more than are known."""


@dataclass(frozen=True, slots=True)
class Fit:
    """unit: the model with its calibration filled. rows: what it is made of. n_legs: in the log;
    n_free: those that nothing but the unit itself shaped."""

    unit: UnitModel
    rows: tuple[Fitted, ...]
    n_legs: int
    n_free: int

    @property
    def faults(self) -> list[str]:
        """What could not be measured, and why."""
        return [f"{row.name}: {row.why}" for row in self.rows if row.why]


def calibrate(legs: Legs, unit: UnitModel, tick_s: float = TICK_S) -> Fit:
    """Fit a unit model to legs. unit: what the units are set to. tick_s: of the kinematic engine
    that is to move units by it; it lifts and lowers in whole ticks.

    Raises CalibrationError where no leg of the log tells anything.
    """
    if not legs.is_free.any():
        raise CalibrationError(
            f"none of {len(legs):,} legs is free: all were cut, slowed or lengthened too late; "
            "log a longer time, or fewer units"
        )
    runs = fit_runs(legs, unit)
    turns = fit_turns(legs, unit, runs.settle_s)
    lifts = fit_lifts(legs, unit, tick_s)
    rows = (*runs.rows, *turns.rows, *lifts)
    if all(row.why for row in rows):
        raise CalibrationError(
            f"too few free legs to measure anything: {int(legs.is_free.sum()):,}; log a longer time"
        )
    empty, laden = (
        replace(commanded, **_rounded({**runs.found[load], **turns.found[load]}))
        for load, commanded in zip(LOADS, (unit.empty, unit.laden), strict=True)
    )
    lift_s, lower_s = (row.value for row in lifts)
    measured = Calibration(empty, laden, lift_s, lower_s, round(runs.settle_s, DIGITS))
    made = replace(unit, calibration=measured)
    assert all(math.isfinite(row.value) for row in rows)
    return Fit(made, rows, len(legs), int(legs.is_free.sum()))


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {key: round(value, DIGITS) for key, value in figures.items()}
