"""Times of lifting and lowering."""

from __future__ import annotations

from gridfleet.calibration.rows import Fitted, kept
from gridfleet.calibration.samples import MIN_LEGS, n_legs, samples_of
from twin.legs import LegKind, Legs
from twin.unit_model import UnitModel


def fit_lifts(legs: Legs, unit: UnitModel, tick_s: float) -> list[Fitted]:
    """See gridfleet.calibration.fit.calibrate. Of lifting and of lowering, in whole ticks, as the
    engine does them."""
    rows = []
    for name, kind, commanded_s in (
        ("lifting", LegKind.LIFT, unit.lift_s), ("lowering", LegKind.LOWER, unit.lower_s),
    ):  # fmt: skip
        samples = samples_of(legs, kind, None)
        count = n_legs(samples)
        if count < MIN_LEGS:
            why = f"{count} of {MIN_LEGS} legs that are needed"
            rows.append(kept(name, "s", commanded_s, count, why))
            continue
        (sample,) = samples
        value_s = round(round(sample.mean_s / tick_s) * tick_s, 9)
        rows.append(Fitted(name, "s", commanded_s, value_s, sample.error_s, count))
    return rows
