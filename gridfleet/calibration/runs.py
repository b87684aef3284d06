"""Top speed, acceleration and settling from straight runs of different lengths."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridfleet.calibration.least_squares import solve
from gridfleet.calibration.profile import leg_s, mean_inverse
from gridfleet.calibration.rows import LOADS, Fitted, kept
from gridfleet.calibration.samples import MIN_LEGS, Sample, n_legs, samples_of
from twin.legs import LegKind, Legs
from twin.unit_model import MotionLimits, UnitModel

CRUISE = 1.3
"""A run shows the top speed where it is so many times as long as speeding up and braking take."""
SURE = 2.0
"""Standard errors by which settling has to be longer than the rounding to ticks, or it is 0."""
SLOWEST = 1e-3


@dataclass(slots=True)
class Runs:
    """found: by load, what replaces the commanded figures. settle_s: of runs and turns."""

    found: dict[str, dict[str, float]] = field(default_factory=dict)
    rows: list[Fitted] = field(default_factory=list)
    settle_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Load:
    """Runs of one load. is_fast: some are long enough for the top speed."""

    name: str
    commanded: MotionLimits
    samples: list[Sample]
    is_fast: bool = False
    place: int = -1
    """Of its first figure among all that are fitted: h, then v where it is."""

    @property
    def inverse(self) -> float:
        return mean_inverse(self.commanded.accel_m_s2, self.commanded.decel_m_s2)

    @property
    def is_fitted(self) -> bool:
        return n_legs(self.samples) >= MIN_LEGS

    def count_fast(self) -> int:
        needed_m = CRUISE * self.inverse * self.commanded.speed_m_s**2
        return sum(sample.n_legs for sample in self.samples if sample.length >= needed_m)

    def speed(self, figures: NDArray[np.float64]) -> float:
        return float(figures[self.place + 1]) if self.is_fast else self.commanded.speed_m_s


def fit_runs(legs: Legs, unit: UnitModel, tick_s: float) -> Runs:
    """See gridfleet.calibration.fit.calibrate."""
    loads = [
        _Load(name, commanded, samples_of(legs, LegKind.RUN, bool(index)))
        for index, (name, commanded) in enumerate(zip(LOADS, (unit.empty, unit.laden), strict=True))
    ]
    fitted = [load for load in loads if load.is_fitted]
    # The engine of ticks ends a leg half a tick late on average, unless units settle.
    rounding_s = tick_s / 2.0
    start: list[float] = []
    for load in fitted:
        load.place, load.is_fast = len(start), load.count_fast() >= MIN_LEGS
        start += [load.inverse, *([load.commanded.speed_m_s] if load.is_fast else [])]
    n_samples = sum(len(load.samples) for load in fitted)
    figures, errors = np.array(start), np.zeros(len(start))
    settle_s = settle_error_s = 0.0
    if fitted and n_samples > len(start):
        lower = np.full(len(start) + 1, SLOWEST)
        both = solve(lambda x: _residuals(fitted, x[:-1], x[-1]), np.append(start, 0.1), lower)
        figures, errors = both.values[:-1], both.errors[:-1]
        settle_s, settle_error_s = float(both.values[-1]), float(both.errors[-1])
    is_settling = settle_s - rounding_s > SURE * settle_error_s and settle_error_s > 0.0
    if fitted and not is_settling:
        settle_s = 0.0
        lower = np.full(len(start), SLOWEST)
        alone = solve(lambda x: _residuals(fitted, x, rounding_s), np.array(start), lower)
        figures, errors = alone.values, alone.errors
    runs = Runs(settle_s=settle_s)
    for load in loads:
        _add(runs, load, figures, errors)
    runs.rows.append(_settling(fitted, n_samples > len(start), settle_s, settle_error_s))
    return runs


def _residuals(
    loads: list[_Load], figures: NDArray[np.float64], settle_s: float
) -> NDArray[np.float64]:
    parts = []
    for load in loads:
        lengths = np.array([sample.length for sample in load.samples])
        found = np.array([(sample.mean_s, sample.error_s) for sample in load.samples])
        expected = leg_s(lengths, load.speed(figures), float(figures[load.place])) + settle_s
        parts.append((expected - found[:, 0]) / found[:, 1])
    return np.concatenate(parts)


def _add(
    runs: Runs, load: _Load, figures: NDArray[np.float64], errors: NDArray[np.float64]
) -> None:
    commanded, count = load.commanded, n_legs(load.samples)
    names = {
        "speed_m_s": (f"top speed, {load.name}", "m/s", commanded.speed_m_s),
        "accel_m_s2": (f"acceleration, {load.name}", "m/s2", commanded.accel_m_s2),
        "decel_m_s2": (f"deceleration, {load.name}", "m/s2", commanded.decel_m_s2),
    }
    runs.found[load.name] = {}
    why = "" if load.is_fitted else f"{count} free runs, {MIN_LEGS} are needed"
    for key, (name, unit, value) in names.items():
        is_speed = key == "speed_m_s"
        if is_speed and load.is_fitted and not load.is_fast:
            needed_m = CRUISE * load.inverse * commanded.speed_m_s**2
            why_slow = (
                f"{load.count_fast()} free runs of {needed_m:.1f} m or more, {MIN_LEGS} are needed"
            )
            runs.rows.append(kept(name, unit, value, load.count_fast(), why_slow))
            continue
        if why:
            runs.rows.append(kept(name, unit, value, count, why))
            continue
        if is_speed:
            place = load.place + 1
            fitted, error, n_used = float(figures[place]), float(errors[place]), load.count_fast()
        else:
            share = load.inverse / float(figures[load.place])
            fitted, n_used = value * share, count
            error = fitted * float(errors[load.place]) / float(figures[load.place])
        runs.found[load.name][key] = fitted
        runs.rows.append(Fitted(name, unit, value, fitted, error, n_used))


def _settling(loads: list[_Load], is_fitted: bool, settle_s: float, error_s: float) -> Fitted:
    count = sum(n_legs(load.samples) for load in loads)
    if not is_fitted:
        why = "runs of more different lengths are needed"
        return kept("settling", "s", 0.0, count, why)
    return Fitted("settling", "s", 0.0, settle_s, error_s, count)
