"""Impossible drive units are refused, with place and cure, for the engine that asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.unit_faults import unit_faults
from gridfleet.wiring.units import check_unit, controller_options, longest_step_s
from layouts import load
from twin.unit_model import DEFAULT_UNIT, Body, Calibration, Localisation, MotionLimits, UnitModel

EMPTY, LADEN = DEFAULT_UNIT.empty, DEFAULT_UNIT.laden


def of_body(**figures: float) -> UnitModel:
    return replace(DEFAULT_UNIT, body=replace(Body(), **figures))


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        (of_body(wheel_torque_nm=10.0),
         "unit.body.wheel_torque_nm is 10: a unit that is laden, of 633 kg, needs 22.8 Nm a wheel "
         "for 0.8 m/s2; give that or more, or less acceleration"),
        (of_body(wheel_friction=0.05),
         "unit.body.wheel_friction is 0.05: tyres that grip so little slip beyond 0.49 m/s2, and "
         "unit.empty has 1; give 0.10 or more, or brake less"),
        (of_body(lift_force_n=3000.0),
         "unit.body.lift_force_n is 3000: the heaviest pods of 498 kg need 4,885 N; give that or "
         "more, or lighter pods"),
        (of_body(track_m=0.6),
         "unit.body.track_m is 0.6: the wheels stand beyond a unit of 0.6 m; give less than "
         "unit.width_m"),
        (of_body(pod_clear_m=0.3),
         "unit.body.pod_clear_m is 0.3: a chassis of 0.32 m does not pass below the pods; give "
         "more than 0.32"),
        (of_body(pod_height_m=0.36),
         "unit.body.pod_height_m is 0.36, and the underside of a pod is at 0.36 m; give more"),
        (of_body(wheel_radius_m=0.2),
         "unit.body.wheel_radius_m is 0.2: the wheels are higher than a chassis of 0.32 m; give at "
         "most 0.16"),
        (replace(DEFAULT_UNIT, localisation=Localisation(wheel_error=2.0)),
         "unit.localisation.wheel_error is 2: it is a share of what a wheel rolls; give at most "
         "0.5"),
    ],
)  # fmt: skip
def test_bodies_are_asked_of_physics_alone(unit: UnitModel, told: str) -> None:
    assert told in list(unit_faults(unit, "physics"))
    assert list(unit_faults(unit, "kinematic")) == []


def test_a_weak_motor_cannot_turn_a_pod() -> None:
    unit = replace(of_body(wheel_torque_nm=50.0), pod_turns=True)
    (fault,) = unit_faults(unit, "physics")
    assert fault.startswith("unit.body.wheel_torque_nm is 50: a unit that is laden needs ")
    assert fault.endswith("give that or more, or less unit.laden.turn_accel_rad_s2")


def test_the_built_in_unit_has_no_faults() -> None:
    for engine in ("physics", "kinematic"):
        assert list(unit_faults(DEFAULT_UNIT, engine)) == []


def test_a_calibration_that_no_unit_can_have() -> None:
    measured = Calibration(replace(EMPTY, speed_m_s=15.0), LADEN, 3.0, 30.0)
    unit = replace(DEFAULT_UNIT, calibration=measured)
    told = [
        "unit.calibration.empty.speed_m_s is 15, and unit.empty.speed_m_s is 1.5: units do not do "
        "that; calibrate again, with --unit for what they are set to",
        "unit.calibration.lower_s is 30, and unit.lower_s is 3: units do not do that; calibrate "
        "again, with --unit for what they are set to",
    ]
    assert list(unit_faults(unit, "kinematic")) == told
    assert list(unit_faults(unit, "physics")) == []
    with pytest.raises(ScenarioError, match=r"unit\.calibration\.empty\.speed_m_s is 15"):
        Scenario(layout="teaching", unit=unit)
    nothing = Calibration(MotionLimits(0.0, 1.0, 1.0, 1.0, 1.0), LADEN, 3.0, 3.0, -1.0)
    assert list(unit_faults(replace(DEFAULT_UNIT, calibration=nothing), "physics")) == [
        "unit.calibration.empty.speed_m_s is 0.0; give more than 0",
        "unit.calibration.settle_s is -1.0; give 0 or more",
    ]


def test_who_plans_ahead_reckons_with_the_weaker_brakes() -> None:
    def ahead(unit: UnitModel) -> int:
        return controller_options(unit, 1.0, 5).base_length

    weak = replace(EMPTY, decel_m_s2=0.3)
    as_set, measured = replace(DEFAULT_UNIT, empty=weak), Calibration(weak, LADEN, 3.0, 3.0)
    assert ahead(replace(DEFAULT_UNIT, calibration=measured)) == ahead(as_set) > ahead(DEFAULT_UNIT)
    strong = Calibration(EMPTY, LADEN, 3.0, 3.0)
    assert ahead(replace(as_set, calibration=strong)) == ahead(as_set)
    slow = replace(DEFAULT_UNIT, calibration=Calibration(EMPTY, LADEN, 9.0, 3.0))
    assert longest_step_s(slow, 1.0) == 9.0
    settling = replace(DEFAULT_UNIT, calibration=Calibration(EMPTY, LADEN, 3.0, 3.0, 2.0))
    assert longest_step_s(settling, 1.0) == pytest.approx(longest_step_s(DEFAULT_UNIT, 1.0) + 4.0)


def test_a_stop_that_takes_more_than_is_released_ahead() -> None:
    slides = Calibration(replace(EMPTY, speed_m_s=6.0, decel_m_s2=0.3), LADEN, 3.0, 3.0)
    unit = replace(DEFAULT_UNIT, calibration=slides)
    with pytest.raises(ScenarioError, match="needs 63 cells to stop and at most 16 are released"):
        check_unit(unit, load("teaching"), has_pods=True)
