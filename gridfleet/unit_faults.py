"""What is wrong with the figures of a drive unit, whatever floor it is on.

What masses and motors allow is asked where the physics engine is to run; what was measured, where
the kinematic engine is to move units by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from twin.unit_model import MotionLimits, UnitModel

G_M_S2 = 9.81
PHYSICS = "physics"
HEAVY = 3.0
"""Standard deviations of the goods on a pod that units have to carry all the same; at most twice
the mean, as loads are drawn."""
FAR_OFF = 4.0
"""A unit that does so many times what it is set to, or so small a share of it, was not measured."""
MOST_NOISE = 0.5
_MAY_BE_0 = ("lift_s", "lower_s", "settle_s", "stock_kg", "stock_spread", "stock_shift_m")


def unit_faults(unit: UnitModel, engine: str) -> Iterator[str]:
    """What is wrong with sizes and limits, for units that the engine is to move."""
    is_sound = True
    for key, value in _figures("unit", unit):
        may_be_0 = key.rsplit(".", 1)[-1] in _MAY_BE_0 or key.startswith("unit.localisation.")
        if not math.isfinite(value) or value < 0 or (value == 0 and not may_be_0):
            is_sound = False
            yield f"{key} is {value}; give {'0 or more' if may_be_0 else 'more than 0'}"
    if not is_sound:
        return
    if engine == PHYSICS:
        yield from _shape_faults(unit)
        yield from _force_faults(unit)
        yield from _noise_faults(unit)
    else:
        yield from _calibration_faults(unit)


def _figures(key: str, value: object) -> Iterator[tuple[str, float]]:
    """(dotted key, figure) of everything in a dataclass and those within it."""
    for field in fields(value):  # type: ignore[arg-type]
        entry = getattr(value, field.name)
        if is_dataclass(entry):
            yield from _figures(f"{key}.{field.name}", entry)
        elif isinstance(entry, float | int) and not isinstance(entry, bool):
            yield f"{key}.{field.name}", entry


def _shape_faults(unit: UnitModel) -> Iterator[str]:
    body = unit.body
    if body.track_m >= unit.width_m:
        yield (
            f"unit.body.track_m is {body.track_m:g}: the wheels stand beyond a unit of "
            f"{unit.width_m:g} m; give less than unit.width_m"
        )
    if 2.0 * body.wheel_radius_m > body.chassis_height_m:
        yield (
            f"unit.body.wheel_radius_m is {body.wheel_radius_m:g}: the wheels are higher than a "
            f"chassis of {body.chassis_height_m:g} m; give at most {body.chassis_height_m / 2:g}"
        )
    if body.pod_clear_m <= body.chassis_height_m:
        yield (
            f"unit.body.pod_clear_m is {body.pod_clear_m:g}: a chassis of "
            f"{body.chassis_height_m:g} m does not pass below the pods; give more than "
            f"{body.chassis_height_m:g}"
        )
    if body.pod_height_m <= body.pod_clear_m:
        yield (
            f"unit.body.pod_height_m is {body.pod_height_m:g}, and the underside of a pod is at "
            f"{body.pod_clear_m:g} m; give more"
        )


def _force_faults(unit: UnitModel) -> Iterator[str]:
    """What motors, tyres and lift cannot do."""
    body = unit.body
    own_kg = body.chassis_kg + 2.0 * body.wheel_kg
    pod_kg = body.pod_kg + body.stock_kg * min(2.0, 1.0 + HEAVY * body.stock_spread)
    for load, limits, carried_kg in (("empty", unit.empty, 0.0), ("laden", unit.laden, pod_kg)):
        yield from _wheel_faults(unit, load, limits, own_kg, carried_kg)
    needed_n = pod_kg * G_M_S2
    if body.lift_force_n < needed_n:
        yield (
            f"unit.body.lift_force_n is {body.lift_force_n:g}: the heaviest pods of "
            f"{pod_kg:,.0f} kg need {needed_n:,.0f} N; give that or more, or lighter pods"
        )


def _wheel_faults(
    unit: UnitModel, load: str, limits: MotionLimits, own_kg: float, carried_kg: float
) -> Iterator[str]:
    body = unit.body
    # Each wheel is a disc that is spun up as well, which adds half of its mass.
    moved_kg = own_kg + carried_kg + body.wheel_kg
    hardest = max(limits.accel_m_s2, limits.decel_m_s2)
    needed_nm = moved_kg * hardest * body.wheel_radius_m / 2.0
    what = f"unit.body.wheel_torque_nm is {body.wheel_torque_nm:g}"
    if body.wheel_torque_nm < needed_nm:
        yield (
            f"{what}: a unit that is {load}, of {moved_kg:,.0f} kg, needs {needed_nm:.1f} Nm a "
            f"wheel for {hardest:g} m/s2; give that or more, or less acceleration"
        )
    spun = own_kg * (unit.length_m**2 + unit.width_m**2) / 12.0
    if unit.pod_turns:
        spun += carried_kg * unit.pod_side_m**2 / 6.0
    needed_nm = spun * limits.turn_accel_rad_s2 * body.wheel_radius_m / body.track_m
    if body.wheel_torque_nm < needed_nm:
        yield (
            f"{what}: a unit that is {load} needs {needed_nm:.1f} Nm a wheel to turn with "
            f"{limits.turn_accel_rad_s2:g} rad/s2; give that or more, or less unit.{load}."
            "turn_accel_rad_s2"
        )
    most = body.wheel_friction * G_M_S2
    if hardest > most:
        yield (
            f"unit.body.wheel_friction is {body.wheel_friction:g}: tyres that grip so little slip "
            f"beyond {most:.2f} m/s2, and unit.{load} has {hardest:g}; give "
            f"{hardest / G_M_S2:.2f} or more, or brake less"
        )


def _noise_faults(unit: UnitModel) -> Iterator[str]:
    noise = unit.localisation
    for key in ("odometry_spread", "wheel_error"):
        if getattr(noise, key) > MOST_NOISE:
            yield (
                f"unit.localisation.{key} is {getattr(noise, key):g}: it is a share of what a "
                f"wheel rolls; give at most {MOST_NOISE:g}"
            )
    if noise.marker_rad > MOST_NOISE:
        yield f"unit.localisation.marker_rad is {noise.marker_rad:g}; give at most {MOST_NOISE:g}"


def _calibration_faults(unit: UnitModel) -> Iterator[str]:
    """What cannot have been measured on units that are set so."""
    measured = unit.calibration
    if measured is None:
        return
    for load, found, given in (
        ("empty", measured.empty, unit.empty), ("laden", measured.laden, unit.laden),
    ):  # fmt: skip
        for key in ("speed_m_s", "accel_m_s2", "decel_m_s2", "turn_rate_rad_s"):
            yield from _far_off(f"{load}.{key}", getattr(found, key), getattr(given, key))
    for key in ("lift_s", "lower_s"):
        yield from _far_off(key, getattr(measured, key), getattr(unit, key))


def _far_off(key: str, found: float, given: float) -> Iterator[str]:
    if given and not given / FAR_OFF <= found <= given * FAR_OFF:
        yield (
            f"unit.calibration.{key} is {found:g}, and unit.{key} is {given:g}: units do not do "
            "that; calibrate again, with --unit for what they are set to"
        )
