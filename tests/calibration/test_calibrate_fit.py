"""A fit finds the parameters that legs were driven with, and says what it cannot know."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gridfleet.calibration import CalibrationError, Fit, calibrate
from gridfleet.calibration.profile import leg_s, mean_inverse
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.kinematic.engine import TICK_S
from twin.legs import LegKind, Legs
from twin.unit_model import DEFAULT_UNIT, EMPTY, LADEN, Calibration, MotionLimits

TRUE_EMPTY = MotionLimits(1.42, 0.93, 0.93, 2.5, 9.0)
TRUE_LADEN = MotionLimits(1.2, 0.7, 0.7, 2.0, 7.0)


def legs_of(rows: list[tuple[int, bool, float, float]], *, is_free: bool = True) -> Legs:
    """kind, is laden, length and seconds of each."""
    kinds, laden, lengths, lasted = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Legs(
        np.zeros(n, dtype=np.int32), kinds.astype(np.int8), laden.astype(bool), np.zeros(n),
        lasted.astype(np.float64), lengths.astype(np.float64), np.zeros(n, dtype=np.int32),
        np.full(n, is_free), TICK_S,
    )  # fmt: skip


def ideal(settle_s: float, rng: np.random.Generator, noise_s: float = 0.01) -> Legs:
    """Legs of units with the true limits, as a log would have them."""
    rows = []
    for is_laden, true in ((False, TRUE_EMPTY), (True, TRUE_LADEN)):
        inverse = mean_inverse(true.accel_m_s2, true.decel_m_s2)
        for length in range(1, 16):
            lasted = leg_s(np.full(40, float(length)), true.speed_m_s, inverse)
            rows += [(LegKind.RUN, is_laden, length, t) for t in lasted]
        for quarters in (1, 2):
            angles = np.full(40, quarters * np.pi / 2)
            lasted = leg_s(angles, true.turn_rate_rad_s, 1.0 / true.turn_accel_rad_s2)
            rows += [(LegKind.TURN, is_laden, quarters, t) for t in lasted]
    legs = legs_of(rows)
    more = settle_s + noise_s * rng.standard_normal(len(rows))
    return replace(legs, end_s=legs.end_s + more)


def figures(fit: Fit) -> dict[str, float]:
    return {row.name: row.value for row in fit.rows}


@pytest.mark.parametrize("settle_s", [0.12, 0.4])
def test_noisy_legs_of_settling_units(settle_s: float) -> None:
    fit = calibrate(ideal(settle_s, np.random.default_rng(5)), DEFAULT_UNIT)
    found = figures(fit)
    assert found["settling"] == pytest.approx(settle_s, abs=0.02)
    for load, true in (("empty", TRUE_EMPTY), ("laden", TRUE_LADEN)):
        assert found[f"top speed, {load}"] == pytest.approx(true.speed_m_s, rel=0.01)
        assert found[f"acceleration, {load}"] == pytest.approx(true.accel_m_s2, rel=0.02)
        assert found[f"turn rate, {load}"] == pytest.approx(true.turn_rate_rad_s, rel=0.03)
    for row in fit.rows:
        if row.name.startswith(("top", "acc")):
            load = TRUE_EMPTY if row.name.endswith("empty") else TRUE_LADEN
            true = load.speed_m_s if row.name.startswith("top") else load.accel_m_s2
            low, high = row.interval
            assert low - 0.005 <= true <= high + 0.005, row.name


def test_a_few_wild_legs_do_not_matter() -> None:
    legs = ideal(0.2, np.random.default_rng(6))
    end_s = legs.end_s.copy()
    end_s[::25] += 9.0
    clean, wild = (calibrate(one, DEFAULT_UNIT) for one in (legs, replace(legs, end_s=end_s)))
    for name, value in figures(clean).items():
        assert figures(wild)[name] == pytest.approx(value, rel=0.01), name


@cache
def driven(settle_s: float) -> Legs:
    """Of a floor whose units have the true limits, in the kinematic engine."""
    measured = Calibration(
        TRUE_EMPTY, replace(LADEN, speed_m_s=1.2, accel_m_s2=0.7, decel_m_s2=0.7), 3.4, 2.6,
        settle_s,
    )  # fmt: skip
    unit = replace(DEFAULT_UNIT, calibration=measured)
    simulation = Simulation(Scenario(layout="teaching", hours=0.3, unit=unit), keeps_legs=True)
    simulation.run()
    return simulation.legs.legs()


@pytest.mark.parametrize("settle_s", [0.0, 0.3])
def test_legs_of_the_engine_give_its_parameters_within_a_hundredth(settle_s: float) -> None:
    found = figures(calibrate(driven(settle_s), DEFAULT_UNIT))
    for load, speed, accel in (("empty", 1.42, 0.93), ("laden", 1.2, 0.7)):
        assert found[f"top speed, {load}"] == pytest.approx(speed, rel=0.01)
        assert found[f"acceleration, {load}"] == pytest.approx(accel, rel=0.01)
        assert found[f"deceleration, {load}"] == pytest.approx(accel, rel=0.01)
    # Half turns are rare, and known to half a tick: it is quarter turns that have to be right.
    rate, accel = found["turn rate, laden"], found["turn acceleration, laden"]
    assert rate == pytest.approx(LADEN.turn_rate_rad_s, rel=0.05)
    quarter_s = leg_s(np.array([np.pi / 2]), rate, 1.0 / accel)[0]
    true_s = leg_s(np.array([np.pi / 2]), LADEN.turn_rate_rad_s, 1.0 / LADEN.turn_accel_rad_s2)[0]
    assert quarter_s == pytest.approx(true_s, rel=0.01)
    assert found["settling"] == pytest.approx(settle_s, abs=0.015)
    assert (found["lifting"], found["lowering"]) == (3.4, 2.6)


def test_legs_last_as_long_when_they_are_driven_as_fitted() -> None:
    """What the model is for: an engine that has it moves as the log says."""
    legs = driven(0.3)
    fit = calibrate(legs, DEFAULT_UNIT)
    again = Simulation(
        Scenario(layout="teaching", hours=0.1, seed=3, unit=fit.unit), keeps_legs=True
    )
    again.run()
    theirs = again.legs.legs()
    for kind, laden, length in ((0, 0, 1), (0, 1, 1), (0, 1, 4), (1, 1, 1), (1, 0, 1)):
        a, b = (
            x.where((x.kind == kind) & (x.is_laden == laden) & (x.length == length) & x.is_free)
            for x in (legs, theirs)
        )
        assert b.lasted_s.mean() == pytest.approx(a.lasted_s.mean(), rel=0.01)


def test_what_cannot_be_measured_is_kept_and_said() -> None:
    legs = ideal(0.2, np.random.default_rng(7))
    short = legs.where(
        ~legs.is_laden & (legs.kind == LegKind.RUN) & (legs.length <= 2)
        | (legs.kind == LegKind.TURN) & (legs.length == 1)
    )  # fmt: skip
    fit = calibrate(short, DEFAULT_UNIT)
    assert fit.faults == [
        "top speed, empty: 0 free runs of 2.9 m or more, 5 are needed; kept as commanded",
        "top speed, laden: 0 free runs of 2.7 m or more, 5 are needed; kept as commanded",
        "acceleration, laden: 0 free runs, 5 are needed; kept as commanded",
        "deceleration, laden: 0 free runs, 5 are needed; kept as commanded",
        "turn rate, empty: fewer than 5 free half turns; kept as commanded",
        "turn rate, laden: fewer than 5 free half turns; kept as commanded",
        "lifting: 0 of 5 legs that are needed; kept as commanded",
        "lowering: 0 of 5 legs that are needed; kept as commanded",
    ]
    measured = fit.unit.calibration
    assert (measured.empty.speed_m_s, measured.lift_s) == (EMPTY.speed_m_s, DEFAULT_UNIT.lift_s)
    assert measured.laden.accel_m_s2 == LADEN.accel_m_s2


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(CalibrationError, match="none of 6 legs is free"):
        calibrate(legs_of([(LegKind.RUN, False, 3.0, 3.5)] * 6, is_free=False), DEFAULT_UNIT)
    with pytest.raises(CalibrationError, match="too few free legs to measure anything: 2"):
        calibrate(legs_of([(LegKind.RUN, False, 3.0, 3.5)] * 2), DEFAULT_UNIT)


def test_one_length_alone_tells_no_settling() -> None:
    fit = calibrate(legs_of([(LegKind.RUN, False, 1.0, 2.1)] * 9), DEFAULT_UNIT)
    assert "settling: runs of more different lengths are needed; kept as commanded" in fit.faults
    # 2 sqrt(h) seconds over a metre.
    assert figures(fit)["acceleration, empty"] == pytest.approx(1.0 / 1.05**2, rel=1e-3)
