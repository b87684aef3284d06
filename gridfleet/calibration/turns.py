"""Turn rate and acceleration from quarter and half turns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridfleet.calibration.least_squares import solve
from gridfleet.calibration.profile import leg_s
from gridfleet.calibration.rows import LOADS, Fitted, kept
from gridfleet.calibration.samples import MIN_LEGS, Sample, n_legs, samples_of
from twin.legs import LegKind, Legs
from twin.unit_model import MotionLimits, UnitModel

QUARTER_RAD = math.pi / 2
SLOWEST = 1e-3
MOST_ACCEL = 1000.0
"""rad/s2: a unit that seems to accelerate faster turns at its rate from the first moment."""


@dataclass(slots=True)
class Turns:
    """found: by load, what replaces the commanded figures."""

    found: dict[str, dict[str, float]] = field(default_factory=dict)
    rows: list[Fitted] = field(default_factory=list)


def fit_turns(legs: Legs, unit: UnitModel, settle_s: float) -> Turns:
    """See gridfleet.calibration.fit.calibrate. settle_s: known from runs."""
    turns = Turns()
    for index, (load, commanded) in enumerate(zip(LOADS, (unit.empty, unit.laden), strict=True)):
        samples = samples_of(legs, LegKind.TURN, bool(index))
        _fit_load(turns, load, commanded, samples, settle_s)
    return turns


def _fit_load(
    turns: Turns, load: str, commanded: MotionLimits, samples: list[Sample], settle_s: float
) -> None:
    rate, accel = f"turn rate, {load}", f"turn acceleration, {load}"
    samples = [sample for sample in samples if sample.n_legs >= MIN_LEGS]
    turns.found[load] = {}
    count = n_legs(samples)
    if not samples:
        for name, unit, value in (
            (rate, "rad/s", commanded.turn_rate_rad_s),
            (accel, "rad/s2", commanded.turn_accel_rad_s2),
        ):
            turns.rows.append(kept(name, unit, value, 0, f"fewer than {MIN_LEGS} free turns"))
        return
    has_both = len(samples) > 1
    given = [1.0 / commanded.turn_accel_rad_s2, commanded.turn_rate_rad_s][: 1 + has_both]
    found = solve(
        lambda x: _residuals(samples, x, commanded.turn_rate_rad_s, settle_s), np.array(given),
        np.array([1.0 / MOST_ACCEL, SLOWEST][: 1 + has_both]),
    )  # fmt: skip
    if has_both:
        value, error = float(found.values[1]), float(found.errors[1])
        turns.found[load]["turn_rate_rad_s"] = value
        turns.rows.append(Fitted(rate, "rad/s", commanded.turn_rate_rad_s, value, error, count))
    else:
        what = "half" if samples[0].length < 1.5 else "quarter"
        why = f"fewer than {MIN_LEGS} free {what} turns"
        turns.rows.append(kept(rate, "rad/s", commanded.turn_rate_rad_s, count, why))
    value = 1.0 / float(found.values[0])
    error = float(found.errors[0]) * value**2
    turns.found[load]["turn_accel_rad_s2"] = value
    turns.rows.append(Fitted(accel, "rad/s2", commanded.turn_accel_rad_s2, value, error, count))


def _residuals(
    samples: list[Sample], figures: NDArray[np.float64], rate: float, settle_s: float
) -> NDArray[np.float64]:
    """figures: 1 / turn acceleration and, where it is fitted, the rate."""
    angles = np.array([sample.length * QUARTER_RAD for sample in samples])
    found = np.array([(sample.mean_s, sample.error_s) for sample in samples])
    inverse = float(figures[0])
    top = float(figures[1]) if len(figures) > 1 else rate
    return np.asarray((leg_s(angles, top, inverse) + settle_s - found[:, 0]) / found[:, 1])
