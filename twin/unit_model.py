"""Motion limits and sizes of a drive unit and its pod, each with its source or named as assumed.

Sources. RAWSim-O: the defaults of that simulator's generated floors (Merschformann, Xie and Li,
Logistics Research 11:8, 2018; `LayoutConfiguration.cs`): 1.5 m/s, 1.0 m/s2 both ways, 2.5 s for a
full turn (0.625 s for a quarter), 2.2 s to pick a pod up or set it down, pods of 0.45 m radius,
units of 0.35 m radius. It does not tell laden from unladen. "Usual figures" are the ranges commonly
named for such units: 1.3 to 1.7 m/s, 0.6 to 1 s for a quarter turn, pods of about 1 m, units of
about 0.75 m by 0.6 m. Makers publish top speeds but hardly ever accelerations; what is marked as
assumed should be measured on one's own units before a result is believed to the last per cent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet_control.footprint import Footprint


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """Limits of a differential drive.

    A run over d metres takes v / (2 a) + v / (2 b) + d / v seconds where the top speed v is
    reached; a turn follows the same formula with angle, turn rate and turn acceleration.
    """

    speed_m_s: float
    accel_m_s2: float
    decel_m_s2: float
    turn_rate_rad_s: float
    turn_accel_rad_s2: float


EMPTY = MotionLimits(
    speed_m_s=1.5,  # RAWSim-O; usual figures 1.3 to 1.7
    accel_m_s2=1.0,  # RAWSim-O
    decel_m_s2=1.0,  # RAWSim-O
    turn_rate_rad_s=2.6,  # assumed: RAWSim-O's 0.625 s is a constant rate of 2.51
    turn_accel_rad_s2=12.0,  # assumed, so that a quarter turn takes 0.82 s: usual figures 0.6 to 1
)
LADEN = MotionLimits(
    speed_m_s=1.3,  # assumed: the lower end of the usual figures
    accel_m_s2=0.8,  # assumed: four fifths of the empty unit, for the sake of what the pod holds
    decel_m_s2=0.8,  # assumed, as the acceleration
    turn_rate_rad_s=2.2,  # assumed, with the next: a quarter turn takes 0.99 s, the upper end of
    turn_accel_rad_s2=8.0,  # the usual figures, since the plate turns the pod against the unit
)


@dataclass(frozen=True, slots=True)
class Body:
    """What the physics engine has to know beyond sizes; metres, kilograms, newtons, seconds.

    Sources: makers of such units publish 100 to 150 kg of own weight and 450 to 500 kg of load; a
    polyurethane wheel on sealed concrete has a friction of 0.6 to 0.9. All else is assumed.

    chassis_kg: without wheels. wheel_torque_nm: most that one motor gives. wheel_friction: between
    wheel and floor; casters slide freely. track_m: between the wheels. lift_m: how far pods are
    raised. lift_force_n: most that the lift gives. pod_kg: empty pod. stock_kg: mean mass of goods
    on a pod; stock_spread: its standard deviation as a share. stock_shift_m: standard deviation of
    the goods' centre of gravity from the pod's middle, each way. pod_height_m, pod_clear_m: of the
    top, and of the underside, above the floor.
    """

    chassis_kg: float = 120.0
    chassis_height_m: float = 0.32
    wheel_kg: float = 5.0
    wheel_radius_m: float = 0.09
    wheel_torque_nm: float = 45.0
    wheel_friction: float = 0.8
    track_m: float = 0.48
    lift_m: float = 0.05
    lift_force_n: float = 8000.0
    pod_kg: float = 80.0
    stock_kg: float = 220.0
    stock_spread: float = 0.3
    stock_shift_m: float = 0.04
    pod_height_m: float = 2.0
    pod_clear_m: float = 0.36


@dataclass(frozen=True, slots=True)
class Localisation:
    """How well units know where they are in the physics engine; all 0: exactly.

    odometry_spread: standard deviation of a wheel's travel, as a share of it, drawn each control
    tick. marker_m, marker_rad: standard deviation of a floor marker's reading, taken at each cell
    centre that is passed. wheel_error: standard deviation of the wheels' true radius, as a share,
    drawn for each unit once.
    """

    odometry_spread: float = 0.0
    wheel_error: float = 0.0
    marker_m: float = 0.0
    marker_rad: float = 0.0

    @property
    def is_exact(self) -> bool:
        return not (self.odometry_spread or self.wheel_error or self.marker_m or self.marker_rad)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How units really moved, in the terms of the kinematic engine: fitted from a log of legs.

    settle_s: how long a unit stands at the end of each run and turn before it has done it."""

    empty: MotionLimits
    laden: MotionLimits
    lift_s: float
    lower_s: float
    settle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class UnitModel:
    """Sizes in metres, times in seconds.

    The chassis has the usual figures; its diagonal of 0.96 m lets it turn within a cell of 1 m. The
    pod is RAWSim-O's 0.45 m radius as a square: 0.90 m leaves 5 cm to each border of a 1 m cell, so
    that a unit turns beneath its pod without touching a neighbouring cell. Lifting and lowering
    times are assumed on the careful side of RAWSim-O's 2.2 s. pod_turns: the plate does not turn
    against the unit, so that a carried pod turns with it, and its corners reach beyond the cell
    where the pod is wider than 0.7 of it (docs/decisions/0008).

    empty, laden, lift_s, lower_s: what the motion controller of a unit is set to. calibration: what
    comes of it, where that has been measured: the kinematic engine then moves units by it. body,
    localisation: for the physics engine.
    """

    empty: MotionLimits = EMPTY
    laden: MotionLimits = LADEN
    length_m: float = 0.75
    width_m: float = 0.60
    pod_side_m: float = 0.90
    lift_s: float = 3.0
    lower_s: float = 3.0
    pod_turns: bool = False
    body: Body = Body()
    localisation: Localisation = Localisation()
    calibration: Calibration | None = None

    def footprint(self, cell_m: float, *, has_pods: bool = True) -> Footprint:
        """The ground that the unit may touch on cells of that size."""
        pod_m = self.pod_side_m if has_pods else 0.0
        return Footprint(self.length_m, self.width_m, pod_m, self.pod_turns, cell_m)

    def as_measured(self) -> UnitModel:
        """The unit with limits and times of its calibration, where it has one, in place of those
        that its controller is set to."""
        measured = self.calibration
        if measured is None:
            return self
        return replace(
            self,
            empty=measured.empty,
            laden=measured.laden,
            lift_s=measured.lift_s,
            lower_s=measured.lower_s,
        )


DEFAULT_UNIT = UnitModel()
