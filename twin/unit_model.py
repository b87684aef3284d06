"""Motion limits and sizes of a drive unit and its pod, empty and laden, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """Limits of a differential drive.

    A quarter turn takes about 2 * sqrt((pi / 2) / turn_accel) s while the turn rate is not reached.
    """

    speed_m_s: float
    accel_m_s2: float
    decel_m_s2: float
    turn_rate_rad_s: float
    turn_accel_rad_s2: float


@dataclass(frozen=True, slots=True)
class UnitModel:
    """Sizes in metres, times in seconds.

    Sources: 1.3 m/s is the published top speed of the Kiva drive unit (Wurman et al. 2008, AI
    Magazine 29(1), section "drive units"), 1.5 m/s with 1 m/s2 and 0.625 s per quarter turn are
    within the range of RAWSim-O's defaults (Merschformann et al. 2018); lifting takes about 3 s
    there. Footprints follow the 0.75 m x 0.60 m unit and the pod of about 1 m of Wurman et al.; a
    pod of 0.9 m on 1 m cells can be turned under without touching a neighbouring cell.
    """

    empty: MotionLimits = field(default_factory=lambda: MotionLimits(1.5, 1.0, 1.0, 2.6, 12.0))
    laden: MotionLimits = field(default_factory=lambda: MotionLimits(1.3, 0.8, 0.8, 2.2, 8.0))
    length_m: float = 0.75
    width_m: float = 0.60
    pod_side_m: float = 0.90
    lift_s: float = 3.0
    lower_s: float = 3.0


DEFAULT_UNIT = UnitModel()
