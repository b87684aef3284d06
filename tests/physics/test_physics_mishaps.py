"""What befalls bodies is seen: contacts, slips, overload, tipping over. Each is injected here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from physics_hall import Hall, cell

from fleet_control.backend import Act, FaultCode
from twin.floor.world import MishapKind
from twin.unit_model import DEFAULT_UNIT, UnitModel

LIFT = Act.LIFT


def with_body(**figures: float) -> UnitModel:
    return replace(DEFAULT_UNIT, body=replace(DEFAULT_UNIT.body, **figures))


def kinds(fleet: Hall) -> set[MishapKind]:
    return {mishap.kind for mishap in fleet.twin.take_mishaps()}


def test_units_that_are_sent_into_each_other_touch() -> None:
    fleet = Hall([cell(1, 0), cell(1, 4)], [])
    fleet.release(0, *[cell(1, col) for col in range(1, 5)])
    fleet.advance(10.0)
    contacts = fleet.twin.take_contacts()
    assert {(contact.unit, contact.other) for contact in contacts} == {(0, 1)}
    assert contacts[0].cell in (cell(1, 2), cell(1, 3))


def test_a_laden_unit_that_is_sent_into_a_pod_touches_it() -> None:
    fleet = Hall([cell(1, 0)], [cell(1, 0), cell(1, 3)])
    fleet.release(0, (cell(1, 0), LIFT), *[cell(1, col) for col in range(1, 4)])
    fleet.advance(15.0)
    assert {contact.other for contact in fleet.twin.take_contacts()} == {-2}


def test_an_empty_unit_goes_below_pods_without_touching() -> None:
    fleet = Hall([cell(1, 0)], [cell(1, col) for col in range(1, 5)])
    fleet.release(0, *[cell(1, col) for col in range(1, 6)], cell(2, 5))
    fleet.settle()
    assert fleet.twin.n_contacts == 0


def test_what_falls_on_the_floor_stops_units_and_can_be_hit() -> None:
    fleet = Hall([cell(1, 0)], [])
    assert fleet.twin.place_obstacle(cell(1, 3))
    fleet.release(0, *[cell(1, col) for col in range(1, 5)])
    fleet.settle()
    assert fleet.faults == [FaultCode.PATH_BLOCKED]
    assert fleet.twin.n_contacts == 0
    fleet.twin.remove_obstacle(cell(1, 3))
    fleet.faults = [0]
    fleet.settle()
    assert fleet.done == [4]


def test_wheels_slip_on_a_wet_floor() -> None:
    fleet = Hall([cell(1, 0)], [], with_body(wheel_friction=0.05))
    fleet.release(0, *[cell(1, col) for col in range(1, 8)])
    fleet.advance(12.0)
    assert MishapKind.SLIPPED in kinds(fleet)


def test_a_lift_that_is_too_weak_fails() -> None:
    fleet = Hall([cell(1, 0)], [cell(1, 0)], with_body(lift_force_n=500.0))
    fleet.release(0, (cell(1, 0), LIFT))
    fleet.settle()
    fleet.advance(0.5)
    assert fleet.faults == [FaultCode.LIFT_FAILED]
    assert fleet.twin.pod_cells().tolist() == [cell(1, 0)]  # it stands again
    assert kinds(fleet) == {MishapKind.OVERLOADED}


def test_motors_that_are_too_weak_are_overloaded() -> None:
    fleet = Hall([cell(1, 0)], [cell(1, 0)], with_body(wheel_torque_nm=4.0))
    fleet.release(0, (cell(1, 0), LIFT), *[cell(1, col) for col in range(1, 8)])
    fleet.advance(12.0)
    assert MishapKind.OVERLOADED in kinds(fleet)


def test_a_tall_pod_tips_over_when_it_brakes_hard() -> None:
    hard = replace(DEFAULT_UNIT.laden, speed_m_s=2.0, accel_m_s2=2.0, decel_m_s2=8.0)
    model = with_body(pod_height_m=6.0, wheel_friction=2.0, wheel_torque_nm=2000.0)
    fleet = Hall([cell(1, 0)], [cell(1, 0)], replace(model, laden=hard))
    fleet.release(0, (cell(1, 0), LIFT), *[cell(1, col) for col in range(1, 8)])
    fleet.advance(20.0)
    assert MishapKind.TIPPED in kinds(fleet)
    assert fleet.faults == [FaultCode.BROKEN]


@pytest.mark.parametrize("seed", range(2))
def test_a_reboot_on_the_way_leaves_a_unit_that_goes_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fleet = Hall([cell(1, 0)], [])
    fleet.release(0, *[cell(1, col) for col in range(1, 9)])
    fleet.advance(float(rng.uniform(1.0, 5.0)))
    fleet.twin.forget(0)
    fleet.n_released[0] = int(fleet.twin.units["released"][0])
    fleet.settle()
    fleet.advance(1.0)
    unit = fleet.twin.units[0]
    assert unit["done"] == unit["released"] == unit["cleared"], f"seed {seed}"
