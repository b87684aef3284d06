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
"""Standard errors that settling has to be away from 0, or it is 0."""
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


def fit_runs(legs: Legs, unit: UnitModel) -> Runs:
    """See gridfleet.calibration.fit.calibrate."""
    loads = [
        _Load(name, commanded, samples_of(legs, LegKind.RUN, bool(index)))
        for index, (name, commanded) in enumerate(zip(LOADS, (unit.empty, unit.laden), strict=True))
    ]
    fitted = [load for load in loads if load.is_fitted]
    start = _number(fitted)
    n_samples = sum(len(load.samples) for load in fitted)
    shows_settling = bool(fitted) and n_samples > len(start)
    figures, errors, settle_s, settle_error_s = start, np.zeros_like(start), 0.0, 0.0
    if shows_settling:
        both = solve(
            lambda x: _residuals(fitted, x[:-1], x[-1]), np.append(start, 0.1),
            np.full(len(start) + 1, SLOWEST),
        )  # fmt: skip
        figures, errors = both.values[:-1], both.errors[:-1]
        settle_s, settle_error_s = float(both.values[-1]), float(both.errors[-1])
    if fitted and settle_s <= SURE * settle_error_s:
        settle_s = 0.0
        lower = np.full(len(start), SLOWEST)
        alone = solve(lambda x: _residuals(fitted, x, 0.0), start, lower)
        figures, errors = alone.values, alone.errors
    runs = Runs(settle_s=settle_s)
    for load in loads:
        _add(runs, load, figures, errors)
    runs.rows.append(_settling(fitted, shows_settling, settle_s, settle_error_s))
    return runs


def _number(loads: list[_Load]) -> NDArray[np.float64]:
    """Give each load its places among the figures that are fitted; returns them as commanded."""
    figures: list[float] = []
    for load in loads:
        load.place, load.is_fast = len(figures), load.count_fast() >= MIN_LEGS
        figures += [load.inverse, *([load.commanded.speed_m_s] if load.is_fast else [])]
    return np.array(figures)


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
    runs.found[load.name] = {}
    for key, row in (
        ("speed_m_s", _top_speed(load, figures, errors)),
        ("accel_m_s2", _ramp(load, "acceleration", load.commanded.accel_m_s2, figures, errors)),
        ("decel_m_s2", _ramp(load, "deceleration", load.commanded.decel_m_s2, figures, errors)),
    ):
        runs.rows.append(row)
        runs.found[load.name][key] = row.value


def _top_speed(load: _Load, figures: NDArray[np.float64], errors: NDArray[np.float64]) -> Fitted:
    name, commanded, count = f"top speed, {load.name}", load.commanded.speed_m_s, load.count_fast()
    if load.is_fitted and load.is_fast:
        place = load.place + 1
        return Fitted(name, "m/s", commanded, float(figures[place]), float(errors[place]), count)
    needed_m = CRUISE * load.inverse * commanded**2
    why = f"{count} free runs of {needed_m:.1f} m or more, {MIN_LEGS} are needed"
    return kept(name, "m/s", commanded, count, why)


def _ramp(
    load: _Load, name: str, commanded: float, figures: NDArray[np.float64],
    errors: NDArray[np.float64],
) -> Fitted:  # fmt: skip
    """Acceleration or deceleration: the commanded one by the factor that both share."""
    name, count = f"{name}, {load.name}", n_legs(load.samples)
    if not load.is_fitted:
        why = f"{count} free runs, {MIN_LEGS} are needed"
        return kept(name, "m/s2", commanded, count, why)
    inverse = float(figures[load.place])
    value = commanded * load.inverse / inverse
    return Fitted(
        name, "m/s2", commanded, value, value * float(errors[load.place]) / inverse, count
    )


def _settling(loads: list[_Load], is_fitted: bool, settle_s: float, error_s: float) -> Fitted:
    count = sum(n_legs(load.samples) for load in loads)
    if not is_fitted:
        why = "runs of more different lengths are needed"
        return kept("settling", "s", 0.0, count, why)
    return Fitted("settling", "s", 0.0, settle_s, error_s, count)
